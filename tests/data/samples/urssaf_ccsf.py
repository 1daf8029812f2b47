"""Invented requests to the commission of heads of financial services."""

from __future__ import annotations

from pathlib import Path

from tests.data.public_bodies import siret
from tests.fictitious import siren

HEADER = "Urssaf_gestion;Dep;Siret;Compte;Date_de_traitement;Code_externe_stade;Code_externe_action"


def line(number: int, day: str, stage: str) -> str:
    """Return a stage of the request of the `number`-th structure."""
    return f"999;99;{siret(siren(number))};9990000000000{number:05d};{day};{stage};CCSF"


def make(folder: Path) -> list[Path]:
    """Write an extract as received."""
    lines = [
        line(number, f"1{18 + number}0{month}15", stage)
        for number in range(1, 6)
        for month, stage in ((1, "DEBUT"), (4, "APPROB" if number % 2 else "REFUS"), (9, "FIN"))
    ]
    path = folder / "sigfaible_ccsf.csv"
    path.write_text("\n".join([HEADER, *lines]) + "\n", "utf-8")
    return [path]
