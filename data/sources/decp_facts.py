"""From flattened public contracts to facts: which are an income, how much, when; or why not."""

from __future__ import annotations

from datetime import date

import polars as pl

from data import identifiers
from data.contracts import TABLES
from data.sources import parse
from data.sources.base import Parsed, ReadOptions
from data.sources.judged import first_reason, rejects_of
from data.sources.places import departements_said
from data.sources.scdl_funders import funder_level

#: amounts written where there is none
_PLACEHOLDER = r"^(?:0*1?|9{5,}(?:[.,]9*)?)(?:[.,]0*)?$"
_TWELVE_MONTHS = 12
_LONGEST_MONTHS = 600
_MESSAGES = {
    "concession": "contrat de concession : son montant est un chiffre d'affaires attendu",
    "framework": "accord-cadre : son montant est un plafond, pas un revenu",
    "shared": "marché partagé entre plusieurs titulaires, dont les parts ne sont pas publiées",
    "buyer": "acheteur sans SIREN valide",
    "kind": "titulaire identifié autrement que par un SIRET",
    "placeholder": "montant de convenance (0, 1, 99999…), pas un prix",
    "same": "modification sans nouveau montant",
    "holder": "modification qui change le titulaire : ce que chacun reçoit n'est pas dit",
}


def judge(lines: pl.DataFrame, modified: pl.DataFrame) -> pl.DataFrame:
    """Judge contracts.

    Parameters
    ----------
    lines : polars.DataFrame
        Flattened contracts, see `decp_records.flat`; tables may add `version`, `departement` and
        `broken_line`.
    modified : polars.DataFrame
        `source_row`, `amount`, `notified`, `published` of the modifications told inside a record.

    Returns
    -------
    polars.DataFrame
        One row a fact or a reject (`reason`, `message`): `siren`, `funder`, `euros`, `day`, `out`…
    """
    lines = _read(lines)
    technique = pl.col("techniques").str.to_lowercase()
    modality = pl.col("modalities").str.to_lowercase()
    nature = pl.col("nature").str.to_lowercase()
    subsequent = nature.str.contains("subs[ée]quent").fill_null(value=False)
    framework = pl.any_horizontal(
        nature.str.contains("accord.?cadre") & ~subsequent,
        technique.str.contains("accord.?cadre"),
        modality.str.contains("bons? de commande"),
        modality.str.contains("subs[ée]quent") & pl.col("framework").is_null() & ~subsequent,
    ).fill_null(value=False)
    odd_kind = ~pl.col("holder_type").str.to_uppercase().is_in(["SIRET", "SIREN"])
    odd_kind = odd_kind.fill_null(value=False)
    shared = pl.col("holders") > 1
    key = ["buyer_siren", "id", "siren"]
    versions = [*key, "version"]
    same = pl.col("euros") == pl.col("previous")
    moved = (
        pl.col("version").is_not_null()
        & pl.col("previous").is_null()
        & (pl.col("before") != pl.col("siren"))
    )
    lines = lines.sort("source_row").with_columns(
        first_reason(
            {
                "unreadable": pl.col("broken"),
                "empty_line": pl.all_horizontal(
                    pl.col("id", "buyer", "holder_id", "amount", "notified").is_null()
                )
                & (pl.col("holders") == 0),
                "wrong_field_count": pl.col("broken_line"),
                "concession": pl.col("concession"),
                "framework": framework,
                "shared": shared,
                "kind": odd_kind,
                "no_identifier": pl.col("problem") == "no_identifier",
                "damaged_identifier": pl.col("problem") == "damaged_identifier",
                "invalid_identifier": pl.col("siren").is_null(),
                "buyer": pl.col("buyer_siren").is_null(),
                "no_amount": pl.col("amount_problem") == "no_amount",
                "bad_amount": pl.col("euros").is_null(),
                "placeholder": pl.col("amount").str.contains(_PLACEHOLDER),
                "bad_date": pl.col("day").is_null() & (pl.col("day_problem") == "bad_date"),
                "no_date": pl.col("day").is_null(),
            }
        ).alias("why")
    )
    sound = (
        lines.filter(pl.col("why").is_null())
        .with_columns(pl.struct(versions).is_first_distinct().alias("first"))
        .sort("day", "source_row", maintain_order=True)
        .with_columns(
            pl.when("first").then("euros").alias("own_euros"),
            pl.when("first").then("siren").alias("own_siren"),
        )
        .with_columns(
            pl.col("own_euros").forward_fill().shift(1).over(key).alias("previous"),
            pl.col("own_siren").forward_fill().shift(1).over("buyer_siren", "id").alias("before"),
        )
        .with_columns(
            first_reason({"duplicate_line": ~pl.col("first"), "holder": moved, "same": same}).alias(
                "why"
            ),
            pl.when(pl.col("previous").is_not_null())
            .then(pl.col("euros") - pl.col("previous"))
            .otherwise("euros")
            .alias("out"),
        )
        .drop("first", "own_euros", "own_siren", "previous", "before")
    )
    refused = lines.filter(pl.col("why").is_not_null())
    told = _told_inside(sound.filter(pl.col("why").is_null()), modified)
    judged = pl.concat([refused, sound, told], how="diagonal").sort("source_row", "day")
    codes = {
        **dict.fromkeys(("concession", "framework", "holder"), "out_of_scope"),
        "shared": "aggregate_line",
        "same": "duplicate_line",
        **dict.fromkeys(("kind", "buyer"), "invalid_identifier"),
        "placeholder": "bad_amount",
    }
    return judged.with_columns(
        pl.col("why").replace(codes).alias("reason"),
        pl.col("why")
        .replace_strict(_MESSAGES, default=None, return_dtype=pl.String)
        .alias("message"),
    )


