"""Tell each recipient of the current publication, once."""

from __future__ import annotations

import secrets
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from serving.access.audit import record
from serving.cell.before import list_before
from serving.cell.digest import wording
from serving.cell.digest.deliveries import (
    GIVEN_UP,
    PENDING,
    SENT,
    Delivery,
    begin_attempt,
    delivery_of,
    end_attempt,
    open_delivery,
)
from serving.cell.digest.figures import Figures, figures
from serving.cell.digest.mail import check_smtp, compose, send_mail
from serving.cell.digest.outcome import SendFailed
from serving.cell.digest.settings import DigestError, DigestSettings
from serving.cell.digest.subscriptions import Recipient, recipients
from serving.cell.digest.webhook import body_of, call, secret_of
from serving.publication import Publication
from serving.state.alone import alone
from serving.state.store import State

_LONGEST_WAIT = 60.0
_TEST = "Ceci est un essai : la lettre de Veille ESS vous parviendra.\n"
#: status of a message of a run, beside those of a delivery
ALREADY, HELD, DRY = "already", "held", "dry-run"


@dataclass(frozen=True)
class Told:
    """One recipient of a run: `status`, and `detail` in French when there is something to say."""

    recipient: Recipient
    status: str
    message_id: str = ""
    attempts: int = 0
    detail: str = ""
    figures: Figures | None = None


def send_digest(
    state: State, home: Path, target: str, settings: DigestSettings, *, dry_run: bool = False
) -> Generator[Told, None, None]:
    """Tell each subscription of the current publication of a target; yield them one by one.

    Who was told already is not told again. A message is noted before it leaves and noted as sent
    after: a run killed between the two sends it again with the same id, never another one.

    Raises
    ------
    PublicationError
        `no-publication`, `publication-corrupted`.
    DigestError
        `digest-running`: another run is at it; `smtp-insecure`.
    """
    publication = Publication.load(home, target)
    if settings.smtp is not None:
        check_smtp(settings.smtp)
    if dry_run:
        before = list_before(home, publication)
        for recipient in recipients(state):
            yield _preview(state, recipient, publication, before, settings)
        return
    with alone(state, home, "digest") as mine:
        if not mine:
            raise DigestError(
                "Un autre envoi est en cours.",
                code="digest-running",
                where=target,
                todo="Attendez sa fin : il s'occupe des mêmes messages.",
            )
        before = list_before(home, publication)
        for recipient in recipients(state):
            yield _tell(state, recipient, publication, before, settings)


def send_test(state: State, recipient: Recipient, settings: DigestSettings) -> None:
    """Send one message that says nothing of any list, once, without a second attempt.

    Raises
    ------
    DigestError
        `digest-not-sent`.
    """
    message_id = f"msg_{secrets.token_hex(12)}"
    subject = {"subscription": recipient.id, "recipient": recipient.name, "kind": recipient.kind}
    record(state, actor="cli", action="digest.test", subject=subject)
    try:
        if recipient.kind == "webhook":
            _call(state, settings, recipient, message_id, ("digest.test", datetime.now(UTC), {}))
        else:
            _mail(settings, recipient, message_id, "Veille ESS : essai de la lettre", _TEST)
    except SendFailed as error:
        raise DigestError(
            "Le message d'essai n'est pas parti.",
            code="digest-not-sent",
            where=recipient.name,
            received=error.reason,
            todo="Vérifiez les réglages smtp_…, ou l'adresse du webhook et ce qu'il répond.",
        ) from error


def _held(recipient: Recipient, settings: DigestSettings) -> str:
    if recipient.kind == "email" and settings.smtp is None:
        return "aucun serveur de courriel n'est réglé (smtp_host)"
    return recipient.held


def _preview(
    state: State,
    recipient: Recipient,
    publication: Publication,
    before: Publication | None,
    settings: DigestSettings,
) -> Told:
    known = delivery_of(state, recipient, publication.target, publication.id)
    if known and known.status == SENT:
        return Told(recipient, ALREADY, known.id, known.attempts)
    if known and known.status == GIVEN_UP:
        return Told(recipient, GIVEN_UP, known.id, known.attempts, known.error)
    if recipient.held:
        return Told(recipient, HELD, detail=recipient.held)
    said = known.figures if known else figures(publication, before, recipient.territory)
    message_id, detail = known.id if known else "", _held(recipient, settings)
    return Told(recipient, DRY, message_id, detail=detail, figures=said)


