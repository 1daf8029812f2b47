"""Cases: every step, one open at a time, territories, files, a history that is only added to."""

from __future__ import annotations

import io
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from serving.access.audit import verify
from serving.cell import case_files
from serving.cell.case_steps import NEXT, STATUSES, state_of
from serving.cell.days import day_of, now
from serving.state.cell_models import Case, CaseEvent
from serving.state.models import AuditEntry
from tests.serving.cell_people import alert, own_schemes, person, refused, tool
from tests.serving.conftest import siren

if TYPE_CHECKING:
    import httpx

    from tests.serving.cell_people import Writer
    from tests.serving.conftest import House

PATH = ("to_qualify", "contacted", "oriented", "in_support", "closed")


def here(house: House) -> str:
    return str(house.first(departement="59")["siren"])


def opened(house: House, writer: Writer, **more: object) -> dict[str, Any]:
    answer = writer.post("/cases", {"siren": here(house)} | more)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def step(writer: Writer, case: dict[str, Any], **changes: object) -> httpx.Response:
    return writer.patch(f"/cases/{case['id']}", changes, match=f'"{case["version"]}"')


def brought(writer: Writer, case: dict[str, Any], status: str) -> dict[str, Any]:
    """Take a case along the path to a status."""
    for one in PATH[1 : PATH.index(status) + 1]:
        more = {"outcome": "saved"} if one == "closed" else {}
        case = step(writer, case, status=one, **more).json()
    return case


@pytest.mark.parametrize(("before", "after"), list(product(STATUSES, STATUSES)))
def test_every_transition(house: House, before: str, after: str) -> None:
    cell = tool(house)
    case = brought(cell, opened(house, cell), before)
    more = {"outcome": "failed"} if after == "closed" else {}
    answer = step(cell, case, status=after, **more)
    if before == "closed":
        assert refused(answer) == (409, "case-closed")
    elif after == before or after in NEXT[before]:
        assert (answer.status_code, answer.json()["status"]) == (200, after)
        assert answer.json()["outcome"] == more.get("outcome")
    else:
        assert refused(answer) == (409, "bad-transition")


def test_an_outcome_comes_with_the_end(house: House) -> None:
    cell = tool(house)
    case = opened(house, cell)
    assert refused(step(cell, case, status="closed")) == (422, "outcome-missing")
    assert refused(step(cell, case, outcome="saved")) == (422, "outcome-early")
    assert refused(step(cell, case, status="closed", outcome="perdue"))[0] == 422


def test_a_case_from_end_to_end(house: House) -> None:
    cell = person(house, "regional", regions=("32",))
    due = (day_of(now()) + timedelta(days=10)).isoformat()
    case = opened(house, cell, assignee=cell.login, due_on=due, schemes=["dla"], note="Vue.")
    assert (case["assignee"], case["due_on"], case["schemes"]) == (cell.login, due, ["dla"])
    noted = cell.post(f"/cases/{case['id']}/notes", {"text": "Rappeler lundi."}).json()
    changed = step(cell, noted, status="contacted", schemes=["dla", "ptce"], note="Appelée.")
    back = step(cell, changed.json(), assignee=None, due_on=None)
    found = cell.get(f"/cases/{case['id']}")
    assert found.headers["etag"] == back.headers["etag"] == f'"4-{found.json()["id"]}"'
    events = found.json()["events"]
    assert [one["kind"] for one in events] == ["opened", "note", "changed", "changed"]
    assert [one["text"] for one in events] == ["Vue.", "Rappeler lundi.", "Appelée.", ""]
    assert events[2]["changes"] == {"status": "contacted", "schemes": ["dla", "ptce"]}
    assert events[3]["changes"] == {"assignee_id": None, "due_on": None}
    assert cell.get("/cases?mine=true").json()["total"] == 0
    assert cell.get("/cases?scheme=ptce&status=contacted").json()["total"] == 1
    assert cell.get("/cases?scheme=ccsf").json()["total"] == 0
    with house.state.read() as session:
        actions = [
            one
            for one in session.scalars(select(AuditEntry.action).order_by(AuditEntry.seq))
            if one.startswith("case")
        ]
    assert actions == [
        *("case.open", "case.note", "case.change", "case.change", "case.view"),
        *["cases.view"] * 3,
    ]
    assert verify(house.state).intact


