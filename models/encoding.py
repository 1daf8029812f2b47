"""From a panel to numbers: codes for the trees, columns of about unit scale for the linear part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from scipy.special import ndtri

from models.spec import FeatureSpec, FitParams, ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int32]

MISSING_CODE = 0.0  # a missing category is a level of its own when training has shown it


@dataclass(frozen=True)
class Column:
    """What training taught about one indicator.

    Attributes
    ----------
    knots, normal : ndarray
        Distinct quantiles of a numeric column and their normal scores; empty if never observed.
    levels : tuple[str, ...]
        Known levels of a categorical column, the most frequent first; code = position + 1.
    missing_seen : bool
        Whether training showed a missing value.
    median : float
        Value that stands for a missing value never seen in training (NaN if never observed).
    """

    spec: FeatureSpec
    knots: Floats
    normal: Floats
    levels: tuple[str, ...]
    missing_seen: bool
    median: float

    @property
    def varies(self) -> bool:
        """Tell whether a numeric column took at least two values."""
        return len(self.knots) > 1


@dataclass(frozen=True)
class Design:
    """Columns of the linear part: `dense` (n, d), then one vector of level codes a category."""

    dense: Floats
    codes: tuple[Ints, ...]

    def __len__(self) -> int:
        return len(self.dense)

    def take(self, keep: NDArray[np.bool_]) -> Design:
        """Return the rows where `keep` is true."""
        return Design(self.dense[keep], tuple(c[keep] for c in self.codes))

    def centre(self, slots: Sequence[int], weights: Floats) -> Centre:
        """Return the weighted means of the columns: what a contribution is compared with."""
        total = weights.sum()
        shares = [
            np.bincount(c, weights, minlength=n) / total
            for c, n in zip(self.codes, slots, strict=True)
        ]
        return Centre(weights @ self.dense / total, tuple(shares))


@dataclass(frozen=True)
class Centre:
    """Mean of each dense column, share of each level, over the training rows."""

    dense: Floats
    levels: tuple[Floats, ...]


@dataclass(frozen=True)
class Encoding:
    """Transform fitted on training rows only."""

    columns: tuple[Column, ...]

    @classmethod
    def fit(
        cls, rows: pl.DataFrame, features: Sequence[FeatureSpec], params: FitParams
    ) -> Encoding:
        """Learn quantiles, levels and which columns may be missing from `rows`.

        Raises
        ------
        ModelError
            `missing-column` or `bad-column-type` when a column of `features` cannot be read.
        """
        return cls(tuple(_learn(rows, f, params) for f in features))

    def codes(self, rows: pl.DataFrame) -> Floats:
        """Return the (n, features) matrix given to the trees, NaN where a value is missing.

        A missing value that training never showed takes the training median (numeric) or the
        place of an unknown level (categorical): LightGBM alone would read it as zero.
        """
        out = np.empty((rows.height, len(self.columns)))
        for j, column in enumerate(self.columns):
            if column.spec.kind == "categorical":
                out[:, j] = _level_codes(rows, column)
            else:
                values = numeric(rows, column.spec)
                if not column.missing_seen:
                    values = np.where(np.isnan(values), column.median, values)
                out[:, j] = values
        return out

    def design(self, codes: Floats) -> Design:
        """Return the columns of the linear part for a matrix made by `codes`."""
        dense = np.empty((len(codes), len(self.dense_columns)))
        for at, (j, flag) in enumerate(self.dense_columns):
            column, values = self.columns[j], codes[:, j]
            if flag:
                dense[:, at] = np.isnan(values)
            else:
                z = np.interp(values, column.knots, column.normal)
                dense[:, at] = np.nan_to_num(z, nan=0.0)
        levels = []
        for j in self.level_columns:
            none = len(self.columns[j].levels) + 1  # the slot of unknown levels: coefficient zero
            levels.append(np.nan_to_num(codes[:, j], nan=none).astype(np.int32))
        return Design(dense, tuple(levels))

    @property
    def dense_columns(self) -> list[tuple[int, bool]]:
        """Return (indicator, is a missing flag) for each dense column."""
        out = []
        for j, column in enumerate(self.columns):
            if column.spec.kind != "numeric" or not len(column.knots):
                continue
            out += [(j, False)] if column.varies else []
            out += [(j, True)] if column.missing_seen else []
        return out

    @property
    def level_columns(self) -> list[int]:
        """Return the categorical indicators that have levels."""
        return [j for j, c in enumerate(self.columns) if c.spec.kind == "categorical" and c.levels]

    def level_slots(self) -> list[int]:
        """Return the number of slots (missing, levels, unknown) of each categorical indicator."""
        return [len(self.columns[j].levels) + 2 for j in self.level_columns]

    def signs(self) -> list[int]:
        """Return the sign constraint of each dense column."""
        return [0 if flag else self.columns[j].spec.sign for j, flag in self.dense_columns]

    def state(self) -> tuple[list[dict[str, Any]], dict[str, Floats]]:
        """Return what `from_state` needs: JSON values and arrays."""
        plain = [
            {"levels": list(c.levels), "missing_seen": c.missing_seen, "median": _or_none(c.median)}
            for c in self.columns
        ]
        arrays = {f"knots_{j}": c.knots for j, c in enumerate(self.columns)}
        arrays |= {f"normal_{j}": c.normal for j, c in enumerate(self.columns)}
        return plain, arrays

    @classmethod
    def from_state(
        cls,
        features: Sequence[FeatureSpec],
        plain: list[dict[str, Any]],
        arrays: dict[str, Floats],
    ) -> Encoding:
        """Return the encoding saved by `state`."""
        return cls(
            tuple(
                Column(
                    spec,
                    arrays[f"knots_{j}"],
                    arrays[f"normal_{j}"],
                    tuple(p["levels"]),
                    bool(p["missing_seen"]),
                    np.nan if p["median"] is None else float(p["median"]),
                )
                for j, (spec, p) in enumerate(zip(features, plain, strict=True))
            )
        )


def numeric(rows: pl.DataFrame, spec: FeatureSpec) -> Floats:
    """Return a numeric column as floats, NaN where it is null, NaN or infinite.

    Raises
    ------
    ModelError
        `missing-column` if the column is absent, `bad-column-type` if it holds no numbers.
    """
    series = series_of(rows, spec)
    kind = series.dtype
    if not (kind.is_numeric() or kind in (pl.Boolean, pl.Null)):
        raise ModelError(
            f"L'indicateur {spec.name} doit être numérique.",
            code="bad-column-type",
            where=spec.name,
            received=str(kind),
            expected="une colonne numérique ou booléenne",
            todo="Convertissez la colonne ou déclarez l'indicateur categorical.",
        )
    values = series.cast(pl.Float64).to_numpy()
    finite = np.isfinite(values)
    return values if finite.all() else np.where(finite, values, np.nan)


def series_of(rows: pl.DataFrame, spec: FeatureSpec) -> pl.Series:
    """Return the column of an indicator.

    Raises
    ------
    ModelError
        `missing-column` if `rows` lacks it.
    """
    if spec.name not in rows.columns:
        raise ModelError(
            f"La colonne {spec.name} manque.",
            code="missing-column",
            where=spec.name,
            received=", ".join(rows.columns[:10]) + ("…" if rows.width > 10 else ""),
            expected="une colonne par indicateur du modèle",
            todo="Recalculez le panel avec le même catalogue d'indicateurs que le modèle.",
        )
    return rows.get_column(spec.name)


def _learn(rows: pl.DataFrame, spec: FeatureSpec, params: FitParams) -> Column:
    none = np.empty(0)
    if spec.kind == "categorical":
        text = series_of(rows, spec).cast(pl.String)
        counts = text.drop_nulls().value_counts(sort=False)
        counts = counts.filter(pl.col("count") >= params.min_level_rows)
        counts = counts.sort(["count", spec.name], descending=[True, False])
        levels = tuple(counts.get_column(spec.name).to_list())
        return Column(spec, none, none, levels, text.null_count() > 0, np.nan)
    values = numeric(rows, spec)
    known = values[~np.isnan(values)]
    if not len(known):
        return Column(spec, none, none, (), missing_seen=True, median=np.nan)
    at = np.linspace(0.0, 1.0, params.knots + 1)
    quantiles = np.quantile(known, at)
    knots, first, count = np.unique(quantiles, return_index=True, return_counts=True)
    # The middle of a tie's ranks, so that the many zeros of an indicator get one moderate score.
    position = at[first] + (at[1] - at[0]) * (count - 1) / 2
    edge = 0.5 / params.knots
    normal = ndtri(np.clip(position, edge, 1 - edge))
    middle = float(np.quantile(known, 0.5, method="lower"))
    return Column(spec, knots, normal, (), len(known) < len(values), middle)


def _level_codes(rows: pl.DataFrame, column: Column) -> Floats:
    text = series_of(rows, column.spec).cast(pl.String)
    known = pl.DataFrame(
        {"level": list(column.levels), "code": np.arange(1.0, len(column.levels) + 1)},
        schema={"level": pl.String, "code": pl.Float64},
    )
    found = text.to_frame("level").join(known, on="level", how="left", maintain_order="left")
    codes = found.get_column("code").cast(pl.Float64).to_numpy()
    codes = np.where(np.isnan(codes), np.nan, codes)
    return (
        np.where(text.is_null().to_numpy(), MISSING_CODE, codes) if column.missing_seen else codes
    )


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else value
