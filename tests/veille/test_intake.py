"""Files brought in bulk: archives, folders, formats recognised; one at fault stops no other."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from data.errors import VeilleError
from data.lake import Lake
from data.sources import SOURCES
from data.sources.base import Parsed, ReadOptions, Source
from features.progress import quiet
from tests.fictitious import siren
from veille import intake

HEADER = "nomAttribuant;nomBeneficiaire;idBeneficiaire;montant;dateConvention;objet\n"


def listing(path: Path, first: int, lines: int = 3) -> Path:
    rows = [
        f"Ville inventée;Club {at};{siren(at)};{at}00;2021-03-04;Aide {at}\n"
        for at in range(first, first + lines)
    ]
    path.write_text(HEADER + "".join(rows), "utf-8")
    return path


def take(home: Path, source: str, *paths: Path) -> list[intake.Outcome]:
    return list(intake.take(Lake(home), source, paths, ReadOptions(), quiet))


def test_a_folder_is_read_whole_and_what_is_no_data_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "telechargements"
    (folder / "ville").mkdir(parents=True)
    (folder / ".cache").mkdir()
    listing(folder / "ville" / "a.csv", 1)
    listing(folder / ".cache" / "b.csv", 10)
    (folder / "naf.csv").write_text("Code;Libellé\n0111Z;Culture\n0112Z;Riz\n", "utf-8")
    (folder / "illisible.csv").write_bytes(b"%PDF-1.4 \x00")
    (folder / "autre.csv").write_text("a;b;c\n1;2;3\n", "utf-8")
    with zipfile.ZipFile(folder / "lot.zip", "w") as archive:
        archive.write(listing(tmp_path / "c.csv", 20), "c.csv")
        archive.write(listing(tmp_path / "d.csv", 30), "d.csv")
    found = {outcome.file: outcome for outcome in take(tmp_path / "home", "auto", folder)}
    assert set(found) == {
        *("a.csv", "naf.csv", "illisible.csv", "autre.csv", "lot.zip!c.csv", "lot.zip!d.csv"),
    }
    assert {name for name, o in found.items() if o.manifest} == {
        *("a.csv", "lot.zip!c.csv", "lot.zip!d.csv"),
    }
    assert "nomenclature" in found["naf.csv"].not_data
    errors = {name: o.error.code for name, o in found.items() if o.error}
    assert errors == {"illisible.csv": "source-unreadable", "autre.csv": "source-unknown"}
    assert found["naf.csv"].summary() == {
        "file": "naf.csv",
        "source": None,
        "rows_in": 0,
        "rows_kept": 0,
        "rows_rejected": 0,
        "reasons": {},
        "not_data": found["naf.csv"].not_data,
    }
    assert Lake(tmp_path / "home").scan("grants").collect().height == 9


def test_a_command_started_again_reads_only_what_is_left(tmp_path: Path) -> None:
    home, paths = tmp_path / "home", [listing(tmp_path / f"{at}.csv", at * 10) for at in range(3)]
    first = take(home, "scdl", *paths[:2])
    again = take(home, "scdl", *paths)
    assert [o.manifest for o in again[:2]] == [o.manifest for o in first]
    assert len(Lake(home).manifests()) == 3


def test_the_same_bytes_given_twice_are_read_once(tmp_path: Path) -> None:
    paths = [listing(tmp_path / name, 1) for name in ("a.csv", "b.csv", "c.csv")]
    listing(paths[1], 50)
    found = take(tmp_path / "home", "scdl", *paths)
    assert [o.file for o in found] == ["a.csv", "b.csv", "c.csv"]
    assert found[0].manifest == found[2].manifest
    assert all(o.manifest and o.manifest.rows_kept == 3 for o in found)
    assert len(Lake(tmp_path / "home").manifests()) == 2


def test_files_read_by_other_processes_give_the_same_lake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [listing(tmp_path / f"{at}.csv", at * 10) for at in range(4)]
    # Two exports of one list that overlap: the order of the files decides which line is the copy.
    alone = take(tmp_path / "one", "auto", *paths)
    monkeypatch.setattr(intake, "_PARALLEL_BYTES", 0)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    together = take(tmp_path / "two", "auto", *paths)
    assert [o.summary() for o in together] == [o.summary() for o in alone]
    assert Lake(tmp_path / "one").hash() == Lake(tmp_path / "two").hash()
    assert not list(Lake(tmp_path / "two").pending.glob("*"))


def test_a_named_source_stops_at_the_first_file_it_cannot_read(tmp_path: Path) -> None:
    home, bad = tmp_path / "home", tmp_path / "b.csv"
    bad.write_text("a;b\n1;2\n", "utf-8")
    with pytest.raises(VeilleError) as error:
        take(home, "scdl", listing(tmp_path / "a.csv", 1), bad, listing(tmp_path / "c.csv", 9))
    assert error.value.code == "source-header"
    assert [m.file for m in Lake(home).manifests()] == ["a.csv"]


def test_a_defect_of_a_connector_is_said_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_path: Path, _options: ReadOptions) -> Iterator[Parsed]:
        raise ZeroDivisionError("un défaut")

    usual = SOURCES["scdl"]
    spoilt = Source(usual.name, usual.title, usual.read, usual.sniff, parts=broken)
    monkeypatch.setitem(SOURCES, "scdl", spoilt)
    (outcome,) = take(tmp_path / "home", "auto", listing(tmp_path / "a.csv", 1))
    assert outcome.error is not None
    assert outcome.error.code == "source-defect"
    assert "ZeroDivisionError" in str(outcome.error)
    assert not list(Lake(tmp_path / "home").pending.glob("*"))


def test_an_error_crosses_processes_whole(tmp_path: Path) -> None:
    import pickle

    error = VeilleError("Quoi.", code="un-code", where="ici", received=date(2020, 1, 1), todo="ça")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
