"""Instalments of a Fonjep export: due on the first day of their quarter, then paid."""

from __future__ import annotations

import polars as pl

from data.sources.base import ReadOptions
from data.sources.fonjep_posts import first_paid, known_by, with_message, with_payer
from data.sources.fonjep_sheets import NOBODY, funders_of
from data.sources.rules import Rule, further, verdicts
from data.sources.state_exports import amounts, dates, unidentified, unpriced

_NAME = "fonjep"
_EARLIEST_DAYS = 366
_NO_POST = "poste absent de la feuille Poste"
_SEVERAL = "ce poste a eu plusieurs bénéficiaires, rien ne dit lequel est payé"
_TAKEN_BACK = "somme reprise : ce n'est pas une échéance due à la structure"
_NOTHING = "échéance sans montant"
_UNDATED = "versement payé sans date"
_CLOSED = "échéance impayée d'un poste qui n'est pas attribué : elle n'est pas due"
_EARLY = "versement antérieur de plus d'un an à sa période"


def read_payments(lines: pl.DataFrame) -> pl.DataFrame:
    """Return the lines of Versement, read.

    Adds `starts_on`, `ends_on`, `paid_on`, `due_euros`, `paid_euros` (null where unreadable) and
    the problem of each.
    """
    read = {name: dates(lines[name]) for name in ("start", "end", "day")}
    money = {name: amounts(lines[name]) for name in ("due", "paid")}
    lines = lines.with_columns(
        *(found["problem"].alias(f"{name}_problem") for name, found in (read | money).items()),
        read["start"]["day"].alias("starts_on"),
        read["end"]["day"].alias("ends_on"),
        read["day"]["day"].alias("paid_on"),
        money["due"]["amount"].alias("due_euros"),
        money["paid"]["amount"].alias("paid_euros"),
    )
    early = pl.col("paid_on") < pl.col("starts_on").dt.offset_by(f"-{_EARLIEST_DAYS}d")
    return lines.with_columns(
        early.fill_null(value=False).alias("early"),
        pl.when(~early.fill_null(value=False)).then("paid_on").alias("paid_on"),
    )


def judge_payments(lines: pl.DataFrame, posts: pl.DataFrame, tiers: pl.DataFrame) -> pl.DataFrame:
    """Add who is paid by whom, `due_known`, and `reason` where an instalment is not kept.

    An instalment belongs to the post of its year; where there is none, to the post of that code in
    other years, if they all have the same beneficiary.
    """
    codes = {*lines["funder"], *posts["payer"]}
    funders = funders_of(tiers, sorted(code for code in codes if code is not None))
    year = pl.col("starts_on").dt.year()
    found = (
        lines.with_columns(year.alias("exercise"))
        .join(
            _post(posts, ["code", "exercise"], ""),
            on=["code", "exercise"],
            how="left",
            maintain_order="left",
        )
        .join(_post(posts, ["code"], "_any"), on="code", how="left", maintain_order="left")
        .join(first_paid(lines), on=["code", "exercise"], how="left", maintain_order="left")
        .with_columns(
            pl.when(pl.col("several").is_null()).then(f"{name}_any").otherwise(name).alias(name)
            for name in ("beneficiary", "several", "payer", "awarded")
        )
        .rename({"payer": "post_payer"})
        .join(tiers, on="beneficiary", how="left", maintain_order="left")
    )
    found = with_payer(found, funders, pl.col("post_payer")).with_columns(
        pl.when("running")
        .then("starts_on")
        .otherwise(pl.max_horizontal("starts_on", known_by("first_paid")))
        .alias("due_known")
    )
    judged = with_message(found.with_columns(*verdicts(_RULES)))
    return further(judged, [Rule(~pl.col("hash").is_first_distinct(), "duplicate_line")])


