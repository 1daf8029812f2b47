"""An example of every answer about alerts and cases: invented structures, fictitious SIREN."""

from __future__ import annotations

from typing import Any

_ALERT = {
    "id": "5f0c1d2e3a4b5c6d",
    "siren": "990000010",
    "rna": None,
    "name": "Les Éclaireurs du Nuage",
    "attached": True,
    "matched_by": "siren",
    "unattached": None,
    "region": "32",
    "departement": "59",
    "severity": 2,
    "reason": "Salaires de juin payés en retard.",
    "source": "DLA",
    "confidentiality": "territory",
    "raised_on": "2026-07-02",
    "status": "open",
    "feedback": "",
    "merged_into": None,
    "created_at": "2026-07-02T08:15:00Z",
    "created_by": "Cellule des Hauts-de-France",
    "updated_at": "2026-07-02T08:15:00Z",
    "version": 1,
    "message": "Rattaché par son SIREN.",
}
_ROW = {
    "id": "0a1b2c3d4e5f6071",
    "siren": "990000010",
    "name": "Les Éclaireurs du Nuage",
    "region": "32",
    "departement": "59",
    "status": "contacted",
    "outcome": None,
    "assignee": "cellule.hdf",
    "due_on": "2026-07-20",
    "schemes": ["dla"],
    "previous_case": None,
    "opened_at": "2026-07-02T08:20:00Z",
    "opened_by": "Cellule des Hauts-de-France",
    "updated_at": "2026-07-03T09:00:00Z",
    "closed_at": None,
    "version": 2,
}
_CASE = _ROW | {
    "events": [
        {
            "number": 1,
            "at": "2026-07-02T08:20:00Z",
            "kind": "opened",
            "changes": {"status": "to_qualify", "schemes": ["dla"]},
            "text": "",
            "by": "Cellule des Hauts-de-France",
        },
        {
            "number": 2,
            "at": "2026-07-03T09:00:00Z",
            "kind": "changed",
            "changes": {"status": "contacted", "due_on": "2026-07-20"},
            "text": "Rendez-vous pris.",
            "by": "Cellule des Hauts-de-France",
        },
    ],
    "attachments": [],
    "other_cases": [],
}
_PAGE = {"total": 1, "limit": 50, "next_cursor": None}

#: operation -> an example of its answer
EXAMPLES: dict[str, Any] = {
    "GET /api/v1/alerts": _PAGE | {"items": [_ALERT]},
    "POST /api/v1/alerts": _ALERT,
    "POST /api/v1/alerts/csv": {
        "lines": 2,
        "kept": 1,
        "merged": 0,
        "unattached": 0,
        "rejected": 1,
        "alerts": [{"line": 2, "alert": _ALERT}],
        "rejects": [
            {
                "line": 3,
                "column": "gravite",
                "value": "9",
                "code": "unreadable",
                "reason": "gravité qui n'est ni 1, 2, 3 ni un mot connu",
            }
        ],
    },
    "GET /api/v1/alerts/{alert_id}": _ALERT,
    "PATCH /api/v1/alerts/{alert_id}": _ALERT
    | {"status": "handled", "feedback": "Rendez-vous pris.", "version": 2},
    "GET /api/v1/cases": _PAGE | {"items": [_ROW]},
    "POST /api/v1/cases": _CASE,
    "GET /api/v1/cases/{case_id}": _CASE,
    "PATCH /api/v1/cases/{case_id}": _CASE,
    "POST /api/v1/cases/{case_id}/notes": _CASE,
    "POST /api/v1/cases/{case_id}/attachments": _CASE,
    "GET /api/v1/cases/{case_id}/attachments/{attachment_id}": "les octets du fichier",
}
