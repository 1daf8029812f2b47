"""Versions of what is changed: the ETag that an answer shows, the If-Match that a change gives.

An ETag says its version and what it is the version of: one that was given for something else is
told apart (409) from one that is late (412).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Protocol

from fastapi import Header

from data.errors import VeilleError

TAG = r'"[0-9]{1,9}-[0-9a-f]{16}"'
#: a compressed answer has a weak one; it is given back as it came
_SHOWN = f"^(W/)?{TAG}$"
#: RFC 9110, 8.8.3; what has not this form is no condition at all
_ENTITY_TAG = r'"[\x21\x23-\x7e\x80-\xff]*"'
_EXAMPLE = '"3-0a1b2c3d4e5f6071"'
#: the headers of an answer that shows the version of something
VERSIONED: dict[str, Any] = {
    "headers": {
        "ETag": {
            "description": "Version, à rendre dans If-Match.",
            "required": True,
            "schema": {"type": "string", "pattern": _SHOWN},
        }
    }
}
IF_MATCH = Header(
    alias="If-Match",
    description="L'ETag de ce qui a été lu.",
    json_schema_extra={"pattern": _SHOWN},
)


class Versioned(Protocol):
    """Something that has versions."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def version(self) -> int: ...  # noqa: D102


class PreconditionError(VeilleError):
    """A write whose conditions do not hold."""

    def __init__(self, what: str, *, code: str, status: int, **more: Any) -> None:  # noqa: ANN401
        super().__init__(what, code=code, **more)
        self.status = status


def tag(thing: Versioned) -> str:
    """Return the ETag of a version of something."""
    return f'"{thing.version}-{thing.id}"'


def versions_of(if_match: str | None) -> tuple[str, ...]:
    """Return the versions of an If-Match; `*`, which any version satisfies, is none."""
    given = [one.strip().removeprefix("W/") for one in (if_match or "").split(",")]
    return tuple(one for one in given if one not in {"", "*"})


def require_said(versions: Sequence[str]) -> None:
    """Refuse a change that does not say of which version: 400 `version-expected`."""
    if not versions:
        raise PreconditionError(
            "Une modification dit de quelle version elle part.",
            code="version-expected",
            status=400,
            where="If-Match",
            received="rien",
            expected=f"l'ETag de la dernière lecture, par exemple {_EXAMPLE}",
            todo="Lisez d'abord, puis rendez son ETag dans If-Match.",
        )


def require_current(versions: Sequence[str], thing: Versioned) -> None:
    """Refuse a change of another version than the current one.

    Raises
    ------
    PreconditionError
        400 `version-expected`; 422 `bad-value`: no ETag at all; 409 `version-of-another`: that of
        something else; 412 `stale-version`: any other one.
    """
    require_said(versions)
    said = {"where": "If-Match", "received": ", ".join(versions)[:200], "expected": tag(thing)}
    if tag(thing) in versions:
        return
    if not all(re.fullmatch(_ENTITY_TAG, one) for one in versions):
        raise PreconditionError(
            "Cette valeur ne peut pas être lue.",
            code="bad-value",
            status=422,
            **said | {"expected": f"un ETag, par exemple {_EXAMPLE}"},
            todo="Rendez l'ETag de la dernière lecture, tel quel.",
        )
    if all(re.fullmatch(TAG, one) and not one.endswith(f'-{thing.id}"') for one in versions):
        raise PreconditionError(
            "Cette version est celle d'autre chose.",
            code="version-of-another",
            status=409,
            **said,
            todo="Rendez l'ETag qui est venu avec ce que vous modifiez.",
        )
    raise PreconditionError(
        "Quelqu'un d'autre a modifié ceci depuis que vous l'avez lu.",
        code="stale-version",
        status=412,
        **said,
        todo="Relisez, puis refaites votre modification sur la version actuelle.",
    )
