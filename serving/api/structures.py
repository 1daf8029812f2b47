"""The ranked list and one structure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from data.identifiers import is_siren
from serving.access.audit import record_access
from serving.access.errors import AccessError
from serving.access.principal import Principal
from serving.access.pseudonym import HIDDEN, pseudonymise, siren_of
from serving.access.web_session import CurrentUser
from serving.api.caching import fresh, unchanged
from serving.api.parameters import ListParameters, SingleValues, StructureParameters
from serving.api.problems import RESPONSES, Problem
from serving.api.schemas import StructureDetail, StructureList
from serving.cell.marks import alert_marks
from serving.detail import describe
from serving.publication import Publication
from serving.ranking import RankingError, query
from serving.services import Services, services

router = APIRouter(
    prefix="/api/v1", tags=["structures"], responses=RESPONSES, dependencies=[SingleValues]
)


@router.get("/structures", responses={410: {"model": Problem}})
def list_structures(
    parameters: Annotated[ListParameters, Query()],
    request: Request,
    response: Response,
    principal: CurrentUser,
) -> StructureList:
    """Return the structures of your territory, by risk."""
    principal.require_lists()
    known = services(request)
    publication = known.publications.current(parameters.target).get()
    filters = parameters.filters(publication, principal)
    filters = parameters.narrowed(filters, known.state, principal)
    page = query(
        publication,
        filters,
        sort=parameters.sort,
        limit=parameters.limit,
        cursor=parameters.cursor,
        territory=principal.territory,
    )
    sirens = [f"{publication.array('_siren')[i]:09d}" for i in page.positions]
    asked = parameters.model_dump(mode="json", exclude_defaults=True)
    with known.state.read() as session:
        marks = alert_marks(session, principal, sirens)
    same = fresh(request, response, publication, principal, f"{sirens} {marks}")
    record_access(
        request,
        principal,
        action="list.unchanged" if same else "list.view",
        publication=publication,
        sirens=sirens if principal.nominative else (),
        subject={"asked": asked, "total": page.total},
    )
    if same:
        raise unchanged(response)
    manifest = publication.manifest
    return StructureList.model_validate(
        {
            "publication": publication.id,
            "target": publication.target,
            "as_of": manifest.as_of,
            "horizon_months": page.horizon_months,
            "synthetic": manifest.synthetic,
            "sort": parameters.sort.value,
            "total": page.total,
            "limit": parameters.limit,
            "next_cursor": page.next_cursor,
            "items": [
                shown(row, principal, known, page.horizon_months, marks) for row in page.rows()
            ],
        }
    )


@router.get("/structures/{siren}", responses={404: {"model": Problem}})
def read_structure(
    siren: str,
    parameters: Annotated[StructureParameters, Query()],
    request: Request,
    response: Response,
    principal: CurrentUser,
) -> StructureDetail:
    """Return one structure: score, interval, reasons, what is unknown, funding, trend."""
    principal.require_lists()
    known = services(request)
    publication = known.publications.current(parameters.target).get()
    digits = _siren(siren, principal, known)
    position = _open(request, principal, publication, digits, parameters.reason)
    with known.state.read() as session:
        marks = alert_marks(session, principal, [digits])
    same = fresh(request, response, publication, principal, str(marks))
    if same:
        raise unchanged(response)
    detail = describe(
        publication,
        position,
        parameters.horizon,
        known.publications.earlier(publication),
        sources=principal.sources,
    )
    horizon = detail["reasons"]["horizon_months"]
    detail["structure"] = shown(detail["structure"], principal, known, horizon, marks)
    if not principal.nominative:
        hidden = {"funder_id": None, "funder_name": None}
        detail["history"] = [line | hidden for line in detail["history"]]
    return StructureDetail.model_validate(detail)


def shown(
    row: dict[str, Any],
    principal: Principal,
    known: Services,
    horizon: int,
    marks: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """Return a row as this reader may see it; `marks`: the alerts it may read, by SIREN."""
    row = row | {"horizon_months": horizon, "pseudonym": None, "alert": marks.get(row["siren"])}
    for name in ("p", "low", "high"):
        row[name] = row[f"{name}_{horizon}m"]
    return row if principal.nominative else pseudonymise(row, known.state.secret)


def _siren(text: str, principal: Principal, known: Services) -> str:
    digits = "".join(text.split())
    if not principal.nominative:
        found = siren_of(digits, known.state.secret)
        if found is None:
            raise AccessError(
                "Un analyste ouvre une structure par son pseudonyme.",
                code="pseudonym-expected",
                where="siren",
                expected="P- et six caractères, comme dans la liste",
                todo=f"Prenez le pseudonyme de la liste ({', '.join(HIDDEN)} y sont masqués).",
            )
        return found
    if not is_siren(digits):
        nine = len(digits) == 9 and digits.isdigit()
        raise RankingError(
            "La clé de contrôle de ce SIREN est fausse." if nine else "Ce n'est pas un SIREN.",
            code="bad-siren",
            where="siren",
            received=text[:40],
            expected="neuf chiffres dont le dernier est la clé de Luhn",
            todo="Vérifiez les chiffres, un par un.",
        )
    return digits


def _open(
    request: Request,
    principal: Principal,
    publication: Publication,
    siren: str,
    reason: str | None,
) -> int:
    """Return the row of a structure that this reader may open; log it; refuse otherwise."""
    position = publication.position(siren)
    row = publication.row(position) if position is not None else None
    inside = row is not None and principal.may_open(row["departement"], row["region"])
    action = "structure.view"
    if not inside and not principal.territory.national:
        # The same answer whether the structure is elsewhere or nowhere.
        if not (reason and principal.may_break_glass):
            record_access(
                request,
                principal,
                action="structure.refused",
                publication=publication,
                sirens=[siren],
            )
            raise AccessError(
                "Cette structure n'est pas dans votre territoire, ou n'est pas suivie.",
                code="outside-territory",
                where="siren",
                received=siren,
                expected=str(principal.territory),
                todo="Un motif (reason) ouvre une structure hors territoire ; il est journalisé."
                if principal.may_break_glass
                else "Demandez une clé dont le territoire comprend cette structure.",
            )
        action = "structure.break_glass"
    if row is not None or action != "structure.view":
        record_access(
            request,
            principal,
            action=action,
            publication=publication,
            sirens=[siren] if principal.nominative else (),
            reason=reason or "",
        )
    if position is None:
        error = RankingError(
            "Cette structure n'est pas dans la publication.",
            code="unknown-structure",
            status=404,
            where="siren",
            received=siren if principal.nominative else None,
            todo="Vérifiez le SIREN ; la liste couvre les structures de l'ESS suivies à la date"
            f" du {publication.manifest.as_of:%d/%m/%Y}.",
        )
        raise error
    return position
