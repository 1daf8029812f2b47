"""ETag: an answer changes with the publication, the question, the reader and the alerts shown."""

from __future__ import annotations

import hashlib

from fastapi import Request, Response
from starlette.exceptions import HTTPException

from serving.access.principal import Principal
from serving.publication import Publication


def fresh(
    request: Request,
    response: Response,
    publication: Publication,
    principal: Principal,
    *others: str,
) -> bool:
    """Set X-Publication and ETag; tell whether the caller has this very answer already.

    `others` is as for `tag_of`.
    """
    tag = tag_of(request, publication, principal, *others)
    response.headers.update(headers_of(publication, tag))
    return has_already(request, tag)


def tag_of(request: Request, publication: Publication, principal: Principal, *others: str) -> str:
    """Return the ETag of an answer.

    `others` is what it changes with beside the publication, the question and the reader.
    """
    asked = "\n".join(
        [
            publication.id,
            request.url.path,
            *sorted(f"{k}={v}" for k, v in request.query_params.multi_items()),
            principal.id,
            principal.role.value,
            str(principal.territory),
            *sorted(principal.sources),
            *others,
        ]
    )
    return f'"{publication.id}-{hashlib.sha256(asked.encode()).hexdigest()[:16]}"'


def headers_of(publication: Publication, tag: str) -> dict[str, str]:
    """Return the headers that go with an ETag."""
    return {"ETag": tag, "X-Publication": publication.id, "Vary": "Authorization, Cookie"}


def has_already(request: Request, tag: str) -> bool:
    """Tell whether the caller says that it has the answer of this ETag."""
    given = request.headers.get("if-none-match", "")
    return tag in [part.strip().removeprefix("W/") for part in given.split(",")]


def unchanged(response: Response) -> HTTPException:
    """Return what to raise for an answer without a body, 304, with the same headers."""
    return HTTPException(304, headers=dict(response.headers))
