"""Targets: what the domain says is what the code asks."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, replace

import pytest

from data.errors import VeilleError
from training.targets import TARGETS, target


def test_failure_looks_six_twelve_and_eighteen_months_ahead() -> None:
    found = target("failure")
    assert (found.horizons_months, found.main_horizon_months) == ((6, 12, 18), 12)


def test_funding_loss_is_under_half_for_ten_thousand_euros_and_two_years_of_three() -> None:
    found = target("funding_loss")
    assert found.horizons_months == (12,)
    assert (found.loss_below, found.min_amount_eur, found.min_years_of_three) == (0.5, 10_000, 2)
    assert found.scope == "state"


@pytest.mark.parametrize("name", TARGETS)
def test_the_main_horizon_is_one_of_the_horizons(name: str) -> None:
    assert TARGETS[name].main_horizon_months in TARGETS[name].horizons_months
    assert TARGETS[name].name == name


def test_an_unknown_target_says_which_ones_exist() -> None:
    with pytest.raises(VeilleError) as caught:
        target("ruine")
    assert caught.value.code == "unknown-target"
    assert caught.value.received == "ruine"
    assert caught.value.expected == "failure ou funding_loss"


def test_every_field_enters_the_configuration_that_is_hashed() -> None:
    found = target("failure")
    config = found.config()
    assert json.loads(json.dumps(config))["horizons_months"] == [6, 12, 18]
    assert config != replace(found, reporting_lag_days=90).config()
    assert config != replace(found, loss_below=0.4).config()


def test_a_target_cannot_be_changed_in_place() -> None:
    with pytest.raises(FrozenInstanceError):
        target("failure").loss_below = 0.1  # type: ignore[misc]
