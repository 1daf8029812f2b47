"""Checks of a model before it is promoted: codes, three states, what they found."""

from __future__ import annotations

from training.checks import leaks, signals
from training.checks.result import Check, Result, Subject

CHECKS: tuple[Check, ...] = (
    Check("leak-single-feature", blocking=True, run=leaks.single),
    Check("leak-tomorrow", blocking=True, run=leaks.tomorrow),
    Check("leak-future-rows", blocking=True, run=leaks.future),
    Check("leak-label-name", blocking=True, run=leaks.named),
    Check("drift-indicators", blocking=False, run=signals.indicators),
    Check("drift-scores", blocking=False, run=signals.scores),
    Check("calibration", blocking=False, run=signals.calibration),
    Check("ties", blocking=False, run=signals.ties),
    Check("subgroup-gaps", blocking=False, run=signals.subgroups),
    Check("unseen-missing", blocking=False, run=signals.unseen),
    Check("coverage-breaks", blocking=False, run=signals.coverage),
    Check("seeds", blocking=False, run=signals.seeds),
    Check("sample-size", blocking=False, run=signals.size),
)


def run(subject: Subject) -> list[tuple[Check, Result]]:
    """Return what every check says of a model."""
    return [(check, check.run(subject)) for check in CHECKS]


__all__ = ["CHECKS", "Check", "Result", "Subject", "run"]
