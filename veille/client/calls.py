"""The client: one method for each thing that the API gives."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, Unpack

from veille.client.answers import (
    Health,
    IndicatorList,
    ModelInfo,
    PublicationList,
    StructureList,
    StructureRow,
)
from veille.client.asked import By, Dialect, Filters, Format, Objective, Told
from veille.client.cell import Barometer, Priorities
from veille.client.errors import ClientError
from veille.client.files import Exported, saved
from veille.client.following import FollowingCalls
from veille.client.live import Scores
from veille.client.reading import API, given, understood
from veille.client.scenarios import ScenarioComparison, ScenarioResult
from veille.client.structures import StructureCalls
from veille.client.transport import Transport

_LONGEST_PAGE = 200
_BRIEFS = ("pdf", "html")
_FORMATS: dict[str, Format] = {".csv": "csv", ".xlsx": "xlsx", ".parquet": "parquet"}


class Client(StructureCalls, FollowingCalls):
    """A connection to Veille ESS, to use in a `with`; for one thread at a time.

    Parameters
    ----------
    base_url : str
        Address of the server, `https://veille.exemple.invalid`.
    key : str
        The API key, whole. It is shown in no message and no representation.
    timeout : float
        Seconds without any byte before a call is given up. An XLSX is prepared before its first
        byte: 100,000 structures take some ten seconds.
    retries : int
        How many times a call is made again when the connection fails, or on 429 and 503; the
        server's Retry-After is followed up to a minute.

    Raises
    ------
    ClientError
        `bad-server-address`, `bad-key-format`; from any method, `server-unreachable` and
        `unexpected-answer`.
    ApiError
        From any method: the server refuses.
    """

    def __init__(self, base_url: str, key: str, *, timeout: float = 60.0, retries: int = 2) -> None:
        super().__init__(Transport(base_url, key, timeout=timeout, retries=retries))

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        self.close()

    def __repr__(self) -> str:
        """Return the server and the prefix of the key, never its secret."""
        return f"Client({self._transport.url!r}, key={self._transport.key_prefix!r})"

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    def structures(
        self, *, limit: int | None = None, **filters: Unpack[Filters]
    ) -> Iterator[StructureRow]:
        """Yield the structures of the list, each once; at most `limit` of them in all.

        Raises
        ------
        ListReplacedError
            The list was published again meanwhile. Start again: what was read is of the former.
        """
        left = limit
        for page in self.pages(page_size=min(limit or _LONGEST_PAGE, _LONGEST_PAGE), **filters):
            items = page.items if left is None else page.items[:left]
            yield from items
            if left is not None:
                left -= len(items)
                if left <= 0:
                    return

    def pages(
        self, *, page_size: int = _LONGEST_PAGE, **filters: Unpack[Filters]
    ) -> Iterator[StructureList]:
        """Yield the pages of the list, with its total, its publication, whether it is fictitious.

        `page_size` is from 1 to 200. Raises as `structures`.
        """
        query: dict[str, object] = {**filters, "limit": page_size}
        while True:
            page = self._read(StructureList, "/structures", query)
            yield page
            if page.next_cursor is None:
                return
            query["cursor"] = page.next_cursor

    def publications(self, *, target: str | None = None) -> PublicationList:
        """Return the publications of a target, the latest first."""
        return self._read(PublicationList, "/publications", {"target": target})

    def model(self, *, target: str | None = None) -> ModelInfo:
        """Return the model behind the publication that is served."""
        return self._read(ModelInfo, "/models/current", {"target": target})

    def indicators(self) -> IndicatorList:
        """Return the catalogue of indicators."""
        return self._read(IndicatorList, "/indicators", {})

    def barometer(self, by: By = "region", *, target: str | None = None) -> Barometer:
        """Return the barometer: figures by group, None where they are hidden."""
        return self._read(Barometer, "/barometer", {"by": by, "target": target})

    def priorities(
        self,
        *,
        target: str | None = None,
        objective: Objective | None = None,
        limit: int = 50,
        after: int = 0,
    ) -> Priorities:
        """Return one page of the priorities; `after` is the `next_after` of the page before."""
        query = {"target": target, "objective": objective, "limit": limit, "after": after}
        return self._read(Priorities, "/priorities", query)

    def score(
        self,
        structures: Sequence[Told],
        *,
        target: str | None = None,
        horizons_months: Sequence[int] | None = None,
        reasons: bool = False,
        budgets: Sequence[Mapping[str, object]] = (),
        funder_delays: Sequence[Mapping[str, object]] = (),
    ) -> Scores:
        """Return the scores of 1 to 1,000 structures, from their histories or their indicators.

        Nothing changes on the server: the call is made again like a reading.
        """
        call = {
            "structures": structures,
            "target": target,
            "horizons_months": horizons_months,
            "reasons": reasons,
            "budgets": budgets,
            "funder_delays": funder_delays,
        }
        body = json.dumps(given(call), default=str).encode()
        answer = self._transport.post(f"{API}/scores", body)
        return understood(Scores, answer.content, f"{API}/scores")

    def run_scenario(self, scenario: Mapping[str, object]) -> ScenarioResult:
        """Return the result of a scenario on the key's territory; the same call, the same id."""
        body = json.dumps(scenario, default=str).encode()
        answer = self._transport.post(f"{API}/scenarios", body)
        return understood(ScenarioResult, answer.content, f"{API}/scenarios")

    def scenario(self, identifier: str) -> ScenarioResult:
        """Return the result of a scenario that was run before."""
        return self._read(ScenarioResult, f"/scenarios/{identifier}", {})

    def compare_scenarios(self, first: str, second: str) -> ScenarioComparison:
        """Return two results run on the same list and territory, and what the second adds."""
        return self._read(ScenarioComparison, f"/scenarios/{first}/compare/{second}", {})

    def export(
        self,
        path: str | Path,
        format: Format | None = None,  # noqa: A002 - the word of the API
        *,
        dialect: Dialect | None = None,
        **filters: Unpack[Filters],
    ) -> Exported:
        """Write the whole list to a file; it takes its name once it is whole.

        Parameters
        ----------
        path : str or Path
            The file; a former one is replaced. Only its owner can read it.
        format : str, optional
            `csv`, `xlsx` or `parquet`; by default what the name of the file says.
        dialect : str, optional
            Of a CSV: `excel` (the default of the server) or `standard`.
        filters
            As in `structures`.

        Raises
        ------
        ClientError
            `unknown-format`: neither `format` nor the name of the file says it.
        """
        target = Path(path)
        chosen = format or _FORMATS.get(target.suffix.lower())
        if chosen is None:
            raise _unknown_format(target.suffix, _FORMATS.values())
        query = given({**filters, "dialect": dialect})
        return saved(self._transport, f"{API}/exports/structures.{chosen}", query, target)

    def brief(
        self,
        path: str | Path,
        *,
        region: str | None = None,
        departement: str | None = None,
        sector: str | None = None,
        target: str | None = None,
    ) -> Exported:
        """Write the brief on a territory or a sector to a `.pdf` or `.html` file, as `export`.

        Without a région, a département nor a sector, it is about the whole territory of the key.
        """
        file = Path(path)
        kind = file.suffix.lower().removeprefix(".")
        if kind not in _BRIEFS:
            raise _unknown_format(kind, _BRIEFS)
        asked = {"region": region, "departement": departement, "sector": sector}
        query = given({**asked, "target": target, "format": kind})
        return saved(self._transport, f"{API}/briefs", query, file)

    def ready(self) -> Health:
        """Return whether lists can be served; `status` is `ready` or `not-ready`."""
        answer = self._transport.get("/health/ready", {}, also=frozenset({503}))
        return understood(Health, answer.content, "/health/ready")


def _unknown_format(found: str, known: Iterable[str]) -> ClientError:
    return ClientError(
        "Le format du fichier n'est pas dit.",
        code="unknown-format",
        where="format",
        received=found or "un nom sans extension",
        expected=" | ".join(known),
    )
