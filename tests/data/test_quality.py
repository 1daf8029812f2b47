"""What the quality report says: exact counts, true surprises, no alarm on a sound lake."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from data.errors import VeilleError
from data.provenance import provenance
from data.quality import report
from data.rejects import reject
from data.sources.base import Parsed, ReadOptions
from tests.data.test_identity import World, rows
from tests.fictitious import siren
from veille.cli_quality import quality


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def year(number: int, euros: float, *, count: int = 25, **more: str) -> list[dict[str, Any]]:
    """Return one line a structure for an exercise."""
    return [
        {
            "siren": siren(at),
            "fiscal_year": number,
            "amount_eur": Decimal(str(euros + at)),
            "known_on": date(number, 12, 31),
            "dataset": f"liste-{number}",
            **more,
        }
        for at in range(count)
    ]


def codes(world: World) -> list[str]:
    return [surprise.code for surprise in report(world.lake).surprises]


def test_a_sound_lake_surprises_nobody(world: World) -> None:
    for number in (2018, 2019, 2020):
        world.bring("grants", *year(number, 1000))
    found = report(world.lake)
    assert found.surprises == []
    assert found.drift == []
    assert found.duplicates == {"rejected": {}, "in_two_lists": 0, "in_two_lists_eur": 0.0}
    (source,) = found.sources
    assert (source["files"], source["rows_in"], source["rows_kept"]) == (3, 75, 75)
    (funder,) = found.coverage
    assert funder["covered"] == [2018, 2019, 2020]
    assert [row["lines"] for row in found.years] == [25, 25, 25]


def test_amounts_multiplied_by_ten_are_seen_both_ways(world: World) -> None:
    world.bring("grants", *year(2018, 1000), *year(2019, 10_000), *year(2020, 1000))
    found = report(world.lake).surprises
    # Back to the usual scale the ratio is a tenth, which is no multiplication.
    assert [(s.code, s.severity, s.where) for s in found] == [
        ("amounts-scale", "high", "etat, exercice 2019")
    ]
    assert "par 10" in found[0].what
    assert found[0].todo


def test_amounts_divided_are_seen_and_their_return_is_not(world: World) -> None:
    world.bring("grants", *year(2018, 100_000), *year(2019, 1000), *year(2020, 100_000))
    (found,) = report(world.lake).surprises
    assert (found.code, found.where) == ("amounts-scale", "etat, exercice 2019")
    assert "divisés par 100" in found.what


def test_a_rise_by_half_is_no_change_of_scale(world: World) -> None:
    world.bring("grants", *year(2018, 1000), *year(2019, 1500))
    assert codes(world) == []


def test_totals_beside_their_detail_are_seen(world: World) -> None:
    detail = [
        {**line, "amount_eur": Decimal(euros), "programme": programme}
        for line in year(2020, 0)
        for programme, euros in (("101", 300), ("102", 700), (None, 1000))
    ]
    world.bring("grants", *detail)
    assert codes(world) == ["totals-counted"]


def test_totals_of_each_programme_are_seen(world: World) -> None:
    detail = [
        {**line, "amount_eur": Decimal(euros), "programme": programme, "siren": None, "rna": rna}
        for at, line in enumerate(year(2020, 0))
        for rna in [f"W44{at:07d}"]
        for programme, euros in (
            *(("101", 300), ("101", 700), ("101", 1000)),
            *(("102", 50), ("102", 20), ("102", 70)),
        )
    ]
    world.bring("grants", *detail)
    (found,) = report(world.lake).surprises
    assert found.code == "totals-counted"
    assert found.value.startswith("25 structures sur 25")


def test_one_line_negative_totals_and_two_sources_are_seen(world: World) -> None:
    heavy = {**year(2020, 0, count=1)[0], "amount_eur": Decimal(10_000_000)}
    world.bring(
        "grants", *year(2020, 10, funder_id="slug:ville"), {**heavy, "funder_id": "slug:ville"}
    )
    world.bring("grants", *year(2020, -5000, count=3, funder_id="slug:autre"))
    assert codes(world) == ["negative-total", "one-line"]
    file = world.home / "double"
    file.write_text("x", "utf-8")
    for source in ("une", "autre"):
        frame = rows("alerts", {"siren": siren(1)})
        parsed = Parsed(1, {"alerts": frame}, reject(frame.head(0), "empty_line"))
        world.lake.commit(parsed, source=source, file=file, options=ReadOptions())
    assert codes(world)[0] == "two-sources"


def test_drifts_are_told_against_the_file_before(world: World) -> None:
    world.bring("grants", *year(2018, 1000))
    world.name(*({"beneficiary_name": f"Club {at}"} for at in range(100)))
    (change,) = report(world.lake).drift
    assert change["source"] == "fictif"
    assert change["changes"] == [
        "lignes : 25 puis 100",
        "part rejetée : 0% puis 100%",
        "raisons de rejet nouvelles : no_identifier",
    ]


def test_rejects_have_their_examples(world: World) -> None:
    world.name(*({"beneficiary_name": f"Club {at}"} for at in range(10)))
    found = report(world.lake, examples=2)
    assert [row["source_row"] for row in found.examples] == [1, 2]
    assert found.sources[0]["reasons"] == {"no_identifier": 10}
    assert found.sources[0]["named"] == 10
    assert report(world.lake, source="autre").examples == []
    # Another file with the same defect brings no more examples of it.
    world.name(*({"beneficiary_name": f"Cercle {at}"} for at in range(10)))
    assert len(report(world.lake, examples=2).examples) == 2


def test_a_rare_new_reason_is_no_drift(world: World) -> None:
    world.bring("grants", *year(2018, 1000, count=2000))
    lines = rows("grants", *year(2019, 1000, count=2001))
    file = world.home / "suite"
    file.write_text("x", "utf-8")
    one = reject(lines.head(1), "bad_amount")
    parsed = Parsed(2001, {"grants": lines.tail(2000)}, one)
    world.lake.commit(parsed, source="fictif", file=file, options=ReadOptions())
    assert report(world.lake).drift == []


def test_grants_of_two_lists_are_counted(world: World) -> None:
    world.bring("grants", *year(2020, 1000, count=4))
    world.bring("grants", *year(2020, 1000, count=3, dataset="autre-liste"))
    duplicates = report(world.lake).duplicates
    assert duplicates["in_two_lists"] == 3
    assert duplicates["in_two_lists_eur"] == 3003.0


def test_as_of_forgets_what_came_later(world: World) -> None:
    world.bring("grants", *year(2018, 1000))
    before = report(world.lake, as_of=date(2019, 6, 30))
    world.bring("grants", *year(2019, 100_000))
    after = report(world.lake, as_of=date(2019, 6, 30))
    assert (after.coverage, after.years, after.surprises) == (
        before.coverage,
        before.years,
        before.surprises,
    )


def test_a_list_is_seen_to_have_stopped_whatever_is_shown(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.bring("grants", *year(2018, 1000, funder_id="slug:ville", source="scdl"))
    world.bring("grants", *year(2020, 1000, source="jaune"))
    (shown,) = report(world.lake, source="scdl").coverage
    assert (shown["funder_id"], shown["stopped"]) == ("slug:ville", [2019, 2020])
    quality(funder="slug:ville", home=world.home, json=True)
    rows_shown = json.loads(capsys.readouterr().out)
    assert [row["status"] for row in rows_shown] == ["covered", "stopped", "stopped"]


def test_a_structure_is_known_from_its_files(world: World) -> None:
    world.bring("structures", {"siren": siren(1), "rna": "W751000001"})
    world.bring("grants", {"siren": siren(1)}, {"rna": "W751000001"}, {"siren": siren(2)})
    world.bring("events", {"siren": siren(1), "kind": "plan"})
    found = provenance(world.lake, siren(1))
    assert found.select("theme", "funder_id", "year", "file", "facts").rows() == [
        ("structure", None, 2020, "fichier-1", 1),
        ("funding", "etat", 2020, "fichier-2", 1),
        ("funding", "etat", 2020, "identity", 1),
        ("event", None, 2020, "fichier-3", 1),
    ]
    assert found["amount_eur"].to_list()[1:3] == [1000.0, 1000.0]
    assert provenance(world.lake, siren(5)).is_empty()
    assert found["known_from"].null_count() == 0


def test_a_structure_is_known_as_of_a_day(world: World) -> None:
    world.bring("grants", *({**year(y, 10, count=1)[0]} for y in (2018, 2020)))
    found = provenance(world.lake, siren(0), as_of=date(2019, 6, 30))
    assert found["year"].to_list() == [2018]


def test_every_fact_has_its_year(world: World) -> None:
    world.bring("grants", *year(2018, 10), *year(2019, 10))
    world.bring("events", {"siren": siren(1), "kind": "plan"})
    found = report(world.lake).known
    assert [(row["table"], row["known_year"], row["facts"]) for row in found] == [
        ("grants", 2018, 25),
        ("grants", 2019, 25),
        ("events", 2020, 1),
    ]


def test_the_command_refuses_what_it_cannot_show(world: World) -> None:
    world.bring("grants", *year(2018, 10))
    for asked, code in (
        ({"structure": siren(999)}, "nothing-known"),
        ({"structure": siren(1), "as_of": "2017-01-01"}, "nothing-known"),
        ({"funder": "slug:inconnue"}, "nothing-known"),
        ({"structure": siren(1), "funder": "etat"}, "one-option"),
        ({"funder": "etat", "html": world.home / "page.html"}, "one-option"),
        ({"source": "inconnue"}, "unknown-source"),
    ):
        with pytest.raises(VeilleError) as caught:
            quality(home=world.home, json=True, **asked)  # type: ignore[arg-type]
        assert caught.value.code == code
    assert not (world.home / "page.html").exists()


def test_the_command_writes_the_page_and_says_where(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.bring("grants", *year(2018, 10))
    path = world.home / "page.html"
    quality(home=world.home, json=True, html=path)
    shown = json.loads(capsys.readouterr().out)
    assert shown["html"] == str(path)
    assert shown["coverage"]["funders"][0]["covered"] == [2018]
    assert "Qualité des données" in path.read_text("utf-8")
    quality(home=world.home)
    printed = capsys.readouterr().out
    assert "etat" in printed
    assert "2018" in printed


def test_years_are_shown_as_spans() -> None:
    from veille.cli_quality import _years

    assert _years([2010, 2011, 2012, 2014]) == "2010-2012, 2014"
    assert _years([]) == ""
    assert _years(None) == ""


def test_the_page_stands_alone(world: World, tmp_path: Path) -> None:
    from veille.quality_page import write_page

    world.bring("grants", *year(2018, 1000), *year(2019, 10_000))
    world.name({"beneficiary_name": "<script>alert(1)</script>", "departement": "44"})
    path = tmp_path / "rapport.html"
    write_page(report(world.lake), path, synthetic=True)
    page = path.read_text("utf-8")
    assert "Données synthétiques" in page
    assert "<script" not in page
    assert "multipliés par 10" in page
    assert "http" not in page.replace("http-equiv", "")
    write_page(report(world.lake), path, synthetic=False)
    assert "Données synthétiques" not in path.read_text("utf-8")
    assert pl.DataFrame([p.name for p in tmp_path.glob(".*")]).is_empty()
