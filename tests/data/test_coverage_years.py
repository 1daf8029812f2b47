"""Which funder-years are covered: a list that stops, begins late or has a hole is never a cut."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import polars as pl

from data.contracts import TABLES
from data.coverage import SCHEMA, funder_years
from tests.fictitious import siren


def lists(*lines: tuple[str, int, int, date]) -> pl.LazyFrame:
    """Return grants: (funder, exercise, number of structures, day known)."""
    rows = [
        {
            "siren": siren(at),
            "funder_id": funder,
            "funder_level": "commune",
            "amount_eur": Decimal(1000),
            "stage": "awarded",
            "fiscal_year": year,
            "instrument": "grant",
            "dataset": f"liste-{year}",
            "source": "fictif",
            "known_on": known,
        }
        for funder, year, count, known in lines
        for at in range(count)
    ]
    schema = TABLES["grants"].schema()
    full = [{name: row.get(name) for name in schema} for row in rows]
    return pl.DataFrame(full, schema=schema).lazy()


def day(year: int) -> date:
    return date(year, 12, 31)


def statuses(frame: pl.DataFrame, funder: str) -> dict[int, str]:
    rows = frame.filter(pl.col("funder_id") == funder)
    return dict(rows.select("fiscal_year", "status").iter_rows())


WORKED = (
    ("slug:ville", 2018, 5, day(2018)),
    ("slug:ville", 2019, 5, day(2019)),
    ("slug:ville", 2021, 5, day(2021)),
    ("slug:region", 2022, 5, day(2022)),
)


def test_the_worked_example() -> None:
    found = funder_years(lists(*WORKED), as_of=date(2024, 12, 31))
    assert found.schema == SCHEMA
    assert statuses(found, "slug:ville") == {
        2018: "covered",
        2019: "covered",
        2020: "absent",
        2021: "covered",
        2022: "stopped",
    }
    # A list that is not out yet, for eighteen months after its exercise, is no list that stopped.
    for as_of, status in ((date(2024, 6, 30), "awaited"), (date(2024, 7, 1), "stopped")):
        then = funder_years(lists(*WORKED), as_of=as_of)
        assert statuses(then, "slug:ville")[2022] == status
    silent = found.filter(pl.col("status").is_in(["absent", "stopped"]))
    assert silent["lines"].to_list() == [0, 0]
    assert silent["amount_eur"].null_count() == 2
    assert silent["known_from"].null_count() == 2


def test_a_funder_that_stops_is_never_covered_with_nothing() -> None:
    found = funder_years(lists(*WORKED))
    covered = found.filter(pl.col("status") == "covered")
    assert covered.filter((pl.col("lines") == 0) | pl.col("amount_eur").is_null()).is_empty()


def test_what_is_known_later_changes_nothing_before() -> None:
    as_of = date(2021, 6, 30)
    later = (("slug:ville", 2020, 9, date(2021, 7, 1)), ("slug:autre", 2019, 3, day(2022)))
    before = funder_years(lists(*WORKED), as_of=as_of)
    assert funder_years(lists(*WORKED, *later), as_of=as_of).equals(before)
    assert statuses(before, "slug:ville") == {2018: "covered", 2019: "covered"}


def test_a_list_cut_short_is_partial() -> None:
    years = ((2018, 40), (2019, 41), (2020, 3), (2021, 42), (2022, 20))
    found = funder_years(lists(*(("slug:ville", year, n, day(year)) for year, n in years)))
    assert statuses(found, "slug:ville") == {
        2018: "covered",
        2019: "covered",
        2020: "partial",
        2021: "covered",
        2022: "covered",  # half as many may be a choice of the funder
    }


def test_a_year_known_from_an_extract_alone_is_partial() -> None:
    whole = lists(("etat", 2018, 9, day(2018)), ("etat", 2019, 9, day(2019)))
    extract = lists(("etat", 2020, 8, day(2020))).with_columns(pl.lit("fonjep").alias("source"))
    listed = whole.with_columns(pl.lit("jaune").alias("source"))
    found = funder_years(pl.concat([listed, extract]))
    assert statuses(found, "etat") == {2018: "covered", 2019: "covered", 2020: "partial"}
    # Where extracts are all that is known of a funder, they are what its years are.
    assert statuses(funder_years(extract), "etat") == {2020: "covered"}


def test_nothing_is_known_of_nothing() -> None:
    assert funder_years(lists()).equals(pl.DataFrame(schema=SCHEMA))
