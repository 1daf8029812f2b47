"""Small yearly lists of the State, in the columns of three vintages."""

from __future__ import annotations

import json
from pathlib import Path

from stdnum import luhn

_NAMES = ("LE NUAGE", "LA DUNE", "LE PHARE", "LES BRUMES")


def _siren(number: int) -> str:
    start = f"990{number:05d}"
    return start + luhn.calc_check_digit(start)


def make(folder: Path) -> list[Path]:
    """Write the samples into `folder`."""
    totals = folder / "plf-2012-jaune.csv"
    rows = []
    for at in range(8):
        who = f"{_siren(at)};{_NAMES[at % 4]} - 59 LILLE"
        rows += [f"{who};;{at + 1} 000;", f"{who};Culture: 175 - Patrimoines;;{at + 1} 000"]
    totals.write_text(
        "SIREN;ASSOCIATION;IMPUTATION;Total des subventions;Détail des subventions\n"
        + "\n".join(rows)
        + "\n",
        encoding="cp1252",
    )

    places = folder / "plf-2023.csv"
    numbers = [_siren(at) if at % 4 else ("", "123", "1,23E+08")[at // 4 % 3] for at in range(16)]
    lines = (
        f"224;{number};{at:05d};{_NAMES[at % 4]};{'' if at == 9 else at * 1000};"
        f"{'Frais de personnel (remboursement)' if at == 10 else 'projet'};59{at + 100};9220;"
        f"{'W591234567' if at == 4 else ''}"
        for at, number in enumerate(numbers)
    )
    places.write_text(
        "Liste des crédits\nProgramme;SIREN;NIC;Dénomination;Montant;Objet 2021;COG : code;"
        "Catégorie juridique;Répertoire national des associations\n" + "\n".join(lines) + "\n",
        encoding="cp1252",
    )

    export = folder / "jaune.json"
    content = [
        {
            "programme": "163",
            "siren": _siren(at),
            "denomination": _NAMES[at % 4],
            "montant": at * 100,
            "objet_2023": "projet",
            "cog_code": "59350",
        }
        for at in range(10)
    ]
    export.write_text(json.dumps(content), encoding="utf-8")
    return [totals, places, export]
