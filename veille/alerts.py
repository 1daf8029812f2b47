"""Alerts of the cells become facts: sent to the lake once, known from the day of their raising.

What is sent is kept as files under ``<home>/state/alerts_sent``, one for each day and sending, and
ingested as any file of alerts: sending again ingests what a stopped command had not.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import or_, select

from data.lake import Lake
from data.sources import alerts
from data.sources.base import ReadOptions
from data.whole import whole_file
from serving.cell.alerts import STANDING
from serving.cell.days import day_of
from serving.state import State, open_state
from serving.state.cell_models import Alert
from veille import line

#: in place of a reason that is for its own cell
_RESERVED = "Réservé à la cellule régionale."


@dataclass(frozen=True)
class Sent:
    """What a sending did: alerts sent for the first time, and the days they count from."""

    alerts: int
    days: tuple[date, ...]


def send(home: Path, state: State) -> Sent:
    """Send to the lake the alerts that it does not have: attached ones, not withdrawn nor merged.

    Worked example: raised on 3 July about the 1st, sent on the 10th, an alert counts as of the 3rd
    and not as of the 2nd. One withdrawn before it was sent is never sent; afterwards it stays, for
    it was known.
    """
    folder = home / "state" / "alerts_sent"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Two runs beside choose one after the other: nobody sends the same alert twice.
    with state.write() as session:
        known = {one["id"] for file in folder.glob("*.json") for one in _read(file)}
        wanted = select(Alert).where(
            STANDING, or_(Alert.siren.is_not(None), Alert.rna.is_not(None))
        )
        days: dict[date, list[dict[str, Any]]] = defaultdict(list)
        for alert in session.scalars(wanted.order_by(Alert.id)):
            if alert.id not in known:
                days[_known_on(alert)].append(_fact(alert))
        for day, facts in days.items():
            text = json.dumps(facts, ensure_ascii=False, indent=1)
            digest = hashlib.sha256(text.encode()).hexdigest()[:12]
            with whole_file(folder / f"{day.isoformat()}-{digest}.json") as draft:
                draft.write_text(text, encoding="utf-8")
    # The lake takes its time and needs no lock: people write meanwhile, and a file that two runs
    # ingest is there once.
    for file in sorted(folder.glob("*.json")):
        day = date.fromisoformat(file.name[: len("2026-07-03")])
        _ingest(home, file, day)
    return Sent(sum(map(len, days.values())), tuple(sorted(days)))


def _ingest(home: Path, file: Path, day: date) -> None:
    """Ingest a file of alerts; those of a synthetic France are simulated too."""
    source = line.SYNTHETIC if line.is_synthetic(home) else alerts.NAME
    lake, options = Lake(home), ReadOptions(known_on=day)
    if lake.find(source, file, options) is None:
        lake.commit(alerts.read(file, options), source=source, file=file, options=options)


def send_if_any(home: Path, database_url: str | None) -> Sent | None:
    """Send what there is to send; None for a home that no cell writes in."""
    if database_url is None and not (home / "state" / "state.db").exists():
        return None
    state = open_state(home, database_url)
    try:
        return send(home, state)
    finally:
        state.close()


def _known_on(alert: Alert) -> date:
    # Attached by hand, it says nothing of the structure before that.
    return day_of(alert.updated_at if alert.matched_by == "hand" else alert.created_at)


def _fact(alert: Alert) -> dict[str, Any]:
    return {
        "id": alert.id,
        "siren": alert.siren,
        "rna": None if alert.siren else alert.rna,
        "region": alert.region,
        "severity": alert.severity,
        "reason": _RESERVED if alert.confidentiality == "cell" else alert.reason,
        "raised_on": alert.raised_on.isoformat(),
    }


def _read(file: Path) -> list[dict[str, Any]]:
    facts: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return facts
