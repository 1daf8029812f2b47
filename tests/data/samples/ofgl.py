"""Invented bases of the OFGL: consolidated with the names of the site, by budget with the API's."""

from __future__ import annotations

import json
from pathlib import Path

from tests.data.public_bodies import body

HEADER = (
    "Exercice;Code Insee 2024 Région;Catégorie;Code Siren Collectivité;Libellé Budget;Agrégat;"
    "Montant BP;Montant BA;Montant flux BP-BA;Montant;Montant en millions;Population totale"
)
AGGREGATES = (
    "Subventions aux personnes de droit privé",
    "Dépenses totales hors remb",
    "Dépenses totales",
    "Frais de personnel",
)


def make(folder: Path) -> list[Path]:
    """Write a CSV of the site and a JSON of the API."""
    lines = [HEADER]
    records = []
    for level in ("commune", "departement", "region", "epci"):
        who = body(level, 1)
        for year in (2022, 2023):
            for at, name in enumerate(AGGREGATES):
                lines.append(
                    f"{year};76;REG;{who};BUDGET FICTIF;{name};{1000.5 * (at + 1)};10.25;0.0;"
                    f"{1000.5 * (at + 1) + 10.25};0.001;1200"
                )
                records.append(
                    {"exer": str(year), "siren": who, "agregat": name, "lbudg": "FICTIF",
                     "type_de_budget": "Budget annexe" if at % 2 else "Budget principal",
                     "montant": 2000.25 * (at + 1), "ptot": 1200, "euros_par_habitant": 1.5}
                )  # fmt: skip
    site = folder / "ofgl-base-communes-consolidee.csv"
    site.write_text("\ufeff" + "\n".join(lines) + "\n", "utf-8")
    api = folder / "ofgl-base-communes.json"
    api.write_text(json.dumps(records, ensure_ascii=False), "utf-8")
    return [site, api]
