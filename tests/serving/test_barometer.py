"""The barometer: sums that are those of the list, small cells that nobody finds again."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.lake import Lake
from serving.cell.barometer import chance, overlapping
from serving.cell.barometer.act import barometer
from serving.cell.barometer.dimensions import By
from serving.cell.barometer.hiding import Equation, closed, enough_structures, unmoved
from serving.publication import Publication
from serving.services import before
from tests.serving.barometer_attack import LEVELS, groups_of, recovered, sums_of
from tests.serving.conftest import Frames, House, make_frames

THRESHOLDS = {"high": 0.2, "moderate": 0.1, "horizon": 12}
TREE = (By.REGION, By.DEPARTEMENT, By.SECTOR, By.ESS_FAMILY)
PLACES = [("32", "59"), ("32", "62"), ("32", "80"), ("93", "13"), ("93", "06"), ("01", "971")]


def random_frames(rng: np.random.Generator, count: int, as_of: date, skew: float) -> Frames:
    """Return a made-up publication whose groups are of very unequal sizes."""
    frames = make_frames(count, as_of=as_of)
    weights = np.exp(-skew * np.arange(len(PLACES)))
    place = rng.choice(len(PLACES), count, p=weights / weights.sum())
    p = np.round(rng.beta(0.6, 4, count), 3)
    level = np.where(p >= 0.2, "high", np.where(p >= 0.1, "moderate", "low"))
    level = np.where(rng.random(count) < 0.05, "unknown", level)
    frames.scores = frames.scores.with_columns(
        region=pl.Series([PLACES[i][0] for i in place]),
        departement=pl.Series([PLACES[i][1] for i in place]),
        sector=pl.Series(np.array(["sport", "culture", "housing"])[rng.geometric(0.6, count) % 3]),
        level=pl.Series(level),
        p_12m=pl.Series(p),
        p_6m=pl.Series(p / 2),
        p_18m=pl.Series(np.minimum(1, p * 1.4)),
    )
    return frames


def read(home: Path) -> dict[str, dict[str, Any]]:
    publication = Publication.load(home, "failure")
    earlier = tuple(before(home, publication))
    return {by.value: barometer(publication, by, earlier) for by in TREE}


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.integers(6, 140), st.floats(0, 1.5))
def test_no_hidden_cell_has_one_value_only(seed: int, count: int, skew: float) -> None:
    rng = np.random.default_rng(seed)
    with TemporaryDirectory() as folder:
        frames = random_frames(rng, count, date(2026, 6, 30), skew)
        frames.write(Path(folder))
        answers = read(Path(folder))
    assert recovered(answers, THRESHOLDS) == {}
    for name, line in groups_of(answers).items():
        if line["hidden"]:
            assert line["structures"] is None, name
            assert all(e["expected_failures"] is None for e in line["estimates"])
            assert all(e["jobs_at_stake"] is None for e in line["estimates"])
        else:
            assert line["structures"] >= 5
        for level in LEVELS:
            value = line["levels"][level]
            assert value is None or value == 0 or value >= 5


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.integers(10, 140), st.floats(0, 1.5))
def test_what_is_hidden_in_a_sum_holds_several_groups_of_five_in_all(
    seed: int, count: int, skew: float
) -> None:
    """The sums of probabilities: real numbers, of which only unions of groups can be found."""
    rng = np.random.default_rng(seed)
    with TemporaryDirectory() as folder:
        frames = random_frames(rng, count, date(2026, 6, 30), skew)
        frames.write(Path(folder))
        answers = read(Path(folder))
    lines = groups_of(answers)
    truth = _counts(frames)
    sized = _counts(Frames(frames.scores.drop_nulls("employees"), *[pl.DataFrame()] * 3))
    for total, parts in sums_of(answers):
        for what, counts in (("expected_failures", truth), ("jobs_at_stake", sized)):
            gone = [p for p in parts if lines[p]["estimates"][0][what] is None]
            open_total = lines[total]["estimates"][0][what] is not None
            if gone and open_total:
                assert len(gone) >= 2, (what, total)
                assert sum(counts.get(p, 0) for p in gone) >= 5, (what, total)


def _counts(frames: Frames) -> dict[str, int]:
    found = {"france": frames.scores.height}
    for by in TREE:
        keys = ("region", "departement") if by is By.DEPARTEMENT else (by.value,)
        for row in frames.scores.group_by(*keys).len().iter_rows():
            place = row[0] if by is By.DEPARTEMENT else ""
            found[f"{by.value}/{place}/{row[-2]}"] = row[-1]
    return found


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.integers(30, 120), st.integers(0, 8), st.integers(0, 8))
def test_two_publications_side_by_side_give_nobody(
    seed: int, count: int, came: int, left: int
) -> None:
    """The structures that stayed, and all: their difference is five structures at least, or none.

    Of every sum too: the groups whose figures are withheld have five newcomers in all, or none.
    """
    rng = np.random.default_rng(seed)
    with TemporaryDirectory() as folder:
        home = Path(folder)
        whole = random_frames(rng, count, date(2026, 6, 30), 0.5)
        now = Frames(whole.scores, whole.reasons, whole.history, whole.unknown, whole.manifest)
        old = _without(whole, came, first=True, as_of=date(2025, 12, 31))
        old.write(home)
        now = _without(whole, left, first=False, as_of=date(2026, 6, 30))
        now.write(home)
        publication = Publication.load(home, "failure")
        answers = read(home)
        (former,) = before(home, publication)
        past = {by.value: barometer(former, by) for by in TREE}
    assert recovered(answers, THRESHOLDS) == {}
    assert recovered(past, THRESHOLDS) == {}
    lines, lines_past = groups_of(answers), groups_of(past)
    counts, counts_past = _counts(now), _counts(old)
    stayed = Frames(
        now.scores.filter(pl.col("siren").is_in(old.scores["siren"].implode())),
        *[pl.DataFrame()] * 3,
    )
    kept = _counts(stayed)
    for name, line in lines.items():
        change = line["change"]
        if change is not None:
            # What is said of the former publication was shown in it.
            assert change["structures"] == line["structures"] - lines_past[name]["structures"]
        if change is not None and change["same"] is not None:
            assert counts[name] - kept.get(name, 0) not in range(1, 5)
            assert counts_past[name] - kept.get(name, 0) not in range(1, 5)
    for total, parts in sums_of(answers):
        if not (lines[total]["change"] and lines[total]["change"]["same"]):
            continue
        gone = [p for p in parts if not (lines[p]["change"] and lines[p]["change"]["same"])]
        assert len(gone) != 1, total
        assert sum(counts[p] - kept.get(p, 0) for p in gone) not in range(1, 5)


def _without(frames: Frames, count: int, *, first: bool, as_of: date) -> Frames:
    scores = frames.scores.sort("siren")
    scores = scores.tail(scores.height - count) if first else scores.head(scores.height - count)
    kept = pl.col("siren").is_in(scores["siren"].implode())
    others = (f.filter(kept) for f in (frames.reasons, frames.history, frames.unknown))
    return Frames(scores, *others, frames.manifest | {"as_of": as_of})


def test_a_small_group_stays_hidden_in_the_next_publication(tmp_path: Path) -> None:
    """06 has four structures in December, nine in June: five newcomers would give the four."""
    frames = make_frames(100)
    places = ["06"] * 9 + ["13"] * 41 + ["59"] * 50
    frames.scores = frames.scores.sort("siren").with_columns(
        departement=pl.Series(places), region=pl.Series(["93"] * 50 + ["32"] * 50)
    )
    _without(frames, 5, first=True, as_of=date(2025, 12, 31)).write(tmp_path)
    frames.write(tmp_path)
    answers = read(tmp_path)
    line = groups_of(answers)["departement/93/06"]
    assert line["hidden"]
    alone = barometer(Publication.load(tmp_path, "failure"), By.DEPARTEMENT)
    # Without a past its nine structures would be shown.
    assert not groups_of({**answers, "departement": alone})["departement/93/06"]["hidden"]


def test_every_line_is_the_sum_of_the_list(house: House) -> None:
    browser = house.person("national")
    rows: list[dict[str, Any]] = []
    for horizon in (6, 12, 18):
        listed, cursor = [], ""
        while cursor is not None:
            more = f"&cursor={cursor}" if cursor else ""
            page = browser.get(f"/api/v1/structures?horizon={horizon}&limit=200{more}").json()
            listed += page["items"]
            cursor = page["next_cursor"]
        rows += listed
    for by, keys in (
        ("region", ["region"]),
        ("sector", ["sector"]),
        ("ess_family", ["ess_family"]),
        ("departement", ["departement"]),
    ):
        answer = browser.get(f"/api/v1/barometer?by={by}").json()
        lines = [answer["total"], *(line for line in answer["items"] if not line["hidden"])]
        assert len(lines) > 1
        for line in lines:
            mine = [r for r in rows if line["key"] == "france" or r[keys[0]] == line["key"]]
            assert line["structures"] == sum(r["horizon_months"] == 12 for r in mine)
            for estimate in line["estimates"]:
                at = [r for r in mine if r["horizon_months"] == estimate["horizon_months"]]
                total = sum(r["p"] for r in at if r["p"] is not None)
                assert estimate["expected_failures"] == pytest.approx(total, abs=1e-9)
                known = [r for r in at if r["employees"] is not None]
                assert line["unknown_size"] == len(at) - len(known)
                if estimate["jobs_at_stake"] is not None:
                    jobs = sum((r["p"] or 0) * r["employees"] for r in known)
                    assert estimate["jobs_at_stake"] == pytest.approx(jobs, abs=1e-9)
                assert estimate["low"] <= estimate["expected_failures"] <= estimate["high"]
    assert any(e["jobs_at_stake"] for e in answer["total"]["estimates"])


def test_a_regional_reader_sees_the_same_figures_and_an_admin_none(house: House) -> None:
    national = house.person("national").get("/api/v1/barometer").json()
    regional = house.person("regional", regions=("32",)).get("/api/v1/barometer").json()
    assert national == regional
    mine = house.person("regional", regions=("32",)).get("/api/v1/structures?limit=200").json()
    line = next(line for line in regional["items"] if line["key"] == "32")
    assert line["structures"] == mine["total"]
    assert house.person("admin").get("/api/v1/barometer").status_code == 403


def test_an_answer_already_had_is_not_sent_again(house: House) -> None:
    browser = house.tool("read:barometer")
    first = browser.get("/api/v1/barometer?by=sector")
    again = browser.get("/api/v1/barometer?by=sector", {"If-None-Match": first.headers["etag"]})
    assert (first.status_code, again.status_code) == (200, 304)
    assert browser.get("/api/v1/barometer?by=naf").json()["code"] == "bad-value"
    assert "siren" not in first.text


def test_funders_are_rounded_and_small_ones_left_out(tmp_path: Path) -> None:
    frames = make_frames(120)
    sirens = frames.scores["siren"].sort().to_list()

    def paid(funder: str, some: list[str]) -> pl.DataFrame:
        return frames.history.filter(pl.col("siren").is_in(some)).with_columns(
            funder_id=pl.lit(funder), funder_name=pl.lit(f"Conseil {funder}")
        )

    pieces = [paid("a", sirens[:43]), paid("b", sirens[:42]), paid("c", sirens[:9])]
    frames.history = pl.concat(pieces).filter(fiscal_year=2025)
    frames.manifest["as_of"] = date(2026, 6, 30)
    frames.write(tmp_path)
    answer = barometer(Publication.load(tmp_path, "failure"), By.FUNDER)
    assert [line["key"] for line in answer["items"]] == ["a", "b"]
    a, b = answer["items"]
    # 43 and 42 structures: one public name more, and not its probability.
    assert (a["structures"], b["structures"]) == (45, 40)
    for line in (a, b):
        for value in [*line["levels"].values(), line["structures"], line["unknown_size"]]:
            assert value % 5 == 0
        for estimate in line["estimates"]:
            assert estimate["expected_failures"] % 1 == 0
            assert estimate["jobs_at_stake"] % 10 == 0
    assert answer["rounded_to"] == 5
    assert barometer(Publication.load(tmp_path, "failure"), By.PROGRAMME)["items"] == []


def test_jobs_are_rounded_beyond_the_largest_structure() -> None:
    assert overlapping.step_of_jobs(0) == 10
    assert overlapping.step_of_jobs(37.2) == 100
    assert overlapping.step_of_jobs(100) == 100
    assert overlapping.rounded(7.5, 5) == 10
    assert overlapping.rounded(7.4, 5) == 5


def test_a_bridge_between_hidden_cells_is_found() -> None:
    """Rows a+b=5, c+d=5, columns a+c, b+d: all hidden; with e = a + b known, nothing more is."""
    # Cells 0..3 in two rows and two columns, totals 4..7, all shown but 0..3: 0 moves 0..5.
    equations = [
        Equation(4, np.array([0, 1])),
        Equation(5, np.array([2, 3])),
        Equation(6, np.array([0, 2])),
        Equation(7, np.array([1, 3])),
    ]
    size = np.array([2, 3, 4, 1, 5, 5, 6, 4])
    hidden = np.array([True] * 4 + [False] * 4)
    assert unmoved(equations, [], hidden, size).tolist() == []
    # One of them shown, the three others follow.
    hidden[0] = False
    assert unmoved(equations, [], hidden, size).tolist() == [1, 2, 3]
    whole = closed(equations, hidden, size, enough_structures(size))
    assert not set(unmoved(equations, [], whole, size)) & {0, 1, 2, 3}


def law(p: list[float]) -> np.ndarray:
    """Return the law of a number of failures, by the plain recursion."""
    found = np.array([1.0])
    for one in p:
        found = np.convolve(found, [1 - one, one])
    return found


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_the_interval_is_that_of_the_exact_law(p: list[float]) -> None:
    low, high = chance.failures(np.array(p))
    reached = np.cumsum(law(p))
    for bound, tail in ((low, 0.05), (high, 0.95)):
        assert reached[bound] >= tail - 1e-9
        assert bound == 0 or reached[bound - 1] < tail + 1e-9


def test_the_interval_of_a_large_group_is_near_the_exact_one() -> None:
    p = np.random.default_rng(3).beta(1, 30, 1500)
    low, high = chance.failures(p)
    reached = np.cumsum(law(p.tolist()))
    exact = int(np.searchsorted(reached, 0.05)), int(np.searchsorted(reached, 0.95))
    assert abs(low - exact[0]) <= 1
    assert abs(high - exact[1]) <= 1


def test_intervals_of_jobs_hold_their_mean_and_are_never_negative() -> None:
    low, high = chance.jobs(np.array([3.0, 100.0, 0.0]), np.array([40.0, 900.0, 0.0]))
    assert (low >= 0).all()
    assert all(a <= b for a, b in pairwise([low[1], 100.0, high[1]]))
    assert (low[2], high[2]) == (0.0, 0.0)


def test_an_empty_lake_has_no_practices(tmp_path: Path) -> None:
    from veille.practices import practices

    assert practices(Lake(tmp_path), date(2026, 6, 30)).is_empty()
