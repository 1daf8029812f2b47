"""One page of the list: made from the publication, then logged and answered."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fastapi import Request, Response

from serving.access.audit import Said, access
from serving.access.principal import Principal
from serving.access.recent import open_until
from serving.access.web_session import closed
from serving.api.caching import has_already, headers_of, tag_of
from serving.api.opening import shown
from serving.api.parameters import ListParameters
from serving.api.schemas import StructureList
from serving.cell.marks import alert_marks
from serving.kept_pages import Listed, Look
from serving.publication import Publication
from serving.ranking import query
from serving.services import Services


def listed(
    known: Services, publication: Publication, parameters: ListParameters, principal: Principal
) -> Listed:
    """Return the page that is asked.

    Raises
    ------
    RankingError
        Those of `WholeListParameters.filters` and `ranking.query`.
    AccessError
        Those of `WholeListParameters.filters` and `narrowed`.
    """
    filters = parameters.filters(publication, principal)
    page = query(
        publication,
        parameters.narrowed(filters, known.state, principal, known.schemes.get().schemes),
        sort=parameters.sort,
        limit=parameters.limit,
        cursor=parameters.cursor,
        territory=principal.territory,
    )
    manifest = publication.manifest
    said = {
        "publication": publication.id,
        "target": publication.target,
        "as_of": manifest.as_of,
        "horizon_months": page.horizon_months,
        "synthetic": manifest.synthetic,
        "sort": parameters.sort.value,
        "total": page.total,
        "limit": parameters.limit,
        "next_cursor": page.next_cursor,
    }
    numbers = publication.array("_siren")
    return Listed(
        said,
        parameters.model_dump(mode="json", exclude_defaults=True),
        tuple(page.positions),
        tuple(f"{numbers[i]:09d}" for i in page.positions),
    )


@dataclass(frozen=True)
class Reply:
    """The answer to one reader, before it is logged; `view` is equal for the same one again."""

    view: Hashable
    said: Said
    response: Response


def reply(
    request: Request,
    known: Services,
    principal: Principal,
    publication: Publication,
    page: Listed,
) -> Reply:
    """Return a page for a reader, with the alerts that mark its rows, 304 for who has it already.

    It may be sent once its line is in the log. The key is looked at once more, for it may have been
    verified a moment ago (`RecentKeys`).

    Raises
    ------
    AccessError
        Those of `current_user`, for a key closed since it was verified.
    """
    moment = known.state.moment()
    look = page.looks.get(principal.id)
    if look is None or not look.holds(moment, principal):
        look = _look(request, known, principal, publication, page, moment)
        if moment is not None:
            page.seen(look)
    same = has_already(request, look.tag)
    said = access(
        request,
        principal,
        action="list.unchanged" if same else "list.view",
        publication_id=publication.id,
        sirens=page.sirens if principal.nominative else (),
        subject={"asked": page.asked, "total": page.said["total"]},
    )
    view = (look.tag, said["action"], said["address"])
    headers = headers_of(publication, look.tag)
    if same:
        return Reply(view, said, Response(status_code=304, headers=headers))
    return Reply(view, said, Response(look.body, media_type="application/json", headers=headers))


def _look(
    request: Request,
    known: Services,
    principal: Principal,
    publication: Publication,
    page: Listed,
    moment: int | None,
) -> Look:
    """Return the page as this reader sees it now; AccessError as `reply`."""
    with known.state.read() as session:
        until = open_until(session, principal)
        marks = alert_marks(session, principal, page.sirens)
    if until <= datetime.now(UTC):
        raise closed(request)
    if marks:
        body = _body(known, publication, principal, page, marks)
    else:
        body = page.body = page.body or _body(known, publication, principal, page, {})
    tag = tag_of(request, publication, principal, f"{page.sirens} {marks}")
    return Look(moment, principal, until, tag, body)


def _body(
    known: Services,
    publication: Publication,
    principal: Principal,
    page: Listed,
    marks: Mapping[str, Mapping[str, Any]],
) -> bytes:
    horizon = page.said["horizon_months"]
    rows = publication.take(list(page.positions), horizon)
    items = [shown(row, principal, known, horizon, marks) for row in rows]
    checked = StructureList.model_validate({**page.said, "items": items})
    return checked.model_dump_json().encode()
