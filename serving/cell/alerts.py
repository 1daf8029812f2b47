"""Alerts of the cells, without HTTP: raised, deduplicated, answered, withdrawn."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl
from sqlalchemy import ColumnElement, and_, func, select, tuple_
from sqlalchemy.orm import Session

from data.reference.funders import plain
from data.sources.alerts import without_persons
from serving.access.principal import Principal
from serving.cell.days import day_of, now
from serving.cell.errors import CellError, bad_cursor, is_identifier
from serving.cell.register import Found, Named, place_of
from serving.cell.rights import require_place, visible_alerts
from serving.state.cell_models import Alert

#: the same said again within so many days is the same alert
DUPLICATE_DAYS = 30
#: an older warning weighs on nothing: the indicators look three years back
OLDEST_DAYS = 3 * 366
CONFIDENTIALITIES = ("cell", "territory", "national")
STATUSES = ("open", "acknowledged", "handled", "withdrawn")
#: what an alert weighs by: withdrawn or merged ones weigh nothing
STANDING: ColumnElement[bool] = and_(Alert.status != "withdrawn", Alert.merged_into.is_(None))


@dataclass(frozen=True)
class NewAlert:
    """An alert about to be raised; `raised_on` is today when None."""

    named: Named
    severity: int
    reason: str
    source: str
    confidentiality: str = "territory"
    raised_on: date | None = None


@dataclass(frozen=True)
class Sought:
    """Which alerts are listed; `severity` is the least one, `cursor` the last id of a page."""

    siren: str | None = None
    regions: Sequence[str] = ()
    severity: int = 1
    statuses: Sequence[str] = ()
    attached: bool | None = None
    limit: int = 50
    cursor: str | None = None


def raise_alert(session: Session, principal: Principal, new: NewAlert, found: Found) -> Alert:
    """Keep an alert, merged into the one that said it first if there is one.

    Parameters
    ----------
    session : Session
        Of `State.write`.
    principal : Principal
        Who raises it, in the territory.
    new : NewAlert
        What is said.
    found : Found
        The structure it names (`register.resolve`).

    Raises
    ------
    CellError
        `no-identifier`; 409 `no-place`, `bad-day`.
    AccessError
        `outside-territory`.
    """
    moment = now()
    raised_on = _day(new, day_of(moment))
    region, departement = place_of(principal, new.named, found)
    reason, source = without_numbers(new.reason), without_numbers(new.source)
    alert = Alert(
        id=secrets.token_hex(8),
        siren=found.siren,
        rna=new.named.rna,
        name=found.name or new.named.name,
        matched_by=found.matched_by,
        unattached=found.unattached,
        region=region,
        departement=departement,
        severity=new.severity,
        reason=reason,
        reason_key=_key(reason, source),
        source=source,
        confidentiality=new.confidentiality,
        raised_on=raised_on,
        status="open",
        feedback="",
        created_at=moment,
        created_by=principal.id,
        created_by_name=principal.name,
        updated_at=moment,
        version=1,
    )
    first = _first(session, principal, alert)
    alert.merged_into = first.id if first else None
    session.add(alert)
    session.flush()
    return alert


def read_alert(session: Session, principal: Principal, identifier: str) -> Alert:
    """Return an alert; CellError 404 `unknown-alert`, the same for one that may not be read."""
    readable = and_(Alert.id == identifier, visible_alerts(principal))
    alert = session.scalar(select(Alert).where(readable)) if is_identifier(identifier) else None
    if alert is None:
        raise CellError(
            "Ce signalement n'existe pas, ou n'est pas lisible de votre compte.",
            code="unknown-alert",
            status=404,
            where="alert_id",
            received=identifier[:40],
            todo="Prenez l'identifiant dans la liste des signalements.",
        )
    return alert


def change_alert(
    session: Session, principal: Principal, alert: Alert, given: Mapping[str, Any], found: Found
) -> Alert:
    """Answer the sender, follow or withdraw an alert; `given` has `status`, `feedback` or `siren`.

    `found` is the structure of `siren`, by which an alert without structure is attached by hand.

    Raises
    ------
    CellError
        409 `alert-withdrawn`, `alert-attached`; 404 `unknown-siren`: no structure has it.
    AccessError
        `outside-territory`: the alert may be read there, and changed at home only.
    """
    if alert.created_by != principal.id:
        require_place(principal, alert.region, alert.departement)
    if alert.status == "withdrawn":
        raise CellError(
            "Ce signalement a été retiré : il ne change plus.",
            code="alert-withdrawn",
            status=409,
            where="status",
            received="withdrawn",
            todo="Faites un nouveau signalement.",
        )
    if given.get("siren"):
        if alert.siren is not None:
            raise CellError(
                "Ce signalement est déjà rattaché à une structure.",
                code="alert-attached",
                status=409,
                where="siren",
                received=given["siren"],
                todo="Retirez-le, et faites un signalement sur l'autre structure.",
            )
        if found.siren is None:
            raise CellError(
                "Aucune structure connue n'a ce SIREN.",
                code="unknown-siren",
                status=404,
                where="siren",
                received=given["siren"],
                todo="Vérifiez le SIREN auprès de la structure.",
            )
        alert.siren, alert.name, alert.matched_by = found.siren, found.name, "hand"
        alert.unattached = None
    alert.status = given.get("status") or alert.status
    if alert.status == "withdrawn":
        _promote(session, alert)
    if given.get("feedback"):
        alert.feedback = without_numbers(given["feedback"])
    alert.version += 1
    alert.updated_at = now()
    session.flush()
    return alert


def _promote(session: Session, gone: Alert) -> None:
    """Let the oldest alert that was merged into a withdrawn one stand in its place."""
    merged = select(Alert).where(Alert.merged_into == gone.id, Alert.status != "withdrawn")
    others = list(session.scalars(merged.order_by(Alert.created_at, Alert.id)))
    for other in others:
        other.merged_into = None if other is others[0] else others[0].id
        other.version += 1


def list_alerts(
    session: Session, principal: Principal, sought: Sought
) -> tuple[list[Alert], int, str | None]:
    """Return the alerts that may be read, the latest first: a page, the total, the next cursor.

    One that was merged is listed to who raised it only.

    Raises
    ------
    RankingError
        `cursor-invalid`.
    """
    wanted = [
        visible_alerts(principal),
        Alert.merged_into.is_(None) | (Alert.created_by == principal.id),
        Alert.severity >= sought.severity,
    ]
    if sought.siren:
        wanted.append(Alert.siren == sought.siren)
    if sought.regions:
        wanted.append(Alert.region.in_(sought.regions))
    if sought.statuses:
        wanted.append(Alert.status.in_(sought.statuses))
    if sought.attached is not None:
        wanted.append(Alert.siren.is_not(None) if sought.attached else Alert.siren.is_(None))
    total = session.scalar(select(func.count()).select_from(Alert).where(*wanted)) or 0
    if sought.cursor:
        last = session.get(Alert, sought.cursor) if is_identifier(sought.cursor) else None
        if last is None:
            raise bad_cursor(sought.cursor)
        wanted.append(tuple_(Alert.created_at, Alert.id) < (last.created_at, last.id))
    order = select(Alert).where(*wanted).order_by(Alert.created_at.desc(), Alert.id.desc())
    rows = list(session.scalars(order.limit(sought.limit + 1)))
    more = len(rows) > sought.limit
    rows = rows[: sought.limit]
    return rows, total, rows[-1].id if more else None


def without_numbers(text: str) -> str:
    """Return a text without the addresses and numbers of persons, as alerts of files are kept."""
    kept: str = pl.select(without_persons(pl.lit(text))).item()
    return kept.strip()


def _day(new: NewAlert, today: date) -> date:
    raised_on = new.raised_on or today
    if not today - timedelta(days=OLDEST_DAYS) <= raised_on <= today:
        raise CellError(
            "Le jour du signalement n'est pas accepté.",
            code="bad-day",
            status=409,
            where="raised_on",
            received=raised_on.isoformat(),
            expected=f"un jour passé, depuis {today - timedelta(days=OLDEST_DAYS):%d/%m/%Y}",
        )
    return raised_on


def _key(reason: str, source: str) -> str:
    return hashlib.sha256(f"{plain(reason)}\n{plain(source)}".encode()).hexdigest()


def _first(session: Session, principal: Principal, alert: Alert) -> Alert | None:
    """Return the alert that already says this one, among those its sender may read.

    The same structure, région, reason, source and readers, not less severe, raised within
    `DUPLICATE_DAYS`: one that says more is another alert.
    """
    if alert.siren is not None:
        same = Alert.siren == alert.siren
    elif alert.rna is not None:
        same = Alert.rna == alert.rna
    else:
        same = and_(Alert.siren.is_(None), Alert.rna.is_(None), Alert.name == alert.name)
    near = timedelta(days=DUPLICATE_DAYS)
    found = select(Alert).where(
        same,
        STANDING,
        visible_alerts(principal),
        Alert.region == alert.region,
        Alert.reason_key == alert.reason_key,
        Alert.confidentiality == alert.confidentiality,
        Alert.severity >= alert.severity,
        Alert.raised_on.between(alert.raised_on - near, alert.raised_on + near),
    )
    return session.scalars(found.order_by(Alert.created_at, Alert.id)).first()
