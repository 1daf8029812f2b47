"""Small lists of public contracts: official JSON, consolidated table."""

from __future__ import annotations

import json
from pathlib import Path

from stdnum import luhn


def _key(start: str) -> str:
    return start + luhn.calc_check_digit(start)


def _siret(number: int) -> str:
    return _key(f"{_key(f'990{number:05d}')}0001")


def make(folder: Path) -> list[Path]:
    """Write the samples into `folder`."""
    contracts: list[dict[str, object]] = [
        {
            "id": f"2024-{at % 10}",
            "acheteur": {"id": _siret(90)},
            "nature": ("Marché", "Accord-cadre", "Marché subséquent")[at % 3],
            "objet": f"Lot {at}",
            "dureeMois": (12, "24", "NC")[at % 3],
            "dateNotification": f"2024-02-{at + 1:02d}",
            "datePublicationDonnees": "2024-03-01",
            "montant": (1000.5 * at, "500", None)[at % 3],
            "titulaires": [
                {"titulaire": {"typeIdentifiant": "SIRET", "id": _siret(at)}},
                *([{"typeIdentifiant": "TVA", "id": "FR1"}] if at == 5 else []),
            ],
            "techniques": {"technique": ["Sans objet"]},
            "modifications": [
                {
                    "modification": {
                        "id": 1,
                        "dateNotificationModification": "2024-06-01",
                        "montant": 9000,
                    }
                }
            ],
        }
        for at in range(14)
    ]
    nested = folder / "decp.json"
    nested.write_text(json.dumps({"marches": {"marche": contracts}}), encoding="utf-8")

    table = folder / "decp.csv"
    rows = (
        f"m{at % 9},Marché,{_siret(90)},Ville inventée,{_siret(at)},{('SIRET', 'TVA')[at == 3]},"
        f"Repas,{at * 1000},12,2023-01-{at + 1:02d},2023-02-01,Sans objet,{at // 9},59"
        for at in range(16)
    )
    table.write_text(
        "id,nature,acheteur_id,acheteur_nom,titulaire_id,titulaire_typeIdentifiant,objet,montant,"
        "dureeMois,dateNotification,datePublicationDonnees,techniques,modification_id,"
        "titulaire_departement_code\n" + "\n".join(rows) + "\n",
        encoding="utf-8",
    )
    return [nested, table]
