"""From scores to a publication: levels, reasons in French, history, what is not known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from data.lake import Lake
from data.reference import employees_of_bands, sectors
from features.catalogue import INDICATORS, THEMES
from features.coverage import one_account
from features.wording import category, sentence
from models.risk_model import RiskModel
from serving.levels import level_expr
from serving.publication_files import HISTORY_COLUMNS, REASON_COLUMNS, UNKNOWN_COLUMNS

_DESCRIBED = (
    *("name", "ess_family", "sector", "naf", "commune", "departement", "region"),
    "employees_band",
)
_REASONS = {name: dtype for name, (dtype, _) in REASON_COLUMNS.items()}


def latest(lake: Lake, as_of: date, sirens: pl.Series, columns: Sequence[str]) -> pl.DataFrame:
    """Return `siren` and the last word on each column known by `as_of`, of structures described.

    Each source counts by its last word; of several, the latest that says a column.
    """
    return (
        lake.scan("structures")
        .filter((pl.col("known_on") <= as_of) & pl.col("siren").is_in(sirens.implode()))
        .sort("known_on", "source", "source_row", maintain_order=True)
        .unique(["siren", "source"], keep="last", maintain_order=True)
        .group_by("siren", maintain_order=True)
        .agg(pl.col(columns).drop_nulls().last())
        .collect()
    )


def identities(lake: Lake, as_of: date, sirens: pl.Series) -> pl.DataFrame:
    """Return the latest description known by `as_of` of each structure, one row each."""
    members = pl.DataFrame({"siren": sirens})
    known = latest(lake, as_of, sirens, _DESCRIBED)
    names = (
        lake.scan("grants")
        .filter(
            (pl.col("known_on") <= as_of)
            & pl.col("siren").is_in(sirens.implode())
            & pl.col("beneficiary_name").is_not_null()
        )
        .sort("known_on", "source_row", maintain_order=True)
        .unique("siren", keep="last", maintain_order=True)
        .select("siren", "beneficiary_name")
        .collect()
    )
    labels = sectors()
    return (
        members.join(known, on="siren", how="left")
        .join(names, on="siren", how="left")
        .select(
            "siren",
            pl.coalesce("name", "beneficiary_name").alias("name"),
            "ess_family",
            "sector",
            pl.col("sector")
            .replace_strict(labels, default=None, return_dtype=pl.String)
            .alias("sector_label"),
            "naf",
            "commune",
            "departement",
            "region",
            "employees_band",
            employees_of_bands(pl.col("employees_band")).alias("employees"),
        )
    )


def scores(
    predicted: pl.DataFrame,
    rows: pl.DataFrame,
    described: pl.DataFrame,
    *,
    main: int,
    thresholds: Mapping[str, float],
) -> pl.DataFrame:
    """Return the table of scores: identity, probabilities with intervals, level, rank, coverage.

    Levels are those of `serving.levels`.
    """
    p = pl.col(f"p_{main}m")
    coverage = 1 - pl.sum_horizontal(pl.col(n).is_null() for n in INDICATORS) / len(INDICATORS)
    probabilities = [c for c in predicted.columns if c.startswith(("p_", "low_", "high_"))]
    table = pl.concat(
        [
            rows.select(pl.col("structure_id").alias("siren"), *INDICATORS),
            predicted.select(probabilities),
        ],
        how="horizontal",
    ).select(
        "siren",
        *probabilities,
        level_expr(main, thresholds).alias("level"),
        coverage.alias("coverage"),
    )
    # Ties are broken by SIREN: any order would do, this one is stable.
    return (
        described.join(table, on="siren", how="inner")
        .sort(p, "siren", descending=[True, False])
        .with_columns(pl.int_range(1, pl.len() + 1).cast(pl.Int32).alias("rank"))
    )


def reasons(
    model: RiskModel, rows: pl.DataFrame, horizons: Sequence[int]
) -> tuple[pl.DataFrame, dict[str, float]]:
    """Return every non-zero contribution with its sentence, and the base value by horizon.

    Both are in log-odds: base value + contributions = log-odds of the probability.
    """
    said = {f.name: _sentences(rows, f.name) for f in model.features}
    pieces, bases = [pl.DataFrame(schema=_REASONS)], {}
    for horizon in horizons:
        explained = model.explain(rows, horizon)
        bases[str(horizon)] = float(explained["base_value"][0])
        for name, words in said.items():
            indicator = INDICATORS[name]
            pieces.append(
                words.with_columns(explained[name].alias("contribution"))
                .filter(pl.col("contribution") != 0)
                .select(
                    "siren",
                    pl.lit(horizon, pl.Int32).alias("horizon_months"),
                    pl.lit(name).alias("indicator"),
                    pl.lit(indicator.theme).alias("theme"),
                    pl.lit(indicator.label).alias("label"),
                    pl.lit(indicator.unit).alias("unit"),
                    "value",
                    "text",
                    "contribution",
                    "sentence",
                )
            )
    return pl.concat(pieces), bases


def _sentences(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return `siren`, `value`, `text`, `sentence` of one indicator, in the order of the rows."""
    indicator = INDICATORS[name]
    numeric = indicator.kind == "numeric"
    absent = pl.lit(None)
    pair = rows.select(
        pl.col("structure_id").alias("siren"),
        (pl.col(name) if numeric else absent).cast(pl.Float64).alias("value"),
        (absent if numeric else pl.col(name)).cast(pl.String).alias("code"),
    )
    distinct = pair.select("value", "code").unique()
    shown = [None if c is None else category(indicator, c) for c in distinct["code"]]
    words = [sentence(indicator, value, code) for value, code in distinct.iter_rows()]
    table = distinct.with_columns(
        pl.Series("text", shown, dtype=pl.String), pl.Series("sentence", words, dtype=pl.String)
    )
    return pair.join(
        table, on=["value", "code"], how="left", nulls_equal=True, maintain_order="left"
    ).select("siren", "value", "text", "sentence")


