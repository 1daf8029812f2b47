"""An example of every answer of the API: invented structures, fictitious SIREN."""

from __future__ import annotations

from typing import Any

from serving.api import examples_cell
from serving.api.orientation_examples import BRIEF, HISTORY, ORIENTATION, SCHEMES
from serving.api.scenario_example import COMPARED, SCENARIO

_PUBLICATION = "2026-06-30-8783bd97bf39"
_HEAD = {
    "publication": _PUBLICATION,
    "target": "failure",
    "as_of": "2026-06-30",
    "synthetic": True,
}
_ROW = {
    "rank": 1,
    "siren": "990000010",
    "pseudonym": None,
    "name": "Les Éclaireurs du Nuage",
    "ess_family": "association",
    "sector": "social_care",
    "sector_label": "Action sociale",
    "naf": "88.99B",
    "commune": "59350",
    "departement": "59",
    "region": "32",
    "employees_band": "11",
    "employees": 12,
    "level": "high",
    "horizon_months": 12,
    "p": 0.31,
    "low": 0.24,
    "high": 0.38,
    "coverage": 0.75,
    "alert": {"count": 1, "severity": 2, "last_on": "2026-07-02"},
}
_LIST = {
    "horizon_months": 12,
    "sort": "-p",
    "total": 1,
    "limit": 50,
    "next_cursor": None,
    "items": [_ROW],
}
_REASON = {
    "indicator": "grants_change_1y_ratio",
    "label": "Évolution des subventions sur un an",
    "unit": "ratio",
    "value": -0.42,
    "text": None,
    "contribution": 1.5,
    "sentence": "Les subventions connues ont baissé de 42 % en un an.",
}
_DETAIL = {
    "structures": 373864,
    "structure": _ROW,
    "horizons": [
        {
            "horizon_months": 12,
            "p": 0.31,
            "low": 0.24,
            "high": 0.38,
            "base_value": -2.94,
            "base_p": 0.05,
        }
    ],
    "reasons": {
        "horizon_months": 12,
        "base_value": -2.94,
        "score_logit": -0.8,
        "other_contribution": 0.64,
        "sentences": [_REASON["sentence"]],
        "themes": [
            {
                "theme": "funding",
                "label": "Financements publics",
                "contribution": 1.5,
                "reasons": [_REASON],
            }
        ],
    },
    "unknown": [{"theme": "account", "message": "Aucun compte déposé."}],
    "reserved": [
        {
            "source": "bdf",
            "label": "Banque de France",
            "message": "Donnée réservée : ce qui viendrait de la source « Banque de France » n'est "
            "montré qu'à qui a ce droit.",
        }
    ],
    "history": [
        {
            "fiscal_year": 2025,
            "funder_id": "slug:conseil-des-brumes",
            "funder_name": "Conseil des Brumes",
            "funder_level": "region",
            "amount_eur": 12000.5,
        }
    ],
    "trend": [
        {
            "publication": _PUBLICATION,
            "as_of": "2026-06-30",
            "p": 0.31,
            "level": "high",
            "rank": 1,
        }
    ],
    "orientation": BRIEF,
}
_NAMED = {"siren": _ROW["siren"], "pseudonym": None, "horizon_months": 12}
_GROUP = {
    "key": "32",
    "label": "Hauts-de-France",
    "region": None,
    "funder_level": None,
    "hidden": False,
    "structures": 31200,
    "unknown_size": 2100,
    "levels": {"high": 620, "moderate": 2480, "low": 27950, "unknown": 150},
    "shares": {"high": 0.0199, "moderate": 0.0795, "low": 0.8958, "unknown": 0.0048},
    "estimates": [
        {
            "horizon_months": 12,
            "expected_failures": 171.4,
            "low": 150,
            "high": 193,
            "model_low": 96.2,
            "model_high": 301.7,
            "jobs_at_stake": 2210.5,
            "jobs_low": 1805.0,
            "jobs_high": 2650.2,
        }
    ],
    "change": {
        "publication": "2025-12-31-1c9ad1f02b11",
        "as_of": "2025-12-31",
        "structures": 120,
        "expected": [{"horizon_months": 12, "now": 171.4, "before": 162.0}],
        "same": {
            "structures": 30800,
            "expected": [{"horizon_months": 12, "now": 168.0, "before": 160.1}],
        },
    },
    "practices": [],
}
_PRIORITY = _ROW | {
    "priority": 1,
    "jobs_counted": 12.0,
    "employees_known": True,
    "jobs_at_stake": 3.72,
    "lead_months": 12,
    "last_in": "commune",
    "stage": "difficulty",
    "urgency": 0.8,
    "rarity": 1.3,
    "stake": 3.87,
    "scheme": "dla",
    "value": 0.77,
    "best_scheme": "dla_restructuration",
    "full": ["DLA restructuration (59)"],
    "sentence": "dla, faute de dla_restructuration : capacité atteinte (DLA restructuration (59)).",
}
_CAPACITY = {
    "name": "DLA (59)",
    "schemes": ["dla"],
    "region": None,
    "departement": "59",
    "places": 30,
    "used": 30,
    "full": True,
    "next_priority": 2,
}
_VALUES = {"benefit": 0.77, "risk": 0.31, "risk_jobs": 3.72}
_MODEL = {
    "name": "veille-failure",
    "version": "3",
    "run_id": "0f2c",
    "horizons_months": [6, 12, 18],
    "base_values": {"12": -2.94},
    "levels": {"rule": "capacity"},
    "thresholds": {"high": 0.2, "moderate": 0.1, "horizon": 12},
    "input_hash": "5b1e",
}
_METRICS = """# TYPE veille_requests_total counter
veille_requests_total{method="GET",route="/health/live",status="200"} 3
"""

