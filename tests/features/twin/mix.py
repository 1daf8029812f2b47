"""Twin of the funding indicators: concentration, losses, shares by kind and purpose."""

from __future__ import annotations

import pandas as pd

from tests.features.twin.exact import MILLION, Row, euros, growth, ratio, weights
from tests.features.twin.money import Money

PURPOSES = ("operating", "project", "job_post")
_OF_FUNDERS = (
    *("funders_count", "largest_funder_share_ratio", "funders_hhi", "lost_funders_share_ratio"),
    *("lost_funders_count", "contract_share_ratio", "state_share_ratio", "state_change_1y_ratio"),
    *("local_eur", "local_change_1y_ratio"),
)
_OF_LINES = (
    *("grant_lines_count", "grant_lines_previous_count", "largest_line_share_ratio"),
    *("round_share_ratio", "multi_year_share_ratio"),
    *(f"{kind}_share_ratio" for kind in PURPOSES),
    "main_purpose",
)
_OF_PROGRAMMES = (
    *("programmes_count", "largest_programme_share_ratio", "lost_programmes_count"),
    "main_programme",
)
NAMES = (*_OF_FUNDERS, *_OF_LINES, *_OF_PROGRAMMES)
_ROUND_CENTS = 100_000


def mix(money: Money) -> Row:
    """Return the indicators of where a structure's money comes from, and what it is for."""
    return {**_funders(money), **_lines(money), **_programmes(money)}


def _funders(money: Money) -> Row:
    if not money.funders:
        return dict.fromkeys(_OF_FUNDERS)
    given = list(money.funders.values())
    now, before = money.total(0), money.total(1)
    cut = [f for f in given if f.slots[0] * 2 < f.slots[1]]
    gone = [f for f in given if f.slots[1] > 0 and f.slots[0] == 0]
    contracts = sum(f.contracts for f in given)
    shares = weights([f.slots[0] for f in given]) if now else []
    return {
        "funders_count": float(sum(f.slots[0] > 0 for f in given)),
        "largest_funder_share_ratio": ratio(max(shares), MILLION) if shares else None,
        "funders_hhi": ratio(sum(s * s for s in shares), MILLION**2) if shares else None,
        "lost_funders_share_ratio": ratio(sum(f.slots[1] for f in cut), before),
        "lost_funders_count": float(len(gone)),
        "contract_share_ratio": ratio(contracts, contracts + now),
        "state_share_ratio": ratio(money.total(0, level="state"), now),
        "state_change_1y_ratio": _growth_of(money, "state"),
        "local_eur": euros(money.total(0, level="other")),
        "local_change_1y_ratio": _growth_of(money, "other"),
    }


def _growth_of(money: Money, level: str) -> float | None:
    now, before = (money.total(k, at_least=2, level=level) for k in (0, 1))
    return growth(now, before)


def _lines(money: Money) -> Row:
    if money.lines.empty:
        return dict.fromkeys(_OF_LINES)
    latest, previous = money.slot(0), money.slot(1)
    total = money.total(0)
    # a recovery of the same kind is taken off the share, which may even be negative
    by_kind = {kind: ratio(_cents(latest[latest["kind"] == kind]), total) for kind in PURPOSES}
    return {
        "grant_lines_count": float((latest["grant"] > 0).sum()),
        "grant_lines_previous_count": float((previous["grant"] > 0).sum()),
        "largest_line_share_ratio": ratio(max(latest["grant"], default=None), total),
        "round_share_ratio": ratio(_cents(latest[latest["cents"] % _ROUND_CENTS == 0]), total),
        "multi_year_share_ratio": ratio(_cents(latest[latest["multi_year"].astype(bool)]), total),
        **{f"{kind}_share_ratio": share for kind, share in by_kind.items()},
        "main_purpose": _main_purpose(latest),
    }


def _cents(lines: pd.DataFrame) -> int:
    return sum(lines["grant"])


def _main_purpose(latest: pd.DataFrame) -> str | None:
    given = latest[latest["grant"] > 0]
    by_kind = {str(kind): _cents(lines) for kind, lines in given.groupby("kind")}
    best = max(by_kind.values(), default=0)
    return min((kind for kind, cents in by_kind.items() if cents == best), default=None)


def _programmes(money: Money) -> Row:
    if not money.programmes:
        return dict.fromkeys(_OF_PROGRAMMES)
    given = list(money.programmes.values())
    return {
        "programmes_count": float(sum(now > 0 for now, _, _ in given)),
        "largest_programme_share_ratio": ratio(max(now for now, _, _ in given), money.total(0)),
        "lost_programmes_count": float(sum(before > 0 == now for now, before, _ in given)),
        "main_programme": money.main_programme(),
    }
