"""`veille check` on facts of the lake: a panel that was tampered with is seen, nothing is moved."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from tests.veille.conftest import Run
from veille import line, modelling
from veille.home import Home


def test_a_check_moves_nothing(run: Run, own_home: Path) -> None:
    before = line.latest_panel(own_home)[0]
    found = run("check", "champion", "--target", "failure", "--home", own_home, "--json").json
    assert found["blocking"] == []
    assert found["synthetic"] is True
    assert line.latest_panel(own_home)[0] == before
    assert sorted(p.name for p in own_home.iterdir() if p.name.startswith(".check")) == []


def test_values_of_tomorrow_in_a_panel_are_seen(run: Run, own_home: Path) -> None:
    place = Home(own_home)
    _, model = modelling.loaded(place, "champion", "failure")
    path = Path(str(model.summary["panel"]))
    path = own_home / path.relative_to(path.parents[2])
    rows = pl.read_parquet(path).sort("structure_id", "as_of")
    ahead = pl.col("grants_eur").shift(-1).over("structure_id")
    rows.with_columns(ahead.alias("grants_eur")).write_parquet(path)
    made = modelling.train(place, "failure", name="ahead", note="valeurs de demain")
    found = run("check", str(made["model"]), "--home", own_home, "--json").json
    assert "leak-tomorrow" in found["blocking"]
    (said,) = [one["sentence"] for one in found["checks"] if one["code"] == "leak-tomorrow"]
    assert "grants_eur" in said


def test_a_model_learnt_again_is_compared_with_the_one_before(run: Run, own_home: Path) -> None:
    champion = run("models", "--home", own_home, "--json").json
    (before,) = [m["model"] for m in champion if m["target"] == "failure"]
    days = ("--as-of", "2024-12-31", "--since", "2019-12-31", "--every", "half")
    run("features", *days, "--home", own_home)
    run("train", "--target", "failure", "--name", "later", "--home", own_home)
    found = run("compare", before, "later", "--folds", "1", "--home", own_home, "--json").json
    assert (found["a"], found["b"], found["target"]) == (before, "later", "failure")
    for fold in found["folds"]:
        gap = fold["difference"]["roc_auc"]
        values = [fold[x]["roc_auc"]["value"] for x in "ab"]
        assert abs(gap["value"] - (values[0] - values[1])) < 1e-9
