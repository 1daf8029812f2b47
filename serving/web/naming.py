"""How a structure and a reason are named to a reader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from serving.access.principal import Principal
from serving.access.pseudonym import pseudonymise
from serving.web import formats, words


@dataclass(frozen=True)
class Identity:
    """How a structure is named to a reader."""

    name: str
    identifier: str
    href: str


def identity(row: Mapping[str, Any], principal: Principal, secret: bytes) -> Identity:
    """Return the name, identifier and address of a structure; a pseudonym for an analyst."""
    if not principal.nominative:
        pseudonym = str(pseudonymise(row, secret)["pseudonym"])
        return Identity(pseudonym, "identité masquée", f"/structures/{pseudonym}")
    code = str(row["siren"])
    name = row["name"] or "Structure sans nom connu"
    return Identity(name, f"SIREN{formats.NBSP}{formats.siren(code)}", f"/structures/{code}")


def reason_text(reason: Mapping[str, Any]) -> str:
    """Return the sentence of a reason; its label and value when it has no sentence."""
    if reason["sentence"]:
        return str(reason["sentence"])
    return f"{reason['label'] or reason['indicator']} : {words.reason_value(reason)}"
