"""Columns of the State's credits, whose names change with each finance bill."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from data.sources.spellings import places
from data.sources.text import fold

COLUMNS: dict[str, tuple[str, ...]] = {
    # where there is a code beside it, "Programme" is the label
    "programme": ("Code Programme", "Numéro programme", "programme"),
    "year": ("exercice", "ANNEE", "Année LFI", "Année PLF"),
    "law": ("loi",),
    "action": ("Code Action", "action"),
    "context": (
        *("typebudget", "type_mission", "Type de Budget (Hors Budgets annexes)", "type_de_budget"),
        *("Code Mission", "libelle_mission", "mission"),
    ),
}
#: law -> ways to say its payment credits, the best first; several columns are added up
_VOTES: dict[str, tuple[tuple[str, ...], ...]] = {
    "plf": (
        ("cpplf",),
        ("cpplfnp1",),
        ("cpt2plf", "cpht2plf"),
        ("cpt2plf", "cphorst2plf"),
    ),
    # in 2023 the columns of totals hold the number of columns added up, not their sum
    "lfi": (
        ("cplfi",),
        ("cpt2ht2lfi",),
        ("cplf",),
        ("cpt2plf", "cphorst2plf", "cpt2amendements", "cphorst2amendements"),
    ),
    "": (("creditdepaiement",), ("creditsdepaiement",), ("cp",)),
}
_COMMITMENTS = {
    "creditdepaiement": "autorisationengagement",
    "creditsdepaiement": "autorisationsengagement",
}
_STEM = re.compile(r"(.+?)(20\d{2})?")


@dataclass(frozen=True)
class Vote:
    """Columns of one vote: `law` is "plf", "lfi", or "" where the columns do not say."""

    law: str
    payments: tuple[int, ...]
    commitments: tuple[int, ...]


@dataclass(frozen=True)
class Layout:
    """Places of the columns of a table of credits, and the year that their names say."""

    at: dict[str, int]
    votes: tuple[Vote, ...]
    year: int | None


def layout_of(header: Sequence[str], year: int | None = None) -> Layout | None:
    """Return the layout of a header, None where it is not one of the State's credits.

    Parameters
    ----------
    header : sequence of str
        Names of the columns.
    year : int, optional
        Budget year, where it is known: a column of another year ("CP LFI 2015" in the file of
        2016) is left aside.
    """
    at = places(header, COLUMNS)
    columns = _columns(header, year)
    votes: list[Vote] = []
    years: set[int] = set()
    for law, ways in _VOTES.items():
        way = next((way for way in ways if set(way) <= columns.keys()), None)
        if way is None or (way == ("cp",) and "ae" not in columns):
            continue
        beside = [_COMMITMENTS.get(stem, "ae" + stem[2:]) for stem in way]
        payments, commitments = (
            tuple(columns[stem][0] for stem in stems if stem in columns) for stems in (way, beside)
        )
        votes.append(Vote(law, payments, commitments))
        years |= {said for stem in way if (said := columns[stem][1]) is not None}
    if not votes or not {"programme", "context"} <= at.keys():
        return None
    told = tuple(vote for vote in votes if vote.law)
    return Layout(at, told or tuple(votes), years.pop() if len(years) == 1 else None)


def _columns(header: Sequence[str], year: int | None) -> dict[str, tuple[int, int | None]]:
    """Return folded name without its year -> place and year said, for the columns of `year`.

    A name without year goes before the others; without `year`, a year must be the only one.
    """
    found: dict[str, dict[int | None, int]] = {}
    for place, name in enumerate(header):
        stem = _STEM.fullmatch(fold(name))
        if stem is not None:
            said = int(stem[2]) if stem[2] else None
            found.setdefault(stem[1], {}).setdefault(said, place)
    chosen = {
        stem: None if None in spelled else next(iter(spelled)) if year is None else year
        for stem, spelled in found.items()
        if None in spelled or year in spelled or (year is None and len(spelled) == 1)
    }
    return {stem: (found[stem][said], said) for stem, said in chosen.items()}


def score(header: Sequence[str]) -> int:
    """Return how many columns of the credits a header has, 0 where it is not one."""
    layout = layout_of(header)
    return len(layout.at) + len(layout.votes) if layout else 0
