"""A model card says what the run says, in two languages, and says what is missing."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import polars as pl
import pytest

from features.catalogue import THEMES
from models.entry import RegisteredModel
from models.risk_model import RiskModel
from tests.training.histories import FAST
from tests.training.test_given import firms
from training import given
from training.card import LANGUAGES, Known, Language, render, sections, weights, words
from training.card_tables import METRICS, Numbers, plain_tables
from training.evaluate import METRICS as MEASURED
from training.evaluate import backtest
from training.fit import Recipe, fit
from training.targets import TARGETS

BLANK = re.compile(r"\{\w*\}")


class Page(HTMLParser):
    """Opens and closes of a page, and what would load something."""

    VOID = ("meta", "br")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [name for name, _ in attrs if name in ("src", "href", "onclick")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Known:
    """A model of an invented panel, with its last evaluation."""
    path = tmp_path_factory.mktemp("card") / "firms.parquet"
    firms(300).write_parquet(path)
    data = given.read(path)
    recipe = Recipe(data.target, data.features(data.rows), FAST)
    fitted = fit(data.rows, data.labels(), recipe)
    levels = {"high": 0.5, "moderate": 0.25, "high_share": 0.02, "moderate_share": 0.1}
    summary = {
        **fitted.model.summary,
        "levels": levels,
        "calibration_days": [str(d) for d in fitted.calibration_days or ()],
        "given": data.described(),
        "synthetic": False,
    }
    model = RiskModel(
        **{
            k: getattr(fitted.model, k) for k in fitted.model.__dataclass_fields__ if k != "summary"
        },
        summary=summary,
    )
    entry = RegisteredModel(
        name="veille-panel-firms",
        version="3",
        run_id="ab" * 16,
        run_name="firms-<b>",
        created_at=datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC),
        aliases=(),
        metrics={},
        params={},
        tags={"note": "essai", "panel_hash": "cd" * 32, "run_type": "train"},
    )
    return Known(model, entry, backtest(data, recipe, count=1), contact="cellule d'essai")


def test_the_two_languages_have_the_same_parts() -> None:
    def shape(value: Any) -> Any:  # noqa: ANN401 - TOML
        if isinstance(value, dict):
            return {key: shape(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [shape(inner) for inner in value]
        return sorted(BLANK.findall(value))

    french, english = (shape(words(language)) for language in LANGUAGES)
    assert french == english
    assert list(words("fr")["sections"]) == list(words("en")["sections"])
    assert set(words("fr")["targets"]) == {*TARGETS, "panel"}
    assert words("fr")["themes"] == THEMES
    assert METRICS == MEASURED


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_stands_alone(known: Known, language: Language) -> None:
    text = render(known, language, "html")
    page = Page(text)
    assert page.open == []
    assert page.loads == []
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert f'<html lang="{language}">' in text
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text
    assert "firms-&lt;b&gt;" in text
    assert "firms-<b>" not in text
    assert not BLANK.search(re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_figure_of_the_evaluation_is_there_with_its_interval(
    known: Known, language: Language
) -> None:
    text, numbers = render(known, language, "md"), Numbers(words(language))
    (fold,) = known.evaluation["folds"]  # type: ignore[index]
    for found in (fold["metrics"], *fold["baselines"].values()):
        for metric in METRICS:
            assert numbers.estimate(found[metric]) in text
    assert words(language)["missing"]["evaluation"] not in text
    assert words(language)["missing"]["subgroups"] not in text
    for one in fold["subgroups"]:
        assert f"| {one['by']} | {one['group']} | {one['n']} | {one['positives']} |" in text
    assert words(language)["missing"]["checks"] in text
    assert "firms-<b>" not in text


def test_what_was_learnt_is_told(known: Known) -> None:
    text = render(known, "fr", "md")
    assert (
        "2\u202f100 lignes, 300 structures ; dates d'observation du 2010-12-31 au 2016-12-31"
        in text
    )
    assert f"Événements appris, par horizon : {firms(300)['event'].sum()}." in text
    assert "Exclusions : colonnes laissées de côté : name (" in text
    assert f"un fichier donné par l'utilisateur, d'empreinte {'cd' * 32}" in text
    assert "élevé au-dessus de 50 % (les 2 % premiers" in text
    assert "cellule d'essai" in text
    for article in ("L311-3-1", "R311-3-1-1", "R311-3-1-2"):
        assert article in text
    assert "| note | essai |" in text


def test_nothing_is_invented_where_nothing_is_recorded(known: Known) -> None:
    bare = Known(known.model, known.entry)
    text = render(bare, "fr", "md")
    assert words("fr")["missing"]["evaluation"] in text
    assert "demandes : à renseigner." in text
    assert "to be filled in" in render(bare, "en", "md")
    unknown = {s.title: s for s in sections(bare, "fr")}["Performances mesurées"].blocks
    assert [block.rows for block in unknown] == [[], []]


def test_synthetic_data_are_said_in_the_title(known: Known) -> None:
    model = known.model
    assert "synthétiques" not in render(known, "fr", "html").split("</h1>")[0]
    made_up = Known(
        RiskModel(
            **{k: getattr(model, k) for k in model.__dataclass_fields__ if k != "summary"},
            summary={**model.summary, "synthetic": True},
        ),
        known.entry,
    )
    for language, said in (("fr", "(données synthétiques)"), ("en", "(synthetic data)")):
        html = render(made_up, language, "html")  # type: ignore[arg-type]
        assert said in html.split("</title>")[0]
        assert said in html.split("<h1>")[1].split("</h1>")[0]


def test_the_weight_of_a_number_is_its_slope_in_log_odds(known: Known) -> None:
    found = weights(known.model)
    assert set(found) == {"debt", "noise", "sector"}
    # The event grows with debt and in one sector of three; noise says nothing.
    assert found["debt"] > 0.5
    assert found["sector"] > 0.2
    assert abs(found["noise"]) < 0.25
    if known.model.forests is None:
        rows = pl.DataFrame({"debt": [0.0, 1.0], "noise": [0.0, 0.0], "sector": ["s0", "s0"]})
        p = known.model.predict(rows)["p_12m"]
        gap = (p / (1 - p)).log().diff()[1]
        assert gap == pytest.approx(found["debt"], rel=0.2)


def test_checks_and_subgroups_are_shown_as_they_are(known: Known) -> None:
    checks = {
        "passed": True,
        "drift": {"score": 0.125},
        "rows": [{"group": "a|b", "auc": {"value": 0.7, "low": 0.6, "high": 0.8}}] * 50,
    }
    blocks = plain_tables(checks, words("fr"))
    assert [block.caption for block in blocks] == [
        "drift",
        "rows (10 autres lignes dans le fichier)",
        "",
    ]
    assert blocks[0].rows == [["score", "0,125"]]
    assert blocks[1].rows[0] == ["a|b", "0,700 [0,600 – 0,800]"]
    assert len(blocks[1].rows) == 40
    assert blocks[2].rows == [["passed", "oui"]]
    told = {"code": "ties", "state": "fires", "blocking": False, "sentence": "a|b", "values": {}}
    text = render(Known(known.model, known.entry, None, {"checks": [told]}), "fr", "md")
    assert "| ties | fires | non | a\\|b |" in text
    assert words("fr")["missing"]["checks"] not in text
