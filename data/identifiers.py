"""SIREN, SIRET and RNA numbers: checks on one value, repair of a whole column.

A repair is made only when it is certain: separators, a float's `.0`, leading zeros lost by a
spreadsheet, a SIREN written in a SIRET column. A rounded number is never completed by guess.

How many trailing zeros prove what: the last five digits of a SIRET (the NIC) are never `00000`,
so a SIRET ending in five zeros or more was rounded (or padded) and its NIC is lost.

- exactly five zeros: the ninth digit is not zero, so at least nine digits were kept. Rounding may
  only have turned S - 1 into S, and two SIREN that differ by their last digit cannot both pass the
  check digit: S passing it is the SIREN.
- six zeros or more: the ninth digit is a true zero or a lost digit, and one lost number in ten
  passes the check by chance. It is kept only where the column itself shows that nine digits were
  kept: nearly all of its rounded numbers end in exactly five zeros, and those ending in more pass
  the check far more often than chance.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from stdnum.fr import siren as _siren
from stdnum.fr import siret as _siret

SIREN_DIGITS = 9
SIRET_DIGITS = 14
NIC_DIGITS = 5

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LA_POSTE = "356000000"
_LA_POSTE_SEAT = "35600000000048"
#: an RNA number; ASCII digits said one by one: `\d` takes those of every script
RNA = r"^W[0-9][0-9A-Z][0-9]{7}$"
_PLAIN = r"^(?:[0-9]{14}|[0-9]{9})$"
_SCIENTIFIC = r"^(\d)[.,]?(\d*)E\+?0*(\d{1,2})$"
# Everything a person or a spreadsheet puts around or between the digits.
_NOISE = r"[\s\x{00a0}\x{1680}\x{2000}-\x{200f}\x{202f}\x{205f}\x{2060}\x{3000}\x{feff}'’‘`\"]"
_LABEL = r"^(?:N°|Nº|SIRET|SIREN|RNA|[:=])+"

#: a rounded column proves nine kept digits from this many numbers ending in exactly five zeros,
_PROOF_MIN = 10
#: with at most this share ending in more (one in ten expected when nine digits are kept),
_PROOF_MAX_LONGER = 0.25
#: of which at least this share pass the check digit (one in ten by chance).
_PROOF_MIN_VALID = 0.8
#: natural share of SIREN ending in 000 is one in a thousand; a column above this was rounded
_ROUNDED_SIREN_SHARE = 0.1
_ROUNDED_SIREN_MIN = 3

_ROUND_ZEROS = 3

_BLOCK = 5


@cache
def _block_sums(parity: int) -> NDArray[np.int64]:
    """Return the Luhn sum of every block of five digits; `parity` 1 doubles its last digit."""
    numbers = np.arange(10**_BLOCK)
    total = np.zeros(numbers.shape, dtype=np.int64)
    for position in range(_BLOCK):
        digit = numbers // 10**position % 10
        doubled = digit * 2 - np.where(digit > 4, 9, 0)
        total += doubled if (position + parity) % 2 else digit
    return total


def is_siren(value: str) -> bool:
    """Tell whether `value` is nine digits passing the check digit (000000000 does not count)."""
    return (
        re.fullmatch(r"[0-9]{9}", value) is not None
        and value != "0" * SIREN_DIGITS
        and bool(_siren.is_valid(value))
    )


def is_siret(value: str) -> bool:
    """Tell whether `value` is a valid SIRET of 14 digits, La Poste's exception included."""
    return (
        re.fullmatch(r"[0-9]{14}", value) is not None
        and is_siren(value[:SIREN_DIGITS])
        and bool(_siret.is_valid(value))
    )


def is_rna(value: str) -> bool:
    """Tell whether `value` is an RNA number: W, département, then seven digits (W2A1001234)."""
    return re.fullmatch(RNA, value) is not None


def luhn(digits: pl.Series, length: int) -> pl.Series:
    """Tell for each string of exactly `length` digits whether its check digit holds (Boolean).

    False where the value is null or not a number. Digits are summed five at a time by a table:
    three million SIRET take a fraction of a second.
    """
    return pl.Series(digits.name, _luhn(_numbers(digits), length)) & digits.is_not_null()


