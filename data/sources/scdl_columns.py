"""What the columns of a list of grants mean, whatever they are called."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from data.sources.text import fold

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAMES_FIRST = 1000
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d)")

#: meanings that hold money -> stage of the grant, kind of support
AMOUNTS: dict[str, tuple[str, str]] = {
    "amount": ("awarded", "grant"),
    "amount_operating": ("awarded", "grant"),
    "amount_investment": ("awarded", "grant"),
    "amount_paid": ("paid", "grant"),
    "loan": ("awarded", "loan"),
    "in_kind": ("awarded", "in_kind"),
}
_BENEFICIARY = ("beneficiary_id", "beneficiary_siren", "beneficiary_rna", "beneficiary_name")


@dataclass(frozen=True)
class _Meaning:
    names: dict[str, int]
    patterns: tuple[re.Pattern[str], ...]
    never: re.Pattern[str] | None

    def rank(self, name: str) -> int | None:
        """Return how well a folded name fits (0 the best), None when it does not."""
        if name in self.names:
            return self.names[name]
        if self.never is not None and self.never.search(name):
            return None
        return next(
            (_NAMES_FIRST + at for at, found in enumerate(self.patterns) if found.search(name)),
            None,
        )


@dataclass(frozen=True)
class AmountColumn:
    """A column of money: its place, what it pays, and the exercise its name gives, if any."""

    at: int
    stage: str
    instrument: str
    year: int | None


@dataclass(frozen=True)
class Columns:
    """Places (from 0) of the recognised columns of a header, and its columns of money."""

    at: dict[str, int]
    amounts: tuple[AmountColumn, ...]


@cache
def _meanings() -> dict[str, _Meaning]:
    text = files("data.sources").joinpath("scdl_columns.toml").read_text("utf-8")
    return {
        meaning: _Meaning(
            names={name: rank for rank, name in enumerate(spec.get("names", []))},
            patterns=tuple(re.compile(pattern) for pattern in spec.get("patterns", [])),
            never=re.compile(spec["never"]) if "never" in spec else None,
        )
        for meaning, spec in tomllib.loads(text).items()
    }


@cache
def meaning_of(name: str) -> tuple[str, int] | None:
    """Return the meaning of a column name and how well it fits (0 the best), None if unknown."""
    folded = fold(name)
    if not folded:
        return None
    exact = next(
        ((key, spec.names[folded]) for key, spec in _meanings().items() if folded in spec.names),
        None,
    )
    if exact is not None:
        return exact
    return next(
        (
            (key, rank)
            for key, spec in _meanings().items()
            if (rank := spec.rank(folded)) is not None
        ),
        None,
    )


def recognise(header: Sequence[str]) -> Columns:
    """Recognise the columns of a header; the best name wins, then the leftmost."""
    best: dict[str, tuple[int, int]] = {}
    money: dict[str, list[tuple[int, int]]] = {}
    for at, name in enumerate(header):
        found = meaning_of(name)
        if found is None:
            continue
        meaning, rank = found
        best[meaning] = min(best.get(meaning, (rank, at)), (rank, at))
        if meaning in AMOUNTS:
            money.setdefault(meaning, []).append((rank, at))
    places = {meaning: place for meaning, (_, place) in best.items() if meaning not in AMOUNTS}
    _settle(places)
    return Columns(places, _amounts(header, money))


def _settle(at: dict[str, int]) -> None:
    """Give the names that may mean two things the meaning left free by the other columns."""
    for kind in ("name", "id"):
        attributaire = at.pop(f"attributaire_{kind}", None)
        # "Attributaire" is the beneficiary in French, the funder in some official templates.
        role = "funder" if f"beneficiary_{kind}" in at or f"generic_{kind}" in at else "beneficiary"
        if attributaire is not None:
            at.setdefault(f"{role}_{kind}", attributaire)
        generic = at.pop(f"generic_{kind}", None)
        if generic is not None:
            at.setdefault(f"beneficiary_{kind}", generic)
    if "date" not in at and "decision_date" in at:
        at["date"] = at.pop("decision_date")


def _amounts(
    header: Sequence[str], money: dict[str, list[tuple[int, int]]]
) -> tuple[AmountColumn, ...]:
    """Choose the columns of money.

    A total hides its parts (operating, investment). Several columns of one meaning are kept only
    where each names its own exercise ("Subvention 2017", "Subvention 2018").
    """
    if "amount" in money:
        money.pop("amount_operating", None)
        money.pop("amount_investment", None)
    chosen: list[AmountColumn] = []
    for meaning, columns in money.items():
        stage, instrument = AMOUNTS[meaning]
        years = {at: _year(header[at]) for _, at in columns}
        plain = [column for column in columns if years[column[1]] is None]
        if plain or len(set(years.values())) < len(columns):
            _, place = min(plain or columns)
            chosen.append(AmountColumn(place, stage, instrument, years[place]))
        else:
            chosen.extend(AmountColumn(at, stage, instrument, years[at]) for _, at in columns)
    return tuple(chosen)


def _year(name: str) -> int | None:
    years = _YEAR.findall(name)
    return int(years[0]) if len(years) == 1 else None


def header_score(cells: Sequence[str]) -> int:
    """Return the number of columns recognised; 0 unless one holds money and one a beneficiary."""
    columns = recognise(cells)
    if not columns.amounts:
        return 0
    if not any(meaning in columns.at for meaning in _BENEFICIARY):
        return 0
    return len(columns.at) + len(columns.amounts)
