"""The whole list in one file: CSV, XLSX, Parquet."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from serving.access.audit import record_access
from serving.access.principal import Principal
from serving.access.web_session import CurrentUser
from serving.api.caching import fresh, unchanged
from serving.api.download import Download
from serving.api.parameters import CsvParameters, SingleValues, WholeListParameters
from serving.api.problems import RESPONSES
from serving.api.taking import check_taking
from serving.exports.csv_file import DIALECTS, csv_chunks
from serving.exports.export import Export, check_sheet, prepare
from serving.exports.parquet_file import parquet_chunks
from serving.exports.xlsx_file import xlsx_chunks
from serving.services import services

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PARQUET = "application/vnd.apache.parquet"

router = APIRouter(
    prefix="/api/v1/exports", tags=["exports"], responses=RESPONSES, dependencies=[SingleValues]
)


def _file(media_type: str) -> dict[int | str, dict[str, Any]]:
    text = {"type": "string"} if media_type == CSV else {"type": "string", "format": "binary"}
    return {200: {"description": "Le fichier.", "content": {media_type: {"schema": text}}}}


@router.get("/structures.csv", response_class=Response, responses=_file(CSV))
def export_csv(
    parameters: Annotated[CsvParameters, Query()],
    request: Request,
    response: Response,
    principal: CurrentUser,
) -> Response:
    """Return the whole list as CSV."""
    dialect = DIALECTS[parameters.dialect]
    export = _prepared(parameters, request, principal)
    return _sent(export, "csv", CSV, lambda e: csv_chunks(e, dialect), request, response, principal)


@router.get("/structures.xlsx", response_class=Response, responses=_file(XLSX))
def export_xlsx(
    parameters: Annotated[WholeListParameters, Query()],
    request: Request,
    response: Response,
    principal: CurrentUser,
) -> Response:
    """Return the whole list as a workbook."""
    export = _prepared(parameters, request, principal)
    check_sheet(len(export.positions))
    return _sent(export, "xlsx", XLSX, xlsx_chunks, request, response, principal)


@router.get("/structures.parquet", response_class=Response, responses=_file(PARQUET))
def export_parquet(
    parameters: Annotated[WholeListParameters, Query()],
    request: Request,
    response: Response,
    principal: CurrentUser,
) -> Response:
    """Return the whole list as Parquet."""
    export = _prepared(parameters, request, principal)
    return _sent(export, "parquet", PARQUET, parquet_chunks, request, response, principal)


def _prepared(parameters: WholeListParameters, request: Request, principal: Principal) -> Export:
    principal.require_lists()
    check_taking(request, principal)
    known = services(request)
    publication = known.publications.current(parameters.target).get()
    filters = parameters.filters(publication, principal)
    return prepare(
        publication,
        principal,
        parameters.narrowed(filters, known.state, principal, known.schemes.get().schemes),
        sort=parameters.sort,
        asked=parameters.model_dump(mode="json", exclude_defaults=True, exclude={"dialect"})
        | {"sort": parameters.sort.value},
        secret=known.state.secret,
    )


def _sent(
    export: Export,
    ending: str,
    media_type: str,
    pieces: Callable[[Export], Generator[bytes]],
    request: Request,
    response: Response,
    principal: Principal,
) -> Response:
    digest = export.digest()  # of the rows: cases and alerts may choose others
    same = fresh(request, response, export.publication, principal, digest)
    # Weak: two files of the same list differ by the moment in their mark.
    response.headers["ETag"] = "W/" + response.headers["ETag"]
    record_access(
        request,
        principal,
        action="export.unchanged" if same else "export",
        publication=export.publication,
        subject={
            "format": ending,
            "filters": export.mark.filters,
            "territory": export.mark.territory,
            "rows": export.mark.rows,
            "sha256": digest,
        },
    )
    if same:
        raise unchanged(response)
    return Download(
        pieces(export),
        media_type=media_type,
        file_name=export.file_name(ending),
        headers=response.headers,
    )
