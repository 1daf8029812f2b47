"""What a fit is told: the indicators, the parameters that can change the answer, the errors."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from data.errors import VeilleError

#: structures with an event from which larger trees pay (measured: `docs/experiments.md`)
LARGE_EVENTS = 2_500
#: what makes the size of the trees, from `LARGE_EVENTS` on
LARGE_TREES: dict[str, Any] = {
    "learning_rate": 0.05,
    "num_leaves": 31,
    "max_depth": 7,
    "feature_fraction": 0.3,
    "max_rounds": 500,
}
#: rows (structure, day) up to which a fit can afford to hold every fold out and to try two sizes
SMALL_ROWS = 20_000
#: tried on the hold-out of so few rows, beside the usual size: no size fits every small panel
DEEP_TREES: dict[str, Any] = {**LARGE_TREES, "lambda_l2": 0.5, "min_leaf_weight": 0.1}
#: the parameters that tell a size from another
SIZE = tuple(DEEP_TREES)

Kind = Literal["numeric", "categorical"]


class ModelError(VeilleError):
    """A fit, a prediction or a saved model that cannot be used."""


@dataclass(frozen=True)
class FeatureSpec:
    """One indicator as the model sees it.

    Attributes
    ----------
    name : str
        Column of the panel.
    kind : {"numeric", "categorical"}
        Categorical columns are strings; numeric ones are floats (booleans count as 0/1).
    direction : {-1, 0, 1}
        Sign of the effect on the risk: +1 means that a higher value never lowers the risk.
        Ignored for a categorical column.
    theme, label, unit, sentence : str
        French words of the reasons; they never change a score.
    """

    name: str
    kind: Kind = "numeric"
    direction: int = 0
    theme: str = ""
    label: str = ""
    unit: str = ""
    sentence: str = ""

    def __post_init__(self) -> None:
        if self.kind not in ("numeric", "categorical") or self.direction not in (-1, 0, 1):
            raise ModelError(
                f"Déclaration d'indicateur invalide : {self.name}.",
                code="bad-feature-spec",
                where=self.name,
                received=f"kind={self.kind!r}, direction={self.direction!r}",
                expected="kind numeric ou categorical, direction -1, 0 ou 1",
            )

    @property
    def sign(self) -> int:
        """Return the monotone constraint that applies: 0 for a categorical indicator."""
        return self.direction if self.kind == "numeric" else 0


@dataclass(frozen=True)
class FitParams:
    """Everything that can change the result of a fit, beside the data; hashed into the run.

    Attributes
    ----------
    seed : int
        Seed of the bootstrap weights, of the structural hold-out and of LightGBM.
    members : int
        Members of the bag, each fitted on its own bootstrap of the structures.
    max_rounds, patience : int
        Largest number of trees a member may have; rounds without progress before stopping.
    learning_rate, num_leaves, max_depth, feature_fraction, lambda_l2, min_leaf_weight : float
        LightGBM's own parameters; `min_leaf_weight` is min_sum_hessian_in_leaf, about the number
        of expected events in a leaf. A fit chooses the size of its trees among `sizes`.
    l2_grid : tuple[float, ...]
        Penalties tried for the linear part, on the scale of a sum over the rows.
    holdout_share : float
        Share of the latest observation days kept to choose the penalty, the rounds and the form.
    knots : int
        Quantiles that describe a numeric column.
    min_level_rows : int
        Rows under which a level of a categorical column is treated as unknown.
    interval : float
        Level of the interval beside each probability.
    max_rows : int
        Rows (structure, day) over which a fit draws among those without event (`models.thinning`).
    """

    seed: int = 20250625
    members: int = 8
    max_rounds: int = 250
    patience: int = 25
    learning_rate: float = 0.1
    num_leaves: int = 15
    max_depth: int = 5
    feature_fraction: float = 0.7
    lambda_l2: float = 10.0
    min_leaf_weight: float = 3.0
    l2_grid: tuple[float, ...] = (1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0)
    holdout_share: float = 0.25
    knots: int = 256
    min_level_rows: int = 10
    interval: float = 0.90
    max_rows: int = 300_000

    def sizes(self, events: int, rows: int) -> dict[str, FitParams]:
        """Return the parameters to choose from, by the name of the size of their trees.

        From `LARGE_EVENTS` structures with an event on, slower and larger trees; below, up to
        `SMALL_ROWS` rows, the hold-out chooses between usual and deep ones. Trees whose size was
        chosen (by a search) are left as they are.
        """
        usual = FitParams()
        if any(getattr(self, name) != getattr(usual, name) for name in SIZE):
            return {"": self}
        if events >= LARGE_EVENTS:
            return {"": replace(self, **LARGE_TREES)}
        deep = {"deep": replace(self, **DEEP_TREES)} if rows <= SMALL_ROWS else {}
        return {"": self, **deep}

    def sized_as(self, other: FitParams) -> FitParams:
        """Return the parameters with trees of the size of another's."""
        return replace(self, **{name: getattr(other, name) for name in SIZE})

    def to_dict(self) -> dict[str, Any]:
        """Return the parameters as plain JSON values."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> FitParams:
        """Return the parameters written by `to_dict`.

        Raises
        ------
        ModelError
            `unknown-parameter` when a name is not one of ours.
        """
        unknown = sorted(set(values) - set(cls.__dataclass_fields__))
        if unknown:
            raise ModelError(
                "Paramètre d'apprentissage inconnu.",
                code="unknown-parameter",
                received=", ".join(unknown),
                expected=", ".join(cls.__dataclass_fields__),
            )
        typed: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in values.items()
        }
        return cls(**typed)
