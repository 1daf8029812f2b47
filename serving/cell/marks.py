"""What alerts and cases say of the list: which structures they keep, a mark on each row."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from serving.access.principal import Principal, Scope
from serving.cell.alerts import STANDING
from serving.cell.case_reading import check_used, uses
from serving.cell.rights import (
    may_read_alerts,
    may_read_cases,
    reads,
    visible_alerts,
    visible_cases,
)
from serving.ranking import Filters
from serving.state import State
from serving.state.cell_models import Alert, Case


def narrowed(
    filters: Filters,
    state: State,
    principal: Principal,
    *,
    first_alert: bool = False,
    case_status: Sequence[str] = (),
    scheme: Sequence[str] = (),
    catalogue: Collection[str] = (),
) -> Filters:
    """Return filters that keep the structures of these alerts and cases only.

    Parameters
    ----------
    first_alert : bool
        Structures with a standing alert, and no case yet.
    case_status, scheme : sequence of str
        Structures with a case in one of these states; with one that uses one of these schemes.
    catalogue : collection of str
        Ids of the schemes of now.

    Raises
    ------
    AccessError
        `role-has-no-cases`, `missing-scope`: who reads no alert, or no case.
    RankingError
        `bad-value`: a scheme of neither the catalogue nor a case.
    """
    if not (first_alert or case_status or scheme):
        return filters
    if first_alert:
        may_read_alerts(principal)
    if case_status or scheme:
        may_read_cases(principal)
    sets = []
    with state.read() as session:
        if first_alert:
            followed = select(Case.siren).where(visible_cases(principal))
            raised = select(Alert.siren).where(
                STANDING,
                visible_alerts(principal),
                Alert.siren.is_not(None),
                Alert.siren.not_in(followed),
            )
            sets.append(_numbers(session.scalars(raised.distinct())))
        check_used(session, principal, scheme, catalogue)
        for wanted, condition in ((case_status, Case.status.in_(case_status)), (scheme, None)):
            if wanted:
                one = uses(wanted) if condition is None else condition
                found = select(Case.siren).where(visible_cases(principal), one).distinct()
                sets.append(_numbers(session.scalars(found)))
    asked = f"{first_alert} {sorted(case_status)} {sorted(scheme)}"
    return replace(filters, only=frozenset.intersection(*sets), only_asked=asked)


def alert_marks(
    session: Session, principal: Principal, sirens: Iterable[str]
) -> dict[str, dict[str, Any]]:
    """Return, by SIREN, the standing alerts that a reader may read: `count`, `severity`, `last_on`.

    Nothing for who reads no alert.
    """
    wanted = list(sirens)
    if not wanted or not reads(principal, Scope.READ_ALERTS):
        return {}
    last: Any = func.max(Alert.raised_on)
    found = (
        select(Alert.siren, func.count(), func.max(Alert.severity), last)
        .where(STANDING, visible_alerts(principal), Alert.siren.in_(wanted))
        .group_by(Alert.siren)
    )
    marks: dict[str, dict[str, Any]] = {}
    for siren, count, severity, day in session.execute(found):
        last_on: date = day
        marks[str(siren)] = {"count": count, "severity": severity, "last_on": last_on}
    return marks


def _numbers(sirens: Iterable[str | None]) -> frozenset[int]:
    return frozenset(int(siren) for siren in sirens if siren)
