"""Invented instalments: paid late, paid early, unpaid; French and English names."""

from __future__ import annotations

import json
from pathlib import Path

from tests.data.public_bodies import body, siret
from tests.fictitious import siren


def make(folder: Path) -> list[Path]:
    """Write the template filled in, a table in English, and a JSON."""
    payer = body("departement", 1)
    french = folder / "versements.csv"
    french.write_text(
        "siren;payment_id;financeur;date_echeance;date_paiement;montant\n"
        + "".join(
            f"{siren(n)};V{n};{who};{n:02d}/03/2024;{paid};{n} 500,50\n"
            for n, who, paid in (
                (1, payer, "15/04/2024"),
                (2, payer, ""),
                (3, "Ville fictive", "01/02/2024"),
                (4, "État", "impayé"),
                (5, siret(payer), "05/03/2024"),
                (6, payer, "06/06/2024"),
            )
        ),
        "utf-8",
    )
    english = folder / "payments.csv"
    english.write_text(
        "siret,funder_siren,funder_name,due_on,paid_on,amount_eur\n"
        + "".join(
            f"{siret(siren(n))},,Région fictive,2023-0{n}-01,2023-0{n}-20,{n}000.25\n"
            for n in range(1, 9)
        ),
        "utf-8",
    )
    listed = folder / "payments.json"
    rows = [
        {"siren": siren(n), "financeur": payer, "date_echeance": "2024-01-31",
         "date_paiement": None if n % 2 else "2024-02-29", "montant": 1250.5 * n}
        for n in range(1, 11)
    ]  # fmt: skip
    listed.write_text(json.dumps(rows), "utf-8")
    return [french, english, listed]
