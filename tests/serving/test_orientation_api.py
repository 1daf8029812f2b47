"""Orientation, history, likeness, catalogue through the application: rights, masks, journal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from data.reference.schemes import SchemesError, load_schemes
from serving.access.pseudonym import pseudonym
from serving.app import create_app
from serving.publication import Publication, PublicationError
from serving.publication_files import PROFILE
from serving.settings import ServingSettings
from serving.state.models import AuditEntry
from tests.serving.cell_people import own_schemes
from tests.serving.conftest import Browser, Frames, House, make_frames, siren
from tests.serving.web_people import signed_in

LIST = "/api/v1/structures"
DEBT = 76_543.0
OWN = own_schemes("essai", "Dispositif inventé")


def with_profiles(frames: Frames, **changed: Any) -> Frames:  # noqa: ANN401 - any value
    """Give every structure the same facts; `changed` are those of the test."""
    facts = {
        "legal_category": "9220",
        "esus": False,
        "siae": None,
        "aci": None,
        "proceedings": "none",
        "budget_eur": 480_000.0,
        "grants_eur": 50_000.0,
        "funders_count": 3.0,
        "grants_change_1y_ratio": 0.0,
        "lost_funders_count": 0.0,
        "overdue_eur": 0.0,
        "payment_late_share_ratio": 0.0,
        "debt_outstanding_eur": DEBT,
    } | changed
    frames.profile = frames.scores.select(
        "siren", *(pl.lit(value).alias(name) for name, value in facts.items())
    )
    return frames


@pytest.fixture(scope="module")
def told_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house whose publication has profiles; every structure has social debts."""
    home = tmp_path_factory.mktemp("house")
    frames = with_profiles(make_frames())
    publication = frames.write(home)
    app = create_app(ServingSettings(home))
    yield House(home, app, publication, frames)
    app.state.services.state.close()


def audit(house: House, action: str) -> list[AuditEntry]:
    with house.state.read() as session:
        found = session.query(AuditEntry).filter(AuditEntry.action == action)
        return list(found.order_by(AuditEntry.seq))


def schemes(browser: Browser, siren_: str, query: str = "") -> dict[str, dict[str, Any]]:
    answer = browser.get(f"{LIST}/{siren_}/orientation{query}")
    assert answer.status_code == 200, answer.text
    return {one["id"]: one for one in answer.json()["schemes"]}


class TestOrientation:
    def test_every_scheme_with_its_criteria_and_values(self, told_house: House) -> None:
        row = told_house.first(departement="59", level="high", ess_family="association")
        browser = signed_in(told_house, "national")
        body = browser.get(f"{LIST}/{row['siren']}/orientation").json()
        assert body["publication"] == told_house.publication
        assert body["siren"] == row["siren"]
        assert [s["id"] for s in body["schemes"]] != list(load_schemes().schemes)
        found = {s["id"]: s for s in body["schemes"]}
        assert set(found) == set(load_schemes().schemes)
        assert found["france_active"]["verdict"] == "fits"
        (budget,) = (c for c in found["france_active"]["criteria"] if c["kind"] == "budget_above")
        assert (budget["result"], budget["value"]) == ("met", "480\u202f000 €")
        assert found["dla"]["bring"]
        assert found["dla"]["contact"]
        assert found["parcours_aci_paca"]["verdict"] == "does_not_fit"
        assert found["mediateur_entreprises"]["source_on"] == "2025-06-25"

    def test_the_detail_has_it_in_brief(self, told_house: House) -> None:
        code = told_house.first(departement="59")["siren"]
        browser = signed_in(told_house, "national")
        brief = browser.get(f"{LIST}/{code}").json()["orientation"]
        whole = browser.get(f"{LIST}/{code}/orientation").json()["schemes"]
        assert brief == [{key: one[key] for key in brief[0]} for one in whole]
        assert set(brief[0]) == {"id", "label", "stage", "verdict", "priority", "why"}

    def test_a_publication_without_profiles_says_unknown(self, shared_house: House) -> None:
        found = schemes(
            shared_house.person("national"), shared_house.first(departement="59")["siren"]
        )
        (budget,) = (c for c in found["france_active"]["criteria"] if c["kind"] == "budget_above")
        assert (budget["result"], budget["value"]) == ("unknown", "inconnu")
        assert found["france_active"]["verdict"] == "to_check"

    def test_social_debts_are_for_who_has_the_right(self, told_house: House) -> None:
        code = told_house.first(departement="59", level="low")["siren"]
        entitled = schemes(signed_in(told_house, "national", sources=("urssaf",)), code)
        (debt,) = (c for c in entitled["ccsf"]["criteria"] if c["kind"] == "social_debt")
        assert (debt["result"], debt["value"]) == ("met", "76\u202f543 €")
        assert entitled["ccsf"]["priority"] == 1
        assert entitled["ccsf"]["stage"] == "difficulty"
        for rights in ((), ("bdf", "dgfip")):
            browser = signed_in(told_house, "national", sources=rights)
            found = schemes(browser, code)
            (debt,) = (c for c in found["ccsf"]["criteria"] if c["kind"] == "social_debt")
            assert (debt["result"], debt["value"]) == ("unknown", "Donnée réservée")

    def test_what_is_reserved_changes_no_byte_for_who_has_no_right(self, tmp_path: Path) -> None:
        answers = []
        for debt in (0.0, DEBT, None):
            home = tmp_path / str(debt)
            frames = with_profiles(make_frames(), debt_outstanding_eur=debt)
            frames.write(home)
            app = create_app(ServingSettings(home))
            house = House(home, app, "", frames)
            browser = house.tool("read:scores")
            for row in frames.scores.head(12).iter_rows(named=True):
                for url in (f"{LIST}/{row['siren']}", f"{LIST}/{row['siren']}/orientation"):
                    body = browser.get(url).json()
                    del body["publication"]
                    body.pop("trend", None)
                    answers.append((str(debt), url, json.dumps(body, sort_keys=True)))
            house.state.close()
        told = {url: {text for _, other, text in answers if other == url} for _, url, _ in answers}
        assert all(len(texts) == 1 for texts in told.values())
        assert not any("76" + "\u202f" + "543" in text for _, _, text in answers)

    def test_an_etag_changes_with_the_catalogue(self, tmp_path: Path) -> None:
        make_frames().write(tmp_path)
        house = House(tmp_path, create_app(ServingSettings(tmp_path)), "", make_frames())
        browser, code = house.person("national"), siren(1)
        for url in (f"{LIST}/{code}/orientation", f"{LIST}/{code}"):
            tag = browser.get(url).headers["etag"]
            assert browser.get(url, {"If-None-Match": tag}).status_code == 304
            (tmp_path / "schemes.toml").write_text(OWN, "utf-8")
            again = browser.get(url, {"If-None-Match": tag})
            assert again.status_code == 200
            assert "Dispositif inventé" in again.text
            (tmp_path / "schemes.toml").unlink()
        house.state.close()


