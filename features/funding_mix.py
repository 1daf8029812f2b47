"""Funding indicators: concentration, losses of funders and programmes, shares by kind and purpose.

The sums `_s0`, `_s1`… are those of `features.funding`.
"""

from __future__ import annotations

import narwhals as nw

from features.facts import STATE
from features.frames import PPM
from features.funding import BOTH, FIRST, funding
from features.indicator import Direction, Indicator, change, count, divided, eur, ratio, total

_c = nw.col

INGREDIENTS: dict[str, dict[str, nw.Expr]] = {
    "funder": {
        "_lost": total("s1", (_c("s0") * 2 < _c("s1")) & BOTH),
        "_contract0": total("contract0"),
        "_state0": total("s0", _c("level") == STATE),
        "_state1": total("s1", (_c("level") == STATE) & BOTH),
        "_state_both0": total("s0", (_c("level") == STATE) & BOTH),
        "_other0": total("s0", _c("level") != STATE),
        "_other1": total("s1", (_c("level") != STATE) & BOTH),
        "_other_both0": total("s0", (_c("level") != STATE) & BOTH),
    },
    "line": {
        "_lines0": count((_c("slot") == 0) & (_c("grant_cents") > 0)),
        "_lines1": count((_c("slot") == 1) & (_c("grant_cents") > 0)),
        "_largest_line": nw.when(_c("slot") == 0).then(_c("grant_cents")).max(),
        "_multi0": total("grant_cents", (_c("slot") == 0) & _c("multi_year")),
        "_round0": total("grant_cents", (_c("slot") == 0) & (_c("grant_cents") % 100_000 == 0)),
        **{
            f"_purpose_{kind}": total(
                "grant_cents", (_c("slot") == 0) & (_c("purpose_kind") == kind)
            )
            for kind in ("operating", "project", "job_post")
        },
    },
    "programme": {
        "_n_programmes0": count(_c("p0") > 0),
        "_n_programmes1": count(_c("p1") > 0),
        "_largest_programme": _c("p0").max(),
        "_lost_programmes": count((_c("p1") > 0) & (_c("p0") == 0)),
    },
}

_PURPOSES: dict[str, tuple[str, Direction]] = {
    "operating": ("fonctionnement", 0),
    "project": ("projets", 0),
    "job_post": ("postes et emplois", 0),
}

