"""Rules of the national harvest: what is kept, whole cents, funders, grants published twice.

Millions of lines come of a few thousand kinds (funder, programme, list...): what depends on the
kind is worked out once a kind. Each question is asked of the lines that cheaper ones left.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

import polars as pl

from data.identifiers import RNA, siren_holds
from data.keys import nth_of_equals
from data.reference.funders import funder_slug
from data.rejects import REASONS
from data.sources.judged import first_true
from data.sources.state_list import DATASET, MINISTRY, PROGRAMME

#: no single grant reaches this: beyond it the amount is a typing error
ABSURD_EUR = 1e10
_KIND = (
    *("donor_level", "donor_name_raw", "donor_program"),
    *("granularity", "measure", "concours", "source_id"),
)
_LEVELS = {
    "etat": "state",
    "region": "region",
    "departement": "departement",
    "commune": "commune",
    "epci": "epci",
    "operateur": "operator",
    "europe": "europe",
    "inconnu": "unknown",
}
_STAGES = {"attribue": "awarded", "verse": "paid"}
_INSTRUMENTS = {"don": "grant", "prestation": "contract", "nature": "in_kind"}
_SIREN = r"^S[0-9]{9}$"
_FIRST_YEAR = 1990
#: reason -> column at fault, in the order in which they are looked for
_AT_FAULT = {
    "aggregate_line": "granularity",
    "out_of_scope": "concours",
    "no_identifier": "benef_id",
    "invalid_identifier": "benef_id",
    "no_date": "year",
    "bad_date": "year",
    "quarantined_amount": "amount_rejected_eur",
    "no_amount": "amount_eur",
    "bad_amount": "amount_eur",
    "duplicate_line": "",
}
_CODE = {reason: at for at, reason in enumerate(_AT_FAULT)}


class Judged(NamedTuple):
    """Lines kept, with `siren`, `rna`, `cents` and `kind`; rejects of the others; the kinds.

    `kind` is the row of `kinds` (from 0) where the line's funder, programme... are.
    """

    kept: pl.DataFrame
    rejects: pl.DataFrame
    kinds: pl.DataFrame


def judge(lines: pl.DataFrame, last_year: int) -> Judged:
    """Tell the lines to keep from those to reject, each for the first reason that holds.

    Parameters
    ----------
    lines : polars.DataFrame
        Lines of the harvest, with `file` and `source_row`.
    last_year : int
        An exercise after this one is an error.
    """
    kinds, kind = _kinds(lines)
    lines = lines.with_columns(kind)
    codes = lines.select(code=first_true(_at_sight(kinds["out"].gather(kind))))["code"]
    left = codes.is_null().arg_true()
    some = lines.filter(codes.is_null()).rechunk()
    some = some.with_columns(*_identified(some["benef_id"]), cents(some["amount_eur"]))
    found = some.select(code=first_true(_on_values(last_year)) + _CODE["invalid_identifier"])
    codes = codes.scatter(left, found["code"])
    usable = found["code"].is_null()
    left, some = left.filter(usable), some.filter(usable)
    again = _repeated(some, kinds)
    if again.len():
        codes = codes.scatter(left.gather(again), _CODE["duplicate_line"])
        first = pl.repeat(value=True, n=some.height, eager=True).scatter(again, values=False)
        some = some.filter(first)
    return Judged(some, _rejects(lines, codes), kinds)


def _kinds(lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """Return the kinds of lines and, for each line, the row of its own.

    A kind has the columns of `grants` that depend on it alone, and `out`: the place in `_AT_FAULT`
    of the reason to reject all of its lines, if there is one.
    """
    raw = lines.select(_KIND)
    hashes = raw.hash_rows().alias("hash")
    first = hashes.arg_unique()
    index = hashes.gather(first).to_frame().with_row_index("kind")
    kind = hashes.to_frame().join(index, on="hash", how="left", maintain_order="left")["kind"]
    listed = pl.col("source_id").str.starts_with(DATASET).fill_null(value=False)
    name, level = pl.col("donor_name_raw"), pl.col("donor_level")
    text = pl.col("donor_program")
    kinds = raw[first].select(
        listed.alias("listed"),
        pl.when(listed)
        .then(pl.lit("etat"))
        .otherwise(name.fill_null("").map_elements(funder_slug, return_dtype=pl.String))
        .alias("funder_id"),
        pl.when(listed)
        .then(pl.lit("État"))
        .otherwise(name.str.strip_chars(' "'))
        .alias("funder_name"),
        pl.when(level.str.starts_with("europe"))
        .then(pl.lit("europe"))
        .otherwise(level.replace_strict(_LEVELS, default=None, return_dtype=pl.String))
        .fill_null("unknown")
        .alias("funder_level"),
        # "163" for the State's, the list's own text otherwise.
        pl.when(level == "etat")
        .then(
            pl.coalesce(
                text.str.extract(PROGRAMME),
                name.str.extract(PROGRAMME),
                "min:" + name.str.extract(MINISTRY),
                text,
            )
        )
        .otherwise(text)
        .alias("programme"),
        _renamed("measure", _STAGES).alias("stage"),
        _renamed("concours", _INSTRUMENTS).alias("instrument"),
        pl.col("source_id").fill_null("inconnu").alias("dataset"),
        "granularity",
    )
    reasons = [
        pl.col("granularity").ne_missing("individual"),
        pl.col("stage").is_null() | pl.col("instrument").is_null(),
    ]
    return kinds.with_columns(out=first_true(reasons)).drop("granularity"), kind


def _renamed(column: str, names: dict[str, str]) -> pl.Expr:
    return pl.col(column).replace_strict(names, default=None, return_dtype=pl.String)


def _at_sight(out: pl.Series) -> list[pl.Expr]:
    """Return the conditions of the first three reasons of `_AT_FAULT`."""
    benef = pl.col("benef_id")
    return [
        *(pl.lit(out) == at for at in range(2)),
        benef.is_null() | benef.str.starts_with("N") | (benef == ""),
    ]


def _on_values(last_year: int) -> list[pl.Expr]:
    """Return the conditions of the reasons that follow, but for lines repeated."""
    year, amount = pl.col("year"), pl.col("amount_eur")
    return [
        pl.col("siren").is_null() & pl.col("rna").is_null(),
        year.is_null(),
        (year < _FIRST_YEAR) | (year > last_year),
        amount.is_null() & pl.col("amount_rejected_eur").is_not_null(),
        amount.is_null(),
        pl.col("cents").is_null(),
    ]


def _identified(benef_id: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return `siren` and `rna` of each line, null where the identifier is none that holds."""
    named = benef_id.str.starts_with("R").fill_null(value=False)
    siren = benef_id.str.strip_prefix("S")
    siren = siren.set(~(benef_id.str.contains(_SIREN) & siren_holds(siren)), None)
    codes = benef_id.filter(named).str.strip_prefix("R")
    codes = codes.set(~codes.str.contains(RNA), None)
    rna = pl.Series("rna", [None], dtype=pl.String).new_from_index(0, benef_id.len())
    return siren.alias("siren"), rna.scatter(named.arg_true(), codes) if codes.len() else rna


