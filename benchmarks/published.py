"""An invented publication of any size: places, sectors, families, sizes, names, unequally.

Nothing in it is real: SIREN are counted from 100000000 without a check digit, names are drawn from
a few common words, invented places and invented rare words.
"""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from serving.publication import write_publication

HORIZONS = (6, 12, 18)
#: régions by weight, each with départements of its own
_REGIONS = ("11", "84", "76", "75", "93", "32", "44", "52", "53", "28", "27", "24", "94", "04")
_SECTORS = (
    ("social", "Action sociale"), ("culture", "Culture"), ("sport", "Sport"),
    ("education", "Enseignement"), ("health", "Santé"), ("leisure", "Loisirs"),
    ("advocacy", "Défense de causes"), ("agriculture", "Agriculture"),
    ("insertion", "Insertion"), ("housing", "Logement"), ("finance", "Finance"),
    ("industry", "Industrie"), ("services", "Services"), ("trade", "Commerce"),
    ("transport", "Transport"), ("environment", "Environnement"),
)  # fmt: skip
_FAMILIES = ("association", "cooperative", "foundation", "mutual", "commercial_ess", "union")
_KINDS = (
    "Association", "Amicale", "Comité", "Club", "Union", "Foyer", "Les Amis", "Compagnie",
    "Maison", "Centre", "Atelier", "Coopérative", "Régie", "Entraide", "Collectif", "Cercle",
)  # fmt: skip
_THEMES = (
    "sportive", "culturelle", "de l'Étang", "des parents", "du théâtre", "de quartier",
    "des jeunes", "des aînés", "d'insertion", "de la musique", "du vélo", "des jardins",
    "de gymnastique", "des écoles", "de chasse", "des fêtes", "du patrimoine", "d'aide à domicile",
)  # fmt: skip
_SYLLABLES = "ba bré cau dor elle fon gri hur jo lac mon nive ours pla quin rou sau tri val zel"
_PLACES, _RARE = 35_000, 400_000


def publish(home: Path, rows: int, *, seed: int = 1, target: str = "failure") -> str:
    """Publish `rows` invented structures as the current list of a target, and return its id."""
    scores = invented_scores(rows, seed)
    sirens = scores["siren"]
    manifest = {
        "as_of": date(2026, 6, 30),
        "horizons_months": list(HORIZONS),
        "model": {"name": "fictif", "version": "1", "run_id": None},
        "input_hash": f"invented-{rows}-{seed}",
        "synthetic": True,
        "base_values": {str(h): math.log(0.05 / 0.95) for h in HORIZONS},
        "levels": {},
        "thresholds": {"high": 0.2, "moderate": 0.1, "horizon": 12},
    }
    tables = _reasons(sirens, seed), _history(sirens), _unknown(sirens)
    return write_publication(home, target, manifest, scores, *tables)


def invented_scores(rows: int, seed: int) -> pl.DataFrame:
    """Return the scores: one row a structure, in no order."""
    rng = np.random.default_rng(seed)
    region = rng.choice(len(_REGIONS), rows, p=_zipf(len(_REGIONS), 0.7))
    place = region * 7 + rng.choice(7, rows, p=_zipf(7, 0.5))
    sector = rng.choice(len(_SECTORS), rows, p=_zipf(len(_SECTORS), 0.8))
    size = np.where(rng.random(rows) < 0.88, 0, rng.lognormal(1.8, 1.4, rows)).astype(np.int32)
    p = rng.beta(1, 20, rows)
    unknown = rng.random(rows) < 0.04
    level = np.select([unknown, p > 0.2, p > 0.1], ["unknown", "high", "moderate"], "low")
    departements = [f"{code:02d}" for code in range(1, len(_REGIONS) * 7 + 1)]
    drawn = pl.DataFrame(
        {
            "siren": pl.Series(np.arange(100_000_000, 100_000_000 + rows)).cast(pl.String),
            "name": _names(rows, rng),
            "ess_family": _of(_FAMILIES, rng.choice(len(_FAMILIES), rows, p=_zipf(6, 2.5))),
            "sector": _of([code for code, _ in _SECTORS], sector),
            "sector_label": _of([label for _, label in _SECTORS], sector),
            "naf": _of([f"{n}.99Z" for n in range(80, 97)], rng.integers(0, 17, rows)),
            "commune": pl.Series(10_000 + rng.integers(0, _PLACES, rows)).cast(pl.String),
            "departement": _of(departements, place),
            "region": _of(_REGIONS, region),
            "employees_band": _of(["NN", "00", "01", "11", "21"], rng.integers(0, 5, rows)),
            "employees": size,
            "level": level,
            "coverage": rng.uniform(0.3, 1, rows).round(2),
            "p": p,
            "unknown": unknown,
            "sized": rng.random(rows) < 0.9,
        }
    )
    shown = pl.when(~pl.col("unknown"))
    return drawn.with_columns(
        *(shown.then(pl.col("p") * h / 18).alias(f"p_{h}m") for h in HORIZONS),
        *(shown.then(pl.col("p") * h / 25).alias(f"low_{h}m") for h in HORIZONS),
        *(shown.then(pl.col("p") * h / 18 * 0.9 + 0.1).alias(f"high_{h}m") for h in HORIZONS),
        employees=pl.when(pl.col("sized")).then(pl.col("employees")),
        rank=pl.col("p").rank("ordinal", descending=True).cast(pl.Int32),
    ).drop("p", "unknown", "sized")


