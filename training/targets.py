"""The targets: what is predicted, for whom, how far ahead. Every field is hashed into the run."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Literal

from data.errors import VeilleError


@dataclass(frozen=True)
class Target:
    """One event to predict.

    `scope` (funding_loss): "state" looks at the State's yearly list only, the one consistent
    funder over years; "all" at every funder whose data exist for both years.
    """

    name: str
    horizons_months: tuple[int, ...]
    main_horizon_months: int
    title: str
    event: str
    scope: Literal["state", "all"] = "state"
    min_amount_eur: int = 10_000
    min_years_of_three: int = 2
    loss_below: float = 0.5
    reporting_lag_days: int = field(default=60)

    def config(self) -> dict[str, object]:
        """Return every field, for the hash of the run."""
        return asdict(self)


TARGETS: dict[str, Target] = {
    "failure": Target(
        "failure",
        (6, 12, 18),
        12,
        "Défaillance",
        "première entrée en procédure collective, ou dissolution ou cessation hors fusion",
    ),
    "funding_loss": Target(
        "funding_loss",
        (12,),
        12,
        "Perte de financement",
        "financement public récurrent du prochain exercice inférieur à la moitié du dernier",
    ),
}


def target(name: str) -> Target:
    """Return a target by its name.

    Raises
    ------
    VeilleError
        No target has this name.
    """
    if name not in TARGETS:
        raise VeilleError(
            "Cible inconnue.",
            code="unknown-target",
            where="--target",
            received=name,
            expected=" ou ".join(TARGETS),
        )
    return TARGETS[name]
