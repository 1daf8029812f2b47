"""Which schemes may help a structure: stage, criteria, order, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from data.reference.schemes import Catalogue, Scheme
from serving.cell.criteria import Judged, Result, in_territory, judge, result_of
from serving.cell.drivers import Driver, drivers_of
from serving.cell.facts import Facts
from serving.cell.stages import LABELS, Stage, stage_of

#: what a driver loses at each place of a scheme's list: the first is what the scheme is for
_NOT_FIRST = 0.25
VERDICTS = ("fits", "to_check", "does_not_fit")


@dataclass(frozen=True)
class Oriented:
    """One scheme for one structure.

    `stage` is the structure's where the scheme acts at it, None elsewhere. `priority` counts from 1
    among the schemes that fit or are to be checked; None for the others. `decided_by` are the
    criteria that made the verdict.
    """

    scheme: Scheme
    stage: str | None
    verdict: str
    criteria: tuple[Judged, ...]
    decided_by: tuple[Judged, ...]
    priority: int | None
    why: str
    drivers: tuple[str, ...]


@dataclass(frozen=True)
class Orientation:
    """The stage of the structure, and every scheme of the catalogue, first to turn to first."""

    stage: Stage
    schemes: tuple[Oriented, ...]


def orientation(catalogue: Catalogue, facts: Facts) -> Orientation:
    """Return the orientation of one structure.

    A scheme fits when its stages, its territory and all its criteria are met; it does not when one
    is not met; in between it is to be checked. Schemes that facts and reasons call for come first,
    the strongest call first; then those that fit, those to be checked, those that do not fit; the
    order of the catalogue decides between equals.
    """
    stage = stage_of(facts)
    judged = [(scheme, _judged(scheme, facts, stage)) for scheme in catalogue.schemes.values()]
    drivers = drivers_of(facts, [scheme.label for scheme, found in judged if _too_small(found)])
    ordered = sorted(judged, key=lambda pair: _order(pair[0], pair[1], drivers))
    schemes = []
    for place, (scheme, criteria) in enumerate(ordered, 1):
        verdict, decided_by = _verdict(criteria)
        called = [drivers[name] for name in scheme.drivers if name in drivers]
        fitting = verdict != "does_not_fit"
        schemes.append(
            Oriented(
                scheme=scheme,
                stage=stage.name if stage.name in scheme.stages else None,
                verdict=verdict,
                criteria=criteria,
                decided_by=decided_by,
                priority=place if fitting else None,
                why=_why(verdict, decided_by, called if fitting else ()),
                drivers=tuple(driver.name for driver in called),
            )
        )
    return Orientation(stage, tuple(schemes))


def _judged(scheme: Scheme, facts: Facts, stage: Stage) -> tuple[Judged, ...]:
    label = "À ce stade : " + ", ".join(LABELS[name] for name in scheme.stages)
    met = None if stage.name is None else stage.name in scheme.stages
    if len(scheme.stages) == len(LABELS):
        met = True
    said = f"{LABELS[stage.name]} ({stage.why})" if stage.name else stage.why
    at_stage = Judged("stage", label, result_of(met=met), "level", said)
    criteria = (judge(criterion, facts) for criterion in scheme.criteria)
    return (at_stage, in_territory(scheme.regions, facts), *criteria)


def _verdict(criteria: Sequence[Judged]) -> tuple[str, tuple[Judged, ...]]:
    for result, verdict in ((Result.NOT_MET, "does_not_fit"), (Result.UNKNOWN, "to_check")):
        if those := tuple(one for one in criteria if one.result is result):
            return verdict, those
    return "fits", tuple(criteria)


def _order(
    scheme: Scheme, criteria: Sequence[Judged], drivers: dict[str, Driver]
) -> tuple[bool, float, int]:
    verdict, _ = _verdict(criteria)
    strengths = (
        drivers[name].strength - _NOT_FIRST * place
        for place, name in enumerate(scheme.drivers)
        if name in drivers
    )
    return verdict == "does_not_fit", -max(strengths, default=0.0), VERDICTS.index(verdict)


def _too_small(criteria: Sequence[Judged]) -> bool:
    return any(c.kind == "budget_above" and c.result is Result.NOT_MET for c in criteria)


def _why(verdict: str, decided_by: Sequence[Judged], called: Sequence[Driver]) -> str:
    said = [driver.sentence for driver in called]
    if verdict == "fits" and not said:
        return "Correspond à la structure, sans raison pressante."
    if verdict == "to_check":
        said.append("À vérifier : " + " ; ".join(one.label for one in decided_by) + ".")
    if verdict == "does_not_fit":
        return "Non rempli : " + " ; ".join(f"{c.label} ({c.value})" for c in decided_by) + "."
    return " ".join(said)
