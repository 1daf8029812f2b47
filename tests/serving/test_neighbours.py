"""Who is near a structure: by place, sector and size, within what the reader may see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from data.reference.schemes import load_schemes
from serving.access.principal import Territory
from serving.cell.neighbours import neighbours, similar
from serving.publication import Publication
from tests.serving.conftest import make_frames, siren

FRANCE = Territory.NATIONAL
NORD = {"departement": "59", "region": "32"}
PAS_DE_CALAIS = {"departement": "62", "region": "32"}
GIRONDE = {"departement": "33", "region": "75"}


def published(folder: Path, *rows: dict[str, Any]) -> Publication:
    """Publish one structure a row: what is not said is an association of culture in Lille."""
    frames = make_frames(len(rows))
    base = {"sector": "culture", "commune": "59350", "employees": 10, **NORD}
    told = [{**base, **row} for row in rows]
    frames.scores = frames.scores.with_columns(
        pl.Series(name, [row[name] for row in told], dtype=frames.scores.schema[name])
        for name in base
    )
    frames.write(folder)
    return Publication.load(folder, "failure")


def near(publication: Publication, territory: Territory = FRANCE) -> tuple[list[int], int | None]:
    """Return the numbers of the structures near the first one, and how many there are."""
    position = publication.position(siren(1))
    assert position is not None
    found = neighbours(publication, position, territory, load_schemes())
    codes = [row["siren"] for row in publication.take(found.positions)]
    numbers = {siren(n): n for n in range(1, publication.rows + 1)}
    return [numbers[code] for code in codes], found.total


def test_same_commune_then_same_sector_then_size(tmp_path: Path) -> None:
    publication = published(
        tmp_path,
        {"employees": 20},
        {"commune": "59512", "employees": 20},
        {"sector": "tourism", "employees": 20},
        {"employees": 200},
        {"employees": 30},
        {"employees": None},
        {"sector": "health", "employees": 20},  # completes nothing here
        {**PAS_DE_CALAIS, "commune": "62041"},
    )
    # ln(201/21) = 2.3 is farther than a size that is not known, which counts for 1
    assert near(publication) == ([5, 6, 4, 3, 2], 5)


def test_the_region_where_the_departement_has_none(tmp_path: Path) -> None:
    publication = published(tmp_path, {}, PAS_DE_CALAIS, {**GIRONDE, "commune": "33063"})
    assert near(publication) == ([2], 1)
    assert near(publication, Territory.of(regions=["32"])) == ([2], 1)
    # A département sees no further than itself: it cannot be said that there is none.
    assert near(publication, Territory.of(departements=["59"])) == ([], None)
    assert near(publication, Territory.of(regions=["75"])) == ([], None)


def test_nobody_near_is_known_where_the_whole_region_is_seen(tmp_path: Path) -> None:
    publication = published(tmp_path, {}, GIRONDE, {"sector": "health"})
    assert near(publication) == ([], 0)
    assert near(publication, Territory.of(regions=["32"])) == ([], 0)


@pytest.mark.parametrize(
    "gap", [{"sector": None}, {"departement": None, "region": None, "commune": None}]
)
def test_without_a_sector_or_a_place_nothing_is_said(tmp_path: Path, gap: dict[str, None]) -> None:
    publication = published(tmp_path, gap, {}, {})
    assert near(publication) == ([], None)
    position = publication.position(siren(1))
    assert position is not None
    assert similar(publication, position, FRANCE, limit=5).positions == []


def test_a_commune_that_is_not_known_is_no_commune_in_common(tmp_path: Path) -> None:
    publication = published(tmp_path, {"commune": None}, {"commune": None}, {"employees": 11})
    assert near(publication) == ([2, 3], 2)


def test_at_most_ten_are_shown_and_all_are_counted(tmp_path: Path) -> None:
    publication = published(tmp_path, *({} for _ in range(16)))
    numbers, total = near(publication)
    assert (len(numbers), total) == (10, 15)
    # Equals are in the order of the SIREN, whatever their rank.
    assert numbers == list(range(2, 12))


def test_an_unknown_departement_still_has_its_region(tmp_path: Path) -> None:
    publication = published(tmp_path, {"departement": None}, {}, GIRONDE)
    assert near(publication) == ([2], 1)


def test_a_size_that_is_not_known_decides_nothing(tmp_path: Path) -> None:
    publication = published(tmp_path, {"employees": None}, {"employees": 900}, {"employees": None})
    assert near(publication) == ([2, 3], 2)