class TestCandidates:
    def test_they_are_of_the_territory_and_bear_no_risk(self, told_house: House) -> None:
        row = told_house.first(departement="59")
        placed = {r["siren"]: r for r in told_house.frames.scores.iter_rows(named=True)}
        for browser in (
            signed_in(told_house, "national"),
            signed_in(told_house, "regional", regions=("32",)),
            signed_in(told_house, "departmental", departements=("59",)),
        ):
            found = schemes(browser, row["siren"])
            near = found["ptce"]["candidates"]
            assert near
            assert row["siren"] not in {one["siren"] for one in near}
            for one in near:
                assert placed[one["siren"]]["departement"] == "59"
                assert not {"level", "p", "rank", "low", "high"} & set(one)
            assert all(not s["candidates"] for s in found.values() if s["id"] != "ptce")
            (asked,) = (c for c in found["ptce"]["criteria"] if c["kind"] == "neighbours")
            assert asked["result"] == "met"

    def test_their_order_says_nothing_of_their_risk(self, tmp_path: Path) -> None:
        orders = []
        for sign in (1, -1):
            frames = with_profiles(make_frames())
            risk = (pl.col("p_12m").rank("ordinal", descending=sign > 0) / 200).alias("p_12m")
            frames.scores = frames.scores.with_columns(
                pl.when(pl.col("level") != "unknown").then(risk)
            )
            frames.write(tmp_path / str(sign))
            app = create_app(ServingSettings(tmp_path / str(sign)))
            house = House(tmp_path, app, "", frames)
            near = schemes(house.person("national"), siren(6))["ptce"]["candidates"]
            orders.append([one["siren"] for one in near])
            house.state.close()
        assert orders[0] == orders[1]
        assert len(orders[0]) > 3

    def test_a_reader_who_opens_elsewhere_sees_none_there(self, told_house: House) -> None:
        row = told_house.first(departement="13")
        browser = signed_in(told_house, "regional", regions=("32",))
        reason = "?reason=un motif assez long pour les essais"
        found = schemes(browser, row["siren"], reason)["ptce"]
        assert found["candidates"] == []
        (asked,) = (c for c in found["criteria"] if c["kind"] == "neighbours")
        assert asked["result"] == "unknown"
        assert audit(told_house, "structure.break_glass")[-1].reason.startswith("un motif")

    def test_an_analyst_sees_pseudonyms(self, told_house: House) -> None:
        row = told_house.first(departement="59")
        browser = signed_in(told_house, "analyst")
        code = pseudonym(row["siren"], told_house.state.secret)
        for part in ("orientation", "similar", "history"):
            text = browser.get(f"{LIST}/{code}/{part}").text
            assert code in text
            for other in told_house.frames.scores.iter_rows(named=True):
                assert other["siren"] not in text, part
                assert other["name"] not in text, part
        near = schemes(browser, code)["ptce"]["candidates"]
        assert near
        assert all(one["pseudonym"] and one["commune"] is None for one in near)

    def test_what_was_shown_is_in_the_journal(self, told_house: House) -> None:
        row = told_house.first(departement="59")
        browser = signed_in(told_house, "national")
        near = schemes(browser, row["siren"])["ptce"]["candidates"]
        entry = audit(told_house, "structure.neighbours")[-1]
        assert json.loads(entry.subject)["sirens"] == [one["siren"] for one in near]
        alike = browser.get(f"{LIST}/{row['siren']}/similar").json()["items"]
        entry = audit(told_house, "structure.similar")[-1]
        assert json.loads(entry.subject)["sirens"] == [one["siren"] for one in alike]


