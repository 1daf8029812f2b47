"""The line's first half: what enters, what is refused, what a killed command leaves."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from data.errors import VeilleError
from data.lake import Lake
from data.rejects import REASONS
from data.sources.base import SourceError
from tests.fictitious import siren
from veille import line

HEADER = "nomAttribuant;idAttribuant;dateConvention;nomBeneficiaire;idBeneficiaire;objet;montant"
AS_OF = date(2023, 12, 31)


def listing(path: Path, *numbers: int) -> Path:
    lines = [
        f"Ville des Brumes;{siren(900)}00017;2023-03-22;Atelier {n};{siren(n)}00015;Aide;{n}00"
        for n in numbers
    ]
    path.write_text("\n".join([HEADER, *lines]) + "\n", "utf-8")
    return path


@pytest.fixture
def home(tmp_path: Path) -> Path:
    line.ingest(tmp_path / "home", "scdl", [listing(tmp_path / "a.csv", 1, 2)])
    return tmp_path / "home"


def test_a_synthetic_home_refuses_real_files(demo_home: Path, tmp_path: Path) -> None:
    before = Lake(demo_home).hash()
    with pytest.raises(VeilleError) as caught:
        line.ingest(demo_home, "scdl", [listing(tmp_path / "a.csv", 1)])
    assert caught.value.code == "synthetic-home"
    assert "--home" in caught.value.todo
    assert Lake(demo_home).hash() == before
    assert line.is_synthetic(demo_home)


def test_files_before_the_bad_one_stay_and_it_changes_nothing(home: Path, tmp_path: Path) -> None:
    bad = tmp_path / "image.csv"
    bad.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8)
    with pytest.raises(SourceError):
        line.ingest(home, "scdl", [listing(tmp_path / "b.csv", 3), bad])
    assert [m.file for m in Lake(home).manifests()] == ["a.csv", "b.csv"]
    assert not line.is_synthetic(home)


def test_no_file_and_unknown_source_write_nothing(tmp_path: Path) -> None:
    for source, file, code in (
        ("gazette", tmp_path / "x", "unknown-source"),
        ("scdl", tmp_path / "x", "no-file"),
        ("scdl", tmp_path, "no-file"),
    ):
        with pytest.raises(VeilleError) as caught:
            line.ingest(tmp_path / "home", source, [file])
        assert caught.value.code == code
    assert not (tmp_path / "home" / "lake").exists()


def test_a_panel_is_found_while_the_facts_are_those_it_was_computed_from(
    home: Path, tmp_path: Path
) -> None:
    made = line.features(home, AS_OF)
    assert line.find_panel(home, AS_OF) == made
    assert line.find_panel(home, date(2022, 12, 31)) is None
    line.ingest(home, "scdl", [listing(tmp_path / "b.csv", 3)])
    assert line.find_panel(home, AS_OF) is None  # facts came in since
    assert line.find_panel(home, AS_OF, made.input_hash) == made  # … and the old one is kept
    again = line.features(home, AS_OF)
    assert (again.rows, made.rows) == (3, 2)
    assert again.input_hash != made.input_hash


def test_engines_give_the_same_panel_under_the_same_hash(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    line.ingest(other, "scdl", [tmp_path / "a.csv"])
    one, two = line.features(home, AS_OF), line.features(other, AS_OF, engine="polars")
    assert one.input_hash == two.input_hash
    assert pl.read_parquet(one.panel).equals(pl.read_parquet(two.panel))


@pytest.mark.parametrize("text", ["{", "{}"])
def test_a_panel_left_by_a_killed_command_is_never_read(home: Path, text: str) -> None:
    made = line.features(home, AS_OF)
    left = home / "panels" / ".pending-00000000"
    left.mkdir()
    (left / "manifest.json").write_text(text, "utf-8")
    assert line.panels(home) == [made]
    assert line.latest_panel(home)[0] == made
    assert line.features(home, AS_OF) == made


def test_a_home_that_was_moved_keeps_its_panels(home: Path, tmp_path: Path) -> None:
    made = line.features(home, AS_OF)
    moved = home.rename(tmp_path / "ailleurs")
    manifest, rows = line.latest_panel(moved)
    assert manifest.input_hash == made.input_hash
    assert rows.height == made.rows


def test_the_latest_panel_has_as_many_days_as_asked(home: Path) -> None:
    several = line.features(home, AS_OF, since=date(2023, 6, 30), every="half")
    assert several.as_of == ["2023-06-30", "2023-12-31"]
    line.features(home, AS_OF)
    assert line.latest_panel(home)[0].as_of == ["2023-12-31"]
    assert line.latest_panel(home, min_days=2)[0] == several
    with pytest.raises(VeilleError) as caught:
        line.latest_panel(home, min_days=3)
    assert caught.value.code == "no-panel"


FOLDERS = {"scdl": "scdl", "jaune": "jaune", "sirene": "sirene", "bodacc": "bodacc"}


@pytest.mark.real
@pytest.mark.parametrize("source", FOLDERS)
def test_every_published_file_is_accounted_for_or_refused_clearly(
    shared_data: Path, tmp_path: Path, source: str
) -> None:
    paths = sorted(p for p in (shared_data / FOLDERS[source]).iterdir() if p.is_file())
    read, refused = 0, []
    for path in paths:
        try:
            (manifest,) = line.ingest(tmp_path / "home", source, [path])
        except SourceError as error:
            refused.append((path.name, error))
            continue
        assert manifest.rows_in == manifest.rows_kept + manifest.rows_rejected, path.name
        assert sum(manifest.reasons.values()) == manifest.rows_rejected, path.name
        read += 1
    assert read
    for name, refusal in refused:
        assert refusal.code, name
        assert refusal.todo or refusal.expected, name
    rejects = Lake(tmp_path / "home").rejects()
    assert rejects.filter(pl.col("reason").is_null() | pl.col("source_row").is_null()).is_empty()


@pytest.mark.real
def test_the_national_panel_is_accounted_for(shared_data: Path, tmp_path: Path) -> None:
    paths = [shared_data / "panel" / "grants" / name for name in ("00.parquet", "63.parquet")]
    for manifest in line.ingest(tmp_path / "home", "grants", paths):
        assert manifest.rows_in == manifest.rows_kept + manifest.rows_rejected
        assert sum(manifest.reasons.values()) >= manifest.rows_rejected
        assert set(manifest.reasons) <= set(REASONS)
        # most lines of the harvest bear no identifier: they are said, not guessed
        assert manifest.rows_kept > 1_000
