"""Twin of the budget indicators: what programmes and funders did, seen from each structure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from fractions import Fraction

import pandas as pd

from tests.features.twin.exact import MILLION, Row, fraction, nearest, weighted_mean, weights
from tests.features.twin.facts import records
from tests.features.twin.money import Money
from tests.features.twin.rates import rate

_FIGURES = (
    *("voted_change_ratio", "cancelled_share_ratio", "programme_change_ratio"),
    *("programme_change_before_ratio", "programme_loss_rate_ratio"),
    *("programme_loss_rate_2y_ratio", "funder_change_ratio"),
)
NAMES = (*_FIGURES, "peer_loss_rate_ratio")
#: under this amount, a structure says nothing of its peers
_PEER_CENTS = 1_000_000
_WHOLE = ""

Line = tuple[str, str]
#: figures of each funder and programme, parts per million
Figures = dict[Line, dict[str, int | None]]


def is_lost(now: int, before: int) -> bool:
    """Return whether over half of an amount is gone."""
    return now * 2 < before


def votes(rows: pd.DataFrame, as_of: date) -> dict[Line, tuple[int | None, int | None]]:
    """Return, by funder and programme, the change voted and the share cancelled, per million."""
    said: dict[Line, dict[int, tuple[date, int]]] = defaultdict(dict)
    cut: dict[tuple[Line, int], set[tuple[date, int]]] = defaultdict(set)
    for line in records(rows):
        key = (line["funder_id"], line["programme"] or _WHOLE)
        year, told = line["year"], (line["known_on"], line["amount"])
        if year > as_of.year + 1:
            continue
        if line["stage"] == "voted":  # an amended vote replaces the first
            said[key][year] = max(told, said[key].get(year, told))
        elif line["stage"] == "cancelled":  # the same one read twice is one
            cut[key, year].add(told)
    found = {}
    for key, by_year in said.items():
        year = max(by_year)
        voted = by_year[year][1]
        before = by_year[year - 1][1] if year - 1 in by_year else None
        found[key] = (
            _rounded(fraction(voted - before, before), -1, 3) if before is not None else None,
            _rounded(fraction(sum(cents for _, cents in cut[key, year]), voted), 0, 1),
        )
    return found


def _rounded(value: Fraction | None, low: int, high: int) -> int | None:
    if value is None:
        return None
    return round(min(max(value, Fraction(low)), Fraction(high)) * MILLION)


def figures(everyone: Iterable[Money], voted: dict[Line, tuple[int | None, int | None]]) -> Figures:
    """Return the figures of every funder and programme, over all structures."""
    given: dict[Line, list[list[int]]] = defaultdict(list)
    by_funder: dict[str, list[list[int]]] = defaultdict(list)
    for money in everyone:
        for line, slots in money.programmes.items():
            given[line].append(slots)
        for funder, got in money.funders.items():
            by_funder[funder].append(got.slots)
    found: Figures = {}
    for (funder, programme), cents in given.items():
        last, both = _losses(cents, 1), _losses(cents, 2)
        of_funder = [many for (other, _), many in given.items() if other == funder]
        all_cents = [one for many in of_funder for one in many]
        all_last, all_both = _losses(all_cents, 1), _losses(all_cents, 2)
        # a funder that gave nothing in the slot before says nothing of what its lines become
        followed = all_last[1] > 0
        of_line = voted.get((funder, programme), (None, None))
        of_whole = voted.get((funder, _WHOLE), (None, None))
        now, before, older = (sum(c[k] for c in cents) for k in range(3))
        all_now, all_before = (sum(s[k] for s in by_funder[funder]) for k in range(2))
        values = (
            of_line[0] if of_line[0] is not None else of_whole[0],
            of_line[1] if of_line[1] is not None else of_whole[1],
            _changed(now, before) if followed else None,
            _changed(before, older) if followed else None,
            rate(*last, *all_last) if followed else None,
            rate(*both, *all_both) if followed else None,
            _changed(all_now, all_before),
        )
        found[funder, programme] = dict(zip(_FIGURES, values, strict=True))
    return found


def _losses(cents: list[list[int]], transitions: int) -> tuple[int, int]:
    """Return how many lost over half, and how many could, over the latest transitions."""
    pairs = [(c[k], c[k + 1]) for c in cents for k in range(transitions) if c[k + 1] > 0]
    return sum(is_lost(now, before) for now, before in pairs), len(pairs)


def _changed(now: int, before: int) -> int | None:
    share = fraction(now - before, before)
    return None if share is None else nearest(min(share, Fraction(3)) * MILLION)


def peers(everyone: Iterable[Money]) -> dict[str, int]:
    """Return, by main programme and purpose, the rate of structures that lost over half."""
    outcomes: dict[str, list[bool]] = defaultdict(list)
    for money in everyone:
        for slot in (1, 2):
            now, before = money.total(slot - 1), money.total(slot)
            cell = money.main_cell(slot)
            if cell is not None and before >= _PEER_CENTS:
                outcomes[cell].append(is_lost(now, before))
    together = [lost for some in outcomes.values() for lost in some]
    return {
        cell: rate(sum(some), len(some), sum(together), len(together))
        for cell, some in outcomes.items()
    }


def budgets(money: Money, known: Figures, peer_rates: dict[str, int]) -> Row:
    """Return the indicators of one structure, weighted by what it got of each programme.

    What it got in the slot before counts if it was more: a line just lost still exposes.
    """
    exposed = {line: max(c[:2]) for line, c in money.programmes.items() if max(c[:2]) > 0}
    shares = weights(list(exposed.values())) if exposed else []
    values: Row = {
        name: weighted_mean(
            [(w, known[line][name]) for w, line in zip(shares, exposed, strict=True)], MILLION
        )
        for name in _FIGURES
    }
    cell = money.main_cell(0)
    peer = peer_rates.get(cell) if cell is not None else None
    values["peer_loss_rate_ratio"] = None if peer is None else peer / MILLION
    return values
