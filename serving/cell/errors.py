"""The refusals of the acts of the cell."""

from __future__ import annotations

import re

from data.errors import VeilleError
from serving.cursor import RankingError


class CellError(VeilleError):
    """An act that is refused; `status` is its HTTP status."""

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


def is_identifier(text: str) -> bool:
    """Tell whether a text can be one of our identifiers: anything else is not looked for.

    PostgreSQL would refuse some texts (a NUL) instead of not finding them.
    """
    return re.fullmatch(r"[0-9a-f]{16}", text) is not None


def unknown_key(siren: str) -> CellError:
    """Return the error of nine digits that no structure can have."""
    return CellError(
        "La clé de contrôle de ce SIREN est fausse : aucune structure ne le porte.",
        code="bad-siren",
        status=404,
        where="siren",
        received=siren,
        expected="neuf chiffres dont le dernier est la clé de Luhn",
        todo="Vérifiez les chiffres, un par un.",
    )


def bad_cursor(received: str) -> RankingError:
    """Return the error of a cursor that no page gave."""
    return RankingError(
        "Aucune page n'a donné ce curseur.",
        code="cursor-invalid",
        status=404,
        where="cursor",
        received=received[:40],
        todo="Reprenez à la première page.",
    )
