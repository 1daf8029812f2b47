"""Small lists of local authorities: the official template, the first wave, portals, JSON."""

from __future__ import annotations

import json
from pathlib import Path

from stdnum import luhn

_OFFICIAL = (
    "nomAttribuant;idAttribuant;dateConvention;referenceDecision;nomBeneficiaire;idBeneficiaire;"
    "rnaBeneficiaire;objet;montant;nature;conditionsVersement;datesPeriodeVersement;idRAE;"
    "notificationUE;pourcentageSubvention;dispositifAide"
)
_NAMES = ("Atelier du Nuage", "Club de la Dune", "Régie du Phare", "Foyer des Brumes")
_IDS = ("", "2,43E+13", "123", "SIREN absent")
_DATES = ("2021-03-04", "05/06/2021", "2021", "2021-13-45")
_AMOUNTS = ("1 500,50", "800", "12 000 €", "beaucoup", "")


def _key(start: str) -> str:
    return start + luhn.calc_check_digit(start)


def siret(number: int) -> str:
    """Return a fictitious SIRET."""
    return _key(f"{_key(f'990{number:05d}')}0001")


def make(folder: Path) -> list[Path]:
    """Write the samples into `folder`."""
    payer = f"Ville inventée;{siret(90)}"
    lines = []
    for at in range(24):
        who = siret(at) if at % 4 else _IDS[at // 4 % 4]
        cells = (
            *(payer, _DATES[at % 4 if at > 8 else 0], f"D{at}", _NAMES[at % 4], who, ""),
            *(f"Action {at}", _AMOUNTS[at % 5 if at > 12 else 0], "aide en numéraire", "unique"),
            *("2021-04-01/2021-12-31", "", "non", "1", "Vie associative"),
        )
        lines.append(";".join(cells))
    official = folder / "subventions-2021.csv"
    official.write_text("\n".join((_OFFICIAL, *lines)) + "\n", encoding="utf-8")

    wave = folder / "conventions_2017.csv"
    rows = (
        f"Département inventé,{siret(91)},DEP,2017-02-0{at % 9 + 1},A{at},{_NAMES[at % 4]},"
        f'{siret(at)}.0,Aide,"{at} 500,00",01/03/2017,31/12/2017'
        for at in range(12)
    )
    wave.write_text(
        "COLL_NOM,COLL_SIRET,COLL_TYPE,ACTE_DATE,ACTE_REF,ATTRIB_NOM,ATTRIB_SIRET,SUB_OBJET,"
        "SUB_MONTANT,SUB_DATE_DEBUT,SUB_DATE_FIN\n" + "\n".join(rows) + "\n",
        encoding="cp1252",
    )

    portal = folder / "versements.csv"
    rows = (
        f"{2015 + at % 4};{_NAMES[at % 4]};{siret(at) if at % 3 else ''};{75001 + at};{at * 100}"
        for at in range(12)
    )
    portal.write_text(
        "Exercice;Nom bénéficiaire;N° SIRET;Code postal;Montant ordonnancé\n"
        + "\n".join(rows)
        + "\n",
        encoding="utf-8-sig",
    )

    records = folder / "subventions.json"
    content = [
        {
            "fields": {
                "nombeneficiaire": _NAMES[at % 4],
                "idbeneficiaire": siret(at),
                "montant": at * 10.5,
                "dateconvention": "2020-05-06",
                "nomattribuant": "Agglomération inventée",
            }
        }
        for at in range(10)
    ]
    records.write_text(json.dumps(content), encoding="utf-8")
    return [official, wave, portal, records]
