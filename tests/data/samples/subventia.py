"""Invented requests of Subventia: several lines of expense each, voted, settled, pending."""

from __future__ import annotations

import json
from pathlib import Path

from tests.data.samples.chorus import siret

HEADER = [
    "Financeur Principal", "annee_demande", "Year", "SIRET - Demandeur",
    "Référence administrative - Demande", "Date - Décision", "Date limite de début de réalisation",
    "Date limite de fin de réalisation", "Date - Visa de recevabilité",
    "Montant voté TTC - Décision", "Dispositif - Dossier de financement", "Thematique Title",
    "Eligible? - Dossier de financement", "Statut - Dossier de financement", "Montant Ttc",
]  # fmt: skip
_PLACES = {
    "asked": 1, "siret": 3, "reference": 4, "day": 5, "voted": 9, "scheme": 10, "theme": 11,
    "status": 13, "item": 14,
}  # fmt: skip


def row(number: int, **changed: str) -> list[str]:
    """Return one line of the request of the `number`-th structure."""
    cells = [
        "Préfecture fictive", "2023", "2023", siret(number), f"{number:08d}", "2023-05-11",
        "01/06/2023", "31/12/2023", "04/02/2023", "4500", "Subventions FIPD Intervention",
        "Prévention de la délinquance", "oui", "VOTE", "900",
    ]  # fmt: skip
    for name, value in changed.items():
        cells[_PLACES[name]] = value
    return cells


def make(folder: Path) -> list[Path]:
    """Write nine requests of three lines, as text and as JSON."""
    statuses = ("VOTE", "SOLDE", "INSTRUCTION", "")
    rows = [
        row(
            number,
            status=statuses[number % 4],
            voted="" if number % 4 > 1 else f"{number}250,50",
            day="" if number % 4 > 1 else f"2023-05-{number:02d}",
            item=f"{item}00",
        )
        for number in range(1, 10)
        for item in range(1, 4)
    ]
    csv = folder / "subventia.csv"
    csv.write_text("".join(";".join(line) + "\n" for line in [HEADER, *rows]), "cp1252")
    records = folder / "subventia.json"
    records.write_text(
        json.dumps([dict(zip(HEADER, line, strict=True)) for line in rows], ensure_ascii=False),
        "utf-8",
    )
    return [csv, records]