class TestSimilar:
    def test_same_sector_and_region_the_nearest_first(self, told_house: House) -> None:
        row = told_house.first(departement="59", employees=18)
        body = signed_in(told_house, "national").get(f"{LIST}/{row['siren']}/similar").json()
        assert body["compared_on"] == ["employees", "grants_eur", "funders_count"]
        assert 0 < len(body["items"]) <= 10
        for one in body["items"]:
            assert (one["sector"], one["region"]) == (row["sector"], row["region"])
            assert one["siren"] != row["siren"]
            assert one["p"] == told_house.first(siren=one["siren"])["p_12m"]

    def test_funding_counts_as_much_as_size(self, tmp_path: Path) -> None:
        frames = with_profiles(make_frames())
        frames.scores = frames.scores.with_columns(
            departement=pl.lit("59"),
            region=pl.lit("32"),
            sector=pl.lit("culture"),
            employees=pl.lit(10, pl.Int32),
        )
        order = pl.int_range(pl.len())
        assert frames.profile is not None
        frames.profile = frames.profile.with_columns(grants_eur=1000.0 * (1 + order))
        frames.write(tmp_path)
        house = House(tmp_path, create_app(ServingSettings(tmp_path)), "", frames)
        codes = frames.scores["siren"].to_list()
        body = house.person("national").get(f"{LIST}/{codes[50]}/similar?limit=4").json()
        # 51,000 is nearer, by ratio, to 52,000 then 50,000; then 53,000 and 49,000
        assert [one["siren"] for one in body["items"]] == [codes[at] for at in (51, 49, 52, 48)]
        house.state.close()

    def test_a_territory_limits_them(self, tmp_path: Path) -> None:
        frames = make_frames()
        frames.scores = frames.scores.with_columns(sector=pl.lit("culture"))
        frames.write(tmp_path)
        house = House(tmp_path, create_app(ServingSettings(tmp_path)), "", frames)
        url = f"{LIST}/{house.first(departement='59')['siren']}/similar?limit=50"
        seen = {}
        for name, browser in {
            "whole": house.person("national"),
            "region": house.person("regional", regions=("32",)),
            "departement": house.person("departmental", departements=("59",)),
        }.items():
            items = browser.get(url).json()["items"]
            seen[name] = {one["departement"] for one in items}
        assert seen == {"whole": {"59", "62"}, "region": {"59", "62"}, "departement": {"59"}}
        house.state.close()

    def test_a_publication_without_profiles_compares_sizes(self, shared_house: House) -> None:
        code = shared_house.first(departement="59")["siren"]
        body = shared_house.person("national").get(f"{LIST}/{code}/similar").json()
        assert body["compared_on"] == ["employees"]
        assert body["items"]


