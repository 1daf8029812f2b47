"""Cases that are read, without HTTP: one with its history, or a list."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, String, cast, func, or_, select, tuple_
from sqlalchemy.orm import Session

from serving.access.principal import Principal
from serving.cell.days import day_of, now
from serving.cell.errors import CellError, bad_cursor, is_identifier
from serving.cell.rights import visible_cases
from serving.cursor import RankingError
from serving.state.cell_models import Case, CaseAttachment, CaseEvent
from serving.state.models import User


@dataclass(frozen=True)
class Sought:
    """Which cases are listed; `cursor` is the last id of a page; `mine`: assigned to the reader."""

    siren: str | None = None
    regions: Sequence[str] = ()
    statuses: Sequence[str] = ()
    schemes: Sequence[str] = ()
    mine: bool = False
    overdue: bool = False
    limit: int = 50
    cursor: str | None = None


@dataclass(frozen=True)
class Whole:
    """A case with its history, its files, and the other cases of the structure that may be read."""

    case: Case
    assignee: str | None
    events: list[CaseEvent]
    attachments: list[CaseAttachment]
    others: list[str]


def read_case(session: Session, principal: Principal, identifier: str) -> Case:
    """Return a case; CellError 404 `unknown-case`, the same for one that may not be read."""
    readable = select(Case).where(Case.id == identifier, visible_cases(principal))
    case = session.scalar(readable) if is_identifier(identifier) else None
    if case is None:
        raise CellError(
            "Ce dossier n'existe pas, ou n'est pas lisible de votre compte.",
            code="unknown-case",
            status=404,
            where="case_id",
            received=identifier[:40],
            todo="Prenez l'identifiant dans la liste des dossiers.",
        )
    return case


def whole(session: Session, principal: Principal, case: Case) -> Whole:
    """Return a case with its history, its files and the other cases of the structure."""
    events = select(CaseEvent).where(CaseEvent.case_id == case.id).order_by(CaseEvent.number)
    files = select(CaseAttachment).where(CaseAttachment.case_id == case.id)
    others = select(Case.id).where(
        Case.siren == case.siren, Case.id != case.id, visible_cases(principal)
    )
    assignee = session.get(User, case.assignee_id) if case.assignee_id else None
    return Whole(
        case,
        assignee.login if assignee else None,
        list(session.scalars(events)),
        list(session.scalars(files.order_by(CaseAttachment.added_at, CaseAttachment.id))),
        list(session.scalars(others.order_by(Case.opened_at, Case.id))),
    )


def list_cases(
    session: Session, principal: Principal, sought: Sought
) -> tuple[list[tuple[Case, str | None]], int, str | None]:
    """Return the cases of the territory with the login of who follows them, the latest first.

    Returns
    -------
    tuple
        A page, the total, the next cursor.

    Raises
    ------
    RankingError
        `cursor-invalid`.
    """
    wanted = [visible_cases(principal)]
    if sought.siren:
        wanted.append(Case.siren == sought.siren)
    if sought.regions:
        wanted.append(Case.region.in_(sought.regions))
    if sought.statuses:
        wanted.append(Case.status.in_(sought.statuses))
    if sought.schemes:
        wanted.append(uses(sought.schemes))
    if sought.mine:
        wanted.append(Case.assignee_id == principal.id)
    if sought.overdue:
        wanted += [Case.status != "closed", Case.due_on < day_of(now())]
    total = session.scalar(select(func.count()).select_from(Case).where(*wanted)) or 0
    if sought.cursor:
        last = session.get(Case, sought.cursor) if is_identifier(sought.cursor) else None
        if last is None:
            raise bad_cursor(sought.cursor)
        wanted.append(tuple_(Case.opened_at, Case.id) < (last.opened_at, last.id))
    rows = session.execute(
        select(Case, User.login)
        .outerjoin(User, User.id == Case.assignee_id)
        .where(*wanted)
        .order_by(Case.opened_at.desc(), Case.id.desc())
        .limit(sought.limit + 1)
    )
    found: list[tuple[Case, str | None]] = [(case, login) for case, login in rows]
    more, found = len(found) > sought.limit, found[: sought.limit]
    return found, total, found[-1][0].id if more else None


def check_used(
    session: Session, principal: Principal, schemes: Sequence[str], catalogue: Collection[str]
) -> None:
    """Refuse to look for a scheme that is neither in the catalogue nor in a case that may be read.

    A misspelt word would give an empty list, read as "nobody". One that has left the catalogue is
    still found: cases keep it.

    Raises
    ------
    RankingError
        `bad-value`.
    """
    for scheme in schemes:
        if scheme in catalogue:
            continue
        kept = select(Case.id).where(visible_cases(principal), uses([scheme])).limit(1)
        if session.scalar(kept) is None:
            raise RankingError(
                "Ce dispositif n'est ni au catalogue ni dans un dossier.",
                code="bad-value",
                where="scheme",
                received=scheme[:60],
                expected=" | ".join(catalogue),
            )


def uses(schemes: Sequence[str]) -> ColumnElement[bool]:
    """Return the condition of the cases that use one of these schemes."""
    text = cast(Case.schemes, String)
    return or_(*(text.contains(f'"{scheme}"', autoescape=True) for scheme in schemes))
