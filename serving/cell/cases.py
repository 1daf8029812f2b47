"""Cases, without HTTP: the follow-up of a structure in a région; its history is only added to."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from serving.access.principal import Principal, Role, Territory
from serving.cell.case_steps import check_schemes, check_step, differences, state_of
from serving.cell.days import day_of, now
from serving.cell.errors import CellError
from serving.cell.register import Found
from serving.cell.rights import own_place, require_place, visible_cases
from serving.state.cell_models import Case, CaseEvent
from serving.state.models import User

_FOLLOWERS = (Role.NATIONAL.value, Role.REGIONAL.value, Role.DEPARTMENTAL.value)


def open_case(
    session: Session,
    principal: Principal,
    siren: str,
    found: Found,
    *,
    region: str | None,
    departement: str | None,
    given: Mapping[str, Any],
    catalogue: Collection[str] = (),
) -> Case:
    """Open the case of a structure in a région, linked to the last one that was closed there.

    Parameters
    ----------
    session : Session
        Of `State.write`.
    siren, found
        The structure, and what is known of it.
    region, departement : str, optional
        Where it is followed; by default where it is, if that is in the territory.
    given : mapping
        `assignee` (login), `due_on`, `schemes`, `note`, each optional.
    catalogue : collection of str
        Ids of the schemes that may be used.

    Raises
    ------
    CellError
        409 `case-already-open`, `no-place`, `bad-assignee`, `bad-day`; `unknown-scheme`.
    AccessError
        `outside-territory`.
    """
    place = _place(principal, found, region, departement)
    here = and_(Case.siren == siren, Case.region == place[0])
    already = session.scalar(select(Case).where(here, Case.status != "closed"))
    if already is not None:
        shown = principal.may_open(already.departement, already.region)
        raise CellError(
            "Un dossier est déjà ouvert pour cette structure dans cette région.",
            code="case-already-open",
            status=409,
            where="siren",
            received=already.id if shown else None,
            todo="Suivez ce dossier, ou clôturez-le d'abord.",
        )
    former = select(Case.id).where(here, visible_cases(principal)).order_by(Case.closed_at.desc())
    moment = now()
    case = Case(
        id=secrets.token_hex(8),
        siren=siren,
        name=found.name,
        region=place[0],
        departement=place[1],
        previous_case=session.scalars(former).first(),
        **state_of(()),
        opened_at=moment,
        opened_by=principal.id,
        opened_by_name=principal.name,
        updated_at=moment,
        closed_at=None,
        version=0,
    )
    session.add(case)
    session.flush()
    wanted = {name: given[name] for name in ("assignee", "due_on", "schemes") if given.get(name)}
    after = state_of(()) | _wanted(session, case, wanted, catalogue)
    changes = {"status": "to_qualify"} | differences(state_of(()), after)
    _happened(session, principal, case, "opened", changes, given.get("note") or "")
    return case


def change_case(
    session: Session,
    principal: Principal,
    case: Case,
    given: Mapping[str, Any],
    note: str = "",
    *,
    catalogue: Collection[str] = (),
) -> Case:
    """Change a case: `given` has `status`, `outcome`, `assignee` (login), `due_on`, `schemes`.

    What is not given stays; `assignee` and `due_on` may be None. A scheme that has left the
    `catalogue` (ids) may stay in a case, not enter one.

    Raises
    ------
    CellError
        409 `case-closed`, `bad-transition`, `bad-assignee`, `bad-day`; `outcome-missing`,
        `outcome-early`, `unknown-scheme`.
    """
    require_open(case)
    before = {name: getattr(case, name) for name in state_of(())}
    check_step(case.status, given.get("status") or case.status, given.get("outcome"))
    known = list(dict.fromkeys([*catalogue, *case.schemes]))
    after = before | _wanted(session, case, given, known)
    _happened(session, principal, case, "changed", differences(before, after), note)
    return case


def add_note(session: Session, principal: Principal, case: Case, text: str) -> Case:
    """Add a note to an open case; CellError 409 `case-closed`."""
    require_open(case)
    _happened(session, principal, case, "note", {}, text)
    return case


def add_event(
    session: Session, principal: Principal, case: Case, kind: str, changes: Mapping[str, Any]
) -> None:
    """Add what happened beside the steps: a file."""
    _happened(session, principal, case, kind, dict(changes), "")


def require_open(case: Case) -> None:
    """Refuse to change a closed case: CellError 409 `case-closed`."""
    if case.status == "closed":
        raise CellError(
            "Ce dossier est clos : il ne change plus.",
            code="case-closed",
            status=409,
            where="status",
            received="closed",
            todo="Ouvrez un nouveau dossier : il sera relié à celui-ci.",
        )


def _place(
    principal: Principal, found: Found, region: str | None, departement: str | None
) -> tuple[str, str | None]:
    inside = found.region and principal.may_open(found.departement, found.region)
    if inside and region in {None, found.region} and departement is None:
        region, departement = found.region, found.departement
    else:
        region, departement = own_place(principal, region, departement)
        region = region or found.region
    if region is None:
        raise CellError(
            "On ne sait pas dans quelle région suivre cette structure.",
            code="no-place",
            status=409,
            where="region",
            expected="region ou departement",
            todo="Donnez la région de la cellule qui la suivra.",
        )
    require_place(principal, region, departement)
    return region, departement


def _wanted(
    session: Session, case: Case, given: Mapping[str, Any], known: Collection[str]
) -> dict[str, Any]:
    wanted: dict[str, Any] = {}
    for name in ("status", "outcome"):
        if given.get(name):
            wanted[name] = given[name]
    if "assignee" in given:
        wanted["assignee_id"] = _assignee(session, case, given["assignee"])
    if "due_on" in given:
        due: date | None = given["due_on"]
        if due is not None and due < day_of(now()):
            raise CellError(
                "Cette échéance est passée.",
                code="bad-day",
                status=409,
                where="due_on",
                received=due.isoformat(),
                expected="un jour à venir",
            )
        wanted["due_on"] = due
    if given.get("schemes") is not None:
        wanted["schemes"] = check_schemes(given["schemes"], known)
    return wanted


def _assignee(session: Session, case: Case, login: str | None) -> str | None:
    if login is None:
        return None
    user = session.scalar(select(User).where(User.login == login, User.active))
    if user is not None and user.role in _FOLLOWERS:
        national = user.role == Role.NATIONAL.value
        reach = Territory(frozenset(user.regions), frozenset(user.departements), national)
        if reach.contains(case.region, case.departement):
            return user.id
    raise CellError(
        "Ce dossier ne peut pas être confié à ce compte.",
        code="bad-assignee",
        status=409,
        where="assignee",
        received=login[:120],
        expected="l'identifiant d'un compte de cellule dont le territoire comprend ce dossier",
    )


def _happened(
    session: Session,
    principal: Principal,
    case: Case,
    kind: str,
    changes: dict[str, Any],
    text: str,
) -> None:
    """Add an event, and give the case the state that its events say."""
    case.version += 1
    case.updated_at = now()
    session.add(
        CaseEvent(
            case_id=case.id,
            number=case.version,
            at=case.updated_at,
            kind=kind,
            changes=changes,
            text=text,
            by=principal.id,
            by_name=principal.name,
        )
    )
    session.flush()
    events = select(CaseEvent).where(CaseEvent.case_id == case.id).order_by(CaseEvent.number)
    for name, value in state_of(session.scalars(events)).items():
        setattr(case, name, value)
    if case.status == "closed" and case.closed_at is None:
        case.closed_at = case.updated_at
    session.flush()
