"""One export: its rows in the order of the list, read in chunks, as its reader may see them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from serving.access.principal import Principal
from serving.access.pseudonym import HIDDEN, pseudonym
from serving.cursor import RankingError
from serving.exports.watermark import Watermark, mark
from serving.publication import Publication
from serving.ranking import Filters, Sort, check_horizon, whole_list

#: rows read, written and sent at a time
CHUNK = 2048
#: rows of a sheet, its header aside
SHEET_ROWS = 1_048_575

#: the keys of the list of the API, in its order, with their types
COLUMNS: dict[str, pl.DataType] = {
    "rank": pl.Int32(),
    "siren": pl.String(),
    "pseudonym": pl.String(),
    "name": pl.String(),
    "ess_family": pl.String(),
    "sector": pl.String(),
    "sector_label": pl.String(),
    "naf": pl.String(),
    "commune": pl.String(),
    "departement": pl.String(),
    "region": pl.String(),
    "employees_band": pl.String(),
    "employees": pl.Int32(),
    "level": pl.String(),
    "horizon_months": pl.Int32(),
    "p": pl.Float64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
    "coverage": pl.Float64(),
}
_AT_HORIZON = ("p", "low", "high")


@dataclass(frozen=True)
class Export:
    """A list about to be written: `positions` are rows of the publication, in the order asked."""

    publication: Publication
    positions: npt.NDArray[np.int32]
    nominative: bool
    secret: bytes
    mark: Watermark

    @property
    def identifier(self) -> str:
        """The column that identifies a structure for this reader: `siren` or `pseudonym`."""
        return "siren" if self.nominative else "pseudonym"

    def frames(self) -> Iterator[pl.DataFrame]:
        """Yield the rows, `CHUNK` at a time, with `COLUMNS`; what may not be shown is null."""
        for start in range(0, len(self.positions), CHUNK):
            yield self._frame(self.positions[start : start + CHUNK])

    def digest(self) -> str:
        """Return the sha256 of the identifiers in the order of the file, a line feed after each."""
        found = hashlib.sha256()
        sirens = self.publication.array("_siren")
        for start in range(0, len(self.positions), CHUNK):
            part = [f"{n:09d}" for n in sirens[self.positions[start : start + CHUNK]].tolist()]
            shown = part if self.nominative else [pseudonym(s, self.secret) for s in part]
            found.update("".join(f"{text}\n" for text in shown).encode())
        return found.hexdigest()

    def file_name(self, ending: str) -> str:
        """Return a file name that says nothing of who is listed nor of what was asked."""
        fictitious = "-donnees-fictives" if self.mark.synthetic else ""
        return f"veille-ess-{self.mark.target}-{self.mark.as_of}{fictitious}.{ending}"

    def _frame(self, positions: npt.NDArray[np.int32]) -> pl.DataFrame:
        horizon = self.mark.horizon_months
        rows = self.publication.frame.select(
            *(n for n in COLUMNS if n not in {"pseudonym", "horizon_months", *_AT_HORIZON}),
            **{name: pl.col(f"{name}_{horizon}m") for name in _AT_HORIZON},
        )[positions]
        pseudonyms: list[str | None] = [None] * rows.height
        if not self.nominative:
            pseudonyms = [pseudonym(siren, self.secret) for siren in rows["siren"]]
            rows = rows.with_columns(pl.lit(None).alias(name) for name in HIDDEN)
        return rows.select(
            *rows.columns,
            pl.lit(horizon).alias("horizon_months"),
            pl.Series("pseudonym", pseudonyms, dtype=pl.String),
        ).select(
            # The list of the API writes null for what is no number.
            pl.col(name).cast(kind).fill_nan(None) if kind.is_float() else pl.col(name).cast(kind)
            for name, kind in COLUMNS.items()
        )


def prepare(
    publication: Publication,
    principal: Principal,
    filters: Filters,
    *,
    sort: Sort,
    asked: Mapping[str, Any],
    secret: bytes,
) -> Export:
    """Return the export of a list; nothing is read yet but the order of its rows.

    Parameters
    ----------
    publication : Publication
        What is listed.
    principal : Principal
        Who asks: the territory limits the rows, the role says whether they are named.
    filters, sort
        As `serving.ranking.query` takes them.
    asked : mapping
        The parameters as they were given, for the mark.
    secret : bytes
        Key of the pseudonyms.

    Raises
    ------
    RankingError
        `unknown-horizon`.
    """
    positions = whole_list(publication, filters, sort=sort, territory=principal.territory)
    horizon = check_horizon(publication, filters.horizon_months)
    said = mark(publication, principal, asked=asked, horizon=horizon, rows=len(positions))
    return Export(publication, positions, principal.nominative, secret, said)


def check_sheet(rows: int) -> None:
    """Refuse what a sheet cannot hold: RankingError `too-many-rows`."""
    if rows > SHEET_ROWS:
        raise RankingError(
            "Cette liste ne tient pas dans une feuille de calcul.",
            code="too-many-rows",
            received=f"{rows} structures",
            expected=f"au plus {SHEET_ROWS} structures",
            todo="Ajoutez un filtre (région, niveau…), ou demandez le CSV ou le Parquet.",
        )
