"""A list that stops, starts or has a hole is never read as a cut; stages are never added."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import polars as pl

from features.coverage import slots, whole_lists
from features.facts import MemoryFacts
from tests.features.worlds import Row, panel_of, tables
from tests.fictitious import siren

A, B = siren(1), siren(2)
AS_OF = date(2020, 12, 31)


def line(year: int, amount: int, who: str = A, stage: str = "paid", funder: str = "etat") -> Row:
    return {
        "siren": who,
        "funder_id": funder,
        "funder_level": "state" if funder == "etat" else "commune",
        "programme": "163",
        "amount_eur": Decimal(amount),
        "stage": stage,
        "fiscal_year": year,
        "instrument": "grant",
        "dataset": "liste fictive",
        "known_on": date(year, 12, 31),
    }


def seen(rows: list[Row], as_of: date, who: str = A) -> Row:
    panel = panel_of(MemoryFacts(tables({"grants": rows})), as_of)
    return panel.row(by_predicate=pl.col("structure_id") == who, named=True)


def test_a_hole_compares_the_years_around_it() -> None:
    # The list of 2022 was never published: 2023 is compared with 2021.
    rows = [line(2023, 30_000), line(2021, 40_000), line(2020, 10_000)]
    row = seen(rows, date(2023, 12, 31))
    assert (row["grants_eur"], row["grants_previous_eur"]) == (30_000, 40_000)
    assert row["grants_two_before_eur"] == 10_000
    assert abs(row["grants_change_1y_ratio"] + 0.25) < 1e-12
    assert row["lost_funders_count"] == 0


def test_a_quarantined_year_is_a_hole_not_a_loss() -> None:
    # The exercise 2011 is unreadable at the source: no fact of it exists.
    row = seen([line(year, 20_000) for year in (2009, 2010, 2012)], date(2012, 12, 31))
    assert row["grants_change_1y_ratio"] == 0
    assert row["lost_funders_share_ratio"] == 0
    assert row["grants_years_count"] == 3


def test_a_list_that_stops_is_no_cut() -> None:
    rows = [line(2021, 30_000), line(2020, 30_000)]
    published = seen(rows, date(2021, 12, 31))
    for silent in (date(2022, 12, 31), date(2023, 12, 31)):  # one year, two years later
        row = seen(rows, silent)
        for name in ("grants_eur", "grants_change_1y_ratio", "lost_funders_count"):
            assert row[name] == published[name], (silent, name)
    # after three years of silence nothing is known, which is not zero
    gone = panel_of(MemoryFacts(tables({"grants": rows})), date(2024, 12, 31))
    assert gone.height == 0


def test_a_structure_that_leaves_a_living_list_is_a_cut() -> None:
    rows = [line(2021, 30_000), line(2020, 30_000), line(2022, 5_000, B)]
    row = seen(rows, date(2022, 12, 31))
    assert (row["grants_eur"], row["grants_previous_eur"]) == (0, 30_000)
    assert (row["grants_change_1y_ratio"], row["lost_funders_count"]) == (-1, 1)


def test_a_list_that_starts_is_no_rise() -> None:
    rows = [line(2021, 10_000), line(2020, 10_000), line(2021, 90_000, funder="slug:commune")]
    row = seen(rows, date(2021, 12, 31))
    assert row["grants_eur"] == 100_000
    assert row["grants_change_1y_ratio"] == 0
    assert row["local_change_1y_ratio"] is None


def test_awards_and_payments_of_one_funder_and_year_are_never_added() -> None:
    rows = [line(2020, 30_000, stage="awarded"), line(2020, 29_000), line(2019, 28_000)]
    row = seen(rows, AS_OF)
    assert (row["grants_eur"], row["grants_previous_eur"]) == (30_000, 28_000)
    # also between structures: where awards are known, a payment is not another grant
    panel = panel_of(MemoryFacts(tables({"grants": [*rows, line(2020, 9_000, B)]})), AS_OF)
    assert panel["structure_id"].to_list() == [A]


def test_a_funder_whose_lists_disagree_on_its_level_is_one_funder() -> None:
    commune = line(2020, 9_000, funder="slug:commune")
    unsure = {**line(2019, 9_000, funder="slug:commune"), "funder_level": "unknown"}
    row = seen([commune, unsure], date(2020, 12, 31))
    assert (row["funders_count"], row["lost_funders_count"]) == (1, 0)
    assert row["grants_change_1y_ratio"] == 0


def test_slots_skip_one_missing_window_but_not_two() -> None:
    covered = pl.DataFrame(
        {
            "funder_id": ["etat"] * 4 + ["slug:a"] * 2 + ["slug:b"],
            "window": [0, 2, 2, 5, 1, 2, 3],
            "stage": ["paid", "paid", "awarded", "paid", "paid", "awarded", "paid"],
            "partial": [False] * 7,
        }
    )
    found = slots(covered).drop("partial").sort("funder_id", "window")
    assert found.rows() == [
        ("etat", 0, "paid", 0, 2),
        ("etat", 2, "awarded", 1, 2),  # awards first; window 5 is behind too large a hole
        ("slug:a", 1, "paid", 0, 2),
        ("slug:a", 2, "awarded", 1, 2),
    ]  # slug:b has been silent for over two windows


def test_an_extract_never_stands_for_the_list_of_a_funder() -> None:
    covered = pl.DataFrame(
        {
            "funder_id": ["etat", "etat", "slug:a"],
            "window": [0, 1, 0],
            "stage": ["awarded", "awarded", "paid"],
            "partial": [True, False, True],
        }
    )
    found = slots(covered).select("funder_id", "window", "partial", "slot")
    assert sorted(found.rows()) == [("etat", 1, False, 0), ("slug:a", 0, True, 0)]


def test_an_extract_of_one_scheme_makes_no_other_structure_look_cut() -> None:
    lists = [line(2019, 9_000), line(2019, 4_000, B)]
    extract = {**line(2020, 1_000, B, stage="awarded"), "source": "fonjep"}
    assert seen(lists, AS_OF) == seen([*lists, extract], AS_OF)
    assert seen([*lists, line(2020, 1_000, B)], AS_OF)["lost_funders_count"] == 1


def test_a_funder_known_by_extracts_alone_is_known_by_them() -> None:
    lines = pl.DataFrame([{"funder_id": "etat", "source": s} for s in ("jaune", "fonjep")]).lazy()
    assert whole_lists(lines).collect()["source"].to_list() == ["jaune"]
    assert whole_lists(lines.filter(pl.col("source") == "fonjep")).collect().height == 1
