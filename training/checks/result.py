"""What a check says, and what it looks at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, Literal

import polars as pl

from models.risk_model import RiskModel
from models.thinning import KEYS
from training.checks.ranking import auc, column
from training.dataset import Labelled
from training.evaluate import Split, splits

State = Literal["passes", "fires", "not_applicable"]
#: end of the name of a column of the day before
BEFORE = "\0before"


@dataclass(frozen=True)
class Result:
    """A state, a French sentence with the figures, and the figures."""

    state: State
    sentence: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """A check: `blocking` when a model that it fires on must not be promoted."""

    code: str
    blocking: bool
    run: Callable[[Subject], Result]


def absent(why: str) -> Result:
    """Return the result of a check that has nothing to look at."""
    return Result("not_applicable", why)


def told(found: list[str], good: str, values: dict[str, Any]) -> Result:
    """Return "fires" with what was found, "passes" with `good` where nothing was."""
    return Result("fires", " ".join(found), values) if found else Result("passes", good, values)


@dataclass(frozen=True)
class Subject:
    """A model and all that it was made of.

    `today`: nothing can be dated after it. `known_to`: the last day of which facts are known.
    `recomputed`: rows of some days computed again from the facts known by then, None where there
    are no facts (anyone's panel). `columns`: every column of the panel, indicators or not.
    """

    model: RiskModel
    data: Labelled
    today: date
    known_to: date | None = None
    recomputed: pl.DataFrame | None = None
    columns: tuple[str, ...] = ()

    @cached_property
    def labels(self) -> pl.DataFrame:
        """Return the labels of the main horizon."""
        main = self.data.target.main_horizon_months
        return self.data.labels().filter(pl.col("horizon_months") == main)

    @cached_property
    def labelled(self) -> pl.DataFrame:
        """Return the rows that have a label, with `event`."""
        wanted = self.labels.select(*KEYS, "event")
        return self.data.rows.join(wanted, on=list(KEYS), how="inner", maintain_order="left")

    @cached_property
    def alone(self) -> dict[str, float]:
        """Return how well each indicator alone ranks the events (AUC), NaN without any."""
        rows = self.labelled
        if rows.is_empty():
            return dict.fromkeys((f.name for f in self.model.features), float("nan"))
        event = rows["event"].to_numpy().astype(float)
        return {f.name: auc(event, column(rows, f.name, event)) for f in self.model.features}

    @cached_property
    def pairs(self) -> pl.DataFrame | None:
        """Return the labelled rows with each number of the day before, None without two days."""
        rows = self.data.rows
        names = [f.name for f in self.model.features if rows.schema[f.name] != pl.String]
        days = rows["as_of"].unique().sort()
        if not self.data.dated or days.len() < 2:
            return None
        step = pl.DataFrame({"as_of": days[1:], "_day": days[:-1]})
        earlier = rows.select(
            "structure_id", pl.col("as_of").alias("_day"), pl.col(names).name.suffix(BEFORE)
        )
        return (
            self.labelled.select("structure_id", "as_of", "event", *names)
            .join(step, on="as_of", how="inner")
            .join(earlier, on=["structure_id", "_day"], how="inner")
        )

    @cached_property
    def unseen(self) -> tuple[pl.DataFrame, pl.Series] | None:
        """Return what `light` gives for the first seed: several checks read it."""
        return self.light(0)

    @cached_property
    def split(self) -> Split | None:
        """Return the last split, None where there is none."""
        from data.errors import VeilleError

        try:
            return splits(self.data, 1)[-1]
        except VeilleError:
            return None

    @cached_property
    def last(self) -> pl.DataFrame:
        """Return the rows of the last day."""
        return self.data.rows.filter(pl.col("as_of") == pl.col("as_of").max())

    def light(self, seed: int) -> tuple[pl.DataFrame, pl.Series] | None:
        """Return the last test rows with `event`, and probabilities of a model that never saw them.

        One member, made as the model was, on what its last split allows.
        """
        from dataclasses import replace

        if self.split is None:
            return None
        model, main = self.model, self.data.target.main_horizon_months
        train = self.split.train.filter(pl.col("horizon_months") == main)
        wanted = self.split.test.filter(pl.col("horizon_months") == main).select(*KEYS, "event")
        test = self.data.rows.join(wanted, on=list(KEYS), how="inner", maintain_order="left")
        if not 0 < train["event"].sum() < train.height or test.is_empty():
            return None
        made = RiskModel.fit(
            self.data.rows,
            train,
            None,
            None,
            target=model.target,
            features=model.features,
            horizons_months=(main,),
            params=replace(model.params, members=2, seed=model.params.seed + seed),
            like=model,
        )
        return test, made.predict(test)[f"p_{main}m"]
