"""Anyone's panel through the commands: train, evaluate, score, and what is refused."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from data.errors import VeilleError
from tests.training.test_given import firms
from veille.cli import app


def run(home: Path, *words: str) -> Any:  # noqa: ANN401 - JSON
    done = CliRunner().invoke(app, [*words, "--home", str(home), "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a model of invented firms, and their panels."""
    home = tmp_path_factory.mktemp("panels")
    rows = firms(300)
    rows.filter(pl.col("as_of") < date(2016, 12, 31)).write_parquet(home / "past.parquet")
    rows.filter(pl.col("as_of") == date(2016, 12, 31)).write_csv(home / "next.csv")
    made = run(home, "train", "--panel", str(home / "past.parquet"), "--name", "firms-1")
    assert made["target"] == "panel-past"
    assert made["horizons_months"] == [12]
    return home


def test_a_panel_is_scored_row_by_row(place: Path) -> None:
    out = place / "scores.parquet"
    words = ("--panel", str(place / "next.csv"), "--output", str(out))
    said = run(place, "score", "--model", "firms-1", *words)
    assert said == {"publication": None, "rows": 300, "output": str(out), "model": "firms-1"}
    scored, given = pl.read_parquet(out), pl.read_csv(place / "next.csv", try_parse_dates=True)
    assert scored.columns == ["structure_id", "as_of", "p"]
    assert scored["structure_id"].to_list() == given["structure_id"].to_list()
    assert scored["p"].is_between(0, 1).all()
    risky = given["debt"] > 1
    assert scored["p"].filter(risky).mean() > 2 * scored["p"].filter(~risky).mean()  # type: ignore[operator]


def test_the_only_champion_of_a_panel_needs_no_name(place: Path) -> None:
    words = ("--panel", str(place / "next.csv"), "--output", str(place / "scores.csv"))
    assert run(place, "score", *words)["model"] == "firms-1"
    assert pl.read_csv(place / "scores.csv").height == 300
    assert run(place, "score", "--target", "past", *words)["model"] == "firms-1"


def test_a_model_is_evaluated_on_the_panel_that_was_kept(place: Path) -> None:
    moved = place / "past.parquet"
    rows = moved.read_bytes()
    moved.unlink()
    found = run(place, "evaluate", "firms-1", "--folds", "1")
    moved.write_bytes(rows)
    (fold,) = found["folds"]
    assert (fold["test_as_of"], fold["train_until"]) == ("2015-12-31", "2014-12-31")
    assert set(fold["baselines"]) == {"prior", "logistic", "random_forest"}
    run(place, "train", "--panel", str(moved), "--name", "firms-2")
    second = run(place, "evaluate", "firms-2", "--folds", "1", "--ablation")
    (again,) = second["folds"]
    assert second["ablation"] == []  # without a catalogue there is one theme: all would be left out
    # Same panel, same recipe: the champion is exactly as good.
    assert again["baselines"]["champion"] == fold["metrics"]
    assert again["differences"]["champion"]["roc_auc"]["value"] == 0
    assert fold["metrics"]["roc_auc"]["low"] > 0.5


def test_the_same_panel_gives_the_same_probabilities(place: Path, tmp_path: Path) -> None:
    words = ("--panel", str(place / "next.csv"), "--output")
    run(tmp_path, "train", "--panel", str(place / "past.parquet"), "--name", "again")
    run(tmp_path, "score", *words, str(tmp_path / "again.parquet"))
    run(place, "score", *words, str(place / "first.parquet"))
    assert pl.read_parquet(tmp_path / "again.parquet").equals(
        pl.read_parquet(place / "first.parquet")
    )


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("train", "--panel", "absent.csv"), "bad-panel"),
        (("score", "--panel", "next.csv"), "one-option"),
        (("score", "--model", "nobody", "--panel", "next.csv", "--output", "o.csv"), "no-model"),
        (("score", "--panel", "bare.csv", "--output", "o.csv"), "missing-column"),
        (("score", "--panel", "text.csv", "--output", "o.csv"), "bad-column-type"),
        (("score", "--panel", "next.csv", "--output", "no/where/o.csv"), "bad-output"),
    ],
)
def test_what_is_refused_is_said(
    place: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], code: str
) -> None:
    monkeypatch.chdir(place)
    rows = pl.read_csv("next.csv")
    rows.drop("debt").write_csv("bare.csv")
    rows.with_columns(debt=pl.lit("beaucoup")).write_csv("text.csv")
    done = CliRunner().invoke(app, [*words, "--home", str(place)])
    assert isinstance(done.exception, VeilleError)
    assert done.exception.code == code


@pytest.mark.parametrize(
    "words", [("train",), ("train", "--target", "failure", "--catalogue", "x.toml")]
)
def test_what_is_to_be_learnt_must_be_said(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert CliRunner().invoke(app, [*words, "--home", str(tmp_path)]).exit_code == 2


def test_a_model_with_a_leak_is_not_promoted_without_a_reason(place: Path, tmp_path: Path) -> None:
    rows = pl.read_parquet(place / "past.parquet").with_columns(
        copy=pl.col("event") + pl.int_range(pl.len()) % 7 / 5
    )
    rows.write_parquet(tmp_path / "leaking.parquet")
    run(place, "train", "--panel", str(tmp_path / "leaking.parquet"), "--name", "leaking")
    checked = run(place, "check", "leaking")
    assert checked["blocking"] == ["leak-single-feature"]
    refused = CliRunner().invoke(app, ["promote", "leaking", "--home", str(place)])
    assert isinstance(refused.exception, VeilleError)
    assert refused.exception.code == "check-failed"
    forced = run(place, "promote", "leaking", "--force", "--reason", "essai de fuite")
    assert forced["forced"] == ["leak-single-feature"]
    (listed,) = [m for m in run(place, "models") if m["model"] == "leaking"]
    assert listed["tags"]["forced_reason"] == "essai de fuite"
    wrong = CliRunner().invoke(app, ["promote", "leaking", "--force", "--home", str(place)])
    assert wrong.exit_code == 2
