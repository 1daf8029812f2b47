"""The job: any shards, any order of files, begun again or stopped, give the same bytes."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from data.drafts import with_machine_columns
from data.errors import VeilleError
from features import job, shards, store
from features.engines import ENGINES, Engine
from features.engines.base import Frame
from features.facts import MemoryFacts, prepare
from features.job import Asked, build
from features.panel import compute_day
from features.panels import PanelManifest
from tests.features.worlds import DRAWS, World, differences, draw_world, panel_of, tables

DAYS = (date(2018, 12, 31), date(2020, 2, 29), date(2020, 12, 31))
SIZE = 60


@dataclass(frozen=True)
class Files:
    """Facts that are Parquet files of a folder: `<table>/<any name>.parquet`."""

    folder: Path

    def paths(self, table: str) -> list[Path]:
        return sorted((self.folder / table).glob("*.parquet"))

    def load(self, engine: Engine, table: str) -> Frame:
        empty = with_machine_columns(tables({table: []})[table])
        return engine.scan(self.paths(table), empty)

    def known_hash(self, as_of: date) -> str:
        digest = hashlib.sha256()
        for table in sorted(DRAWS):
            for path in self.paths(table):
                rows = pl.read_parquet(path).filter(pl.col("known_on") <= as_of)
                digest.update(rows.hash_rows().to_numpy().tobytes())
        return digest.hexdigest()


def written(folder: Path, world: World, *, name: str = "a", parts: int = 3) -> Files:
    """Write a world as files of the lake, its rows dealt among `parts` files a table."""
    for table, frame in tables(world).items():
        (folder / table).mkdir(parents=True, exist_ok=True)
        machine = with_machine_columns(frame)
        for part in range(parts):
            rows = machine.gather_every(parts, part)
            if rows.height:
                rows.write_parquet(folder / table / f"{name}{part}.parquet")
    return Files(folder)


def built(
    home: Path,
    files: Files,
    *days: date,
    rows_per_shard: int = 200,
    lake: str = "empreinte",
    engine: str = "polars",
    only: tuple[str, ...] | None = None,
) -> PanelManifest:
    with ENGINES[engine]() as running:
        asked = Asked(days or DAYS, only, rows_per_shard)
        return build(files, lake, home, asked, running, engine, synthetic=True, known_to=None)


def content(manifest: PanelManifest) -> bytes:
    return Path(manifest.panel).read_bytes()


@pytest.fixture(scope="module")
def world() -> World:
    return draw_world(random.Random(17), SIZE)


@pytest.fixture
def files(tmp_path: Path, world: World) -> Files:
    return written(tmp_path / "facts", world)


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[date]:
    """Return the days of which shards were computed, in order."""
    seen: list[date] = []
    honest = shards.begin

    def begin(facts: object, as_of: date, *rest: object) -> object:
        seen.append(as_of)
        return honest(facts, as_of, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(shards, "begin", begin)
    return seen


def test_shards_give_what_one_frame_gives(tmp_path: Path, files: Files, world: World) -> None:
    made = built(tmp_path, files)
    expected = panel_of(world, *DAYS)
    assert differences(pl.read_parquet(made.panel), expected) == []
    assert len(list(tmp_path.glob("features/days/*/*.arrow"))) > 3 * len(DAYS)


@pytest.mark.parametrize("rows_per_shard", [40, 350, 10**6])
def test_the_bytes_do_not_depend_on_the_shards(
    tmp_path: Path, files: Files, rows_per_shard: int
) -> None:
    one = built(tmp_path / "one", files)
    two = built(tmp_path / "two", files, rows_per_shard=rows_per_shard)
    assert content(one) == content(two)


def test_the_bytes_do_not_depend_on_the_engine(tmp_path: Path, files: Files) -> None:
    one = built(tmp_path / "one", files)
    two = built(tmp_path / "two", files, engine="duckdb")
    assert one.input_hash == two.input_hash
    assert content(one) == content(two)


def test_the_bytes_do_not_depend_on_files_and_their_order(tmp_path: Path, world: World) -> None:
    rng = random.Random(2)
    shuffled = {name: rng.sample(rows, len(rows)) for name, rows in world.items()}
    one = built(tmp_path / "one", written(tmp_path / "a", world, parts=1))
    two = built(tmp_path / "two", written(tmp_path / "b", shuffled, parts=7))
    assert content(one) == content(two)


def test_row_groups_of_a_panel_do_not_follow_its_shards(
    tmp_path: Path, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("features.panels._ROW_GROUP", 7)
    one = built(tmp_path / "one", files)
    two = built(tmp_path / "two", files, rows_per_shard=10**6)
    assert content(one) == content(two)
    assert pl.read_parquet(one.panel).height == one.rows > 21


def test_one_more_quarter_computes_that_quarter_only(
    tmp_path: Path, files: Files, computed: list[date]
) -> None:
    built(tmp_path, files, *DAYS[:2])
    computed.clear()
    made = built(tmp_path, files, *DAYS)
    assert set(computed) == {DAYS[2]}
    computed.clear()
    assert content(made) == content(built(tmp_path / "anew", files))


def test_a_later_file_computes_only_the_days_that_know_it(
    tmp_path: Path, files: Files, computed: list[date]
) -> None:
    built(tmp_path, files, *DAYS)
    late = draw_world(random.Random(3), 10)
    for rows in late.values():
        for row in rows:
            row["known_on"] = date(2020, 6, 1)
    written(files.folder, late, name="late")
    computed.clear()
    made = built(tmp_path, files, *DAYS, lake="autre empreinte")
    assert set(computed) == {DAYS[2]}
    assert content(made) == content(built(tmp_path / "anew", files, lake="autre empreinte"))


def test_a_file_known_late_says_what_it_says_of_the_past(
    tmp_path: Path, files: Files, computed: list[date]
) -> None:
    before = built(tmp_path, files, *DAYS)
    old = {**draw_world(random.Random(3), 10)}
    written(files.folder, old, name="old")
    computed.clear()
    after = built(tmp_path, files, *DAYS, lake="autre empreinte")
    assert set(computed) == set(DAYS)
    assert content(before) != content(after)


def test_a_file_taken_out_of_the_lake_takes_its_facts_along(tmp_path: Path, files: Files) -> None:
    kept = content(built(tmp_path, files))
    written(files.folder, draw_world(random.Random(3), 10), name="extra")
    built(tmp_path, files, lake="deux")
    for path in files.folder.glob("*/extra*"):
        path.unlink()
    assert content(built(tmp_path, files, lake="trois")) == kept


def test_a_job_goes_on_where_it_stopped(
    tmp_path: Path, files: Files, computed: list[date], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(shards, "finish", full)
        with pytest.raises(OSError, match="No space"):
            built(tmp_path, files)
    assert not (tmp_path / "panels").exists()
    done = len(computed)
    made = built(tmp_path, files)
    assert len(computed) == done  # every shard had been kept
    assert content(made) == content(built(tmp_path / "anew", files))
    assert list(tmp_path.glob("features/work/*/*")) == []


def test_a_grown_lake_is_cut_again(
    tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = written(tmp_path / "facts", {**world, "grants": world["grants"][:20]})
    few = built(tmp_path, files)
    written(files.folder, world, name="more")
    made = built(tmp_path, files, lake="plus grand")
    assert store.Store(tmp_path, files, 200).shards > 3
    assert made.rows > few.rows
    anew = built(tmp_path / "anew", files, lake="plus grand", rows_per_shard=10**6)
    assert content(made) == content(anew)


def test_only_the_indicators_asked_for_are_computed(tmp_path: Path, files: Files) -> None:
    names = ("overdue_eur", "grants_eur", "peer_loss_rate_ratio", "voted_change_ratio")
    whole = pl.read_parquet(built(tmp_path, files).panel)
    some = built(tmp_path, files, only=names)
    found = pl.read_parquet(some.panel)
    assert set(found.columns) == {"structure_id", "as_of", *names}
    assert found.equals(whole.select(found.columns))
    assert some.indicators == len(names)


@pytest.mark.parametrize("engine", ["polars", "duckdb"])
def test_each_indicator_alone_is_what_it_is_among_all(engine: str, world: World) -> None:
    # what one needs is found in its expression: nothing may be forgotten
    whole = panel_of(world, DAYS[0], engine=engine)
    with ENGINES[engine]() as running:
        facts = prepare(MemoryFacts(tables(world)), running)
        names = list(whole.columns[2:]) if engine == "polars" else list(whole.columns[2::9])
        for name in names:
            alone = compute_day(facts, DAYS[0], [name])
            assert alone.equals(whole.select(alone.columns)), name


def test_an_unknown_indicator_is_refused(tmp_path: Path, files: Files) -> None:
    with pytest.raises(VeilleError) as error:
        built(tmp_path, files, only=("grants_eur", "inconnu"))
    assert (error.value.code, error.value.received) == ("unknown-indicator", "inconnu")


def test_what_is_not_used_any_more_is_removed(
    tmp_path: Path, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "_KEPT_DAYS", 2)
    built(tmp_path, files)
    (tmp_path / "features" / "days" / ".pending-x").write_text("reste d'une tâche tuée")
    (tmp_path / "features" / "work" / ".pending-y").mkdir(parents=True)
    built(tmp_path, files, lake="autre")
    assert list(tmp_path.glob("features/**/.pending-*")) == []
    assert len(list(tmp_path.glob("features/days/*"))) == 2
