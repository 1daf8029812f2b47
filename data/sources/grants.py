"""The national harvest of published grants (Parquet): one line of any public list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl

from data.sources import grants_rules, parquet
from data.sources.base import CERTAIN, NO, Parsed, ReadOptions, SourceError
from data.sources.state_list import published_on

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
    judged = grants_rules.judge(lines, last_year)
    facts = _facts(judged, options, known)
    facts_of, rejects_of = (
        frame.partition_by("file", as_dict=True, include_key=False)
        for frame in (facts, judged.rejects)
    )
    for at, height in enumerate(heights):
        yield Parsed(
            rows_in=height,
            tables={"grants": facts_of.get((at,), facts.head(0).drop("file"))},
            rejects=rejects_of.get((at,), judged.rejects.head(0).drop("file")),
        )


def _load(paths: Sequence[Path]) -> tuple[pl.DataFrame, list[int]]:
    """Return the lines of the files, `file` (from 0) and `source_row` (from 1), and their heights.

    A value of another type than the harvest's becomes null, hence a reject of its own reason.
    """
    frames = [_lines(path, at) for at, path in enumerate(paths)]
    return pl.concat(frames), [frame.height for frame in frames]


def _lines(path: Path, at: int) -> pl.DataFrame:
    try:
        missing = sorted(set(_COLUMNS) - set(parquet.schema_of(path)))
        if missing:
            raise SourceError(
                "Ce fichier Parquet n'a pas les colonnes de la moisson nationale.",
                code="source-columns",
                where=str(path),
                received=f"colonnes absentes : {', '.join(missing)}",
                expected=", ".join(_COLUMNS),
            )
        lines = parquet.read(path, list(_COLUMNS))
    except parquet.ParquetError as error:
        raise SourceError(
            "Ce fichier n'est pas un fichier Parquet lisible.",
            code="source-unreadable",
            where=str(path),
            received=error,
            expected="un fichier Parquet de la moisson nationale",
        ) from error
    return lines.select(
        *(pl.col(name).cast(dtype, strict=False) for name, dtype in _COLUMNS.items()),
        pl.lit(at, dtype=pl.Int32).alias("file"),
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("source_row"),
    )


def _facts(judged: grants_rules.Judged, options: ReadOptions, known: str) -> pl.DataFrame:
    kept = judged.kept
    of_kind = judged.kinds.drop("out").select(pl.all().gather(kept["kind"]))
    year = pl.col("year")
    if options.known_on is not None:
        known_on = pl.lit(options.known_on)
    elif known == "publication":
        listed = pl.when("listed").then(published_on(year))
        known_on = listed.otherwise(pl.date(year + 1, 12, 31))
    else:
        known_on = pl.date(year, 12, 31)
    return kept.hstack(of_kind).select(
        "file",
        "siren",
        "rna",
        *(name for name in of_kind.columns if name != "listed"),
        pl.col("purpose_raw").alias("purpose"),
        (pl.col("cents") / 100).cast(pl.Decimal(18, 2)).alias("amount_eur"),
        year.alias("fiscal_year"),
        pl.lit(NAME).alias("source"),
        "source_row",
        known_on.alias("known_on"),
    )
