"""An example of the result of a scenario: invented figures, a fictitious SIREN."""

from __future__ import annotations

from typing import Any

from serving.cell.scenarios.act import STATEMENT


def _interval(expected: float, low: float, high: float) -> dict[str, float]:
    return {"expected": expected, "low": low, "high": high}


_FIGURES: dict[str, Any] = {
    "structures": 2527,
    "touched": 360,
    "cut_eur": 8498207.7,
    "up": 3,
    "down": 0,
    "jobs_unknown": 41,
    "hidden": False,
    "horizons": [
        {
            "horizon_months": 12,
            "cases": {
                "without": _interval(31.3, 22, 41),
                "with": _interval(33.1, 24, 43),
                "difference": _interval(1.8, 0.6, 4.9),
            },
            "jobs": {
                "without": _interval(337.8, 0, 677.8),
                "with": _interval(351.2, 4.1, 698.3),
                "difference": _interval(13.4, 3.8, 37.2),
            },
        }
    ],
}
_SCENARIO = {
    "name": "Programme 163 réduit de 30 %",
    "target": "failure",
    "horizons_months": [12],
    "cuts": [{"funder": "etat", "programme": "163", "percent": 30}],
}
SCENARIO: dict[str, Any] = {
    "id": "5d41402abc4b2a76b9719d911017c592",
    "publication": "2026-06-30-8783bd97bf39",
    "target": "failure",
    "as_of": "2026-06-30",
    "synthetic": True,
    "main_horizon_months": 12,
    "territory": {"national": True, "regions": [], "departements": []},
    "scenario": _SCENARIO,
    "statement": STATEMENT,
    "notes": [],
    "exposure": {"indicator": "cancelled_share_ratio", "mean": 0.11, "known": 360},
    "total": _FIGURES,
    "by": {"region": [{"code": "32", **_FIGURES}], "departement": [], "sector": []},
    "changes": [{"from": "low", "to": "moderate", "structures": 3}],
    "most_exposed": [
        {
            "siren": "990000010",
            "name": "Les Éclaireurs du Nuage",
            "sector": "social_care",
            "departement": "59",
            "region": "32",
            "employees": 14,
            "level": "low",
            "new_level": "moderate",
            "p": 0.018,
            "new_p": 0.031,
            "cut_eur": 28011.0,
        }
    ],
    "measures": [],
    "with_measures": None,
}
COMPARED: dict[str, Any] = {
    "statement": STATEMENT,
    "first": SCENARIO,
    "second": SCENARIO | {"id": "7d793037a0760186574b0282f2f435e7"},
    "difference": [{"horizon_months": 12, "cases": 0.0, "jobs": 0.0}],
}
