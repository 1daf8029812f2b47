"""The facts of structures in a publication: those known by its day, and nothing later."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from data.lake import Lake
from data.rejects import empty_rejects
from data.sources.base import Parsed, ReadOptions
from features.catalogue import INDICATORS
from serving.publication import Publication
from serving.publication_files import PROFILE_COLUMNS
from tests.fictitious import siren
from veille.profile import profile

DAY = date(2024, 12, 31)
EARLY, LATE = date(2024, 3, 1), date(2025, 3, 1)


def told(lake: Lake, folder: Path, table: str, source: str, *rows: dict[str, Any]) -> None:
    file = folder / f"{source}-{table}.csv"
    file.write_text(f"{source} {table}")
    lines = [{"source": source, "source_row": at, **row} for at, row in enumerate(rows, 1)]
    frame = pl.DataFrame(lines, infer_schema_length=None)
    parsed = Parsed(len(rows), {table: frame}, empty_rejects())
    lake.commit(parsed, source=source, file=file, options=ReadOptions())


def grant(number: int, purpose: str, known_on: date) -> dict[str, Any]:
    return {
        "siren": siren(number),
        "funder_id": "slug:brumes",
        "funder_level": "region",
        "purpose": purpose,
        "amount_eur": 1000,
        "stage": "awarded",
        "fiscal_year": known_on.year,
        "instrument": "grant",
        "dataset": "essai",
        "known_on": known_on,
    }


def event(number: int, kind: str, known_on: date) -> dict[str, Any]:
    row = {"siren": siren(number), "kind": kind, "occurred_on": known_on, "known_on": known_on}
    return {**row, "notice_id": f"A{number}{kind}"}


def panel(count: int, **known: float) -> pl.DataFrame:
    columns = {
        i.name: pl.Series(
            [known.get(i.name) if i.kind == "numeric" else None] * count,
            dtype=pl.Float64 if i.kind == "numeric" else pl.String,
        )
        for i in INDICATORS.values()
    }
    return pl.DataFrame({"structure_id": [siren(n) for n in range(count)], **columns})


def read(lake: Lake, rows: pl.DataFrame, day: date = DAY) -> dict[str, dict[str, Any]]:
    found = profile(lake, day, rows)
    assert found.columns == list(PROFILE_COLUMNS)
    assert found["siren"].to_list() == rows["structure_id"].to_list()
    return {row["siren"]: row for row in found.iter_rows(named=True)}


@pytest.mark.parametrize(
    ("purpose", "aci", "siae"),
    [
        ("Aide au poste ACI 2024", True, True),
        ("Soutien aux ateliers et chantiers d'insertion", True, True),
        ("chantier d’insertion maraîchage", True, True),
        ("Entreprise d'insertion : démarrage", None, True),
        ("Insertion par l'activité économique", None, True),
        ("Acier et métaux", None, None),
        ("Capacité d'accueil", None, None),
        ("Chantiers de jeunes bénévoles", None, None),
    ],
)
def test_a_grant_says_an_aci_and_silence_says_nothing(
    tmp_path: Path, purpose: str, aci: bool | None, siae: bool | None
) -> None:
    lake = Lake(tmp_path)
    told(lake, tmp_path, "grants", "scdl", grant(0, purpose, EARLY), grant(1, purpose, LATE))
    found = read(lake, panel(3))
    assert (found[siren(0)]["aci"], found[siren(0)]["siae"]) == (aci, siae)
    # Known later, or not at all.
    for number in (1, 2):
        assert (found[siren(number)]["aci"], found[siren(number)]["siae"]) == (None, None)
    later = read(lake, panel(3), LATE)
    assert (later[siren(1)]["aci"], later[siren(1)]["siae"]) == (aci, siae)


def test_proceedings_are_the_last_known_and_none_where_notices_are_read(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    assert read(lake, panel(1))[siren(0)]["proceedings"] is None
    told(
        lake,
        tmp_path,
        "events",
        "bodacc",
        event(0, "receivership", EARLY),
        event(0, "plan", date(2024, 9, 1)),
        event(1, "safeguard", EARLY),
        event(1, "closure", date(2024, 9, 1)),
        event(2, "safeguard", LATE),
        event(3, "dissolution", EARLY),
    )
    found = read(lake, panel(5))
    kinds = [found[siren(number)]["proceedings"] for number in range(5)]
    assert kinds == ["plan", "none", "none", "none", "none"]
    assert read(lake, panel(5), date(2024, 4, 1))[siren(0)]["proceedings"] == "receivership"
    assert read(lake, panel(5), LATE)[siren(2)]["proceedings"] == "safeguard"


def test_the_rest_comes_from_the_register_and_the_panel(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    state = {"siren": siren(0), "legal_category": "9220", "known_on": EARLY}
    told(
        lake,
        tmp_path,
        "structures",
        "sirene",
        state,
        {**state, "siren": siren(1)} | {"known_on": LATE},
    )
    rows = panel(2, budget_eur=90_000, esus=1, overdue_eur=0, debt_outstanding_eur=12)
    found = read(lake, rows)
    assert found[siren(0)]["legal_category"] == "9220"
    assert found[siren(1)]["legal_category"] is None
    assert found[siren(0)]["budget_eur"] == 90_000
    assert found[siren(0)]["esus"] is True
    assert found[siren(0)]["overdue_eur"] == 0
    assert found[siren(0)]["debt_outstanding_eur"] == 12
    assert found[siren(0)]["grants_eur"] is None


def test_the_demonstration_publishes_a_profile_for_each_structure(demo_home: Path) -> None:
    for target in ("failure", "funding_loss"):
        publication = Publication.load(demo_home, target)
        for position in (0, 1, 2):
            told = publication.profile(position)
            assert told["siren"] == publication.row(position)["siren"]
            assert told["legal_category"]
