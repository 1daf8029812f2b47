"""Frames of one observation day: what the indicators' expressions are written on.

Every frame is computed from facts with ``known_day <= as_of`` only. Amounts are integer cents and
weights are parts per million, so that sums are exact in any order and on any engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import narwhals as nw

from features import coverage
from features.asof import to_day, window_edges
from features.engines.base import Frame
from features.facts import Facts
from features.indicator import total

SLOTS = coverage.WINDOWS
PPM = 1_000_000
#: a structure counts as a peer's loss only above this amount, as in the target `funding_loss`
PEER_MIN_CENTS = 1_000_000
#: weight of the funder's own rate in a programme's rate, of the programme's in a purpose's
SHRINK = 20


def _positive(column: str) -> nw.Expr:
    return nw.max_horizontal(nw.col(column), nw.lit(0)).alias(column)


def _slot_sums(amount: str, prefix: str, count: int) -> list[nw.Expr]:
    return [
        total(amount, nw.col("slot") == k).cast(nw.Int64).alias(f"{prefix}{k}")
        for k in range(count)
    ]


def rate(hits: str, size: str, prior: nw.Expr) -> nw.Expr:
    """Return (hits + SHRINK × prior) / (size + SHRINK), in parts per million, rounded."""
    value = (nw.col(hits).cast(nw.Float64) + prior * SHRINK) / (
        nw.col(size).cast(nw.Float64) + SHRINK
    )
    return (value * PPM + 0.5).floor().cast(nw.Int64)


@dataclass(frozen=True)
class Day:
    """Frames as known on one day."""

    as_of: date
    facts: Facts
    #: grant lines known, with `slot` (null outside the covered windows) and `grant_cents`
    lines: Frame
    #: structure × funder: s0…s5 (cents by slot), contract0, n_slots
    funders: Frame
    #: structure × funder × programme: p0, p1, p2 and the programme's own figures
    programmes: Frame
    #: structure: main programme and purpose of slot 0, and the loss rates of its peers
    peers: Frame
    structures: Frame
    #: structure: `ended` 1 after a failure, merger or cessation known by the day
    ended: Frame


def known(frame: Frame, as_of: date) -> Frame:
    """Return the facts known by `as_of`."""
    return frame.filter(nw.col("known_day") <= to_day(as_of))


def standing(events: Frame, as_of: date) -> Frame:
    """Return the events known by `as_of` that no notice had taken back by then."""
    held = nw.col("retracted_day").is_null() | (nw.col("retracted_day") > to_day(as_of))
    return known(events, as_of).filter(held)


def _window(column: str, edges: list[int]) -> nw.Expr:
    chain = nw.when(nw.col(column) > edges[1]).then(nw.lit(0))
    for k in range(1, len(edges) - 1):
        chain = chain.when(nw.col(column) > edges[k + 1]).then(nw.lit(k))
    return chain.otherwise(nw.lit(-1)).cast(nw.Int64).alias("window")


def _lines(facts: Facts, as_of: date) -> Frame:
    engine = facts.engine
    edges = window_edges(as_of, months=12, count=SLOTS)
    lines = known(facts.grants, as_of).filter(nw.col("event_day") <= to_day(as_of))
    lines = engine.keep(lines.with_columns(_window("event_day", edges)))
    covered = engine.collect(
        lines.filter(nw.col("window") >= 0)
        .select("funder_id", "window", "stage", "partial")
        .unique()
    )
    slots = engine.small(coverage.slots(covered))
    on = ["funder_id", "window", "stage", "partial"]
    joined = lines.join(slots, on=on, how="left").with_columns(
        nw.when(nw.col("instrument") == "grant")
        .then(nw.col("cents"))
        .otherwise(nw.lit(0))
        .alias("grant_cents"),
        nw.when(nw.col("instrument") == "contract")
        .then(nw.col("cents"))
        .otherwise(nw.lit(0))
        .alias("contract_cents"),
    )
    return engine.keep(joined)


def _funders(lines: Frame) -> Frame:
    return (
        lines.filter(~nw.col("slot").is_null())
        .group_by("siren", "funder_id")
        .agg(
            # lists may disagree on the level; split by it, a funder would look lost, and found
            nw.col("funder_level").min(),
            *_slot_sums("grant_cents", "s", SLOTS),
            total("contract_cents", nw.col("slot") == 0).cast(nw.Int64).alias("contract0"),
            nw.col("n_slots").max().alias("n_slots"),
        )
        .with_columns(*[_positive(f"s{k}") for k in range(SLOTS)], _positive("contract0"))
        .with_columns(
            nw.col("s0").sum().over("siren").cast(nw.Int64).alias("all0"),
            nw.col("s1").sum().over("siren").cast(nw.Int64).alias("all1"),
        )
        .with_columns(
            nw.when(nw.col("all0") > 0)
            .then(
                (nw.col("s0").cast(nw.Float64) * PPM / nw.col("all0").cast(nw.Float64) + 0.5)
                .floor()
                .cast(nw.Int64)
            )
            .alias("share0_ppm")
        )
    )


def _lost(now: str, before: str) -> nw.Expr:
    return (nw.col(before) > 0) & (nw.col(now) * 2 < nw.col(before))


def _flag(condition: nw.Expr) -> nw.Expr:
    return nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0))


def _programmes(cells: Frame) -> Frame:
    own = (
        cells.group_by("siren", "funder_id", "programme")
        .agg(*[nw.col(f"q{k}").sum().cast(nw.Int64).alias(f"p{k}") for k in range(3)])
        .with_columns(
            _flag(nw.col("p1") > 0).alias("had1"),
            _flag(_lost("p0", "p1")).alias("lost1"),
            _flag(nw.col("p2") > 0).alias("had2"),
            _flag(_lost("p1", "p2")).alias("lost2"),
        )
    )
    sums = [
        nw.col(c).sum().cast(nw.Int64).alias(f"t_{c}")
        for c in ("p0", "p1", "p2", "had1", "lost1", "had2", "lost2")
    ]
    by_funder = own.group_by("funder_id").agg(
        nw.col("had1").sum().cast(nw.Float64).alias("f_had1"),
        nw.col("lost1").sum().cast(nw.Float64).alias("f_lost1"),
        nw.col("had2").sum().cast(nw.Float64).alias("f_had2"),
        nw.col("lost2").sum().cast(nw.Float64).alias("f_lost2"),
    )
    rates = (
        own.group_by("funder_id", "programme")
        .agg(*sums)
        .join(by_funder, on="funder_id", how="left")
        .filter(nw.col("f_had1") > 0)
        .with_columns(
            (nw.col("t_lost1") + nw.col("t_lost2")).alias("t_lost12"),
            (nw.col("t_had1") + nw.col("t_had2")).alias("t_had12"),
        )
        .select(
            "funder_id",
            "programme",
            "t_p0",
            "t_p1",
            "t_p2",
            rate("t_lost1", "t_had1", nw.col("f_lost1") / nw.col("f_had1")).alias("loss_ppm"),
            rate(
                "t_lost12",
                "t_had12",
                (nw.col("f_lost1") + nw.col("f_lost2")) / (nw.col("f_had1") + nw.col("f_had2")),
            ).alias("loss2_ppm"),
        )
    )
    return own.join(rates, on=["funder_id", "programme"], how="left")


def _main_cell(cells: Frame, amount: str, suffix: str) -> Frame:
    """Return each structure's largest programme and purpose (ties: first in alphabetical order)."""
    top = cells.filter(nw.col(amount) > 0).filter(
        nw.col(amount) == nw.col(amount).max().over("siren")
    )
    return top.group_by("siren").agg(nw.col("cell").min().alias(f"cell{suffix}"))


