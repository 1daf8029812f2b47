"""Prepare a publication: checked frames, and the index that makes every list answer fast.

The index is derived from the scores once, at writing, and memory-mapped by every worker: the rows
by rank, one permutation per sort key, one small integer code per filter, the names made plain for
the search, and where each structure's lines stand in the other files.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from serving.publication_files import (
    HISTORY,
    HISTORY_COLUMNS,
    LEVELS,
    PROFILE_COLUMNS,
    REASON_COLUMNS,
    REASONS,
    SCORE_COLUMNS,
    UNKNOWN,
    UNKNOWN_COLUMNS,
    PublicationError,
)

#: columns with an integer code in the index, usable as exact filters
CODED = ("level", "region", "departement", "sector", "ess_family")
NO_VALUE = ""
DETAIL_COLUMNS = {REASONS: REASON_COLUMNS, HISTORY: HISTORY_COLUMNS, UNKNOWN: UNKNOWN_COLUMNS}
#: rows of a Parquet row group: what is decoded to read one structure
ROW_GROUP = 16_384

_SPELLED = {"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l"}


def plain(text: str) -> str:
    """Return text without accents, case or punctuation, words separated by one space."""
    for letter, spelled in _SPELLED.items():
        text = text.lower().replace(letter, spelled)
    kept = unicodedata.normalize("NFKD", text)
    words = "".join(
        c if c.isascii() and c.isalnum() else " "
        for c in kept
        if c.isascii() or not unicodedata.combining(c)
    )
    return " ".join(words.split())


def plain_column(column: pl.Series) -> pl.Series:
    """Return `plain` of a whole column; null becomes the empty string."""
    lowered = column.fill_null("").str.to_lowercase()
    spelled = lowered.str.replace_many(list(_SPELLED), list(_SPELLED.values()))
    bare = spelled.str.normalize("NFKD").str.replace_all(r"\p{M}", "")
    return bare.str.replace_all(r"[^a-z0-9]+", " ").str.strip_chars(" ")


def conform_scores(scores: pl.DataFrame, horizons: Sequence[int], main: int) -> pl.DataFrame:
    """Check the scores and sort them by risk at the main horizon (unknown last), then SIREN.

    Parameters
    ----------
    scores : pl.DataFrame
        One row per structure: `SCORE_COLUMNS` and p_{h}m, low_{h}m, high_{h}m per horizon.
    horizons : sequence of int
        Horizons in months; each must have its p_{h}m column.
    main : int
        The horizon of the rank and of the levels, in months.

    Raises
    ------
    PublicationError
        `bad-publication`: a column is missing or of another type, a SIREN is not nine digits or
        comes twice, a probability is outside [0, 1], a level is unknown.
    """
    wanted = dict(SCORE_COLUMNS)
    for horizon in horizons:
        wanted[f"p_{horizon}m"] = (pl.Float64(), False)
        wanted[f"low_{horizon}m"] = (pl.Float64(), True)
        wanted[f"high_{horizon}m"] = (pl.Float64(), True)
    frame = _conform(scores, wanted, "scores", keep_others=True)
    _require(frame["siren"].str.contains(r"^\d{9}$").all(), "siren", "neuf chiffres")
    _require(frame["siren"].n_unique() == frame.height, "siren", "une seule ligne par structure")
    _require(frame["level"].is_in(LEVELS).all(), "level", " | ".join(LEVELS))
    for horizon in horizons:
        p = frame[f"p_{horizon}m"]
        _require(not p.is_nan().any(), f"p_{horizon}m", "une probabilité, ou rien : jamais NaN")
        _require(p.is_between(0, 1).all(), f"p_{horizon}m", "une probabilité entre 0 et 1")
        known = (frame["level"] == "unknown") | p.is_not_null()
        _require(known.all(), f"p_{horizon}m", "une probabilité, sauf au niveau « unknown »")
    return frame.sort(f"p_{main}m", "siren", descending=[True, False], nulls_last=True)


def conform_details(frame: pl.DataFrame, file: str, sirens: pl.Series) -> pl.DataFrame:
    """Check reasons, history or unknown and sort them by SIREN; PublicationError if refused."""
    checked = _conform(frame, DETAIL_COLUMNS[file], file.removesuffix(".parquet"))
    strangers = checked.filter(~pl.col("siren").is_in(sirens.implode()))
    if strangers.height:
        raise PublicationError(
            "Des lignes concernent des structures absentes des scores.",
            code="bad-publication",
            where=file,
            received=f"{strangers.height} lignes, dont {strangers['siren'][0]}",
            expected="seulement les structures de la publication",
        )
    if file == REASONS:
        size = pl.col("contribution").abs()
        return checked.sort(
            "siren", "horizon_months", size, "indicator", descending=[False, False, True, False]
        )
    if file == HISTORY:
        return checked.sort("siren", "fiscal_year", "funder_id", "amount_eur", maintain_order=True)
    return checked.sort("siren", maintain_order=True)


def conform_profile(frame: pl.DataFrame, sirens: pl.Series) -> pl.DataFrame:
    """Check the profiles and return one row for each of `sirens`, in their order, nulls included.

    Raises
    ------
    PublicationError
        `bad-publication`: a column is missing or of another type, a SIREN comes twice.
    """
    checked = _conform(frame, PROFILE_COLUMNS, "profile")
    once = checked["siren"].n_unique() == checked.height
    _require(once, "profile", "une seule ligne par structure")
    asked = pl.DataFrame({"siren": sirens})
    return asked.join(checked, on="siren", how="left", maintain_order="left")


def build_index(
    scores: pl.DataFrame, details: Mapping[str, pl.DataFrame], horizons: Sequence[int]
) -> tuple[pl.DataFrame, dict[str, list[str]]]:
    """Return the index (same rows, same order as `scores`) and the values behind its codes."""
    count = scores.height
    siren = scores["siren"].cast(pl.UInt32)
    added = {"_siren": siren, "_by_siren": siren.arg_sort().cast(pl.Int32)}
    codes: dict[str, list[str]] = {}
    for column in CODED:
        filled = scores[column].fill_null(NO_VALUE)
        # Levels keep their own order; the other values are alphabetical.
        values = list(LEVELS) if column == "level" else sorted(filled.unique().to_list())
        codes[column] = values
        added[f"_c_{column}"] = filled.replace_strict(
            values, list(range(len(values))), return_dtype=pl.UInt16
        )
    added["_search"] = plain_column(scores["name"])
    row = pl.Series("row", np.arange(count, dtype=np.int32))
    keyed = scores.with_columns(_search=added["_search"], row=row)
    keys = {f"p_{h}m": f"p_{h}m" for h in horizons} | {"employees": "employees"}
    for key, column in keys.items():
        # Descending with nulls last; the row number, that is the rank, decides between equals.
        order = keyed.select("row", column).sort(
            column, "row", descending=[True, False], nulls_last=True
        )
        added[f"_o_{key}"] = order["row"]
    added["_o_rank"] = keyed.sort("rank", "row", nulls_last=True)["row"]
    added["_o_name"] = keyed.select("row", "_search").sort("_search", "row")["row"]
    for file, frame in details.items():
        name = file.removesuffix(".parquet")
        start, length = _extents(scores["siren"], frame)
        added[f"_{name}_at"], added[f"_{name}_n"] = start, length
    return scores.with_columns(**added), codes


def write_index(index: pl.DataFrame, path: Path) -> None:
    """Write the index as one uncompressed Arrow batch: columns are then mapped, never copied."""
    table = index.rechunk().to_arrow(compat_level=pl.CompatLevel.newest()).combine_chunks()
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def read_index(path: Path) -> pl.DataFrame:
    """Map the index into memory, without copying it: its pages are shared by the workers."""
    with pa.memory_map(str(path)) as source:
        frame = pl.from_arrow(pa.ipc.open_file(source).read_all())
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - a table, never a series
    return frame


def _extents(sirens: pl.Series, frame: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    lengths = frame.group_by("siren", maintain_order=True).len("n")
    starts = lengths.with_columns(at=pl.col("n").cum_sum().cast(pl.Int64) - pl.col("n"))
    joined = pl.DataFrame({"siren": sirens}).join(
        starts, on="siren", how="left", maintain_order="left"
    )
    return joined["at"].fill_null(0).cast(pl.Int64), joined["n"].fill_null(0).cast(pl.Int32)


def _conform(
    frame: pl.DataFrame,
    wanted: Mapping[str, tuple[pl.DataType, bool]],
    table: str,
    *,
    keep_others: bool = False,
) -> pl.DataFrame:
    missing = [c for c, (_, optional) in wanted.items() if not optional and c not in frame.columns]
    if missing:
        raise PublicationError(
            f"Il manque des colonnes à {table}.",
            code="bad-publication",
            where=table,
            received=", ".join(frame.columns),
            expected=", ".join(missing),
        )
    columns = [
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, (dtype, _) in wanted.items()
    ]
    others = [c for c in frame.columns if c not in wanted] if keep_others else []
    reserved = [c for c in others if c.startswith("_")]
    _require(
        not reserved, ", ".join(reserved), "des colonnes dont le nom ne commence pas par « _ »"
    )
    try:
        conformed = frame.select(*columns, *others)
    except pl.exceptions.PolarsError as error:
        raise PublicationError(
            f"Une colonne de {table} n'a pas le bon type.",
            code="bad-publication",
            where=table,
            received=str(error).splitlines()[0],
        ) from error
    required = [c for c, (_, optional) in wanted.items() if not optional]
    for column in required:
        if column != "rank" and not column.startswith("p_"):  # null where "unknown"
            _require(not conformed[column].has_nulls(), column, "une valeur à chaque ligne")
    return conformed


def _require(condition: bool | None, column: str, expected: str) -> None:  # noqa: FBT001
    if not condition:
        raise PublicationError(
            "La publication est refusée : une colonne ne tient pas sa promesse.",
            code="bad-publication",
            where=column,
            expected=expected,
        )
