"""Examples of what the API answers on schemes: an invented structure, a fictitious SIREN."""

from __future__ import annotations

from typing import Any

_WHY = "18 000 € de financements publics échus et impayés."
_CRITERION = {
    "kind": "late_payment",
    "label": "Un différend est connu : argent public échu et impayé",
    "result": "met",
    "fact": "overdue_eur",
    "value": "18 000 € échus et impayés",
}
_SCHEME: dict[str, Any] = {
    "id": "mediateur_entreprises",
    "label": "Médiateur des entreprises",
    "means": "Médiation gratuite, rapide et confidentielle de tout différend.",
    "drivers": ["late_payment"],
    "contact": "Saisine en ligne : www.mediateur-des-entreprises.fr",
    "bring": ["la convention ou la notification de la subvention"],
    "source": "Compte rendu de lancement de la cellule nationale de veille",
    "source_on": "2025-06-25",
    "to_confirm": False,
    "note": "",
}

#: in the detail of a structure
BRIEF = [
    {
        "id": _SCHEME["id"],
        "label": _SCHEME["label"],
        "stage": "urgency",
        "verdict": "fits",
        "priority": 1,
        "why": _WHY,
    }
]
ORIENTATION = {
    "siren": "990000010",
    "pseudonym": None,
    "catalogue": "f70ad4dc6f73a7b3",
    "stage": "urgency",
    "stage_label": "urgence",
    "stage_why": f"risque élevé ; {_WHY[:-1]}",
    "reserved": [],
    "schemes": [
        {
            **_SCHEME,
            **BRIEF[0],
            "criteria": [_CRITERION],
            "decided_by": [_CRITERION],
            "candidates": [
                {
                    "siren": "990000028",
                    "pseudonym": None,
                    "name": "Les Relais des Brumes",
                    "sector": "social_care",
                    "sector_label": "Action sociale",
                    "commune": "59350",
                    "departement": "59",
                    "region": "32",
                    "employees_band": "11",
                }
            ],
        }
    ],
}
HISTORY = {
    "years": [
        {
            "fiscal_year": 2025,
            "total_eur": 12000.5,
            "funders": [
                {
                    "funder_id": "slug:conseil-des-brumes",
                    "funder_name": "Conseil des Brumes",
                    "funder_level": "region",
                    "amount_eur": 12000.5,
                }
            ],
        }
    ],
    "next_before": 2025,
}
SCHEMES = {
    "catalogue": "f70ad4dc6f73a7b3",
    "items": [
        {
            **_SCHEME,
            "stages": ["anticipation", "difficulty", "urgency", "rebound"],
            "regions": [],
            "criteria": [
                {
                    "kind": "late_payment",
                    "label": _CRITERION["label"],
                    "values": [],
                    "number": None,
                    "of": [],
                }
            ],
            "own": False,
        }
    ],
}