def _post(posts: pl.DataFrame, keys: list[str], suffix: str) -> pl.DataFrame:
    """Return what the posts of each key have in common, those that are awarded first."""
    awarded = pl.col("awarded").any().over(keys)
    return (
        posts.filter(pl.col("code").is_not_null(), ~pl.col("miscut"))
        .filter(pl.col("awarded") | ~awarded)
        .group_by(keys)
        .agg(
            pl.col("beneficiary").first().alias(f"beneficiary{suffix}"),
            (pl.col("beneficiary").n_unique() > 1).alias(f"several{suffix}"),
            pl.when(pl.col("payer").n_unique() == 1)
            .then(pl.col("payer").first())
            .alias(f"payer{suffix}"),
            pl.col("awarded").any().alias(f"awarded{suffix}"),
            (pl.col("awarded") & pl.col("running")).any().alias(f"running{suffix}"),
        )
    )


_UNPAID = pl.col("paid_euros").fill_null(0) == 0

_RULES = [
    Rule(pl.col("empty"), "empty_line"),
    Rule(pl.col("miscut"), "wrong_field_count"),
    Rule(pl.col("several").is_null(), "no_identifier", "code", _NO_POST),
    Rule(pl.col("several"), "no_identifier", "code", _SEVERAL),
    Rule(
        pl.col("id_problem").is_null() & pl.col("siren").is_null(), "no_identifier", "code", NOBODY
    ),
    *unidentified("number", pl.col("siren").is_not_null()),
    Rule(pl.col("start_problem") == "no_date", "no_date", "start"),
    Rule(pl.col("starts_on").is_null(), "bad_date", "start"),
    Rule(pl.col("end_problem") == "bad_date", "bad_date", "end"),
    Rule(pl.col("ends_on") < pl.col("starts_on"), "bad_date", "end"),
    *unpriced("due", "due_problem"),
    Rule(pl.col("paid_problem") == "bad_amount", "bad_amount", "paid"),
    Rule(pl.col("due_euros") < 0, "out_of_scope", "due", _TAKEN_BACK),
    Rule(pl.col("paid_euros") < 0, "out_of_scope", "paid", _TAKEN_BACK),
    Rule((pl.col("due_euros") == 0) & _UNPAID, "out_of_scope", "due", _NOTHING),
    Rule(pl.col("early"), "bad_date", "day", _EARLY),
    Rule(
        (pl.col("day_problem") == "bad_date")
        | (pl.col("day_problem").is_null() & pl.col("paid_on").is_null()),
        "bad_date",
        "day",
    ),
    Rule(~_UNPAID & pl.col("paid_on").is_null(), "no_date", "day", _UNDATED),
    Rule(pl.col("paid_on").is_not_null() & pl.col("paid_euros").is_null(), "no_amount", "paid"),
    Rule(_UNPAID & ~pl.col("awarded"), "out_of_scope", "code", _CLOSED),
]


def payments_of(kept: pl.DataFrame, options: ReadOptions) -> pl.DataFrame:
    """Return the instalments kept as rows of the table `payments`: due, then paid if they are."""
    funder = pl.coalesce("funder", "post_payer")
    key = ["code", "starts_on", funder.fill_null("")]
    rank = pl.int_range(1, pl.len() + 1).over(key)
    numbered = kept.sort("source_row").with_columns(
        pl.concat_str(
            pl.lit(_NAME), "code", "starts_on", funder, rank, separator="-", ignore_nulls=True
        ).alias("payment_id")
    )
    owed = numbered.with_columns(
        pl.lit(None, dtype=pl.Date).alias("paid_on"),
        pl.col("due_euros").alias("euros"),
        pl.col("due_known").alias("known"),
    )
    settled = numbered.filter(~_UNPAID).with_columns(
        pl.col("paid_euros").alias("euros"), pl.col("paid_on").alias("known")
    )
    return pl.concat(
        states.select(
            "siren",
            "payment_id",
            "funder_id",
            pl.col("starts_on").alias("due_on"),
            "paid_on",
            pl.col("euros").alias("amount_eur"),
            pl.lit(_NAME).alias("source"),
            "source_row",
            (pl.lit(options.known_on) if options.known_on else pl.col("known")).alias("known_on"),
        )
        for states in (owed, settled)
    )