def test_the_state_is_what_the_events_say(house: House) -> None:
    cell = tool(house)
    brought(cell, opened(house, cell, schemes=["ccsf"]), "closed")
    with house.state.read() as session:
        case = session.scalars(select(Case)).one()
        events = list(session.scalars(select(CaseEvent).order_by(CaseEvent.number)))
        assert state_of(events) == {name: getattr(case, name) for name in state_of(())}
        assert case.version == len(events) == 5
        assert (case.status, case.outcome) == ("closed", "saved")


@pytest.mark.parametrize(
    "statement", ["UPDATE case_events SET text = 'autre'", "DELETE FROM case_events"]
)
def test_history_is_not_rewritten(house: House, statement: str) -> None:
    opened(house, tool(house), note="Vue.")
    with pytest.raises(DatabaseError, match="histoire"), house.state.write() as session:
        session.execute(text(statement))
    with house.state.read() as session:
        assert session.scalars(select(CaseEvent.text)).all() == ["Vue."]


class TestOneOpenAtATime:
    def test_a_second_one_is_refused_then_linked(self, house: House) -> None:
        cell = tool(house)
        case = opened(house, cell)
        again = cell.post("/cases", {"siren": here(house)})
        assert refused(again) == (409, "case-already-open")
        assert again.json()["received"] == case["id"]
        brought(cell, case, "closed")
        after = opened(house, cell)
        assert (after["previous_case"], after["other_cases"]) == (case["id"], [case["id"]])

    def test_opened_together(self, house: House) -> None:
        cell = tool(house)
        body = {"siren": here(house)}
        with ThreadPoolExecutor(3) as threads:
            found = sorted(threads.map(lambda _: cell.post("/cases", body).status_code, range(3)))
        assert found == [201, 409, 409]

    def test_a_structure_in_two_regions_has_two_cases(self, house: House) -> None:
        there, cell = (person(house, "regional", regions=(r,)) for r in ("93", "32"))
        boss = person(house, "national")
        one = opened(house, cell)
        body = {"siren": here(house)}
        assert refused(there.post("/cases", body)) == (403, "outside-territory")
        reason = "Son antenne de Marseille emploie six personnes."
        two = there.post("/cases", body | {"reason": reason}).json()
        assert (one["region"], two["region"]) == ("32", "93")
        for reader, seen in ((cell, []), (boss, [two["id"]])):
            assert reader.get(f"/cases/{one['id']}").json()["other_cases"] == seen
        for reader, hidden in ((cell, two), (there, one)):
            assert refused(reader.get(f"/cases/{hidden['id']}")) == (404, "unknown-case")
            assert refused(step(reader, hidden, status="contacted")) == (404, "unknown-case")
            assert reader.get("/cases").json()["total"] == 1
        assert boss.get("/cases").json()["total"] == 2
        with house.state.read() as session:
            opened_by = select(AuditEntry.reason).where(AuditEntry.action == "case.open")
            assert reason in session.scalars(opened_by).all()

    def test_a_tool_gives_no_reason(self, house: House) -> None:
        key = tool(house, regions=("93",))
        body = {"siren": here(house), "reason": "Un motif assez long pour une personne."}
        assert refused(key.post("/cases", body)) == (403, "outside-territory")


def test_of_two_writers_one_wins(house: House) -> None:
    cell = tool(house)
    case = opened(house, cell)
    with ThreadPoolExecutor(2) as threads:
        found = threads.map(
            lambda scheme: step(cell, case, schemes=[scheme]).status_code, ["dla", "ccsf"]
        )
    assert sorted(found) == [200, 412]
    assert cell.get(f"/cases/{case['id']}").json()["version"] == 2
    assert refused(cell.patch(f"/cases/{case['id']}", {"schemes": []})) == (
        400,
        "version-expected",
    )


def test_a_form_token_of_any_letters_is_refused(house: House) -> None:
    cell = person(house, "national")
    cell.csrf = "\xe9" * 40
    asked = {"Idempotency-Key": "k-1", "X-CSRF-Token": cell.csrf.encode("latin-1")}
    found = cell.browser.request(
        "POST", "/api/v1/cases", headers=asked, json=f'{{"siren": "{siren(1)}"}}'
    )
    assert refused(found) == (403, "csrf")


