"""The client: one method for each thing that the API gives."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypedDict, TypeVar, Unpack
from urllib.parse import quote

from pydantic import BaseModel, ValidationError

from veille.client.answers import (
    Health,
    IndicatorList,
    ModelInfo,
    PublicationList,
    StructureDetail,
    StructureList,
    StructureRow,
)
from veille.client.errors import ClientError
from veille.client.live import Scores
from veille.client.scenarios import ScenarioResult
from veille.client.transport import Query, Transport

Level = Literal["high", "moderate", "low", "unknown"]
Sort = Literal["-p", "p", "rank", "-rank", "-employees", "employees", "name", "-name"]
Format = Literal["csv", "xlsx", "parquet"]
Dialect = Literal["excel", "standard"]
Answer = TypeVar("Answer", bound=BaseModel)

_API = "/api/v1"
_LONGEST_PAGE = 200
_FORMATS: dict[str, Format] = {".csv": "csv", ".xlsx": "xlsx", ".parquet": "parquet"}


class Filters(TypedDict, total=False):
    """The filters and the sort of a list, as in docs/api.md; several values are alternatives."""

    target: str
    horizon: int
    level: Level | Sequence[Level]
    region: str | Sequence[str]
    departement: str | Sequence[str]
    sector: str | Sequence[str]
    ess_family: str | Sequence[str]
    min_employees: int
    q: str
    sort: Sort


class Told(TypedDict, total=False):
    """A structure to score: `histories` (rows by table) or `indicators` (values by name).

    Days may be dates, amounts decimals; `id` is given back as it is.
    """

    id: str
    histories: Mapping[str, Sequence[Mapping[str, object]]]
    indicators: Mapping[str, str | float | bool | None]


@dataclass(frozen=True)
class Exported:
    """A file exported: where it is, of which publication, how many bytes."""

    path: Path
    publication: str
    size_bytes: int


class Client:
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
        self._transport = Transport(base_url, key, timeout=timeout, retries=retries)

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
        return self._read(StructureDetail, f"/structures/{quote(siren, safe='')}", query)

    def publications(self, *, target: str | None = None) -> PublicationList:
        """Return the publications of a target, the latest first."""
        return self._read(PublicationList, "/publications", {"target": target})

    def model(self, *, target: str | None = None) -> ModelInfo:
        """Return the model behind the publication that is served."""
        return self._read(ModelInfo, "/models/current", {"target": target})

    def indicators(self) -> IndicatorList:
        """Return the catalogue of indicators."""
        return self._read(IndicatorList, "/indicators", {})

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
        body = json.dumps(_given(call), default=str).encode()
        answer = self._transport.post(f"{_API}/scores", body)
        return _understood(Scores, answer.content, f"{_API}/scores")

    def run_scenario(self, scenario: Mapping[str, object]) -> ScenarioResult:
        """Return the result of a scenario on the key's territory; the same call, the same id."""
        body = json.dumps(scenario, default=str).encode()
        answer = self._transport.post(f"{_API}/scenarios", body)
        return _understood(ScenarioResult, answer.content, f"{_API}/scenarios")

    def scenario(self, identifier: str) -> ScenarioResult:
        """Return the result of a scenario that was run before."""
        return self._read(ScenarioResult, f"/scenarios/{identifier}", {})

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
            raise ClientError(
                "Le format de l'export n'est pas dit.",
                code="unknown-format",
                where="format",
                received=target.suffix or "un nom sans extension",
                expected=" | ".join(_FORMATS.values()),
            )
        query = _given({**filters, "dialect": dialect})
        with tempfile.NamedTemporaryFile(
            dir=target.parent, prefix=f".{target.name}.", suffix=".part", delete=False
        ) as draft:
            try:
                headers = self._transport.download(
                    f"{_API}/exports/structures.{chosen}", query, draft
                )
                draft.flush()
                size = draft.tell()
                os.replace(draft.name, target)  # noqa: PTH105 - from a name to a Path
            finally:
                Path(draft.name).unlink(missing_ok=True)
        return Exported(target, headers.get("x-publication", ""), size)

    def ready(self) -> Health:
        """Return whether lists can be served; `status` is `ready` or `not-ready`."""
        answer = self._transport.get("/health/ready", {}, also=frozenset({503}))
        return _understood(Health, answer.content, "/health/ready")

    def _read(self, model: type[Answer], path: str, query: Query) -> Answer:
        answer = self._transport.get(_API + path, _given(query))
        return _understood(model, answer.content, _API + path)


def _given(query: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in query.items() if value is not None}


def _understood(model: type[Answer], content: bytes, path: str) -> Answer:
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        # From nothing: pydantic's own error quotes values, that is names.
        raise ClientError(
            "La réponse n'est pas celle d'un serveur Veille ESS de cette version.",
            code="unexpected-answer",
            where=path,
            received=f"{'.'.join(map(str, first['loc'])) or 'le corps'} : {first['type']}",
            todo="Vérifiez l'adresse du serveur et la version du client.",
        ) from None
