"""Alerts and cases by the client: each write carries its own key, so that it may be made again."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import TypedDict, Unpack
from urllib.parse import quote

from veille.client.following_answers import (
    AlertAnswer,
    AlertFileAnswer,
    AlertList,
    CaseAnswer,
    CaseList,
    CaseRow,
)
from veille.client.reading import API, Answer, Reading, understood

_PAGE = 200
_JSON = "application/json"


class AlertGiven(TypedDict, total=False):
    """An alert to raise: one of siren, rna, name, then what is said (docs/alerts-and-cases.md)."""

    siren: str
    rna: str
    name: str
    region: str
    departement: str
    severity: int
    reason: str
    source: str
    confidentiality: str
    raised_on: date


class CaseGiven(TypedDict, total=False):
    """What a new case holds besides its structure."""

    region: str
    departement: str
    assignee: str
    due_on: date
    schemes: list[str]
    note: str


class CaseChange(TypedDict, total=False):
    """What changes in a case; `assignee` and `due_on` may be None."""

    status: str
    outcome: str
    assignee: str | None
    due_on: date | None
    schemes: list[str]
    note: str


class FollowingCalls(Reading):
    """The calls on alerts and cases, for `Client`; `key` of a write: the same one to repeat it."""

    def alerts(self, **filters: object) -> Iterator[AlertAnswer]:
        """Yield the alerts that this key may read, the latest first; filters as in docs/api.md."""
        query: dict[str, object] = {**filters, "limit": _PAGE}
        while True:
            page = self._read(AlertList, "/alerts", query)
            yield from page.items
            if page.next_cursor is None:
                return
            query["cursor"] = page.next_cursor

    def alert(self, alert_id: str) -> AlertAnswer:
        """Return one alert, with the answer to its sender."""
        return self._read(AlertAnswer, f"/alerts/{quote(alert_id, safe='')}", {})

    def raise_alert(self, *, key: str | None = None, **alert: Unpack[AlertGiven]) -> AlertAnswer:
        """Raise an alert and return what became of it."""
        return self._sent(AlertAnswer, "POST", "/alerts", alert, key)

    def raise_alerts(self, path: str | Path, *, key: str | None = None) -> AlertFileAnswer:
        """Raise the alerts of a CSV file; the answer says each line kept or rejected."""
        body, headers = Path(path).read_bytes(), {"Content-Type": "text/csv"}
        return self._written(AlertFileAnswer, "POST", "/alerts/csv", body, key, headers)

    def change_alert(
        self, alert: AlertAnswer, *, key: str | None = None, **changes: str
    ) -> AlertAnswer:
        """Change an alert as it was read: `status`, `feedback` or `siren`.

        Raises
        ------
        ApiError
            412 `stale-version`: someone changed it since; read it again.
        """
        path = f"/alerts/{quote(alert.id, safe='')}"
        return self._sent(AlertAnswer, "PATCH", path, changes, key, alert)

    def cases(self, **filters: object) -> Iterator[CaseRow]:
        """Yield the cases of the territory, the latest first; filters as in docs/api.md."""
        query: dict[str, object] = {**filters, "limit": _PAGE}
        while True:
            page = self._read(CaseList, "/cases", query)
            yield from page.items
            if page.next_cursor is None:
                return
            query["cursor"] = page.next_cursor

    def case(self, case_id: str) -> CaseAnswer:
        """Return one case with its history."""
        return self._read(CaseAnswer, f"/cases/{quote(case_id, safe='')}", {})

    def open_case(
        self, siren: str, *, key: str | None = None, **more: Unpack[CaseGiven]
    ) -> CaseAnswer:
        """Open the case of a structure."""
        return self._sent(CaseAnswer, "POST", "/cases", {"siren": siren, **more}, key)

    def change_case(
        self, case: CaseRow, *, key: str | None = None, **changes: Unpack[CaseChange]
    ) -> CaseAnswer:
        """Change a case as it was read. Raises as `change_alert`."""
        path = f"/cases/{quote(case.id, safe='')}"
        return self._sent(CaseAnswer, "PATCH", path, changes, key, case)

    def note(self, case_id: str, text: str, *, key: str | None = None) -> CaseAnswer:
        """Add a note to a case."""
        path = f"/cases/{quote(case_id, safe='')}/notes"
        return self._sent(CaseAnswer, "POST", path, {"text": text}, key)

    def attach(self, case_id: str, path: str | Path, *, key: str | None = None) -> CaseAnswer:
        """Add a file to a case, under its own name."""
        file = Path(path)
        headers = {
            "Content-Type": "application/octet-stream",
            "X-File-Name": quote(file.name, safe=""),
        }
        address = f"/cases/{quote(case_id, safe='')}/attachments"
        return self._written(CaseAnswer, "POST", address, file.read_bytes(), key, headers)

    def attachment(self, case_id: str, attachment_id: str) -> bytes:
        """Return the bytes of a file of a case."""
        names = (quote(one, safe="") for one in (case_id, attachment_id))
        path = "{}/cases/{}/attachments/{}".format(API, *names)
        return self._transport.get(path, {}).content

    def _sent(
        self,
        model: type[Answer],
        method: str,
        path: str,
        body: Mapping[str, object],
        key: str | None,
        read: AlertAnswer | CaseRow | None = None,
    ) -> Answer:
        headers = {"Content-Type": _JSON}
        if read is not None:
            headers["If-Match"] = f'"{read.version}-{read.id}"'
        text = json.dumps(dict(body), default=str).encode()
        return self._written(model, method, path, text, key, headers)

    def _written(
        self,
        model: type[Answer],
        method: str,
        path: str,
        body: bytes,
        key: str | None,
        headers: dict[str, str],
    ) -> Answer:
        headers = headers | {"Idempotency-Key": key or str(uuid.uuid4())}
        answer = self._transport.send(method, API + path, body, headers)
        return understood(model, answer.content, API + path)
