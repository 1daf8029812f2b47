"""The capacity and the scenario of a brief: their figures, their territory, their small cells."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sqlalchemy import select

from data.reference.schemes import load_schemes
from serving.access.principal import Principal, Territory
from serving.cell.brief.brief import Brief, Means, prepare_brief
from serving.cell.brief.capacity import Room
from serving.cell.brief.outlook import Outlook, outlook
from serving.cell.brief.page import clipped, html_of
from serving.cell.brief.pdf import pdf_of
from serving.cell.brief.scope import Scope
from serving.cell.priorities.act import planned
from serving.cell.priorities.capacity import read_capacity
from serving.cell.priorities.plan import Objective
from serving.cell.scenarios.document import ScenarioError
from serving.publication import Publication
from serving.state.models import AuditEntry
from tests.serving.conftest import Browser, House, make_frames
from tests.serving.test_brief import NATIONAL, NORTH, pages, published
from tests.serving.test_scenarios_api import live_house, post
from tests.serving.web_people import signed_in

__all__ = ["live_house"]

CAPACITY = """
to_confirm = false
period = "mois"

[weights]
unknown_employees = 3.0
least_employees = 1.0
lead = { 6 = 1.0, 12 = 0.8, 18 = 0.6, later = 0.4 }
last_in_departement = 2.0
last_in_commune = 1.3

[[schemes]]
id = "equipe"
effect = { anticipation = 0.30, difficulty = 0.30, urgency = 0.30 }

[[schemes]]
id = "dla"
effect = { anticipation = 0.10, difficulty = 0.10, urgency = 0.05 }

[[capacities]]
name = "Équipe du Nord"
schemes = ["equipe"]
departement = "59"
places = 12

[[capacities]]
name = "Équipe de PACA"
schemes = ["equipe"]
region = "93"
places = 7

[[capacities]]
name = "Cellules"
schemes = ["equipe"]
each = "region"
places = 40

