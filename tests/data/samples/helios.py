"""Invented mandates paid through Hélios: paid late, not yet paid, taken back, out of scope."""

from __future__ import annotations

from pathlib import Path

from tests.data.public_bodies import body, siret
from tests.fictitious import siren

HEADER = (
    "ID;CODE_DEPARTEMENT;CODE_INSEE_BC;TYPE_BUDGET_COLLECTIVITE;COLLEC;NOMENCLATURE;TYPE MANDAT;"
    "DATE_EMISSION;NUM_MANDAT;NUMERO_LIGNE;COMPTE_NATURE;OBJET_MANDAT;MONTANT_PAIEMENT;"
    "DATE_PAIEMENT;Nature JURIDIQUE;NOM;TYPE_IMMATRICULATION;IMMATRICULATION"
)
USUAL = {
    "ID": "990011202500001", "CODE_DEPARTEMENT": "'99",
    "CODE_INSEE_BC": siret(body("commune", 1)), "TYPE_BUDGET_COLLECTIVITE": "Commune",
    "COLLEC": "COMMUNE FICTIVE", "NOMENCLATURE": "73-M57",
    "TYPE MANDAT": "1-Mandat(s) ordinaire(s)", "DATE_EMISSION": "10/06/2025",
    "NUM_MANDAT": "526", "NUMERO_LIGNE": "1", "COMPTE_NATURE": "65748",
    "OBJET_MANDAT": "SUBVENTION 2025", "MONTANT_PAIEMENT": "1 050,50",
    "DATE_PAIEMENT": "21/06/2025", "Nature JURIDIQUE": "6-Association", "NOM": "LES AMIS FICTIFS",
    "TYPE_IMMATRICULATION": "SIRET", "IMMATRICULATION": siret(siren(1)),
}  # fmt: skip


def row(**changed: str) -> str:
    """Return one line of an export; `changed` names columns with "_" for spaces."""
    cells = {**USUAL, **{name.replace("__", " "): value for name, value in changed.items()}}
    return ";".join(cells[name] for name in HEADER.split(";"))


def make(folder: Path) -> list[Path]:
    """Write one export of thirty lines."""
    rows = [
        row(
            ID=f"9900112025{number:05d}",
            NUM_MANDAT=str(number),
            IMMATRICULATION=siret(siren(number)),
            CODE_INSEE_BC=siret(body("commune", number % 3 + 1)),
            DATE_PAIEMENT="" if number % 7 == 0 else f"{number % 28 + 1:02d}/07/2025",
            COMPTE_NATURE=("65748", "6574", "657341", "65742")[number % 4],
            TYPE__MANDAT="2-Mandat(s) d'annulation" if number % 9 == 0 else USUAL["TYPE MANDAT"],
        )
        for number in range(1, 31)
    ]
    path = folder / "helios.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n", "utf-8")
    return [path]
