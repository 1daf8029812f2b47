"""The page of an evaluation: tables and curves, in French, self-contained, made from its JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

METRICS = {
    "roc_auc": "AUC",
    "average_precision": "Précision moyenne",
    "brier": "Brier",
    "log_loss": "Log-loss",
    "ece": "ECE",
    "precision_at_k": "Précision des 100 premiers",
}
NAMES = {
    "prior": "fréquence",
    "last_change": "dernière variation",
    "amount": "montant",
    "logistic": "régression logistique",
    "random_forest": "forêt aléatoire",
    "rules": "règle de points",
    "champion": "champion en place",
    "oracle_observable": "oracle observable",
}
_LEFT, _BOTTOM, _WIDTH, _HEIGHT = 66.0, 220.0, 260.0, 210.0
Json = Mapping[str, Any]


def page(result: Json) -> str:
    """Return the HTML of what `veille evaluate --json` gives."""
    environment = Environment(
        loader=PackageLoader("training"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("evaluation.html").render(
        model=result["model"],
        target=result["target"],
        synthetic=result["synthetic"],
        folds=[_fold(fold) for fold in result["folds"]],
        stability=[
            [
                f"{horizon.rstrip('m')} mois",
                one["both"],
                _percent(one["overlap"]),
                _number(one["rank_correlation"]),
            ]
            for horizon, one in result["stability"].items()
        ],
        ablation=[_theme(one) for one in result.get("ablation", [])],
    )


def _theme(one: Json) -> list[str]:
    figures = [_estimate(one[name]) for name in ("roc_auc", "average_precision")]
    return [one["theme"], one["test_as_of"] or "–", str(one["indicators"]), *figures]


def _lead(found: Json | None) -> dict[str, Any] | None:
    """Return a sentence and the rows of the windows, None where there is no day of an event."""
    if found is None or not found["events"]:
        return None
    days = [found["days"][name] for name in ("median", "p25", "p75")]
    said = "aucun cas n’est dans la liste"
    if None not in days:
        median, low, high = (f"{day:.0f}" for day in days)
        said = f"la moitié arrivent plus de {median} jours après (quartiles : {low} et {high})"
    rows = [
        [
            f"de {one['after_days'] + 1} à {one['until_days']} jours",
            str(one["events"]),
            str(one["caught"]),
            _percent(one["caught"] / one["events"]),
        ]
        for one in found["windows"]
    ]
    head = f"Liste de {found['k']} structures : {found['caught']} cas sur {found['events']}"
    return {"said": f"{head} ; {said}.", "rows": rows}


def _fold(fold: Json) -> dict[str, Any]:
    day = fold["test_as_of"]
    title = "Structures mises de côté, sans rien dire du temps"
    if day:
        title = f"{day}, {fold['horizon_months']} mois, appris jusqu'au {fold['train_until']}"
    return {
        "title": title,
        "size": f"{fold['positives']} cas sur {fold['n']} structures.",
        "metrics": _compared({"modèle": fold["metrics"], **fold["baselines"]}),
        "differences": _compared(fold["differences"]),
        "roc": _lines([fold["curves"]["roc"].values()]),
        "pr": _lines([fold["curves"]["pr"].values()]),
        "cost": _cost(fold["curves"]["cost"]),
        "reliability": _reliability(fold["reliability"]),
        "lists": [
            [
                f"{one['k']}{' (capacité)' if one['capacity'] else ''}",
                f"{_percent(one['precision'])} [{_percent(one['low'])} ; {_percent(one['high'])}]",
                f"{_percent(one['worst'])} à {_percent(one['best'])}",
                _percent(one["recall"]),
                f"{_number(one['lift'], 1)} fois",
            ]
            for one in fold["lists"]
        ],
        "lead": _lead(fold.get("lead_time")),
        "subgroups": [_subgroup(one) for one in fold["subgroups"]],
    }


def _compared(scores: Json) -> dict[str, Any]:
    rows = [
        [NAMES.get(name, name), *(_estimate(found.get(metric)) for metric in METRICS)]
        for name, found in scores.items()
    ]
    return {"header": ["score", *METRICS.values()], "rows": rows}


def _subgroup(one: Json) -> list[str]:
    who = f"{one['by']} : {one['group']}"
    if one["metrics"] is None:
        return [who, str(one["n"]), str(one["positives"]), "trop peu de cas", "", "", "", ""]
    return [
        who,
        str(one["n"]),
        str(one["positives"]),
        _estimate(one["metrics"]["roc_auc"]),
        _estimate(one["ratio"], 2),
        f"{_percent(one['list']['precision'])}{_tied(one['list'])}",
        _percent(one["list"]["recall"]),
        f"{_number(one['list']['lift'], 1)} fois",
    ]


def _tied(found: Json) -> str:
    if found["worst"] == found["best"]:
        return ""
    return f" ({_percent(found['worst'])} à {_percent(found['best'])})"


def _reliability(bins: Sequence[Json]) -> dict[str, Any]:
    top = max([one["high"] for one in bins] + [one["announced"] for one in bins]) or 1.0
    points = [
        {
            "x": _across(one["announced"] / top),
            "y": _up(one["observed"] / top),
            "low": _up(one["low"] / top),
            "high": _up(one["high"] / top),
        }
        for one in bins
    ]
    ticks = [_percent(top * share) for share in (0, 0.5, 1)]
    rows = [
        [
            _percent(one["announced"]),
            _percent(one["observed"]),
            f"{_percent(one['low'])} à {_percent(one['high'])}",
            str(one["n"]),
        ]
        for one in bins
    ]
    lines = {"paths": [], "ticks_x": ticks, "ticks_y": ticks}
    return {"lines": lines, "points": points, "rows": rows}


def _lines(curves: Sequence[Any]) -> dict[str, Any]:
    """Return curves of (x, y) between 0 and 1."""
    ticks = ["0 %", "50 %", "100 %"]
    return {
        "paths": [_path(*curve, colour="var(--mark)", dash=False) for curve in curves],
        "ticks_x": ticks,
        "ticks_y": ticks,
    }


def _cost(cost: Json) -> dict[str, Any]:
    """Return the two curves of net benefit, drawn from 0 up: below, nobody should be contacted."""
    right, top = max(cost["threshold"]) or 1.0, max([*cost["model"], *cost["all"], 1e-9])
    across = [t / right for t in cost["threshold"]]
    shown = {name: [max(0.0, value) / top for value in cost[name]] for name in ("model", "all")}
    return {
        "paths": [
            _path(across, shown["model"], colour="var(--mark)", dash=False),
            _path(across, shown["all"], colour="var(--soft)", dash=True),
        ],
        "ticks_x": [_percent(right * share) for share in (0, 0.5, 1)],
        "ticks_y": [_number(top * share) for share in (0, 0.5, 1)],
    }


def _path(x: Sequence[float], y: Sequence[float], *, colour: str, dash: bool) -> dict[str, Any]:
    points = " ".join(f"{_across(a):.1f},{_up(b):.1f}" for a, b in zip(x, y, strict=True))
    return {"points": points, "colour": colour, "dash": dash}


def _across(share: float) -> float:
    return _LEFT + _WIDTH * share


def _up(share: float) -> float:
    return _BOTTOM - _HEIGHT * share


def _estimate(value: Mapping[str, float | None] | None, digits: int = 3) -> str:
    if not value or value["value"] is None:
        return "–"
    point = _number(value["value"], digits)
    if value["low"] is None or value["high"] is None:
        return point
    return f"{point} [{_number(value['low'], digits)} ; {_number(value['high'], digits)}]"


def _number(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}f}".replace(".", ",").replace("-", "−")


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %".replace(".", ",")