class TestHistory:
    def test_years_by_pages_each_whole_and_once(self, tmp_path: Path) -> None:
        frames = make_frames()
        code = siren(3)
        lines = [
            (code, year, f"slug:f{funder}", f"Financeur {funder}", "region", 100.0 * funder + year)
            for year in range(2010, 2023)
            for funder in (1, 2)
        ]
        frames.history = pl.DataFrame(lines, schema=frames.history.schema, orient="row")
        frames.write(tmp_path)
        house = House(tmp_path, create_app(ServingSettings(tmp_path)), "", frames)
        browser, seen, query = house.person("national"), [], "?years=5"
        while True:
            body = browser.get(f"{LIST}/{code}/history{query}").json()
            seen += body["years"]
            if body["next_before"] is None:
                break
            query = f"?years=5&before={body['next_before']}"
        assert [year["fiscal_year"] for year in seen] == list(range(2022, 2009, -1))
        for year in seen:
            assert [f["funder_name"] for f in year["funders"]] == ["Financeur 2", "Financeur 1"]
            assert year["total_eur"] == 300 + 2 * year["fiscal_year"]
        house.state.close()

    def test_nothing_known_is_an_empty_history(self, tmp_path: Path) -> None:
        frames = make_frames()
        frames.history = frames.history.clear()
        frames.write(tmp_path)
        house = House(tmp_path, create_app(ServingSettings(tmp_path)), "", frames)
        body = house.person("national").get(f"{LIST}/{siren(3)}/history").json()
        assert (body["years"], body["next_before"]) == ([], None)
        house.state.close()

    def test_the_trend_is_that_of_the_structure(self, house: House) -> None:
        make_frames(as_of=date(2026, 3, 31), seed=3).write(house.home)
        house.frames.write(house.home)
        browser, code = house.person("national"), siren(4)
        trend = browser.get(f"{LIST}/{code}/history").json()["trend"]
        assert [point["as_of"] for point in trend] == ["2026-03-31", "2026-06-30"]
        assert trend == browser.get(f"{LIST}/{code}").json()["trend"]

    def test_an_analyst_does_not_see_the_funders(self, told_house: House) -> None:
        code = pseudonym(told_house.first(departement="59")["siren"], told_house.state.secret)
        answer = signed_in(told_house, "analyst").get(f"{LIST}/{code}/history")
        assert "Conseil des Brumes" not in answer.text
        assert answer.json()["years"][0]["total_eur"] == 12_000.5


class TestCatalogue:
    def test_it_is_the_one_served(self, told_house: House) -> None:
        body = told_house.tool("read:catalogue").get("/api/v1/schemes").json()
        shipped = load_schemes()
        assert body["catalogue"] == shipped.digest
        assert [one["id"] for one in body["items"]] == list(shipped.schemes)
        by_id = {one["id"]: one for one in body["items"]}
        assert by_id["parcours_aci_paca"]["regions"] == ["93"]
        assert [c["kind"] for c in by_id["france_active"]["criteria"]] == ["any_of", "budget_above"]
        assert len(by_id["france_active"]["criteria"][0]["of"]) == 2

    def test_a_file_that_goes_wrong_leaves_the_former(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        make_frames().write(tmp_path)
        path = tmp_path / "schemes.toml"
        path.write_text(OWN, "utf-8")
        house = House(tmp_path, create_app(ServingSettings(tmp_path)), "", make_frames())
        browser = house.person("national")
        before = browser.get("/api/v1/schemes").json()
        assert before["items"][-1]["id"] == "essai"
        assert before["items"][-1]["own"] is True
        path.write_text(OWN.replace("stages", "stade"), "utf-8")
        assert browser.get("/api/v1/schemes").json() == before
        assert "schemes-invalid" in caplog.text
        path.unlink()
        assert len(browser.get("/api/v1/schemes").json()["items"]) == len(before["items"]) - 1
        house.state.close()

    def test_a_wrong_file_stops_the_server_at_its_start(self, tmp_path: Path) -> None:
        (tmp_path / "schemes.toml").write_text("version = 9", "utf-8")
        with pytest.raises(SchemesError):
            create_app(ServingSettings(tmp_path))


class TestPublication:
    def test_profiles_are_read_again(self, tmp_path: Path) -> None:
        frames = with_profiles(make_frames(), aci=True, proceedings="plan")
        first = frames.write(tmp_path)
        publication = Publication.load(tmp_path, "failure")
        position = publication.position(siren(5))
        assert position is not None
        read = publication.profile(position)
        assert read["siren"] == siren(5)
        assert (read["aci"], read["proceedings"], read["budget_eur"]) == (True, "plan", 480_000)
        other = with_profiles(make_frames(), aci=None).write(tmp_path)
        without = make_frames().write(tmp_path)
        assert len({first, other, without}) == 3
        assert Publication.load(tmp_path, "failure").profile(0) == {}
        shuffled = with_profiles(make_frames(), aci=True, proceedings="plan")
        assert shuffled.profile is not None
        shuffled.profile = shuffled.profile.sample(fraction=1, shuffle=True, seed=3)
        assert shuffled.write(tmp_path) == first

    def test_a_changed_profile_is_found_out(self, tmp_path: Path) -> None:
        name = with_profiles(make_frames()).write(tmp_path)
        path = tmp_path / "publications" / "failure" / name / PROFILE
        path.write_bytes(path.read_bytes()[:-1] + b"!")
        with pytest.raises(PublicationError) as caught:
            Publication.load(tmp_path, "failure")
        assert caught.value.code == "publication-corrupted"

    def test_two_lines_for_a_structure_are_refused(self, tmp_path: Path) -> None:
        frames = with_profiles(make_frames())
        assert frames.profile is not None
        frames.profile = pl.concat([frames.profile, frames.profile.head(1)])
        with pytest.raises(PublicationError) as caught:
            frames.write(tmp_path)
        assert caught.value.code == "bad-publication"
