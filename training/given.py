"""Anyone's panel: a table of structures and dates with a label, read and checked.

A label is `event` (0, 1, or nothing where it is not known; over the horizon that follows `as_of`)
or `event_on` (the day of the first event, nothing where there was none). A table without `as_of` is
a cross-section: nothing is said of time, structures are held out instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

import polars as pl

from data.errors import VeilleError
from models.spec import FeatureSpec
from training.columns import Catalogue, as_declared, inferred, read_catalogue, varies
from training.labels import FAR, SCHEMA
from training.reading import read_rows
from training.targets import Target

Label = Literal["event", "event_on"]
PREFIX = "panel-"
#: horizons of a label that has a day
HORIZONS = (6, 12, 18)
#: the day of all rows of a cross-section, and its horizon: neither is shown
NO_DAY, NO_HORIZON = date(2000, 12, 31), 12
_MONTH_DAYS = 30.4375


@dataclass(frozen=True)
class Given:
    """A panel that is trained and tested on, as `training.dataset.Dataset` is.

    `rows`: `structure_id`, `as_of`, the indicators. `told`: the label of each. `dated`: the panel
    has observation days.
    `observed_until`: the last day of which events are known (of a label `event_on`).
    """

    target: Target
    rows: pl.DataFrame
    told: pl.DataFrame
    catalogue: Catalogue
    label: Label
    dated: bool
    observed_until: date

    #: indicators of the baselines "last_change" and "amount": nobody knows which they are
    simple = (None, None)

    def features(self, seen: pl.DataFrame) -> tuple[FeatureSpec, ...]:
        """Return the indicators that say something in these rows."""
        return tuple(f for f in self.catalogue.features if varies(seen[f.name]))

    def labels(self, known_by: date = FAR) -> pl.DataFrame:
        """Return the labels whose window was over by a day (see `training.labels`)."""
        pieces = []
        for months in self.target.horizons_months:
            end = pl.col("as_of").dt.offset_by(f"{months}mo")
            if self.dated:
                # The end of a month stays one, as in `features.asof.add_months`.
                last = pl.col("as_of") == pl.col("as_of").dt.month_end()
                end = pl.when(last).then(end.dt.month_end()).otherwise(end)
            rows = self.told.with_columns(end.alias("_end"))
            if self.dated:
                rows = rows.filter(pl.col("_end") <= known_by)
            if self.label == "event_on":
                later = pl.col("event_on") > pl.col("as_of")
                rows = rows.filter(
                    (pl.col("_end") <= self.observed_until) & (pl.col("event_on").is_null() | later)
                )
                event = (later & (pl.col("event_on") <= pl.col("_end"))).fill_null(value=False)
            else:
                rows = rows.filter(pl.col("event").is_not_null())
                event = pl.col("event") == 1
            pieces.append(
                rows.select(
                    "structure_id",
                    "as_of",
                    pl.lit(months, pl.Int32).alias("horizon_months"),
                    event.cast(pl.Int8).alias("event"),
                )
            )
        return pl.concat(pieces) if pieces else pl.DataFrame(schema=SCHEMA)

    def event_days(self) -> pl.DataFrame | None:
        """Return `structure_id`, `as_of`, `event_on` of the rows before an event."""
        if self.label != "event_on" or not self.dated:
            return None
        return self.told.filter(pl.col("event_on") > pl.col("as_of"))

    def described(self) -> dict[str, Any]:
        """Return what is kept beside the model, to score another panel of the same kind."""
        return {
            "label": self.label,
            "dated": self.dated,
            "indicators": len(self.catalogue.features),
            "left_out": self.catalogue.left_out,
        }


def read(path: Path, catalogue: Path | None = None, name: str | None = None) -> Given:
    """Return the panel of a Parquet or CSV file.

    Parameters
    ----------
    path : pathlib.Path
        `structure_id`, `as_of` (absent: a cross-section), `event` or `event_on`, then indicators.
    catalogue : pathlib.Path, optional
        TOML (`training.columns`); inferred if None.
    name : str, optional
        Of the target; that of the file if None.

    Raises
    ------
    VeilleError
        The file cannot be read, a column is missing or of the wrong type, a row is there twice, no
        column can be an indicator.
    """
    rows = read_rows(path)
    label: Label = "event_on" if "event_on" in rows.columns else "event"
    if label not in rows.columns:
        raise VeilleError(
            "Le panel n'a pas d'étiquette.",
            code="no-label-column",
            where=str(path),
            received=", ".join(rows.columns[:12]),
            expected="une colonne event (0 ou 1) ou event_on (le jour de l'événement)",
        )
    dated = "as_of" in rows.columns
    if label == "event_on" and not dated:
        raise VeilleError(
            "Un jour d'événement sans date d'observation ne dit rien.",
            code="no-label-column",
            where=f"{path} : event_on",
            received="pas de colonne as_of",
            expected="as_of, ou une étiquette event",
        )
    found = read_catalogue(catalogue, rows) if catalogue else inferred(rows)
    if not found.features:
        raise VeilleError(
            "Aucune colonne du panel ne peut être un indicateur.",
            code="no-indicator",
            where=str(path),
            received="; ".join(f"{k} : {v}" for k, v in list(found.left_out.items())[:10]),
            expected="des colonnes de nombres ou de catégories",
        )
    rows = as_declared(rows, found.features)
    if not dated:
        rows = rows.with_columns(pl.lit(NO_DAY).alias("as_of"))
    if rows.select("structure_id", "as_of").is_duplicated().any():
        twice = rows.filter(rows.select("structure_id", "as_of").is_duplicated())
        raise VeilleError(
            "Une structure est là plusieurs fois à la même date.",
            code="duplicate-row",
            where=str(path),
            received=f"{twice['structure_id'][0]}, {twice['as_of'][0]}",
            expected="une ligne par structure_id et as_of",
        )
    months = (found.horizon_months or _step(rows)) if dated else NO_HORIZON
    horizons = HORIZONS if label == "event_on" else (months,)
    target = Target(
        PREFIX + (name or path.stem),
        horizons,
        12 if label == "event_on" else months,
        f"Panel {name or path.stem}",
        f"étiquette {label} du panel",
    )
    names = [f.name for f in found.features]
    order = rows.select(pl.arg_sort_by("as_of", "structure_id")).to_series()
    for column in rows.columns:  # one at a time: never two copies of a large panel
        rows = rows.with_columns(rows[column].gather(order))
    return Given(
        target,
        rows.select("structure_id", "as_of", *names),
        rows.select("structure_id", "as_of", label),
        found,
        label,
        dated,
        _observed_until(rows, label),
    )


def _observed_until(rows: pl.DataFrame, label: Label) -> date:
    """Return the last day whose events are known: that of the last row or event."""
    last: date = rows["as_of"].max()  # type: ignore[assignment]
    event = rows["event_on"].max() if label == "event_on" else None
    return max(last, event) if isinstance(event, date) else last


def _step(rows: pl.DataFrame) -> int:
    """Return the months between two observation days: what a label `event` looks at, at least."""
    days = rows["as_of"].unique().sort()
    if days.len() < 2:
        return NO_HORIZON
    step = days.diff().drop_nulls().dt.total_days().median()
    return max(1, round(float(step) / _MONTH_DAYS))  # type: ignore[arg-type]


def to_score(
    path: Path, described: dict[str, Any], features: tuple[FeatureSpec, ...]
) -> pl.DataFrame:
    """Return the rows of a panel that a model of `described` can score, in the order of the file.

    Raises
    ------
    VeilleError
        As `read`, but for the label, which is not needed.
    """
    rows = as_declared(read_rows(path), features)
    if described["dated"] and "as_of" not in rows.columns:
        raise VeilleError(
            "Le panel à noter n'a pas de date d'observation.",
            code="missing-column",
            where=str(path),
            received=", ".join(rows.columns[:12]),
            expected="as_of, comme le panel de l'apprentissage",
        )
    return rows
