"""Invented warnings: a table kept by hand, and the answer of an interface."""

from __future__ import annotations

import json
from pathlib import Path

from tests.data.public_bodies import siret
from tests.fictitious import siren


def make(folder: Path) -> list[Path]:
    """Write a table in French, and the same kind of facts in JSON, bare and under a key."""
    table = folder / "signalements.csv"
    table.write_text(
        "nom;siret;rna;région;gravité;motif;date_signalement\n"
        + "".join(
            f"ASSOCIATION FICTIVE {n};{number};{rna};{region};{grade};Perte ;{n:02d}/05/2024\n"
            for n, number, rna, region, grade in (
                (1, siret(siren(1)), "", "Bretagne", "faible"),
                (2, siret(siren(2)), "W999000002", "11", "2"),
                (3, "", "W999000003", "Île-de-France", "Élevée"),
                (4, siren(4), "", "84", "3"),
                (5, siret(siren(5)), "", "", "moyenne"),
                (6, siret(siren(6)), "", "La Réunion", "1/3"),
            )
        ),
        "utf-8",
    )
    rows = [
        {"siren": siren(n) if n % 3 else None, "rna": None if n % 3 else f"W99900{n:04d}",
         "region": "53", "severity": 1 + n % 3, "reason": "Trésorerie tendue",
         "raised_on": f"2024-06-{n:02d}"}
        for n in range(1, 13)
    ]  # fmt: skip
    bare = folder / "alerts.json"
    bare.write_text(json.dumps(rows), "utf-8")
    keyed = folder / "alerts-page.json"
    keyed.write_text(json.dumps({"next": None, "alerts": rows}), "utf-8")
    return [table, bare, keyed]
