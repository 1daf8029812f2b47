"""Invented follow-ups of Osiris: two lines of header, states, dollars, totals, actions."""

from __future__ import annotations

from pathlib import Path

from tests.data.samples.chorus import siret

DOSSIER = [
    ("Dossier", "Service"), ("", "N° programme  / Type financement"),
    ("", "Sous-Type financement"), ("", "N° Dossier Osiris"), ("", "N° EJ"),
    ("", "Etat Dossier"), ("", "Pluriannualité"), ("", "Exercice Début"), ("", "Exercice Fin"),
    ("", "Date Commission"), ("Association", "N° RNA"), ("", "N° Siret"), ("", "Nom"),
    ("", "Sigle"), ("", "IBAN"), ("Représentant légal", "Civilité"), ("", "Nom"), ("", "Prénom"),
    ("", "Courriel"), ("Montants", "Demandé"), ("", "Proposé"), ("", "Accordé"),
    ("Versements", "Acompte"), ("", "Réalisé"), ("", "% Accordé / Demandé"),
]  # fmt: skip
ACTION = [
    ("", "Numero Action Osiris"), ("Dossier/action", "Service"),
    ("", "N° programme / Type financement"), ("", "Sous-Type financement"), ("", "Etat dossier"),
    ("", "Pluriannuel"), ("", "Exercice début"), ("", "Exercice fin"), ("", "Date commission"),
    ("", "Nom du salarié"), ("Bénéficiaire", "N° RNA"), ("", "N° Siret"), ("", "Nom"),
    ("", "Sigle"), ("Caractéristiques actions", "Intitulé"), ("Montants et versements", "Demandé"),
    ("", "Accordé"), ("", "Réalisé"),
]  # fmt: skip
_USUAL = {
    "Service": "DD99", "N° programme  / Type financement": "163 - Jeunesse et vie associative",
    "N° programme / Type financement": "FDVA", "Sous-Type financement": "Fonctionnement",
    "Etat Dossier": "Terminé", "Etat dossier": "Terminé", "Pluriannualité": "Annuel",
    "Pluriannuel": "Non", "Exercice Début": "2023", "Exercice début": "2023",
    "Exercice Fin": "2023", "Exercice fin": "2023", "Date Commission": "15/06/2023",
    "Date commission": "15/06/2023", "Nom": "LES AMIS FICTIFS", "Sigle": "LAF",
    "IBAN": "FR0000000000000000000000000", "Demandé": "3000", "Proposé": "2500",
    "Accordé": "2500", "Acompte": "$0", "Réalisé": "2500", "Intitulé": "Ateliers",
}  # fmt: skip


def row(
    columns: list[tuple[str, str]], number: str, changed: dict[str, str] | None = None
) -> list[str]:
    """Return the cells of a line, some columns changed."""
    given = {**_USUAL, **(changed or {})}
    given["N° Dossier Osiris"] = given["Numero Action Osiris"] = number
    return [given.get(name, "") for _, name in columns]


def text(columns: list[tuple[str, str]], rows: list[list[str]]) -> str:
    """Return an export as separated text, its two lines of header above."""
    header = [[group for group, _ in columns], [name for _, name in columns]]
    return "".join(";".join(line) + "\n" for line in [*header, *rows])


def total(columns: list[tuple[str, str]]) -> list[str]:
    """Return the last line of an export."""
    return ["", "Consolidation", *[""] * (len(columns) - 2)]


def make(folder: Path) -> list[Path]:
    """Write a follow-up of dossiers and one of actions."""
    states = ("Terminé", "A évaluer", "Refusé", "Traitement Chorus", "En attente décision")
    dossiers = [
        row(
            DOSSIER,
            f"DD99-23-{number:04d}",
            {
                "N° Siret": "0" if number % 6 == 0 else siret(20_000 + number),
                "N° RNA": "W000000000" if number % 12 == 0 else f"W99100{number:04d}",
                "Etat Dossier": states[number % 5],
                "Accordé": f"{number}500,00",
                "Réalisé": "$0" if number % 4 == 0 else f"{number}500",
                "Exercice Fin": "2025" if number % 7 == 0 else "2023",
                "Date Commission": "01/01/1970" if number % 8 == 0 else f"{number:02d}/06/2023",
            },
        )
        for number in range(1, 22)
    ]
    actions = [
        row(ACTION, f"DD99-23-{number:04d}-1", {"N° Siret": siret(20_000 + number)})
        for number in range(1, 11)
    ]
    paths = [folder / "SuiviDossiers.csv", folder / "SuiviActions.csv"]
    paths[0].write_text(text(DOSSIER, [*dossiers, total(DOSSIER)]), "utf-8")
    paths[1].write_text(text(ACTION, [*actions, total(ACTION)]), "cp1252")
    return paths