def _peers(cells: Frame, funders: Frame) -> Frame:
    """Return, by structure, the share of the peers of its main line that lost over half.

    Peers share the programme and the purpose's words; their own loss is judged on all their
    grants together, over the last two transitions known (slots 1 to 0 and 2 to 1).
    """
    totals = funders.group_by("siren").agg(
        *[nw.col(f"s{k}").sum().cast(nw.Int64).alias(f"t{k}") for k in range(3)]
    )
    pieces = []
    for now, before in ((0, 1), (1, 2)):
        pieces.append(
            _main_cell(cells, f"q{before}", "")
            .join(totals, on="siren", how="inner")
            .filter(nw.col(f"t{before}") >= PEER_MIN_CENTS)
            .select(
                "cell",
                nw.lit(1).alias("size"),
                _flag(_lost(f"t{now}", f"t{before}")).alias("lost"),
            )
        )
    history = nw.concat(pieces, how="vertical").with_columns(nw.lit(1).alias("all"))
    overall = history.group_by("all").agg(
        nw.col("lost").sum().cast(nw.Float64).alias("a_lost"),
        nw.col("size").sum().cast(nw.Float64).alias("a_size"),
    )
    rates = (
        history.group_by("cell", "all")
        .agg(nw.col("lost").sum().alias("lost"), nw.col("size").sum().alias("size"))
        .join(overall, on="all", how="inner")
        .select(
            nw.col("cell").alias("cell0"),
            rate("lost", "size", nw.col("a_lost") / nw.col("a_size")).alias("peer_loss_ppm"),
            nw.col("size").cast(nw.Int64).alias("peer_size"),
        )
    )
    return _main_cell(cells, "q0", "0").join(rates, on="cell0", how="left")