[[capacities]]
name = "DLA"
schemes = ["dla"]
places = 1000
"""


def with_capacity(
    home: Path,
    publication: Publication,
    reader: Principal = NATIONAL,
    scope: Scope = Scope(),  # noqa: B008 - frozen
) -> Brief:
    (home / "capacity.toml").write_text(CAPACITY, "utf-8")
    capacity, catalogue = read_capacity(home), load_schemes()
    plan = planned(publication, capacity, catalogue, Objective.BENEFIT)
    means = Means((), capacity, plan)
    return prepare_brief(publication, None, reader, scope, secret=b"fictif", means=means)


def by_label(brief: Brief) -> dict[str, Room]:
    assert brief.rooms is not None
    return {room.label: room for room in brief.rooms.rooms}


class TestCapacity:
    @pytest.fixture
    def publication(self, tmp_path: Path) -> Publication:
        frames = make_frames(400)
        frames.scores = frames.scores.with_columns(
            pl.lit("high").alias("level"), *(pl.lit(0.3).alias(f"p_{h}m") for h in (6, 12, 18))
        )
        return published(tmp_path, frames, [])

    def test_rules_are_those_of_the_territory_and_above(
        self, tmp_path: Path, publication: Publication
    ) -> None:
        north = by_label(with_capacity(tmp_path, publication, NORTH))
        assert {name: (one.where, one.places) for name, one in north.items()} == {
            "Équipe du Nord": ("Nord (59)", 12),
            "Cellules": ("Hauts-de-France", 40),
            "DLA": ("France entière", 1000),
        }
        local = by_label(with_capacity(tmp_path, publication, NATIONAL, Scope(departement="13")))
        assert set(local) == {"Équipe de PACA", "Cellules", "DLA"}
        whole = by_label(with_capacity(tmp_path, publication))
        assert (whole["Cellules"].where, whole["Cellules"].places) == ("18 régions", 720)

    def test_planned_counts_the_structures_of_the_brief_alone(
        self, tmp_path: Path, publication: Publication
    ) -> None:
        scope = Scope(sector="culture")
        brief = with_capacity(tmp_path, publication, NORTH, scope)
        capacity = read_capacity(tmp_path)
        plan = planned(publication, capacity, load_schemes(), Objective.BENEFIT)
        rows = publication.frame.with_row_index("row").select("row", "sector")
        given = plan.rows.with_columns(scheme=pl.Series(plan.scheme)).join(
            rows.cast({"row": pl.Int64}), on="row"
        )
        mine = given.filter(region="32", sector="culture")
        for name, room in by_label(brief).items():
            scheme = "dla" if name == "DLA" else "equipe"
            found = mine.filter(scheme=scheme)
            if name == "Équipe du Nord":
                found = found.filter(departement="59")
            count = found.height
            assert room.planned == (None if count < 5 else 5 * int(np.floor(count / 5 + 0.5)))
        everywhere = by_label(with_capacity(tmp_path, publication))
        assert everywhere["DLA"].planned is not None
        assert (everywhere["DLA"].planned or 0) > (by_label(brief)["DLA"].planned or 0)

    def test_the_file_is_said_to_be_confirmed_or_not(
        self, tmp_path: Path, publication: Publication
    ) -> None:
        text = html_of(with_capacity(tmp_path, publication, NORTH))
        assert "(mois)" in text
        assert "à confirmer par la cellule" not in text
        assert "Équipe du Nord" in text
        assert "PACA" not in text

    def test_a_small_or_nearly_full_rule_says_no_small_number(
        self, tmp_path: Path, publication: Publication
    ) -> None:
        few = CAPACITY.replace("places = 12", "places = 3")
        brief = with_capacity(tmp_path, publication, NORTH)
        assert by_label(brief)["Équipe du Nord"].full
        (tmp_path / "capacity.toml").write_text(few, "utf-8")
        capacity = read_capacity(tmp_path)
        plan = planned(publication, capacity, load_schemes(), Objective.BENEFIT)
        means = Means((), capacity, plan)
        less = prepare_brief(publication, None, NORTH, Scope(), secret=b"fictif", means=means)
        room = by_label(less)["Équipe du Nord"]
        assert (room.planned, room.full) == (None, False)
        assert "moins de&nbsp;5" in html_of(less)


def result(publication: Publication, territory: Territory) -> dict[str, Any]:
    """Return the result of a scenario with plain figures."""

    def figures(n: int, touched: int, up: int = 0, code: str | None = None) -> dict[str, Any]:
        pair = {
            "without": {"expected": 10.0, "low": 5.0, "high": 16.0},
            "with": {"expected": 12.5, "low": 7.0, "high": 18.0},
            "difference": {"expected": 2.5, "low": 1.0, "high": 4.0},
        }
        found: dict[str, Any] = {
            "structures": n,
            "touched": touched,
            "cut_eur": 1.0,
            "up": up,
            "down": 0,
            "jobs_unknown": 0,
            "hidden": False,
            "horizons": [{"horizon_months": 12, "cases": pair, "jobs": pair}],
        }
        return found if code is None else {"code": code, **found}

    return {
        "id": "0" * 32,
        "publication": publication.id,
        "target": "failure",
        "main_horizon_months": 12,
        "territory": {
            "national": territory.national,
            "regions": sorted(territory.regions),
            "departements": sorted(territory.departements),
        },
        "scenario": {"name": "essai"},
        "notes": [],
        "total": figures(300, 40, up=7),
        "by": {
            "region": [figures(100, 20, 5, "32"), figures(3, 0, 0, "94"), figures(90, 9, 0, "93")],
            "departement": [
                *(figures(60, 12, 4, "59"), figures(50, 14, 0, "62")),
                *(figures(40, 4, 0, "13"), figures(30, 9, 0, "06")),
            ],
            "sector": [figures(70, 30, 0, "culture"), figures(80, 10, 0, "sport")],
        },
        "with_measures": None,
    }


class TestOutlook:
    @pytest.fixture
    def publication(self, tmp_path: Path) -> Publication:
        return published(tmp_path, make_frames(60), [])

    def told(self, found: dict[str, Any], scope: Scope, publication: Publication) -> Outlook:
        return outlook(found, scope, scope.place(NATIONAL), publication)

    def test_figures_of_the_territory_of_the_brief(self, publication: Publication) -> None:
        whole = result(publication, Territory.NATIONAL)

        def touched(scope: Scope) -> object:
            lines = self.told(whole, scope, publication).lines
            return lines[0].with_it if lines else None

        assert touched(Scope()) == 40
        assert touched(Scope(region="32")) == 20
        assert touched(Scope(departement="59")) == 12
        assert touched(Scope(sector="culture")) == 30
        north = result(publication, Territory.of(["32"]))
        assert self.told(north, Scope(region="32"), publication).lines[0].with_it == 40
        inside = self.told(north, Scope(region="32", sector="sport"), publication)
        assert inside.lines[0].with_it == 10

    def test_small_cells_are_hidden_and_not_found_by_difference(
        self, publication: Publication
    ) -> None:
        whole = result(publication, Territory.NATIONAL)
        # 94 has three structures; of 13, four are touched: each with another, 93 and 06.
        for hidden in (
            *(Scope(region="94"), Scope(region="93")),
            *(Scope(departement="13"), Scope(departement="06")),
        ):
            assert self.told(whole, hidden, publication).lines == ()
        tiny = result(publication, Territory.of(["94"]))
        tiny["total"] = tiny["by"]["region"][1]
        assert self.told(tiny, Scope(region="94"), publication).lines == ()
        ups = self.told(whole, Scope(region="32"), publication).lines[-1]
        assert (ups.label, ups.with_it) == ("Structures qui montent de niveau", 5)
        ups = self.told(whole, Scope(sector="culture"), publication).lines[-1]
        assert ups.with_it is None

    def test_what_has_no_figures_is_refused(self, publication: Publication) -> None:
        whole = result(publication, Territory.NATIONAL)
        for found, scope, code in (
            (whole, Scope(region="32", sector="culture"), "scenario-elsewhere"),
            (whole | {"publication": "autre"}, Scope(), "scenario-other-list"),
            (whole | {"target": "funding_loss"}, Scope(), "scenario-other-list"),
        ):
            with pytest.raises(ScenarioError) as refused:
                self.told(found, scope, publication)
            assert refused.value.code == code

    def test_fewer_cases_are_said_to_be_no_effect_of_the_cut(
        self, publication: Publication
    ) -> None:
        whole = result(publication, Territory.NATIONAL)
        assert self.told(whole, Scope(), publication).notes == ()
        less = whole["by"]["region"][0]["horizons"][0]["cases"]["difference"]
        less["expected"] = -2.5
        (note,) = self.told(whole, Scope(region="32"), publication).notes
        assert "Ce n'est pas un effet de la coupe" in note
        assert "Ce n&#39;est pas un effet" in html_of(
            replace(
                prepare_brief(publication, None, NATIONAL, Scope(), secret=b"x"),
                outlook=self.told(whole, Scope(region="32"), publication),
            )
        )

    def test_the_measures_are_compared_with_the_scenario(self, publication: Publication) -> None:
        eased = result(publication, Territory.NATIONAL)
        eased["with_measures"] = eased["total"]
        lines = self.told(eased, Scope(), publication).lines
        assert [line.label for line in lines] == [
            "Structures touchées",
            "Défaillances attendues, à 12 mois",
            "Emplois concernés, à 12 mois",
            "Structures qui montent de niveau",
            "Ce que les mesures changent au scénario, à 12 mois",
        ]
        assert (lines[1].without, lines[1].with_it, lines[1].difference) == (
            10.0,
            12.5,
            (2.5, 1.0, 4.0),
        )


def last_brief(house: House) -> dict[str, Any]:
    with house.state.read() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.seq)).all()
    found: dict[str, Any] = json.loads([e for e in entries if e.action == "brief"][-1].subject)
    return found


def brief(reader: Browser, query: str) -> tuple[int, str]:
    answer = reader.get(f"/api/v1/briefs?{query}")
    return answer.status_code, "" if answer.status_code == 200 else answer.json()["code"]


class TestApi:
    def test_capacity_is_that_of_the_home(self, house: House) -> None:
        reader = signed_in(house, "regional", regions=("32",))
        assert "par défaut\u00a0: à confirmer" in reader.get("/api/v1/briefs").text.replace(
            "&nbsp;", "\u00a0"
        )
        (house.home / "capacity.toml").write_text(CAPACITY, "utf-8")
        text = reader.get("/api/v1/briefs").text
        assert "Équipe du Nord" in text
        assert "PACA" not in text
        (house.home / "capacity.toml").write_text("period = 3", "utf-8")
        assert brief(reader, "format=html") == (503, "bad-capacity")

    def test_a_scenario_of_the_reader_is_told(self, live_house: House) -> None:
        north = signed_in(live_house, "regional", regions=("32",))
        south = signed_in(live_house, "regional", regions=("93",))
        national = signed_in(live_house, "national")
        part, whole = str(post(north)["id"]), str(post(national)["id"])
        for reader, one in ((north, part), (national, whole)):
            answer = reader.get(f"/api/v1/briefs?scenario={one}")
            assert ">Scénario&nbsp;: x</h2>" in answer.text
            assert last_brief(live_house)["scenario"] == one
        assert brief(national, f"scenario={part}&region=32") == (200, "")
        assert brief(north, f"scenario={whole}") == (404, "unknown-scenario")
        assert brief(south, f"scenario={part}") == (404, "unknown-scenario")
        assert brief(national, f"scenario={part}") == (422, "scenario-elsewhere")
        pdf = north.get(f"/api/v1/briefs?scenario={part}&format=pdf")
        assert pages(pdf.content) == 2
        make_frames(as_of=date(2026, 9, 30), seed=3).write(live_house.home, live=True)
        assert brief(north, f"scenario={part}") == (422, "scenario-other-list")

    def test_a_key_needs_the_scope_of_scenarios(self, live_house: House) -> None:
        scopes = ("read:scores", "export:scores")
        one = str(post(live_house.tool("run:scenarios"))["id"])
        without, with_it = live_house.tool(*scopes), live_house.tool(*scopes, "run:scenarios")
        assert brief(without, "format=html") == (200, "")
        assert brief(without, f"scenario={one}") == (403, "missing-scope")
        assert brief(with_it, f"scenario={one}") == (200, "")


class TestPages:
    def test_the_style_is_all_read_by_the_pdf(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A property that WeasyPrint does not know, such as `fill`, leaves a drawing black."""
        made = prepare_brief(
            published(tmp_path, make_frames(60), []), None, NATIONAL, Scope(), secret=b"x"
        )
        with caplog.at_level(logging.WARNING, "weasyprint"):
            pdf_of(made)
        assert [one.getMessage() for one in caplog.records if "Ignored" in one.getMessage()] == []
        drawn = html_of(made).partition("<svg")[2].partition("</svg>")[0]
        assert drawn.count("<rect") == drawn.count('fill="#') > 1

    def test_a_text_is_cut_between_words(self) -> None:
        assert clipped("premier recours, quand", 18) == "premier recours…"
        assert clipped("anticonstitutionnellement", 10) == "anticonst…"
        assert clipped("court", 10) == "court"
        assert clipped(None) == "nom non connu"
