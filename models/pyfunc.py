"""The risk model as an MLflow pyfunc: indicators in, one probability a horizon out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd  # MLflow resolves the hint of `predict` when it loads this file
import polars as pl
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel, PythonModelContext

from models.risk_model import RiskModel


class RiskPyfunc(PythonModel):  # type: ignore[misc]  # mlflow is untyped
    """`mlflow models serve` and `spark_udf` use this; the folder is the artifact "model"."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the model of the logged run."""
        self.model = RiskModel.load(Path(context.artifacts["model"]))

    def predict(
        self,
        context: PythonModelContext,  # noqa: ARG002  # mlflow's signature
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> pd.DataFrame:
        """Return p_{h}m for each row of `model_input` (n rows, one column per indicator).

        Raises
        ------
        ModelError
            `missing-column` or `bad-column-type`.
        """
        columns = {}
        for feature in self.model.features:
            if feature.name in model_input:
                kind = pl.String if feature.kind == "categorical" else pl.Float64
                values = model_input[feature.name]
                known = values.astype(object).where(values.notna(), None)
                columns[feature.name] = pl.Series(list(known), dtype=kind, strict=False)
        scores = self.model.predict(pl.DataFrame(columns))
        names = [f"p_{h}m" for h in self.model.horizons_months]
        return scores.select(names).to_pandas()


set_model(RiskPyfunc())
