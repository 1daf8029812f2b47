"""Cursors of the ranked list: opaque, bound to a publication, its filters and its sort."""

from __future__ import annotations

import base64
import binascii
import json

from data.errors import VeilleError


class RankingError(VeilleError):
    """A list that cannot be given as asked. `status` is its HTTP status."""

    def __init__(
        self,
        what: str,
        *,
        code: str,
        status: int = 422,
        where: str = "",
        received: object = None,
        expected: str = "",
        todo: str = "",
    ) -> None:
        super().__init__(
            what, code=code, where=where, received=received, expected=expected, todo=todo
        )
        self.status = status


def write_cursor(publication_id: str, seal: str, place: int) -> str:
    """Return the cursor of a place in the order of a list; `seal` stands for filters and sort."""
    text = json.dumps([publication_id, seal, place], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str, publication_id: str, seal: str) -> int:
    """Return the place of a cursor.

    Raises
    ------
    RankingError
        `cursor-invalid` (404), `cursor-expired` (410: another publication), `cursor-other-list`
        (409).
    """
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        of_publication, of_seal, place = json.loads(text)
        start = int(place)
    except (ValueError, TypeError, binascii.Error) as error:
        raise RankingError(
            "Ce curseur n'a pas été donné par cette interface.",
            code="cursor-invalid",
            status=404,
            where="cursor",
            received=cursor[:80],
            expected="le next_cursor de la page précédente, tel quel",
            todo="Reprenez la liste à sa première page.",
        ) from error
    if of_publication != publication_id:
        raise RankingError(
            "La liste a été republiée depuis cette page.",
            code="cursor-expired",
            status=410,
            where="cursor",
            received=of_publication,
            expected=publication_id,
            todo="Reprenez la liste à sa première page, sans cursor.",
        )
    if of_seal != seal or start < 0:
        raise RankingError(
            "Ce curseur vient d'une liste aux filtres, au tri ou au territoire différents.",
            code="cursor-other-list",
            status=409,
            where="cursor",
            expected="les mêmes paramètres qu'à la première page",
            todo="Gardez tous les paramètres d'une page à l'autre, ou reprenez sans cursor.",
        )
    return start
