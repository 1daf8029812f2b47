"""Exports through the real application: the very list, marked, logged, refused when it must."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from serving.access.audit import verify
from serving.access.pseudonym import siren_of
from serving.api.schemas import StructureRow
from serving.cursor import RankingError
from serving.exports import export as export_act
from serving.exports.export import COLUMNS, SHEET_ROWS, check_sheet
from serving.exports.xlsx_file import SHEET, Column
from serving.state.models import AuditEntry
from tests.serving.exported import (
    EXPORT,
    csv_rows,
    csv_values,
    parquet_values,
    sheet,
    whole_list,
)
from tests.serving.web_people import signed_in

if TYPE_CHECKING:
    from tests.serving.conftest import House

Make = Callable[..., Any]
ENDINGS = ("csv", "xlsx", "parquet")
QUERIES = (
    "",
    "level=high&level=moderate&region=32",
    "horizon=18&sort=-employees&min_employees=3",
    "sort=name&q=eclaireurs",
    "sort=p&departement=59&ess_family=association&sector=social",
    "level=unknown",
    "q=personne+ne+porte+ce+nom",
)


def exports(house: House) -> list[AuditEntry]:
    with house.state.read() as session:
        wanted = AuditEntry.action.startswith("export")
        return list(session.scalars(select(AuditEntry).where(wanted).order_by(AuditEntry.seq)))


def said(column: Column, value: object) -> object:
    """Return what the sheet shows for a value of the list: an unknown one is an empty cell."""
    if value is None:
        return ""
    return column.words(str(value)) if column.kind == "text" else digits(value)


def digits(value: object) -> object:
    """Return a number at the 15 digits that a spreadsheet keeps."""
    return float(f"{value:.15g}") if isinstance(value, float | int) else value


def code_of(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return str(answer.json()["code"])


class TestSameAsTheList:
    @pytest.mark.parametrize("query", QUERIES)
    def test_csv_and_parquet(self, shared_house: House, query: str) -> None:
        browser = signed_in(shared_house, "national")
        expected = whole_list(browser, query)
        found = browser.get(f"{EXPORT}.csv?{query}")
        assert csv_values(found.content) == expected
        plain = browser.get(f"{EXPORT}.csv?dialect=standard&{query}").content
        assert csv_values(plain, separator=",", comma=False) == expected
        assert parquet_values(browser.get(f"{EXPORT}.parquet?{query}").content) == expected

    @pytest.mark.parametrize("query", QUERIES)
    def test_workbook(self, shared_house: House, query: str) -> None:
        browser = signed_in(shared_house, "national")
        cells = sheet(browser.get(f"{EXPORT}.xlsx?{query}").content, "Structures")
        columns = [column for column in SHEET if column.key != "pseudonym"]
        assert cells[0] == [column.title for column in columns]
        expected = [
            [said(column, row[column.key]) for column in columns]
            for row in whole_list(browser, query)
        ]
        assert [[digits(value) for value in row] for row in cells[1:]] == expected

    def test_columns_are_the_keys_of_the_list(self) -> None:
        assert [*COLUMNS, "alert"] == list(
            StructureRow.model_fields
        )  # what is of the day stays out
        assert {column.key for column in SHEET} == set(COLUMNS)

    def test_longer_than_a_chunk(
        self, house: House, frames_factory: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(export_act, "CHUNK", 7)
        browser = signed_in(house, "national")
        expected = whole_list(browser)
        assert csv_values(browser.get(f"{EXPORT}.csv").content) == expected
        content = browser.get(f"{EXPORT}.parquet").content
        assert parquet_values(content) == expected
        assert pq.ParquetFile(io.BytesIO(content)).num_row_groups == 18
        assert len(sheet(browser.get(f"{EXPORT}.xlsx").content, "Structures")) == 121

    def test_types_of_parquet(self, shared_house: House) -> None:
        content = signed_in(shared_house, "national").get(f"{EXPORT}.parquet").content
        schema = pq.read_schema(io.BytesIO(content))
        assert schema.field("rank") == pa.field("rank", pa.int32(), nullable=False)
        assert schema.field("siren") == pa.field("siren", pa.string(), nullable=False)
        assert schema.field("p") == pa.field("p", pa.float64(), nullable=True)
        assert schema.field("pseudonym").nullable


class TestWhoMay:
    def test_nobody_without_signing_in(self, shared_house: House) -> None:
        for ending in ENDINGS:
            answer = shared_house.anonymous().get(f"{EXPORT}.{ending}")
            assert code_of(answer, 401) == "not-authenticated"

    @pytest.mark.parametrize("ending", ENDINGS)
    def test_an_administrator_gets_nothing(self, house: House, ending: str) -> None:
        answer = signed_in(house, "admin").get(f"{EXPORT}.{ending}")
        assert code_of(answer, 403) == "role-has-no-lists"
        assert exports(house) == []

    @pytest.mark.parametrize(
        ("scopes", "expected"),
        [
            (("read:scores",), "export:scores"),
            (("export:scores",), "read:scores"),
            (("read:catalogue",), "read:scores"),
        ],
    )
    def test_a_key_needs_both_scopes(
        self, shared_house: House, scopes: tuple[str, ...], expected: str
    ) -> None:
        answer = shared_house.tool(*scopes).get(f"{EXPORT}.csv")
        assert code_of(answer, 403) == "missing-scope"
        assert answer.json()["expected"] == expected

    @pytest.mark.parametrize("ending", ENDINGS)
    def test_a_key_stops_at_its_territory(self, shared_house: House, ending: str) -> None:
        tool = shared_house.tool("read:scores", "export:scores", departements=("59",))
        wanted = shared_house.frames.scores.filter(departement="59").sort("rank")["siren"].to_list()
        assert [row["siren"] for row in whole_list(tool)] == wanted
        content = tool.get(f"{EXPORT}.{ending}").content
        if ending == "xlsx":
            assert [row[1] for row in sheet(content, "Structures")[1:]] == wanted
        else:
            rows = csv_values(content) if ending == "csv" else parquet_values(content)
            assert [row["siren"] for row in rows] == wanted

    @pytest.mark.parametrize("ending", ENDINGS)
    def test_the_filter_of_another_territory_is_refused(
        self, shared_house: House, ending: str
    ) -> None:
        browser = signed_in(shared_house, "regional", regions=("32",))
        answer = browser.get(f"{EXPORT}.{ending}?region=93")
        assert code_of(answer, 403) == "outside-territory"

    def test_a_region_gets_its_own(self, shared_house: House) -> None:
        browser = signed_in(shared_house, "regional", regions=("32",))
        rows = parquet_values(browser.get(f"{EXPORT}.parquet").content)
        assert {row["region"] for row in rows} == {"32"}
        assert rows == whole_list(browser)

    def test_an_analyst_gets_pseudonyms(self, shared_house: House) -> None:
        browser = signed_in(shared_house, "analyst")
        expected = whole_list(browser, "level=high")
        content = browser.get(f"{EXPORT}.csv?level=high").content
        assert csv_values(content) == expected
        parquet = browser.get(f"{EXPORT}.parquet?level=high").content
        assert parquet_values(parquet) == expected
        assert not pq.read_schema(io.BytesIO(parquet)).field("pseudonym").nullable
        book = browser.get(f"{EXPORT}.xlsx?level=high").content
        cells = sheet(book, "Structures")
        assert cells[0][:2] == ["Rang", "Pseudonyme"]
        assert not {"SIREN", "Structure", "Commune (code INSEE)"} & set(cells[0])
        assert [row[1] for row in cells[1:]] == [row["pseudonym"] for row in expected]
        secret = shared_house.state.secret
        for row in expected:
            siren = siren_of(row["pseudonym"], secret)
            assert siren is not None
            name = str(shared_house.first(siren=siren)["name"])
            for file in (content, parquet, *_parts(book).values()):
                assert siren.encode() not in file
                assert name.encode() not in file

    @pytest.mark.parametrize("query", ["q=eclaireurs", "sort=name"])
    def test_an_analyst_neither_searches_nor_sorts_by_name(
        self, shared_house: House, query: str
    ) -> None:
        answer = signed_in(shared_house, "analyst").get(f"{EXPORT}.csv?{query}")
        assert code_of(answer, 403) == "filter-forbidden"

    def test_the_notice_comes_first(self, house: House) -> None:
        answer = house.person("national").get(f"{EXPORT}.csv")
        assert code_of(answer, 403) == "notice-due"
        assert exports(house) == []

    @pytest.mark.parametrize("site", ["cross-site", "same-site"])
    def test_never_from_another_site(self, house: House, site: str) -> None:
        browser = signed_in(house, "national")
        answer = browser.get(f"{EXPORT}.csv", headers={"Sec-Fetch-Site": site})
        assert code_of(answer, 403) == "cross-site"
        assert exports(house) == []
        for ours in ("same-origin", "none"):
            answer = browser.get(f"{EXPORT}.csv", headers={"Sec-Fetch-Site": ours})
            assert answer.status_code == 200


class TestRefused:
    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ("limit=10", "unknown-parameter"),
            ("cursor=abc", "unknown-parameter"),
            ("region=33", "bad-value"),
            ("horizon=24", "unknown-horizon"),
            ("sort=p&sort=-p", "repeated-parameter"),
            ("dialect=tabs", "bad-value"),
        ],
    )
    def test_parameters(self, shared_house: House, query: str, code: str) -> None:
        answer = signed_in(shared_house, "national").get(f"{EXPORT}.csv?{query}")
        assert code_of(answer, 422) == code

    def test_dialect_is_for_csv(self, shared_house: House) -> None:
        answer = signed_in(shared_house, "national").get(f"{EXPORT}.xlsx?dialect=excel")
        assert code_of(answer, 422) == "unknown-parameter"

    def test_what_a_sheet_holds(self) -> None:
        assert SHEET_ROWS == 2**20 - 1  # the header takes a row
        check_sheet(SHEET_ROWS)
        with pytest.raises(RankingError) as caught:
            check_sheet(SHEET_ROWS + 1)
        assert (caught.value.code, caught.value.status) == ("too-many-rows", 422)

    def test_too_many_rows_for_a_sheet_only(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(export_act, "SHEET_ROWS", 50)
        browser = signed_in(house, "national")
        answer = browser.get(f"{EXPORT}.xlsx")
        assert code_of(answer, 422) == "too-many-rows"
        assert answer.json()["received"] == "120 structures"
        assert exports(house) == []
        for allowed in (f"{EXPORT}.xlsx?departement=59", f"{EXPORT}.csv", f"{EXPORT}.parquet"):
            assert browser.get(allowed).status_code == 200


class TestMark:
    @pytest.fixture
    def given(self, shared_house: House) -> dict[str, httpx.Response]:
        tool = shared_house.tool("read:scores", "export:scores")
        self.prefix = tool.headers["Authorization"].split("_")[1]
        return {e: tool.get(f"{EXPORT}.{e}?level=high&sort=p") for e in ENDINGS}

    def check(self, mark: dict[str, str], publication: str) -> None:
        assert mark["exported_by"] == f"outil fictif (vess_{self.prefix})"
        moment = datetime.strptime(mark["exported_at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        assert abs(datetime.now(UTC) - moment) < timedelta(minutes=5)
        assert mark["publication"] == publication
        assert mark["filters"] == "target=failure ; horizon=12 ; level=high ; sort=p"
        assert mark["notice"].startswith("DONNÉES FICTIVES. Confidentiel")

    def test_each_line_of_a_csv(
        self, shared_house: House, given: dict[str, httpx.Response]
    ) -> None:
        rows = csv_rows(given["csv"].content)
        assert len(rows) == shared_house.frames.scores.filter(level="high").height
        for row in rows:
            self.check(row, shared_house.publication)

    def test_metadata_of_parquet(
        self, shared_house: House, given: dict[str, httpx.Response]
    ) -> None:
        metadata = pq.read_schema(io.BytesIO(given["parquet"].content)).metadata
        mark = {
            key.decode().removeprefix("veille."): value.decode()
            for key, value in metadata.items()
            if key.startswith(b"veille.")
        }
        self.check(mark, shared_house.publication)
        assert (mark["synthetic"], mark["as_of"]) == ("true", "2026-06-30")
        assert mark["territory"] == "France entière"

    def test_first_sheet_of_a_workbook(
        self, shared_house: House, given: dict[str, httpx.Response]
    ) -> None:
        cells = {row[0]: row[1] for row in sheet(given["xlsx"].content, "À lire")}
        keys = {
            "exported_by": "Exporté par",
            "exported_at": "Exporté le (UTC)",
            "publication": "Publication",
            "filters": "Filtres et tri",
            "notice": "Usage",
        }
        self.check({key: cells[title] for key, title in keys.items()}, shared_house.publication)
        assert cells["Données"] == "fictives"

    def test_pages_and_properties_of_a_workbook(self, given: dict[str, httpx.Response]) -> None:
        parts = {name: part.decode() for name, part in _parts(given["xlsx"].content).items()}
        for name in ("xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"):
            assert "DONNÉES FICTIVES - Confidentiel" in parts[name]
            assert f"outil fictif (vess_{self.prefix})" in parts[name]
        assert f"outil fictif (vess_{self.prefix})" in parts["docProps/core.xml"]
        assert "DONNÉES FICTIVES" in parts["docProps/core.xml"]
        assert "veille.filters" in parts["docProps/custom.xml"]
        assert 'state="frozen"' in parts["xl/worksheets/sheet2.xml"]
        assert "<autoFilter" in parts["xl/worksheets/sheet2.xml"]

    def test_a_filter_given_a_thousand_times_is_said_once(self, shared_house: House) -> None:
        query = "&".join(["level=high", "level=low"] * 1000)
        content = signed_in(shared_house, "national").get(f"{EXPORT}.xlsx?{query}").content
        cells = {row[0]: row[1] for row in sheet(content, "À lire")}
        expected = "target=failure ; horizon=12 ; level=high|low ; sort=-p"
        assert cells["Filtres et tri"] == expected

    def test_filters_longer_than_a_property_are_whole_on_the_first_sheet(
        self, shared_house: House
    ) -> None:
        # Two of Excel's characters each, of which a property holds 255.
        asked = "🌙" * 119
        query = f"q={asked}&min_employees=1&level=high&level=low&level=moderate&level=unknown"
        answer = signed_in(shared_house, "national").get(f"{EXPORT}.xlsx?{query}")
        assert answer.status_code == 200
        cells = {row[0]: row[1] for row in sheet(answer.content, "À lire")}
        assert f"q={asked}" in cells["Filtres et tri"]
        held = _parts(answer.content)["docProps/custom.xml"].decode()
        assert 0 < held.count("🌙") < len(asked)

    def test_the_name_of_the_file_names_nobody(self, shared_house: House) -> None:
        browser = signed_in(shared_house, "national")
        for ending in ENDINGS:
            answer = browser.get(f"{EXPORT}.{ending}?q=eclaireurs")
            named = f"veille-ess-failure-2026-06-30-donnees-fictives.{ending}"
            assert answer.headers["content-disposition"] == f'attachment; filename="{named}"'

    def test_real_data_are_not_said_fictitious(self, house: House, frames_factory: Make) -> None:
        frames = frames_factory(seed=3)
        frames.manifest["synthetic"] = False
        frames.write(house.home)
        answer = signed_in(house, "national").get(f"{EXPORT}.csv")
        assert "fictives" not in answer.headers["content-disposition"]
        assert csv_rows(answer.content)[0]["notice"].startswith("Confidentiel")

    def test_headers(self, given: dict[str, httpx.Response], shared_house: House) -> None:
        for answer in given.values():
            assert answer.headers["x-publication"] == shared_house.publication
            assert answer.headers["cache-control"] == "private, no-store"
        assert given["csv"].content.startswith(b"\xef\xbb\xbf")


class TestCells:
    DANGEROUS = ("=1+1", "+33", "-2", "@SOMME(A1)", "\t=1", "\r=1", '=x;"y"\n2', "＝1")

    @pytest.fixture
    def risky(self, house: House, frames_factory: Make) -> House:
        frames = frames_factory(seed=9)
        names = [*self.DANGEROUS, *frames.scores["name"][len(self.DANGEROUS) :]]
        frames.scores = frames.scores.with_columns(pl.Series("name", names))
        frames.write(house.home)
        return house

    @pytest.mark.parametrize("dialect", ["excel", "standard"])
    def test_a_csv_runs_nothing(self, risky: House, dialect: str) -> None:
        browser = signed_in(risky, "national")
        content = browser.get(f"{EXPORT}.csv?dialect={dialect}").content
        comma = dialect == "excel"
        found = csv_rows(content, separator=";" if comma else ",", comma=comma)
        expected = whole_list(browser)
        assert len(found) == len(expected) == 120
        risk = set(self.DANGEROUS)
        for row, item in zip(found, expected, strict=True):
            assert row["name"] == ("'" if item["name"] in risk else "") + item["name"]
            for text in row.values():
                assert not text or text[0] not in "=+-@\t\r\n"
        assert risk <= {item["name"] for item in expected}

    def test_a_sheet_holds_texts(self, risky: House) -> None:
        browser = signed_in(risky, "national")
        content = browser.get(f"{EXPORT}.xlsx").content
        xml = _parts(content)["xl/worksheets/sheet2.xml"].decode()
        assert not re.search(r"<f[ >]", xml)
        names = {row[2] for row in sheet(content, "Structures")[1:]}
        assert {"=1+1", "+33", "-2", "@SOMME(A1)", '=x;"y"\n2'} <= names
        siren = whole_list(browser)[0]["siren"]
        assert f"<is><t>{siren}</t></is>" in xml

    def test_parquet_is_exact(self, risky: House) -> None:
        browser = signed_in(risky, "national")
        assert parquet_values(browser.get(f"{EXPORT}.parquet").content) == whole_list(browser)


class TestLog:
    def test_what_is_logged(self, house: House) -> None:
        browser = signed_in(house, "regional", regions=("32",))
        content = browser.get(f"{EXPORT}.csv?level=high&sort=name").content
        [entry] = exports(house)
        subject = json.loads(entry.subject)
        sirens = [row["siren"] for row in csv_rows(content)]
        assert entry.action == "export"
        assert entry.publication_id == house.publication
        assert entry.role == "regional"
        assert subject == {
            "format": "csv",
            "filters": "target=failure ; horizon=12 ; level=high ; sort=name",
            "territory": "région 32",
            "rows": len(sirens),
            "sha256": hashlib.sha256("".join(f"{s}\n" for s in sirens).encode()).hexdigest(),
            "sirens": [],
        }
        assert len(sirens) > 3
        assert verify(house.state).intact

    def test_an_analyst_leaves_no_siren_behind(self, house: House) -> None:
        browser = signed_in(house, "analyst")
        shown = [row["pseudonym"] for row in csv_rows(browser.get(f"{EXPORT}.csv").content)]
        [entry] = exports(house)
        digest = hashlib.sha256("".join(f"{s}\n" for s in shown).encode()).hexdigest()
        assert json.loads(entry.subject)["sha256"] == digest

    def test_what_one_has_already(self, house: House) -> None:
        browser = signed_in(house, "national")
        first = browser.get(f"{EXPORT}.csv?level=high")
        tag = first.headers["etag"]
        again = browser.get(f"{EXPORT}.csv?level=high", headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
        other = browser.get(f"{EXPORT}.csv?level=low", headers={"If-None-Match": tag})
        assert other.status_code == 200
        actions = [entry.action for entry in exports(house)]
        assert actions == ["export", "export.unchanged", "export"]


def _parts(book: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
