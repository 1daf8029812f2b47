"""The national harvest of published grants (Parquet): one line of any public list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl

from data.identifiers import RNA, siren_holds
from data.rejects import REASONS
from data.sources import grants_rules
from data.sources.base import CERTAIN, NO, Parsed, ReadOptions, SourceError
from data.sources.judged import first_reason
from data.sources.state_list import DATASET, published_on

if TYPE_CHECKING:
    from pathlib import Path

    from data.sources.sample import Sample

NAME = "grants"
TITLE = "Subventions publiées (moisson nationale, Parquet)"

#: column -> type; a file of the harvest has at least these
_COLUMNS: dict[str, type[pl.DataType]] = {
    "benef_id": pl.String,
    "year": pl.Int32,
    "amount_eur": pl.Float64,
    "amount_rejected_eur": pl.Float64,
    "donor_level": pl.String,
    "donor_name_raw": pl.String,
    "donor_program": pl.String,
    "purpose_raw": pl.String,
    "granularity": pl.String,
    "measure": pl.String,
    "concours": pl.String,
    "source_id": pl.String,
}
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
_FIRST_YEAR = 1990
#: reason -> column at fault
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


def sniff(sample: Sample) -> int:
    """Tell whether a file is a Parquet file of the harvest."""
    return CERTAIN if sample.kind == "parquet" and sample.has(*_COLUMNS) else NO


def read(path: Path, options: ReadOptions) -> Parsed:
    """Read one Parquet file of the harvest into `grants`.

    Parameters
    ----------
    path : pathlib.Path
        A Parquet file with the columns of the harvest (`benef_id`, `year`, `amount_eur`...).
    options : ReadOptions
        `known_on`: day every line counts as known. Without it, a line of exercise Y is known on
        31 December Y (the payer knows what it awarded); with `extra` ``{"known": "publication"}``
        on the day the list is published: 1 October Y+1 for the State's yearly list, 31 December
        Y+1 for the others.

    Returns
    -------
    Parsed
        Table `grants`; one reject a line that is not kept.

    Raises
    ------
    SourceError
        The file is not Parquet, lacks a column, or the option `known` is unknown.
    """
    return next(batch([path], options))


def batch(paths: Sequence[Path], options: ReadOptions) -> Iterator[Parsed]:
    """Read several files of the harvest at once; yield what `read` gives for each, in order.

    Raises
    ------
    SourceError
        As `read`, for the first file at fault.
    """
    known = options.extra.get("known", "payment")
    if known not in {"payment", "publication"}:
        raise SourceError(
            "L'option « known » n'a que deux valeurs.",
            code="source-option",
            where="known",
            received=known,
            expected="payment ou publication",
        )
    lines, heights = _load(paths)
    last_year = (options.known_on or datetime.now(tz=UTC).date()).year
    judged = lines.select("file", "source_row", *_COLUMNS).with_columns(
        *_identified(lines["benef_id"]),
        grants_rules.cents(lines["amount_eur"]),
        grants_rules.funder(lines),
        grants_rules.first_of_equals(lines),
    )
    judged = judged.with_columns(_reason(last_year).alias("reason"))
    judged = judged.with_columns(
        pl.when(grants_rules.republished(judged))
        .then(pl.lit("duplicate_line"))
        .otherwise("reason")
        .alias("reason")
    )
    facts = _facts(judged.filter(pl.col("reason").is_null()), options, known)
    rejects = _rejects(judged.filter(pl.col("reason").is_not_null()))
    facts_of, rejects_of = (
        frame.partition_by("file", as_dict=True, include_key=False) for frame in (facts, rejects)
    )
    for at, height in enumerate(heights):
        yield Parsed(
            rows_in=height,
            tables={"grants": facts_of.get((at,), facts.head(0).drop("file"))},
            rejects=rejects_of.get((at,), rejects.head(0).drop("file")),
        )


def _load(paths: Sequence[Path]) -> tuple[pl.DataFrame, list[int]]:
    """Return the lines of the files, `file` (from 0) and `source_row` (from 1), and their heights.

    A value of another type than the harvest's becomes null, hence a reject of its own reason.
    """
    schemas = [_schema(path) for path in paths]
    try:
        if all(schema == schemas[0] for schema in schemas):
            scans = [pl.scan_parquet(list(paths), include_file_paths="path")]
        else:
            scans = [pl.scan_parquet(path, include_file_paths="path") for path in paths]
        lines = pl.concat(pl.collect_all(_typed(scan) for scan in scans), how="diagonal")
    except (OSError, pl.exceptions.PolarsError) as error:
        raise _unreadable(paths[0], error) from error
    files = pl.DataFrame({"path": [str(path) for path in paths]}).with_row_index("file")
    counted = lines["path"].rle().struct.unnest().rename({"value": "path"})
    heights = files.join(counted, on="path", how="left", maintain_order="left")["len"].fill_null(0)
    rows = pl.int_ranges(1, heights.cast(pl.Int64) + 1, eager=True).explode(empty_as_null=False)
    return lines.drop("path").with_columns(
        files["file"].cast(pl.Int32).repeat_by(heights).explode(empty_as_null=False).alias("file"),
        rows.alias("source_row"),
    ).rechunk(), heights.to_list()


def _typed(scan: pl.LazyFrame) -> pl.LazyFrame:
    return scan.with_columns(
        pl.col(name).cast(_COLUMNS.get(name, pl.String), strict=False)
        for name in scan.collect_schema()
        if name != "path"
    )


def _schema(path: Path) -> pl.Schema:
    try:
        schema = pl.Schema(pl.read_parquet_schema(path))
    except (OSError, pl.exceptions.PolarsError) as error:
        raise _unreadable(path, error) from error
    missing = sorted(set(_COLUMNS) - set(schema))
    if missing:
        raise SourceError(
            "Ce fichier Parquet n'a pas les colonnes de la moisson nationale.",
            code="source-columns",
            where=str(path),
            received=f"colonnes absentes : {', '.join(missing)}",
            expected=", ".join(_COLUMNS),
        )
    return schema


def _unreadable(path: Path, error: Exception) -> SourceError:
    return SourceError(
        "Ce fichier n'est pas un fichier Parquet lisible.",
        code="source-unreadable",
        where=str(path),
        received=str(error).splitlines()[0] if str(error) else type(error).__name__,
        expected="un fichier Parquet de la moisson nationale",
    )


def _identified(benef_id: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return `siren` and `rna` of each line, null where the identifier is none that holds."""
    named = benef_id.str.starts_with("R").fill_null(value=False)
    digits = benef_id.str.strip_prefix("S")
    plain = digits.str.len_bytes().eq(9) & digits.str.to_integer(strict=False).is_not_null()
    # A sign is part of a number for a computer, and of no SIREN.
    plain &= ~digits.str.slice(0, 1).is_in(["+", "-"])
    sound = plain.fill_null(value=False) & benef_id.str.starts_with("S").fill_null(value=False)
    rows = sound.arg_true()
    siren = digits.set(~sound, None)
    siren = siren.set(~siren_holds(siren), None) if rows.len() else siren
    codes = benef_id.filter(named).str.strip_prefix("R")
    codes = codes.set(~codes.str.contains(RNA), None)
    rna = pl.Series("rna", [None], dtype=pl.String).new_from_index(0, benef_id.len())
    return siren.alias("siren"), rna.scatter(named.arg_true(), codes) if codes.len() else rna