INDICATORS: tuple[Indicator, ...] = (
    funding(
        "funders_count",
        "funder",
        "count",
        -1,
        "Nombre de financeurs du dernier exercice",
        "La structure compte {value} financeur(s) public(s).",
        "plusieurs financeurs amortissent une coupe",
        count(_c("s0") > 0),
    ),
    funding(
        "largest_funder_share_ratio",
        "funder",
        "ratio",
        1,
        "Part du premier financeur",
        "Le premier financeur apporte {value} des subventions.",
        "dépendance à une seule décision",
        divided(_c("share0_ppm").max(), PPM),
    ),
    funding(
        "funders_hhi",
        "funder",
        "index",
        1,
        "Concentration des financeurs (indice de Herfindahl)",
        "Les financements sont concentrés (indice {value}).",
        "concentration complète, au-delà du premier financeur",
        nw.when(_c("share0_ppm").max() > 0).then(
            divided((_c("share0_ppm") * _c("share0_ppm")).sum(), PPM**2)
        ),
    ),
    funding(
        "lost_funders_share_ratio",
        "panel",
        "ratio",
        1,
        "Part des subventions de l'an passé dont le financeur a coupé plus de la moitié",
        "Des financeurs qui apportaient {value} des subventions ont coupé plus de la moitié.",
        "perte d'un financeur récurrent",
        ratio(_c("_lost"), _c("_s1")),
        FIRST,
    ),
    funding(
        "lost_funders_count",
        "funder",
        "count",
        1,
        "Nombre de financeurs perdus en un an",
        "{value} financeur(s) de l'an passé ne finance(nt) plus la structure.",
        "première perte d'un financeur",
        count((_c("s1") > 0) & (_c("s0") == 0) & BOTH),
    ),
    funding(
        "contract_share_ratio",
        "panel",
        "ratio",
        0,
        "Part de la commande publique",
        "La commande publique représente {value} de l'argent public reçu.",
        "subvention ou marché : le risque n'est pas le même",
        ratio(_c("_contract0"), _c("_contract0") + _c("_s0")),
    ),
    funding(
        "state_share_ratio",
        "panel",
        "ratio",
        0,
        "Part de l'État dans les subventions",
        "L'État apporte {value} des subventions connues.",
        "exposition au budget de l'État",
        ratio(_c("_state0"), _c("_s0")),
    ),
    funding(
        "state_change_1y_ratio",
        "panel",
        "ratio",
        0,
        "Évolution des subventions de l'État en un an",
        "Les subventions de l'État {ont_change} en un an.",
        "signal propre à l'État",
        change(_c("_state_both0"), _c("_state1")),
        FIRST,
    ),
    funding(
        "local_eur",
        "panel",
        "eur",
        -1,
        "Subventions hors État",
        "Les autres financeurs apportent {value}.",
        "des soutiens locaux amortissent",
        eur(_c("_other0")),
    ),
    funding(
        "local_change_1y_ratio",
        "panel",
        "ratio",
        0,
        "Évolution des subventions hors État en un an",
        "Les subventions des collectivités et opérateurs {ont_change} en un an.",
        "signal propre aux collectivités",
        change(_c("_other_both0"), _c("_other1")),
        FIRST,
    ),
    funding(
        "grant_lines_count",
        "panel",
        "count",
        0,
        "Nombre de subventions du dernier exercice",
        "Le dernier exercice compte {value} subvention(s).",
        "dispersion des décisions",
        _c("_lines0").cast(nw.Float64),
    ),
    funding(
        "grant_lines_previous_count",
        "panel",
        "count",
        0,
        "Nombre de subventions de l'exercice précédent",
        "L'exercice précédent comptait {value} subvention(s).",
        "dispersion d'avant",
        _c("_lines1").cast(nw.Float64),
    ),
    funding(
        "largest_line_share_ratio",
        "panel",
        "ratio",
        1,
        "Part de la plus grosse subvention",
        "Une seule subvention représente {value} du total.",
        "dépendance à une décision",
        ratio(_c("_largest_line"), _c("_s0")),
    ),
    funding(
        "round_share_ratio",
        "panel",
        "ratio",
        0,
        "Part des montants ronds (multiples de 1 000 €)",
        "{value} du montant vient de subventions d'un montant rond.",
        "un montant rond signale une décision discrétionnaire, pas un barème",
        ratio(_c("_round0"), _c("_s0")),
    ),
    funding(
        "multi_year_share_ratio",
        "panel",
        "ratio",
        -1,
        "Part sous convention pluriannuelle",
        "{value} des subventions sont sous convention pluriannuelle.",
        "pratique protectrice demandée aux financeurs",
        ratio(_c("_multi0"), _c("_s0")),
    ),
    funding(
        "programmes_count",
        "panel",
        "count",
        -1,
        "Nombre de programmes ou dispositifs",
        "Les subventions relèvent de {value} programme(s).",
        "diversification",
        _c("_n_programmes0").cast(nw.Float64),
    ),
    funding(
        "largest_programme_share_ratio",
        "panel",
        "ratio",
        1,
        "Part du premier programme",
        "Un seul programme apporte {value} des subventions.",
        "exposition à une ligne budgétaire",
        ratio(_c("_largest_programme"), _c("_s0")),
    ),
    funding(
        "lost_programmes_count",
        "panel",
        "count",
        1,
        "Programmes perdus en un an",
        "{value} programme(s) de l'an passé ne finance(nt) plus la structure.",
        "perte d'une ligne",
        _c("_lost_programmes").cast(nw.Float64),
    ),
    *(
        funding(
            f"{kind}_share_ratio",
            "panel",
            "ratio",
            direction,
            f"Part des subventions pour {words}",
            f"{{value}} des subventions vont à : {words}.",
            "l'objet dit si le soutien se renouvelle",
            ratio(_c(f"_purpose_{kind}"), _c("_s0")),
        )
        for kind, (words, direction) in _PURPOSES.items()
    ),
    funding(
        "main_programme",
        "panel",
        "category",
        0,
        "Premier programme",
        "Le premier programme est « {value} ».",
        "chaque programme a sa pratique de renouvellement",
        _c("_main_programme"),
        kind="categorical",
    ),
    funding(
        "main_purpose",
        "panel",
        "category",
        0,
        "Objet principal",
        "L'objet principal des subventions est « {value} ».",
        "l'objet dit si le soutien se renouvelle",
        _c("_main_purpose"),
        kind="categorical",
    ),
)
