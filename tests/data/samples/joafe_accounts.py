"""Invented deposits of accounts: exports of the portal, and an answer about one association."""

from __future__ import annotations

import json
from pathlib import Path

from tests.fictitious import siren

HEADER = (
    "id;source;dateparution;numero_rna;titre;typeavis;dca_siren;dca_datecloture;"
    "dca_datevalidation;dca_rectificatif_version"
)


def deposit(number: int, year: int, published: str, version: str = "") -> str:
    """Return the deposit of the accounts of a year, closed on 31 December."""
    who = siren(number)
    return (
        f"{who}_3112{year};dca;{published};W99900{number:04d};ASSOCIATION FICTIVE {number};;{who};"
        f"{year}-12-31T12:00:00+00:00;{published}T10:00:00+00:00;{version}"
    )


def make(folder: Path) -> list[Path]:
    """Write the export in both formats, and the answer of the directory."""
    lines = [
        deposit(number, year, f"{year + 1}-0{month}-15", version)
        for number in range(1, 5)
        for year in (2019, 2020, 2021)
        for month, version in ((6, ""), (9, "1"))
        if number % 2 or not version
    ]
    lines.append("202400010001;joafe;2024-01-02;W999000001;ASSOCIATION FICTIVE;Création;;;;")
    table = folder / "jo_associations.csv"
    table.write_text("\ufeff" + "\n".join([HEADER, *lines]) + "\n", "utf-8")
    records = [dict(zip(HEADER.split(";"), line.split(";"), strict=True)) for line in lines]
    answer = folder / "jo_associations.json"
    answer.write_text(json.dumps({"total_count": len(records), "results": records}), "utf-8")
    who = siren(9)
    notices = [
        {
            "datePublication": f"{year + 1}-07-30",
            "numeroParution": f"{who}_3112{year}",
            "typeAvisLibelle": f"Dépôt de compte {year}",
            "details": f"Date de clôture de l'exercice : 31 décembre {year}",
            "path": "https://exemple.invalid/",
        }
        for year in range(2012, 2024)
    ]
    directory = folder / "association-dca.json"
    content = {"args": [who, "W999000009"], "result": {"annonces": notices}}
    directory.write_text(json.dumps(content, ensure_ascii=False), "utf-8")
    return [table, answer, directory]
