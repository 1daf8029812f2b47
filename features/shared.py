"""Figures that all structures share on one day: rates of programmes, peers, sectors, places.

They are sums over all structures, so that each shard of structures gives its part (`sums`) and the
parts add up (`share`): amounts in cents and counts, exact in any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import narwhals as nw
import polars as pl

from data.contracts import FAILURE_KINDS
from features import budgets
from features.asof import add_months, to_day
from features.engines.base import Frame
from features.frames import PEER_MIN_CENTS, PPM, Day, flag, lost, main_cell, standing

#: weight of the funder's own rate in a programme's rate, of the programme's in a purpose's
SHRINK = 20
RATE_MONTHS = 24
#: what is summed -> its keys; the other columns of its table are summed
_KEYS = {
    "programmes": ["funder_id", "programme"],
    "funders": ["funder_id"],
    "cells": ["cell"],
    "sector": ["sector"],
    "departement": ["departement"],
}

Sums = dict[str, pl.DataFrame]


@dataclass(frozen=True)
class Shared:
    """Small tables in memory.

    `programmes`: by funder and programme, what was voted, cancelled, given and lost, in parts per
    million. `cells`: by programme and purpose (`cell`), `peer_loss_ppm`. `sector`, `departement`:
    `<name>_ppm`, the failure rate.
    """

    programmes: pl.DataFrame
    cells: pl.DataFrame
    sector: pl.DataFrame
    departement: pl.DataFrame


def sums(day: Day) -> Sums:
    """Return the part of some structures in what all share."""
    collect = day.facts.engine.collect
    amounts = ("p0", "p1", "p2", "had1", "lost1", "had2", "lost2")
    failed = _failed(day)
    return {
        "programmes": collect(
            day.programmes.group_by("funder_id", "programme").agg(
                *[nw.col(c).sum().cast(nw.Int64).alias(c) for c in amounts]
            )
        ),
        "funders": collect(
            day.named(
                day.funders.group_by("funder").agg(
                    nw.col("s0").sum().cast(nw.Int64).alias("f0"),
                    nw.col("s1").sum().cast(nw.Int64).alias("f1"),
                )
            ).select("funder_id", "f0", "f1")
        ),
        "cells": collect(_peers(day)),
        "sector": collect(_counted(failed, "sector")),
        "departement": collect(_counted(failed, "departement")),
    }


def _peers(day: Day) -> Frame:
    """Return, by programme and purpose, the structures whose main line it was and those that lost.

    Their loss is judged on all their grants together, over the last two transitions known (slots 1
    to 0 and 2 to 1).
    """
    totals = day.funders.group_by("siren").agg(
        *[nw.col(f"s{k}").sum().cast(nw.Int64).alias(f"t{k}") for k in range(3)]
    )
    pieces = [
        main_cell(day.cells, f"q{before}", "cell")
        .join(totals, on="siren", how="inner")
        .filter(nw.col(f"t{before}") >= PEER_MIN_CENTS)
        .select(
            "cell",
            nw.lit(1).alias("size"),
            flag(lost(f"t{now}", f"t{before}")).alias("lost"),
        )
        for now, before in ((0, 1), (1, 2))
    ]
    return (
        nw.concat(pieces, how="vertical")
        .group_by("cell")
        .agg(*(nw.col(c).sum().cast(nw.Int64).alias(c) for c in ("size", "lost")))
    )


def _failed(day: Day) -> Frame:
    """Return the structures described, with `failed` 1 after a failure of the last 24 months."""
    start = to_day(add_months(day.as_of, -RATE_MONTHS))
    failures = (
        standing(day.facts.events, day.as_of)
        .filter(
            nw.col("kind").is_in(list(FAILURE_KINDS))
            & (nw.col("occurred_day") > start)
            & (nw.col("occurred_day") <= to_day(day.as_of))
        )
        .select("siren", nw.lit(1).alias("failed"))
        .unique()
    )
    return day.structures.join(failures, on="siren", how="left").with_columns(
        nw.lit(1).alias("size"), nw.col("failed").fill_null(0).alias("failed")
    )


def _counted(failed: Frame, by: str) -> Frame:
    return failed.group_by(by).agg(
        *(nw.col(c).sum().cast(nw.Int64).alias(c) for c in ("failed", "size"))
    )


def added(parts: Sequence[Sums]) -> Sums:
    """Return the parts of all structures added up."""
    return {
        name: pl.concat([part[name] for part in parts])
        .group_by(keys)
        .agg(pl.exclude(keys).sum())
        .sort(keys)
        for name, keys in _KEYS.items()
    }


def share(parts: Sequence[Sums], budget: pl.DataFrame, as_of: date) -> Shared:
    """Return what all structures share on one day.

    Parameters
    ----------
    parts : sequence of dict
        What `sums` gives for each shard.
    budget : polars.DataFrame
        The budgets of `features.facts.Facts` known by the day.
    as_of : datetime.date
        The day.
    """
    total = added(parts)
    return Shared(
        programmes=_programmes(total, budgets.voted(budget, as_of)),
        cells=_shrunk(total["cells"], "lost", "cell").rename({"ppm": "peer_loss_ppm"}),
        sector=_shrunk(total["sector"], "failed", "sector").rename({"ppm": "sector_ppm"}),
        departement=_shrunk(total["departement"], "failed", "departement").rename(
            {"ppm": "departement_ppm"}
        ),
    )


def _rate(hits: pl.Expr, size: pl.Expr, all_hits: pl.Expr, all_size: pl.Expr) -> pl.Expr:
    """Return (hits + SHRINK × all_hits / all_size) / (size + SHRINK), in parts per million.

    One division of integers, so that halves are exact and always rounded the same way.
    """
    top = hits * all_size + SHRINK * all_hits
    bottom = (size + SHRINK) * all_size
    return (top.cast(pl.Float64) * PPM / bottom.cast(pl.Float64) + 0.5).floor().cast(pl.Int64)


def _shrunk(counts: pl.DataFrame, hits: str, key: str) -> pl.DataFrame:
    """Return each group's rate, drawn to that of all rows, those without a group included."""
    rate = _rate(pl.col(hits), pl.col("size"), pl.col(hits).sum(), pl.col("size").sum())
    return counts.select(key, rate.alias("ppm")).filter(pl.col(key).is_not_null())


