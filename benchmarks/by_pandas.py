"""The core indicators in pandas: groups of integer codes, made once, summed for each day.

A line belongs to a *cell*: funder, stage, extract or list, and the span between two edges of
windows it falls in. The slots of a day come from the cells; the day then sums the lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.core import CORE, ROW_GROUP, writer
from data.coverage import PARTIAL_SOURCES
from features.asof import add_months, to_day, window_edges

Array = NDArray[Any]
WINDOWS, MAX_STEP, LATE_DAYS = 6, 2, 30
_FIRST_YEAR = 1900
_YEAR_ENDS = np.array([to_day(date(year, 12, 31)) for year in range(_FIRST_YEAR, 2100)])
_WORDS = ["siren", "funder_id", "funder_level", "stage", "source", "instrument"]
_NUMBERS = ["amount_cents", "fiscal_year", "decided_day", "known_day"]
_STATE = ["siren", "payment_id", "funder_id", "due_day", "paid_day", "amount_cents"]


@dataclass(frozen=True)
class Facts:
    """What all days share; structures and pairs (structure, funder) are numbers from 0.

    `since` is the day from which a row counts.
    """

    sirens: Array  # of each structure
    pairs: pd.DataFrame  # structure, funder
    lines: pd.DataFrame  # structure, pair, cell, level, granted, contracted, event, since
    cells: pd.DataFrame  # funder, paid, extract, span, since
    payments: pd.DataFrame  # structure, due, paid, cents, since
    cuts: Array  # the edges of all windows


def _sirens(siren: pd.Series) -> Array:
    """Return as numbers the SIREN of a categorical column."""
    return siren.cat.categories.astype("int64").to_numpy()[siren.cat.codes]


def _ranked(level: pd.Series) -> Array:
    """Return 1 for the State's lines, 0 and 2 for what comes before and after in the alphabet."""
    words = level.cat.categories
    return ((words >= "state").astype("int8") + (words > "state"))[level.cat.codes]


