"""What each theme and each indicator is worth, out of time: risk models fitted without it.

A synthetic France (target ``failure``) and the national harvest (``funding_loss``) are each made in
a temporary home. On the last two test days, with the embargo of training, one light and fixed model
of the main horizon is fitted with every indicator, without each theme, with the structure theme
alone, then with one more. ``python -m benchmarks.ablation --grants FOLDER --output FILE``.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.fitted import (
    BASE,
    CHOICE,
    PARAMS,
    PERMUTATIONS,
    RESAMPLES,
    SEED,
    Day,
    days,
    difference,
    fill,
    shown,
)
from data.lake import Lake
from features.catalogue import INDICATORS, THEMES, catalogue_hash
from training.dataset import Dataset
from training.metrics import evaluate
from training.targets import target as find_target
from veille import demo, line


def ablate(data: Dataset, panel: pl.DataFrame) -> dict[str, Any]:
    """Return the differences by theme and the worth of every indicator on a panel."""
    at = days(data)
    worth = {str(day.as_of): fill(data, day) for day in at}
    themes: dict[str, Any] = {}
    for theme in THEMES:
        names = [name for name, found in INDICATORS.items() if found.theme == theme]
        used = {day: sum(name in found for name in names) for day, found in worth.items()}
        themes[theme] = {"indicators": len(names), "in_model": used}
        if all(used.values()):
            added = difference(at, f"base and {theme}", "base") if theme != BASE else None
            themes[theme]["all_minus_without"] = difference(at, "all", f"without {theme}")
            themes[theme]["base_and_theme_minus_base"] = added
    each = {
        name: {
            "theme": INDICATORS[name].theme,
            "coverage_panel": round(1 - panel[name].null_count() / panel.height, 4),
            "coverage_cohort": round(1 - data.rows[name].null_count() / data.rows.height, 4),
            "by_day": {day: found.get(name) for day, found in worth.items()},
        }
        for name in INDICATORS
    }
    sizes = {"horizon_months": data.target.main_horizon_months, "days": [*map(described, at)]}
    return {"target": data.target.name, **sizes, "themes": themes, "indicators": each}


def described(day: Day) -> dict[str, Any]:
    """Return the sizes of a test day and the metrics of the whole model and of the base."""
    facts = day.test["event"].to_numpy(), day.test["structure_id"].to_numpy()
    measured = {
        name: evaluate(facts[0], day.scores[name], facts[1], resamples=RESAMPLES, seed=SEED)
        for name in ("all", "base")
    }
    seen = {"train_rows": day.known.height, "train_positives": int(day.known["event"].sum())}
    tested = {"n": day.test.height, "positives": int(facts[0].sum())}
    when = {"test_as_of": str(day.as_of), "train_until": str(day.train_until)}
    return {**when, **seen, **tested, **{name: shown(found) for name, found in measured.items()}}


def panel(home: Path, target: str) -> dict[str, Any]:
    """Return the ablation on the last panel of a home, with what it was made of."""
    manifest, rows = line.latest_panel(home, min_days=2)
    result = ablate(Dataset.load(rows, Lake(home), find_target(target)), rows)
    made = {"synthetic": manifest.synthetic, "as_of": list(manifest.as_of), "rows": rows.height}
    return {**made, **result}


def silent(indicator: dict[str, Any]) -> str | None:
    """Return why an indicator says nothing in a panel, None if it says something."""
    values = [value for value in indicator["by_day"].values() if value]
    if any(v["gain_share"] or v["permutation_loss"]["low"] > 0 for v in values):
        return None
    return "no split, nothing lost when permuted" if values else "no value that varies"


def main() -> None:
    """Make both panels in a temporary home, measure, write the aggregates."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--synthetic", type=int, default=6000, help="structures simulated")
    for name in ("--grants", "--output"):
        asked.add_argument(name, type=Path, required=True)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="veille-ablation-") as folder:
        invented, real = Path(folder) / "synthetic", Path(folder) / "grants"
        demo.facts(invented, given.synthetic, SEED)
        line.features(invented, demo.LAST, since=demo.SINCE, every="half")
        panels = {"synthetic": panel(invented, "failure")}
        line.ingest(real, "grants", sorted(given.grants.glob("*.parquet")))
        line.features(real, date(2021, 12, 31), since=date(2014, 12, 31), every="year")
        panels["grants"] = panel(real, "funding_loss")
    reasons = {
        name: {of: silent(found["indicators"][name]) for of, found in panels.items()}
        for name in INDICATORS
    }
    result = {
        "seed": SEED,
        "structures_simulated": given.synthetic,
        "resamples": {"themes": RESAMPLES, "permutation": RESAMPLES // 2},
        "permutations": PERMUTATIONS,
        "interval": "95 %, paired bootstrap of the test structures; the fits are not resampled",
        "together": "the ranks within each test day, all days in one list",
        "base": "the theme structure; the same score for everyone where none of it varies",
        "model": {"params": PARAMS.to_dict(), "instead_of_a_search": CHOICE},
        "versions": {name: importlib.metadata.version(name) for name in ("lightgbm", "polars")},
        "catalogue": catalogue_hash(),
        "adds_nothing": {name: why for name, why in reasons.items() if all(why.values())},
        "panels": panels,
    }
    given.output.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
