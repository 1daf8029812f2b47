"""The client against the real server, and against servers that fail in every way."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType

import pyarrow.parquet as pq
import pytest
from pydantic import BaseModel

import serving.api.orientation_schemas as server_orientation
import serving.api.schemas as server_models
from serving.access.keys import create_key
from serving.api import barometer_schemas, priorities_schemas
from serving.state import open_state
from tests.serving.conftest import Frames, make_frames
from tests.serving.exported import csv_rows
from tests.serving.servers import running
from veille.client import (
    ApiError,
    Client,
    ClientError,
    ListReplacedError,
    answers,
    cell,
    orientation,
)

#: status, headers, body
Given = tuple[int, dict[str, str], bytes]
SECRET = "vess_0a1b2c3d_" + "tres-secret_" * 3
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class World:
    """A real server, its list, and a key that may do all that a tool may."""

    home: Path
    address: str
    key: str
    frames: Frames

    def client(self) -> Client:
        return Client(self.address, self.key)

    def key_for(self, *scopes: str, **territory: tuple[str, ...]) -> str:
        state = open_state(self.home)
        try:
            return create_key(state, "outil fictif", scopes=scopes, **territory).secret
        finally:
            state.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home = tmp_path_factory.mktemp("client")
    frames = make_frames(count=450)
    frames.write(home)
    with running(home) as address:
        made = World(home, address, "", frames)
        made.key = made.key_for("read:scores", "export:scores")
        yield made


class TestReading:
    def test_every_structure_once_in_order(self, world: World) -> None:
        with world.client() as client:
            rows = list(client.structures())
        assert [row.siren for row in rows] == world.frames.scores.sort("rank")["siren"].to_list()
        assert len(rows) == 450

    @pytest.mark.parametrize("limit", [1, 7, 200, 201, 450, 1000])
    def test_a_limit_is_of_the_whole(self, world: World, limit: int) -> None:
        with world.client() as client:
            assert len(list(client.structures(limit=limit))) == min(limit, 450)

    def test_filters_and_sort(self, world: World) -> None:
        with world.client() as client:
            rows = list(
                client.structures(
                    horizon=18,
                    level=["high", "moderate"],
                    region=["32", "93"],
                    ess_family="association",
                    min_employees=4,
                    q="des",
                    sort="-employees",
                )
            )
        assert rows
        assert {row.level for row in rows} <= {"high", "moderate"}
        assert {row.region for row in rows} == {"32", "93"}
        sizes = [row.employees or 0 for row in rows]
        assert sizes == sorted(sizes, reverse=True)
        assert min(sizes) >= 4
        assert {row.horizon_months for row in rows} == {18}

    def test_the_barometer_hides_and_adds_up(self, world: World) -> None:
        with world.client() as client:
            found = client.barometer("departement")
        total = sum(p for p in world.frames.scores["p_12m"].to_list() if p is not None)
        at = {e.horizon_months: e.expected_failures for e in found.total.estimates}
        assert at[12] == pytest.approx(total)
        assert sum(line.structures or 0 for line in found.items) == found.total.structures == 450

    def test_priorities_page_after_page(self, world: World) -> None:
        with world.client() as client:
            first = client.priorities(limit=10, objective="risk")
            second = client.priorities(limit=10, after=first.next_after or 0, objective="risk")
        assert [row.priority for row in first.items] == list(range(1, 11))
        assert [row.priority for row in second.items] == list(range(11, 21))
        assert first.to_confirm

    def test_pages_say_what_they_are(self, world: World) -> None:
        with world.client() as client:
            pages = list(client.pages(page_size=100))
        assert [len(page.items) for page in pages] == [100, 100, 100, 100, 50]
        assert {(page.total, page.synthetic) for page in pages} == {(450, True)}

    def test_one_structure_and_the_catalogue(self, world: World) -> None:
        siren = world.frames.scores["siren"][3]
        with world.client() as client:
            one = client.structure(siren)
            assert one.structure.siren == siren
            assert one.reasons.themes
            assert one.history[0].funder_name == "Conseil des Brumes"
            assert client.model().name == "fictif"
            assert client.model(target="failure").horizons_months == [6, 12, 18]
            assert any(item.current for item in client.publications().items)
            assert len(client.indicators().items) > 20
            assert client.ready().status == "ready"

    def test_what_is_beside_a_structure(self, world: World) -> None:
        siren = world.frames.scores["siren"][3]
        with world.client() as client:
            found = client.orientation(siren)
            assert found.siren == siren
            assert {one.id for one in found.schemes} == {one.id for one in client.schemes().items}
            brief = client.structure(siren).orientation
            assert [(one.id, one.why) for one in found.schemes] == [(b.id, b.why) for b in brief]
            page = client.history(siren, years=1)
            assert ([y.fiscal_year for y in page.years], page.next_before) == ([2025], 2025)
            assert [year.fiscal_year for year in client.funding(siren)] == [2025, 2024]
            alike = client.similar(siren, limit=3)
            assert len(alike.items) == 3
            assert siren not in {row.siren for row in alike.items}

    def test_a_list_replaced_meanwhile(self, tmp_path: Path) -> None:
        make_frames().write(tmp_path)
        with running(tmp_path) as address:
            key = World(tmp_path, address, "", make_frames()).key_for("read:scores")
            with Client(address, key) as client:
                pages = client.pages(page_size=50)
                next(pages)
                make_frames(seed=8).write(tmp_path)
                with pytest.raises(ListReplacedError) as caught:
                    list(pages)
        assert (caught.value.status, caught.value.code) == (410, "cursor-expired")
        assert "première page" in caught.value.todo

    def test_not_ready_is_an_answer(self, tmp_path: Path) -> None:
        with scripted([(503, {}, b'{"status": "not-ready", "targets": {}}')]) as server:
            with Client(server.address, SECRET, retries=3) as client:
                assert client.ready().status == "not-ready"
            assert server.calls == 1


class TestRefusals:
    def test_what_the_problem_says(self, world: World) -> None:
        with world.client() as client, pytest.raises(ApiError) as caught:
            client.structure("990000001")
        error = caught.value
        assert (error.status, error.code, error.field) == (404, "bad-siren", "siren")
        assert error.received == "990000001"
        assert "Luhn" in error.expected
        assert error.todo
        assert error.request_id
        assert "bad-siren" in str(error)

    def test_scope_territory_and_key(self, world: World, tmp_path: Path) -> None:
        with Client(world.address, world.key_for("read:scores")) as client:
            with pytest.raises(ApiError) as caught:
                client.export(tmp_path / "list.csv")
            assert (caught.value.status, caught.value.code) == (403, "missing-scope")
            assert caught.value.expected == "export:scores"
        with Client(world.address, world.key_for("read:scores", regions=("32",))) as client:
            with pytest.raises(ApiError) as caught:
                next(client.structures(region="93"))
            assert caught.value.code == "outside-territory"
        with Client(world.address, SECRET) as client:
            with pytest.raises(ApiError) as caught:
                client.model()
            assert (caught.value.status, caught.value.code) == (401, "bad-key-presented")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("key", "address", "code"),
        [
            ("vess_abc", "http://127.0.0.1:1", "bad-key-format"),
            (SECRET + "\nX-Autre: 1", "http://127.0.0.1:1", "bad-key-format"),
            ("vess_0a1b2c3d_clé", "http://127.0.0.1:1", "bad-key-format"),
            (SECRET, "127.0.0.1:1", "bad-server-address"),
            (SECRET, "ftp://127.0.0.1", "bad-server-address"),
            (SECRET, "http://nom:mot@127.0.0.1", "bad-server-address"),
        ],
    )
    def test_a_call_that_cannot_be_made(self, key: str, address: str, code: str) -> None:
        with pytest.raises(ClientError) as caught:
            Client(address, key)
        assert caught.value.code == code
        assert key not in str(caught.value)


class TestExport:
    @pytest.mark.parametrize("name", ["list.csv", "list.xlsx", "list.PARQUET"])
    def test_a_file_under_its_name(self, world: World, tmp_path: Path, name: str) -> None:
        target = tmp_path / name
        target.write_bytes(b"former")
        with world.client() as client:
            exported = client.export(target, level="high")
            publication = client.publications().items[0].publication
        assert list(tmp_path.iterdir()) == [target]
        assert (exported.path, exported.publication) == (target, publication)
        assert exported.size_bytes == target.stat().st_size
        assert target.stat().st_mode & 0o077 == 0
        if name.endswith("PARQUET"):
            high = world.frames.scores.filter(level="high").height
            assert pq.read_table(target).num_rows == high

    def test_dialect_and_format(self, world: World, tmp_path: Path) -> None:
        target = tmp_path / "list.txt"
        with world.client() as client:
            client.export(target, "csv", dialect="standard", departement="59", sort="name")
            expected = [row.siren for row in client.structures(departement="59", sort="name")]
            with pytest.raises(ClientError) as caught:
                client.export(target)
        rows = csv_rows(target.read_bytes(), separator=",", comma=False)
        assert [row["siren"] for row in rows] == expected
        assert caught.value.code == "unknown-format"

    def test_a_brief_is_a_file_too(self, world: World, tmp_path: Path) -> None:
        with world.client() as client:
            pdf = client.brief(tmp_path / "note.PDF", region="32")
            html = client.brief(tmp_path / "note.html", sector="culture")
            with pytest.raises(ClientError) as caught:
                client.brief(tmp_path / "note.docx")
            with pytest.raises(ApiError) as refused:
                client.brief(tmp_path / "note.html", region="00")
        assert pdf.path.read_bytes().startswith(b"%PDF-")
        assert "<h1>Culture, France entière</h1>" in html.path.read_text("utf-8")
        assert pdf.publication == html.publication != ""
        assert (caught.value.code, refused.value.code) == ("unknown-format", "bad-value")

    def test_a_refusal_keeps_the_former_file(self, world: World, tmp_path: Path) -> None:
        target = tmp_path / "list.csv"
        target.write_bytes(b"former")
        with world.client() as client, pytest.raises(ApiError) as caught:
            client.export(target, region="00")
        assert caught.value.code == "bad-value"
        assert list(tmp_path.iterdir()) == [target]
        assert target.read_bytes() == b"former"

    def test_a_transfer_that_breaks_off(self, tmp_path: Path) -> None:
        cut = (200, {"Content-Length": "100", "X-Publication": "p"}, b"debut")
        whole = (200, {"X-Publication": "p"}, b"un fichier entier")
        target = tmp_path / "list.csv"
        with scripted([cut, whole]) as server, Client(server.address, SECRET) as client:
            assert client.export(target).size_bytes == 17
        assert target.read_bytes() == b"un fichier entier"
        with (
            scripted([cut]) as server,
            Client(server.address, SECRET, retries=0) as client,
            pytest.raises(ClientError) as caught,
        ):
            client.export(target)
        assert caught.value.code == "server-unreachable"
        assert list(tmp_path.iterdir()) == [target]
        assert target.read_bytes() == b"un fichier entier"


ITEMS = b'{"items": []}'
BUSY = b'{"code": "too-many-requests", "detail": "Trop de demandes.", "request_id": "r1"}'


class TestAgain:
    @pytest.mark.parametrize(
        "first",
        [
            (503, {"Retry-After": "0"}, b""),
            (429, {"Retry-After": "0"}, BUSY),
            (429, {"Retry-After": "Wed, 01 Jan 2020 00:00:00 GMT"}, BUSY),
            (0, {}, b""),  # the line is cut before any answer
        ],
    )
    def test_what_may_pass(self, first: Given) -> None:
        with scripted([first, (200, {}, ITEMS)]) as server:
            with Client(server.address, SECRET) as client:
                assert client.indicators().items == []
            assert server.calls == 2

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 422, 500, 502, 301])
    def test_what_does_not_pass(self, status: int) -> None:
        with scripted([(status, {}, b"<html>"), (200, {}, ITEMS)]) as server:
            with Client(server.address, SECRET) as client, pytest.raises(ApiError) as caught:
                client.indicators()
            assert server.calls == 1
        assert (caught.value.status, caught.value.code) == (status, "unexplained-refusal")

    def test_it_gives_up(self) -> None:
        answers_ = [(503, {"Retry-After": "0"}, BUSY)] * 4
        with scripted(answers_) as server:
            with Client(server.address, SECRET) as client, pytest.raises(ApiError) as caught:
                client.indicators()
            assert server.calls == 3
        assert (caught.value.code, caught.value.request_id) == ("too-many-requests", "r1")

    def test_a_long_wait_is_for_the_caller(self) -> None:
        later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
        for wait in ("3600", later):
            with scripted([(429, {"Retry-After": wait}, BUSY)]) as server:
                with Client(server.address, SECRET) as client, pytest.raises(ApiError) as caught:
                    client.indicators()
                assert server.calls == 1
            assert caught.value.retry_after == pytest.approx(3600, abs=60)

    def test_nobody_answers(self) -> None:
        with scripted([]) as server:
            address = server.address
        with Client(address, SECRET, retries=0) as client, pytest.raises(ClientError) as caught:
            client.indicators()
        assert caught.value.code == "server-unreachable"

    def test_another_server(self) -> None:
        body = b'{"items": [{"name": "Association des Brumes"}]}'
        with (
            scripted([(200, {}, body)]) as server,
            Client(server.address, SECRET) as client,
            pytest.raises(ClientError) as caught,
        ):
            client.indicators()
        assert caught.value.code == "unexpected-answer"
        told = "".join(traceback.format_exception(caught.value))
        assert "Brumes" not in told


def test_the_key_is_shown_nowhere() -> None:
    secret = SECRET.split("_", 2)[2]
    with scripted([(500, {}, b""), (0, {}, b"")]) as server:
        client = Client(server.address, SECRET, retries=0)
        assert repr(client) == f"Client('{server.address}', key='vess_0a1b2c3d')"
        for kind in (ApiError, ClientError):
            with pytest.raises(kind) as caught:
                client.indicators()
            told = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
            assert secret not in told
        client.close()


def test_the_client_loads_nothing_of_the_server() -> None:
    code = "import sys, veille.client; print(*{m.split('.')[0] for m in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    loaded = set(done.stdout.split())
    assert {"httpx", "pydantic", "veille"} <= loaded
    ours = {"serving", "training", "models", "features"}
    heavy = {
        "fastapi",
        "starlette",
        "lightgbm",
        "mlflow",
        "numpy",
        "polars",
        "pyarrow",
        "sqlalchemy",
    }
    assert not loaded & (ours | heavy)


def test_the_models_are_those_of_the_server() -> None:
    server_modules = (server_models, barometer_schemas, priorities_schemas, server_orientation)

    def fields(module: ModuleType) -> dict[str, dict[str, str]]:
        return {
            name: {field: str(info.annotation) for field, info in kind.model_fields.items()}
            for name, kind in vars(module).items()
            if isinstance(kind, type) and issubclass(kind, BaseModel) and kind.model_fields
        }

    def bare(found: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        place = r"(serving\.api\.(\w+_)?schemas|veille\.client\.(answers|cell|orientation))\."
        return {
            name: {f: re.sub(place, "", t) for f, t in types.items()}
            for name, types in found.items()
        }

    servers = {k: v for m in server_modules for k, v in bare(fields(m)).items()}
    for client in (answers, cell, orientation):
        ours = bare(fields(client))
        assert len(ours) > 5
        assert ours == {name: servers[name] for name in ours}


def test_a_key_of_a_later_server_is_kept() -> None:
    health = answers.Health.model_validate_json('{"status": "ready", "since": 3}')
    assert health.model_extra == {"since": 3}


@dataclass
class Scripted:
    """A server that gives prepared answers, in order; status 0 cuts the line."""

    address: str
    calls: int = 0


@contextmanager
def scripted(prepared: list[Given]) -> Iterator[Scripted]:
    left = iter(prepared)
    told = Scripted("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.calls += 1
            status, headers, body = next(left)
            self.close_connection = True
            if not status:
                return
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        told.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield told
        finally:
            server.shutdown()
            thread.join()
