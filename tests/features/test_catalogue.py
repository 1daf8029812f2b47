"""The catalogue is whole: each declaration is complete and every name it uses exists."""

from __future__ import annotations

import re
import string
from typing import get_args

import polars as pl
import pytest

from features import budgets, debts, dues, funding, funding_mix, payments, structures
from features.catalogue import INDICATORS, THEMES, Indicator, catalogue_hash
from features.indicator import Direction, Grain, Kind, Theme
from tests.features.test_panel import WORLD, YEAR_END
from tests.features.worlds import panel_of

MODULES = (funding, funding_mix, payments, budgets, debts, dues, structures)
UNITS = {"eur", "ratio", "days", "count", "months", "years", "flag", "index", "level", "category"}
BLANKS = {"value", "ont_change", "a_change", "avaient_change"}


def test_names_are_unique_and_every_declaration_is_in_the_catalogue() -> None:
    declared = [i.name for module in MODULES for i in module.INDICATORS]
    assert len(declared) == len(set(declared))
    assert declared == list(INDICATORS)


@pytest.mark.parametrize("indicator", INDICATORS.values(), ids=lambda i: i.name)
def test_a_declaration_is_complete(indicator: Indicator) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]+", indicator.name)
    assert indicator.direction in get_args(Direction)
    assert indicator.kind in get_args(Kind)
    assert indicator.grain in get_args(Grain)
    assert indicator.theme in THEMES
    assert indicator.unit in UNITS
    assert (indicator.unit == "category") == (indicator.kind == "categorical")
    assert indicator.kind == "numeric" or indicator.direction == 0
    assert min(len(t) for t in (indicator.missing, indicator.label, indicator.why)) > 3
    assert indicator.sentence.endswith(".")
    blanks = {name for _, name, _, _ in string.Formatter().parse(indicator.sentence) if name}
    assert blanks <= BLANKS
    assert blanks or indicator.unit == "flag"


def test_themes_have_a_title() -> None:
    assert set(THEMES) == set(get_args(Theme))


def test_units_are_said_by_the_names() -> None:
    suffixes = {"eur": "_eur", "ratio": "_ratio", "days": "_days"}
    for indicator in INDICATORS.values():
        if indicator.unit in suffixes:
            assert indicator.name.endswith((suffixes[indicator.unit], "_ratio")), indicator.name


def test_ingredients_are_named_once_and_apart_from_indicators() -> None:
    names = [
        name
        for module in (funding, funding_mix, payments, debts, dues)
        for by_grain in module.INGREDIENTS.values()
        for name in by_grain
    ]
    assert len(names) == len(set(names))
    assert all(name.startswith("_") for name in names)
    assert not any(name.startswith("_") for name in INDICATORS)


def test_every_expression_finds_its_ingredients() -> None:
    # The engine resolves each name: a missing one is an error, with or without facts.
    for world in (WORLD, {}):
        panel = panel_of(world, YEAR_END)
        assert panel.columns[2:] == list(INDICATORS)
        assert all(panel.schema[n] in {pl.Float64, pl.String} for n in INDICATORS)


def test_the_hash_of_the_catalogue_is_stable() -> None:
    assert catalogue_hash() == catalogue_hash()
    assert re.fullmatch(r"[0-9a-f]{64}", catalogue_hash())
