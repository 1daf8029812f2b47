"""The columns of anyone's panel: a catalogue in TOML names them, or one is inferred and shown.

```toml
horizon_months = 12              # of a column `event`; the step between dates if absent

[indicators.leverage]
label = "Dettes sur actif"       # all keys are optional
unit = "ratio"
direction = 1                    # 1: higher is riskier; -1: safer; 0 (default): unknown
kind = "numeric"                 # or "categorical"
theme = "debt"
sentence = "Les dettes représentent {value} de l'actif."
```
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from data.errors import VeilleError
from models.spec import FeatureSpec, Kind

#: columns of a panel that are no indicator
KEYS, LABELS = ("structure_id", "as_of"), ("event", "event_on")
_FIELDS = {"label": str, "unit": str, "direction": int, "kind": str, "theme": str, "sentence": str}
#: a text column with more levels than this share of its rows names things, it groups nothing
_NAMING = 0.5
_FEW_ROWS = 50


@dataclass(frozen=True)
class Catalogue:
    """Indicators of a panel, by name; `left_out`: the other columns, and why each is."""

    features: tuple[FeatureSpec, ...]
    left_out: dict[str, str]
    horizon_months: int | None = None


def _bad(path: Path, received: object, expected: str, where: str = "") -> VeilleError:
    return VeilleError(
        "Le catalogue d'indicateurs ne se lit pas.",
        code="bad-catalogue",
        where=f"{path}{' : ' + where if where else ''}",
        received=received,
        expected=expected,
        todo="corriger le fichier ; docs/guide-analyste.md en montre un",
    )


def read_catalogue(path: Path, rows: pl.DataFrame) -> Catalogue:
    """Return the indicators that a TOML file names, of the columns of `rows`.

    Raises
    ------
    VeilleError
        The file is missing or is no TOML, a key or a value is unknown, a column does not exist.
    """
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise _bad(path, error.strerror, "un fichier TOML") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _bad(path, str(error), "un fichier TOML en UTF-8") from error
    unknown = sorted(set(found) - {"indicators", "horizon_months"})
    if unknown:
        raise _bad(path, ", ".join(unknown), "indicators, horizon_months")
    named = found.get("indicators")
    if not isinstance(named, dict) or not named:
        raise _bad(path, type(named).__name__, "une table [indicators.NOM] par indicateur")
    months = found.get("horizon_months")
    if months is not None and not (type(months) is int and 0 < months <= 120):
        raise _bad(path, months, "un nombre de mois entre 1 et 120", "horizon_months")
    features = tuple(_named(path, name, said, rows) for name, said in named.items())
    left = {
        name: "absente du catalogue"
        for name in rows.columns
        if name not in {*named, *KEYS, *LABELS}
    }
    return Catalogue(features, left, months)


def _named(path: Path, name: str, said: Any, rows: pl.DataFrame) -> FeatureSpec:  # noqa: ANN401
    where = f"indicators.{name}"
    if name in (*KEYS, *LABELS) or name not in rows.columns:
        others = [c for c in rows.columns if c not in {*KEYS, *LABELS}]
        raise _bad(path, name, f"une colonne du panel : {', '.join(others[:10])}", where)
    if not isinstance(said, dict):
        raise _bad(path, said, "une table", where)
    for key, value in said.items():
        if key not in _FIELDS:
            raise _bad(path, key, ", ".join(_FIELDS), where)
        if type(value) is not _FIELDS[key]:
            raise _bad(path, value, _FIELDS[key].__name__, f"{where}.{key}")
    if said.get("direction", 0) not in {-1, 0, 1}:
        raise _bad(path, said["direction"], "-1, 0 ou 1", f"{where}.direction")
    kind = said.get("kind") or _kind(rows[name]) or "categorical"
    if kind not in {"numeric", "categorical"}:
        raise _bad(path, kind, "numeric ou categorical", f"{where}.kind")
    return _spec(name, kind, **{key: value for key, value in said.items() if key != "kind"})


def _spec(name: str, kind: Kind, **said: Any) -> FeatureSpec:  # noqa: ANN401 - TOML values
    return FeatureSpec(name, kind, **{"label": name, "theme": "panel", **said})


def inferred(rows: pl.DataFrame) -> Catalogue:
    """Return as indicators the columns that can be, with no direction imposed on any."""
    features, left = [], {}
    for name in rows.columns:
        if name in {*KEYS, *LABELS}:
            continue
        column = rows[name]
        kind = _kind(column)
        if kind is None:
            left[name] = f"type {column.dtype} : ni nombre, ni catégorie"
        elif not varies(column):
            left[name] = "une seule valeur"
        elif kind == "categorical" and _names_things(column):
            left[name] = "presque une valeur par ligne : un nom, pas une catégorie"
        else:
            features.append(_spec(name, kind))
    return Catalogue(tuple(features), left)


def varies(column: pl.Series) -> bool:
    """Tell whether a column says something: a null counts as a value, knowing or not may matter."""
    if 0 < column.null_count() < column.len():
        return True
    if column.dtype.is_numeric():  # a tenth of what counting the distinct values takes
        return bool(column.min() != column.max())
    return column.n_unique() > 1


def _kind(column: pl.Series) -> Kind | None:
    kind = column.dtype
    if kind.is_numeric() or kind in (pl.Boolean, pl.Null):
        return "numeric"
    if kind == pl.String or isinstance(kind, (pl.Categorical, pl.Enum)):
        return "categorical"
    return None


def _names_things(column: pl.Series) -> bool:
    known = column.drop_nulls()
    return known.len() > _FEW_ROWS and known.n_unique() > _NAMING * known.len()


def as_declared(rows: pl.DataFrame, features: tuple[FeatureSpec, ...]) -> pl.DataFrame:
    """Return the rows with each indicator in its declared type (CSV may read it as another).

    Raises
    ------
    VeilleError
        An indicator is missing, or a value of a numeric one is not a number.
    """
    missing = [f.name for f in features if f.name not in rows.columns]
    if missing:
        raise VeilleError(
            "Il manque des indicateurs au panel.",
            code="missing-column",
            where="--panel",
            received=", ".join(missing[:10]),
            expected=", ".join(f.name for f in features[:10]),
            todo="donner un panel qui a les colonnes de celui de l'apprentissage",
        )
    done = []
    for feature in features:
        column = rows[feature.name]
        if feature.kind == "categorical":
            done.append(column.cast(pl.String))
            continue
        numbers = column.cast(pl.Float64, strict=False)
        lost = numbers.is_null() & column.is_not_null()
        if lost.any():
            raise VeilleError(
                "Une valeur d'un indicateur numérique n'est pas un nombre.",
                code="bad-column-type",
                where=f"colonne {feature.name}, ligne {lost.arg_true()[0] + 1}",
                received=column.filter(lost)[0],
                expected="un nombre, ou rien",
                todo="corriger la valeur, ou déclarer l'indicateur categorical au catalogue",
            )
        done.append(numbers)
    return rows.with_columns(done)
