"""Invented contributions due: months and quarters, several lines a month, credits."""

from __future__ import annotations

from pathlib import Path

from tests.data.public_bodies import siret
from tests.fictitious import siren

HEADER = "Urssaf_gestion;Dep;Siret;Compte;periode;mer;enc_direct;cotis_due"


def line(number: int, period: str, due: str) -> str:
    """Return what the `number`-th structure owes for a period, in euros."""
    return f"999;99;{siret(siren(number))};9990000000000{number:05d};{period};0;{due};{due}"


def make(folder: Path) -> list[Path]:
    """Write an extract as received."""
    lines = [
        line(number, period, due)
        for number in range(1, 7)
        for period, due in (
            ("2311", f"{number}250,5"),
            ("2312", f"{number}100"),
            ("2312", f"-{number}0,25"),
            ("2310", f"{number}000.75"),
            ("202321", f"{number}300"),
        )
    ]
    path = folder / "sigfaible_cotisdues.csv"
    path.write_text("\n".join([HEADER, *lines]) + "\n", "cp1252")
    return [path]