def _structures(facts: Facts, as_of: date) -> Frame:
    """Return one row a structure: what each source said last, the latest of those that say it.

    A source that does not know a column never erases what another knows; its own last word, even
    to say nothing more, replaces its earlier ones.
    """
    now = known(facts.structures, as_of)
    day = nw.col("known_day")
    last = now.filter(day == day.max().over("siren", "source")).with_columns(
        nw.when(nw.col("esus"))
        .then(nw.lit(1))
        .when(~nw.col("esus"))
        .then(nw.lit(0))
        .cast(nw.Int64)
        .alias("esus"),
    )
    columns = set(last.collect_schema().names()) - {"siren", "source", "known_day"}
    said = last.with_columns(
        nw.when(~nw.col(c).is_null()).then(day).max().over("siren").alias(f"{c}_said")
        for c in sorted(columns)
    )
    return said.group_by("siren").agg(
        day.max().alias("known_day"),
        *(nw.when(day == nw.col(f"{c}_said")).then(nw.col(c)).max() for c in sorted(columns)),
    )


def _ended(facts: Facts, as_of: date) -> Frame:
    kinds = ["safeguard", "receivership", "liquidation", "dissolution", "cessation", "merger"]
    return (
        standing(facts.events, as_of)
        .filter(nw.col("kind").is_in(kinds))
        .select("siren", nw.lit(1).alias("ended"))
        .unique()
    )


def observe(facts: Facts, as_of: date) -> Day:
    """Return the frames of `as_of`, the shared ones computed once."""
    engine = facts.engine
    lines = _lines(facts, as_of)
    cells = engine.keep(
        lines.filter(~nw.col("slot").is_null() & (nw.col("slot") < 3))
        .group_by("siren", "funder_id", "programme", "purpose_key")
        .agg(*_slot_sums("grant_cents", "q", 3))
        .with_columns(*[_positive(f"q{k}") for k in range(3)])
        .with_columns(
            nw.concat_str(["programme", "purpose_key"], separator="|").alias("cell"),
        )
    )
    funders = engine.keep(_funders(lines))
    return Day(
        as_of=as_of,
        facts=facts,
        lines=lines,
        funders=funders,
        programmes=engine.keep(_programmes(cells)),
        peers=engine.keep(_peers(cells, funders)),
        structures=engine.keep(_structures(facts, as_of)),
        ended=engine.keep(_ended(facts, as_of)),
    )
