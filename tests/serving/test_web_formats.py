"""French numbers and dates."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.web import formats


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0, 0, "0"),
        (1234.5, 1, "1\u202f234,5"),
        (-1_234_567, 0, "−1\u202f234\u202f567"),
        (-0.004, 2, "0,00"),  # never "minus zero"
        (None, 0, "—"),
        (float("nan"), 0, "—"),
    ],
)
def test_number(value: float | None, digits: int, text: str) -> None:
    assert formats.number(value, digits) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0723, "7,2\u00a0%"),
        (0.0, "<\u00a00,1\u00a0%"),
        (0.0004, "<\u00a00,1\u00a0%"),
        (0.99961, ">\u00a099,9\u00a0%"),
        (1.0, ">\u00a099,9\u00a0%"),
        (0.5, "50,0\u00a0%"),
        (None, "—"),
    ],
)
def test_percent_never_says_certain(share: float | None, text: str) -> None:
    assert formats.percent(share) == text


def test_interval_writes_the_sign_once() -> None:
    assert formats.interval(0.041, 0.118) == "4,1\u00a0–\u00a011,8\u00a0%"
    assert formats.interval(None, 0.1) == ""


@pytest.mark.parametrize(
    ("value", "text"), [(0.594, "+0,59"), (-0.594, "−0,59"), (0.001, "0,00"), (-0.001, "0,00")]
)
def test_signed(value: float, text: str) -> None:
    assert formats.signed(value) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (950, "950\u00a0€"),
        (340_000, "340\u00a0k€"),
        (1_250_000, "1,2\u00a0M€"),
        (2e9, "2\u00a0Md€"),
        (-15_000, "−15\u00a0k€"),
    ],
)
def test_short_euros(amount: float, text: str) -> None:
    assert formats.short_euros(amount) == text


@pytest.mark.parametrize(
    ("day", "text"),
    [
        (date(2025, 7, 1), "1er\u00a0juillet\u00a02025"),
        (date(2026, 8, 31), "31\u00a0août\u00a02026"),
        (None, "—"),
    ],
)
def test_long_date(day: date | None, text: str) -> None:
    assert formats.long_date(day) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0\u00a0structure"), (1, "1\u00a0structure"), (2, "2\u00a0structures")],
)
def test_plural_starts_at_two(count: int, text: str) -> None:
    assert formats.plural(count, "structure") == text


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (0.07, "Sur 100 structures au même profil, environ 7"),
        (0.004, "Sur 1\u202f000 structures au même profil, environ 4"),
        (0.0003, "Sur 10\u202f000 structures au même profil, environ 3"),
        (0.00001, "Sur 10\u202f000 structures au même profil, moins d’une"),
    ],
)
def test_frequency(probability: float, text: str) -> None:
    assert formats.frequency(probability) == text


def test_siren_is_grouped_and_other_texts_are_left() -> None:
    assert formats.siren("990000012") == "990\u00a0000\u00a0012"
    assert formats.siren("P-4X7K2M") == "P-4X7K2M"


@given(st.floats(min_value=-1e12, max_value=1e12), st.integers(min_value=0, max_value=3))
def test_a_written_number_reads_back(value: float, digits: int) -> None:
    text = formats.number(value, digits)
    plain = text.replace("\u202f", "").replace("−", "-").replace(",", ".")
    assert abs(float(plain) - value) <= 0.5 * 10**-digits + abs(value) * 1e-12
