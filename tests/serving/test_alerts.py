"""Alerts: attached for certain or not at all, merged, answered, read by who may, of files too."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from sqlalchemy import func, select

from data.lake import Lake
from data.rejects import empty_rejects
from data.sources.base import Parsed, ReadOptions
from serving.access.audit import verify
from serving.cell.days import day_of, now
from serving.state.cell_models import Alert
from serving.state.models import AuditEntry
from tests.serving.cell_people import alert, person, refused, tool
from tests.serving.conftest import siren

if TYPE_CHECKING:
    from pathlib import Path

    from tests.serving.conftest import House


def here(house: House) -> str:
    return str(house.first(departement="59")["siren"])


def kept(house: House) -> int:
    with house.state.read() as session:
        return session.scalar(select(func.count()).select_from(Alert)) or 0


def test_an_alert_is_raised_read_answered_and_logged(house: House) -> None:
    cell = person(house, "regional", regions=("32",))
    made = cell.post("/alerts", alert(here(house), reason="Appelez le 06 12 34 56 78."))
    assert made.status_code == 201
    one = made.json()
    assert one["reason"] == "Appelez le [retiré]."
    assert (one["attached"], one["matched_by"], one["region"]) == (True, "siren", "32")
    assert one["raised_on"] == day_of(now()).isoformat()
    tag = f'"1-{one["id"]}"'
    assert cell.get(f"/alerts/{one['id']}").headers["etag"] == made.headers["etag"] == tag
    body = {"status": "handled", "feedback": "Le DLA a rappelé."}
    changed = cell.patch(f"/alerts/{one['id']}", body, match='"1"')
    assert (changed.status_code, changed.headers["etag"]) == (200, f'"2-{one["id"]}"')
    again = cell.get(f"/alerts/{one['id']}").json()
    assert (again["status"], again["feedback"], again["version"]) == (
        "handled",
        "Le DLA a rappelé.",
        2,
    )
    with house.state.read() as session:
        actions = list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.seq)))
    wanted = ["alert.create", "alert.view", "alert.change", "alert.view"]
    assert [one for one in actions if one.startswith("alert")] == wanted
    assert verify(house.state).intact


def test_a_withdrawn_alert_does_not_change_any_more(house: House) -> None:
    cell = person(house, "regional", regions=("32",))
    path = f"/alerts/{cell.post('/alerts', alert(here(house))).json()['id']}"
    assert cell.patch(path, {"status": "withdrawn"}, match='"1"').status_code == 200
    after = cell.patch(path, {"status": "open"}, match='"2"')
    assert refused(after) == (409, "alert-withdrawn")


@pytest.mark.parametrize("repeated", ["k-1", '"k-1"'])
def test_repeating_gives_the_same_answer_and_one_effect(house: House, repeated: str) -> None:
    """A key may be in quotes, as the draft of the header writes it (RFC 8941): the same key."""
    cell = tool(house)
    first = cell.post("/alerts", alert(here(house)), key="k-1")
    again = cell.post("/alerts", alert(here(house)), key=repeated)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert first.headers["idempotent-replayed"] == "false"
    assert again.headers["idempotent-replayed"] == "true"
    other = cell.post("/alerts", alert(here(house), severity=3), key="k-1")
    assert refused(other) == (409, "idempotency-key-reused")
    assert kept(house) == 1


@pytest.mark.parametrize("key", ["mal dit", '"', '""', '"k', 'k"', '""k""', 'k"k', "k" * 201])
def test_a_key_that_is_not_one_is_refused(house: House, key: str) -> None:
    answer = tool(house).post("/alerts", alert(here(house)), key=key)
    assert refused(answer) == (400, "bad-idempotency-key")
    assert kept(house) == 0


def test_the_same_write_sent_together_has_one_effect(house: House) -> None:
    cell = tool(house)
    body = alert(here(house))
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: cell.post("/alerts", body, key="k-1"), range(4)))
    assert {one.status_code for one in found} == {201}
    assert len({one.content for one in found}) == 1
    assert sorted(one.headers["idempotent-replayed"] for one in found) == [
        "false",
        *["true"] * 3,
    ]
    assert kept(house) == 1


def test_of_two_writers_one_wins(house: House) -> None:
    cell = tool(house)
    path = f"/alerts/{cell.post('/alerts', alert(here(house))).json()['id']}"

    def change(status: str) -> int:
        return cell.patch(path, {"status": status}, match='"1"').status_code

    with ThreadPoolExecutor(2) as threads:
        found = sorted(threads.map(change, ["acknowledged", "handled"]))
    assert found == [200, 412]
    assert cell.get(path).json()["version"] == 2
    assert refused(cell.patch(path, {"status": "open"})) == (400, "version-expected")
    assert refused(cell.patch(path, {"status": "open"}, match="*")) == (400, "version-expected")


def test_a_write_of_a_session_carries_its_word(house: House) -> None:
    cell = person(house, "regional", regions=("32",))
    cell.csrf = "autre"
    assert refused(cell.post("/alerts", alert(here(house)))) == (403, "csrf")
    assert kept(house) == 0


class TestMerged:
    def test_the_same_said_again_is_merged_and_says_with_which(self, house: House) -> None:
        cell, other = tool(house), person(house, "regional", regions=("32",))
        first = cell.post("/alerts", alert(here(house))).json()
        again = other.post("/alerts", alert(here(house), reason="SALAIRES en retard", severity=1))
        assert again.json()["merged_into"] == first["id"]
        assert first["id"] in again.json()["message"]
        assert cell.get("/alerts").json()["total"] == 1

    @pytest.mark.parametrize(
        "more",
        [
            {"severity": 3},
            {"source": "URSSAF"},
            {"reason": "Perte d'un financeur."},
            {"confidentiality": "cell"},
            {"raised_on": (day_of(now()) - timedelta(days=31)).isoformat()},
        ],
        ids=lambda more: next(iter(more)),
    )
    def test_what_says_more_is_another_alert(self, house: House, more: dict[str, Any]) -> None:
        cell = tool(house)
        cell.post("/alerts", alert(here(house)))
        assert cell.post("/alerts", alert(here(house), **more)).json()["merged_into"] is None

    def test_what_the_sender_may_not_read_is_not_told(self, house: House) -> None:
        cell = person(house, "regional", regions=("32",))
        there = person(house, "departmental", departements=("59",))
        secret = cell.post("/alerts", alert(here(house), confidentiality="cell"))
        assert secret.status_code == 201
        said = there.post("/alerts", alert(here(house), confidentiality="cell")).json()
        assert said["merged_into"] is None


class TestAttached:
    def test_a_name_borne_by_one_structure_there(self, house: House) -> None:
        row = house.first(departement="59")
        cell = tool(house)
        said = {"siren": None, "name": str(row["name"]).upper(), "departement": "59"}
        found = cell.post("/alerts", alert("") | said).json()
        assert (found["siren"], found["matched_by"]) == (row["siren"], "name")
        elsewhere = cell.post("/alerts", alert("") | said | {"departement": "13"}).json()
        assert (elsewhere["siren"], elsewhere["unattached"]) == (None, "unknown")
        assert "sans rattachement" in elsewhere["message"]

    def test_a_name_that_two_bear_is_nobody(self, house: House) -> None:
        register(house.home, [(siren(501), "W591000001", "L'Étoile", "59")] * 1)
        register(house.home, [(siren(502), "W591000002", "ETOILE, L'", "59")])
        register(house.home, [(siren(503), "W591000003", "L ETOILE", "59")])
        cell = tool(house)
        said = {"siren": None, "name": "l'étoile", "departement": "59"}
        found = cell.post("/alerts", alert("") | said).json()
        assert (found["siren"], found["unattached"]) == (None, "ambiguous")
        by_hand = cell.patch(f"/alerts/{found['id']}", {"siren": siren(501)}, match='"1"').json()
        assert (by_hand["siren"], by_hand["matched_by"]) == (siren(501), "hand")

    def test_an_rna_number_of_the_register(self, house: House) -> None:
        register(house.home, [(siren(501), "W591000001", "L'Étoile", "59")])
        cell = tool(house)
        said = {"siren": None, "rna": "W591000001", "region": "32"}
        found = cell.post("/alerts", alert("") | said).json()
        assert (found["siren"], found["matched_by"], found["name"]) == (
            siren(501),
            "rna",
            "L'Étoile",
        )
        unknown = cell.post("/alerts", alert("") | said | {"rna": "W591999999"}).json()
        assert (unknown["attached"], unknown["unattached"]) == (False, "unknown")

    def test_nobody_named_or_nowhere_is_refused(self, house: House) -> None:
        cell = tool(house)
        nobody = cell.post("/alerts", alert("") | {"siren": None, "region": "32"})
        assert refused(nobody) == (422, "no-identifier")
        nowhere = cell.post("/alerts", alert(siren(900)))
        assert refused(nowhere) == (409, "no-place")
        late = (day_of(now()) + timedelta(days=1)).isoformat()
        assert refused(cell.post("/alerts", alert(here(house), raised_on=late)))[1] == "bad-day"


def register(home: Path, units: list[tuple[str, str, str, str]]) -> None:
    """Put structures in the lake, as a register would."""
    names = ["siren", "rna", "name", "departement"]
    frame = pl.DataFrame(units, schema=names, orient="row").with_columns(
        pl.lit("essai").alias("source"),
        pl.lit(1, pl.Int64).alias("source_row"),
        pl.lit(date(2024, 1, 1)).alias("known_on"),
    )
    file = home / f"registre-{units[0][0]}.csv"
    file.write_text(str(units), "utf-8")
    parsed = Parsed(frame.height, {"structures": frame}, empty_rejects())
    Lake(home).commit(parsed, source="essai", file=file, options=ReadOptions())


class TestReaders:
    @pytest.mark.parametrize(
        ("confidentiality", "readers"),
        [
            ("cell", {"author", "national", "cell"}),
            ("territory", {"author", "national", "cell", "departmental", "tool"}),
            (
                "national",
                {"author", "national", "cell", "departmental", "tool", "other cell"},
            ),
        ],
    )
    def test_confidentiality(self, house: House, confidentiality: str, readers: set[str]) -> None:
        people = {
            "author": person(house, "departmental", departements=("59",)),
            "national": person(house, "national"),
            "cell": person(house, "regional", regions=("32",)),
            "departmental": person(house, "departmental", departements=("59",)),
            "other département": person(house, "departmental", departements=("62",)),
            "tool": tool(house, regions=("32",)),
            "other cell": person(house, "regional", regions=("93",)),
        }
        if confidentiality == "national":
            readers = readers | {"other département"}
        body = alert(here(house), confidentiality=confidentiality)
        one = people["author"].post("/alerts", body).json()
        for name, reader in people.items():
            answer = reader.get(f"/alerts/{one['id']}")
            assert (answer.status_code == 200) == (name in readers), name
            assert reader.get("/alerts").json()["total"] == (name in readers), name
            if name not in readers:
                assert refused(answer) == (404, "unknown-alert")
                assert refused(
                    reader.patch(f"/alerts/{one['id']}", {"status": "handled"}, match='"1"')
                ) == (404, "unknown-alert")

    def test_another_cell_reads_what_is_national_and_changes_nothing(self, house: House) -> None:
        one = tool(house).post("/alerts", alert(here(house), confidentiality="national")).json()
        other = person(house, "regional", regions=("93",))
        answer = other.patch(f"/alerts/{one['id']}", {"status": "handled"}, match='"1"')
        assert refused(answer) == (403, "outside-territory")

    def test_a_structure_elsewhere_is_raised_in_the_own_region(self, house: House) -> None:
        cell = person(house, "regional", regions=("32",))
        elsewhere = str(house.first(departement="13")["siren"])
        one = cell.post("/alerts", alert(elsewhere)).json()
        # The publication does not tell this reader whether a structure elsewhere is followed.
        assert (one["region"], one["attached"], one["name"]) == ("32", False, None)
        forced = cell.post("/alerts", alert(elsewhere, region="93"))
        assert refused(forced) == (403, "outside-territory")


def test_pages_give_each_alert_once(house: House) -> None:
    cell = tool(house)
    for number in range(5):
        cell.post("/alerts", alert(here(house), reason=f"Motif {number}"))
    seen, cursor = [], ""
    while cursor is not None:
        page = cell.get(f"/alerts?limit=2{cursor and f'&cursor={cursor}'}").json()
        seen += [one["reason"] for one in page["items"]]
        cursor = page["next_cursor"]
    assert seen == [f"Motif {number}" for number in reversed(range(5))]
    assert refused(cell.get("/alerts?cursor=inconnu")) == (422, "cursor-invalid")
    assert cell.get("/alerts?severity=3").json()["total"] == 0
    assert cell.get(f"/alerts?siren={here(house)}&status=open").json()["total"] == 5


def test_a_file_with_defects(house: House) -> None:
    cell = person(house, "regional", regions=("32",))
    s = here(house)
    lines = [
        "SIREN;Nom;Gravité;Motif;Date de signalement;Région;Diffusion",
        f"{s};;forte;Perte d'un financeur;01/06/2026;Hauts-de-France;cellule",
        ";Inconnue au bataillon;2;Impayés, écrire à a.b@exemple.invalid;;32;",
        f"{s};;9;Impayés;;;",
        f"{s};;1;;;;",
        f"{s};;1;Motif;31/02/2026;;",
        f"{s};;1;Motif;01/06/2026;Atlantide;",
        f"{s};;1;Motif;01/06/2026;93;",
        "123456789;;1;Motif;01/06/2026;;",
        f"{s};;1;Motif;01/06/2026;;publique",
        f"{s};;forte;perte d'un financeur;02/06/2026;32;cellule",
    ]
    answer = cell.post("/alerts/csv", "\n".join(lines), key="f-1", Content_Type="text/csv")
    assert answer.status_code == 201, answer.text
    found = answer.json()
    assert (found["lines"], found["kept"], found["rejected"]) == (10, 3, 7)
    assert (found["merged"], found["unattached"]) == (1, 1)
    assert [
        (one["line"], one["column"], one["value"], one["code"]) for one in found["rejects"]
    ] == [
        (4, "Gravité", "9", "unreadable"),
        (5, "Motif", None, "unreadable"),
        (6, "Date de signalement", "31/02/2026", "bad_date"),
        (7, "Région", "Atlantide", "unreadable"),
        (8, "region", "93", "outside-territory"),
        (9, "SIREN", "123456789", "invalid_identifier"),
        (10, "Diffusion", "publique", "unreadable"),
    ]
    assert all(one["reason"] for one in found["rejects"])
    first, second, _ = (one["alert"] for one in found["alerts"])
    assert (first["severity"], first["confidentiality"]) == (3, "cell")
    assert second["reason"] == "Impayés, écrire à [retiré]"
    again = cell.post("/alerts/csv", "\n".join(lines), key="f-1", Content_Type="text/csv")
    assert again.content == answer.content
    assert kept(house) == 3


def test_a_body_without_end_is_not_read(house: House) -> None:
    answer = tool(house).post("/alerts/csv", "x" * 1_100_000, Content_Type="text/csv")
    assert refused(answer) == (413, "bad-request-body")
