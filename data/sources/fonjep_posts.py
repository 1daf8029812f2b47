"""Posts of a Fonjep export, one a year: to whom, paid by whom, on which programme."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from data.sources.base import ReadOptions
from data.sources.fonjep_sheets import NOBODY, Lines, funders_of, programme_of
from data.sources.rules import Rule, further, verdicts
from data.sources.state_exports import amounts, dates, unidentified, unpriced

_NAME = "fonjep"
_AWARDED = r"(?i)^\s*attribu[ée]e?\s*$"
_POST = "Poste FONJEP"
#: years of an agreement
_AGREEMENT = 3
_UNKNOWN_PAYER = "slug:inconnu"

_LABELS = pl.DataFrame(schema=dict.fromkeys(("code", "label", "funder"), pl.String))


def read_posts(sheets: Mapping[str, Lines], tiers: pl.DataFrame) -> pl.DataFrame:
    """Return the lines of Poste with what their codes stand for.

    Adds `awarded` (status), `exercise`, `euros`, `ends_on`, `running` (second or third year of an
    agreement), `name`, `number`, `siren`, `payer` (code of the funder), `funder_id`, `funder_name`,
    `funder_level`, `programme`, `purpose`.
    """
    lines = sheets["poste"].frame
    schemes = _labels(sheets, "dispositif").select(
        pl.col("code").alias("scheme"),
        pl.col("label").alias("scheme_label"),
        pl.col("funder").alias("scheme_funder"),
    )
    types = _labels(sheets, "typeposte").select(
        pl.col("code").alias("type"), pl.col("label").alias("type_label")
    )
    year, ends, euros = (
        dates(lines["year"]),
        dates(lines["ends"]),
        amounts(lines["amount"]),
    )
    posts = (
        lines.with_columns(
            pl.col("status").str.contains(_AWARDED).fill_null(value=False).alias("awarded"),
            year["year"].alias("exercise"),
            year["problem"].alias("year_problem"),
            ends["day"].alias("ends_on"),
            euros["amount"].alias("euros"),
            euros["problem"].alias("amount_problem"),
        )
        .join(schemes, on="scheme", how="left", maintain_order="left")
        .join(types, on="type", how="left", maintain_order="left")
        .join(tiers, on="beneficiary", how="left", maintain_order="left")
    )
    codes = {*posts["funder"], *posts["scheme_funder"], *sheets["versement"].frame["funder"]}
    funders = funders_of(tiers, sorted(code for code in codes if code is not None))
    ended = pl.col("ends_on").dt.year()
    agreed = pl.col("funder").is_null() | pl.col("scheme_funder").is_null()
    agreed |= pl.col("funder") == pl.col("scheme_funder")
    number = pl.when(agreed).then(programme_of(pl.coalesce("funder", "scheme_funder")))
    return with_payer(
        posts.with_columns(
            (pl.col("exercise").is_between(ended - _AGREEMENT + 2, ended)).alias("running"),
            pl.coalesce(number, "scheme_label").alias("programme"),
            pl.concat_str(
                pl.col("type_label").fill_null(_POST),
                "scheme_label",
                separator=" — ",
                ignore_nulls=True,
            ).alias("purpose"),
        ),
        funders,
        pl.col("scheme_funder"),
    )


def with_payer(lines: pl.DataFrame, funders: pl.DataFrame, otherwise: pl.Expr) -> pl.DataFrame:
    """Add `payer` and who it is: the code `funder` where it is known, else the other one."""
    known = pl.col("funder").is_in(funders["code"].implode())
    return (
        lines.with_columns(
            pl.when(known.fill_null(value=False)).then("funder").otherwise(otherwise).alias("payer")
        )
        .join(funders.rename({"code": "payer"}), on="payer", how="left", maintain_order="left")
        .with_columns(
            pl.col("funder_id").fill_null(_UNKNOWN_PAYER),
            pl.col("funder_level").fill_null("unknown"),
        )
    )


def _labels(sheets: Mapping[str, Lines], kind: str) -> pl.DataFrame:
    """Return code -> label of a sheet, a code said twice in two ways left out."""
    if kind not in sheets:
        return _LABELS
    frame = sheets[kind].frame
    return (
        pl.concat(
            [_LABELS, frame.select(set(_LABELS.columns) & set(frame.columns))], how="diagonal"
        )
        .drop_nulls("code")
        .unique(maintain_order=True)
        .unique("code", keep="none", maintain_order=True)
    )


def judge_posts(posts: pl.DataFrame, payments: pl.DataFrame) -> pl.DataFrame:
    """Add `known`, and `reason` where a post is not kept.

    `payments` are the lines that `read_payments` returned, for the first day paid of each year.
    """
    first = first_paid(payments)
    judged = posts.join(
        first, on=["code", "exercise"], how="left", maintain_order="left"
    ).with_columns(
        known_by("first_paid").alias("known"),
        *verdicts(
            [
                Rule(pl.col("empty"), "empty_line"),
                Rule(pl.col("miscut"), "wrong_field_count"),
                Rule(~pl.col("awarded"), "out_of_scope", "status", "le poste n'est pas attribué"),
                Rule(pl.col("year_problem") == "no_date", "no_date", "year"),
                Rule(pl.col("exercise").is_null(), "bad_date", "year"),
                Rule(
                    pl.col("id_problem").is_null() & pl.col("siren").is_null(),
                    "no_identifier",
                    "beneficiary",
                    NOBODY,
                ),
                *unidentified("number", pl.col("siren").is_not_null()),
                *unpriced("amount", "amount_problem"),
                Rule(pl.col("euros") == 0, "out_of_scope", "amount", "aucun euro n'est attribué"),
            ]
        ),
    )
    judged = with_message(judged)
    return further(judged, [Rule(~pl.col("hash").is_first_distinct(), "duplicate_line")])


def with_message(judged: pl.DataFrame) -> pl.DataFrame:
    """Say of an identifier at fault what the sheet Tiers shows of it."""
    said = (pl.col("fault") == "number") & pl.col("id_message").is_not_null()
    return judged.with_columns(
        pl.when(said).then("id_message").otherwise("message").alias("message")
    )


def first_paid(payments: pl.DataFrame) -> pl.DataFrame:
    """Return `code`, `exercise` and `first_paid`, the first day that something of it was paid."""
    return (
        payments.filter(pl.col("paid_on").is_not_null(), pl.col("paid_euros") > 0)
        .group_by("code", pl.col("starts_on").dt.year().alias("exercise"))
        .agg(pl.col("paid_on").min().alias("first_paid"))
    )


def known_by(first: str) -> pl.Expr:
    """Return the day a post of `exercise` is known: first payment, at the latest 31 December."""
    return pl.min_horizontal(pl.col(first), pl.date(pl.col("exercise"), 12, 31))


def grants_of(kept: pl.DataFrame, options: ReadOptions) -> pl.DataFrame:
    """Return the posts kept as rows of the table `grants`."""
    return kept.select(
        "siren",
        pl.col("name").alias("beneficiary_name"),
        "funder_id",
        "funder_name",
        "funder_level",
        "programme",
        "purpose",
        pl.col("euros").alias("amount_eur"),
        pl.lit("awarded").alias("stage"),
        pl.col("exercise").alias("fiscal_year"),
        pl.when(pl.col("ends_on").dt.year() >= pl.col("exercise"))
        .then(statement=True)
        .alias("multi_year"),
        pl.lit("grant").alias("instrument"),
        pl.lit(_NAME).alias("dataset"),
        pl.lit(_NAME).alias("source"),
        "source_row",
        (pl.lit(options.known_on) if options.known_on else pl.col("known")).alias("known_on"),
    )