def _names(rows: int, rng: np.random.Generator) -> pl.Series:
    places = _of(_words(_PLACES, rng), rng.choice(_PLACES, rows, p=_zipf(_PLACES, 0.8)))
    rare = _of(_words(_RARE, rng), rng.choice(_RARE, rows, p=_zipf(_RARE, 0.6)))
    parts = pl.DataFrame(
        {
            "kind": _of(_KINDS, rng.choice(len(_KINDS), rows, p=_zipf(len(_KINDS), 1.0))),
            "theme": _of(_THEMES, rng.choice(len(_THEMES), rows, p=_zipf(len(_THEMES), 0.6))),
            "place": places,
            "rare": rare,
        }
    )
    return parts.select(name=pl.format("{} {} {} de {}", "kind", "theme", "rare", "place"))["name"]


def _words(count: int, rng: np.random.Generator) -> list[str]:
    syllables = np.array(_SYLLABLES.split())
    drawn = syllables[rng.integers(0, len(syllables), (count, 4))]
    lengths = rng.integers(2, 5, count)
    return ["".join(d[:n]).title() for d, n in zip(drawn.tolist(), lengths.tolist(), strict=True)]


def _of(values: tuple[str, ...] | list[str], places: np.ndarray) -> pl.Series:
    return pl.Series(list(values))[places]


def _zipf(count: int, power: float) -> np.ndarray:
    weights = 1 / np.arange(1, count + 1) ** power
    return weights / weights.sum()


def _reasons(sirens: pl.Series, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    lines = len(sirens) * 3
    names = [f"indicator_{n}" for n in range(40)]
    return pl.DataFrame({"siren": sirens[np.repeat(np.arange(len(sirens)), 3)]}).with_columns(
        horizon_months=pl.lit(12, pl.Int32),
        indicator=_of(names, rng.integers(0, 40, lines)),
        theme=pl.lit("funding"),
        label=pl.lit("Libellé inventé"),
        unit=pl.lit("%"),
        value=pl.Series(rng.normal(size=lines).round(2)),
        text=pl.lit(None, pl.String),
        contribution=pl.Series(rng.normal(size=lines).round(3)),
        sentence=pl.lit("Raison inventée."),
    )


def _history(sirens: pl.Series) -> pl.DataFrame:
    return pl.DataFrame({"siren": sirens}).select(
        "siren",
        fiscal_year=pl.lit(2025, pl.Int32),
        funder_id=pl.lit("slug:conseil-des-brumes"),
        funder_name=pl.lit("Conseil des Brumes"),
        funder_level=pl.lit("region"),
        amount_eur=pl.lit(12_000.5),
    )


def _unknown(sirens: pl.Series) -> pl.DataFrame:
    return pl.DataFrame({"siren": sirens.gather_every(2)}).select(
        "siren", theme=pl.lit("debt"), message=pl.lit("Les dettes sociales ne sont pas connues.")
    )
