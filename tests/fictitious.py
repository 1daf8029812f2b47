"""A made-up publication, rich enough to look at: every level, gaps, long and hostile names.

Nothing here is real: SIREN start with 99 and carry their check digit, names are drawn from a list
of plain words, amounts from a seeded generator.
"""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from data.reference import bands, departements, sectors
from features.catalogue import INDICATORS
from features.wording import sentence
from serving.publication import write_publication

HORIZONS = (6, 12, 18)
BASE = -3.2
FIRST_WORDS = ("Ateliers", "Jardins", "Relais", "Maison", "Fabrique", "Régie", "Club", "Foyer")
LAST_WORDS = ("du Nuage", "des Brumes", "de la Dune", "du Grand Pré", "des Trois Lunes", "du Phare")
#: never to be run by a page
HOSTILE_NAME = "<script>document.title='pris'</script><b>Les Amis & Cie</b>"
LONG_NAME = (
    "Association fictive pour la promotion de l’éducation populaire, de la culture et du "
    "lien social entre les habitants des quartiers et des villages de la vallée imaginaire"
)
_FUNDERS = (
    ("etat", "Ministère inventé", "state"),
    ("slug:region", "Conseil régional inventé", "region"),
    ("slug:departement", "Conseil départemental inventé", "departement"),
    ("slug:metropole", "Métropole inventée", "epci"),
    ("slug:commune", "Commune inventée", "commune"),
    ("slug:fonds", "Fonds européen inventé", "europe"),
)
_SHOWN = list(INDICATORS.values())[::2]


def siren(number: int) -> str:
    """Return a fictitious SIREN: 99, a number, the check digit."""
    body = f"99{number:06d}"
    digits = [int(d) * (2 if place % 2 else 1) for place, d in enumerate(body)]
    return body + str(-sum(d - 9 if d > 9 else d for d in digits) % 10)


def write_fictitious(
    home: Path,
    *,
    count: int = 600,
    as_of: date = date(2026, 6, 30),
    seed: int = 7,
    hostile: bool = True,
) -> str:
    """Write a made-up publication of the target `failure`, make it current, return its id.

    `hostile` names one of the riskiest structures with markup.
    """
    rng = np.random.default_rng(seed)
    effects = rng.normal(0, 1, (count, len(_SHOWN))) * rng.gamma(0.5, 0.45, (count, len(_SHOWN)))
    effects[:, 8:] *= 0.35
    logits = BASE + effects.sum(axis=1)
    p12 = 1 / (1 + np.exp(-logits))
    sirens = [siren(number) for number in range(1, count + 1)]
    scores = _scores(sirens, p12, rng)
    if not hostile:
        harmless = pl.col("name").replace(HOSTILE_NAME, "Les Amis et Compagnie (fictif)")
        scores = scores.with_columns(harmless)
    manifest: dict[str, Any] = {
        "as_of": as_of,
        "horizons_months": list(HORIZONS),
        "model": {"name": "veille-failure", "version": 3, "run_id": "fictif-gris-perle"},
        "input_hash": f"{seed:064x}",
        "synthetic": True,
        "base_values": {str(h): BASE + _shift(h) for h in HORIZONS},
        "levels": {"rule": "capacity"},
        "thresholds": {"high": 0.2, "moderate": 0.07, "horizon": 12},
        "evaluation": _EVALUATION,
    }
    return write_publication(
        home,
        "failure",
        manifest,
        scores,
        _reasons(sirens, effects, scores),
        _history(sirens, rng),
        _unknown(sirens),
    )


def _shift(horizon: int) -> float:
    return {6: -0.8, 12: 0.0, 18: 0.35}[horizon]


