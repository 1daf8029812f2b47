"""Sectors of activity (from the NAF rev. 2 code) and INSEE staff bands."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import polars as pl

from data.reference._files import rows

# NAF rev. 2: two to four digits, then a letter (or NAF 2025, same shape). A NAF 2003 code
# ("85.3K": three digits and a letter) has another meaning and is left out.
_NAF = r"^\d{2}(?:\d{2}[A-Z]?)?$"
_LONGEST = 5


@dataclass(frozen=True)
class Band:
    """An INSEE staff band: employees from `low` to `high` (None: no limit), and its middle."""

    code: str
    low: int
    high: int | None
    midpoint: int
    label: str


@cache
def sectors() -> dict[str, str]:
    """Return sector id -> French label, in the order to show them."""
    return {row["id"]: row["label"] for row in rows("sectors.csv")}


@cache
def _sector_prefixes() -> dict[int, dict[str, str]]:
    by_length: dict[int, dict[str, str]] = {length: {} for length in range(1, _LONGEST + 1)}
    for row in rows("naf_sectors.csv"):
        by_length[len(row["prefix"])][row["prefix"]] = row["sector"]
    return by_length


def sector_of(naf: pl.Expr) -> pl.Expr:
    """Return the sector id of NAF rev. 2 codes ("88.99B", "8899b", "88"), by longest prefix.

    Null where there is no code or where it is not of NAF rev. 2 ("85.3K" of 2003 is not).
    """
    code = (
        naf.cast(pl.String).str.strip_chars().str.to_uppercase().str.replace(".", "", literal=True)
    )
    code = pl.when(code.str.contains(_NAF)).then(code)
    return pl.coalesce(
        code.str.slice(0, length).replace_strict(table, default=None, return_dtype=pl.String)
        for length, table in sorted(_sector_prefixes().items(), reverse=True)
        if table
    )


@cache
def bands() -> dict[str, Band]:
    """Return INSEE staff band code -> `Band`, from the smallest to the largest."""
    return {
        row["code"]: Band(
            code=row["code"],
            low=int(row["low"]),
            high=int(row["high"]) if row["high"] else None,
            midpoint=int(row["midpoint"]),
            label=row["label"],
        )
        for row in rows("employee_bands.csv")
    }


def band_labels() -> dict[str, str]:
    """Return INSEE staff band code -> French label, from the smallest to the largest."""
    return {code: band.label for code, band in bands().items()}


def employees_of(band: str | None) -> int | None:
    """Return the middle of a staff band, in employees; None where the band is unknown.

    The open band 53 counts for its lower limit, 10,000.
    """
    found = bands().get(band) if band is not None else None
    return found.midpoint if found else None


def employees_of_bands(band: pl.Expr) -> pl.Expr:
    """Columnar `employees_of` (String to Int32)."""
    table = {code: found.midpoint for code, found in bands().items()}
    return band.replace_strict(table, default=None, return_dtype=pl.Int32)
