"""A real MLflow on SQLite: log, register, promote, resolve, load, score."""

from __future__ import annotations

import shutil
import warnings
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from models.registry import Registry
from models.risk_model import RiskModel
from models.spec import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.models.conftest import Panel


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def registry(home: Path, model: RiskModel) -> Registry:
    """Return a registry with two versions; the second is the champion."""
    registry = Registry(home)
    note = home / "card.md"
    note.write_text("Fiche du modèle", encoding="utf-8")
    for number in (1, 2):
        run = registry.log_run(
            model,
            name=f"failure-essai-{number}",
            params={"seed": 1, "members": 3},
            metrics={"roc_auc": 0.7 + number / 100},
            tags={"input_hash": "ab" * 32},
            files={"card": note},
        )
        registry.register(run)
    registry.promote("veille-failure", "1", "challenger")
    registry.promote("veille-failure", "2", "champion")
    return registry


def test_versions_are_listed_with_what_is_known_of_them(registry: Registry) -> None:
    second, first = registry.list_models("failure")
    assert (second.version, second.run_name, second.aliases) == (
        "2",
        "failure-essai-2",
        ("champion",),
    )
    assert second.metrics == {"roc_auc": 0.72}
    assert second.params == {"seed": "1", "members": "3"}
    assert second.tags["input_hash"] == "ab" * 32
    assert (first.aliases, first.target) == (("challenger",), "failure")
    assert registry.list_models("funding_loss") == []


@pytest.mark.parametrize(
    ("reference", "version"),
    [
        ("champion", "2"),
        ("challenger", "1"),
        ("failure-essai-1", "1"),
        ("1", "1"),
        ("veille-failure/2", "2"),
        ("failure/2", "2"),
    ],
)
def test_every_way_to_name_a_model(registry: Registry, reference: str, version: str) -> None:
    assert registry.find(reference).version == version


def test_the_resolved_folder_is_the_model(
    registry: Registry, model: RiskModel, later: Panel
) -> None:
    loaded = RiskModel.load(registry.resolve("champion", "failure"))
    assert loaded.predict(later.rows).equals(model.predict(later.rows))


def test_an_alias_moves(registry: Registry) -> None:
    registry.promote("veille-failure", "1", "champion")
    assert registry.find("champion").version == "1"
    registry.promote("veille-failure", "2", "champion")
    assert registry.find("champion").version == "2"


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda r: r.find("absent"), "no-model"),
        (lambda r: r.promote("veille-failure", "9"), "no-model"),
        (lambda r: r.promote("veille-failure", "1", "roi"), "unknown-alias"),
        (lambda r: r.register("0" * 32), "no-model"),
    ],
)
def test_wrong_names_are_refused(
    registry: Registry, call: Callable[[Registry], object], code: str
) -> None:
    with pytest.raises(ModelError) as error:
        call(registry)
    assert error.value.code == code


def test_a_run_name_is_used_once(registry: Registry, model: RiskModel) -> None:
    with pytest.raises(ModelError) as error:
        registry.log_run(model, name="failure-essai-1", params={}, metrics={}, tags={})
    assert error.value.code == "run-name-taken"


def test_the_pyfunc_predicts_as_the_model(
    registry: Registry, model: RiskModel, later: Panel
) -> None:
    import mlflow

    rows = later.rows.head(40).with_columns(
        sector=pl.when(pl.int_range(pl.len()) % 5 == 0).then(None).otherwise("sector")
    )
    folder = registry.resolve("champion").parent.parent
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own, about its dependencies
        pyfunc = mlflow.pyfunc.load_model(str(folder))
        found = pyfunc.predict(rows.select([f.name for f in model.features]).to_pandas())
    expected = model.predict(rows)
    assert list(found.columns) == ["p_6m", "p_12m", "p_18m"]
    for name in found.columns:
        np.testing.assert_array_equal(found[name], expected[name])
    example = pyfunc.metadata.load_input_example(str(folder))
    assert set(example.iloc[0]) == {0.5, "exemple"}


def test_the_logged_model_holds_no_pickle(registry: Registry) -> None:
    folder = registry.resolve("champion").parent.parent
    names = {p.suffix for p in folder.rglob("*") if p.is_file()}
    assert not names & {".pkl", ".pickle", ".joblib"}
    assert (folder / "code" / "models" / "risk_model.py").is_file()


def test_a_home_can_be_opened_again(home: Path, registry: Registry) -> None:
    assert Registry(home).find("champion").run_name == "failure-essai-2"


def test_a_copied_home_is_refused_or_read_but_never_the_wrong_model(
    home: Path, registry: Registry, tmp_path: Path
) -> None:
    shutil.copytree(home, tmp_path / "copy")
    copy = Registry(tmp_path / "copy")
    assert [m.run_name for m in copy.list_models()] == [m.run_name for m in registry.list_models()]