def test_the_version_of_something_else_is_told_apart(house: House) -> None:
    cell = tool(house)
    case, other = opened(house, cell), "0a1b2c3d4e5f6071"
    path, body = f"/cases/{case['id']}", {"schemes": ["dla"]}
    assert refused(cell.patch(path, body, match=f'"1-{other}"')) == (409, "version-of-another")
    assert refused(cell.patch(path, body, match="n'importe quoi")) == (422, "bad-value")
    for late in ('"2"', '"autre"', '"7", "8"', 'W/"0"'):
        assert refused(cell.patch(path, body, match=late)) == (412, "stale-version")
    # What does not exist has no version to say.
    assert refused(cell.patch(f"/cases/{other}", body)) == (404, "unknown-case")
    assert cell.patch(path, body, match=f'"7-{other}", W/"1-{case["id"]}"').status_code == 200


def test_a_repeated_change_has_one_effect(house: House) -> None:
    cell = tool(house)
    case = opened(house, cell)
    path, body = f"/cases/{case['id']}", {"status": "contacted"}
    first = cell.patch(path, body, match='"1"', key="k-1")
    again = cell.patch(path, body, match='"1"', key="k-1")
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["etag"] == f'"2-{case["id"]}"'
    assert again.headers["idempotent-replayed"] == "true"
    assert len(cell.get(path).json()["events"]) == 2


def test_who_may_follow_a_case(house: House) -> None:
    cell = person(house, "regional", regions=("32",))
    case = opened(house, cell)
    for role, territory in (
        ("analyst", {}),
        ("admin", {}),
        ("regional", {"regions": ("93",)}),
        ("departmental", {"departements": ("62",)}),
    ):
        other = person(house, role, **territory).login
        assert refused(step(cell, case, assignee=other)) == (409, "bad-assignee")
    good = person(house, "departmental", departements=("59",))
    changed = step(cell, case, assignee=good.login).json()
    assert changed["assignee"] == good.login
    assert good.get("/cases?mine=true").json()["total"] == 1
    assert refused(step(cell, changed, schemes=["inconnu"])) == (422, "unknown-scheme")
    past = (day_of(now()) - timedelta(days=1)).isoformat()
    assert refused(step(cell, changed, due_on=past)) == (409, "bad-day")


OWN = own_schemes("fonds_regional", "Fonds inventé")


def test_schemes_of_the_operator_are_used_and_outlive_the_catalogue(house: House) -> None:
    cell = tool(house)
    assert refused(cell.post("/cases", {"siren": here(house), "schemes": ["fonds_regional"]})) == (
        422,
        "unknown-scheme",
    )
    (house.home / "schemes.toml").write_text(OWN, "utf-8")
    assert cell.get("/cases?scheme=fonds_regional").json()["total"] == 0
    case = step(cell, opened(house, cell, schemes=["fonds_regional"]), note="Vue.").json()
    assert case["schemes"] == ["fonds_regional"]
    (house.home / "schemes.toml").unlink()
    # It has left the catalogue: the case keeps it, is found by it, and no other case takes it.
    found = cell.get(f"/cases/{case['id']}").json()
    assert found["schemes"] == ["fonds_regional"]
    assert found["events"][0]["changes"]["schemes"] == ["fonds_regional"]
    both = step(cell, case, schemes=["fonds_regional", "dla"])
    assert (both.status_code, both.json()["schemes"]) == (200, ["fonds_regional", "dla"])
    for path in ("/cases", "/structures"):
        assert cell.get(f"{path}?scheme=fonds_regional").json()["total"] == 1
        assert refused(cell.get(f"{path}?scheme=fonds_regiona")) == (422, "bad-value")
    elsewhere = tool(house, regions=("93",))
    assert refused(elsewhere.get("/cases?scheme=fonds_regional")) == (422, "bad-value")
    without = step(cell, both.json(), schemes=["dla"]).json()
    assert refused(step(cell, without, schemes=["fonds_regional"])) == (422, "unknown-scheme")


def office(*names: str, mimetype: str = "") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        if mimetype:
            archive.writestr("mimetype", mimetype)
        for name in names:
            archive.writestr(name, "<x/>")
    return file.getvalue()


PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
DOCX = office("[Content_Types].xml", "word/document.xml")
ODS = "application/vnd.oasis.opendocument.spreadsheet"


