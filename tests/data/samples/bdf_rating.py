"""Invented ratings: the scale of today and the older one."""

from __future__ import annotations

from pathlib import Path

from tests.data.public_bodies import siret
from tests.fictitious import siren


def make(folder: Path) -> list[Path]:
    """Write today's columns, and those of an older export by SIRET."""
    today = folder / "cotations.csv"
    today.write_text(
        "siren;cotation;date_cotation\n"
        + "".join(
            f"{siren(n)};{rating};{15 + n}/03/2024\n"
            for n, rating in enumerate(("1+", "1", "1-", "4+", "5-", "6", "7", "8", "P", "0"), 1)
        ),
        "utf-8",
    )
    older = folder / "fiben.csv"
    older.write_text(
        "SIRET,Raison sociale,Cote de crédit,Date effet\n"
        + "".join(
            f'{siret(siren(n))},"STRUCTURE FICTIVE, {n}",{rating},20{n:02d}-06-30\n'
            for n, rating in enumerate(("G3++", "X0", "H4+", "XP", "N9", "J5", "3+", "K 6"), 10)
        ),
        "cp1252",
    )
    return [today, older]
