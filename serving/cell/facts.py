"""What is known of one structure by the publication's day, for the criteria of the schemes.

None is "not known". A fact of a reserved source that the reader has no right to is None as well,
and named in `withheld`: nothing that follows can tell what it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from data.reference.sectors import bands
from data.reference.territories import region_of
from serving.access.sources import open_reasons, source_of
from serving.publication import Publication

#: the staff band of who is not known to employ anyone: SIRENE does not tell "nobody" from "no word"
NO_WORD = "NN"
#: "no employee on 31 December, some during the year"
EMPLOYED_IN_THE_YEAR = "00"


@dataclass(frozen=True)
class Facts:
    """Facts of one structure; amounts in euros, shares and changes as ratios.

    `overdue_eur` is money due and not paid by public funders; `proceedings` is "none" where notices
    are read and none is current; `employees` is the range (low, high) of its staff band, high None
    without a limit; `neighbours` is how many candidates there are, None where they cannot be seen;
    `contributions` are the reasons that raise the risk, by indicator, in log-odds.
    """

    level: str = "unknown"
    ess_family: str | None = None
    legal_category: str | None = None
    sector: str | None = None
    departement: str | None = None
    region: str | None = None
    employer: bool | None = None
    employees: tuple[int, int | None] | None = None
    budget_eur: float | None = None
    esus: bool | None = None
    siae: bool | None = None
    aci: bool | None = None
    proceedings: str | None = None
    overdue_eur: float | None = None
    payment_late_share_ratio: float | None = None
    grants_change_1y_ratio: float | None = None
    lost_funders_count: float | None = None
    debt_outstanding_eur: float | None = None
    #: up to date with filings and the employee share: no source tells it yet
    filings_current: bool | None = None
    neighbours: int | None = None
    contributions: Mapping[str, float] | None = None
    withheld: frozenset[str] = frozenset()


#: read from the profile of the structure as they are
_PROFILE = (
    *("legal_category", "budget_eur", "esus", "siae", "aci", "proceedings", "overdue_eur"),
    *("payment_late_share_ratio", "grants_change_1y_ratio", "lost_funders_count"),
    "debt_outstanding_eur",
)


def facts_of(
    publication: Publication, position: int, sources: Iterable[str], neighbours: int | None
) -> Facts:
    """Return the facts of one row of the publication that a reader with these rights may use.

    A publication written without profiles leaves what they hold unknown.
    """
    sources = frozenset(sources)
    row = publication.row(position)
    reasons = open_reasons(publication.reasons(row["siren"]), sources)
    found = facts_in(row, publication.profile(position), sources)
    raising = {r["indicator"]: r["contribution"] for r in reasons if r["contribution"] > 0}
    return replace(found, neighbours=neighbours, contributions=raising)


def facts_in(row: Mapping[str, Any], profile: Mapping[str, Any], sources: frozenset[str]) -> Facts:
    """Return the facts that a row of the list and its profile hold, without reasons nor neighbours.

    A fact of a source out of `sources` is withheld.
    """
    held = {name: source_of(name, None) for name in _PROFILE}
    withheld = {name for name, source in held.items() if source and source not in sources}
    told = {name: profile.get(name) for name in _PROFILE if name not in withheld}
    band, departement = row["employees_band"], row["departement"]
    return Facts(
        level=row["level"],
        ess_family=row["ess_family"],
        sector=row["sector"],
        departement=departement,
        region=row["region"] or (region_of(departement) if departement else None),
        employer=_employer(band, row["employees"]),
        employees=_staff(band, row["employees"]),
        withheld=frozenset(withheld),
        **told,
    )


def _employer(band: str | None, employees: int | None) -> bool | None:
    if band == EMPLOYED_IN_THE_YEAR:
        return True
    staff = _staff(band, employees)
    return None if staff is None else staff[0] >= 1


def _staff(band: str | None, employees: int | None) -> tuple[int, int | None] | None:
    if band == NO_WORD:
        return None
    if band in bands():
        return bands()[str(band)].low, bands()[str(band)].high
    return None if employees is None else (employees, employees)
