"""Invented payment delays: main, annex and attached budgets."""

from __future__ import annotations

from pathlib import Path

from tests.data.public_bodies import body, siret

HEADER = (
    "millesime,code_departement,departement,collectivite,siret,type_budget,nature_budget,"
    "delai_global_paiement_j,respecte_seuil_30j"
)


def make(folder: Path) -> list[Path]:
    """Write one file as published, and one as a spreadsheet writes it again."""
    rows = [
        (year, siret(body(level, number), office), kind, nature, days)
        for year in (2023, 2024)
        for number, level in enumerate(("commune", "departement", "epci"), 1)
        for office, kind, nature, days in (
            (1, "Commune", "BP", 12.5 * number),
            (2, "Eau", "BA", 41),
            (3, "Ccas-Cias", "BR", 7.25),
        )
    ]
    published = folder / "delais-2024.csv"
    published.write_text(
        "\n".join(
            [HEADER]
            + [
                f"{year},99,DEPARTEMENT FICTIF,LIEU FICTIF -,{number},{kind},{nature},{days},"
                f"{str(days <= 30).lower()}"
                for year, number, kind, nature, days in rows
            ]
        )
        + "\n",
        "utf-8",
    )
    again = folder / "delais.csv"
    again.write_text(
        "\n".join(
            ["Millésime;SIRET;Nature du budget;Délai global de paiement (jours)"]
            + [
                f"{year};{number};{nature};{str(days).replace('.', ',')}"
                for year, number, _, nature, days in rows
            ]
        )
        + "\n",
        "cp1252",
    )
    return [published, again]
