"""The page of an evaluation: whole, self-contained, with the figures of its JSON."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from tests.training.histories import FAST
from tests.training.test_given import firms
from training import given
from training.curves import curves
from training.evaluate import backtest
from training.fit import Recipe
from training.report import page

_VOID = {"meta", "rect", "line", "polyline", "circle"}


class _Balanced(HTMLParser):
    """Reads a page and keeps what is open, how many of each tag, and every attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.count: dict[str, int] = {}
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.count[tag] = self.count.get(tag, 0) + 1
        self.attributes += attrs
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.count[tag] = self.count.get(tag, 0) + 1
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("report") / "firms.parquet"
    firms().write_parquet(path)
    data = given.read(path)
    found = backtest(data, Recipe(data.target, data.features(data.rows), FAST), count=2)
    return {"model": "firms & co", **found, "synthetic": True}


def test_the_page_is_whole_and_refers_to_nothing_else(result: dict[str, Any]) -> None:
    read = _Balanced()
    text = page(result)
    read.feed(text)
    assert read.open == []
    assert read.count["h2"] == len(result["folds"]) + 1
    assert read.count["svg"] == 4 * len(result["folds"])
    assert not {"script", "link", "img"} & set(read.count)
    assert not {"src", "href"} & {name for name, _ in read.attributes}
    assert "http" not in text
    assert "Données synthétiques" in text
    assert "firms &amp; co" in text
    for wrong in ("nan", "None", "inf "):
        assert wrong not in text.lower().replace("inférieur", "")


def test_the_figures_are_those_of_the_evaluation(result: dict[str, Any]) -> None:
    text = page(result)
    for fold in result["folds"]:
        auc = fold["metrics"]["roc_auc"]["value"]
        assert f"{auc:.3f}".replace(".", ",") in text
        assert f"{fold['positives']} cas sur {fold['n']}" in text
    assert "synthétiques" not in page({**result, "synthetic": False})


def test_the_area_under_the_curve_drawn_is_the_auc(result: dict[str, Any]) -> None:
    for fold in result["folds"]:
        roc = fold["curves"]["roc"]
        area = np.trapezoid(roc["true_positive_rate"], roc["false_positive_rate"])
        assert area == pytest.approx(fold["metrics"]["roc_auc"]["value"], abs=0.01)
        assert roc["true_positive_rate"][-1] == fold["curves"]["pr"]["recall"][-1] == 1


def test_the_net_benefit_is_that_of_its_formula() -> None:
    events = np.array([1, 0, 1, 0, 0, 0, 0, 0, 0, 0])
    p = np.array([0.9, 0.8, 0.5, 0.4, 0.3, 0.2, 0.2, 0.1, 0.1, 0.05])
    cost = curves(events, p)["cost"]
    for threshold, model, everyone in zip(*(cost[k] for k in cost), strict=True):
        odds, above = threshold / (1 - threshold), p >= threshold
        assert model == pytest.approx((events[above].sum() - (1 - events[above]).sum() * odds) / 10)
        assert everyone == pytest.approx((2 - 8 * odds) / 10)
