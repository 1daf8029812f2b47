"""Invented payment plans of the URSSAF: granted, refused."""

from __future__ import annotations

from pathlib import Path

from tests.data.public_bodies import siret
from tests.fictitious import siren

HEADER = (
    "Urssaf_gestion;Dep;Siret;Numero_compte_externe;Numero_structure;Date_creation;Date_echeance;"
    "Duree_delai;Denomination_premiere_ligne;Indic_6M;Annee_creation;Montant_global_echeancier;"
    "Code_externe_stade;Code_externe_action"
)


def line(
    number: int, file: str, granted: str, ends: str, amount: str, stage: str = "APPROB"
) -> str:
    """Return a plan of the `number`-th structure."""
    return (
        f"999;99;{siret(siren(number))};9990000000000{number:05d};{file};{granted};{ends};188;"
        f"STRUCTURE FICTIVE {number};SUP;{granted[-4:]};{amount};{stage};SUR PO"
    )


def make(folder: Path) -> list[Path]:
    """Write an extract as received."""
    lines = [
        line(
            number, f"99{number}{year}", f"24/03/{year}", f"28/09/{year}", f"{number}697.50", stage
        )
        for number in range(1, 7)
        for year, stage in ((2021, "APPROB"), (2022, "REFUS"), (2023, "APPROB"))
    ]
    path = folder / "sigfaible_delais.csv"
    path.write_text("\n".join([HEADER, *lines]) + "\n", "utf-8")
    return [path]