def _scores(
    sirens: list[str], p12: np.ndarray[Any, np.dtype[np.float64]], rng: np.random.Generator
) -> pl.DataFrame:
    count = len(sirens)
    places = list(departements().values())
    labels = list(sectors().items())
    codes = [code for code in bands() if code not in {"NN", "42", "51", "52", "53"}]
    place = [places[int(i)] for i in rng.integers(0, len(places), count)]
    sector = [labels[int(i)] for i in rng.integers(0, len(labels), count)]
    band = [codes[int(i)] for i in rng.integers(0, len(codes), count)]
    families = rng.choice(
        ["association", "cooperative", "foundation", "mutual"], count, p=[0.75, 0.15, 0.06, 0.04]
    )
    names = [
        f"{FIRST_WORDS[i % 8]} {LAST_WORDS[i // 8 % 6]} (fictif {i + 1})" for i in range(count)
    ]
    riskiest = np.argsort(-p12)
    names[riskiest[0]], names[riskiest[2]] = LONG_NAME, HOSTILE_NAME
    unknown = np.arange(count) % 23 == 5
    unknown[riskiest[:3]] = False
    level = np.where(p12 >= 0.2, "high", np.where(p12 >= 0.07, "moderate", "low"))
    risks: dict[str, Any] = {}
    for horizon in HORIZONS:
        logit = np.log(p12 / (1 - p12)) + _shift(horizon)
        for name, moved in (("p", 0.0), ("low", -0.45), ("high", 0.5)):
            values = 1 / (1 + np.exp(-(logit + moved)))
            risks[f"{name}_{horizon}m"] = np.where(unknown, np.nan, values)
    frame = pl.DataFrame(
        {
            "siren": sirens,
            "name": names,
            "ess_family": families,
            "sector": [code for code, _ in sector],
            "sector_label": [label for _, label in sector],
            "naf": "88.99B",
            "commune": [f"{p.code[:2]}{i % 500 + 1:03d}" for i, p in enumerate(place)],
            "departement": [p.code for p in place],
            "region": [p.region for p in place],
            "employees_band": band,
            "employees": [bands()[code].midpoint for code in band],
            "level": np.where(unknown, "unknown", level),
            "coverage": np.where(unknown, 0.15, rng.uniform(0.45, 0.95, count)),
            **risks,
        }
    ).with_columns(
        pl.col("^(p|low|high)_.*m$").fill_nan(None),
        pl.when(pl.int_range(pl.len()) % 11 == 3).then(None).otherwise("sector").alias("sector"),
        pl.when(pl.int_range(pl.len()) % 13 == 4)
        .then(None)
        .otherwise("employees")
        .alias("employees"),
    )
    ranked = frame.sort("p_12m", "siren", descending=[True, False], nulls_last=True)
    return ranked.with_columns(rank=pl.int_range(1, count + 1, dtype=pl.Int32))


def _reasons(
    sirens: list[str], effects: np.ndarray[Any, np.dtype[np.float64]], scores: pl.DataFrame
) -> pl.DataFrame:
    scored = set(scores.filter(pl.col("level") != "unknown")["siren"])
    lines = []
    for row, code in enumerate(sirens):
        if code not in scored:
            continue
        for horizon in HORIZONS:
            for column, indicator in enumerate(_SHOWN):
                effect = float(effects[row, column])
                value = _value(indicator.unit, effect)
                category = indicator.kind == "categorical"
                text = "inventé" if category else None
                lines.append(
                    {
                        "siren": code,
                        "horizon_months": horizon,
                        "indicator": indicator.name,
                        "theme": indicator.theme,
                        "label": indicator.label,
                        "unit": indicator.unit,
                        "value": None if category else value,
                        "text": text,
                        "contribution": effect,
                        "sentence": sentence(indicator, None if category else value, text),
                    }
                )
    return pl.DataFrame(lines, infer_schema_length=None)


def _value(unit: str, effect: float) -> float:
    sizes = {"ratio": 0.4, "eur": 40_000, "days": 60, "count": 3, "flag": 1, "years": 12}
    value = sizes.get(unit, 5) * (1 + math.tanh(effect))
    return round(value, 2) if unit == "ratio" else float(round(value))


def _history(sirens: list[str], rng: np.random.Generator) -> pl.DataFrame:
    lines = []
    for row, code in enumerate(sirens):
        if row % 9 == 8:
            continue  # a structure of which no funding is known
        chosen = [f for f in range(len(_FUNDERS)) if (row >> f) & 1 or f == row % 6]
        for funder in chosen:
            size = float(rng.lognormal(10.3, 0.8))
            name, label, level = _FUNDERS[funder]
            for year in range(2019, 2027):
                if (row + funder + year) % 7 == 0:
                    continue
                size *= float(rng.uniform(0.75, 1.22))
                lines.append((code, year, name, label, level, round(size, -2)))
        if row % 40 == 0:
            lines.append((code, 2024, "slug:commune", "Commune inventée", "commune", -1_500.0))
    columns = ["siren", "fiscal_year", "funder_id", "funder_name", "funder_level", "amount_eur"]
    return pl.DataFrame(lines, schema=columns, orient="row")


def _unknown(sirens: list[str]) -> pl.DataFrame:
    lines = []
    for row, code in enumerate(sirens):
        lines.append(
            (code, "debt", "Les dettes sociales et les plans d’apurement ne sont pas communiqués.")
        )
        if row % 2:
            lines.append((code, "account", "Aucun compte annuel n’est déposé."))
        if row % 3 == 0:
            lines.append(
                (code, "payment", "Les dates de versement des financeurs locaux manquent.")
            )
    return pl.DataFrame(lines, schema=["siren", "theme", "message"], orient="row")


_EVALUATION: dict[str, Any] = {
    "folds": [
        {
            "horizon_months": 12,
            "test_as_of": "2025-06-30",
            "n": 600,
            "positives": 41,
            "metrics": {
                "roc_auc": {"value": 0.781, "low": 0.701, "high": 0.852},
                "average_precision": {"value": 0.243, "low": 0.161, "high": 0.338},
                "brier": {"value": 0.058, "low": 0.051, "high": 0.066},
                "ece": {"value": 0.012, "low": 0.006, "high": 0.024},
            },
        }
    ]
}
