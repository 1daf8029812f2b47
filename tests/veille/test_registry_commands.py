"""Commands on several models: notes, comparison, roles given back, a challenger in the shadow."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from serving.publication import Publication
from tests.training.histories import FAST
from tests.training.test_given import firms
from tests.veille.conftest import Run
from training.compare import UNDECIDED
from veille import modelling
from veille.home import Home


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two models of one invented panel and one of another."""
    folder = tmp_path_factory.mktemp("registry")
    firms(200).write_parquet(folder / "firms.parquet")
    firms(200, seed=1).write_parquet(folder / "others.parquet")
    home = Home(folder)
    for name, file, note in (
        ("one", "firms", " "),
        ("two", "firms", "second essai"),
        ("apart", "others", "autre tirage"),
    ):
        modelling.train_panel(
            home, folder / f"{file}.parquet", target="firms", name=name, note=note, params=FAST
        )
    modelling.train_panel(home, folder / "others.parquet", name="foreign", params=FAST)
    return folder


def test_a_model_without_a_note_says_what_it_learnt_from(place: Path, run: Run) -> None:
    notes = {m["model"]: m["tags"]["note"] for m in run("models", "--home", place, "--json").json}
    events = firms(200)["event"].sum()
    assert notes["one"] == (
        f"Panel firms : 1400 lignes étiquetées, 200 structures, {events} événements, "
        "3 indicateurs, du 2010-12-31 au 2016-12-31."
    )
    assert notes["two"] == "second essai"


def test_two_models_of_a_panel_are_compared(place: Path, run: Run) -> None:
    words = ("compare", "one", "two", "--folds", 1, "--home", place)
    found = run(*words, "--json").json
    assert (found["a"], found["b"], found["target"]) == ("one", "two", "panel-firms")
    (fold,) = found["folds"]
    assert {"horizon_months", "test_as_of", "n", "positives", "a", "b", "difference"} <= set(fold)
    # The same recipe under two names.
    assert set(fold["verdict"].values()) == {UNDECIDED}
    assert fold["a"] == fold["b"]
    shown = run(*words)
    assert shown.code == 0
    assert f"AUC : {UNDECIDED}." in shown.out


def test_models_that_cannot_be_compared_are_refused(place: Path, run: Run) -> None:
    run("compare", "one", "apart", "--home", place, "--json").refused("different-panels")
    run("compare", "one", "foreign", "--home", place, "--json").refused("different-targets")
    run("compare", "one", "nobody", "--home", place, "--json").refused("no-model")


def test_a_promotion_is_undone_and_the_history_shows_it(place: Path, run: Run) -> None:
    words = ("rollback", "--target", "panel-firms", "--home", place, "--json")
    run(*words).refused("no-previous-champion")
    run("promote", "two", "--note", "semble mieux", "--home", place, "--json")
    done = run(*words, "--note", "ne l'était pas").json
    assert done == {"model": "one", "target": "panel-firms", "version": "1", "replaced": "two"}
    listed = {m["model"]: m for m in run("models", "--home", place, "--json").json}
    assert listed["one"]["aliases"] == ["champion"]
    assert [(p["kind"], p["note"]) for p in listed["one"]["promotions"]] == [
        ("promote", ""),
        ("rollback", "ne l'était pas"),
    ]
    assert [p["note"] for p in listed["two"]["promotions"]] == ["semble mieux"]
    assert "retour en arrière" in run("models", "--home", place).out


def test_a_challenger_scores_beside_the_list_and_publishes_nothing(
    own_home: Path, run: Run
) -> None:
    home = Home(own_home)
    words = ("score", "--target", "failure", "--shadow", "--home", own_home, "--json")
    run(*words).refused("no-model")
    run("promote", "champion", "--target", "failure", "--as", "challenger", "--home", own_home)
    before = Publication.load(own_home, "failure")
    published = sorted((own_home / "publications" / "failure").iterdir())
    same = run(*words).json
    assert (same["publication"], same["against"], same["rows"]) == (None, before.id, before.rows)
    assert same["lists"]["overlap"] == 1.0
    assert same["lists"]["rank_correlation"] == pytest.approx(1.0)

    modelling.train(home, "failure", name="other", params=FAST)
    run("promote", "other", "--as", "challenger", "--home", own_home)
    other = run(*words).json
    assert (other["model"], other["rows"]) == ("other", before.rows)
    assert other["lists"]["rank_correlation"] < 1.0
    scored = pl.read_parquet(other["output"])
    assert set(scored["structure_id"]) == set(before.frame["siren"])
    assert scored["as_of"].unique().to_list() == [date(2024, 12, 31)]
    assert Publication.load(own_home, "failure").id == before.id
    assert sorted((own_home / "publications" / "failure").iterdir()) == published
    run(*words, "--as-of", "2024-12-31").refused("one-option")
