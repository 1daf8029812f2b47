"""A brief as PDF: exactly two A4 pages, tagged for screen readers."""

from __future__ import annotations

import contextlib
import io
from typing import Any

from data.errors import VeilleError
from serving.cell.brief.brief import Brief
from serving.cell.brief.page import html_of

PAGES = 2
#: how many structures and schemes are tried, until the brief holds in its pages
_SIZES = ((16, 15), (12, 15), (9, 14), (6, 12), (4, 9), (2, 6), (0, 3))


class BriefError(VeilleError):
    """A brief cannot be set in pages."""

    status = 503


def pdf_of(brief: Brief) -> bytes:
    """Return the brief as PDF; structures and schemes that do not fit are left out, and it says so.

    Raises
    ------
    BriefError
        `no-pango`: a system library is missing; `brief-too-long`; `brief-fetches`.
    """
    for listed, schemes in _SIZES:
        document = _rendered(html_of(brief, listed=listed, schemes=schemes))
        if len(document.pages) == PAGES:
            made: bytes = document.write_pdf(pdf_variant="pdf/ua-1")
            return made
    raise BriefError(
        "Cette note ne tient pas en deux pages.",
        code="brief-too-long",
        received=f"{len(document.pages)} pages",
        todo="Demandez-la en HTML, et signalez ce cas.",
    )


def _rendered(text: str) -> Any:  # noqa: ANN401 - a document of WeasyPrint, which has no types
    try:
        # What it says of a missing library goes to the standard output, where answers are.
        with contextlib.redirect_stdout(io.StringIO()):
            from weasyprint import HTML  # type: ignore[import-untyped]
            from weasyprint.urls import FatalURLFetchingError, URLFetcher  # type: ignore[import-untyped]
    except OSError as error:
        raise BriefError(
            "Le PDF a besoin de Pango, qui manque sur cette machine.",
            code="no-pango",
            received=str(error).splitlines()[0],
            expected="les paquets libpango-1.0-0, libpangoft2-1.0-0 et libharfbuzz-subset0",
            todo="apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 ; "
            "en attendant, demandez la note en HTML.",
        ) from error

    class Nothing(URLFetcher):  # type: ignore[misc]
        """A brief holds all it shows: no address is ever read, on the disk nor on a network."""

        def fetch(self, url: str, headers: object = None) -> object:  # noqa: ARG002
            """Refuse."""
            raise ValueError(url)

    try:
        return HTML(string=text, url_fetcher=Nothing(fail_on_errors=True)).render()
    except FatalURLFetchingError as error:
        raise BriefError(
            "Une note ne va chercher aucun fichier, et celle-ci en demande un.",
            code="brief-fetches",
            received=error.__cause__,
            todo="Signalez ce cas.",
        ) from error
