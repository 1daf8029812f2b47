"""Funding indicators: amounts, trends, age of the history.

Slots (s0 latest, s1 before…) are explained in `features.coverage`; a change compares only funders
whose data exist in both slots.
"""

from __future__ import annotations

import narwhals as nw

from features.frames import flag
from features.indicator import (
    Direction,
    Grain,
    Indicator,
    Kind,
    change,
    divided,
    eur,
    in_years,
    ratio,
    total,
)

_c = nw.col
#: the funder's data exist in slot 1 as well as in slot 0
BOTH = _c("n_slots") >= 2
NONE = "aucune subvention connue"
FIRST = "aucune année antérieure connue pour les mêmes financeurs"


def funding(
    name: str,
    grain: Grain,
    unit: str,
    direction: Direction,
    label: str,
    sentence: str,
    why: str,
    expr: nw.Expr,
    missing: str = NONE,
    kind: Kind = "numeric",
) -> Indicator:
    """Return an indicator of the theme "funding"."""
    return Indicator(
        name,
        "funding",
        grain,
        unit,
        direction,
        missing,
        label,
        sentence,
        why,
        expr,
        kind,
    )


def _mean_before() -> nw.Expr:
    return divided(eur(_c("_s1") + _c("_s2") + _c("_s3")), 3.0)


#: sums by structure that several indicators share (not indicators themselves)
INGREDIENTS: dict[str, dict[str, nw.Expr]] = {
    "funder": {
        **{f"_s{k}": total(f"s{k}") for k in range(6)},
        "_both0": total("s0", BOTH),
        "_both0_2": total("s0", _c("n_slots") >= 3),
    },
    "line": {
        "_first_day": _c("event_day").min(),
    },
}

INDICATORS: tuple[Indicator, ...] = (
    funding(
        "grants_eur",
        "panel",
        "eur",
        0,
        "Subventions du dernier exercice connu",
        "Les subventions du dernier exercice connu s'élèvent à {value}.",
        "taille des financements publics en jeu",
        eur(_c("_s0")),
    ),
    funding(
        "grants_previous_eur",
        "panel",
        "eur",
        0,
        "Subventions de l'exercice précédent",
        "Les subventions de l'exercice précédent s'élevaient à {value}.",
        "niveau d'avant, pour lire la tendance",
        eur(_c("_s1")),
    ),
    funding(
        "grants_two_before_eur",
        "panel",
        "eur",
        0,
        "Subventions d'il y a deux exercices",
        "Il y a deux exercices, les subventions s'élevaient à {value}.",
        "profondeur de l'historique",
        eur(_c("_s2")),
    ),
    funding(
        "grants_change_1y_ratio",
        "panel",
        "ratio",
        0,
        "Évolution des subventions en un an, à financeurs comparables",
        "Les subventions des mêmes financeurs {ont_change} en un an.",
        "une baisse récente annonce une tension ; une hausse ponctuelle retombe souvent",
        change(_c("_both0"), _c("_s1")),
        FIRST,
    ),
    funding(
        "grants_change_2y_ratio",
        "panel",
        "ratio",
        0,
        "Évolution des subventions en deux ans, à financeurs comparables",
        "Les subventions des mêmes financeurs {ont_change} en deux ans.",
        "tendance de fond",
        change(_c("_both0_2"), _c("_s2")),
        FIRST,
    ),
    funding(
        "grants_vs_mean_ratio",
        "panel",
        "ratio",
        0,
        "Dernier exercice rapporté à la moyenne des trois précédents",
        "Le dernier exercice représente {value} de la moyenne des trois précédents.",
        "un pic au-dessus de l'habitude annonce une retombée",
        ratio(eur(_c("_s0")), _mean_before()),
        FIRST,
    ),
    funding(
        "grants_floor_ratio",
        "panel",
        "ratio",
        -1,
        "Plus faible des trois derniers exercices rapporté au dernier",
        "Le plus faible des trois derniers exercices vaut {value} du dernier.",
        "un socle régulier protège",
        ratio(nw.min_horizontal(_c("_s0"), _c("_s1"), _c("_s2")), _c("_s0")),
    ),
    funding(
        "grants_peak_ratio",
        "panel",
        "ratio",
        0,
        "Dernier exercice rapporté au plus haut des cinq derniers",
        "Le dernier exercice vaut {value} du plus haut des cinq derniers.",
        "distance au sommet",
        ratio(_c("_s0"), nw.max_horizontal(_c("_s0"), _c("_s1"), _c("_s2"), _c("_s3"), _c("_s4"))),
    ),
    funding(
        "grants_volatility_ratio",
        "panel",
        "ratio",
        1,
        "Irrégularité des subventions sur quatre exercices",
        "Les subventions varient beaucoup d'un exercice à l'autre (écart {value}).",
        "un financement irrégulier se perd plus souvent",
        ratio(
            nw.max_horizontal("_s0", "_s1", "_s2", "_s3")
            - nw.min_horizontal("_s0", "_s1", "_s2", "_s3"),
            _c("_s0") + _c("_s1") + _c("_s2") + _c("_s3"),
        ),
    ),
    funding(
        "grants_years_count",
        "panel",
        "count",
        -1,
        "Exercices financés parmi les six derniers",
        "La structure a été financée {value} des six derniers exercices connus.",
        "l'ancienneté du soutien protège",
        nw.when(~_c("_s0").is_null()).then(
            sum((flag(_c(f"_s{k}") > 0) for k in range(1, 6)), flag(_c("_s0") > 0))
        ),
    ),
    funding(
        "history_years",
        "panel",
        "years",
        -1,
        "Ancienneté du premier financement connu",
        "Le premier financement public connu remonte à {value}.",
        "une relation ancienne se rompt moins",
        in_years(_c("_as_of_day") - _c("_first_day")),
    ),
)
