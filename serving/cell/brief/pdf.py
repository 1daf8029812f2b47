"""A brief as PDF: exactly two A4 pages, tagged for screen readers."""

from __future__ import annotations

import contextlib
import io
from typing import Any

from data.errors import VeilleError
from serving.cell.brief.brief import Brief
from serving.cell.brief.page import html_of

PAGES = 2
#: how many structures, schemes and rules of capacity are tried; the first that hold are taken
_SIZES = (
    *((16, 15, 8), (16, 12, 8), (16, 10, 8), (15, 9, 8), (14, 8, 8), (13, 8, 8), (12, 7, 6)),
    *((10, 7, 6), (9, 6, 6), (8, 6, 5), (7, 5, 5), (6, 5, 4), (4, 4, 4), (2, 3, 3), (0, 3, 3)),
)


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
    # A first page too full (a long title, many notes) goes on over the second.
    for flowing in (False, True):
        found, pages = _held(brief, flowing=flowing)
        if found is not None:
            made: bytes = found.write_pdf(pdf_variant="pdf/ua-1")
            return made
    raise BriefError(
        "Cette note ne tient pas en deux pages.",
        code="brief-too-long",
        received=f"{pages} pages",
        todo="Demandez-la en HTML, et signalez ce cas.",
    )


def _held(brief: Brief, *, flowing: bool) -> tuple[Any, int]:
    """Return the fullest document that holds in its pages, if any, and the last count of pages."""
    found, pages = None, 0
    first, last = 0, len(_SIZES)
    # What holds at a size holds at all the smaller ones.
    while first < last:
        middle = (first + last) // 2
        listed, schemes, rules = _SIZES[middle]
        text = html_of(brief, listed=listed, schemes=schemes, rules=rules, flowing=flowing)
        document = _rendered(text)
        pages = len(document.pages)
        if pages <= PAGES:
            found, last = document, middle
        else:
            first = middle + 1
    return found, pages


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
