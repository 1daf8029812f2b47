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

    from data.sources.tabular import Table

_NAMES_FIRST = 1000
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d)")
#: digits of a damaged identifier, which is not a name for all that
_SHORTEST_NUMBER = 6
_BARE_YEAR = re.compile(r"(?:19|20)\d\d")

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
    # "ndeg": what the portals make of "N°" in the names of columns.
    folded = re.sub(r"^ndeg(?=[a-z])", "n", fold(name))
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


def recognise(header: Sequence[str], *, bare_years: bool = False) -> Columns:
    """Recognise the columns of a header; the best name wins, then the leftmost.

    `bare_years`: the list is known to be one of grants, a column named "2019" holds those of 2019.
    """
    best: dict[str, tuple[int, int]] = {}
    money: dict[str, list[tuple[int, int]]] = {}
    found_at = [meaning_of(name) for name in header]
    _place_generic_ids(found_at)
    if bare_years:
        found_at = [
            ("amount", _NAMES_FIRST * 2) if _BARE_YEAR.fullmatch(name.strip()) else found
            for name, found in zip(header, found_at, strict=True)
        ]
    for at, found in enumerate(found_at):
        if found is None:
            continue
        meaning, rank = found
        best[meaning] = min(best.get(meaning, (rank, at)), (rank, at))
        if meaning in AMOUNTS:
            money.setdefault(meaning, []).append((rank, at))
    places = {meaning: place for meaning, (_, place) in best.items() if meaning not in AMOUNTS}
    _settle(places)
    return Columns(places, _amounts(header, money))


def names_for_numbers(columns: Columns, table: Table) -> Columns:
    """Take for names what a column of identifiers holds, where it holds names and nothing else.

    "Identification du bénéficiaire" is the number in the official template, the name elsewhere.
    """
    place = columns.at.get("beneficiary_id")
    if place is None or "beneficiary_name" in columns.at:
        return columns
    cells = table.frame[f"c{place}"].drop_nulls()
    numbers = cells.str.replace_all(r"\D", "").str.len_bytes() >= _SHORTEST_NUMBER
    if cells.is_empty() or numbers.any() or not cells.str.contains(r"\p{L}{2}").all():
        return columns
    at = {name: at for name, at in columns.at.items() if name != "beneficiary_id"}
    return Columns({**at, "beneficiary_name": place}, columns.amounts)


def _place_generic_ids(found: list[tuple[str, int] | None]) -> None:
    """Give a bare "SIRET" to the funder where it stands right after the funder's name.

    Lists with two bare "SIRET", each after a name, would else take the funder's number for the
    beneficiary's.
    """
    meanings = [meaning[0] if meaning else "" for meaning in found]
    if not any(meaning in meanings for meaning in ("beneficiary_name", "beneficiary_id")):
        return
    for at in range(1, len(found)):
        if meanings[at] == "generic_id" and meanings[at - 1] == "funder_name":
            found[at] = ("funder_id", _NAMES_FIRST)


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
    if "year" not in at and "paid_year" in at:
        at["year"] = at["paid_year"]
    dated = {"period", "period_start", "period_end"} & at.keys()
    for end in ("start", "end"):
        project = at.pop(f"project_{end}", None)
        if project is not None and not dated:
            at[f"period_{end}"] = project


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


def header_score(cells: Sequence[str], *, bare_years: bool = False) -> int:
    """Return the number of columns recognised; 0 unless one holds money and one a beneficiary."""
    columns = recognise(cells, bare_years=bare_years)
    if not columns.amounts:
        return 0
    if not any(meaning in columns.at for meaning in _BENEFICIARY):
        return 0
    score = len(columns.at) + len(columns.amounts)
    named = [meaning_of(cells[columns.at[key]]) for key in _BENEFICIARY if key in columns.at]
    vague = all(meaning is not None and meaning[0] == "generic_name" for meaning in named)
    # "nom" among fifty other columns is the name of whatever that table is about.
    return 0 if vague and score < sum(map(bool, cells)) / 2 else score
