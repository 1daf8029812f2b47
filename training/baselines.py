"""What a model must beat: simple scores fitted on the same training rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from models.encoding import Encoding, numeric
from models.linear import fit_linear
from models.spec import FeatureSpec, FitParams

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

RARE = 20  # rows under which a level has no column of its own
TREES = 200


def fit_baselines(
    train: pl.DataFrame,
    events: Floats,
    test: pl.DataFrame,
    *,
    features: Sequence[FeatureSpec],
    change: str | None = None,
    amount: str | None = None,
    forest: bool = False,
    seed: int = 0,
    num_threads: int = 2,
) -> dict[str, Floats]:
    """Fit every baseline on `train` and score `test`.

    Parameters
    ----------
    train, test : DataFrame
        One column per indicator.
    events : ndarray (n,)
        0 or 1, at one horizon, for the rows of `train`.
    features : sequence of FeatureSpec
        Indicators of the model.
    change, amount : str, optional
        Indicators of the baselines `last_change` (the structure's last change of funding) and
        `amount` (its funding), each alone with its sign; left out when absent.
    forest : bool
        Add `random_forest`, slower.
    seed, num_threads : int
        The threads change the speed only.

    Returns
    -------
    dict
        Probabilities (rows of `test`,) by name: `prior`, `last_change`, `amount`, `logistic`,
        `random_forest`.
    """
    by_name = {f.name: f for f in features}
    found = {"prior": prior(events, test.height)}
    for name, indicator in (("last_change", change), ("amount", amount)):
        if indicator is not None and indicator in by_name:
            found[name] = one_feature(train, events, test, by_name[indicator])
    found["logistic"] = logistic(train, events, test, features=features)
    if forest:
        found["random_forest"] = random_forest(
            train, events, test, features=features, seed=seed, num_threads=num_threads
        )
    return found


def prior(events: Floats, count: int) -> Floats:
    """Return the training event rate, `count` times."""
    return np.full(count, float(np.mean(events)))


def one_feature(
    train: pl.DataFrame, events: Floats, test: pl.DataFrame, feature: FeatureSpec
) -> Floats:
    """Return the probability by one indicator alone, with its declared sign.

    The indicator is turned into normal scores, a missing value has its own coefficient.
    """
    encoding = Encoding.fit(train, [feature], FitParams())
    part = fit_linear(
        encoding.design(encoding.codes(train)),
        np.asarray(events, dtype=np.int8)[:, None],
        np.ones(len(events)),
        signs=encoding.signs(),
        slots=encoding.level_slots(),
        l2=1.0,
    )
    score = part.shared(encoding.design(encoding.codes(test))) + part.intercepts[0]
    out: Floats = 1 / (1 + np.exp(-score))
    return out


def logistic(
    train: pl.DataFrame,
    events: Floats,
    test: pl.DataFrame,
    *,
    features: Sequence[FeatureSpec],
) -> Floats:
    """Return the probability by scikit-learn's logistic regression on all indicators.

    Numbers go through a quantile transform to normal scores, missing values to the median with a
    flag, categories to one column a level. It shares no code with the risk model.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    features = _known(train, features)
    model = make_pipeline(
        _columns(features, min(1000, max(10, train.height // 10)), normal=True),
        LogisticRegression(C=0.1, max_iter=500),
    )
    return _scored(model, train, events, test, features)


def random_forest(
    train: pl.DataFrame,
    events: Floats,
    test: pl.DataFrame,
    *,
    features: Sequence[FeatureSpec],
    seed: int = 0,
    num_threads: int = 2,
) -> Floats:
    """Return the probability by a random forest of 200 trees, at least 20 rows a leaf."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.pipeline import make_pipeline

    features = _known(train, features)
    model = make_pipeline(
        _columns(features, 0, normal=False),
        RandomForestClassifier(TREES, min_samples_leaf=RARE, random_state=seed, n_jobs=num_threads),
    )
    return _scored(model, train, events, test, features)


def _known(train: pl.DataFrame, features: Sequence[FeatureSpec]) -> list[FeatureSpec]:
    """Return the indicators that training has observed; scikit-learn cannot rank an empty one."""
    return [f for f in features if f.kind == "categorical" or np.isfinite(numeric(train, f)).any()]


def _columns(features: Sequence[FeatureSpec], quantiles: int, *, normal: bool) -> object:
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, QuantileTransformer

    numbers = [f.name for f in features if f.kind == "numeric"]
    text = [f.name for f in features if f.kind == "categorical"]
    steps = [SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)]
    if normal:
        spread = QuantileTransformer(
            n_quantiles=quantiles, output_distribution="normal", random_state=0
        )
        steps.insert(0, spread)
    levels = OneHotEncoder(
        handle_unknown="infrequent_if_exist", min_frequency=RARE, sparse_output=False
    )
    return make_column_transformer((make_pipeline(*steps), numbers), (levels, text))


def _scored(
    model: object,
    train: pl.DataFrame,
    events: Floats,
    test: pl.DataFrame,
    features: Sequence[FeatureSpec],
) -> Floats:
    if len(np.unique(events)) == 1:
        return prior(events, test.height)
    fitted = model.fit(_frame(train, features), events)  # type: ignore[attr-defined]
    out: Floats = fitted.predict_proba(_frame(test, features))[:, 1]
    return out


def _frame(rows: pl.DataFrame, features: Sequence[FeatureSpec]) -> object:
    """Return the indicators as a pandas frame without infinities, "" for a missing category."""
    columns = [
        pl.col(f.name).cast(pl.String).fill_null("")
        if f.kind == "categorical"
        else pl.when(pl.col(f.name).cast(pl.Float64).is_finite()).then(
            pl.col(f.name).cast(pl.Float64)
        )
        for f in features
    ]
    return rows.select(columns).to_pandas()