def _read(lines: pl.DataFrame) -> pl.DataFrame:
    """Read identifiers, amounts and dates; the columns a format does not have are null."""
    absent = [name for name in ("version", "departement") if name not in lines.columns]
    lines = lines.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in absent)
    if "broken_line" not in lines.columns:
        lines = lines.with_columns(pl.lit(value=False).alias("broken_line"))
    # The first publication of a contract has no number of modification, or the number 0.
    version = pl.col("version").str.replace(r"[.,]0+$", "")
    lines = lines.with_columns(pl.when(version != "0").then(version).alias("version"))
    ids, buyers = identifiers.repair(lines["holder_id"]), identifiers.repair(lines["buyer"])
    euros = parse.amounts(lines["amount"])
    notified, published = parse.dates(lines["notified"]), parse.dates(lines["published"])
    return lines.with_columns(
        ids["siren"].alias("siren"),
        ids["problem"].alias("problem"),
        buyers["siren"].alias("buyer_siren"),
        euros["amount"].alias("euros"),
        euros["problem"].alias("amount_problem"),
        notified["day"].alias("notified_on"),
        published["day"].alias("published_on"),
        pl.coalesce(
            pl.when(notified["problem"] == "bad_date").then(pl.lit("bad_date")),
            pl.when(published["problem"] == "bad_date").then(pl.lit("bad_date")),
        ).alias("day_problem"),
    ).with_columns(pl.coalesce("notified_on", "published_on").alias("day"))


