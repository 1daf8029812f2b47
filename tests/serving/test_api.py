"""The API through the real application: what it answers, what it refuses, and how it says it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from serving.access.audit import verify
from serving.access.principal import Scope
from serving.api.problems import Problem
from serving.state.models import AuditEntry

if TYPE_CHECKING:
    from conftest import House

LIST = "/api/v1/structures"
NEITHER = "990000001"

Make = Callable[..., Any]
Number = Callable[[int], str]


def problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Check that a refusal has the one shape of refusals, and return it."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    Problem.model_validate(body)
    assert body["code"] == code
    assert body["type"] == f"urn:veille-ess:erreur:{code}"
    assert body["request_id"] == response.headers["x-request-id"]
    assert body["detail"].endswith(".")
    return body


def audit(house: House) -> list[AuditEntry]:
    with house.state.read() as session:
        return list(session.query(AuditEntry).order_by(AuditEntry.seq))


class TestList:
    def test_the_first_page(self, shared_house: House) -> None:
        response = shared_house.person("national").get(LIST)
        assert response.status_code == 200
        body = response.json()
        assert body["publication"] == shared_house.publication
        assert response.headers["x-publication"] == shared_house.publication
        assert response.headers["cache-control"] == "private, no-store"
        assert (body["total"], body["limit"], len(body["items"])) == (120, 50, 50)
        assert (body["horizon_months"], body["synthetic"]) == (12, True)
        risks = [item["p"] for item in body["items"]]
        assert risks == sorted(risks, reverse=True)
        first = shared_house.first(siren=body["items"][0]["siren"])
        for key in ("name", "region", "level", "rank", "employees", "coverage"):
            assert body["items"][0][key] == first[key]

    def test_pages_follow_each_other(self, shared_house: House) -> None:
        browser = shared_house.person("national")
        seen: list[str] = []
        cursor = ""
        while True:
            body = browser.get(f"{LIST}?limit=50&level=low&level=moderate{cursor}").json()
            seen += [item["siren"] for item in body["items"]]
            if not body["next_cursor"]:
                break
            cursor = f"&cursor={body['next_cursor']}"
        assert len(seen) == len(set(seen)) == body["total"]

    def test_every_filter_and_another_horizon(self, shared_house: House) -> None:
        wanted = "level=high&region=32&departement=59&ess_family=association&min_employees=1"
        query = f"{LIST}?horizon=18&sort=-employees&{wanted}"
        body = shared_house.person("national").get(query).json()
        assert body["items"]
        for item in body["items"]:
            assert (item["level"], item["departement"]) == ("high", "59")
            assert item["employees"] >= 1
            row = shared_house.first(siren=item["siren"])
            assert item["p"] == row["p_18m"]

    def test_search(self, shared_house: House) -> None:
        browser = shared_house.person("national")
        found = browser.get(f"{LIST}?q=eclaireurs&limit=3").json()["items"]
        assert found
        assert all("Éclaireurs" in item["name"] for item in found)

    @pytest.mark.parametrize(
        ("query", "code", "field", "expected"),
        [
            ("foo=1", "unknown-parameter", "foo", "target | horizon"),
            ("level=grave", "bad-value", "level", "high | moderate | low | unknown"),
            ("region=33", "bad-value", "region", "32"),
            ("departement=20", "bad-value", "departement", "2A | 2B"),
            ("sector=inconnu", "bad-value", "sector", "culture"),
            ("ess_family=x", "bad-value", "ess_family", "association"),
            ("sort=taille", "bad-value", "sort", "-p | p | rank"),
            ("limit=0", "out-of-bounds", "limit", "au moins 1"),
            ("limit=201", "out-of-bounds", "limit", "au plus 200"),
            ("limit=dix", "bad-value", "limit", ""),
            ("limit=1&limit=2", "repeated-parameter", "limit", "une seule"),
            ("min_employees=-1", "out-of-bounds", "min_employees", "au moins 0"),
            ("horizon=24", "unknown-horizon", "horizon", "6 | 12 | 18"),
            ("target=autre", "unknown-target", "target", "failure | funding_loss"),
            ("cursor=abc", "cursor-invalid", "cursor", "next_cursor"),
            ("q=" + "a" * 121, "out-of-bounds", "q", "au plus 120"),
        ],
    )
    def test_refused_parameters(
        self, shared_house: House, query: str, code: str, field: str, expected: str
    ) -> None:
        body = problem(shared_house.person("national").get(f"{LIST}?{query}"), 422, code)
        assert body["field"] == field
        assert expected in body["expected"]

    def test_all_faulty_parameters_are_said_at_once(self, shared_house: House) -> None:
        body = shared_house.person("national").get(f"{LIST}?limit=0&foo=1&level=x").json()
        assert {e["field"] for e in body["errors"]} == {"limit", "foo", "level"}

    def test_a_cursor_of_a_former_publication(self, house: House, frames_factory: Make) -> None:
        browser = house.person("national")
        cursor = browser.get(f"{LIST}?limit=5").json()["next_cursor"]
        frames_factory(seed=5).write(house.home)
        problem(browser.get(f"{LIST}?limit=5&cursor={cursor}"), 410, "cursor-expired")

    def test_nothing_published_for_a_target(self, shared_house: House) -> None:
        browser = shared_house.person("national")
        problem(browser.get(f"{LIST}?target=funding_loss"), 503, "no-publication")


class TestStructure:
    def test_everything_about_one(self, shared_house: House) -> None:
        row = shared_house.first(level="high")
        response = shared_house.person("national").get(f"{LIST}/{row['siren']}")
        assert response.status_code == 200
        body = response.json()
        assert body["structure"]["name"] == row["name"]
        assert body["structures"] == 120
        assert body["synthetic"] is True
        scores = {s["horizon_months"]: s for s in body["horizons"]}
        assert scores[12]["p"] == row["p_12m"]
        assert (scores[12]["low"], scores[12]["high"]) == (row["low_12m"], row["high_12m"])
        assert scores[18]["low"] is None
        assert [line["fiscal_year"] for line in body["history"]] == [2024, 2025]
        assert [point["publication"] for point in body["trend"]] == [shared_house.publication]

    def test_contributions_add_up(self, shared_house: House) -> None:
        row = shared_house.first(level="high")
        browser = shared_house.person("national")
        for horizon in (6, 12, 18):
            body = browser.get(f"{LIST}/{row['siren']}?horizon={horizon}").json()["reasons"]
            assert body["horizon_months"] == horizon
            reasons = [r for theme in body["themes"] for r in theme["reasons"]]
            assert len(reasons) == 4
            total = body["base_value"] + body["other_contribution"]
            total += sum(r["contribution"] for r in reasons)
            assert total == pytest.approx(body["score_logit"], abs=1e-12)
            for theme in body["themes"]:
                mine = sum(r["contribution"] for r in theme["reasons"])
                assert theme["contribution"] == pytest.approx(mine)
            assert body["themes"][0]["label"] != body["themes"][0]["theme"]
            assert body["sentences"][0].startswith("Raison inventée")

    def test_a_structure_without_enough_data(self, shared_house: House) -> None:
        row = shared_house.first(level="unknown")
        body = shared_house.person("national").get(f"{LIST}/{row['siren']}").json()
        assert body["structure"]["p"] is None
        assert body["reasons"]["score_logit"] is None

    def test_the_trend_over_publications(self, house: House, frames_factory: Make) -> None:
        row = house.first(level="high")
        for day in (date(2025, 12, 31), date(2026, 3, 31)):
            frames_factory(as_of=day, seed=day.month).write(house.home)
        house.frames.write(house.home)
        body = house.person("national").get(f"{LIST}/{row['siren']}").json()
        dates = [point["as_of"] for point in body["trend"]]
        assert dates == ["2025-12-31", "2026-03-31", "2026-06-30"]
        assert body["trend"][-1]["p"] == row["p_12m"]

    def test_spaces_in_a_siren_are_accepted(self, shared_house: House) -> None:
        siren = shared_house.first(level="high")["siren"]
        spaced = f"{siren[:3]}%20{siren[3:6]}%20{siren[6:]}"
        assert shared_house.person("national").get(f"{LIST}/{spaced}").status_code == 200

    @pytest.mark.parametrize(
        ("siren", "status", "word"),
        [
            (NEITHER, 404, "clé de contrôle"),
            ("12345", 422, "pas un SIREN"),
            ("abc", 422, "pas un SIREN"),
        ],
    )
    def test_a_wrong_siren(self, shared_house: House, siren: str, status: int, word: str) -> None:
        found = shared_house.person("national").get(f"{LIST}/{siren}")
        body = problem(found, status, "bad-siren")
        assert word in body["detail"]
        assert body["received"] == siren

    def test_a_pseudonym_opens_nothing_for_who_sees_names(self, shared_house: House) -> None:
        found = shared_house.person("national").get(f"{LIST}/P-0A1B2C")
        assert "SIREN" in problem(found, 404, "unknown-structure")["expected"]

    def test_no_structure_is_that_large(self, shared_house: House) -> None:
        for most in (2**31, 2**64, 10**30):
            found = shared_house.person("national").get(f"{LIST}?min_employees={most}")
            assert (found.status_code, found.json()["total"]) == (200, 0)

    def test_an_unknown_siren(self, shared_house: House, fictitious_siren: Number) -> None:
        browser = shared_house.person("national")
        problem(browser.get(f"{LIST}/{fictitious_siren(999)}"), 404, "unknown-structure")


class TestTerritories:
    def test_a_list_stops_at_the_territory(self, shared_house: House) -> None:
        scores = shared_house.frames.scores
        for browser, inside in (
            (shared_house.person("regional", regions=("32",)), {"59", "62"}),
            (shared_house.person("departmental", departements=("13", "35")), {"13", "35"}),
            (shared_house.tool(regions=("53",)), {"35"}),
        ):
            body = browser.get(f"{LIST}?limit=200").json()
            assert {item["departement"] for item in body["items"]} == inside
            assert body["total"] == scores.filter(scores["departement"].is_in(inside)).height

    def test_another_territory_cannot_be_asked_for(self, shared_house: House) -> None:
        browser = shared_house.person("regional", regions=("32",))
        problem(browser.get(f"{LIST}?region=93"), 403, "outside-territory")
        problem(browser.get(f"{LIST}?departement=13"), 403, "outside-territory")
        assert browser.get(f"{LIST}?departement=59").status_code == 200
        local = shared_house.person("departmental", departements=("59",))
        assert local.get(f"{LIST}?region=32").json()["total"] == 20
        problem(local.get(f"{LIST}?region=93"), 403, "outside-territory")

    def test_searching_finds_nothing_outside(self, shared_house: House) -> None:
        outside = shared_house.first(region="93")
        browser = shared_house.person("regional", regions=("32",))
        assert browser.get(f"{LIST}?q={outside['siren']}").json()["total"] == 0

    def test_elsewhere_and_nowhere_get_the_same_answer(
        self, house: House, fictitious_siren: Number
    ) -> None:
        browser = house.person("regional", regions=("32",))
        elsewhere = problem(
            browser.get(f"{LIST}/{house.first(region='93')['siren']}"), 403, "outside-territory"
        )
        nowhere = problem(browser.get(f"{LIST}/{fictitious_siren(999)}"), 403, "outside-territory")
        for body in (elsewhere, nowhere):
            for changing in ("instance", "received", "request_id"):
                body.pop(changing)
        assert elsewhere == nowhere
        assert [line.action for line in audit(house)][-2:] == ["structure.refused"] * 2

    def test_a_stated_reason_opens_and_is_logged(
        self, house: House, fictitious_siren: Number
    ) -> None:
        browser = house.person("regional", regions=("32",))
        siren = house.first(region="93")["siren"]
        reason = "?reason=Signalement+du+réseau+national+de+la+structure"
        assert browser.get(f"{LIST}/{siren}{reason}").status_code == 200
        line = audit(house)[-1]
        assert line.action == "structure.break_glass"
        assert line.reason == "Signalement du réseau national de la structure"
        assert siren in line.subject
        problem(browser.get(f"{LIST}/{siren}?reason=voir"), 422, "out-of-bounds")
        nowhere = browser.get(f"{LIST}/{fictitious_siren(999)}{reason}")
        problem(nowhere, 404, "unknown-structure")

    def test_a_tool_cannot_break_the_glass(self, house: House) -> None:
        siren = house.first(region="93")["siren"]
        answer = house.tool(regions=("32",)).get(f"{LIST}/{siren}?reason=une+bonne+raison+à+moi")
        problem(answer, 403, "outside-territory")


class TestAnalyst:
    def test_no_name_no_siren_anywhere(self, house: House) -> None:
        browser = house.person("analyst")
        listed = browser.get(f"{LIST}?limit=200")
        item = listed.json()["items"][0]
        detail = browser.get(f"{LIST}/{item['pseudonym']}")
        assert detail.status_code == 200
        assert detail.json()["structure"]["pseudonym"] == item["pseudonym"]
        scores = house.frames.scores
        for text in (listed.text, detail.text):
            assert not [s for s in scores["siren"] if s in text]
            assert not [n for n in scores["name"] if n in text]
            assert "Conseil des Brumes" not in text
            assert "59350" not in text
        assert all(s not in line.subject for line in audit(house) for s in scores["siren"])

    def test_no_way_around(self, shared_house: House) -> None:
        browser = shared_house.person("analyst")
        problem(browser.get(f"{LIST}?q=relais"), 403, "filter-forbidden")
        problem(browser.get(f"{LIST}?sort=name"), 403, "filter-forbidden")
        siren = shared_house.first(level="high")["siren"]
        problem(browser.get(f"{LIST}/{siren}"), 403, "pseudonym-expected")
        body = problem(browser.get(f"{LIST}/P-000000"), 404, "unknown-structure")
        assert body["received"] is None


class TestRoles:
    """Role, and scope of keys, by endpoint."""

    ENDPOINTS = (LIST, "/api/v1/publications", "/api/v1/indicators", "/api/v1/models/current")

    @pytest.mark.parametrize(
        ("role", "territory", "statuses"),
        [
            ("national", {}, (200, 200, 200, 200, 403)),
            ("regional", {"regions": ("32",)}, (200, 200, 200, 200, 403)),
            ("departmental", {"departements": ("59",)}, (200, 200, 200, 200, 403)),
            ("analyst", {}, (200, 200, 200, 200, 403)),
            ("admin", {}, (403, 200, 200, 200, 200)),
        ],
    )
    def test_people(
        self,
        shared_house: House,
        role: str,
        territory: dict[str, tuple[str, ...]],
        statuses: tuple[int, ...],
    ) -> None:
        browser = shared_house.person(role, **territory)
        found = [browser.get(url).status_code for url in (*self.ENDPOINTS, "/metrics")]
        assert tuple(found) == statuses

    @pytest.mark.parametrize(
        ("scope", "statuses"),
        [
            ("read:scores", (200, 200, 200, 200, 403)),
            ("read:catalogue", (403, 200, 200, 200, 403)),
            ("read:metrics", (403, 403, 403, 403, 200)),
        ],
    )
    def test_keys(self, shared_house: House, scope: str, statuses: tuple[int, ...]) -> None:
        browser = shared_house.tool(scope)
        found = [browser.get(url).status_code for url in (*self.ENDPOINTS, "/metrics")]
        assert tuple(found) == statuses

    def test_the_admin_opens_no_structure(self, shared_house: House) -> None:
        siren = shared_house.first(level="high")["siren"]
        problem(shared_house.person("admin").get(f"{LIST}/{siren}"), 403, "role-has-no-lists")

    @pytest.mark.parametrize("url", [*ENDPOINTS, f"{LIST}/{NEITHER}", "/metrics"])
    def test_nobody_reads_without_signing_in(self, shared_house: House, url: str) -> None:
        response = shared_house.anonymous().get(f"{url}?limit=1&limit=2&foo=3")
        problem(response, 401, "not-authenticated")
        assert response.headers["www-authenticate"].startswith("Bearer")

    def test_every_route_but_the_open_ones_asks_who_is_there(self, shared_house: House) -> None:
        schema = shared_house.person("national").get("/api/v1/openapi.json").json()
        problem(shared_house.anonymous().get("/api/v1/openapi.json"), 401, "not-authenticated")
        for path, verbs in schema["paths"].items():
            for verb in verbs:
                answer = shared_house.anonymous().request(
                    verb.upper(), path.replace("{siren}", NEITHER)
                )
                assert path.startswith("/health/") or answer.status_code == 401, path

    @pytest.mark.parametrize(
        "headers",
        [
            {"Authorization": "Bearer vess_00000000_faux"},
            {"X-API-Key": "vess_00000000_faux"},
            {"Authorization": "Bearer"},
        ],
    )
    def test_a_wrong_key(self, shared_house: House, headers: dict[str, str]) -> None:
        problem(shared_house.anonymous().get(LIST, headers=headers), 401, "bad-key-presented")

    def test_both_ways_to_present_a_key(self, shared_house: House) -> None:
        secret = shared_house.tool().headers["Authorization"].removeprefix("Bearer ")
        answer = shared_house.anonymous().get(LIST, headers={"X-API-Key": secret})
        assert answer.status_code == 200


class TestEtag:
    def test_an_answer_already_held_is_not_sent_again(self, house: House) -> None:
        browser = house.person("national")
        first = browser.get(f"{LIST}?level=high")
        again = browser.get(f"{LIST}?level=high", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        # weak where the first one was compressed
        assert again.headers["etag"] == first.headers["etag"].removeprefix("W/")
        assert [line.action for line in audit(house)][-2:] == ["list.view", "list.unchanged"]

    def test_it_depends_on_question_reader_and_publication(
        self, house: House, frames_factory: Make
    ) -> None:
        browser = house.person("national")
        urls = (LIST, f"{LIST}?level=high", f"{LIST}/{house.first(level='high')['siren']}")
        tags = [browser.get(url).headers["etag"] for url in urls]
        tags += [house.person("regional", regions=("32",)).get(LIST).headers["etag"]]
        frames_factory(seed=5).write(house.home)
        tags += [browser.get(LIST).headers["etag"]]
        assert len(set(tags)) == len(tags)
        stale = browser.get(LIST, headers={"If-None-Match": tags[0]})
        assert stale.status_code == 200


class TestAudit:
    def test_each_access_says_who_what_when_why(self, house: House) -> None:
        browser = house.tool()
        items = browser.get(f"{LIST}?limit=3").json()["items"]
        browser.get(f"{LIST}/{items[0]['siren']}", headers={"X-Request-ID": "suivi-0001"})
        listed, opened = audit(house)[-2:]
        assert listed.action == "list.view"
        subject = json.loads(listed.subject)
        assert subject["sirens"] == [item["siren"] for item in items]
        assert subject["asked"] == {"limit": 3}
        assert (opened.action, opened.role, opened.actor_kind) == ("structure.view", "tool", "key")
        assert opened.actor_name.startswith("vess_")
        assert opened.publication_id == house.publication
        assert opened.request_id == "suivi-0001"
        assert verify(house.state).intact

    def test_no_answer_without_a_line_in_the_log(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        browser = house.person("national")
        siren = house.first(level="high")["siren"]
        monkeypatch.setattr("serving.access.audit._chain", lambda *_: 1 / 0)
        for url in (LIST, f"{LIST}/{siren}"):
            answer = browser.get(url)
            assert problem(answer, 500, "internal-error")["instance"] == url
            assert house.first(level="high")["name"] not in answer.text


class TestCatalogue:
    def test_publications(self, house: House, frames_factory: Make) -> None:
        last = frames_factory(seed=5).write(house.home)
        items = house.person("analyst").get("/api/v1/publications").json()["items"]
        assert [i["publication"] for i in items] == [last, house.publication]
        assert [i["current"] for i in items] == [True, False]
        assert items[0]["rows"] == 120
        assert items[0]["synthetic"] is True

    def test_the_current_model(self, shared_house: House) -> None:
        body = shared_house.tool("read:catalogue").get("/api/v1/models/current").json()
        assert (body["name"], body["version"]) == ("fictif", "3")
        assert body["horizons_months"] == [6, 12, 18]
        assert body["thresholds"]["high"] == 0.2

    def test_indicators(self, shared_house: House) -> None:
        from features.catalogue import INDICATORS

        body = shared_house.tool("read:catalogue").get("/api/v1/indicators").json()
        assert [i["name"] for i in body["items"]] == list(INDICATORS)
        assert all(i["theme_label"] and i["label"] for i in body["items"])

    def test_they_take_no_other_parameter(self, shared_house: House) -> None:
        browser = shared_house.person("national")
        for name in ("indicators", "publications", "models/current"):
            body = problem(browser.get(f"/api/v1/{name}?foo=1"), 422, "unknown-parameter")
            assert body["field"] == "foo"


class TestEnvelope:
    def test_security_headers_are_on_every_answer(self, shared_house: House) -> None:
        for url in ("/health/live", LIST, "/api/v1/nulle/part", "/connexion", "/nulle/part"):
            headers = shared_house.anonymous().get(url).headers
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "DENY"
            assert headers["cross-origin-resource-policy"] == "same-origin"
            assert headers["cache-control"] == "private, no-store"
            assert re.fullmatch(r"[0-9a-f]{16}", headers["x-request-id"])

    def test_what_tells_a_browser_of_a_page_is_on_all_but_json(self, shared_house: House) -> None:
        of_pages = {"referrer-policy", "cross-origin-opener-policy", "permissions-policy"}
        someone = shared_house.person("national")
        for url in ("/connexion", "/nulle/part", "/", "/static/veille.css"):
            assert of_pages <= someone.get(url).headers.keys(), url
        for url in ("/health/live", LIST, "/api/v1/nulle/part"):
            assert not of_pages & someone.get(url).headers.keys(), url

    def test_a_request_number_is_kept_when_it_is_harmless(self, shared_house: House) -> None:
        browser = shared_house.anonymous()
        for given, kept in (("outil-2026.07_1", True), ("a b", False), ("x" * 65, False)):
            answer = browser.get("/health/live", headers={"X-Request-ID": given})
            assert (answer.headers["x-request-id"] == given) is kept

    def test_unknown_paths_and_verbs(self, shared_house: House) -> None:
        browser = shared_house.person("national")
        problem(browser.get("/api/v1/nulle/part"), 404, "unknown-path")
        problem(browser.request("DELETE", LIST), 405, "method-not-allowed")

    def test_a_fault_of_ours_says_nothing_of_the_inside(
        self, shared_house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        browser = shared_house.person("national")

        def fail(*_: object, **__: object) -> None:
            raise RuntimeError("secret du dedans")

        monkeypatch.setattr("serving.api.listing.query", fail)
        answer = browser.get(LIST)
        problem(answer, 500, "internal-error")
        assert "dedans" not in answer.text
        assert answer.headers["x-content-type-options"] == "nosniff"

    def test_the_description_of_the_api(self, shared_house: House) -> None:
        schema = shared_house.tool().get("/api/v1/openapi.json").json()
        assert schema["openapi"].startswith("3.1")
        names = {p["name"] for p in schema["paths"][LIST]["get"]["parameters"]}
        assert {"target", "horizon", "level", "min_employees", "q", "sort", "cursor"} <= names
        assert "Problem" in schema["components"]["schemas"]
        assert not [path for path in schema["paths"] if "connexion" in path]


class TestHealth:
    def test_ready_only_with_a_publication(
        self, empty_house: House, tmp_path: Path, frames_factory: Make
    ) -> None:
        browser = empty_house.anonymous()
        assert browser.get("/health/live").status_code == 200
        before = browser.get("/health/ready")
        assert before.status_code == 503
        assert before.json()["targets"] == {
            "failure": "no-publication",
            "funding_loss": "no-publication",
        }
        publication = frames_factory().write(tmp_path)
        after = browser.get("/health/ready")
        assert after.status_code == 200
        assert after.json()["targets"]["failure"] == publication
        assert str(tmp_path) not in before.text + after.text

    def test_metrics_count_without_naming(self, house: House) -> None:
        siren = house.first(level="high")["siren"]
        house.person("national").get(f"{LIST}/{siren}")
        house.anonymous().get(LIST)
        text = house.tool("read:metrics").get("/metrics").text
        template = 'route="/api/v1/structures/{siren}",status="200"'
        assert f'veille_requests_total{{method="GET",{template}}} 1' in text
        assert 'status="401"} 1' in text
        assert 'veille_publication_structures{target="failure"} 120' in text
        assert siren not in text


def test_every_route_is_documented(shared_house: House) -> None:
    root = Path(__file__).resolve().parents[2]
    page = (root / "docs" / "api.md").read_text(encoding="utf-8")
    schema = shared_house.person("national").get("/api/v1/openapi.json").json()
    for path, verbs in schema["paths"].items():
        for verb, operation in verbs.items():
            assert f"`{verb.upper()} {path}`" in page
            for parameter in operation.get("parameters", []):
                assert f"`{parameter['name']}`" in page, (path, parameter["name"])


def test_the_page_of_the_api_says_every_scope() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    table = page.partition("| portée | ce qu'elle ouvre |")[2].partition("\n\n")[0]
    said = re.findall(r"^\| `([a-z:]+)` \| \S", table, flags=re.MULTILINE)
    assert sorted(said) == sorted(Scope)