def _change_ppm(now: str, before: str) -> pl.Expr:
    value = (pl.col(now) - pl.col(before)).cast(pl.Float64) * PPM / pl.col(before)
    kept = pl.min_horizontal(value, 3.0 * PPM)
    return pl.when(pl.col(before) > 0).then((kept + 0.5).floor().cast(pl.Int64))


def _programmes(total: Sums, voted: pl.DataFrame) -> pl.DataFrame:
    lines = total["programmes"].with_columns(
        *(pl.col(c).sum().over("funder_id").alias(f"f_{c}") for c in _FLAGS)
    )
    known = pl.col("f_had1") > 0
    one = _rate(*(pl.col(c) for c in ("lost1", "had1", "f_lost1", "f_had1")))
    two = _rate(*(pl.col(f"{c}1") + pl.col(f"{c}2") for c in ("lost", "had", "f_lost", "f_had")))
    figures = ["voted_ppm", "cancelled_ppm"]
    whole = voted.filter(pl.col("programme") == "").select(
        "funder_id", *(pl.col(c).alias(f"whole_{c}") for c in figures)
    )
    return (
        lines.join(voted, on=["funder_id", "programme"], how="left", maintain_order="left")
        .join(whole, on="funder_id", how="left", maintain_order="left")
        .join(total["funders"], on="funder_id", how="left", maintain_order="left")
        .select(
            "funder_id",
            "programme",
            *(pl.coalesce(c, f"whole_{c}").alias(c) for c in figures),
            pl.when(known).then(_change_ppm("p0", "p1")).alias("programme_change_ppm"),
            pl.when(known).then(_change_ppm("p1", "p2")).alias("programme_change_before_ppm"),
            pl.when(known).then(one).alias("loss_ppm"),
            pl.when(known).then(two).alias("loss2_ppm"),
            _change_ppm("f0", "f1").alias("funder_change_ppm"),
        )
    )


_FLAGS = ("had1", "lost1", "had2", "lost2")
