"""Invented notices of associations in the Journal officiel: data set, directory, issues in XML."""

from __future__ import annotations

import csv
import json
from pathlib import Path


def rna(number: int) -> str:
    """Return a made-up RNA number."""
    return f"W000{number:06d}"


def notice(number: int, kind: str = "Dissolution", **changes: str) -> dict[str, str]:
    """Return a record of the data set."""
    act = kind.lower().replace("é", "e")
    content = {"assoLoi1901": {act: {"titre": "LA RUCHE FICTIVE"}, "dateDeclaration": "2020-03-02"}}
    return {
        "source": "joafe",
        "typeavis": kind,
        "etatavis": "Initial",
        "annonce_type_facette": f"Associations loi du 1er juillet 1901/{kind}/Initial",
        "internal_contenu_subnode": act,
        "metadonnees_type_code": {"Création": "1", "Modification": "2"}.get(kind, "3"),
        "numero_rna": rna(number),
        "dateparution": "2020-03-14",
        "datedeclaration": "2020-03-02",
        "id": f"20200011{number:04d}",
        "parution_numero": "20200011",
        "numero_annonce": str(number),
        "titre": "LA RUCHE FICTIVE",
        "contenu": json.dumps(content, ensure_ascii=False),
    } | changes


def deposit(number: int) -> dict[str, str]:
    """Return a deposit of accounts, as the same data set holds them."""
    return dict.fromkeys(notice(number), "") | {
        "source": "dca",
        "numero_rna": rna(number),
        "dateparution": "2020-07-01",
        "id": f"999999999_3112{2010 + number}",
    }


def _notices() -> list[dict[str, str]]:
    merged = json.dumps({"assoLoi1901": {"dissolution": {"motif": "Fusion-absorption"}}})
    return [
        *(notice(number) for number in range(1, 11)),
        notice(11, "Création"),
        notice(12, "Modification"),
        notice(13, contenu=merged),
        notice(14, numero_rna="ASS00014"),
        notice(15, numero_rna=""),
        notice(1, etatavis="Annulation", dateparution="2020-05-02", id="202000180001"),
        deposit(17),
    ]


def make(folder: Path) -> list[Path]:
    """Write the same notices in each shape."""
    notices = _notices()
    export = folder / "jo_associations.csv"
    with export.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, notices[0], delimiter=";")
        writer.writeheader()
        writer.writerows(notices)
    api = folder / "jo_associations.json"
    api.write_text(json.dumps({"results": notices}, ensure_ascii=False), "utf-8")
    answer = folder / "answer.json"
    said = [
        {
            "typeAvisLibelle": kind,
            "datePublication": "2020-03-14",
            "numeroParution": f"2020001100{number}",
            "details": "Associations loi du 1er juillet 1901",
        }
        for number, kind in enumerate(("Création", "Modification", "Dissolution"), 10)
    ]
    answer.write_text(json.dumps({"args": [rna(20)], "result": {"annonces": said}}), "utf-8")
    old = folder / "ASS20150027.xml"
    old.write_bytes(
        (
            '<?xml version="1.0" encoding="ISO-8859-1"?>'
            '<PARUTION_JO_ASSOCIATION dateparution="04/07/2015" numparution="20150027">'
            + "".join(
                f'<ANNONCE_REF numannonce="{n}" dept="00" cp="00000" datedeclaration="22/06/2015">'
                f'<TYPE code="{code}"/><IDASSOC>{rna(n)}</IDASSOC><TITRE>LE PONT ÉTÉ</TITRE>'
                "</ANNONCE_REF>"
                for n, code in enumerate((1, 2, 3, 3, 33, 333), 1)
            )
            + "</PARUTION_JO_ASSOCIATION>"
        ).encode("iso-8859-1")
    )
    new = folder / "ASS20250001.xml"
    new.write_bytes(
        (
            '<?xml version="1.0" encoding="ISO-8859-1"?><parution><dateParution>2025-01-07'
            "</dateParution><numParution>20250001</numParution><listeAnnonces>"
            + "".join(
                f'<annonce><metadonnees><type code="{code}"/><idAssoc>{rna(n)}</idAssoc>'
                f"<numAnnonce>{n}</numAnnonce></metadonnees><contenu><assoLoi1901><{act}><titre>"
                f"LE PHARE</titre></{act}><dateDeclaration>2024-12-20</dateDeclaration>"
                "</assoLoi1901></contenu></annonce>"
                for n, (code, act) in enumerate(
                    ((1, "creation"), (2, "modification"), (3, "dissolution"), (3, "dissolution")),
                    1,
                )
            )
            + "</listeAnnonces></parution>"
        ).encode("iso-8859-1")
    )
    return [export, api, answer, old, new]
