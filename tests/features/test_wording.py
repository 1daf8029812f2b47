"""Every indicator says its value in one French sentence."""

from __future__ import annotations

import math
import re

import pytest

from features.catalogue import INDICATORS
from features.indicator import Indicator
from features.wording import amount, category, sentence

THIN = "\u202f"
NUMERIC = [i for i in INDICATORS.values() if i.kind == "numeric"]
CATEGORIES = [i for i in INDICATORS.values() if i.kind == "categorical"]
VALUES = (0.0, 1.0, -0.42, 0.003, 2.0, 17.4, 1_234_567.0, -1e9, -0.0, 1e-12, None, math.nan)


@pytest.mark.parametrize("indicator", NUMERIC, ids=lambda i: i.name)
@pytest.mark.parametrize("value", VALUES)
def test_a_number_makes_a_whole_sentence(indicator: Indicator, value: float | None) -> None:
    text = sentence(indicator, value)
    assert text.endswith(".")
    assert text[0].isupper() or text[0].isdigit() or text[0] == "−"
    assert not set("{}") & set(text)
    assert "(s)" not in text
    assert "(nt)" not in text
    assert not re.search(r"\b(nan|inf|None)\b|−0[^,]|-\d", text)
    if value is None or math.isnan(value):
        assert text == f"{indicator.label} : inconnu ({indicator.missing})."


@pytest.mark.parametrize("indicator", CATEGORIES, ids=lambda i: i.name)
@pytest.mark.parametrize("value", ["32", "culture", "163", "{value}", "", None])
def test_a_category_makes_a_whole_sentence(indicator: Indicator, value: str | None) -> None:
    text = sentence(indicator, None, value)
    assert text.endswith(".")
    if value is None:
        assert "inconnu" in text
    else:
        assert f"« {category(indicator, value)} »" in text


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (1_234_567.4, "eur", f"1{THIN}234{THIN}567 €"),
        (-1_500.0, "eur", f"−1{THIN}500 €"),
        (-0.3, "eur", "0 €"),
        (0.42, "ratio", "42 %"),
        (0.034, "ratio", "3,4 %"),
        (-0.5, "ratio", "−50 %"),
        (0.0, "ratio", "0 %"),
        (1.0, "days", "1 jour"),
        (1.4, "days", "1 jour"),
        (0.0, "days", "0 jour"),
        (45.0, "days", "45 jours"),
        (3.0, "count", "3"),
        (5.0, "months", "5 mois"),
        (30.0, "months", "2,5 ans"),
        (7.0, "years", "7,0 ans"),
        (0.25, "years", "3 mois"),
        (1.0, "flag", "oui"),
        (0.0, "flag", "non"),
        (0.4567, "index", "0,46"),
    ],
)
def test_numbers_are_written_the_french_way(value: float, unit: str, expected: str) -> None:
    assert amount(value, unit) == expected


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("grants_change_1y_ratio", -0.42, "ont baissé de 42 %"),
        ("grants_change_1y_ratio", 0.05, "ont augmenté de 5,0 %"),
        ("grants_change_1y_ratio", 0.0001, "sont stables"),
        ("funder_delay_drift_days", 3.0, "a augmenté de 3 jours"),
        ("funder_delay_drift_days", 0.0, "est stable"),
        ("programme_change_before_ratio", -0.5, "avaient baissé de 50 %"),
        ("funders_count", 1.0, "compte 1 financeur public."),
        ("funders_count", 2.0, "compte 2 financeurs publics."),
        ("lost_funders_count", 1.0, "1 financeur de l'an passé ne finance plus"),
        ("lost_funders_count", 3.0, "3 financeurs de l'an passé ne financent plus"),
        ("debt_plan", 0.0, " : non."),
    ],
)
def test_verbs_and_plurals_follow_the_value(name: str, value: float, expected: str) -> None:
    assert expected in sentence(INDICATORS[name], value)


def test_codes_are_said_in_words() -> None:
    assert "Hauts-de-France" in sentence(INDICATORS["region"], None, "32")
    assert "fonctionnement" in sentence(INDICATORS["main_purpose"], None, "operating")
    assert "coopérative" in sentence(INDICATORS["ess_family"], None, "cooperative")
