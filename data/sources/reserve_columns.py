"""Columns of the lists of the parliamentary reserve, whose names change every year."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from data.sources.text import fold

#: our names -> accepted spellings (folded), in order of preference
_NAMES: dict[str, tuple[str, ...]] = {
    "beneficiary": (
        *("beneficiaire", "nombeneficiaire", "nomdubeneficiaire", "libellebeneficiaire"),
        *("beneficiairedelasubvention", "organismebeneficiaire", "beneficiaires"),
    ),
    "amount": (
        *("montant", "montantsubvention", "montantdelasubvention", "subventionallouee"),
        *("montanteneuros", "montanteuros", "subvention", "subventionproposee", "montantverse"),
    ),
    "programme": (
        *("programmebudgetaire", "programme", "codeprogramme", "programmeetactionbudgetaires"),
        *("programmeaction", "imputationbudgetaire"),
    ),
    "purpose": (
        *("descriptif", "objet", "natureduprojet", "objetdelasubvention", "descriptionduprojet"),
        *("destinationdelasubvention", "naturedelasubvention", "projet", "libelle", "description"),
    ),
    "granted": (
        *("anneedoctroidelasubvention", "anneedoctroi", "anneeoctroi", "anneedattribution"),
        *("anneedengagement",),
    ),
    "address": ("adresse", "adressedubeneficiaire", "adressebeneficiaire"),
    "rna": ("rna", "nrna", "nrnaassociation", "numerorna", "rnabeneficiaire"),
    "siret": ("siret", "nsiret", "numerosiret", "siren", "nsiren", "siretbeneficiaire"),
    "departement": ("departementdubeneficiaire", "departementbeneficiaire"),
}
_PAID = re.compile(r"^(?:montants?|subventions?|sommes?)verse\w*?(?:en)?(20[01]\d)")
#: columns about whoever proposed the grant: never read, they tell the list
_PROPOSER = re.compile(
    r"^(?:attributeur|mandatattributeur|departementattributeur|idacteur|idgroupe|depute|senateur"
    r"|parlementaire\w*|circonscription"
    r"|(?:nom|prenom|groupe|civilite)(?:du|de)?(?:acteur|depute|senateur|parlementaire)"
    r"|departement(?:du)?(?:parlementaire|depute|senateur)|groupepolitique\w*)$"
)
_NAMED_PROPOSER = {"nom", "prenom", "groupe"}
_DEPARTEMENT = "departement"
#: a département of the one who proposed: "Département" alone is then the beneficiary's
_OTHER_DEPARTEMENT = re.compile(
    r"^departement(?:du)?(?:attributeur|parlementaire|depute|senateur)$"
)


@dataclass(frozen=True)
class Layout:
    """Positions of the columns read, what the money is, and the year its column says."""

    columns: dict[str, int]
    stage: str
    year: int | None


def layout_of(header: Sequence[str]) -> Layout | None:
    """Return the layout of a header, None where it has no beneficiary or no amount.

    "Département" is the beneficiary's only beside a département of whoever proposed the grant: in
    the lists of the Assemblée nationale it is the constituency of the member.
    """
    folded = [fold(cell) for cell in header]
    columns = {
        key: folded.index(name)
        for key, names in _NAMES.items()
        for name in [next((name for name in names if name in folded), "")]
        if name
    }
    year, stage = None, "awarded"
    for at, name in enumerate(folded):
        paid = _PAID.match(name)
        if paid:
            columns["amount"], year, stage = at, int(paid.group(1)), "paid"
            break
    if _DEPARTEMENT in folded and any(map(_OTHER_DEPARTEMENT.match, folded)):
        columns.setdefault("departement", folded.index(_DEPARTEMENT))
    if not {"beneficiary", "amount"} <= columns.keys():
        return None
    return Layout(columns, stage, year)


def proposed(header: Sequence[str]) -> bool:
    """Tell whether a header has columns about whoever proposed the grant."""
    folded = {fold(cell) for cell in header}
    return folded >= _NAMED_PROPOSER or any(map(_PROPOSER.match, folded))


def score(header: Sequence[str]) -> int:
    """Return how many columns of the list a header has, 0 where it is not one."""
    layout = layout_of(header)
    return len(layout.columns) if layout else 0
