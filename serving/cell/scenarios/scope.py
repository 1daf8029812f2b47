"""Whom a cut or a delay touches, and what each of them loses: from the facts of the lake."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data.lake import Lake
from features.asof import to_day
from features.live import Context
from serving.cell.scenarios.document import Cut, Delay, Scope

#: columns of grant lines that say whom they pay, when and how much
_LINES = (
    *("siren", "funder_id", "programme", "source", "stage"),
    *("fiscal_year", "decided_day", "known_day", "amount_cents"),
)
PROGRAMME = pl.col("programme").fill_null("?")


@dataclass(frozen=True)
class Hit:
    """A cut or a delay on those whom it touches.

    `touched`: `siren`, `share` (part of its lines in scope that each loses). `programmes`:
    `funder_id`, `programme`, `given_cents`. `share`: what is cut of the whole scope.
    """

    part: Cut | Delay
    share: float
    touched: pl.DataFrame
    programmes: pl.DataFrame


def lines_in(scope: Scope) -> pl.Expr:
    """Return which grant lines a scope is about; its beneficiaries' place is not looked at."""
    kept = pl.col("instrument") == "grant"
    if scope.funder is not None:
        kept &= pl.col("funder_id") == scope.funder
    if scope.programme is not None:
        kept &= pl.col("programme") == scope.programme
    if scope.level is not None:
        kept &= pl.col("funder_level") == scope.level
    return kept


def since(part: Cut | Delay) -> pl.Expr:
    """Return which dated lines the start of a cut lets in: all of them if it has none."""
    if part.starts_on is None:
        return pl.lit(value=True)
    return pl.col("event_day") >= to_day(part.starts_on)


def hit(lake: Lake, context: Context, published: pl.DataFrame, part: Cut | Delay) -> Hit:
    """Return whom a cut or a delay touches: those paid by its scope in the two latest slots.

    Parameters
    ----------
    published : polars.DataFrame
        `siren`, `region`, `sector` of all structures of the publication.
    """
    asked = {name: getattr(part, name) for name in ("region", "sector")}
    limits = [pl.col(name) == value for name, value in asked.items() if value is not None]
    members = published.filter(*limits).select("siren").lazy()
    day = to_day(context.as_of)
    lines = lake.scan("grants").filter(lines_in(part) & (pl.col("known_day") <= day))
    recent = (
        context.slotted(lines.select(_LINES).join(members, on="siren", how="semi"))
        .filter(pl.col("slot") <= 1)
        .with_columns(PROGRAMME, now=pl.col("slot") == 0)
        .with_columns(reached=pl.col("now") & since(part))
        .group_by("siren", "funder_id", "programme")
        .agg(
            pl.col("amount_cents").filter("reached").sum().alias("reached"),
            pl.col("amount_cents").filter("now").sum().alias("p0"),
            pl.col("amount_cents").filter(~pl.col("now")).sum().alias("p1"),
        )
        .filter(pl.max_horizontal("p0", "p1") > 0)
        .collect()
    )
    by_siren = recent.group_by("siren").agg(pl.col("reached").clip(0).sum()).sort("siren")
    given = recent.select(pl.col("p0").clip(0).sum()).item() or 0
    share = _share(part, given)
    shares = _spread(by_siren["reached"].to_numpy().astype(np.float64), share, part)
    programmes = recent.group_by("funder_id", "programme").agg(
        pl.max_horizontal(pl.col("p0").clip(0).sum(), pl.col("p1").clip(0).sum()).alias(
            "given_cents"
        )
    )
    touched = by_siren.select("siren", pl.Series("share", shares))
    return Hit(part, share, touched, programmes.sort("funder_id", "programme"))


def _share(part: Cut | Delay, given_cents: int) -> float:
    if isinstance(part, Delay):
        return 0.0
    if part.percent is not None:
        return part.percent / 100
    return min(1.0, (part.amount_eur or 0.0) * 100 / given_cents) if given_cents else 0.0


def _spread(given: NDArray[np.float64], share: float, part: Cut | Delay) -> NDArray[np.float64]:
    """Return the part of its own lines that each beneficiary loses, in [0, 1]."""
    if isinstance(part, Delay) or not share:
        return np.zeros(len(given))
    if part.spread == "proportional":
        return np.full(len(given), share)
    left = share * given.sum()
    order = np.argsort(given, kind="stable")
    if part.spread == "per_beneficiary":
        # The same sum for each, the smaller ones losing all they have.
        ordered = given[order]
        rest = len(ordered) - np.arange(len(ordered))
        reached = np.concatenate([[0.0], np.cumsum(ordered)[:-1]]) + ordered * rest
        full = int(np.searchsorted(reached, left, side="right"))
        each = (left - ordered[:full].sum()) / (len(ordered) - full) if full < len(given) else 0.0
        loss = np.where(np.arange(len(ordered)) < full, ordered, np.minimum(each, ordered))
    else:
        order = order[::-1] if part.spread == "largest_first" else order
        ordered = given[order]
        before = np.concatenate([[0.0], np.cumsum(ordered)[:-1]])
        loss = np.clip(left - before, 0.0, ordered)
    lost = np.empty(len(given))
    lost[order] = np.divide(loss, ordered, out=np.zeros(len(given)), where=ordered > 0)
    return np.clip(lost, 0.0, 1.0)
