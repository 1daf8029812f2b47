"""What the page about the model shows: definition, thresholds, measures, indicators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from features.catalogue import INDICATORS
from serving.publication import Publication
from serving.web import formats, words

_MEASURES: dict[str, tuple[str, str]] = {
    "roc_auc": (
        "Aire sous la courbe ROC",
        "chance qu’une structure qui a connu l’événement soit classée avant une autre",
    ),
    "average_precision": (
        "Précision moyenne",
        "à comparer à la fréquence de l’événement, que donnerait un tirage au sort",
    ),
    "brier": (
        "Score de Brier",
        "écart quadratique entre probabilité et réalité ; plus bas est mieux",
    ),
    "log_loss": ("Perte logarithmique", "plus bas est mieux"),
    "ece": (
        "Erreur de calibration",
        "écart moyen entre les probabilités annoncées et les fréquences constatées",
    ),
    "precision_at_k": (
        "Précision en tête de liste",
        "part de la tête de liste qui a connu l’événement",
    ),
}
_DIRECTIONS = {1: "augmente le risque", 0: "sans sens imposé", -1: "réduit le risque"}
_SHARES = {"precision_at_k", "ece"}


@dataclass(frozen=True)
class Measure:
    """One measure of the model, in words."""

    title: str
    meaning: str
    value: str
    interval: str


@dataclass(frozen=True)
class Fold:
    """The measures at one horizon and test date."""

    title: str
    counts: str
    measures: tuple[Measure, ...]


@dataclass(frozen=True)
class IndicatorLine:
    """One indicator of the dictionary."""

    label: str
    why: str
    missing: str
    direction: str


@dataclass(frozen=True)
class ModelView:
    """Everything the page about the model shows."""

    title: str
    definition: str
    facts: tuple[tuple[str, str], ...]
    thresholds: tuple[tuple[str, str], ...]
    folds: tuple[Fold, ...]
    indicators: Mapping[str, tuple[IndicatorLine, ...]]
    count: int


def build(publication: Publication) -> ModelView:
    """Return the page about the model of a publication.

    The measures come from the key `evaluation` of the manifest, in the form that
    `veille evaluate --json` prints; the page says when there are none.
    """
    manifest = publication.manifest
    extra = manifest.model_extra or {}
    evaluation = extra.get("evaluation")
    folds = evaluation.get("folds", []) if isinstance(evaluation, Mapping) else []
    grouped: dict[str, list[IndicatorLine]] = {}
    for indicator in INDICATORS.values():
        line = IndicatorLine(
            indicator.label, indicator.why, indicator.missing, _DIRECTIONS[indicator.direction]
        )
        grouped.setdefault(words.theme(indicator.theme), []).append(line)
    horizons = ", ".join(str(h) for h in publication.horizons)
    return ModelView(
        title=words.risk_title(publication.target),
        definition=words.DEFINITIONS.get(publication.target, ""),
        facts=(
            ("Modèle", manifest.model.name),
            ("Version", str(manifest.model.version or "non précisée")),
            ("Entraînement", manifest.model.run_id or "non précisé"),
            ("Date d’observation", formats.long_date(manifest.as_of)),
            ("Publié le", formats.long_date(manifest.created_at)),
            ("Structures", formats.number(publication.rows)),
            ("Horizons", f"{horizons} mois"),
            ("Empreinte des données", manifest.input_hash[:16]),
        ),
        thresholds=_thresholds(manifest.thresholds, publication.main_horizon),
        folds=tuple(_fold(fold) for fold in folds),
        indicators={theme: tuple(lines) for theme, lines in grouped.items()},
        count=len(INDICATORS),
    )


def _thresholds(thresholds: Mapping[str, Any], horizon: int) -> tuple[tuple[str, str], ...]:
    high, moderate = thresholds.get("high"), thresholds.get("moderate")
    if not isinstance(high, float) or not isinstance(moderate, float):
        return ()
    when = f"à {horizon} mois"
    return (
        ("high", f"risque {when} de {formats.percent(high)} ou plus"),
        ("moderate", f"de {formats.percent(moderate)} à {formats.percent(high)}"),
        ("low", f"moins de {formats.percent(moderate)}"),
        ("unknown", "trop peu de données pour classer la structure"),
    )


def _fold(fold: Mapping[str, Any]) -> Fold:
    measures = []
    for name, (title, meaning) in _MEASURES.items():
        found = fold.get("metrics", {}).get(name)
        if not found or found.get("value") is None:
            continue
        low, high = found.get("low"), found.get("high")
        bounds = (
            "" if low is None or high is None else f"{_write(name, low)} – {_write(name, high)}"
        )
        measures.append(Measure(title, meaning, _write(name, found["value"]), bounds))
    positives = formats.plural(fold["positives"], "événement")
    counts = f"{formats.plural(fold['n'], 'structure')}, {positives}"
    tested = formats.long_date(date.fromisoformat(str(fold["test_as_of"])[:10]))
    title = f"À {fold['horizon_months']} mois, à partir du {tested}"
    return Fold(title, counts, tuple(measures))


def _write(name: str, value: float) -> str:
    return formats.percent(value) if name in _SHARES else formats.number(value, 3)