def history(lake: Lake, as_of: date, sirens: pl.Series) -> pl.DataFrame:
    """Return the grants known by `as_of` by structure, exercise and funder, in euros.

    Awards and payments of one funder and year are never added: payments show only where no award
    is known.
    """
    lines = lake.scan("grants").filter(
        (pl.col("known_on") <= as_of)
        & pl.col("siren").is_in(sirens.implode())
        & (pl.col("instrument") == "grant")
    )
    return (
        one_account(lines)
        .sort("known_on", "source", "source_row")  # which name is the last must not vary
        .group_by("siren", "fiscal_year", "funder_id")
        .agg(
            pl.col("funder_name").drop_nulls().last(),
            pl.col("funder_level").last(),
            (pl.col("amount_cents").sum() / 100).alias("amount_eur"),
        )
        .select(*HISTORY_COLUMNS)
        .sort("siren", "fiscal_year", "funder_id")
        .collect()
    )


def unknown(rows: pl.DataFrame, features: Sequence[str]) -> pl.DataFrame:
    """Return, by structure, the themes of which nothing is known, with what is missing."""
    pieces = [pl.DataFrame(schema={n: d for n, (d, _) in UNKNOWN_COLUMNS.items()})]
    for theme in THEMES:
        members = [i for i in INDICATORS.values() if i.theme == theme]
        if theme == "alert" or not members:
            continue  # no alert is good news, not missing data
        said = f"{members[0].missing[0].upper()}{members[0].missing[1:]}."
        if not any(i.name in features for i in members):
            said = "Aucune donnée de ce thème n'a été reçue."
        silent = rows.filter(pl.all_horizontal(pl.col(i.name).is_null() for i in members))
        pieces.append(
            silent.select(
                pl.col("structure_id").alias("siren"),
                pl.lit(theme).alias("theme"),
                pl.lit(said).alias("message"),
            )
        )
    return pl.concat(pieces)