def _told_inside(sound: pl.DataFrame, modified: pl.DataFrame) -> pl.DataFrame:
    """Return the differences of amount that modifications told inside a record bring."""
    news = _read(
        modified.with_columns(
            pl.lit(None, dtype=pl.String).alias(name) for name in ("holder_id", "buyer")
        )
    ).filter(
        pl.col("euros").is_not_null()
        & pl.col("notified_on").is_not_null()
        & ~pl.col("amount").str.contains(_PLACEHOLDER)
    )
    base = sound.select(
        pl.exclude(
            *("euros", "out", "day", "notified_on", "published_on", "amount", "notified"),
            *("published", "amount_problem", "day_problem", "version"),
        ),
        pl.col("euros").alias("first_euros"),
        pl.col("notified_on").alias("first_day"),
    )
    return (
        news.select("source_row", "euros", "amount", "notified_on", "published_on", "day")
        .join(base, on="source_row", how="inner", maintain_order="left")
        .filter(pl.col("notified_on") >= pl.col("first_day").fill_null(pl.col("notified_on")))
        .sort("source_row", "notified_on", maintain_order=True)
        .with_columns(
            pl.coalesce(pl.col("euros").shift(1).over("source_row"), "first_euros").alias("before")
        )
        .with_columns((pl.col("euros") - pl.col("before")).alias("out"))
        .filter(pl.col("out") != 0)
        .drop("first_euros", "first_day", "before")
    )


def parsed_of(judged: pl.DataFrame, options: ReadOptions, stem: str) -> Parsed:
    """Return the facts and rejects of judged contracts."""
    kept = judged.filter(pl.col("reason").is_null())
    at_fault = {
        "no_identifier": ("titulaire", "holder_id"),
        "damaged_identifier": ("titulaire", "holder_id"),
        "invalid_identifier": ("titulaire", "holder_id"),
        "no_amount": ("montant", "amount"),
        "bad_amount": ("montant", "amount"),
        "bad_date": ("dateNotification", "notified"),
        "no_date": ("dateNotification", "notified"),
        "out_of_scope": ("nature", "nature"),
        "duplicate_line": ("id", "id"),
        "aggregate_line": ("titulaires", "holders"),
    }
    return Parsed(
        rows_in=judged["source_row"].n_unique(),
        tables={"grants": _facts(kept, options.known_on, stem)},
        rejects=rejects_of(judged, at_fault, pl.col("message")),
    )


def _facts(kept: pl.DataFrame, known_on: date | None, stem: str) -> pl.DataFrame:
    buyers = kept.select("buyer_siren", "buyer_name").unique(maintain_order=True)
    levels = buyers.with_columns(
        pl.Series(
            "level",
            [funder_level(siren, name) for siren, name in buyers.iter_rows()],
            dtype=pl.String,
        )
    )
    payers = ["buyer_siren", "buyer_name"]
    kept = kept.join(levels, on=payers, how="left", nulls_equal=True, maintain_order="left")
    months = pl.col("duration").str.extract(r"^(\d{1,3})(?:[.,]0+)?$").cast(pl.Int64)
    months = pl.when(months.is_between(1, _LONGEST_MONTHS)).then(months)
    known = pl.max_horizontal("published_on", "notified_on")
    facts = kept.select(
        "siren",
        departements_said(pl.col("departement")).alias("departement"),
        pl.when(pl.col("level") == "state")
        .then(pl.lit("etat"))
        .otherwise("buyer_siren")
        .alias("funder_id"),
        pl.col("buyer_name").alias("funder_name"),
        pl.col("level").alias("funder_level"),
        "purpose",
        pl.col("out").alias("amount_eur"),
        pl.lit("awarded").alias("stage"),
        pl.col("day").dt.year().alias("fiscal_year"),
        pl.col("notified_on").alias("decided_on"),
        pl.when(months.is_not_null()).then("notified_on").alias("period_start_on"),
        pl.when(pl.col("notified_on").is_not_null() & months.is_not_null())
        .then(
            pl.col("notified_on").dt.offset_by(pl.format("{}mo", months.fill_null(0)))
            - pl.duration(days=1)
        )
        .alias("period_end_on"),
        (months > _TWELVE_MONTHS).alias("multi_year"),
        pl.lit("contract").alias("instrument"),
        pl.lit(f"decp:{stem}").alias("dataset"),
        pl.lit("decp").alias("source"),
        "source_row",
        (known if known_on is None else pl.lit(known_on)).alias("known_on"),
    )
    return facts.select(
        (pl.col(column) if column in facts.columns else pl.lit(None)).cast(dtype).alias(column)
        for column, dtype in TABLES["grants"].schema().items()
    )
