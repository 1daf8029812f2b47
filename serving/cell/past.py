"""The public funding of a structure year by year, the last year first, in pages of whole years."""

from __future__ import annotations

import math
from itertools import groupby
from operator import itemgetter
from typing import Any

from serving.publication import Publication


def funding_years(
    publication: Publication, siren: str, *, years: int, before: int | None = None
) -> tuple[list[dict[str, Any]], int | None]:
    """Return the funding known at the observation date, and the `before` of the next page.

    Parameters
    ----------
    publication : Publication
        What is read.
    siren : str
        The structure.
    years : int
        How many years at most; a year comes whole.
    before : int, optional
        Only the years before this one.

    Returns
    -------
    list of dict, int or None
        `fiscal_year`, `total_eur`, `funders` (the largest amount first); None after the last year.
    """
    lines = publication.history(siren)
    by_year = {year: list(found) for year, found in groupby(lines, itemgetter("fiscal_year"))}
    asked = [year for year in sorted(by_year, reverse=True) if before is None or year < before]
    page = [
        {
            "fiscal_year": year,
            "total_eur": math.fsum(line["amount_eur"] for line in by_year[year]),
            "funders": sorted(by_year[year], key=lambda line: -line["amount_eur"]),
        }
        for year in asked[:years]
    ]
    return page, asked[years - 1] if len(asked) > years else None
