"""One line of the registry: a version of a registered model, or the error that there is none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from models.spec import ModelError

PREFIX = "veille-"


@dataclass(frozen=True)
class RegisteredModel:
    """One version of a registered model.

    Attributes
    ----------
    name, version : str
        Registered name ("veille-failure") and version ("3").
    run_id, run_name : str
        Run that made it; the run's name is chosen by the caller and unique.
    created_at : datetime
        UTC.
    aliases : tuple[str, ...]
        "champion", "challenger".
    metrics, params, tags : dict
        Of the run.
    """

    name: str
    version: str
    run_id: str
    run_name: str
    created_at: datetime
    aliases: tuple[str, ...]
    metrics: dict[str, float]
    params: dict[str, str]
    tags: dict[str, str]

    @property
    def target(self) -> str:
        """Return the target, e.g. "failure"."""
        return self.name.removeprefix(PREFIX)


def not_found(reference: str) -> ModelError:
    """Return the error `no-model` for a reference that nothing answers to."""
    return ModelError(
        "Aucun modèle enregistré ne répond à ce nom.",
        code="no-model",
        received=reference,
        expected="champion, challenger, un nom de modèle ou un numéro de version",
        todo="`veille models` donne la liste ; `veille train` en apprend un.",
    )