class TestFiles:
    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("bilan.pdf", PDF),
            ("logo.PNG", PNG),
            ("photo.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01"),
            ("note.docx", DOCX),
            ("compte.xlsx", office("[Content_Types].xml", "xl/workbook.xml")),
            ("compte.ods", office("content.xml", mimetype=ODS)),
            ("liste.csv", "siren;nom\n1;é\n".encode("cp1252")),
            ("note.txt", "Rappelée à midi.".encode()),
            (" .txt", b"Sans nom."),
        ],
    )
    def test_accepted(self, name: str, content: bytes) -> None:
        ending = f".{name.lower().partition('.')[2]}"
        assert case_files.check_file(name, content) == case_files.TYPES[ending]

    @pytest.mark.parametrize(
        ("name", "content", "code"),
        [
            ("bilan.pdf", PNG, "file-not-as-named"),
            ("outil.exe", b"MZ\x90\x00", "file-type-refused"),
            ("outil.txt", b"MZ\x90\x00\x03", "file-not-as-named"),
            ("page.html", b"<html></html>", "file-type-refused"),
            ("note.docm", DOCX, "file-type-refused"),
            (
                "note.docx",
                office("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"),
                "file-not-as-named",
            ),
            (
                "compte.ods",
                office("content.xml", "Basic/Standard/Module1.xml", mimetype=ODS),
                "file-not-as-named",
            ),
            ("note.docx", office("autre.xml"), "file-not-as-named"),
            ("note.docx", b"PK\x03\x04 abime", "file-not-as-named"),
            ("compte.ods", DOCX, "file-not-as-named"),
            ("sans", PDF, "file-type-refused"),
            ("../bilan.pdf", PDF, "bad-file-name"),
            ("bilan.pdf", b"", "empty-file"),
        ],
    )
    def test_refused(self, name: str, content: bytes, code: str) -> None:
        with pytest.raises(case_files.CellError) as caught:
            case_files.check_file(name, content)
        assert caught.value.code == code

    def test_a_file_is_kept_and_given_back_to_be_saved(self, house: House) -> None:
        cell = person(house, "regional", regions=("32",))
        case = opened(house, cell)
        path = f"/cases/{case['id']}/attachments"
        content = "siren;nom\n1;é\n"
        sent = cell.post(path, content, X_File_Name="liste%20%C3%A9t%C3%A9.csv")
        assert sent.status_code == 201, sent.text
        (file,) = sent.json()["attachments"]
        assert (file["name"], file["media_type"]) == ("liste été.csv", "text/csv")
        assert sent.json()["events"][-1]["changes"]["sha256"] == file["sha256"]
        kept = case_files.path_of(house.home, file["sha256"])
        assert kept.stat().st_mode & 0o777 == 0o600
        found = cell.get(f"{path}/{file['id']}")
        assert found.content == content.encode()
        assert found.headers["content-disposition"].startswith("attachment; ")
        assert "liste%20%C3%A9t%C3%A9.csv" in found.headers["content-disposition"]
        assert found.headers["x-content-type-options"] == "nosniff"
        assert refused(cell.get(f"{path}/inconnu")) == (404, "unknown-attachment")
        other = person(house, "regional", regions=("93",))
        assert refused(other.get(f"{path}/{file['id']}")) == (404, "unknown-case")
        kept.write_bytes(b"autre")
        assert cell.get(f"{path}/{file['id']}").status_code == 500

    def test_not_too_many_nor_too_large(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cell = tool(house)
        path = f"/cases/{opened(house, cell)['id']}/attachments"
        monkeypatch.setattr(case_files, "MAX_FILES", 1)
        assert cell.post(path, "un", X_File_Name="a.txt").status_code == 201
        assert refused(cell.post(path, "deux", X_File_Name="b.txt")) == (409, "too-many-files")
        large = cell.post(path, "x" * (case_files.MAX_BYTES + 1), X_File_Name="c.txt")
        assert refused(large) == (413, "bad-request-body")


@pytest.mark.parametrize("name", ["%00", "0a1b2c3d4e5f6071", "x" * 60])
def test_what_is_no_identifier_is_unknown(house: House, name: str) -> None:
    cell = tool(house)
    case = opened(house, cell)["id"]
    assert refused(cell.get(f"/cases/{name}")) == (404, "unknown-case")
    assert refused(cell.get(f"/alerts/{name}")) == (404, "unknown-alert")
    found = cell.get(f"/cases/{case}/attachments/{name}")
    assert refused(found) == (404, "unknown-attachment")
    for path in ("cases", "alerts"):
        status = 404 if len(name) == 16 and name.isascii() else 422
        assert refused(cell.get(f"/{path}?cursor={name}")) == (status, "cursor-invalid")


class TestList:
    def test_structures_by_alert_and_case(self, house: House) -> None:
        cell = person(house, "regional", regions=("32",))
        first, second = house.frames.scores.filter(departement="59")["siren"].to_list()[:2]
        cell.post("/alerts", alert(first))
        cell.post("/alerts", alert(second, severity=3))
        rows = cell.get("/structures?first_alert=true").json()
        assert {row["siren"] for row in rows["items"]} == {first, second}
        assert rows["total"] == 2
        case = cell.post("/cases", {"siren": second, "schemes": ["dla"]}).json()
        assert [
            row["siren"] for row in cell.get("/structures?first_alert=true").json()["items"]
        ] == [first]
        for query in ("case_status=to_qualify", "scheme=dla", "scheme=ptce&scheme=dla"):
            found = cell.get(f"/structures?{query}").json()
            assert [row["siren"] for row in found["items"]] == [second]
        assert cell.get("/structures?scheme=dla&first_alert=true").json()["total"] == 0
        step(cell, case, status="contacted")
        assert cell.get("/structures?case_status=to_qualify").json()["total"] == 0
        other = person(house, "regional", regions=("93",))
        assert other.get("/structures?case_status=contacted").json()["total"] == 0

    def test_a_row_says_the_alerts_that_its_reader_may_read(self, house: House) -> None:
        cell = person(house, "regional", regions=("32",))
        below = person(house, "departmental", departements=("59",))
        one = here(house)
        cell.post("/alerts", alert(one))
        before = cell.get(f"/structures/{one}")
        assert before.json()["structure"]["alert"]["count"] == 1
        cell.post("/alerts", alert(one, severity=3, confidentiality="cell"))
        after = cell.get(f"/structures/{one}")
        mark = after.json()["structure"]["alert"]
        assert (mark["count"], mark["severity"]) == (2, 3)
        assert after.headers["etag"] != before.headers["etag"]
        assert below.get(f"/structures/{one}").json()["structure"]["alert"]["severity"] == 2
        rows = tool(house, "read:scores").get("/structures?limit=200").json()["items"]
        assert {row["alert"] is None for row in rows} == {True}

    def test_filters_are_for_who_reads_alerts_and_cases(self, house: House) -> None:
        analyst, scores = person(house, "analyst"), tool(house, "read:scores")
        for query in ("first_alert=true", "case_status=closed", "scheme=dla"):
            answer = analyst.get(f"/structures?{query}")
            assert refused(answer) == (403, "role-has-no-cases")
            assert refused(scores.get(f"/structures?{query}")) == (403, "missing-scope")
            exported = analyst.get(f"/exports/structures.csv?{query}")
            assert refused(exported) == (403, "role-has-no-cases")

    def test_an_export_changes_with_the_cases(self, house: House) -> None:
        cell = person(house, "national")
        path = "/exports/structures.csv?case_status=to_qualify"
        cell.post("/cases", {"siren": siren(2)})
        first = cell.get(path)
        same = cell.browser.get(f"/api/v1{path}", {"If-None-Match": first.headers["etag"]})
        assert same.status_code == 304
        cell.post("/cases", {"siren": siren(3)})
        after = cell.browser.get(f"/api/v1{path}", {"If-None-Match": first.headers["etag"]})
        assert after.status_code == 200
        assert (siren(2) in first.text, siren(3) in first.text) == (True, False)
        assert siren(3) in after.text

    def test_pages_go_on_while_cases_change(self, house: House) -> None:
        cell = tool(house)
        sirens = house.frames.scores.filter(region="32").sort("rank")["siren"].to_list()[:3]
        for one in sirens:
            cell.post("/cases", {"siren": one})
        page = cell.get("/structures?case_status=to_qualify&limit=1").json()
        cursor = page["next_cursor"]
        cell.post("/cases", {"siren": siren(4), "region": "53"})
        rest = cell.get(f"/structures?case_status=to_qualify&limit=5&cursor={cursor}")
        assert rest.status_code == 200
        assert sirens[1] in {row["siren"] for row in rest.json()["items"]}
        assert refused(cell.get(f"/structures?limit=1&cursor={cursor}")) == (
            409,
            "cursor-other-list",
        )
