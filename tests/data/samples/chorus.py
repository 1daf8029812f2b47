"""Invented payments of Chorus: double columns with one header, recoveries, no SIRET, Europe."""

from __future__ import annotations

from pathlib import Path

from tests.data.test_tabular import workbook
from tests.fictitious import siren

HEADER = [
    "N°&#32;EJ", "N° poste EJ", "Fournisseur&#32;payé (DP)", "", "Branche", "", "Code&#32;taxe 1",
    "No TVA 3 (COM-RIDET ou TAHITI)", "Référentiel de programmation", "", "Société",
    "Exercice&#32;comptable", "N° DP", "N° poste DP", "Date de dernière opération sur la DP",
    "Centre financier", "", "Domaine fonctionnel", "", "Montant&#32;payé",
]  # fmt: skip
USUAL = [
    "0009990001", "1", "1000099001", "LES AMIS FICTIFS", "Z039", "Associations", "", "#",
    "BG00/016300000001", "Vie associative", "FICT", "2024", "000990001", "1", "2024-03-12",
    "FI01/0163-FICT", "UO fictive", "0163-01-02", "Jeunesse", "1500.5",
]  # fmt: skip
_PLACES = {
    "name": 3, "branch": 4, "siret": 6, "overseas": 7, "activity": 9, "year": 11, "dp": 12,
    "item": 13, "day": 14, "domain": 17, "scheme": 18, "amount": 19,
}  # fmt: skip


def siret(number: int) -> str:
    """Return a SIRET of a fictitious structure whose check digit holds."""
    body = siren(number) + "0001"
    total = 0
    for place, digit in enumerate(map(int, reversed(body))):
        doubled = digit * 2 if place % 2 == 0 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return body + str(-total % 10)


def line(number: int, **changed: str) -> list[str]:
    """Return the cells of one payment to the `number`-th structure."""
    cells = list(USUAL)
    cells[_PLACES["siret"]] = siret(number)
    for name, value in changed.items():
        cells[_PLACES[name]] = value
    return cells


def make(folder: Path) -> list[Path]:
    """Write an export as text, and as a workbook with its second sheet and a summary."""
    lines = [
        line(
            number,
            amount=f"-{number}00,25" if number % 8 == 0 else f"{number * 137}.5",
            domain=("0163-01-02", "0219-01", "0102-03-04")[number % 3],
            day=f"{number % 28 + 1:02d}/0{number % 9 + 1}/2024",
            branch="Z004" if number % 5 == 0 else "Z039",
            dp=f"{number:09d}",
        )
        for number in range(1, 25)
    ]
    lines.append(line(25, siret="#", overseas="1234567001"))
    lines.append(line(26, siret="12345678901234"))
    lines.append(lines[0])
    text = folder / "chorus.csv"
    rows = ["\t".join(row) for row in ([_plain(HEADER), *lines])]
    text.write_text("\n".join(rows) + "\n", "utf-8")
    europe = [
        line(number, domain="FSE00-14", scheme="Prog nat.Etat FSE+2021-27", year="2026",
             day="2026-01-15", activity="N/A", dp=f"{number:09d}")
        for number in range(1, 6)
    ]  # fmt: skip
    escaped = [name.replace("&", "&amp;") for name in HEADER]
    book = workbook(
        folder / "chorus.xlsx",
        {
            "Résumé de l’exportation": [["Ce document a été exporté"]],
            "1. Extraction": [escaped, *lines[:9]],
            "2. Extraction FEHBE": [escaped, *europe],
        },
    )
    return [text, book]


def _plain(header: list[str]) -> list[str]:
    return [name.replace("&#32;", " ") for name in header]
