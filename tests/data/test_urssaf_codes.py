"""Codings of the URSSAF: periods, days, cents."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from data.sources.urssaf_codes import cents, coded_days, month_after, periods, sas_days


@pytest.mark.parametrize(
    ("code", "period", "end"),
    [
        ("201712", "2017-02", date(2017, 2, 28)),
        ("201712.0", "2017-02", date(2017, 2, 28)),
        ("201711", "2017-01", date(2017, 1, 31)),
        ("201743", "2017-12", date(2017, 12, 31)),
        ("201710", "2017-Q1", date(2017, 3, 31)),
        ("202040", "2020-Q4", date(2020, 12, 31)),
        ("201762", "2017", date(2017, 12, 31)),
        ("1031", "2010-07", date(2010, 7, 31)),
        ("1022", "2010-05", date(2010, 5, 31)),
        ("0232", "2002-08", date(2002, 8, 31)),
        ("232", "2002-08", date(2002, 8, 31)),
        ("9941", "1999-10", date(1999, 10, 31)),
        ("4912", "2049-02", date(2049, 2, 28)),
        ("5012", "1950-02", date(1950, 2, 28)),
    ],
)
def test_a_period_is_a_quarter_and_a_month_of_it(code: str, period: str, end: date) -> None:
    assert periods(pl.Series([code])).rows() == [(period, end, None)]


@pytest.mark.parametrize(
    "code", ["201750", "201714", "201701", "201760", "194912", "210012", "20171", "17", "février"]
)
def test_what_is_no_period(code: str) -> None:
    assert periods(pl.Series([code])).rows() == [(None, None, "bad_date")]


@pytest.mark.parametrize("code", [None, "", " ", "NA"])
def test_a_period_that_is_not_there(code: str | None) -> None:
    assert periods(pl.Series([code], dtype=pl.String)).rows() == [(None, None, "no_date")]


@pytest.mark.parametrize(
    ("code", "day"),
    [
        ("990505", date(1999, 5, 5)),
        ("1050824", date(2005, 8, 24)),
        ("1121018", date(2012, 10, 18)),
        ("1160229", date(2016, 2, 29)),
        ("1000101.0", date(2000, 1, 1)),
    ],
)
def test_a_day_counts_years_from_1900(code: str, day: date) -> None:
    assert coded_days(pl.Series([code])).rows() == [(day, None)]


@pytest.mark.parametrize("code", ["1170229", "490101", "99505", "2005-08-24", "20050824", "x"])
def test_what_is_no_coded_day(code: str) -> None:
    assert coded_days(pl.Series([code])).rows() == [(None, "bad_date")]


def test_days_of_sas() -> None:
    texts = [
        "26MAY2014",
        "04OCT2017",
        "1jan2019",
        "31/12/2020",
        "2020-01-02",
        "29FEB2015",
        "",
        "MAY",
    ]
    assert sas_days(pl.Series(texts)).rows() == [
        (date(2014, 5, 26), None),
        (date(2017, 10, 4), None),
        (date(2019, 1, 1), None),
        (date(2020, 12, 31), None),
        (date(2020, 1, 2), None),
        (None, "bad_date"),
        (None, "no_date"),
        (None, "bad_date"),
    ]


def test_cents_are_whole() -> None:
    texts = ["195907", "3", "-12", "1.0", "0", "1,5", "", None, "1 000"]
    euros = pl.DataFrame({"c": texts}, schema={"c": pl.String}).select(cents("c"))["c"].to_list()
    assert euros[:5] == [Decimal(x) for x in ("1959.07", "0.03", "-0.12", "0.01", "0.00")]
    assert euros[5:] == [None] * 4


def test_the_month_after_ends_on_its_last_day() -> None:
    days = pl.Series([date(2024, 1, 31), date(2023, 1, 15), date(2023, 12, 31)])
    assert month_after(days).to_list() == [date(2024, 2, 29), date(2023, 2, 28), date(2024, 1, 31)]
