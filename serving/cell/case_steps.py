"""What a case may become: steps, outcomes, schemes; and its state, from its events."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from serving.cell.errors import CellError
from serving.state.cell_models import CaseEvent

STATUSES = ("to_qualify", "contacted", "oriented", "in_support", "closed")
OUTCOMES = ("saved", "failed", "merged", "out_of_scope", "declined", "unreachable")
#: status -> those that may follow: the next step, or the end
NEXT: dict[str, tuple[str, ...]] = {
    "to_qualify": ("contacted", "closed"),
    "contacted": ("oriented", "closed"),
    "oriented": ("in_support", "closed"),
    "in_support": ("closed",),
    "closed": (),
}


def state_of(events: Iterable[CaseEvent]) -> dict[str, Any]:
    """Return the state of a case: what its events say, the first one first."""
    state: dict[str, Any] = {
        "status": "to_qualify",
        "outcome": None,
        "assignee_id": None,
        "due_on": None,
        "schemes": [],
    }
    for event in events:
        state |= {name: value for name, value in event.changes.items() if name in state}
    if state["due_on"] is not None:
        state["due_on"] = date.fromisoformat(state["due_on"])
    return state


def check_step(current: str, wanted: str, outcome: str | None) -> None:
    """Refuse a step that does not follow, an end without outcome, an outcome without end.

    Raises
    ------
    CellError
        409 `bad-transition`; `outcome-missing`, `outcome-early`.
    """
    if wanted != current and wanted not in NEXT[current]:
        raise CellError(
            "Ce dossier ne passe pas à cet état.",
            code="bad-transition",
            status=409,
            where="status",
            received=f"{current} → {wanted}",
            expected=" | ".join(NEXT[current]) or "un nouveau dossier",
            todo="Suivez les étapes dans l'ordre ; un dossier peut se clore à tout moment.",
        )
    if wanted == "closed" and outcome is None:
        raise CellError(
            "Un dossier se clôt avec son issue.",
            code="outcome-missing",
            where="outcome",
            expected=" | ".join(OUTCOMES),
        )
    if wanted != "closed" and outcome is not None:
        raise CellError(
            "L'issue se donne à la clôture.",
            code="outcome-early",
            where="outcome",
            received=outcome,
            expected="status: closed",
        )


def check_schemes(given: Sequence[str], known: Collection[str]) -> list[str]:
    """Return ids of schemes, each once, in the order given; CellError `unknown-scheme`.

    `known` are those of the catalogue of now, and those that the case already has.
    """
    for scheme in given:
        if scheme not in known:
            raise CellError(
                "Ce dispositif n'est pas au catalogue.",
                code="unknown-scheme",
                where="schemes",
                received=scheme[:60],
                expected=" | ".join(known),
            )
    return list(dict.fromkeys(given))


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return what changes, as an event keeps it (days as texts)."""
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in after.items()
        if before[name] != value
    }
