"""Which schemes of the catalogue a structure of the plan may have, for what is known of it."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from data.reference.schemes import Catalogue
from serving.cell.criteria import Result, in_territory, judge
from serving.cell.facts import Facts, facts_in
from serving.publication import Publication

_READ = ("level", "ess_family", "sector", "departement", "region", "employees_band", "employees")


def eligibility(
    publication: Publication, rows: pl.DataFrame, catalogue: Catalogue, names: Iterable[str]
) -> dict[str, frozenset[str]]:
    """Return, by SIREN, the schemes that no criterion excludes.

    The plan is the same for every reader: facts of reserved sources count as unknown, and so do the
    neighbours, which depend on the territory. What is unknown is left to be checked by the cell:
    it excludes nothing. A scheme that the catalogue does not have is open to all.

    Parameters
    ----------
    rows : polars.DataFrame
        The columns of `stakes.candidates`.
    names : iterable of str
        Ids of the schemes of the capacity file.
    """
    names = list(names)
    places = rows["row"]
    described = publication.frame.select(_READ)[places].to_dicts()
    profiles: Iterable[dict[str, object]] = [{}] * len(described)
    if publication.profiles is not None:
        profiles = publication.profiles[places].to_dicts()
    found = {}
    for siren, row, profile in zip(rows["siren"].to_list(), described, profiles, strict=True):
        facts = facts_in(row, profile, frozenset())
        found[siren] = frozenset(name for name in names if _open(catalogue, name, facts))
    return found


def _open(catalogue: Catalogue, name: str, facts: Facts) -> bool:
    scheme = catalogue.schemes.get(name)
    if scheme is None:
        return True
    judged = (in_territory(scheme.regions, facts), *(judge(c, facts) for c in scheme.criteria))
    return all(one.result is not Result.NOT_MET for one in judged)
