"""The calls on one structure, by its SIREN or its pseudonym, and the catalogue of schemes.

`reason` opens a structure outside the territory of a person; it is logged with the access.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from veille.client.answers import StructureDetail
from veille.client.orientation import (
    FundingYear,
    SchemeList,
    SimilarStructures,
    StructureHistory,
    StructureOrientation,
)
from veille.client.reading import Reading

_MOST_YEARS = 30


class StructureCalls(Reading):
    """What is asked of one structure."""

    def structure(
        self,
        siren: str,
        *,
        target: str | None = None,
        horizon: int | None = None,
        reason: str | None = None,
    ) -> StructureDetail:
        """Return all that is said about one structure, by its SIREN or its pseudonym."""
        query = {"target": target, "horizon": horizon, "reason": reason}
        return self._read(StructureDetail, _path(siren), query)

    def orientation(
        self, siren: str, *, target: str | None = None, reason: str | None = None
    ) -> StructureOrientation:
        """Return which schemes may help a structure, first to turn to first, and why."""
        query = {"target": target, "reason": reason}
        return self._read(StructureOrientation, f"{_path(siren)}/orientation", query)

    def history(
        self,
        siren: str,
        *,
        years: int = 10,
        before: int | None = None,
        target: str | None = None,
        reason: str | None = None,
    ) -> StructureHistory:
        """Return one page of the public funding, whole years, the last first, and the trend.

        `years` is from 1 to 30; `before` is the `next_before` of the page before.
        """
        query = {"years": years, "before": before, "target": target, "reason": reason}
        return self._read(StructureHistory, f"{_path(siren)}/history", query)

    def funding(
        self, siren: str, *, target: str | None = None, reason: str | None = None
    ) -> Iterator[FundingYear]:
        """Yield every year of public funding, the last first, page after page."""
        before: int | None = None
        while True:
            page = self.history(
                siren, years=_MOST_YEARS, before=before, target=target, reason=reason
            )
            yield from page.years
            if page.next_before is None:
                return
            before = page.next_before

    def similar(
        self, siren: str, *, limit: int = 10, target: str | None = None, reason: str | None = None
    ) -> SimilarStructures:
        """Return the structures most like one, in the territory of the key; `limit` 1 to 50."""
        query = {"limit": limit, "target": target, "reason": reason}
        return self._read(SimilarStructures, f"{_path(siren)}/similar", query)

    def schemes(self) -> SchemeList:
        """Return the catalogue of schemes."""
        return self._read(SchemeList, "/schemes", {})


def _path(siren: str) -> str:
    return f"/structures/{quote(siren, safe='')}"
