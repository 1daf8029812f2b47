"""ETag: an answer changes with the publication, the question and the reader, and nothing else."""

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
    also: str = "",
) -> bool:
    """Set X-Publication and ETag; tell whether the caller has this very answer already.

    `also` is what the answer depends on beside the publication.
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
            *([also] if also else []),
        ]
    )
    tag = f'"{publication.id}-{hashlib.sha256(asked.encode()).hexdigest()[:16]}"'
    response.headers["ETag"] = tag
    response.headers["X-Publication"] = publication.id
    response.headers["Vary"] = "Authorization, Cookie"
    given = request.headers.get("if-none-match", "")
    return tag in [part.strip().removeprefix("W/") for part in given.split(",")]


def unchanged(response: Response) -> HTTPException:
    """Return what to raise for an answer without a body, 304, with the same headers."""
    return HTTPException(304, headers=dict(response.headers))
