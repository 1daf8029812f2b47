"""The scenario document: cuts, delays and measures, read from TOML or JSON, checked strictly."""

from __future__ import annotations

import json
import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from data.errors import VeilleError

MAX_CUTS, MAX_MEASURES = 30, 20
MAX_BYTES = 256 * 1024
LEVELS = Literal["state", "region", "departement", "commune", "epci", "operator", "europe", "other"]
SPREADS = Literal["proportional", "largest_first", "smallest_first", "per_beneficiary"]
#: spaces of every table of them: those of JSON Schema and of Rust differ by U+0085 and U+FEFF
_Code = Annotated[
    str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f-\x9f\ufeff\s]+$")
]
_Text = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f]+$")]


class ScenarioError(VeilleError):
    """A scenario that cannot be read, run or shown; `status` is its HTTP status."""

    status = 422


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _given(name: str, kind: str, *without: str) -> dict[str, Any]:
    absent = {other: {"type": "null"} for other in without}
    return {"required": [name], "properties": {name: {"type": kind}, **absent}}


#: what validators ask, for the description of the API
_OF_SOMETHING: dict[str, Any] = {
    "anyOf": [_given(name, "string") for name in ("funder", "programme", "level")]
}
_ONE_SIZE: dict[str, Any] = {
    "oneOf": [
        _given("percent", "number", "amount_eur"),
        _given("amount_eur", "number", "percent"),
    ]
}


def _whole(value: object) -> object:
    """Return a whole number as an integer: in JSON, 30.0 is 30."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


_Whole = BeforeValidator(_whole)


class Scope(_Part):
    """Whom a cut or a delay is for; what is not said is not limited."""

    funder: _Code | None = Field(None, description="SIREN du financeur, ou « etat »")
    programme: _Code | None = Field(None, description="numéro de programme, tel qu'il est publié")
    level: LEVELS | None = Field(None, description="échelon du financeur")
    region: _Code | None = Field(None, description="région (INSEE) des bénéficiaires")
    sector: _Code | None = Field(None, description="secteur des bénéficiaires")

    @model_validator(mode="after")
    def _of_something(self) -> Scope:
        if not any((self.funder, self.programme, self.level)):
            raise ValueError("un financeur, un programme ou un échelon")
        return self


class Cut(Scope):
    """Money taken off: a part of what the scope gives, or an amount in euros."""

    model_config = ConfigDict(json_schema_extra={**_OF_SOMETHING, **_ONE_SIZE})

    percent: float | None = Field(None, ge=0, le=100, allow_inf_nan=False)
    amount_eur: float | None = Field(None, ge=0, le=1e12, allow_inf_nan=False)
    starts_on: date | None = None
    spread: SPREADS = "proportional"

    @model_validator(mode="after")
    def _one_size(self) -> Cut:
        if (self.percent is None) == (self.amount_eur is None):
            raise ValueError("percent ou amount_eur, l'un des deux")
        return self


class Delay(Scope):
    """Payments made later."""

    model_config = ConfigDict(json_schema_extra=_OF_SOMETHING)

    days: Annotated[int, Field(ge=0, le=730), _Whole]
    starts_on: date | None = None


class Measure(_Part):
    """A compensation: which part of the cut or of the delay it makes up for, and for whom."""

    kind: Literal["advance", "bridging_loan"]
    percent: float = Field(100.0, ge=0, le=100, allow_inf_nan=False)
    levels: list[Literal["high", "moderate", "low", "unknown"]] = Field([], max_length=4)
    regions: list[_Code] = Field([], max_length=30)
    departements: list[_Code] = Field([], max_length=120)
    sectors: list[_Code] = Field([], max_length=60)


class Scenario(_Part):
    """A scenario: what is cut or delayed, what makes up for it, at which horizons."""

    name: _Text
    target: Annotated[
        str,
        Field(pattern=r"^[a-z_]{1,40}$", json_schema_extra={"enum": ["failure", "funding_loss"]}),
    ] = "failure"
    horizons_months: list[
        Annotated[int, Field(json_schema_extra={"enum": [6, 12, 18]}), _Whole]
    ] = Field([], max_length=6)
    cuts: list[Cut] = Field([], max_length=MAX_CUTS)
    delays: list[Delay] = Field([], max_length=MAX_CUTS)
    measures: list[Measure] = Field([], max_length=MAX_MEASURES)


def read_scenario(body: bytes, *, toml: bool = False, where: str = "corps") -> Scenario:
    """Return the scenario of a document.

    Raises
    ------
    ScenarioError
        `scenario-unreadable`: no such syntax; `unknown-key`; `bad-scenario`: a value is refused.
    """
    form = "TOML" if toml else "JSON"
    try:
        text = body.decode("utf-8")
        found = tomllib.loads(text) if toml else json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ScenarioError(
            f"Le scénario n'est pas du {form}.",
            code="scenario-unreadable",
            where=where,
            received=str(error)[:120],
            expected=f"un document {form} en UTF-8, voir docs/scenarios.md",
        ) from error
    try:
        # As JSON whatever the form: a number is no text, a day is one.
        return Scenario.model_validate_json(json.dumps(found, default=str))
    except ValidationError as error:
        raise _refused(error, where) from error


def read_file(path: Path) -> Scenario:
    """Return the scenario of a file; ScenarioError as `read_scenario`, or `scenario-unreadable`."""
    try:
        body = path.read_bytes()
    except OSError as error:
        raise ScenarioError(
            "Le fichier du scénario ne peut pas être lu.",
            code="scenario-unreadable",
            where=str(path),
            received=error.strerror,
            expected="un fichier .toml ou .json, voir docs/scenarios.md",
        ) from error
    return read_scenario(body, toml=path.suffix != ".json", where=path.name)


def _refused(error: ValidationError, where: str) -> ScenarioError:
    first = error.errors(include_url=False)[0]
    at = ".".join(map(str, first["loc"]))
    received: Any = first.get("input")
    if first["type"] == "extra_forbidden":
        return ScenarioError(
            "Cette clé n'existe pas dans un scénario.",
            code="unknown-key",
            where=f"{where}, {at}",
            received=first["loc"][-1],
            expected=", ".join(_keys_at(first["loc"][:-1])),
            todo="Corrigez la clé ou retirez-la ; les clés sont décrites par docs/scenarios.md.",
        )
    plain = isinstance(received, int | float | str | None)
    return ScenarioError(
        "Une valeur du scénario est refusée.",
        code="bad-scenario",
        where=f"{where}, {at}" if at else where,
        received=str(received)[:80] if plain else type(received).__name__,
        expected=first["msg"].removeprefix("Value error, "),
        todo="Corrigez cette valeur ; les clés sont décrites par docs/scenarios.md.",
    )


_PARTS: dict[str, type[BaseModel]] = {"cuts": Cut, "delays": Delay, "measures": Measure}


def _keys_at(path: tuple[int | str, ...]) -> list[str]:
    return list(_PARTS.get(str(path[0]), Scenario).model_fields if path else Scenario.model_fields)
