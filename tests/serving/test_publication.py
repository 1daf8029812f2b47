"""Publications: written whole or not at all, read with care, swapped without a failed request."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from serving import publication as module
from serving.current import CurrentPublication
from serving.publication import (
    Publication,
    PublicationError,
    point_to,
    publication_ids,
)
from serving.publication_build import plain, plain_column
from serving.publication_files import FILES

Factory = Callable[..., Any]


def test_what_is_written_is_read_again(tmp_path: Path, frames_factory: Factory) -> None:
    frames = frames_factory()
    publication_id = frames.write(tmp_path)
    publication = Publication.load(tmp_path, "failure")
    assert publication.id == publication_id
    assert publication_id.startswith("2026-06-30-")
    assert publication.manifest.synthetic is True
    assert publication.horizons == (6, 12, 18)
    for row in frames.scores.iter_rows(named=True):
        position = publication.position(row["siren"])
        assert position is not None
        read = publication.row(position)
        assert {key: read[key] for key in row} == row


def test_rows_stand_by_risk_with_the_unknown_last(tmp_path: Path, frames_factory: Factory) -> None:
    frames_factory().write(tmp_path)
    publication = Publication.load(tmp_path, "failure")
    rows = publication.take(list(range(publication.rows)))
    risks = [-1.0 if row["p_12m"] is None else row["p_12m"] for row in rows]
    assert risks == sorted(risks, reverse=True)
    assert [row["rank"] for row in rows] == list(range(1, publication.rows + 1))


def test_details_of_one_structure(tmp_path: Path, frames_factory: Factory) -> None:
    frames = frames_factory()
    frames.write(tmp_path)
    publication = Publication.load(tmp_path, "failure")
    for siren in (frames.scores["siren"][0], frames.scores["siren"][57]):
        reasons = publication.reasons(siren)
        assert {r["siren"] for r in reasons} == {siren}
        assert {r["horizon_months"] for r in reasons} == {12}
        sizes = [abs(r["contribution"]) for r in reasons]
        assert len(sizes) == 4
        assert sizes == sorted(sizes, reverse=True)
        assert [line["fiscal_year"] for line in publication.history(siren)] == [2024, 2025]
    assert publication.unknown(frames.scores["siren"][0])[0]["theme"] == "debt"
    assert publication.unknown(frames.scores["siren"][1]) == []
    assert publication.reasons("999999998") == []


def test_details_spread_over_several_row_groups(
    tmp_path: Path, frames_factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.publication.ROW_GROUP", 7)
    monkeypatch.setattr("serving.publication_read.ROW_GROUP", 7)
    frames = frames_factory(count=40)
    frames.write(tmp_path)
    publication = Publication.load(tmp_path, "failure")
    for siren in frames.scores["siren"]:
        mine = frames.reasons.filter(pl.col("siren") == siren, pl.col("horizon_months") == 18)
        found = publication.reasons(siren, 18)
        assert {r["indicator"]: r["contribution"] for r in found} == dict(
            mine.select("indicator", "contribution").iter_rows()
        )


def test_same_inputs_same_id_and_nothing_written_twice(
    tmp_path: Path, frames_factory: Factory
) -> None:
    first = frames_factory().write(tmp_path)
    folder = tmp_path / "publications" / "failure" / first
    before = {f.name: f.stat().st_mtime_ns for f in folder.iterdir()}
    shuffled = frames_factory()
    shuffled.scores = shuffled.scores.sample(fraction=1, shuffle=True, seed=9)
    shuffled.manifest["created_at"] = "2027-01-01T00:00:00Z"
    assert shuffled.write(tmp_path) == first
    assert {f.name: f.stat().st_mtime_ns for f in folder.iterdir()} == before
    assert frames_factory(seed=2).write(tmp_path) != first


def test_a_publication_can_be_taken_back(tmp_path: Path, frames_factory: Factory) -> None:
    first, second = frames_factory().write(tmp_path), frames_factory(seed=2).write(tmp_path)
    current = CurrentPublication(tmp_path, "failure")
    assert current.get().id == second
    point_to(tmp_path, "failure", first)
    assert current.get().id == first
    assert set(publication_ids(tmp_path, "failure")) == {first, second}


@pytest.mark.parametrize("name", FILES)
def test_a_missing_or_changed_file_is_named(
    tmp_path: Path, frames_factory: Factory, name: str
) -> None:
    publication_id = frames_factory().write(tmp_path)
    path = tmp_path / "publications" / "failure" / publication_id / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(PublicationError) as changed:
        Publication.load(tmp_path, "failure")
    path.unlink()
    with pytest.raises(PublicationError) as missing:
        Publication.load(tmp_path, "failure")
    for caught in (changed, missing):
        assert caught.value.code == "publication-corrupted"
        assert name in caught.value.where
        assert "veille score" in caught.value.todo


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"rows": 3}, "nombre de structures"),
        ({"publication_id": "2026-06-30-abcdefabcdef"}, "ce dossier"),
        ({"as_of": "jamais"}, "as_of"),
        ({"files": {}}, "ne cite pas"),
    ],
)
def test_a_manifest_that_does_not_match_is_refused(
    tmp_path: Path, frames_factory: Factory, change: dict[str, Any], word: str
) -> None:
    publication_id = frames_factory().write(tmp_path)
    path = tmp_path / "publications" / "failure" / publication_id / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(PublicationError) as caught:
        Publication.load(tmp_path, "failure")
    assert caught.value.code == "publication-corrupted"
    assert word in caught.value.what


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("siren", "12345678"),
        ("siren", "990000018"),
        ("p_12m", 1.5),
        ("p_12m", float("nan")),
        ("level", "grave"),
    ],
)
def test_scores_that_break_their_promise_are_refused(
    tmp_path: Path, frames_factory: Factory, column: str, value: object
) -> None:
    frames = frames_factory()
    frames.scores = frames.scores.with_columns(pl.lit(value).alias(column))
    with pytest.raises(PublicationError) as caught:
        frames.write(tmp_path)
    assert caught.value.code == "bad-publication"
    assert caught.value.where == column
    assert list((tmp_path / "publications" / "failure").iterdir()) == []


def test_a_reason_for_an_absent_structure_is_refused(
    tmp_path: Path, frames_factory: Factory, fictitious_siren: Callable[[int], str]
) -> None:
    frames = frames_factory(count=5)
    frames.reasons = frames.reasons.with_columns(siren=pl.lit(fictitious_siren(777)))
    with pytest.raises(PublicationError, match="absentes des scores"):
        frames.write(tmp_path)


def test_missing_columns_are_listed(tmp_path: Path, frames_factory: Factory) -> None:
    frames = frames_factory()
    frames.scores = frames.scores.drop("level", "p_18m")
    with pytest.raises(PublicationError) as caught:
        frames.write(tmp_path)
    assert caught.value.expected == "level, p_18m"


def test_publishing_again_repairs_a_damaged_publication(
    tmp_path: Path, frames_factory: Factory
) -> None:
    publication_id = frames_factory().write(tmp_path)
    current = CurrentPublication(tmp_path, "failure")
    (tmp_path / "publications" / "failure" / publication_id / "history.parquet").unlink()
    with pytest.raises(PublicationError):
        current.get()
    assert frames_factory().write(tmp_path) == publication_id
    assert current.get().id == publication_id
    assert [f.name for f in (tmp_path / "publications" / "failure").glob(".*")] == []


def test_nothing_published_yet(tmp_path: Path) -> None:
    with pytest.raises(PublicationError) as caught:
        CurrentPublication(tmp_path, "failure").get()
    assert caught.value.code == "no-publication"


def test_a_target_cannot_leave_the_folder(tmp_path: Path) -> None:
    with pytest.raises(PublicationError, match="nom de cible"):
        Publication.load(tmp_path, "../failure")


class Stop(BaseException):
    """A kill: nothing may catch it and tidy up."""


@pytest.mark.parametrize("step", ["write_index", "sync", "point_to"])
def test_a_stop_while_writing_leaves_the_last_good_one(
    tmp_path: Path, frames_factory: Factory, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    good = frames_factory().write(tmp_path)

    def stop(*_: object) -> None:
        raise Stop

    with monkeypatch.context() as patch:
        patch.setattr(module, step, stop)
        # A killed process does not run its `finally`.
        patch.setattr(shutil, "rmtree", lambda *_, **__: None)
        with pytest.raises(Stop):
            frames_factory(seed=2).write(tmp_path)
    assert Publication.load(tmp_path, "failure").id == good
    again = frames_factory(seed=2).write(tmp_path)
    assert Publication.load(tmp_path, "failure").id == again


def test_what_a_killed_writer_left_is_swept_later(tmp_path: Path, frames_factory: Factory) -> None:
    left = tmp_path / "publications" / "failure" / ".tmp-feedface"
    left.mkdir(parents=True)
    frames_factory().write(tmp_path)
    assert left.exists(), "it may be another writer at work"
    old = time.time() - 7 * 3600
    os.utime(left, (old, old))
    frames_factory(seed=2).write(tmp_path)
    assert not left.exists()


def test_a_broken_newcomer_does_not_replace_the_current_one(
    tmp_path: Path, frames_factory: Factory
) -> None:
    good = frames_factory().write(tmp_path)
    current = CurrentPublication(tmp_path, "failure")
    assert current.get().id == good
    bad = frames_factory(seed=2).write(tmp_path)
    (tmp_path / "publications" / "failure" / bad / "index.arrow").unlink()
    assert current.get().id == good
    assert current.error is not None
    assert current.error.code == "publication-corrupted"
    last = frames_factory(seed=3).write(tmp_path)
    assert current.get().id == last
    assert current.error is None


def test_swaps_under_load_fail_no_reader(tmp_path: Path, frames_factory: Factory) -> None:
    batches = [frames_factory(count=60, seed=seed) for seed in range(6)]
    batches[0].write(tmp_path)
    current = CurrentPublication(tmp_path, "failure")
    failures: list[BaseException] = []
    seen: set[str] = set()
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            try:
                publication = current.get()
                row = publication.row(publication.rows - 1)
                assert publication.reasons(row["siren"])
                seen.add(publication.id)
            except BaseException as error:  # noqa: BLE001
                failures.append(error)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    ids = [batch.write(tmp_path) for batch in batches[1:]]
    deadline = time.monotonic() + 10
    while ids[-1] not in seen and time.monotonic() < deadline:
        time.sleep(0.01)
    stop.set()
    for reader in readers:
        reader.join()
    assert failures == []
    assert ids[-1] in seen


def test_names_are_made_plain_the_same_way_one_by_one_and_by_column() -> None:
    names = ["L'Île-aux-Œufs", "ÉCOLE  n°3", "", "Ça & là", "straße", "Ægir (2)"]
    assert plain("L'Île-aux-Œufs") == "l ile aux oeufs"
    assert plain_column(pl.Series([*names, None])).to_list() == [*map(plain, names), ""]


def test_former_publications_are_listed_by_date(tmp_path: Path, frames_factory: Factory) -> None:
    late = frames_factory().write(tmp_path)
    early = frames_factory(as_of=date(2025, 12, 31)).write(tmp_path)
    assert publication_ids(tmp_path, "failure") == [early, late]