def _lines(grants: Path, cuts: Array) -> tuple[Array, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    read = pd.read_parquet(grants, columns=[*_WORDS, *_NUMBERS], read_dictionary=_WORDS)
    read = read[read["siren"].notna() & (read["known_day"] <= cuts[-1])]
    ends = np.minimum(_YEAR_ENDS[read["fiscal_year"] - _FIRST_YEAR], read["known_day"])
    event = read["decided_day"].fillna(ends).astype("int32")
    funder = read["funder_id"].cat.codes.to_numpy("int64")
    kind = 2 * (read["stage"] == "paid") + read["source"].isin(PARTIAL_SOURCES)
    lines = pd.DataFrame(
        {
            "key": _sirens(read["siren"]) << 32 | funder,
            "cell": (funder * 4 + kind) * len(cuts) + np.searchsorted(cuts, event),
            "level": _ranked(read["funder_level"]),
            "granted": read["amount_cents"].where(read["instrument"] == "grant", 0),
            "contracted": read["amount_cents"].where(read["instrument"] == "contract", 0),
            "event": event,
            "since": np.maximum(event, read["known_day"]),
        }
    )
    lines = lines[lines["since"] <= cuts[-1]].sort_values("key", ignore_index=True)
    lines["pair"], keys = pd.factorize(lines["key"])
    structure, sirens = pd.factorize(keys.to_numpy() >> 32)
    pairs = pd.DataFrame({"structure": structure, "funder": keys.to_numpy() & (2**32 - 1)})
    lines["structure"] = structure[lines["pair"]]
    cells = lines.groupby("cell")["since"].min().reset_index()
    kind, cells["span"] = np.divmod(cells["cell"], len(cuts))
    cells["funder"], cells["paid"], cells["extract"] = kind // 4, kind // 2 % 2, kind % 2
    return sirens, pairs, lines.drop(columns="key"), cells


def _payments(payments: Path, sirens: Array, oldest: int, last: int) -> pd.DataFrame:
    words = ["siren", "funder_id"]
    read = pd.read_parquet(payments, columns=[*_STATE, "known_day"], read_dictionary=words)
    read = read[(read["due_day"] > oldest) & (read["due_day"] <= last)]
    read = read[read["known_day"] <= last].sort_values("known_day").drop_duplicates(_STATE)
    found = pd.DataFrame(
        {
            "structure": pd.Index(sirens).get_indexer(pd.Index(_sirens(read["siren"]))),
            "due": read["due_day"],
            "paid": read["paid_day"],
            "cents": read["amount_cents"],
            "since": np.maximum(read["known_day"], read["due_day"]),
        }
    )
    return found[found["structure"] >= 0].sort_values("structure", ignore_index=True)


def _prepare(grants: Path, payments: Path, days: Sequence[date]) -> Facts:
    cuts = np.unique([window_edges(day, months=12, count=WINDOWS) for day in days])
    sirens, pairs, lines, cells = _lines(grants, cuts)
    oldest = to_day(add_months(min(days), -36))
    found = _payments(payments, sirens, oldest, int(cuts[-1]))
    return Facts(sirens, pairs, lines, cells, found, cuts)


def _slots(facts: Facts, day: date) -> tuple[Array, Array]:
    """Return the slot of each cell on a day (-1: none), and how many each funder has."""
    edges = window_edges(day, months=12, count=WINDOWS)[::-1]
    window = WINDOWS - np.searchsorted(edges, facts.cuts)
    known = facts.cells[facts.cells["since"] <= edges[-1]]
    known = known.assign(window=window[known["span"]])
    known = known[(known["window"] >= 0) & (known["window"] < WINDOWS)]
    known = known[known["extract"] == known.groupby("funder")["extract"].transform("min")]
    by_window = known.groupby(["funder", "window"])
    known = known[known["paid"] == by_window["paid"].transform("min")]
    slots = by_window.size().reset_index()
    step = slots.groupby("funder")["window"].diff().fillna(slots["window"])
    slots = slots[~(step > MAX_STEP).groupby(slots["funder"]).cummax()]
    slots = slots.assign(slot=slots.groupby("funder").cumcount())
    placed = known.merge(slots, on=["funder", "window"])
    slot_of = np.full(facts.cells["cell"].max() + 1, -1, "int8")
    slot_of[placed["cell"]] = placed["slot"]
    counts = slots.groupby("funder").size()
    return slot_of, counts.reindex(range(facts.pairs["funder"].max() + 1), fill_value=0).to_numpy()


def _ratio(top: pd.Series, bottom: pd.Series) -> pd.Series:
    return top / bottom.where(bottom > 0)


def _funders(facts: Facts, placed: pd.DataFrame, n_slots: Array) -> pd.DataFrame:
    """Return by pair what a funder gave in each slot, and what that counts for."""
    size = len(facts.pairs)
    given = np.bincount(
        placed["pair"] * WINDOWS + placed["slot"], placed["granted"], size * WINDOWS
    )
    given = given.reshape(size, WINDOWS).clip(min=0)
    found = pd.DataFrame(given, columns=[f"s{k}" for k in range(WINDOWS)])
    latest = placed[placed["slot"] == 0]
    s0, s1, n = found["s0"], found["s1"], n_slots[facts.pairs["funder"]]
    level = placed.groupby("pair")["level"].min().reindex(range(size))
    return found.assign(
        contract0=np.bincount(latest["pair"], latest["contracted"], size).clip(min=0),
        both0=s0.where(n >= 2, 0),
        both0_2=s0.where(n >= 3, 0),
        lost=s1.where((n >= 2) & (s0 * 2 < s1), 0),
        state0=s0.where(level == 1, 0),
        count=(s0 > 0).astype("int64"),
        gone=((n >= 2) & (s1 > 0) & (s0 == 0)).astype("int64"),
    )


def _funding(facts: Facts, day: date) -> pd.DataFrame:
    """Return the indicators of grants, by structure of the panel."""
    today = to_day(day)
    slot_of, n_slots = _slots(facts, day)
    lines = facts.lines[facts.lines["since"] <= today]
    lines = lines.assign(slot=slot_of[lines["cell"]])
    first_day = lines.groupby("structure")["event"].min()
    placed = lines[lines["slot"] >= 0]
    newest = placed.groupby("structure")["slot"].min()
    members = newest.index[newest < 3]
    zero = placed[placed["slot"] == 0]
    given = placed[placed["granted"] > 0]
    lines0, lines1 = (given[given["slot"] == k].groupby("structure").size() for k in range(2))
    largest0 = zero.groupby("structure")["granted"].max()
    funders, structure = _funders(facts, placed, n_slots), facts.pairs["structure"]
    sums = funders.groupby(structure).sum()
    ppm = np.floor(funders["s0"] * 1e6 / sums["s0"].to_numpy()[structure] + 0.5)
    sums["largest"] = ppm.groupby(structure).max()
    sums["squares"] = (ppm * ppm).groupby(structure).sum()
    t = sums.loc[members]
    s0, s1, s2, s3 = t["s0"], t["s1"], t["s2"], t["s3"]
    four, funded = t[["s0", "s1", "s2", "s3"]], s0 > 0
    return pd.DataFrame(
        {
            "grants_eur": s0 / 100,
            "grants_previous_eur": s1 / 100,
            "grants_two_before_eur": s2 / 100,
            "grants_change_1y_ratio": (_ratio(t["both0"], s1) - 1).clip(-1, 3),
            "grants_change_2y_ratio": (_ratio(t["both0_2"], s2) - 1).clip(-1, 3),
            "grants_vs_mean_ratio": _ratio(s0, (s1 + s2 + s3) / 3),
            "grants_floor_ratio": _ratio(t[["s0", "s1", "s2"]].min(axis=1), s0),
            "grants_peak_ratio": _ratio(s0, t[["s0", "s1", "s2", "s3", "s4"]].max(axis=1)),
            "grants_volatility_ratio": _ratio(
                four.max(axis=1) - four.min(axis=1), four.sum(axis=1)
            ),
            "grants_years_count": (t[[f"s{k}" for k in range(WINDOWS)]] > 0).sum(axis=1),
            "history_years": (today - first_day.reindex(members)) / 365.25,
            "funders_count": t["count"],
            "largest_funder_share_ratio": (t["largest"] / 1e6).where(funded),
            "funders_hhi": (t["squares"] / 1e12).where(funded),
            "lost_funders_share_ratio": _ratio(t["lost"], s1),
            "lost_funders_count": t["gone"],
            "contract_share_ratio": _ratio(t["contract0"], t["contract0"] + s0),
            "state_share_ratio": _ratio(t["state0"], s0),
            "local_eur": (s0 - t["state0"]) / 100,
            "grant_lines_count": lines0.reindex(members, fill_value=0),
            "grant_lines_previous_count": lines1.reindex(members, fill_value=0),
            "largest_line_share_ratio": _ratio(largest0.reindex(members), s0),
        }
    )


def _paying(facts: Facts, day: date) -> pd.DataFrame:
    """Return the indicators of payments, by structure that has some."""
    today, half, year, half3, years3 = (
        to_day(add_months(day, -months)) for months in (0, 6, 12, 18, 36)
    )
    states = facts.payments
    states = states[(states["since"] <= today) & (states["due"] > years3)]
    settled, delay = states["paid"].notna(), states["paid"] - states["due"]
    recent = delay.where(states["paid"] > year)
    late = (recent > LATE_DAYS).astype("float64").where(recent.notna())
    by = states.assign(
        n=1 - 2 * settled,
        owed=states["cents"].where(~settled, -states["cents"]),
        due=(~settled).astype("int64"),
        recent=recent,
        late=late,
        after=delay.where(states["paid"] > half),
        before=delay.where((states["paid"] <= half) & (states["paid"] > half3)),
    ).groupby("structure")
    sums = by[["n", "owed", "due"]].sum()
    means = by[["recent", "late", "after", "before"]].mean()
    return pd.DataFrame(
        {
            "payment_delay_days": means["recent"],
            "payment_delay_max_days": by["recent"].max(),
            "payment_late_share_ratio": means["late"],
            "payment_delay_drift_days": means["after"] - means["before"],
            "overdue_eur": (sums["owed"].clip(lower=0) / 100).where(sums["due"] > 0),
            "overdue_count": sums["n"].clip(lower=0).where(sums["due"] > 0),
        }
    )


def panel(grants: Path, payments: Path, days: Sequence[date], target: Path) -> None:
    """Write the core indicators of some days to one Parquet file."""
    facts = _prepare(grants, payments, days)
    with writer(target) as file:
        for day in sorted(days):
            rows = _funding(facts, day)
            rows = rows.join(_paying(facts, day))[list(CORE)].astype("float64")
            rows.insert(0, "structure_id", pd.Series(facts.sirens[rows.index], rows.index))
            rows["structure_id"] = rows["structure_id"].astype(str).str.zfill(9)
            rows.insert(1, "as_of", day)
            table = pa.Table.from_pandas(rows, schema=file.schema, preserve_index=False)
            file.write_table(table, ROW_GROUP)
