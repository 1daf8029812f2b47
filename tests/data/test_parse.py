"""Amounts, dates, periods and damaged texts, read as they are published."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.sources.parse import FOUNDED_YEAR, amounts, dates, periods
from data.sources.text import decode, fold, mend, mend_column


def amount(*values: str | None) -> list[Decimal | None]:
    return amounts(pl.Series(values, dtype=pl.String))["amount"].to_list()


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("26 956,00", "26956.00"),
        ("1 240 000,00", "1240000.00"),
        ("1\xa0240\u202f000,50", "1240000.50"),
        ("40 000,00 €", "40000.00"),
        ("50\xa0000 euros", "50000.00"),
        ("97 000euros", "97000.00"),
        ("24975,00", "24975.00"),
        ("99786.57", "99786.57"),
        ("250.0", "250.00"),
        ("-1 500,00", "-1500.00"),
        ("− 12", "-12.00"),
        ("1.234.567,89", "1234567.89"),
        ("1,234,567.89", "1234567.89"),
        ("0", "0.00"),
        ("1e+05", "100000.00"),
        ("30 K€", "30000.00"),
        ("1,5 M€", "1500000.00"),
        ("1000 € TTC", "1000.00"),
        ("0,105", "0.10"),
    ],
)
def test_amounts_as_written(written: str, expected: str) -> None:
    assert amount(written) == [Decimal(expected)]


def test_comment_after_an_amount_is_kept_apart() -> None:
    read = amounts(pl.Series(["240 000 € (pour les 3 saisons sportives)"]))
    assert read.row(0) == (Decimal("240000.00"), None, "pour les 3 saisons sportives")


@pytest.mark.parametrize("written", [None, "", "NA", "NC", "-", "néant", "Ne rien indiquer", "N/A"])
def test_missing_amounts(written: str | None) -> None:
    assert amounts(pl.Series([written], dtype=pl.String)).row(0)[:2] == (None, "no_amount")


@pytest.mark.parametrize(
    "written",
    [
        "SEM",
        "12 50",
        "1 000 000 F",
        "30 000 € en 2017, 24 000 €",
        "12345678901234",
        "2,4E+5",
        "1.234",
    ],
)
def test_unreadable_amounts_are_never_guessed(written: str) -> None:
    assert amounts(pl.Series([written])).row(0)[:2] == (None, "bad_amount")


def test_a_lone_group_of_three_digits_is_read_as_the_rest_of_its_column() -> None:
    assert amount("1.234", "10.50") == [Decimal("1.23"), Decimal("10.50")]
    assert amount("1.234", "2.345.678") == [Decimal(1234), Decimal(2345678)]
    assert amount("1,234", "10,50")[0] == Decimal("1.23")
    assert amount("1.234", "2.345.678", "10.50")[0] is None


@settings(deadline=None)
@given(st.decimals(min_value=-99_999_999, max_value=99_999_999, places=2))
def test_every_way_to_write_an_amount_gives_it_back(value: Decimal) -> None:
    english = f"{value:,.2f}"
    french = english.replace(",", " ").replace(".", ",")
    assert amount(str(value), french, french.replace(" ", "\u202f") + " €", english) == [value] * 4


def day(*values: str | None) -> list[date | None]:
    return dates(pl.Series(values, dtype=pl.String))["day"].to_list()


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2017-06-27", date(2017, 6, 27)),
        ("2017/09/08", date(2017, 9, 8)),
        ("08/09/2017", date(2017, 9, 8)),
        ("8/9/17", date(2017, 9, 8)),
        ("31.12.2017", date(2017, 12, 31)),
        ("20170627", date(2017, 6, 27)),
        ("43000", date(2017, 9, 22)),
        ("43000.0", date(2017, 9, 22)),
        ("2017-06-27T00:00:00+02:00", date(2017, 6, 27)),
        ("27/06/2017 00:00", date(2017, 6, 27)),
        ("10 décembre 2009", date(2009, 12, 10)),
        ("1er janvier 2020", date(2020, 1, 1)),
        ("mardi 4 août 2020", date(2020, 8, 4)),
    ],
)
def test_days(written: str, expected: date) -> None:
    assert dates(pl.Series([written])).row(0) == (expected, expected.year, None)


@pytest.mark.parametrize(
    "written", ["2018-04", "2018/4", "04/2018", "2018", "2018.0", "avril 2018"]
)
def test_dates_without_a_day_give_only_their_year(written: str) -> None:
    assert dates(pl.Series([written])).row(0) == (None, 2018, None)


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        (None, "no_date"),
        ("NC", "no_date"),
        ("1900-01-01", "no_date"),
        ("2014-12-35", "bad_date"),
        ("0009-12-02", "bad_date"),
        ("5025-05-27", "bad_date"),
        ("2018-2019", "bad_date"),
        ("fin de l'action", "bad_date"),
    ],
)
def test_absent_and_impossible_dates(written: str | None, problem: str) -> None:
    assert dates(pl.Series([written], dtype=pl.String)).row(0) == (None, None, problem)


def test_month_comes_first_only_where_the_column_says_so() -> None:
    assert day("03/04/2018", "12/31/2018") == [date(2018, 3, 4), date(2018, 12, 31)]
    assert day("03/04/2018", "31/12/2018") == [date(2018, 4, 3), date(2018, 12, 31)]
    assert day("31/12/2018", "12/31/2018") == [date(2018, 12, 31), None]


@settings(deadline=None)
@given(st.dates(date(1950, 1, 1), date(2099, 12, 31)))
def test_iso_and_french_dates_are_read_back(value: date) -> None:
    assert day(value.isoformat()) == [value]
    assert day(f"{value:%d/%m/%Y}", "31/12/2018")[0] == value


def test_the_year_before_which_a_date_is_an_error_can_be_said() -> None:
    for texts in (["1907-03-12", "1900-01-01", "1700-01-01"], ["12/03/1907", "1900-01-01", "1700"]):
        old = dates(pl.Series(texts), FOUNDED_YEAR)
        assert old["day"].to_list() == [date(1907, 3, 12), None, None]
        assert old["problem"].to_list() == [None, "no_date", "bad_date"]
        assert dates(pl.Series(texts))["problem"].to_list()[0] == "bad_date"


def iso_like() -> st.SearchStrategy[str | None]:
    day = st.builds(
        "{:04d}-{:02d}-{:02d}{}".format,
        st.sampled_from([1, 1900, 1949, 1950, 1998, 2024, 2099, 2100]),
        st.integers(0, 14),
        st.integers(0, 33),
        st.sampled_from(["", "", "T05:04:12", " 14:26:06.123", "T5h30 matin"]),
    )
    return st.one_of(st.none(), st.just("1900-01-01"), st.just("1900-01-01T00:00:00"), day)


@given(st.lists(iso_like(), max_size=20))
def test_a_column_of_iso_days_alone_is_read_as_beside_other_dates(values: list[str | None]) -> None:
    alone = dates(pl.Series(values, dtype=pl.String))
    beside = dates(pl.Series([*values, "1er mars 2020"], dtype=pl.String))
    assert alone.equals(beside.head(len(values)))
    assert alone.schema == beside.schema


@pytest.mark.parametrize(
    ("written", "start", "end"),
    [
        ("2017-03-30/2017-05-24", date(2017, 3, 30), date(2017, 5, 24)),
        ("2018-01-01_2018-03-31", date(2018, 1, 1), date(2018, 3, 31)),
        ("du 01/02/2018 au 03/04/2019", date(2018, 2, 1), date(2019, 4, 3)),
        ("28/11/2017\n08/12/2017", date(2017, 11, 28), date(2017, 12, 8)),
        ("2017-09-08", date(2017, 9, 8), date(2017, 9, 8)),
        ("2018-11-20/fin de l'action", date(2018, 11, 20), None),
        ("NC/2019-06-30", None, date(2019, 6, 30)),
        ("2017-03-02/2017-01-10", None, None),
        ("2014", None, None),
        (None, None, None),
    ],
)
def test_periods(written: str | None, start: date | None, end: date | None) -> None:
    assert periods(pl.Series([written], dtype=pl.String)).row(0) == (start, end)


def test_encodings() -> None:
    text = "nomBénéficiaire;montant\nÉcole d'été;10 €\n"
    assert decode(text.encode()) == (text, "utf-8")
    assert decode(b"\xef\xbb\xbf" + text.encode()) == (text, "utf-8-sig")
    assert decode(text.encode("cp1252")) == (text, "cp1252")
    assert decode(b"\xef\xbb\xbf" + text.encode("cp1252")) == (text, "cp1252")
    assert decode(text.encode("utf-16"))[0] == text
    accented = "bénéficiaire;été\n"
    assert decode(accented.encode("mac_roman")) == (accented, "mac-roman")
    assert decode(b"\x81\xe9") == ("\x81é", "cp1252")


def test_lines_of_two_encodings() -> None:
    raw = "première\n".encode() + "deuxième\n".encode("cp1252")
    assert decode(raw) == ("première\ndeuxième\n", "utf-8+cp1252")


@pytest.mark.parametrize(
    ("damaged", "expected"),
    [
        ("SantÃ©", "Santé"),
        ("notifiÃ©e Ã  l'Europe", "notifiée à l'Europe"),
        ("lâ€™Ã©tat", "l’état"),
        ("<U+00E9>t&#233;", "été"),
        ("été", "été"),
        ("SÃO JOÃO", "SÃO JOÃO"),
        ("Dupont & Cie", "Dupont & Cie"),
    ],
)
def test_mojibake_is_repaired_only_when_certain(damaged: str, expected: str) -> None:
    assert mend(damaged) == expected
    assert mend_column(pl.Series([damaged, None])).to_list() == [expected, None]


@settings(deadline=None)
@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=20))
def test_text_read_with_the_wrong_encoding_comes_back(text: str) -> None:
    try:
        damaged = text.encode().decode("cp1252")
    except UnicodeDecodeError:
        return
    if mend(text) == text:
        assert mend(damaged) == text


def test_fold() -> None:
    assert fold("N° SIRET\n(bénéficiaire)") == "nsiretbeneficiaire"
