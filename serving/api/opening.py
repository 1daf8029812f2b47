"""Open one structure for a reader: by its SIREN or pseudonym, in the territory or on a reason."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fastapi import Request

from data.identifiers import is_siren
from serving.access.audit import record_access
from serving.access.errors import AccessError
from serving.access.principal import Principal
from serving.access.pseudonym import HIDDEN, PSEUDONYM, pseudonymise, siren_of
from serving.api.texts import SIREN
from serving.cell.errors import unknown_key
from serving.publication import Publication
from serving.ranking import RankingError
from serving.services import Services


def shown(
    row: dict[str, Any],
    principal: Principal,
    known: Services,
    horizon: int,
    marks: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """Return a row as this reader may see it; `marks`: the alerts it may read, by SIREN."""
    row = row | {"horizon_months": horizon, "pseudonym": None, "alert": marks.get(row["siren"])}
    if "p" not in row:
        row |= {name: row[f"{name}_{horizon}m"] for name in ("p", "low", "high")}
    return row if principal.nominative else pseudonymise(row, known.state.secret)


def asked_siren(text: str, principal: Principal, known: Services) -> str:
    """Return the SIREN that is asked, from a pseudonym for who sees no names.

    Raises
    ------
    AccessError
        `pseudonym-expected`.
    RankingError
        `bad-siren`: 422, or 404 for nine digits that no structure can have; 404
        `unknown-structure`: a pseudonym, from who sees names.
    """
    digits = "".join(text.split())
    if not principal.nominative:
        found = siren_of(digits, known.state.secret)
        if found is None:
            raise AccessError(
                "Un analyste ouvre une structure par son pseudonyme.",
                code="pseudonym-expected",
                where="siren",
                expected="P- et six caractères, comme dans la liste",
                todo=f"Prenez le pseudonyme de la liste ({', '.join(HIDDEN)} y sont masqués).",
            )
        return found
    if is_siren(digits):
        return digits
    if re.fullmatch(SIREN, digits):
        raise unknown_key(digits)
    if re.fullmatch(PSEUDONYM, digits):
        raise RankingError(
            "Un pseudonyme n'ouvre une structure qu'à un analyste.",
            code="unknown-structure",
            status=404,
            where="siren",
            received=digits,
            expected="un SIREN",
            todo="Demandez la structure par son SIREN.",
        )
    raise RankingError(
        "Ce n'est pas un SIREN.",
        code="bad-siren",
        where="siren",
        received=text[:40],
        expected="neuf chiffres dont le dernier est la clé de Luhn",
        todo="Vérifiez les chiffres, un par un.",
    )


def open_structure(
    request: Request,
    principal: Principal,
    publication: Publication,
    siren: str,
    reason: str | None,
) -> int:
    """Return the row of a structure that this reader may open; log it; refuse otherwise.

    Raises
    ------
    AccessError
        `outside-territory`: elsewhere, or nowhere, and no reason that opens.
    RankingError
        `unknown-structure`, 404.
    """
    position = publication.position(siren)
    row = publication.row(position) if position is not None else None
    inside = row is not None and principal.may_open(row["departement"], row["region"])
    action = "structure.view"
    if not inside and not principal.territory.national:
        # The same answer whether the structure is elsewhere or nowhere.
        if not (reason and principal.may_break_glass):
            record_access(
                request,
                principal,
                action="structure.refused",
                publication=publication,
                sirens=[siren],
            )
            raise AccessError(
                "Cette structure n'est pas dans votre territoire, ou n'est pas suivie.",
                code="outside-territory",
                where="siren",
                received=siren,
                expected=str(principal.territory),
                todo="Un motif (reason) ouvre une structure hors territoire ; il est journalisé."
                if principal.may_break_glass
                else "Demandez une clé dont le territoire comprend cette structure.",
            )
        action = "structure.break_glass"
    if row is not None or action != "structure.view":
        record_access(
            request,
            principal,
            action=action,
            publication=publication,
            sirens=[siren] if principal.nominative else (),
            reason=reason or "",
        )
    if position is None:
        error = RankingError(
            "Cette structure n'est pas dans la publication.",
            code="unknown-structure",
            status=404,
            where="siren",
            received=siren if principal.nominative else None,
            todo="Vérifiez le SIREN ; la liste couvre les structures de l'ESS suivies à la date"
            f" du {publication.manifest.as_of:%d/%m/%Y}.",
        )
        raise error
    return position
