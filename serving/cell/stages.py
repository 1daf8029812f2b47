"""The stage a structure is at, from its level, its proceedings and the signs that are known.

Signs: public money due and unpaid, social debts (for who may see them), funding lost. A sign that
is not known raises nothing: the stage is the one of what is known.
"""

from __future__ import annotations

from dataclasses import dataclass

from serving.cell.criteria import euros, percent
from serving.cell.facts import Facts

LABELS = {
    "anticipation": "anticipation et prévention",
    "difficulty": "difficulté",
    "urgency": "urgence",
    "rebound": "rebond",
}
LEVELS = {
    "high": "risque élevé",
    "moderate": "risque modéré",
    "low": "risque faible",
    "unknown": "données insuffisantes",
}
#: a fall of the grants in a year that is a sign by itself
CUT_RATIO = 0.2


@dataclass(frozen=True)
class Stage:
    """The stage (None: not enough is known) and why, in French."""

    name: str | None
    why: str


def stage_of(facts: Facts) -> Stage:
    """Return the stage of a structure.

    A plan in progress is a rebound, any other proceeding an urgency. A high risk is an urgency with
    a sign of empty cash, a difficulty without. Elsewhere a sign of empty cash is a difficulty, and
    so is a moderate risk with funding lost; what remains is anticipation.
    """
    if facts.proceedings == "plan":
        return Stage("rebound", "un plan de sauvegarde ou de redressement est en cours d'exécution")
    if facts.proceedings not in {None, "none"}:
        return Stage("urgency", "une procédure collective est en cours")
    cash = [sign for sign in (overdue_sign(facts), debt_sign(facts)) if sign]
    lost = funding_sign(facts) if facts.level == "moderate" else ""
    name: str | None = "anticipation"
    if facts.level == "high":
        name = "urgency" if cash else "difficulty"
    elif cash or lost:
        name = "difficulty"
    elif facts.level == "unknown":
        name = None
    return Stage(name, " ; ".join([LEVELS[facts.level], *cash, *([lost] if lost else [])]))


def overdue_sign(facts: Facts) -> str:
    """Return how much public money is known to be due and unpaid, empty where none is."""
    due = facts.overdue_eur or 0
    return f"{euros(due)} de financements publics échus et impayés" if due > 0 else ""


def debt_sign(facts: Facts) -> str:
    """Return the social debts that are known and open to the reader, empty where there are none."""
    owed = facts.debt_outstanding_eur or 0
    return f"{euros(owed)} de dettes sociales" if owed > 0 else ""


def funding_sign(facts: Facts) -> str:
    """Return the known sign that funding was lost, empty where none is."""
    if facts.lost_funders_count is not None and facts.lost_funders_count >= 1:
        return f"{facts.lost_funders_count:.0f} financeur(s) perdu(s) en un an"
    change = facts.grants_change_1y_ratio
    if change is not None and change <= -CUT_RATIO:
        return f"subventions : {percent(change)} en un an"
    return ""
