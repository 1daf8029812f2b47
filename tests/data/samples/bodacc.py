"""Invented notices of the BODACC: export, API, flat records, directory, bulletins in XML."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from tests.data.bodacc_files import A, B, C, judgment, notice, previous, spaced
from tests.data.bodacc_sets import FAMILY, NATURE

_TEXTS = (
    "Ouvre les opérations de la liquidation judiciaire - Liquidateur : X, 1 rue du Lac",
    "Prononce la liquidation judiciaire sur conversion de la procédure de redressement",
    "Arrête un plan de redressement",
    "Clôture pour insuffisance d'actif - N° RG : 00/00001",
    "Dépôt de l'état des créances au greffe",
)


def _notices() -> list[dict[str, object]]:
    court = [
        notice(
            at,
            registre=f"{siren},{spaced(siren)}",
            jugement=judgment(famille=FAMILY, nature=NATURE, complementJugement=text),
        )
        for at, (siren, text) in enumerate(((s, t) for s in (A, B, C) for t in _TEXTS), 1)
    ]
    removal = json.dumps({"radiationPM": {"dateCessationActivitePM": "2021-01-31"}})
    change = json.dumps({"descriptif": "Dissolution anticipée"})
    return [
        *court,
        notice(16, registre=B, familleavis="radiation", jugement="", radiationaurcs=removal),
        notice(17, registre=C, familleavis="modification", modificationsgenerales=change),
        notice(18, registre=A, familleavis="dpc", jugement=""),
        notice(19, registre=A, typeavis="annulation", parutionavisprecedent=previous(1)),
        notice(20, registre=B, typeavis="rectificatif", dateparution="2021-03-01"),
        notice(21, registre="", listepersonnes="{}"),
    ]


def _bulletin(root: str, holder: str, record: str, inside: list[str]) -> bytes:
    records = "".join(
        f"<{record}><typeAnnonce><annonce/></typeAnnonce><numeroAnnonce>{at}</numeroAnnonce>"
        f"{part}</{record}>"
        for at, part in enumerate(inside, 1)
    )
    return (
        f'<?xml version="1.0" encoding="ISO-8859-1"?><{root}><parution>20210030</parution>'
        f"<dateParution>2021-02-12</dateParution><{holder}>{records}</{holder}></{root}>"
    ).encode("iso-8859-1")


def _number(siren: str) -> str:
    return (
        f"<numeroImmatriculation><numeroIdentificationRCS>{spaced(siren)}"
        "</numeroIdentificationRCS></numeroImmatriculation>"
    )


def make(folder: Path) -> list[Path]:
    """Write the same notices in each shape."""
    notices = _notices()
    export = folder / "annonces-commerciales.csv"
    with export.open("w", encoding="utf-8", newline="") as file:
        names = dict.fromkeys(name for one in notices for name in one)
        writer = csv.DictWriter(file, names, delimiter=";")
        writer.writeheader()
        writer.writerows(notices)
    recent = folder / "v2.json"
    recent.write_text(json.dumps({"total_count": len(notices), "results": notices}), "utf-8")
    old = folder / "v1.json"
    old.write_text(json.dumps({"records": [{"fields": one} for one in notices]}), "utf-8")
    flat = folder / "flat.json"
    names = {
        "id": "", "dateparution": "date_parution", "numeroannonce": "numero_annonce",
        "typeavis": "type_annonce", "registre": "registre", "jugement": "contenu",
    }  # fmt: skip
    flat.write_text(
        json.dumps(
            [
                {new: one[name] for name, new in names.items() if new} | {"famille": "Collectives"}
                for one in notices[:15]
            ]
        ),
        "utf-8",
    )
    answer = folder / "answer.json"
    removal = {
        "titre": "Radiations",
        "sousTitre": "BODACC B n°20210031",
        "typeAvisLibelle": "Avis initial",
        "numeroAnnonce": 7,
        "datePublication": "2021-02-16",
        "details": "",
    }
    answer.write_text(json.dumps({"args": [A], "result": {"annonces": [removal]}}), "utf-8")
    judged = [
        f"{_number(siren)}<jugement><famille>{FAMILY}</famille><nature>{NATURE}</nature>"
        f"<date>4 février 2021</date><complementJugement>{text}</complementJugement></jugement>"
        for siren in (A, B)
        for text in _TEXTS
    ]
    collective = folder / "PCL_BXA20210030.xml"
    collective.write_bytes(_bulletin("PCL_REDIFF", "annonces", "annonce", judged))
    removed = [
        f"<personnes><personne>{_number(siren)}</personne></personnes><radiationAuRCS>"
        "<radiationPM>O</radiationPM></radiationAuRCS>"
        for siren in (A, B, C)
    ]
    register = folder / "RCS-B_BXB20210030.xml"
    register.write_bytes(_bulletin("RCS_B_REDIFF", "listeAvis", "avis", removed))
    return [export, recent, old, flat, answer, collective, register]
