"""The pages: what is asked, who asks, what is logged, what is shown."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from data.identifiers import is_siren
from serving.access.audit import record_access
from serving.access.principal import Principal, Scope
from serving.access.pseudonym import siren_of
from serving.access.web_session import CurrentUser, check_csrf
from serving.detail import describe
from serving.publication import Publication
from serving.ranking import RankingError
from serving.services import services
from serving.web import formats, list_form, list_page, model_page, sign_in, structure_page, words
from serving.web.errors import asked_address
from serving.web.templating import STATIC, render

router = APIRouter(include_in_schema=False)
router.include_router(sign_in.router)

#: shorter than this, a reason explains nothing to who reads the log
MIN_REASON = 15
_MAX_REASON = 500
_MEDIA_TYPES = {".css": "text/css", ".svg": "image/svg+xml"}
_STATIC = {p.name: (p.read_bytes(), _MEDIA_TYPES[p.suffix]) for p in STATIC.iterdir()}


@router.get("/static/{name}")
def static(name: str) -> Response:
    """Give the stylesheet or the icon; their address changes with their content."""
    if name not in _STATIC:
        raise HTTPException(404)
    content, media_type = _STATIC[name]
    kept = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(content, media_type=media_type, headers=kept)


@router.get("/")
def ranked_list(request: Request, principal: CurrentUser) -> Response:
    """Show the ranked list of the reader's territory."""
    principal.require_lists()
    if later := _notice_first(request, principal):
        return later
    known = services(request)
    publication = known.publications.current(request.query_params.get("target") or None).get()
    asked = list_form.read(
        request.query_params, publication, default_target=known.publications.default
    )
    view = list_page.build(
        asked,
        publication,
        principal,
        targets=known.publications.targets,
        secret=known.state.secret,
    )
    record_access(
        request,
        principal,
        action="list.view",
        publication=publication,
        sirens=view.sirens if principal.nominative else (),
        subject={"filters": dict(asked.pairs()), "page": asked.page},
    )
    return render(
        request, "list.html", user=principal, publication=publication, section="list", view=view
    )


@router.get("/structures/{code}")
def structure(request: Request, principal: CurrentUser, code: str) -> Response:
    """Show one structure; outside the territory, ask for a reason first."""
    principal.require_lists()
    if later := _notice_first(request, principal):
        return later
    publication, siren = _named(request, principal, code)
    position = publication.position(siren)
    if _inside(principal, publication, position):
        return _show(request, principal, publication, position, action="structure.view")
    record_access(
        request, principal, action="structure.refused", publication=publication, sirens=[siren]
    )
    return _ask_reason(request, principal, publication)


@router.post("/structures/{code}")
def structure_by_reason(
    request: Request,
    principal: CurrentUser,
    code: str,
    csrf: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Show a structure outside the territory, on a stated reason that goes to the log."""
    principal.require_lists()
    check_csrf(principal, csrf)
    if later := _notice_first(request, principal):
        return later
    publication, siren = _named(request, principal, code)
    position = publication.position(siren)
    if _inside(principal, publication, position):
        return RedirectResponse(asked_address(request), status_code=303)
    stated = " ".join(reason.split())[:_MAX_REASON]
    if len(stated) < MIN_REASON:
        return _ask_reason(request, principal, publication, refused=True)
    return _show(
        request,
        principal,
        publication,
        position,
        action="structure.break_glass",
        siren=siren,
        reason=stated,
    )


@router.get("/modele")
def model(request: Request, principal: CurrentUser) -> Response:
    """Show what the model is, its measures and its indicators. No structure is named here."""
    principal.require_scope(Scope.READ_CATALOGUE)
    publications = services(request).publications
    publication = publications.current(request.query_params.get("target") or None).get()
    return render(
        request,
        "model.html",
        user=principal,
        publication=publication,
        section="model",
        view=model_page.build(publication),
    )


@router.get("/aide")
def help_page(request: Request, principal: CurrentUser) -> Response:
    """Show the short help."""
    return render(
        request, "help.html", user=principal, section="help", definitions=words.DEFINITIONS
    )


def _notice_first(request: Request, principal: Principal) -> Response | None:
    if not principal.notice_due:
        return None
    asked = quote(asked_address(request), safe="")
    return RedirectResponse(f"/confidentialite?suite={asked}", status_code=303)


def _named(request: Request, principal: Principal, code: str) -> tuple[Publication, str]:
    known = services(request)
    publication = known.publications.current(request.query_params.get("target") or None).get()
    # An analyst knows pseudonyms only: a SIREN typed in the address opens nothing.
    siren = code if principal.nominative else siren_of(code, known.state.secret)
    if siren is None or not is_siren(siren):
        raise HTTPException(404)
    return publication, siren


def _inside(principal: Principal, publication: Publication, position: int | None) -> bool:
    if position is None:
        # Who has a territory gets the same answer whether a structure is elsewhere or nowhere.
        return principal.territory.national
    row = publication.row(position)
    return principal.may_open(row["departement"], row["region"])


def _ask_reason(
    request: Request, principal: Principal, publication: Publication, *, refused: bool = False
) -> Response:
    return render(
        request,
        "outside.html",
        status=403,
        user=principal,
        publication=publication,
        refused=refused,
        minimum=MIN_REASON,
    )


def _show(
    request: Request,
    principal: Principal,
    publication: Publication,
    position: int | None,
    *,
    action: str,
    siren: str = "",
    reason: str = "",
) -> Response:
    known = services(request)
    if position is not None:
        siren = str(publication.row(position)["siren"])
    if siren:
        record_access(
            request,
            principal,
            action=action,
            publication=publication,
            sirens=[siren] if principal.nominative else (),
            reason=reason,
        )
    if position is None:
        raise RankingError(
            "Cette structure n’est pas dans la publication.",
            code="unknown-structure",
            status=404,
            todo="Vérifiez le SIREN : la liste couvre les structures de l’ESS suivies à la date"
            f" du {formats.long_date(publication.manifest.as_of)}.",
        )
    horizon = request.query_params.get("horizon", "")[:3]
    detail = describe(
        publication,
        position,
        int(horizon) if horizon.isdecimal() else None,
        known.publications.earlier(publication),
        sources=principal.sources,
    )
    view = structure_page.build(
        detail,
        publication,
        principal,
        secret=known.state.secret,
        target_asked="" if publication.target == known.publications.default else publication.target,
    )
    return render(
        request,
        "structure.html",
        user=principal,
        publication=publication,
        section="list",
        view=view,
        reason=reason,
    )
