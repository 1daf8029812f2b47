"""Who had which role, and since when: an append-only history in the tags of a registered model."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from models.spec import ModelError

if TYPE_CHECKING:
    from mlflow import MlflowClient

ALIASES = ("champion", "challenger")
_TAG = "veille.promotion."
Kind = Literal["promote", "rollback", "found"]


@dataclass(frozen=True)
class Promotion:
    """One line of the history.

    Attributes
    ----------
    alias, version : str
        The role, and the version that has it from then on.
    kind : {"promote", "rollback", "found"}
        "found": the role was not given here (an older registry, another tool).
    at : str
        UTC, ISO 8601.
    note : str
        Why.
    """

    alias: str
    version: str
    kind: Kind
    at: str
    note: str

    def to_dict(self) -> dict[str, str]:
        """Return plain JSON values."""
        return asdict(self)


def history(client: MlflowClient, name: str) -> list[Promotion]:
    """Return every promotion of a registered model, the oldest first."""
    tags = client.get_registered_model(name).tags
    return [Promotion(**json.loads(tags[key])) for key in sorted(tags) if key.startswith(_TAG)]


def standing(lines: list[Promotion], alias: str) -> list[str]:
    """Return the versions whose promotion to `alias` still counts, the present holder last.

    A promotion adds its version; a rollback undoes the last promotion that still counts. So two
    rollbacks in a row go back by two promotions.
    """
    found: list[str] = []
    for line in lines:
        if line.alias != alias:
            continue
        if line.kind == "rollback":
            del found[-1:]
        else:
            found.append(line.version)
    return found


def give(client: MlflowClient, name: str, version: str, alias: str, note: str) -> None:
    """Give a role to a version and write it down; nothing changes if it has it already.

    Raises
    ------
    ModelError
        `unknown-alias`.
    """
    if alias not in ALIASES:
        raise ModelError(
            "Rôle de modèle inconnu.",
            code="unknown-alias",
            received=alias,
            expected=", ".join(ALIASES),
        )
    _catch_up(client, name, alias)
    if _holder(client, name, alias) == version:
        return
    client.set_registered_model_alias(name, alias, version)
    _append(client, name, alias, version, "promote", note)


def take_back(client: MlflowClient, name: str, note: str) -> str:
    """Undo the last promotion of a champion; return the version that is champion again.

    Raises
    ------
    ModelError
        `no-previous-champion`.
    """
    _catch_up(client, name, "champion")
    versions = standing(history(client, name), "champion")
    if len(versions) < 2:
        raise ModelError(
            "Aucun champion précédent : il n'y a pas de promotion à annuler.",
            code="no-previous-champion",
            where=name,
            received=f"version {versions[0]}, la première" if versions else "aucun champion",
            expected="au moins deux promotions successives",
            todo="donner le rôle à un modèle précis avec « veille promote »",
        )
    client.set_registered_model_alias(name, "champion", versions[-2])
    _append(client, name, "champion", versions[-2], "rollback", note)
    return versions[-2]


def _holder(client: MlflowClient, name: str, alias: str) -> str | None:
    version = client.get_registered_model(name).aliases.get(alias)
    return None if version is None else str(version)


def _catch_up(client: MlflowClient, name: str, alias: str) -> None:
    """Write down a holder that the history does not know, before it changes."""
    holder, known = _holder(client, name, alias), standing(history(client, name), alias)
    if holder is not None and known[-1:] != [holder]:
        _append(client, name, alias, holder, "found", "rôle donné hors de cet historique")


def _append(
    client: MlflowClient, name: str, alias: str, version: str, kind: Kind, note: str
) -> None:
    line = Promotion(alias, version, kind, datetime.now(UTC).isoformat(timespec="seconds"), note)
    # Two writers at once take the same number, never the same key: no line is written over.
    key = f"{_TAG}{len(history(client, name)) + 1:06d}-{uuid.uuid4().hex[:8]}"
    client.set_registered_model_tag(name, key, json.dumps(line.to_dict(), ensure_ascii=False))
