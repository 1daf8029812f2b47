"""A small StockUniteLegale and an answer of the search API."""

from __future__ import annotations

import json
from pathlib import Path

from stdnum import luhn

_NAMES = ("LE NUAGE", '"LA DUNE, DITE ""BLANCHE"""', "LE PHARE", "[ND]", "")
_CATEGORIES = ("9220", "9220", "5710", "1000", "5458", "9300")
_HEADER = (
    "siren,statutDiffusionUniteLegale,dateCreationUniteLegale,sigleUniteLegale,prenom1UniteLegale,"
    "identifiantAssociationUniteLegale,trancheEffectifsUniteLegale,"
    "dateDernierTraitementUniteLegale,etatAdministratifUniteLegale,nomUniteLegale,"
    "denominationUniteLegale,denominationUsuelle1UniteLegale,categorieJuridiqueUniteLegale,"
    "activitePrincipaleUniteLegale,nomenclatureActivitePrincipaleUniteLegale,"
    "economieSocialeSolidaireUniteLegale\n"
)


def _siren(number: int) -> str:
    start = f"990{number:05d}"
    return start + luhn.calc_check_digit(start)


def make(folder: Path) -> list[Path]:
    """Write the samples into `folder`."""
    stock = folder / "StockUniteLegale_utf8.csv"
    stock.write_text(
        _HEADER
        + "".join(
            f"{_siren(at)},O,{('1998-05-04', '1900-01-01', '')[at % 3]},,,"
            f"{'W591234567' if at == 4 else ''},{('NN', '12', '')[at % 3]},"
            f"{'' if at == 9 else f'2024-03-{at + 1:02d}T05:04:12'},A,,{_NAMES[at % 5]},,"
            f"{_CATEGORIES[at % 6]},88.99B,NAFRev2,{('', 'O', 'N')[at % 3]}\n"
            for at in range(24)
        ),
        encoding="utf-8",
    )
    answer = folder / "recherche.json"
    units = [
        {
            "siren": _siren(at),
            "nom_complet": _NAMES[at % 3],
            "nature_juridique": _CATEGORIES[at % 6],
            "activite_principale": "90.01Z",
            "tranche_effectif_salarie": "03",
            "date_creation": "2001-02-03",
            "date_fermeture": "2023-11-30" if at == 6 else None,
            "date_mise_a_jour_insee": f"2024-01-{at + 1:02d}T03:04:05",
            "siege": {"code_postal": "59000", "commune": "59350"},
            "complements": {"est_ess": at % 2 == 0, "identifiant_association": None},
        }
        for at in range(12)
    ]
    answer.write_text(json.dumps({"results": units, "total_results": 12}), encoding="utf-8")
    return [stock, answer]
