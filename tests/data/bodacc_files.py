"""Invented notices of the BODACC, and the account that every reading must keep."""

from __future__ import annotations

import json
from pathlib import Path

from data.contracts import conform
from data.identifiers import is_siren
from data.sources import bodacc
from data.sources.base import Parsed, ReadOptions

A, B, C = [s for n in range(100_000_000, 100_000_100) if is_siren(s := str(n))][:3]
OPENING = {
    "type": "initial",
    "famille": "Jugement d'ouverture",
    "nature": "Jugement d'ouverture de liquidation judiciaire",
    "date": "2021-02-04",
    "complementJugement": "Jugement prononçant la liquidation judiciaire",
}
RECEIVERSHIP = "Jugement d'ouverture d'une procédure de redressement judiciaire"


def spaced(siren: str) -> str:
    """Return a SIREN as the bulletins print it."""
    return f"{siren[:3]} {siren[3:6]} {siren[6:]}"


def notice(number: int, **changes: object) -> dict[str, object]:
    """Return a record of the open data export: an opening of 12 February 2021 by default."""
    return {
        "id": f"A20210030{number}",
        "publicationavis": "A",
        "parution": "20210030",
        "dateparution": "2021-02-12",
        "numeroannonce": number,
        "typeavis": "annonce",
        "familleavis": "collective",
        "registre": [A, spaced(A)],
        "jugement": json.dumps(OPENING),
    } | changes


def judgment(**changes: str) -> str:
    """Return a judgment as the export holds it: a JSON text."""
    return json.dumps(OPENING | changes, ensure_ascii=False)


def previous(number: int, issue: str = "20210030", bulletin: str = "A") -> str:
    """Return the reference of an earlier notice as the export holds it."""
    return json.dumps(
        {
            "nomPublication": f"BODACC {bulletin}",
            "numeroParution": issue,
            "numeroAnnonce": f"0{number}",
        }
    )


def parse(
    tmp_path: Path, *notices: dict[str, object], options: ReadOptions | None = None
) -> Parsed:
    """Read records of the open data API, and check the account."""
    path = tmp_path / "notices.json"
    path.write_text(json.dumps({"total_count": 1, "results": list(notices)}), encoding="utf-8")
    return check(bodacc.read(path, options or ReadOptions()))


def check(parsed: Parsed, first: int = 1) -> Parsed:
    """Check that every row is a fact or a reject, and that facts keep their contract."""
    kept = {row for table in parsed.tables.values() for row in table["source_row"].to_list()}
    rejected = parsed.rejects["source_row"].to_list()
    assert len(rejected) == len(set(rejected))
    assert sorted([*kept, *rejected]) == list(range(first, parsed.rows_in + first))
    for name, table in parsed.tables.items():
        conform(table, name)
    return parsed
