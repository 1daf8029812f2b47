"""Alerts and cases: the lines of the table of access."""

from __future__ import annotations

from serving.access.readers import (
    KEYS,
    NO_CSRF,
    NO_SCOPE,
    OUTSIDE,
    READ,
    SIGNED_IN,
    Line,
    Reader,
    given_to,
)

_R = Reader

_CELL = (
    SIGNED_IN
    | given_to(tuple(reader for reader in KEYS if reader is not _R.CELL), NO_SCOPE)
    | given_to((_R.ANALYST, _R.ADMIN), "403 role-has-no-cases")
)
_WRITTEN = {"Idempotency-Key": "{key}", "X-CSRF-Token": "{csrf}"}
_CHANGED = _WRITTEN | {"If-Match": '"1-0a1b2c3d4e5f6071"'}
_CELL_WRITTEN = {reader: "201" if answer == READ else answer for reader, answer in _CELL.items()}
_OF_THE_CELL = (_R.NATIONAL, _R.REGIONAL, _R.DEPARTMENTAL, _R.CELL)
_NO_CASE = _CELL | given_to(_OF_THE_CELL, "404 unknown-case")
_NO_ALERT = _CELL | given_to(_OF_THE_CELL, "404 unknown-alert")
_ALERT_BODY = '{"siren": "<%s>", "severity": 2, "reason": "motif", "source": "essai"%s}'

CELL_LINES: tuple[Line, ...] = (
    Line("GET", "/api/v1/alerts", _CELL),
    Line(
        "POST",
        "/api/v1/alerts",
        _CELL_WRITTEN,
        "dans le territoire",
        body=_ALERT_BODY % ("inside", ""),
        headers=_WRITTEN,
    ),
    Line(
        "POST",
        "/api/v1/alerts",
        _CELL_WRITTEN | given_to((_R.REGIONAL, _R.DEPARTMENTAL), OUTSIDE),
        "dans un autre territoire",
        body=_ALERT_BODY % ("outside", ', "region": "93"'),
        headers=_WRITTEN,
    ),
    Line(
        "POST",
        "/api/v1/alerts",
        _CELL_WRITTEN | given_to(_OF_THE_CELL[:3], NO_CSRF),
        "sans jeton de formulaire",
        body=_ALERT_BODY % ("inside", ""),
        headers={"Idempotency-Key": "{key}"},
    ),
    Line(
        "POST",
        "/api/v1/alerts",
        _CELL | given_to(_OF_THE_CELL, "400 idempotency-key-missing"),
        "sans clé d'idempotence",
        body=_ALERT_BODY % ("inside", ""),
        headers={"X-CSRF-Token": "{csrf}"},
    ),
    Line(
        "POST",
        "/api/v1/alerts/csv",
        _CELL | given_to(_OF_THE_CELL, "422 bad-alert-file"),
        "ce qui n'est pas un tableau",
        body="rien",
        headers=_WRITTEN,
    ),
    Line(
        "GET",
        "/api/v1/alerts/{alert_id}",
        _NO_ALERT,
        "inconnu, ou pas lisible",
        {"alert_id": "inconnu"},
    ),
    Line(
        "PATCH",
        "/api/v1/alerts/{alert_id}",
        _NO_ALERT,
        "inconnu, ou pas lisible",
        {"alert_id": "inconnu"},
        body='{"status": "handled"}',
        headers=_CHANGED,
    ),
    Line("GET", "/api/v1/cases", _CELL),
    Line(
        "POST",
        "/api/v1/cases",
        _CELL_WRITTEN | given_to((_R.REGIONAL, _R.DEPARTMENTAL), OUTSIDE),
        "structure d'ailleurs",
        body='{"siren": "<other>"}',
        headers=_WRITTEN,
    ),
    Line(
        "GET", "/api/v1/cases/{case_id}", _NO_CASE, "inconnu, ou ailleurs", {"case_id": "inconnu"}
    ),
    Line(
        "PATCH",
        "/api/v1/cases/{case_id}",
        _NO_CASE,
        "inconnu, ou ailleurs",
        {"case_id": "inconnu"},
        body='{"status": "contacted"}',
        headers=_CHANGED,
    ),
    Line(
        "POST",
        "/api/v1/cases/{case_id}/notes",
        _NO_CASE,
        "inconnu, ou ailleurs",
        {"case_id": "inconnu"},
        body='{"text": "Appelée."}',
        headers=_WRITTEN,
    ),
    Line(
        "POST",
        "/api/v1/cases/{case_id}/attachments",
        _NO_CASE,
        "inconnu, ou ailleurs",
        {"case_id": "inconnu"},
        body="texte",
        headers=_WRITTEN | {"X-File-Name": "compte-rendu.txt"},
    ),
    Line(
        "GET",
        "/api/v1/cases/{case_id}/attachments/{attachment_id}",
        _NO_CASE,
        "inconnu, ou ailleurs",
        {"case_id": "inconnu", "attachment_id": "inconnu"},
    ),
)
