"""Rows as bits: against masks, and whole lists against the plainest filter and sort of Polars."""

from __future__ import annotations

from functools import reduce
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving import bits
from serving.access.principal import Territory
from serving.checked import check_once
from serving.publication import Publication, PublicationError
from serving.publication_build import plain_column
from serving.publication_files import BITS, FILES
from serving.ranking import Filters, Sort, counts, query, whole_list
from tests.serving.conftest import make_frames

MASKS = st.lists(st.booleans(), min_size=1, max_size=400)


@given(mask=MASKS, start=st.integers(0, 400), wanted=st.integers(1, 60))
def test_bits_say_what_the_mask_says(mask: list[bool], start: int, wanted: int) -> None:
    chosen = np.array(mask)
    packed = bits.pack(chosen)
    assert len(packed) == bits.words_of(len(mask))
    assert bits.unpack(packed, len(mask)).tolist() == mask
    assert bits.count(packed) == sum(mask)
    inside = [i for i, one in enumerate(mask) if one and i >= start]
    assert bits.first(packed, start, wanted).tolist() == inside[:wanted]


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Publication, pl.DataFrame]:
    home = tmp_path_factory.mktemp("bits")
    frames = make_frames(count=301)
    frames.write(home)
    return Publication.load(home, "failure"), frames.scores


some = st.lists
FILTERS = st.builds(
    Filters,
    horizon_months=st.sampled_from([None, 6, 12, 18]),
    levels=some(st.sampled_from(["high", "moderate", "low", "unknown"]), max_size=2).map(tuple),
    regions=some(st.sampled_from(["32", "93", "53", "76", "11"]), max_size=3).map(tuple),
    departements=some(st.sampled_from(["59", "62", "13", "35", "99"]), max_size=3).map(tuple),
    sectors=some(st.sampled_from(["social", "culture", "sport"]), max_size=2).map(tuple),
    ess_families=some(st.sampled_from(["association", "foundation"]), max_size=2).map(tuple),
    min_employees=st.sampled_from([None, 0, 3, 20, 1000]),
    q=st.sampled_from(["", "", "relais", "des brumes", "ate", "o", "4"]),
)
TERRITORIES = st.sampled_from(
    [
        Territory.NATIONAL,
        Territory.NATIONAL,
        Territory.of(regions=["32"]),
        Territory.of(regions=["53"], departements=["59", "13"]),
    ]
)


@settings(deadline=None, max_examples=120)
@given(filters=FILTERS, territory=TERRITORIES, sort=st.sampled_from(list(Sort)))
@pytest.mark.parametrize("stored", [True, False])
def test_any_filters_give_what_a_plain_filter_and_sort_give(
    listed: tuple[Publication, pl.DataFrame],
    filters: Filters,
    territory: Territory,
    sort: Sort,
    *,
    stored: bool,
) -> None:
    publication, scores = listed
    with pytest.MonkeyPatch.context() as patch:
        if not stored:  # as of a publication written before there were bits
            patch.setattr(publication, "_bits", None)
        kept = scores.filter(_plainly(filters), _within(territory))
        page = query(publication, filters, sort=sort, limit=17, territory=territory)
        rows = whole_list(publication, filters, sort=sort, territory=territory).tolist()
        by_level = counts(publication, "level", filters, territory=territory)
    assert page.total == kept.height == len(rows)
    assert page.positions == rows[:17]
    wanted = _sorted(kept, sort, filters.horizon_months or 12)
    assert [r["siren"] for r in publication.take(rows)] == wanted["siren"].to_list()
    assert sum(n[level] for level, n in by_level.items()) == kept.height


def _plainly(filters: Filters) -> pl.Expr:
    parts = [pl.lit(value=True)]
    parts += [pl.col(c).is_in(list(v)) for c, v in filters.codes().items() if v]
    if filters.min_employees is not None:
        parts.append((pl.col("employees") >= filters.min_employees).fill_null(value=False))
    if filters.q:
        named = pl.col("name").map_batches(plain_column, return_dtype=pl.String)
        parts.append(named.str.contains(filters.q, literal=True))
    return reduce(lambda a, b: a & b, parts)


def _within(territory: Territory) -> pl.Expr:
    if territory.national:
        return pl.lit(value=True)
    return pl.col("region").is_in(list(territory.regions)) | pl.col("departement").is_in(
        list(territory.departements)
    )


def _sorted(kept: pl.DataFrame, sort: Sort, horizon: int) -> pl.DataFrame:
    """Order as documented; a reversed sort is the other one read from its end."""
    key = sort.value.removeprefix("-")
    if key == "name":
        kept = kept.with_columns(name=plain_column(kept["name"]))
    column = f"p_{horizon}m" if key == "p" else key
    falling = key in {"p", "employees"}
    made = kept.sort(column, "p_12m", "siren", descending=[falling, True, False], nulls_last=True)
    return made.reverse() if sort.value.startswith("-") != falling else made


def test_a_file_touched_since_it_was_checked_is_read_again(tmp_path: Path) -> None:
    make_frames(count=40).write(tmp_path)
    publication = Publication.load(tmp_path, "failure")
    for name in (*FILES, BITS):
        path = publication.folder / name
        content = path.read_bytes()
        check_once(publication.folder, publication.manifest)
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        with pytest.raises(PublicationError) as caught:
            Publication.load(tmp_path, "failure")
        assert caught.value.code == "publication-corrupted"
        path.write_bytes(content)
        assert Publication.load(tmp_path, "failure").rows == 40