#: method and path -> the example of its 200
EXAMPLES: dict[str, Any] = examples_cell.EXAMPLES | {
    "GET /api/v1/structures": _HEAD | _LIST,
    "GET /api/v1/structures/{siren}": _HEAD | _DETAIL,
    "GET /api/v1/structures/{siren}/orientation": _HEAD | ORIENTATION,
    "GET /api/v1/structures/{siren}/history": _HEAD
    | _NAMED
    | HISTORY
    | {"trend": _DETAIL["trend"]},
    "GET /api/v1/structures/{siren}/similar": _HEAD
    | _NAMED
    | {
        "compared_on": ["employees", "grants_eur", "funders_count"],
        "items": [_ROW | {"rank": 9, "siren": "990000028", "name": "Les Relais des Brumes"}],
    },
    "GET /api/v1/schemes": SCHEMES,
    "GET /api/v1/barometer": _HEAD
    | {
        "by": "region",
        "main_horizon": 12,
        "hidden_under": 5,
        "rounded_to": None,
        "hidden": 0,
        "total": _GROUP | {"key": "france", "label": "France entière"},
        "items": [_GROUP],
    },
    "GET /api/v1/priorities": _HEAD
    | {
        "horizon_months": 12,
        "objective": "benefit",
        "to_confirm": True,
        "period": "trimestre",
        "total": 1,
        "limit": 50,
        "next_after": None,
        "policies": {"plan": _VALUES, "risk": _VALUES, "risk_jobs": _VALUES},
        "capacities": [_CAPACITY],
        "items": [_PRIORITY],
    },
    "GET /api/v1/publications": {
        "target": "failure",
        "items": [
            _HEAD
            | {
                "created_at": "2026-07-02T04:00:00Z",
                "rows": 373864,
                "current": True,
                "model_name": "veille-failure",
                "model_version": "3",
            }
        ],
    },
    "GET /api/v1/models/current": _HEAD | _MODEL,
    "GET /api/v1/indicators": {
        "items": [
            {
                "name": "grants_change_1y_ratio",
                "theme": "funding",
                "theme_label": "Financements publics",
                "kind": "numeric",
                "unit": "ratio",
                "direction": -1,
                "label": "Évolution des subventions sur un an",
                "sentence": "Les subventions connues ont évolué de {value} en un an.",
                "missing": "aucune subvention connue sur deux ans",
                "why": "une baisse rapide fragilise la trésorerie",
            }
        ]
    },
    "POST /api/v1/scores": _HEAD
    | {
        "model": "veille-failure",
        "model_version": "3",
        "items": [
            {
                "id": "A",
                "level": "moderate",
                "coverage": 0.4,
                "already_ended": False,
                "estimates": [{"horizon_months": 12, "p": 0.021, "low": 0.012, "high": 0.036}],
                "unseen_missing": [],
                "reasons": {
                    "horizon_months": 12,
                    "base_value": -4.6,
                    "score_logit": -3.1,
                    "reasons": [_REASON | {"theme": "funding"}],
                },
            }
        ],
    },
    "POST /api/v1/scenarios": SCENARIO,
    "GET /api/v1/scenarios/{scenario}": SCENARIO,
    "GET /api/v1/scenarios/{scenario}/compare/{other}": COMPARED,
    **{
        f"GET /api/v1/exports/structures.{kind}": said
        for kind, said in (
            ("csv", "Rang;SIREN;Nom\n1;990000010;Les Éclaireurs du Nuage\n"),
            ("xlsx", "PK"),
            ("parquet", "PAR1"),
        )
    },
    "GET /api/v1/briefs": "<!doctype html>",
    "GET /health/live": {"status": "live", "targets": {}},
    "GET /health/ready": {"status": "ready", "targets": {"failure": _PUBLICATION}},
    "GET /metrics": _METRICS,
}
#: the example of an answer that is neither a 200 nor a refusal
NOT_READY = {"status": "not-ready", "targets": {"failure": "no-publication"}}
