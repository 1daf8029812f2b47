"""What became of a list: its probabilities beside what happened since, and when to learn again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl
from scipy.stats import chi2

from training.metrics import LEVEL, Estimate, evaluate

RESAMPLES = 200
#: fewer events than this in a list: nothing is said of its ranking
MIN_EVENTS = 10


@dataclass(frozen=True)
class Alarm:
    """Something that an analyst has to look at: `code`, and a sentence with the figures."""

    code: str
    sentence: str


def observed_over_expected(observed: int, expected: float) -> Estimate:
    """Return observed / expected events with its 95 % interval (exact Poisson, Garwood 1936)."""
    outside = (1 - LEVEL) / 2
    low = chi2.ppf(outside, 2 * observed) / 2 if observed else 0.0
    high = chi2.ppf(1 - outside, 2 * (observed + 1)) / 2
    return Estimate(observed / expected, float(low) / expected, float(high) / expected)


def realised(scores: pl.DataFrame, labels: pl.DataFrame, horizon: int) -> dict[str, Any] | None:
    """Return how a list did at one horizon, None while nothing of it is observed.

    Parameters
    ----------
    scores : polars.DataFrame
        `structure_id`, `level`, `p_<horizon>m`: the list as it was published.
    labels : polars.DataFrame
        `structure_id`, `horizon_months`, `event`: what was observed of its structures since.
    """
    seen = labels.filter(pl.col("horizon_months") == horizon).select("structure_id", "event")
    rows = scores.join(seen, on="structure_id", how="inner", maintain_order="left")
    if rows.is_empty():
        return None
    events, p = rows["event"].to_numpy(), rows[f"p_{horizon}m"].to_numpy()
    found = evaluate(events, p, rows["structure_id"].to_numpy(), resamples=RESAMPLES)
    high = rows.filter(pl.col("level") == "high")
    caught = int(high["event"].sum())
    return {
        "horizon_months": horizon,
        "n": rows.height,
        "positives": int(events.sum()),
        "expected": float(p.sum()),
        "ratio": observed_over_expected(int(events.sum()), float(p.sum())).to_dict(),
        "metrics": {name: value.to_dict() for name, value in found.items()},
        "high": {
            "n": high.height,
            "positives": caught,
            "precision": caught / high.height if high.height else None,
            "recall": caught / int(events.sum()) if events.sum() else None,
        },
    }


def alarms(found: dict[str, Any], promised: dict[str, Any] | None) -> list[Alarm]:
    """Return what a list's outcome at one horizon says against its model.

    Parameters
    ----------
    found : dict
        Of `realised`.
    promised : dict, optional
        The metrics of the model's evaluation at this horizon, with intervals.
    """
    raised = []
    ratio, months = found["ratio"], found["horizon_months"]
    if ratio["low"] > 1 or ratio["high"] < 1:
        more = "plus" if ratio["value"] > 1 else "moins"
        raised.append(
            Alarm(
                "level",
                f"À {months} mois, {found['positives']} cas pour {found['expected']:.1f} "
                f"attendus : {more} que prévu ({_interval(ratio)} fois).",
            )
        )
    auc = found["metrics"]["roc_auc"]
    before = (promised or {}).get("roc_auc")
    told = found["positives"] >= MIN_EVENTS and auc["high"] is not None
    if told and before is not None and auc["high"] < before["low"]:
        raised.append(
            Alarm(
                "ranking",
                f"À {months} mois, l'AUC réalisée ({_interval(auc)}) est sous celle de "
                f"l'évaluation ({_interval(before)}).",
            )
        )
    return raised


def _interval(value: dict[str, float | None]) -> str:
    numbers = [f"{value[k]:.2f}".replace(".", ",") for k in ("value", "low", "high")]
    return f"{numbers[0]} [{numbers[1]} ; {numbers[2]}]"
