"""SIREN, SIRET, RNA: the columns agree with python-stdnum, and nothing is ever guessed."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import luhn as reference_luhn
from stdnum.fr import siren as reference_siren
from stdnum.fr import siret as reference_siret

from data.identifiers import is_rna, is_siren, is_siret, luhn, repair, siren_holds, siret_holds


def with_key(start: str) -> str:
    """Complete digits with their check digit."""
    return start + reference_luhn.calc_check_digit(start)


def siret_of(siren: str, order: int = 1) -> str:
    return with_key(f"{siren}{order:04d}")


SIREN = with_key("99000002")
SIRET = siret_of(SIREN)
LA_POSTE = "356000000"


def one(value: str | None) -> tuple[str | None, ...]:
    row: tuple[str | None, ...] = repair(pl.Series([value], dtype=pl.String)).row(0)
    return row


@settings(deadline=None)
@given(st.lists(st.from_regex(r"[0-9]{9}", fullmatch=True), max_size=30))
def test_columnar_siren_equals_stdnum(values: list[str]) -> None:
    series = pl.Series(values, dtype=pl.String)
    expected = [reference_siren.is_valid(value) and int(value) > 0 for value in values]
    assert siren_holds(series).to_list() == expected
    assert [is_siren(value) for value in values] == expected


@settings(deadline=None)
@given(
    st.lists(
        st.one_of(
            st.from_regex(r"[0-9]{14}", fullmatch=True),
            st.from_regex(r"356000000[0-9]{5}", fullmatch=True),
            st.integers(0, 99_999_999).map(lambda n: siret_of(with_key(f"{n:08d}"), n % 10_000)),
        ),
        max_size=30,
    )
)
def test_columnar_siret_equals_stdnum(values: list[str]) -> None:
    series = pl.Series(values, dtype=pl.String)
    expected = [reference_siret.is_valid(value) and int(value[:9]) > 0 for value in values]
    assert siret_holds(series).to_list() == expected
    assert [is_siret(value) for value in values] == expected


@settings(deadline=None)
@given(st.integers(1, 14).flatmap(lambda n: st.from_regex(rf"[0-9]{{{n}}}", fullmatch=True)))
def test_luhn_equals_stdnum_at_every_length(value: str) -> None:
    assert luhn(pl.Series([value]), len(value)).to_list() == [reference_luhn.is_valid(value)]


def test_la_poste_offices_escape_the_check_digit() -> None:
    office = next(
        f"{LA_POSTE}{nic:05d}"
        for nic in range(10, 99999)
        if not reference_luhn.is_valid(f"{LA_POSTE}{nic:05d}")
        and reference_siret.is_valid(f"{LA_POSTE}{nic:05d}")
    )
    assert is_siret(office)
    assert one(office) == (LA_POSTE, office, None, None)
    assert one(LA_POSTE) == (LA_POSTE, None, None, None)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (SIRET, (SIREN, SIRET, None, None)),
        (f" {SIREN[:3]} {SIREN[3:6]} {SIREN[6:]} {SIRET[9:]}'", (SIREN, SIRET, None, None)),
        (
            f"{SIREN[:3]}\xa0{SIREN[3:6]}\u202f{SIREN[6:]}\xa0{SIRET[9:]}",
            (SIREN, SIRET, None, None),
        ),
        (f"{SIREN[:3]}.{SIREN[3:6]}.{SIREN[6:]}", (SIREN, None, None, None)),
        (f"'{SIRET}", (SIREN, SIRET, None, None)),
        (f"{SIRET}.0", (SIREN, SIRET, None, None)),
        (f"N° SIRET : {SIRET}", (SIREN, SIRET, None, None)),
        (SIREN, (SIREN, None, None, None)),
        (f"{SIRET[0]}.{SIRET[1:]}E+13", (SIREN, SIRET, None, None)),
        ("w75 1 234 567", (None, None, "W751234567", None)),
        ("W2A1001234", (None, None, "W2A1001234", None)),
    ],
)
def test_certain_repairs(written: str, expected: tuple[str | None, ...]) -> None:
    assert one(written) == expected


def test_leading_zeros_are_put_back_only_when_the_check_digit_says_so() -> None:
    siren = with_key("01234567")
    siret = siret_of(siren)
    assert one(siren[1:]) == (siren, None, None, None)
    assert one(siret[1:]) == (siren, siret, None, None)
    wrong = siret[1:-1] + str((int(siret[-1]) + 1) % 10)
    assert one(wrong) == (None, None, None, "invalid_identifier")


@pytest.mark.parametrize(
    "written",
    [
        None,
        "",
        " ",
        "[ND]",
        "NA",
        "NC",
        "0",
        "0.0",
        "00000000000000",
        "Particulier",
        "-",
        "en cours",
    ],
)
def test_placeholders_are_no_identifier(written: str | None) -> None:
    assert one(written) == (None, None, None, "no_identifier")


@pytest.mark.parametrize(
    "written", ["2,43E+13", "2.43E+13", "9,9000002E+13", "9E+8", "7,22009E+12"]
)
def test_scientific_notation_destroys_the_siren(written: str) -> None:
    assert one(written) == (None, None, None, "damaged_identifier")


def test_scientific_notation_showing_nine_digits_keeps_the_siren() -> None:
    assert one(f"{SIREN[0]},{SIREN[1:]}E+13") == (SIREN, None, None, None)


@pytest.mark.parametrize("written", ["123", "12345678901234", "W12455", "751P001234", "1" * 15])
def test_other_values_are_invalid(written: str) -> None:
    assert one(written) == (None, None, None, "invalid_identifier")


def test_a_wrong_nic_keeps_the_valid_siren() -> None:
    wrong = SIRET[:-1] + str((int(SIRET[-1]) + 1) % 10)
    assert one(wrong) == (SIREN, None, None, None)


def test_five_trailing_zeros_prove_that_nine_digits_were_kept() -> None:
    assert SIREN[-1] != "0"
    assert one(SIREN + "00000") == (SIREN, None, None, None)
    assert one(f"{SIREN}00000.0") == (SIREN, None, None, None)


def test_six_trailing_zeros_prove_nothing_on_their_own() -> None:
    ending_in_zero = next(s for n in range(100) if (s := with_key(f"990001{n:02d}"))[-1] == "0")
    assert one(ending_in_zero + "00000") == (None, None, None, "damaged_identifier")


def nine_kept_column(size: int) -> list[str]:
    return [with_key(f"{n:08d}") + "00000" for n in range(99_000_000, 99_000_000 + 7 * size, 7)]


def test_a_whole_column_rounded_to_nine_digits_keeps_all_its_siren() -> None:
    column = nine_kept_column(300)
    assert any(value[8] == "0" for value in column)
    read = repair(pl.Series(column))
    assert read["siren"].to_list() == [value[:9] for value in column]
    assert read["siret"].null_count() == len(column)


def test_a_column_rounded_to_six_digits_keeps_no_siren_even_by_chance() -> None:
    column = [f"{n:06d}00000000" for n in range(300_000, 400_000, 37)]
    chance = [value for value in column if is_siren(value[:9])]
    assert len(chance) > 100
    read = repair(pl.Series(column))
    assert read["siren"].null_count() == len(column)
    assert read["problem"].unique().to_list() == ["damaged_identifier"]


def test_a_mixed_column_keeps_only_what_is_proven() -> None:
    rounded = [f"{n:06d}00000000" for n in range(300_000, 400_000, 370)]
    sound = [value for value in nine_kept_column(60) if value[8] != "0"]
    read = repair(pl.Series([*rounded, *sound]))
    assert read["siren"].head(len(rounded)).null_count() == len(rounded)
    assert read["siren"].tail(len(sound)).to_list() == [value[:9] for value in sound]


def test_a_column_of_rounded_siren_is_damaged_but_a_single_round_siren_is_not() -> None:
    rounded = [f"{n:06d}000" for n in range(300_000, 400_000, 37)]
    valid = [value for value in rounded if is_siren(value)]
    assert one(valid[0]) == (valid[0], None, None, None)
    assert repair(pl.Series(rounded))["siren"].null_count() == len(rounded)


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=18), st.floats().map(str)), max_size=25))
def test_any_text_gives_one_row_and_a_problem_exactly_when_nothing_was_read(
    values: list[str | None],
) -> None:
    read = repair(pl.Series(values, dtype=pl.String))
    assert read.columns == ["siren", "siret", "rna", "problem"]
    assert read.height == len(values)
    for siren, siret, rna, problem in read.iter_rows():
        assert (problem is None) == (siren is not None or rna is not None)
        assert siren is None or is_siren(siren)
        assert siret is None or (is_siret(siret) and siret.startswith(siren or "-"))
        assert rna is None or is_rna(rna)


def test_numbers_and_empty_columns() -> None:
    assert repair(pl.Series([int(SIRET), None])).row(0) == (SIREN, SIRET, None, None)
    assert repair(pl.Series([float(SIRET)])).row(0) == (SIREN, SIRET, None, None)
    assert repair(pl.Series([], dtype=pl.String)).height == 0


def test_is_functions_want_bare_digits() -> None:
    assert not is_siren(f"{SIREN} ")
    assert not is_siren("000000000")
    assert not is_siret(f"{SIREN} {SIRET[9:]}")
    assert not is_siret("00000000000000")
    assert is_rna("W751234567")
    assert not is_rna("w751234567")
