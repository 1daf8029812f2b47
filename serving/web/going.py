"""Where an answer sends the browser: inside this application only."""

from __future__ import annotations

from fastapi.responses import RedirectResponse

_LONGEST = 2000


def inside(path: str) -> str:
    """Return a path of this application, `/` in place of anything else."""
    # `//host` and `/\host` lead elsewhere.
    elsewhere = not path.startswith("/") or path[1:2] in {"/", "\\"} or len(path) > _LONGEST
    return "/" if elsewhere or any(ord(c) < ord(" ") for c in path) else path


def go(path: str) -> RedirectResponse:
    """Return the answer that leads there, kept by no cache."""
    return RedirectResponse(path, status_code=303, headers={"Cache-Control": "no-store"})
