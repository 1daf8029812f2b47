"""The ranked list: every filter against the plainest reading of the scores, every page once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serving.access.principal import Territory
from serving.publication import Publication
from serving.publication_build import plain
from serving.ranking import Filters, Page, RankingError, Sort, counts, query


@pytest.fixture(scope="module")
def listed(
    tmp_path_factory: pytest.TempPathFactory, frames_factory: Callable[..., Any]
) -> tuple[Publication, pl.DataFrame]:
    home = tmp_path_factory.mktemp("ranking")
    frames = frames_factory(count=230)
    frames.write(home)
    return Publication.load(home, "failure"), frames.scores


def pages(
    publication: Publication, filters: Filters, *, sort: Sort = Sort.P_DESC, limit: int = 50
) -> Iterator[Page]:
    cursor = None
    while True:
        page = query(publication, filters, sort=sort, limit=limit, cursor=cursor)
        yield page
        cursor = page.next_cursor
        if cursor is None:
            return


def sirens(publication: Publication, filters: Filters, *, limit: int = 50) -> list[str]:
    return [r["siren"] for page in pages(publication, filters, limit=limit) for r in page.rows()]


FILTERS: list[tuple[Filters, Callable[[], pl.Expr]]] = [
    (Filters(), lambda: pl.lit(value=True)),
    (Filters(levels=("high",)), lambda: pl.col("level") == "high"),
    (Filters(levels=("high", "unknown")), lambda: pl.col("level").is_in(["high", "unknown"])),
    (Filters(regions=("32",)), lambda: pl.col("region") == "32"),
    (Filters(regions=("32", "93")), lambda: pl.col("region").is_in(["32", "93"])),
    (Filters(departements=("59",)), lambda: pl.col("departement") == "59"),
    (Filters(sectors=("culture",)), lambda: pl.col("sector") == "culture"),
    (Filters(ess_families=("foundation",)), lambda: pl.col("ess_family") == "foundation"),
    (Filters(min_employees=20), lambda: pl.col("employees") >= 20),
    (Filters(min_employees=0), lambda: pl.col("employees").is_not_null()),
    (Filters(q="ECLAIREURS"), lambda: pl.col("name").str.contains("Éclaireurs")),
    (Filters(q="coeur de l ile"), lambda: pl.col("name").str.contains("Cœur de l'Île")),
    (
        Filters(q="relais des", regions=("32", "76")),
        lambda: pl.col("name").str.contains("Relais des") & pl.col("region").is_in(["32", "76"]),
    ),
    (Filters(q="nulle part"), lambda: pl.lit(value=False)),
    (Filters(q="'"), lambda: pl.lit(value=False)),
    (Filters(regions=("11",)), lambda: pl.lit(value=False)),
    (
        Filters(regions=("93",), levels=("low",), sectors=("sport",), min_employees=5),
        lambda: (
            (pl.col("region") == "93")
            & (pl.col("level") == "low")
            & (pl.col("sector") == "sport")
            & (pl.col("employees") >= 5)
        ),
    ),
]


@pytest.mark.parametrize(("filters", "plainly"), FILTERS)
def test_filters_and_totals(
    listed: tuple[Publication, pl.DataFrame], filters: Filters, plainly: Callable[[], pl.Expr]
) -> None:
    publication, scores = listed
    expected = scores.filter(plainly()).sort("rank")["siren"].to_list()
    assert sirens(publication, filters, limit=200) == expected
    assert query(publication, filters).total == len(expected)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    names=st.lists(st.text(alphabet="aàb c-", max_size=9), min_size=1, max_size=25),
    texts=st.lists(st.text(alphabet="aàb c-", max_size=5), min_size=1, max_size=12),
    many=st.booleans(),
)
def test_searching_the_words_finds_what_reading_every_name_finds(
    tmp_path_factory: pytest.TempPathFactory,
    frames_factory: Callable[..., Any],
    names: list[str],
    texts: list[str],
    many: bool,
) -> None:
    home = tmp_path_factory.mktemp("names")
    frames = frames_factory(count=len(names))
    frames.scores = frames.scores.with_columns(name=pl.Series(names))
    frames.write(home)
    publication = Publication.load(home, "failure")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("serving.search._MANY_WORDS", 0 if many else 10)
        for text in texts:
            if not text.strip():
                continue
            found = set(sirens(publication, Filters(q=text)))
            rows = zip(frames.scores["siren"], names, strict=True)
            needle = plain(text)
            assert found == {s for s, name in rows if needle and needle in plain(name)}


def test_a_siren_is_found_exactly(listed: tuple[Publication, pl.DataFrame]) -> None:
    publication, scores = listed
    wanted = scores["siren"][12]
    spaced = f"{wanted[:3]} {wanted[3:6]} {wanted[6:]}"
    assert sirens(publication, Filters(q=spaced)) == [wanted]
    assert query(publication, Filters(q="999999998")).total == 0
    elsewhere = "93" if scores["region"][12] == "32" else "32"
    assert query(publication, Filters(q=wanted, regions=(elsewhere,))).total == 0


@pytest.mark.parametrize(
    ("territory", "plainly"),
    [
        (Territory.of(regions=["32"]), pl.col("region") == "32"),
        (Territory.of(departements=["13", "35"]), pl.col("departement").is_in(["13", "35"])),
        (
            Territory.of(regions=["53"], departements=["59"]),
            (pl.col("region") == "53") | (pl.col("departement") == "59"),
        ),
        (Territory(), pl.lit(value=False)),
    ],
)
def test_rows_outside_the_territory_are_neither_listed_nor_counted(
    listed: tuple[Publication, pl.DataFrame], territory: Territory, plainly: pl.Expr
) -> None:
    publication, scores = listed
    expected = scores.filter(plainly)
    page = query(publication, Filters(), territory=territory, limit=200)
    assert page.total == expected.height
    assert {r["siren"] for r in page.rows()} == set(expected["siren"])


@pytest.mark.parametrize("sort", list(Sort))
def test_sort_keys(listed: tuple[Publication, pl.DataFrame], sort: Sort) -> None:
    publication, _ = listed
    rows = [r for page in pages(publication, Filters(), sort=sort) for r in page.rows()]
    column = {"p": "p", "rank": "rank", "employees": "employees", "name": "name"}
    key = column[sort.value.removeprefix("-")]
    values = [r[key] for r in rows]
    known = [v for v in values if v is not None]
    if key == "name":
        known = [v.lower().replace("é", "e").replace("œ", "oe") for v in known]
        known = ["".join(c if c.isalnum() else " " for c in v) for v in known]
        known = [v.replace("î", "i") for v in known]
    assert known == sorted(known, reverse=sort.value.startswith("-"))
    assert len(values) == publication.rows


def test_the_horizon_changes_the_probability_shown_and_sorted(
    listed: tuple[Publication, pl.DataFrame],
) -> None:
    publication, _ = listed
    for horizon in (6, 12, 18):
        page = query(publication, Filters(horizon_months=horizon))
        assert page.horizon_months == horizon
        whole = publication.take(page.positions)
        for name in ("p", "low", "high"):
            assert [r[name] for r in page.rows()] == [r[f"{name}_{horizon}m"] for r in whole]
        assert [r["siren"] for r in page.rows()] == [r["siren"] for r in whole]
    with pytest.raises(RankingError) as caught:
        query(publication, Filters(horizon_months=24))
    assert caught.value.code == "unknown-horizon"
    assert "6 | 12 | 18" in caught.value.expected


def test_counts_add_up(listed: tuple[Publication, pl.DataFrame]) -> None:
    publication, scores = listed
    found = counts(publication, "region", Filters(sectors=("sport",)))
    sport = scores.filter(pl.col("sector") == "sport")
    assert sum(sum(levels.values()) for levels in found.values()) == sport.height
    high = sport.filter(pl.col("region") == "93", pl.col("level") == "high").height
    assert found["93"]["high"] == high
    inside = counts(publication, "region", Filters(), territory=Territory.of(regions=["53"]))
    assert list(inside) == ["53"]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    values=st.lists(st.sampled_from([0.01, 0.02, 0.02, 0.5, None]), min_size=1, max_size=60),
    employees=st.lists(st.sampled_from([0, 3, 3, None]), min_size=60, max_size=60),
    limit=st.integers(min_value=1, max_value=17),
    sort=st.sampled_from(list(Sort)),
    regions=st.sampled_from([(), ("32",), ("32", "93")]),
)
def test_pages_cover_every_row_exactly_once_whatever_the_ties(
    tmp_path_factory: pytest.TempPathFactory,
    frames_factory: Callable[..., Any],
    values: list[float | None],
    employees: list[int | None],
    limit: int,
    sort: Sort,
    regions: tuple[str, ...],
) -> None:
    home: Path = tmp_path_factory.mktemp("ties")
    frames = frames_factory(count=len(values))
    frames.scores = frames.scores.with_columns(
        *(pl.Series(f"p_{h}m", values, dtype=pl.Float64) for h in (6, 12, 18)),
        employees=pl.Series(employees[: len(values)], dtype=pl.Int32),
        level=pl.Series(["unknown" if v is None else "low" for v in values]),
        name=pl.lit("Toutes pareilles"),
    )
    frames.write(home)
    publication = Publication.load(home, "failure")
    wanted = frames.scores.filter(pl.col("region").is_in(regions)) if regions else frames.scores
    found = []
    for page in pages(publication, Filters(regions=regions), sort=sort, limit=limit):
        assert page.total == wanted.height
        assert len(page.positions) <= limit
        found += [r["siren"] for r in page.rows()]
    assert sorted(found) == sorted(wanted["siren"])


def test_the_last_full_page_has_no_next(listed: tuple[Publication, pl.DataFrame]) -> None:
    publication, _ = listed
    lengths = [len(p.positions) for p in pages(publication, Filters(), limit=115)]
    assert lengths == [115, 115]


def test_a_cursor_is_bound_to_its_list(
    listed: tuple[Publication, pl.DataFrame], tmp_path: Path, frames_factory: Callable[..., Any]
) -> None:
    publication, _ = listed
    cursor = query(publication, Filters(), limit=5).next_cursor
    assert cursor
    other = frames_factory(seed=8)
    other.write(tmp_path)
    for asked, code, status in (
        (lambda: query(publication, Filters(levels=("low",)), cursor=cursor), "other-list", 409),
        (lambda: query(publication, Filters(), cursor=cursor, sort=Sort.P), "other-list", 409),
        (
            lambda: query(
                publication, Filters(), cursor=cursor, territory=Territory.of(regions=["32"])
            ),
            "other-list",
            409,
        ),
        (lambda: query(publication, Filters(), cursor="né"), "invalid", 404),
        (lambda: query(publication, Filters(), cursor="WzEsMl0"), "invalid", 404),
        (
            lambda: query(Publication.load(tmp_path, "failure"), Filters(), cursor=cursor),
            "expired",
            410,
        ),
    ):
        with pytest.raises(RankingError) as caught:
            asked()
        assert caught.value.code == f"cursor-{code}"
        assert caught.value.status == status
        assert caught.value.todo