def cents(euros: pl.Series) -> pl.Series:
    """Return the amount in whole cents (Int64), half a cent rounded to even, null where absurd.

    A float is the nearest one to the decimal that was published: its shortest text gives that
    decimal back. It is asked only for the amounts that stand near half a cent.
    """
    usable = euros.is_finite() & (euros.abs() < ABSURD_EUR)
    hundredfold = euros.set(~usable.fill_null(value=False), None) * 100
    cents = hundredfold.round(0)
    near_half = ((hundredfold - hundredfold.floor() - 0.5).abs() < 1e-3).fill_null(value=False)
    if near_half.any():
        rows = near_half.arg_true()
        exact = [
            float((Decimal(repr(value)) * 100).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
            for value in euros.gather(rows).to_list()
            if math.isfinite(value)
        ]
        cents = cents.scatter(rows, exact)
    return cents.cast(pl.Int64).alias("cents")


def _repeated(lines: pl.DataFrame, kinds: pl.DataFrame) -> pl.Series:
    """Return the places (from 0) of the lines that repeat an earlier one of their file.

    A line equal to another in all columns was harvested twice. So was the n-th line of one list
    that equals the n-th of another in beneficiary, funder, exercise, amount, stage and kind: a
    funder republishes whole years under another title (the Ministry of Culture for 175,000
    lines). Two equal lines of one list that differ in any other column stay two grants. Lines are
    compared by their 64-bit hashes.
    """
    near = ["file", "cents", "year", "benef_id"]
    suspect = lines.select(near).hash_rows().is_duplicated()
    some = lines.filter(suspect)
    kind = some["kind"]
    same = kinds.select("stage", "instrument", "funder_id").hash_rows().alias("same")
    alike = pl.DataFrame(
        {
            "place": suspect.arg_true(),
            "line": some.drop("source_row").hash_rows(),
            "grant": some.select(*near, same.gather(kind)).hash_rows(),
            "list": kinds["dataset"].hash().gather(kind),
        }
    )
    harvested = ~alike["line"].is_first_distinct()
    once = alike.filter(~harvested)
    once = once.filter(once["grant"].is_duplicated())
    nth = nth_of_equals(once.select("grant", "list").hash_rows())
    republished = ~once.select("grant", nth).hash_rows().is_first_distinct()
    return pl.concat([alike["place"].filter(harvested), once["place"].filter(republished)])


def _rejects(lines: pl.DataFrame, codes: pl.Series) -> pl.DataFrame:
    refused = lines.filter(codes.is_not_null())
    codes = codes.drop_nulls()
    value = refused["benef_id"]
    for reason, column in _AT_FAULT.items():
        if column != "benef_id":
            rows = (codes == _CODE[reason]).arg_true()
            if rows.len():
                received = refused[column].gather(rows).cast(pl.String) if column else None
                value = value.scatter(rows, received)
    texts = {
        "column": _AT_FAULT.values(),
        "reason": _AT_FAULT,
        "message": (REASONS[reason] for reason in _AT_FAULT),
    }
    told = [pl.Series(name, list(text)).gather(codes) for name, text in texts.items()]
    return refused.select("file", "source_row").with_columns(value.alias("value"), *told)