def _luhn(number: NDArray[np.int64], length: int) -> NDArray[np.bool_]:
    total = np.zeros(number.shape, dtype=np.int64)
    parity = 0
    for _ in range(-(-length // _BLOCK)):
        # Twice as fast as divmod, which looks at signs.
        rest = number // 10**_BLOCK
        total += _block_sums(parity)[number - rest * 10**_BLOCK]
        number = rest
        parity ^= _BLOCK % 2
    holds: NDArray[np.bool_] = total % 10 == 0
    return holds


def siren_holds(digits: pl.Series) -> pl.Series:
    """Columnar `is_siren` on strings of nine digits."""
    number = _numbers(digits)
    holds = _luhn(number, SIREN_DIGITS) & (number > 0)
    return pl.Series(digits.name, holds) & digits.is_not_null()


def siret_holds(digits: pl.Series) -> pl.Series:
    """Columnar `is_siret` on strings of fourteen digits."""
    siren = digits.str.slice(0, SIREN_DIGITS)
    la_poste = ((siren == _LA_POSTE) & (digits != _LA_POSTE_SEAT)).fill_null(value=False)
    holds = siren_holds(siren) & luhn(digits, SIRET_DIGITS) & ~la_poste
    if la_poste.any():
        # La Poste has more offices than check digits allow: its digits sum to a multiple of five.
        number = np.where(la_poste.to_numpy(), _numbers(digits), 1)
        total = sum((number // 10**p) % 10 for p in range(SIRET_DIGITS))
        holds = holds | (la_poste & pl.Series(total % 5 == 0))
    return holds.alias(digits.name)


def _numbers(digits: pl.Series) -> NDArray[np.int64]:
    """Return the digits as integers, 1 (which fails the check) where there are none."""
    return digits.cast(pl.Int64, strict=False).fill_null(1).to_numpy()


def repair(values: pl.Series) -> pl.DataFrame:
    """Read a column of identifiers as published (text or numbers).

    Returns
    -------
    polars.DataFrame
        One row a value, in order: `siren`, `siret`, `rna` (null where unknown) and `problem`:
        null, or "no_identifier" (empty, placeholder), "damaged_identifier" (rounded, scientific
        notation), "invalid_identifier" (anything else, wrong check digit included). A SIRET whose
        NIC is wrong or lost keeps its SIREN when that one holds. `problem` is null exactly when
        a SIREN or an RNA was read.
    """
    frame = values.cast(pl.String).alias("raw").to_frame()
    clean = pl.col("raw").str.contains(_PLAIN).fill_null(value=False)
    untidy = frame.filter(~clean).unique()
    frame = frame.join(
        _tidied(untidy), on="raw", how="left", nulls_equal=True, maintain_order="left"
    ).with_columns(pl.when(clean).then("raw").otherwise("digits").alias("digits"))
    return _judged(_measured(frame))


def _tidied(untidy: pl.DataFrame) -> pl.DataFrame:
    """Read distinct values that are not plain numbers.

    Adds `digits`, `kept` (significant digits shown by a scientific notation that lost some),
    `scientific`, `short` (a SIRET without its leading zero, put back), `rna`, `blank`.
    """
    text = pl.col("text")
    whole = text.str.replace_all(r"[.\-_/]", "")
    first, rest, power = (text.str.extract(_SCIENTIFIC, group) for group in (1, 2, 3))
    length = power.cast(pl.Int64, strict=False) + 1
    shown = (first + rest).str.len_chars().cast(pl.Int64)
    digits = pl.col("digits")
    return (
        untidy.with_columns(
            pl.col("raw")
            .str.to_uppercase()
            .str.replace_all(_NOISE, "")
            .str.replace(_LABEL, "")
            .str.replace(r"^(\d+)[.,]0{1,2}$", "$1")
            .alias("text")
        )
        .with_columns(
            pl.when(power.is_not_null() & (shown <= length) & (length <= SIRET_DIGITS))
            .then((first + rest).str.pad_end(SIRET_DIGITS, "0").str.head(length))
            .when(whole.str.contains(r"^[0-9]+$"))
            .then(whole)
            .alias("digits"),
            pl.when(shown < length).then(shown).alias("kept"),
            power.is_not_null().alias("scientific"),
            pl.when(whole.str.contains(RNA) & ~whole.str.contains(r"^W0+$"))
            .then(whole)
            .alias("rna"),
            (~text.str.contains(r"[0-9]") | whole.str.contains(r"^W0+$"))
            .fill_null(value=True)
            .alias("blank"),
        )
        .with_columns(
            (digits.str.len_bytes() == SIRET_DIGITS - 1).alias("short"),
            pl.when(digits.str.len_bytes().is_in([SIREN_DIGITS - 1, SIRET_DIGITS - 1]))
            .then(pl.lit("0") + digits)
            .otherwise(digits)
            .alias("digits"),
        )
        .drop("text")
    )


def _measured(frame: pl.DataFrame) -> pl.DataFrame:
    """Add the checks: `fourteen`, `nine`, `head`, `zeros` (trailing), `siren_ok`, `siret_ok`."""
    digits = pl.col("digits")
    frame = frame.with_columns(
        (digits.str.len_bytes() == SIRET_DIGITS).fill_null(value=False).alias("fourteen"),
        (digits.str.len_bytes() == SIREN_DIGITS).fill_null(value=False).alias("nine"),
        (digits.str.len_bytes() - digits.str.strip_chars_end("0").str.len_bytes())
        .cast(pl.Int64)
        .alias("zeros"),
        pl.col("scientific", "short", "blank").fill_null(value=False),
    )
    known = pl.col("nine") | pl.col("fourteen")
    frame = frame.with_columns(
        pl.when(known).then(digits.str.slice(0, SIREN_DIGITS)).alias("head"),
        pl.when("fourteen").then(digits).alias("siret"),
        (pl.col("blank") | (digits.str.len_bytes() == pl.col("zeros")))
        .fill_null(value=False)
        .alias("blank"),
    )
    return frame.with_columns(
        siren_holds(frame["head"]).alias("siren_ok"), siret_holds(frame["siret"]).alias("siret_ok")
    )


def _nine_digits_kept(measured: pl.DataFrame) -> bool:
    """Tell whether the rounded SIRET of the column show that nine digits were kept."""
    rounded = measured.filter(
        pl.col("fourteen") & ~pl.col("scientific") & ~pl.col("blank"), pl.col("zeros") >= NIC_DIGITS
    ).unique("digits")
    exact = rounded.filter((pl.col("zeros") == NIC_DIGITS) & pl.col("siren_ok")).height
    longer = rounded.filter(pl.col("zeros") > NIC_DIGITS)
    valid = longer.filter("siren_ok").height
    return (
        exact >= _PROOF_MIN
        and longer.height <= _PROOF_MAX_LONGER * rounded.height
        and valid >= _PROOF_MIN_VALID * longer.height
    )


def _rounded_siren(measured: pl.DataFrame) -> bool:
    """Tell whether too many SIREN of the column end in 000 to be true ones."""
    nine = measured.filter(pl.col("nine") & ~pl.col("blank"))
    round_ones = nine.filter(pl.col("zeros") >= _ROUND_ZEROS).unique("digits").height
    return round_ones >= max(_ROUNDED_SIREN_MIN, _ROUNDED_SIREN_SHARE * nine["digits"].n_unique())


def _judged(measured: pl.DataFrame) -> pl.DataFrame:
    """Decide siren, siret, rna and problem of each row."""
    kept, zeros, short = pl.col("kept"), pl.col("zeros"), pl.col("short")
    padded = pl.col("fourteen") & kept.is_null() & (zeros >= NIC_DIGITS)
    proven = (
        pl.when(pl.col("nine"))
        .then(kept.is_null() & ((zeros < _ROUND_ZEROS) | ~pl.lit(_rounded_siren(measured))))
        .when(kept.is_not_null())
        .then(kept + short.cast(pl.Int64) >= SIREN_DIGITS)
        .when(padded)
        .then(((zeros == NIC_DIGITS) & ~short) | pl.lit(_nine_digits_kept(measured)))
        .otherwise(~short | pl.col("siret_ok"))
    )
    usable = pl.col("siren_ok") & proven & ~pl.col("blank")
    damaged = pl.col("scientific") | padded | (pl.col("nine") & ~proven)
    return measured.select(
        pl.when(usable).then("head").alias("siren"),
        pl.when(usable & pl.col("siret_ok") & ~padded & kept.is_null())
        .then("siret")
        .alias("siret"),
        "rna",
        pl.when(usable | pl.col("rna").is_not_null())
        .then(pl.lit(None, dtype=pl.String))
        .when("blank")
        .then(pl.lit("no_identifier"))
        .when(damaged)
        .then(pl.lit("damaged_identifier"))
        .otherwise(pl.lit("invalid_identifier"))
        .alias("problem"),
    )