def _tell(
    state: State,
    recipient: Recipient,
    publication: Publication,
    before: Publication | None,
    settings: DigestSettings,
) -> Told:
    delivery = delivery_of(state, recipient, publication.target, publication.id)
    if delivery and delivery.status != PENDING:
        status = ALREADY if delivery.status == SENT else delivery.status
        return Told(recipient, status, delivery.id, delivery.attempts, delivery.error)
    if held := _held(recipient, settings):
        return Told(recipient, HELD, detail=held)
    if delivery is not None and delivery.figures.territory != recipient.territory:
        # Rights changed while the message was waiting: what it said is no longer theirs to read.
        end_attempt(state, delivery, GIVEN_UP, "territoire changé avant l'envoi")
        return Told(recipient, GIVEN_UP, delivery.id, detail="territoire changé avant l'envoi")
    if delivery is None:
        said = figures(publication, before, recipient.territory)
        delivery = open_delivery(state, recipient, said)
    record(
        state,
        actor="cli",
        action="digest.send",
        publication_id=publication.id,
        subject={
            "subscription": recipient.id,
            "recipient": recipient.name,
            "kind": recipient.kind,
            "message": delivery.id,
            "figures": delivery.figures.model_dump(mode="json"),
        },
    )
    return _attempts(state, recipient, delivery, settings)


def _attempts(
    state: State, recipient: Recipient, delivery: Delivery, settings: DigestSettings
) -> Told:
    wait = settings.first_wait
    status, reason, made = PENDING, "", delivery.attempts
    for turn in range(settings.tries):
        made = begin_attempt(state, delivery)
        try:
            _send(state, recipient, delivery, settings)
        except SendFailed as error:
            over = not error.passing or made >= settings.max_attempts
            status, reason = GIVEN_UP if over else PENDING, error.reason
            end_attempt(state, delivery, status, reason)
            asked = error.retry_after or 0.0
            if over or asked > _LONGEST_WAIT or turn == settings.tries - 1:
                break
            time.sleep(max(wait, asked))
            wait *= 2
        else:
            end_attempt(state, delivery, SENT)
            return Told(recipient, SENT, delivery.id, made, figures=delivery.figures)
    return Told(recipient, status, delivery.id, made, reason)


def _send(state: State, recipient: Recipient, delivery: Delivery, settings: DigestSettings) -> None:
    said = delivery.figures
    if recipient.kind == "webhook":
        content = said.model_dump(mode="json") | {"list": list_address(settings, said.target)}
        event = ("digest.published", delivery.created_at, content)
        _call(state, settings, recipient, delivery.id, event)
        return
    link = list_address(settings, said.target)
    text = wording.text(said, link=link, contact=settings.contact)
    _mail(settings, recipient, delivery.id, wording.subject(said), text)


def _call(
    state: State,
    settings: DigestSettings,
    recipient: Recipient,
    message_id: str,
    event: tuple[str, datetime, Mapping[str, Any]],
) -> None:
    kind, at, content = event
    body = body_of(kind, at.isoformat(timespec="seconds"), content)
    secret = secret_of(recipient.id, state.secret)
    call(settings, recipient.to, message_id=message_id, secret=secret, body=body)


def _mail(
    settings: DigestSettings, recipient: Recipient, message_id: str, subject: str, text: str
) -> None:
    if settings.smtp is None or recipient.held:
        raise SendFailed(_held(recipient, settings), passing=True)
    message = compose(
        settings.smtp, to=recipient.to, message_id=message_id, subject=subject, text=text
    )
    send_mail(settings.smtp, message)


def list_address(settings: DigestSettings, target: str) -> str:
    """Return the address of the list page, which names nobody; empty when not known."""
    address = settings.public_url.rstrip("/")
    return f"{address}/?target={quote(target)}" if address else ""
