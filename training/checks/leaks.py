"""Leaks: what only someone who knows the future could have put in a panel."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
from scipy.stats import rankdata, spearmanr

from training.checks.ranking import Floats, auc
from training.checks.result import BEFORE, Result, Subject, absent, told

#: alone, no honest indicator known to us ranks better than this
ALONE = 0.92
#: nor than this without looking like its own past, where the other indicators do
SUDDEN, LIKE_ITS_PAST, OTHERS_DO = 0.72, 0.15, 0.3
#: the value of a day before says more of a label than that of the day: by this much, and surely
EARLIER, SURE = 0.003, 2.5
_WORTH = 0.58
_NAMES = {
    *("event", "event_on", "label", "target", "y", "failed", "failure", "default", "defaut"),
    *("bankrupt", "bankruptcy", "defaillance", "faillite", "outcome", "churn"),
}
_EXACT = 0.9999
_FEW_ROWS, _LONE_SHARE = 5, 0.005
#: an observation day may follow the last fact by this much: little is published in some months
_SILENCE = timedelta(days=183)
_MIN_EVENTS = 20


def single(subject: Subject) -> Result:
    """Look for an indicator that alone is too good."""
    rows = subject.labelled
    if rows["event"].sum() < _MIN_EVENTS:
        return absent("Trop peu d'événements pour juger un indicateur seul.")
    found, best = [], subject.alone
    past = {name: _past(subject, name) for name in best}
    usual = float(np.median([abs(p) for p in past.values() if p is not None] or [0.0]))
    for name, value in sorted(best.items(), key=lambda pair: -pair[1]):
        before = past[name]
        if value >= ALONE:
            found.append(f"« {name} » range seul les cas avec une AUC de {value:.3f}.")
        elif value < SUDDEN or before is None or usual < OTHERS_DO:
            continue
        elif abs(before) < LIKE_ITS_PAST:
            found.append(
                f"« {name} » range seul les cas (AUC {value:.3f}) sans ressembler à sa propre "
                f"valeur d'avant, comme le font les autres (corrélation des rangs {before:.2f})."
            )
    top = sorted(best.items(), key=lambda pair: -pair[1])[:5]
    name, value = top[0]
    return told(
        found,
        f"Le meilleur indicateur seul, « {name} », a une AUC de {value:.3f}.",
        {"auc": dict(top)},
    )


def _pairs(subject: Subject, name: str) -> pl.DataFrame | None:
    """Return, for labelled rows, an indicator on the day and on the day before (`before`)."""
    pairs = subject.pairs
    if pairs is None or name not in pairs.columns:
        return None
    rows = pairs.select("event", name, pl.col(f"{name}{BEFORE}").alias("before")).drop_nulls()
    return rows if rows["event"].sum() >= _MIN_EVENTS else None


def _past(subject: Subject, name: str) -> float | None:
    """Return the rank correlation of an indicator with its value of the day before."""
    rows = _pairs(subject, name)
    if rows is None or min(rows[c].n_unique() for c in (name, "before")) < 2:
        return None
    return float(spearmanr(rows[name], rows["before"]).statistic)


def tomorrow(subject: Subject) -> Result:
    """Look for an indicator that is ahead of its day, then compute some days again."""
    found = []
    if subject.recomputed is not None:
        found = _other_values(subject)
    elif not subject.data.dated:
        return absent("Une coupe n'a pas de veille à laquelle comparer.")
    gaps: dict[str, float] = {}
    for feature in subject.model.features:
        rows = _pairs(subject, feature.name)
        if rows is None:
            continue
        event = rows["event"].to_numpy().astype(float)
        now, before = (rows[c].cast(pl.Float64).to_numpy() for c in (feature.name, "before"))
        gap, sure = _difference(event, now, before)
        gaps[feature.name] = gap
        if gap > EARLIER and sure > SURE and auc(event, before) > _WORTH:
            found.append(
                f"La valeur d'avant de « {feature.name} » annonce l'événement mieux que celle du "
                f"jour (AUC +{gap:.3f}) : la colonne a l'air d'être en avance d'une date."
            )
    top = dict(sorted(gaps.items(), key=lambda pair: -pair[1])[:5])
    return told(found, "Aucun indicateur n'est en avance sur sa date.", {"auc_gap": top})


def _difference(event: Floats, now: Floats, before: Floats) -> tuple[float, float]:
    """Return AUC(before) - AUC(now), and how many standard errors it is (DeLong 1988)."""
    parts = []
    for value in (now, before):
        ranks = rankdata(value)
        positive = event == 1
        m, n = positive.sum(), (~positive).sum()
        inside, outside = rankdata(value[positive]), rankdata(value[~positive])
        of_case = (ranks[positive] - inside) / n
        of_rest = 1 - (ranks[~positive] - outside) / m
        area = of_case.mean()
        parts.append(
            (area, of_case, of_rest) if area >= 0.5 else (1 - area, 1 - of_case, 1 - of_rest)
        )
    (one, case1, rest1), (two, case2, rest2) = parts
    error = np.sqrt((case2 - case1).var() / len(case1) + (rest2 - rest1).var() / len(rest1))
    return float(two - one), float((two - one) / error) if error > 0 else 0.0


def _other_values(subject: Subject) -> list[str]:
    """Return the indicators whose stored values are not those of facts known by their day."""
    again = subject.recomputed
    if again is None:
        return []
    names = [f.name for f in subject.model.features if f.name in again.columns]
    both = subject.data.rows.join(again, on=["structure_id", "as_of"], how="inner", suffix="_again")
    wrong = []
    for name in names:
        other = both.filter(~pl.col(name).eq_missing(pl.col(f"{name}_again"))).height
        if other:
            wrong.append(
                f"« {name} » n'a pas, sur {other} lignes de {both.height}, la valeur que donnent "
                "les faits connus à leur date."
            )
    return wrong


def future(subject: Subject) -> Result:
    """Look for rows dated after today, after the facts, or alone after all the others."""
    if not subject.data.dated:
        return absent("Une coupe n'a pas de dates.")
    found = []
    days = subject.data.rows.group_by("as_of").len().sort("as_of")
    late = days.filter(pl.col("as_of") > subject.today)
    if late.height:
        found.append(
            f"{late['len'].sum()} lignes sont datées d'après aujourd'hui ({late['as_of'][0]})."
        )
    if subject.known_to is not None:
        after = days.filter(pl.col("as_of") > subject.known_to + _SILENCE)
        if after.height:
            found.append(
                f"{after['len'].sum()} lignes sont datées de plus de six mois après le dernier "
                f"fait ({subject.known_to})."
            )
    if days.height > 2:
        few = max(_FEW_ROWS, _LONE_SHARE * float(days["len"].median() or 0))  # type: ignore[arg-type]
        steps = days["as_of"].diff().drop_nulls().dt.total_days()
        gap = float(steps.median() or 0)  # type: ignore[arg-type]
        if days["len"][-1] <= few and steps[-1] > 1.5 * gap:
            found.append(
                f"{days['len'][-1]} lignes seules sont datées du {days['as_of'][-1]}, loin des "
                "autres."
            )
    return told(
        found,
        f"La dernière date est le {days['as_of'][-1]}.",
        {"last_as_of": str(days["as_of"][-1])},
    )


def named(subject: Subject) -> Result:
    """Look for the label itself among the indicators."""
    found = []
    for name, value in subject.alone.items():
        if name.lower() in _NAMES:
            found.append(f"« {name} » porte le nom d'une étiquette.")
        elif value > _EXACT:
            found.append(f"« {name} » dit exactement l'étiquette.")
    return told(found, "Aucun indicateur n'est l'étiquette.", {})
