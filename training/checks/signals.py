"""Signals: what does not forbid a promotion, but has to be read before one."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import spearmanr

from training.checks.result import Result, Subject, absent, told
from training.metrics import evaluate, precision_ties
from training.outcomes import observed_over_expected

Floats = NDArray[np.float64]
#: a population stability index above it is a shift (usual rule of credit scoring)
SHIFTED = 0.25
_BINS, _TOP, _FEW = 10, 100, 10
#: share of the first places that one seed and another have in common, at least
SAME_LIST = 0.6
#: calibration error beyond the noise, share of ties, jump of a share of missing values
UNCALIBRATED, TIED, JUMP = 0.03, 0.05, 0.3
EVENTS_PER_INDICATOR = 5
_SHOWN = 5


def psi(before: pl.Series, now: pl.Series) -> float:
    """Return the population stability index of a column, missing values being a bin."""
    if before.dtype == pl.String:
        groups = [x.fill_null("\0").cast(pl.String) for x in (before, now)]
    else:
        numbers = [x.cast(pl.Float64).fill_nan(None) for x in (before, now)]
        edges = np.unique(np.quantile(numbers[0].drop_nulls(), np.linspace(0, 1, _BINS + 1)[1:-1]))
        groups = [_binned(x, edges) for x in numbers]
    counts = [dict(g.value_counts().iter_rows()) for g in groups]
    keys = set(counts[0]) | set(counts[1])
    shares = [
        np.array([(c.get(k, 0) + 0.5) / (g.len() + 0.5 * len(keys)) for k in sorted(keys)])
        for c, g in zip(counts, groups, strict=True)
    ]
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


def _binned(values: pl.Series, edges: Floats) -> pl.Series:
    at = np.searchsorted(edges, values.fill_null(0.0).to_numpy(), side="right")
    return pl.Series(np.where(values.is_null().to_numpy(), -1, at)).cast(pl.String)


def _before(subject: Subject) -> pl.DataFrame:
    days = subject.labels["as_of"].max()
    rows = subject.data.rows
    return rows.filter(pl.col("as_of") <= days) if days is not None else rows


def indicators(subject: Subject) -> Result:
    """Compare each indicator on the last day with the training days."""
    if not subject.data.dated or subject.last.height == subject.data.rows.height:
        return absent("Une seule date : rien à comparer.")
    before, now = _before(subject), subject.last
    usable = [f.name for f in subject.model.features if before[f.name].null_count() < before.height]
    found = {name: psi(before[name], now[name]) for name in usable}
    worst = dict(sorted(found.items(), key=lambda pair: -pair[1])[:_SHOWN])
    said = [f"« {n} » a changé (PSI {v:.2f})." for n, v in worst.items() if v > SHIFTED]
    return told(said, "Aucun indicateur n'a changé de distribution.", {"psi": worst})


def scores(subject: Subject) -> Result:
    """Compare the scores of the last day with those of the training days."""
    if not subject.data.dated or subject.last.height == subject.data.rows.height:
        return absent("Une seule date : rien à comparer.")
    name = f"p_{subject.data.target.main_horizon_months}m"
    sample = _before(subject).gather_every(max(1, subject.data.rows.height // 50_000))
    value = psi(subject.model.predict(sample)[name], subject.model.predict(subject.last)[name])
    said = [f"Les scores de la dernière date ont changé (PSI {value:.2f})."]
    return told(
        said if value > SHIFTED else [],
        f"Les scores sont stables (PSI {value:.2f}).",
        {"psi": value},
    )


def calibration(subject: Subject) -> Result:
    """Compare announced and observed cases on the last test day."""
    made = subject.unseen
    if made is None:
        return absent("Pas de date de test.")
    test, p = made
    event, names = test["event"].to_numpy(), test["structure_id"].to_numpy()
    if event.sum() < _FEW:
        return absent("Trop peu d'événements à la date de test.")
    ece = evaluate(event, p.to_numpy(), names)["ece"].to_dict()
    rare = min(UNCALIBRATED, 0.5 * float(np.mean(event)))
    said = [
        f"L'erreur de calibration est de {ece['value']:.3f} [{ece['low']:.3f} ; {ece['high']:.3f}]."
    ]
    fires = (ece["low"] or 0) > rare
    return told(
        said if fires else [], f"L'erreur de calibration est de {ece['value']:.3f}.", {"ece": ece}
    )


def ties(subject: Subject) -> Result:
    """Count the rows of the last day that share the score of the last place of the list."""
    p = subject.model.predict(subject.last)[f"p_{subject.data.target.main_horizon_months}m"]
    found = precision_ties(np.zeros(len(p)), p.to_numpy(), k=_TOP)
    share = found.tied / len(p)
    said = [f"{found.tied} structures ont le score de la {found.k}e place."]
    fires = found.tied > 1 and share > TIED
    return told(
        said if fires else [], "Peu d'ex æquo en haut de liste.", {"tied": found.tied, "k": found.k}
    )


def subgroups(subject: Subject) -> Result:
    """Compare observed and expected cases in each level of the categories."""
    made = subject.unseen
    groups = [f.name for f in subject.model.features if f.kind == "categorical"]
    if made is None or not groups:
        return absent("Pas de catégorie, ou pas de date de test.")
    rows = made[0].with_columns(made[1].alias("_p"))
    whole = float(rows["event"].to_numpy().sum()) / float(rows["_p"].to_numpy().sum())
    found, tried, values = [], 0, {}
    for name in groups:
        for (level,), part in rows.group_by(name, maintain_order=True):
            if part["event"].sum() < _FEW:
                continue
            tried += 1
            ratio = observed_over_expected(
                int(part["event"].sum()), float(part["_p"].sum()) * whole
            )
            if ratio.low > 1.25 or ratio.high < 0.8:
                found.append(f"« {name} = {level} » : {ratio.value:.2f} fois les cas attendus.")
                values[f"{name}={level}"] = ratio.to_dict()
    if not tried:
        return absent("Aucun groupe n'a assez d'événements.")
    return told(found, f"{tried} groupes, aucun écart net.", values)


def unseen(subject: Subject) -> Result:
    """Look for missing values on the last day where training had none."""
    rows = subject.model.unseen_missing(subject.last)
    counts = dict(rows.group_by("feature").len().sort("len", descending=True).iter_rows())
    said = [
        f"« {name} » manque sur {n} lignes, jamais à l'apprentissage." for name, n in counts.items()
    ]
    return told(said, "Ce qui manque manquait déjà.", {"rows": counts})


def coverage(subject: Subject) -> Result:
    """Look for indicators whose share of missing values jumps from one day to the next."""
    days = subject.data.rows["as_of"].n_unique()
    if not subject.data.dated or days < 2:
        return absent("Une seule date : rien à comparer.")
    names = [f.name for f in subject.model.features]
    shares = subject.data.rows.group_by("as_of").agg(pl.col(names).is_null().mean()).sort("as_of")
    jumps = {n: float(shares[n].diff().abs().max() or 0) for n in names}  # type: ignore[arg-type]
    worst = dict(sorted(jumps.items(), key=lambda pair: -pair[1])[:_SHOWN])
    said = [f"La part manquante de « {n} » saute de {v:.0%}." for n, v in worst.items() if v > JUMP]
    return told(said, "Aucune source ne commence ni ne s'arrête.", {"jumps": worst})


def seeds(subject: Subject) -> Result:
    """Compare the lists of two seeds."""
    one, two = subject.unseen, subject.light(1)
    if one is None or two is None:
        return absent("Pas de date de test.")
    k = min(_TOP, len(one[1]) // 10 or 1)
    tops = [set(made[1].arg_sort(descending=True).head(k).to_list()) for made in (one, two)]
    same = len(tops[0] & tops[1]) / k
    rank = float(spearmanr(one[1], two[1]).statistic)
    said = [f"Deux graines n'ont que {same:.0%} des {k} premiers en commun."]
    values = {"overlap": same, "k": k, "rank_correlation": rank}
    return told(
        said if same < SAME_LIST else [],
        f"Deux graines ont {same:.0%} des {k} premiers en commun.",
        values,
    )


def size(subject: Subject) -> Result:
    """Count events, for each indicator and for the test."""
    events = int(subject.labels["event"].sum())
    each = events / max(1, len(subject.model.features))
    values = {"events": events, "events_per_indicator": each}
    said = []
    if each < EVENTS_PER_INDICATOR:
        said.append(f"{events} événements pour {len(subject.model.features)} indicateurs.")
    return told(said, f"{events} événements, {each:.0f} par indicateur.", values)
