"""What has to be computed for some indicators of the catalogue, and no more."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

import narwhals as nw

from data.errors import VeilleError
from features import debts, dues, funding, funding_mix, payments
from features.catalogue import INDICATORS
from features.indicator import Indicator

_COLUMN = re.compile(r"\bcol\(([^()]+)\)")
_INGREDIENTS: dict[str, dict[str, nw.Expr]] = {}
for _module in (funding, funding_mix, payments, debts, dues):
    for _grain, _exprs in _module.INGREDIENTS.items():
        _INGREDIENTS.setdefault(_grain, {}).update(_exprs)
#: grains of one row a structure
_FLAT = {"structure", "panel"}
#: columns made otherwise than by an aggregate of a grain -> the grains that they need
_MADE = {
    "_main_programme": {"programme"},
    "_main_purpose": {"line"},
    "_peer_loss_ppm": {"peer"},
    "sector_ppm": {"place"},
    "departement_ppm": {"place"},
}
#: columns of the grant lines that other frames are made of
_LINE = {"siren", "funder", "level", "slot", "n_slots", "grant_cents", "contract_cents"}


@dataclass(frozen=True)
class Wanted:
    """Indicators to compute, in the order of the catalogue, and the columns that they read."""

    indicators: tuple[Indicator, ...]
    columns: frozenset[str]
    grains: frozenset[str]

    @property
    def whole(self) -> bool:
        """Return whether all of the catalogue is wanted."""
        return len(self.indicators) == len(INDICATORS)

    @property
    def shared(self) -> bool:
        """Return whether figures of all structures are needed."""
        return bool(self.grains & {"budget", "peer", "place"})

    @property
    def line_columns(self) -> frozenset[str]:
        """Return the columns of the grant lines that are read."""
        read = set().union(*(columns(expr) for expr in self.aggregates("line")))
        if self.shared or "programme" in self.grains:
            read |= {"programme", "purpose_key"}
        if "_main_purpose" in self.columns:
            read.add("purpose_kind")
        return frozenset(read | _LINE)

    def of(self, grain: str) -> tuple[Indicator, ...]:
        """Return the indicators whose expression is written on a grain."""
        return tuple(i for i in self.indicators if i.grain == grain)

    def aggregates(self, grain: str) -> list[nw.Expr]:
        """Return what to aggregate by structure on a grain: ingredients, then indicators."""
        return [
            *(e.alias(n) for n, e in _INGREDIENTS.get(grain, {}).items() if n in self.columns),
            *(i.expr.cast(nw.Float64).alias(i.name) for i in self.of(grain)),
        ]


def columns(expr: nw.Expr) -> set[str]:
    """Return the names of the columns that an expression reads."""
    return set(_COLUMN.findall(repr(expr)))


def wanted(names: Collection[str] | None = None) -> Wanted:
    """Return what the indicators of these names need, all of the catalogue if None.

    Raises
    ------
    VeilleError
        A name is not in the catalogue.
    """
    unknown = sorted(set(names or ()) - set(INDICATORS))
    if unknown:
        raise VeilleError(
            "Cet indicateur n'existe pas.",
            code="unknown-indicator",
            where="catalogue",
            received=", ".join(unknown),
            expected="un nom de docs/indicators.md",
        )
    chosen = tuple(i for i in INDICATORS.values() if names is None or i.name in names)
    read = frozenset().union(*(columns(i.expr) for i in chosen if i.grain == "panel"))
    grains: set[str] = {i.grain for i in chosen if i.grain not in _FLAT}
    grains |= {grain for grain, exprs in _INGREDIENTS.items() if read & set(exprs)}
    for name, needs in _MADE.items():
        if name in read:
            grains |= needs
    if grains & {"budget"}:
        grains.add("programme")
    return Wanted(chosen, read, frozenset(grains))
