"""The capacity there is and what is assumed of the schemes: `capacity.toml`, read strictly."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from data.errors import VeilleError
from data.reference.territories import departements, regions

FILE = "capacity.toml"
_DEFAULT = Path(__file__).with_name("default.toml")
Stage = Literal["anticipation", "difficulty", "urgency"]
STAGES: tuple[Stage, ...] = ("anticipation", "difficulty", "urgency")
Lead = Literal["6", "12", "18", "later"]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Factor = Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]


class CapacityError(VeilleError):
    """The capacity cannot be read. `status` is its HTTP status: nothing can be planned."""

    status = 503


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Weights(_Strict):
    """How much a structure weighs beside its risk; every one is an assumption of the cell."""

    unknown_employees: Factor
    least_employees: Factor
    lead: dict[Lead, Factor]
    last_in_departement: Annotated[float, Field(ge=1, le=1000)]
    last_in_commune: Annotated[float, Field(ge=1, le=1000)]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if set(self.lead) != {"6", "12", "18", "later"}:
            raise ValueError("lead : les quatre clés 6, 12, 18 et later")
        return self


class Scheme(_Strict):
    """A scheme and the share of the risk that it is assumed to avoid, by stage."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    effect: dict[Stage, Share]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if set(self.effect) != set(STAGES):
            raise ValueError("effect : les trois étapes anticipation, difficulty et urgency")
        return self


class Rule(_Strict):
    """Places shared by schemes in a territory: one région, one département, or the country."""

    name: Annotated[str, Field(min_length=1, max_length=120)]
    schemes: Annotated[list[str], Field(min_length=1)]
    places: Annotated[int, Field(ge=0, le=10_000_000)]
    region: str | None = None
    departement: str | None = None
    each: Literal["region", "departement"] | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        given = [n for n in (self.region, self.departement, self.each) if n is not None]
        if len(given) > 1:
            raise ValueError("region, departement ou each : un seul des trois")
        if self.region is not None and self.region not in regions():
            raise ValueError("region : un code INSEE de région")
        if self.departement is not None and self.departement not in departements():
            raise ValueError("departement : un code de département")
        return self

    def spread(self) -> list[Rule]:
        """Return the rule itself, or one for each région or département."""
        if self.each is None:
            return [self]
        known = regions() if self.each == "region" else departements()
        return [
            self.model_copy(update={"each": None, self.each: c, "name": f"{self.name} ({c})"})
            for c in known
        ]


class Capacity(_Strict):
    """The whole file. `to_confirm` says that the figures are not yet the cell's own."""

    to_confirm: bool
    period: Annotated[str, Field(min_length=1, max_length=40)]
    weights: Weights
    schemes: Annotated[list[Scheme], Field(min_length=1)]
    capacities: list[Rule]

    @model_validator(mode="after")
    def _known_schemes(self) -> Self:
        names = [scheme.id for scheme in self.schemes]
        if len(set(names)) != len(names):
            raise ValueError("schemes : un dispositif est décrit deux fois")
        strangers = sorted({s for rule in self.capacities for s in rule.schemes} - set(names))
        if strangers:
            raise ValueError(f"capacities : dispositif sans effet décrit, {', '.join(strangers)}")
        return self

    def rules(self) -> list[Rule]:
        """Return the rules, one for each place where `each` asks for it."""
        return [one for rule in self.capacities for one in rule.spread()]


def read_capacity(home: Path, file: Path | None = None) -> Capacity:
    """Read `file`, else `capacity.toml` of the home, else the defaults, flagged to confirm.

    Raises
    ------
    CapacityError
        `bad-capacity`: the file cannot be read, or one of its values is refused.
    """
    own = home / FILE
    path = file or (own if own.exists() else _DEFAULT)
    try:
        return Capacity.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _refused(path, "le fichier", str(error)) from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "le fichier entier"
        raise _refused(path, field, first["msg"]) from error


def _refused(path: Path, field: str, received: str) -> CapacityError:
    return CapacityError(
        "Le fichier de capacité est refusé.",
        code="bad-capacity",
        where=f"{path.name}, {field}",
        received=received,
        expected="un fichier TOML comme celui de docs/priorities.md",
        todo="Corrigez cette valeur, ou retirez le fichier pour reprendre les valeurs par défaut.",
    )
