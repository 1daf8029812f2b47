"""Invented credits of the State, in the layouts of three finance bills."""

from __future__ import annotations

import json
from pathlib import Path

HEADER_2025 = (
    "exercice;loi;typebudget;ministere;libelle_ministere;mission;libelle_mission;programme;"
    "libelle_programme;action;libelle_action;sous_action;libelle_sous_action;categorie;titre;"
    "autorisation_engagement;credit_de_paiement"
)
_PROGRAMMES = (("163", "Programme fictif A"), ("219", "Programme fictif B"), ("147", "Programme C"))


def line_2025(programme: str, action: str, payments: str, *, law: str = "PLF") -> str:
    """Return one line of the layout of 2025."""
    return (
        f"2025;{law};BG;36;Ministère fictif;SF;Mission fictive;{programme};Programme fictif;"
        f"{programme}-{action};Action fictive {action};;;31;3;{payments};{payments}"
    )


def make(folder: Path) -> list[Path]:
    """Write a bill of 2025 (CSV), one of 2024 (JSON) and a law of 2022 that says both."""
    bill = folder / "plf25-depenses-2025-selon-destination.csv"
    bill.write_text(
        "\n".join(
            [HEADER_2025]
            + [
                line_2025(code, f"{action:02d}", f"{action * 1500}.0")
                for code, _ in _PROGRAMMES
                for action in range(1, 5)
            ]
        )
        + "\n",
        "utf-8-sig",
    )
    earlier = folder / "plf-2024-depenses-2024-selon-nomenclatures-destination-et-nature.json"
    records = [
        {"type_mission": "BG", "mission": "Mission fictive", "code_mission": "SF",
         "programme": float(code), "libelle_programme": label, "action": f"{action:02d}",
         "ae_plf": 100 * action, "cp_plf": 90 * action, "ae_prev_fdc_adp": 0, "cp_prev_fdc_adp": 5}
        for code, label in _PROGRAMMES
        for action in range(1, 4)
    ]  # fmt: skip
    earlier.write_text(json.dumps(records, ensure_ascii=False), "utf-8")
    law = folder / "LFI2022_detaillee.csv"
    law.write_text(
        "Type Mission;Code Mission;Mission;Programme;Libellé Programme;Action;Libellé Action;"
        "AE T2 PLF;AE HT2 PLF;AE ( T2 + HT2) LFI;CP T2 PLF;CP HT2 PLF;CP ( T2 + HT2) LFI\n"
        + "".join(
            f"BG;SF;Mission fictive;{code};{label};{action:02d};Action;"
            "0;1 000;1 100;0;1 000;1 200\n"
            for code, label in _PROGRAMMES
            for action in range(1, 4)
        ),
        "cp1252",
    )
    return [bill, earlier, law]
