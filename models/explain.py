"""Reasons: the contribution of each indicator in log-odds; base and contributions add up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from models.spec import FeatureSpec, ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.encoding import Design
    from models.risk_model import RiskModel
    from models.trees import Forest

    Floats = NDArray[np.float64]

Method = Literal["auto", "live", "batch"]

BATCH_ROWS = 500  # the tables' fixed cost is paid back from about here
CHECKED_ROWS = 32
TOLERANCE = 1e-8  # both add in double precision
EXTRA = ("base_value", "score_logit")


def contributions(
    model: RiskModel,
    rows: pl.DataFrame,
    horizon_months: int,
    *,
    method: Method = "auto",
    num_threads: int = 0,
) -> pl.DataFrame:
    """Explain each row's probability at one horizon.

    Parameters
    ----------
    model : RiskModel
        Fitted model.
    rows : DataFrame
        One column per indicator; structure_id and as_of are passed through if present.
    horizon_months : int
        One of the model's horizons.
    method : {"auto", "live", "batch"}
        "live" is LightGBM's TreeSHAP; "batch" looks the same values up in tables, checked against
        it on a sample at each call; "auto" takes the batch from 500 rows on.
    num_threads : int
        Changes the speed only.

    Returns
    -------
    DataFrame
        structure_id, as_of, base_value, one column per indicator, score_logit. The base value is
        the same for every row; base_value + contributions = score_logit, and
        sigmoid(score_logit) = p_{h}m of `predict`.

    Raises
    ------
    ModelError
        `unknown-horizon`, `missing-column`, `explanation-mismatch` when the batch and the live
        explanations differ.
    """
    h = model.horizon_index(horizon_months)
    names = [f.name for f in model.features]
    out = np.empty((rows.height, len(names)))
    base = 0.0
    for at, codes in model.chunks(rows):
        linear, base = _linear_part(model, model.encoding.design(codes), h)
        out[at] = linear
        if model.forests:
            forest = model.forests[h]
            batch = method == "batch" or (method == "auto" and rows.height >= BATCH_ROWS)
            if batch:
                shap, start = _batch(forest, codes, num_threads=num_threads)
            else:
                shap, start = forest.contributions(codes, num_threads=num_threads)
            out[at] += shap
            base += start
    out *= model.calibration.slope
    base = float(model.calibration.apply(np.array([base]), h)[0])
    frame = pl.DataFrame(out, schema=names, orient="row")
    keys = rows.select([k for k in ("structure_id", "as_of") if k in rows.columns])
    return pl.DataFrame(
        [
            *keys.get_columns(),
            pl.Series("base_value", np.full(rows.height, base)),
            *frame.get_columns(),
            pl.Series("score_logit", base + out.sum(1)),
        ]
    )


def by_theme(explained: pl.DataFrame, features: Sequence[FeatureSpec]) -> pl.DataFrame:
    """Return the contributions summed by theme, beside the key, base and score columns.

    Parameters
    ----------
    explained : DataFrame
        Made by `contributions`.
    features : sequence of FeatureSpec
        The model's indicators.

    Returns
    -------
    DataFrame
        One column per theme, in the order in which the themes appear in `features`.
    """
    themes: dict[str, list[str]] = {}
    for feature in features:
        themes.setdefault(feature.theme, []).append(feature.name)
    kept = [c for c in ("structure_id", "as_of", *EXTRA) if c in explained.columns]
    sums = [pl.sum_horizontal(names).alias(theme) for theme, names in themes.items()]
    return explained.select([*kept[:-1], *sums, kept[-1]])


def _linear_part(model: RiskModel, design: Design, h: int) -> tuple[Floats, float]:
    """Return the bag's mean linear contributions (n, features) and their base.

    A coefficient's contribution is centred on the training mean, as TreeSHAP's is.
    """
    encoding, count = model.encoding, len(model.bag.linear)
    dense = np.mean([part.dense for part in model.bag.linear], axis=0)
    out = np.zeros((len(design), len(encoding.columns)))
    base = float(np.mean([part.intercepts[h] for part in model.bag.linear]))
    for at, (j, _) in enumerate(encoding.dense_columns):
        centre = model.centre.dense[at]
        out[:, j] += dense[at] * (design.dense[:, at] - centre)
        base += float(dense[at] * centre)
    for k, j in enumerate(encoding.level_columns):
        weights = np.sum([part.levels[k] for part in model.bag.linear], axis=0) / count
        middle = float(weights @ model.centre.levels[k])
        out[:, j] += weights[design.codes[k]] - middle
        base += middle
    return out, base


def _batch(forest: Forest, codes: Floats, *, num_threads: int) -> tuple[Floats, float]:
    """Return the tabulated TreeSHAP, checked against LightGBM's own on a sample of the rows."""
    tables = forest.batch
    if tables is None:
        return forest.contributions(codes, num_threads=num_threads)
    factor = forest.scale / len(forest.ends)
    shap, base = tables.values(codes) * factor, tables.base * factor
    sample = np.unique(np.linspace(0, len(codes) - 1, CHECKED_ROWS).astype(int))
    exact, start = forest.contributions(codes[sample], num_threads=num_threads)
    gap = max(float(np.abs(shap[sample] - exact).max()), abs(base - start))
    if gap > TOLERANCE:
        raise ModelError(
            "Les explications par lot ne correspondent pas aux explications de LightGBM.",
            code="explanation-mismatch",
            received=f"écart de {gap:.2g} (log-cote)",
            expected=f"au plus {TOLERANCE:g}",
            todo="Relancez avec method='live' et signalez le modèle.",
        )
    return shap, base
