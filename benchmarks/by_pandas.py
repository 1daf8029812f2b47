"""The core indicators in pandas, as pandas is written: narrow columns, merges, groups by keys.

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
    """What all days share; `siren` and `funder` are numbers. `since`: the day a row counts from."""

    lines: pd.DataFrame  # siren, funder, cell, level, granted, contracted, event, since
    cells: pd.DataFrame  # funder, paid, extract, span, since
    payments: pd.DataFrame  # siren, due, paid, cents, since
    cuts: Array  # the edges of all windows


def _sirens(siren: pd.Series) -> Array:
    """Return as numbers the SIREN of a categorical column."""
    return siren.cat.categories.astype("int64").to_numpy()[siren.cat.codes]


def _ranked(level: pd.Series) -> Array:
    """Return 1 for the State's lines, 0 and 2 for what comes before and after in the alphabet."""
    words = level.cat.categories
    return ((words >= "state").astype("int8") + (words > "state"))[level.cat.codes]


def _lines(grants: Path, cuts: Array) -> tuple[pd.DataFrame, pd.DataFrame]:
    read = pd.read_parquet(grants, columns=[*_WORDS, *_NUMBERS], read_dictionary=_WORDS)
    read = read[read["siren"].notna() & (read["known_day"] <= cuts[-1])]
    ends = np.minimum(_YEAR_ENDS[read["fiscal_year"] - _FIRST_YEAR], read["known_day"])
    event = read["decided_day"].fillna(ends).astype("int32")
    funder = read["funder_id"].cat.codes.to_numpy("int64")
    kind = 2 * (read["stage"] == "paid") + read["source"].isin(PARTIAL_SOURCES)
    lines = pd.DataFrame(
        {
            "siren": _sirens(read["siren"]),
            "funder": funder,
            "cell": (funder * 4 + kind) * len(cuts) + np.searchsorted(cuts, event),
            "level": _ranked(read["funder_level"]),
            "granted": read["amount_cents"].where(read["instrument"] == "grant", 0),
            "contracted": read["amount_cents"].where(read["instrument"] == "contract", 0),
            "event": event,
            "since": np.maximum(event, read["known_day"]),
        }
    )
    lines = lines[lines["since"] <= cuts[-1]]
    cells = lines.groupby("cell")["since"].min().reset_index()
    kind, cells["span"] = np.divmod(cells["cell"], len(cuts))
    cells["funder"], cells["paid"], cells["extract"] = kind // 4, kind // 2 % 2, kind % 2
    return lines, cells


def _payments(payments: Path, oldest: int, last: int) -> pd.DataFrame:
    words = ["siren", "funder_id"]
    read = pd.read_parquet(payments, columns=[*_STATE, "known_day"], read_dictionary=words)
    read = read[(read["due_day"] > oldest) & (read["due_day"] <= last)]
    read = read[read["known_day"] <= last].sort_values("known_day").drop_duplicates(_STATE)
    return pd.DataFrame(
        {
            "siren": _sirens(read["siren"]),
            "due": read["due_day"],
            "paid": read["paid_day"],
            "cents": read["amount_cents"],
            "since": np.maximum(read["known_day"], read["due_day"]),
        }
    )


def _prepare(grants: Path, payments: Path, days: Sequence[date]) -> Facts:
    cuts = np.unique([window_edges(day, months=12, count=WINDOWS) for day in days])
    lines, cells = _lines(grants, cuts)
    oldest = to_day(add_months(min(days), -36))
    return Facts(lines, cells, _payments(payments, oldest, int(cuts[-1])), cuts)


def _slots(facts: Facts, day: date) -> pd.DataFrame:
    """Return the slot of the cells that have one on a day, and how many their funder has."""
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
    slots = slots.assign(n_slots=slots.groupby("funder")["slot"].transform("size"))
    placed = known.merge(slots, on=["funder", "window"])
    return placed[["cell", "slot", "n_slots"]]


def _ratio(top: pd.Series, bottom: pd.Series) -> pd.Series:
    return top / bottom.where(bottom > 0)


def _funders(placed: pd.DataFrame) -> pd.DataFrame:
    """Return by structure and funder what it gave in each slot, and what that counts for."""
    key = ["siren", "funder"]
    given = placed.groupby([*key, "slot"])["granted"].sum().unstack(fill_value=0)
    given = given.reindex(columns=range(WINDOWS), fill_value=0).clip(lower=0)
    found = given.set_axis([f"s{k}" for k in range(WINDOWS)], axis=1)
    each = placed.groupby(key).agg(level=("level", "min"), n=("n_slots", "max"))
    latest = placed[placed["slot"] == 0].groupby(key)["contracted"].sum()
    s0, s1, n = found["s0"], found["s1"], each["n"]
    return found.assign(
        contract0=latest.clip(lower=0).reindex(found.index, fill_value=0),
        both0=s0.where(n >= 2, 0),
        both0_2=s0.where(n >= 3, 0),
        lost=s1.where((n >= 2) & (s0 * 2 < s1), 0),
        state0=s0.where(each["level"] == 1, 0),
        count=(s0 > 0).astype("int64"),
        gone=((n >= 2) & (s1 > 0) & (s0 == 0)).astype("int64"),
    )


def _funding(facts: Facts, day: date) -> pd.DataFrame:
    """Return the indicators of grants, by structure of the panel."""
    today = to_day(day)
    lines = facts.lines[facts.lines["since"] <= today]
    first_day = lines.groupby("siren")["event"].min()
    placed = lines.merge(_slots(facts, day), on="cell")
    newest = placed.groupby("siren")["slot"].min()
    members = newest.index[newest < 3]
    zero = placed[placed["slot"] == 0]
    given = placed[placed["granted"] > 0]
    lines0, lines1 = (given[given["slot"] == k].groupby("siren").size() for k in range(2))
    largest0 = zero.groupby("siren")["granted"].max()
    funders = _funders(placed)
    sums = funders.groupby("siren").sum()
    ppm = np.floor(funders["s0"] * 1e6 / funders.groupby("siren")["s0"].transform("sum") + 0.5)
    sums["largest"] = ppm.groupby("siren").max()
    sums["squares"] = (ppm * ppm).groupby("siren").sum()
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
    ).groupby("siren")
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
            rows.insert(0, "structure_id", rows.index.astype(str).str.zfill(9))
            rows.insert(1, "as_of", day)
            table = pa.Table.from_pandas(rows, schema=file.schema, preserve_index=False)
            file.write_table(table, ROW_GROUP)