def _reason(last_year: int) -> pl.Expr:
    """Return the first reason to reject a line, null where it is kept."""
    year, amount, benef = pl.col("year"), pl.col("amount_eur"), pl.col("benef_id")
    reasons = {
        "aggregate_line": pl.col("granularity").ne_missing("individual"),
        "out_of_scope": ~pl.col("concours").is_in(list(_INSTRUMENTS)).fill_null(value=False)
        | ~pl.col("measure").is_in(list(_STAGES)).fill_null(value=False),
        "no_identifier": benef.is_null() | benef.str.starts_with("N") | (benef == ""),
        "invalid_identifier": pl.col("siren").is_null() & pl.col("rna").is_null(),
        "no_date": year.is_null(),
        "bad_date": (year < _FIRST_YEAR) | (year > last_year),
        "quarantined_amount": amount.is_null() & pl.col("amount_rejected_eur").is_not_null(),
        "no_amount": amount.is_null(),
        "bad_amount": pl.col("cents").is_null(),
        "duplicate_line": ~pl.col("first"),
    }
    return first_reason(reasons)


def _rejects(lines: pl.DataFrame) -> pl.DataFrame:
    value = pl.coalesce(
        *(
            pl.when(pl.col("reason") == reason).then(pl.col(column).cast(pl.String))
            for reason, column in _AT_FAULT.items()
            if column
        )
    )
    reason = pl.col("reason")
    return lines.select(
        "file",
        "source_row",
        reason.replace_strict(_AT_FAULT, return_dtype=pl.String).alias("column"),
        value.alias("value"),
        "reason",
        reason.replace_strict(REASONS, return_dtype=pl.String).alias("message"),
    )


def _facts(kept: pl.DataFrame, options: ReadOptions, known: str) -> pl.DataFrame:
    jaune = pl.col("source_id").str.starts_with(DATASET).fill_null(value=False)
    year = pl.col("year")
    if options.known_on is not None:
        known_on = pl.lit(options.known_on)
    elif known == "publication":
        known_on = pl.when(jaune).then(published_on(year)).otherwise(pl.date(year + 1, 12, 31))
    else:
        known_on = pl.date(year, 12, 31)
    return kept.select(
        "file",
        "siren",
        "rna",
        pl.lit(None, dtype=pl.String).alias("beneficiary_name"),
        "funder_id",
        pl.when(jaune)
        .then(pl.lit("État"))
        .otherwise(pl.col("donor_name_raw").str.strip_chars(' "'))
        .alias("funder_name"),
        _level().alias("funder_level"),
        grants_rules.programme(kept).alias("programme"),
        pl.col("purpose_raw").alias("purpose"),
        (pl.col("cents") / 100).cast(pl.Decimal(18, 2)).alias("amount_eur"),
        pl.col("measure").replace_strict(_STAGES, return_dtype=pl.String).alias("stage"),
        year.alias("fiscal_year"),
        pl.col("concours").replace_strict(_INSTRUMENTS, return_dtype=pl.String).alias("instrument"),
        pl.col("source_id").fill_null("inconnu").alias("dataset"),
        pl.lit(NAME).alias("source"),
        "source_row",
        known_on.alias("known_on"),
    )


def _level() -> pl.Expr:
    level = pl.col("donor_level").replace_strict(_LEVELS, default=None, return_dtype=pl.String)
    europe = pl.when(pl.col("donor_level").str.starts_with("europe")).then(pl.lit("europe"))
    return pl.coalesce(europe, level, pl.lit("unknown"))
