"""The generated part of docs/schemes.md: the catalogue, and who each scheme fits.

Every line of the second table is run through `orientation` to be written, and again by a test.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from data.reference import departements, regions
from data.reference.schemes import Scheme, load_schemes
from scripts.tables import table
from serving.cell.facts import Facts
from serving.cell.orientation import Oriented, orientation
from serving.cell.stages import LABELS

VERDICTS = {"fits": "convient", "to_check": "à vérifier", "does_not_fit": "ne convient pas"}
#: an invented structure of which everything is known, and nothing presses
CALM = Facts(
    level="low",
    ess_family="association",
    legal_category="9220",
    sector="social_care",
    departement="59",
    region="32",
    employer=True,
    employees=(10, 19),
    budget_eur=480_000,
    esus=False,
    siae=False,
    aci=False,
    proceedings="none",
    overdue_eur=0,
    payment_late_share_ratio=0,
    grants_change_1y_ratio=0.02,
    lost_funders_count=0,
    debt_outstanding_eur=0,
    filings_current=True,
    neighbours=4,
)
IN_TROUBLE = replace(CALM, level="high", grants_change_1y_ratio=-0.42, lost_funders_count=1)
PACA = replace(IN_TROUBLE, departement="13", region="93", sector="insertion", siae=True, aci=True)


@dataclass(frozen=True)
class Case:
    """An invented structure for a scheme: who it is in French, what is known of it."""

    who: str
    facts: Facts


#: scheme -> a structure that it fits, and one that it does not
CASES: dict[str, tuple[Case, Case]] = {
    "mediateur_entreprises": (
        Case("Les Jardins du Nuage, payés en retard", replace(CALM, overdue_eur=18_000)),
        Case("La Maison des Brumes, payée à l'heure", CALM),
    ),
    "pret_relais_solidaire": (
        Case("Les Relais de la Dune, 40 000 € attendus", replace(CALM, overdue_eur=40_000)),
        Case("Le Club du Phare, rien d'impayé", IN_TROUBLE),
    ),
    "parcours_aci_paca": (
        Case("Les Ateliers des Trois Lunes, ACI à Marseille", PACA),
        Case(
            "Les Ateliers du Grand Pré, ACI à Lille", replace(PACA, departement="59", region="32")
        ),
    ),
    "ccsf": (
        Case("La Fabrique du Nuage, cotisations dues", replace(CALM, debt_outstanding_eur=23_000)),
        Case(
            "La Régie des Brumes, de droit public",
            replace(CALM, legal_category="7389", debt_outstanding_eur=23_000),
        ),
    ),
    "dla_restructuration": (
        Case("Le Foyer de la Dune, un financeur perdu", IN_TROUBLE),
        Case("Le Foyer du Phare, sans difficulté connue", CALM),
    ),
    "dla": (
        Case("La Maison du Grand Pré, quinze salariés", CALM),
        Case(
            "Le Club des Trois Lunes, sans salarié",
            replace(CALM, employer=False, employees=(0, 0)),
        ),
    ),
    "france_active": (
        Case("Les Relais du Nuage, budget de 480 000 €", IN_TROUBLE),
        Case("Les Relais des Brumes, budget de 90 000 €", replace(IN_TROUBLE, budget_eur=90_000)),
    ),
    "contrat_apport_associatif": (
        Case("Les Jardins de la Dune, association", CALM),
        Case(
            "La Coop du Phare, société coopérative",
            replace(CALM, ess_family="cooperative", legal_category="5458"),
        ),
    ),
    "guid_asso": (
        Case("Le Club du Grand Pré, petite association", replace(CALM, budget_eur=60_000)),
        Case(
            "La Coop des Trois Lunes, société coopérative",
            replace(CALM, ess_family="cooperative", legal_category="5458"),
        ),
    ),
    "codefi": (
        Case("La Fabrique de la Dune, quinze salariés", IN_TROUBLE),
        Case(
            "La Mutuelle du Phare, 500 salariés et plus",
            replace(IN_TROUBLE, ess_family="mutual", employees=(500, 999)),
        ),
    ),
    "sos_employeurs_ess": (
        Case("Les Ateliers du Nuage, employeur à Lille", IN_TROUBLE),
        Case(
            "Les Ateliers des Brumes, employeur à Toulouse",
            replace(IN_TROUBLE, departement="31", region="76"),
        ),
    ),
    "cellule_regionale": (
        Case("Le Foyer du Grand Pré, dans le Nord", IN_TROUBLE),
        Case(
            "Le Foyer des Trois Lunes, en Gironde",
            replace(IN_TROUBLE, departement="33", region="75"),
        ),
    ),
    "ptce": (
        Case("La Régie de la Dune, quatre voisines", CALM),
        Case("La Régie du Phare, sans voisine", replace(CALM, neighbours=0)),
    ),
}


def oriented(scheme: str, case: Case) -> Oriented:
    """Return what the shipped catalogue says of a scheme for an invented structure."""
    found = orientation(load_schemes(), case.facts)
    return next(one for one in found.schemes if one.scheme.id == scheme)


def block() -> str:
    """Return the table of the catalogue, then who each scheme fits, and does not."""
    schemes = load_schemes().schemes
    return "\n\n".join(
        [
            "## Le catalogue livré",
            table(
                ("id", "dispositif", "stades", "territoire", "source", "à confirmer"),
                [_row(scheme) for scheme in schemes.values()],
            ),
            "## À qui chaque dispositif convient",
            "Structures inventées. Le critère qui décide est dit avec la valeur lue.",
            table(
                ("dispositif", "structure", "où", "verdict", "ce qui décide"),
                [
                    _case(schemes[scheme].label, case, oriented(scheme, case))
                    for scheme, both in CASES.items()
                    for case in both
                ],
            ),
        ]
    )


def _row(scheme: Scheme) -> tuple[str, ...]:
    where = ", ".join(regions()[code] for code in scheme.regions) or "partout"
    dated = f", {scheme.source_on:%d/%m/%Y}" if scheme.source_on else ""
    stages = ", ".join(LABELS[stage] for stage in scheme.stages)
    confirm = "oui" if scheme.to_confirm else ""
    return (f"`{scheme.id}`", scheme.label, stages, where, scheme.source + dated, confirm)


def _case(label: str, case: Case, found: Oriented) -> tuple[str, ...]:
    # What a scheme asks beside its stage and its territory, where that is all met.
    own = [c for c in found.decided_by if c.kind not in {"stage", "territory"}]
    decided = (own or found.decided_by) if found.verdict == "fits" else found.decided_by
    said = " ; ".join(f"{c.label} : **{c.value}**" for c in decided)
    where = departements()[str(case.facts.departement)].name
    return (label, case.who, where, VERDICTS[found.verdict], said)
