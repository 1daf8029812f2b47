"""Structure indicators (age, size, dependence) and failure rates of its sector and territory."""

from __future__ import annotations

import narwhals as nw

from data.contracts import FAILURE_KINDS
from features.asof import add_months, to_day
from features.engines.base import Frame
from features.frames import PPM, Day, rate, standing
from features.indicator import Indicator, capped, divided, eur, in_years, ratio

_c = nw.col
_UNKNOWN = "caractéristique absente du répertoire"
RATE_MONTHS = 24


def _rates(failures: Frame, structures: Frame, by: str) -> Frame:
    counted = structures.join(failures, on="siren", how="left").with_columns(
        nw.lit(1).alias("one"), _c("failed").fill_null(0).alias("failed")
    )
    overall = counted.group_by("one").agg(
        _c("failed").sum().cast(nw.Float64).alias("a_failed"),
        _c("one").sum().cast(nw.Float64).alias("a_size"),
    )
    return (
        counted.filter(~_c(by).is_null())
        .group_by(by, "one")
        .agg(_c("failed").sum().alias("n_failed"), nw.len().alias("n_size"))
        .join(overall, left_on="one", right_on="one", how="inner")
        .select(by, rate("n_failed", "n_size", _c("a_failed") / _c("a_size")).alias(f"{by}_ppm"))
    )


def described(day: Day) -> Frame:
    """Return the structures with the failure rates, known by then, of their sector and place."""
    start = to_day(add_months(day.as_of, -RATE_MONTHS))
    failures = (
        standing(day.facts.events, day.as_of)
        .filter(_c("kind").is_in(list(FAILURE_KINDS)) & (_c("occurred_day") > start))
        .select("siren", nw.lit(1).alias("failed"))
        .unique()
    )
    frame = day.structures
    for by in ("sector", "departement"):
        frame = frame.join(_rates(failures, day.structures, by), on=by, how="left")
    return frame


INDICATORS: tuple[Indicator, ...] = (
    Indicator(
        "age_years",
        "structure",
        "panel",
        "years",
        0,
        _UNKNOWN,
        "Âge de la structure",
        "La structure a {value}.",
        "les plus jeunes et les plus anciennes n'ont pas le même risque",
        in_years(_c("_as_of_day") - _c("created_day")),
    ),
    Indicator(
        "employees",
        "structure",
        "structure",
        "count",
        0,
        _UNKNOWN,
        "Effectif (milieu de la tranche INSEE)",
        "La structure emploie environ {value} personne(s).",
        "taille et emplois en jeu",
        _c("employees"),
    ),
    Indicator(
        "budget_eur",
        "structure",
        "panel",
        "eur",
        0,
        _UNKNOWN,
        "Budget annuel",
        "Le budget annuel est de {value}.",
        "taille économique",
        eur(_c("budget_cents")),
    ),
    Indicator(
        "grants_budget_ratio",
        "structure",
        "panel",
        "ratio",
        1,
        "budget inconnu",
        "Part des subventions dans le budget",
        "Les subventions représentent {value} du budget.",
        "dépendance à l'argent public",
        capped(ratio(_c("_s0"), _c("budget_cents")), 3.0),
    ),
    Indicator(
        "esus",
        "structure",
        "structure",
        "flag",
        0,
        _UNKNOWN,
        "Agrément ESUS",
        "La structure a l'agrément ESUS.",
        "accès aux financements solidaires",
        _c("esus").cast(nw.Float64),
    ),
    Indicator(
        "sector",
        "structure",
        "structure",
        "category",
        0,
        _UNKNOWN,
        "Secteur d'activité",
        "Le secteur est « {value} ».",
        "chocs de secteur",
        _c("sector"),
        "categorical",
    ),
    Indicator(
        "ess_family",
        "structure",
        "structure",
        "category",
        0,
        _UNKNOWN,
        "Famille de l'ESS",
        "La structure est de la famille « {value} ».",
        "statut juridique",
        _c("ess_family"),
        "categorical",
    ),
    Indicator(
        "region",
        "structure",
        "structure",
        "category",
        0,
        _UNKNOWN,
        "Région",
        "La structure est en région « {value} ».",
        "chocs de territoire",
        _c("region"),
        "categorical",
    ),
    Indicator(
        "sector_failure_rate_ratio",
        "event",
        "panel",
        "ratio",
        1,
        "secteur inconnu",
        "Taux de défaillance du secteur sur 24 mois",
        "{value} des structures du secteur ont défailli en deux ans.",
        "le risque commun du secteur",
        divided(_c("sector_ppm"), PPM),
    ),
    Indicator(
        "departement_failure_rate_ratio",
        "event",
        "panel",
        "ratio",
        1,
        "département inconnu",
        "Taux de défaillance du département sur 24 mois",
        "{value} des structures du département ont défailli en deux ans.",
        "le risque commun du territoire",
        divided(_c("departement_ppm"), PPM),
    ),
)
