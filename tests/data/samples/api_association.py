"""Answers of API Association: one, and several one a line."""

from __future__ import annotations

import json
from pathlib import Path

from stdnum import luhn


def _siren(number: int) -> str:
    start = f"990{number:05d}"
    return start + luhn.calc_check_digit(start)


def _answer(at: int) -> dict[str, object]:
    return {
        "id_siren": _siren(at),
        "id_rna": f"W59100{at:04d}",
        "identite": {
            "id_siren": _siren(at),
            "id_rna": f"W59100{at:04d}",
            "nom": "LE NUAGE",
            "id_forme_juridique": 9220,
            "date_creat": "1998-05-04",
            "date_dissolution": "2024-01-31" if at % 4 == 1 else "0001-01-01",
            "date_modif_rna": "2024-02-13",
            "date_modif_siren": "2024-03-05",
            "active": at % 4 != 1,
        },
        "activites": {
            "id_activite_principale": "94.99Z",
            "id_tranche_effectif": "21",
            "appartenance_ess": "O",
        },
        "coordonnees": {"adresse_siege": {"cp": "59000", "code_insee": "59350"}},
        "agrements": [{"type": "ESUS", "date_validite": "2028-06-26"}],
        "comptes": [{"annee": 2022, "charges": 1000.5 * at, "produits": 0}],
    }


def make(folder: Path) -> list[Path]:
    """Write the samples into `folder`."""
    one = folder / "association.json"
    one.write_text(json.dumps(_answer(1), indent=1), encoding="utf-8")
    several = folder / "associations.jsonl"
    several.write_text("\n".join(json.dumps(_answer(at)) for at in range(12)), encoding="utf-8")
    listed = folder / "liste.json"
    listed.write_text(json.dumps([_answer(at) for at in range(6)]), encoding="utf-8")
    return [one, several, listed]
