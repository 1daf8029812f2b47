"""A registered model in MLflow's own hands: loaded, served, in Spark, on a tracking server."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sqlalchemy import create_engine, text
from typer.testing import CliRunner

from models.registry import Registry
from models.risk_model import RiskModel
from tests.postgres import DATABASES, empty_database
from tests.training.test_given import firms
from veille.cli import app

LAST = date(2016, 12, 31)
COLUMNS = ["debt", "noise", "sector"]
SPARK = """
import sys
import mlflow
from pyspark.sql import SparkSession
from pyspark.sql.functions import struct
model, panel, output = sys.argv[1:]
spark = (
    SparkSession.builder.master("local[2]")
    .config("spark.driver.host", "127.0.0.1")
    .config("spark.ui.enabled", "false")
    .getOrCreate()
)
score = mlflow.pyfunc.spark_udf(spark, model, result_type="double", env_manager="local")
rows = spark.read.parquet(panel).repartition(3)
scored = rows.withColumn("p", score(struct("debt", "noise", "sector")))
scored.select("structure_id", "p").toPandas().to_parquet(output)
spark.stop()
"""


def run(home: Path, *words: str, uri: str | None = None) -> Any:  # noqa: ANN401 - JSON
    done = CliRunner().invoke(
        app,
        [*words, "--home", str(home), "--json"],
        env={"VEILLE_MLFLOW_URI": uri},
        catch_exceptions=False,
    )
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def panels(folder: Path) -> None:
    """Write a panel to learn from and one to score, where some values are not known."""
    rows = firms(120)
    rows.filter(pl.col("as_of") < LAST).write_parquet(folder / "past.parquet")
    number = pl.int_range(pl.len())
    unknown = pl.when(number % 7 > 0).then("sector").alias("sector")
    rows.filter(pl.col("as_of") == LAST).with_columns(unknown).write_parquet(
        folder / "next.parquet"
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    panels(home)
    run(home, "train", "--panel", str(home / "past.parquet"), "--name", "firms-1")
    return home


@pytest.fixture(scope="module")
def folder(home: Path) -> Path:
    """Return the folder that MLflow calls the model."""
    return Registry(home).resolve("firms-1").parents[1]


@pytest.fixture(scope="module")
def rows(home: Path) -> pl.DataFrame:
    return pl.read_parquet(home / "next.parquet")


@pytest.fixture(scope="module")
def expected(folder: Path, rows: pl.DataFrame) -> np.ndarray:
    model = RiskModel.load(folder / "artifacts" / "model")
    found = model.predict(rows)["p_12m"].to_numpy()
    assert found.std() > 0.01  # the probabilities do differ from one firm to the next
    return found


@contextmanager
def serving(
    words: list[str], place: Path, ready: str, settings: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Start `mlflow WORDS` on a free port, wait until `ready` answers, stop it and its workers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    address = f"http://127.0.0.1:{port}"
    said = place / "server.log"
    command = [sys.executable, "-m", "mlflow", *words, "--host", "127.0.0.1", "--port", str(port)]
    # `mlflow models serve` looks for uvicorn on the path.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = dict(os.environ, PATH=path, MLFLOW_DISABLE_TELEMETRY="true", **(settings or {}))
    env.pop("VEILLE_MLFLOW_URI", None)
    with said.open("wb") as log:
        process = subprocess.Popen(
            command, cwd=place, env=env, stdout=log, stderr=log, start_new_session=True
        )
    try:
        deadline = time.monotonic() + 120
        while not _answers(address + ready):
            assert process.poll() is None, said.read_text("utf-8")
            assert time.monotonic() < deadline, said.read_text("utf-8")
            time.sleep(0.2)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def _answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def test_mlflow_loads_what_veille_registered(
    folder: Path, rows: pl.DataFrame, expected: np.ndarray
) -> None:
    import mlflow

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own, about its type hints
        found = mlflow.pyfunc.load_model(str(folder)).predict(rows.select(COLUMNS).to_pandas())
    np.testing.assert_allclose(found["p_12m"], expected, rtol=0, atol=1e-12)


def test_models_serve_answers_with_the_same_probabilities(
    folder: Path, rows: pl.DataFrame, expected: np.ndarray, tmp_path: Path
) -> None:
    words = ["models", "serve", "--env-manager", "local", "-m", str(folder)]
    asked = {
        "dataframe_split": {"columns": COLUMNS, "data": [list(r) for r in rows[COLUMNS].rows()]}
    }
    with serving(words, tmp_path, "/ping") as address:
        answer = httpx.post(f"{address}/invocations", json=asked, timeout=60)
        wrong = {"dataframe_split": {"columns": ["sector"], "data": [["s1"]]}}
        refused = httpx.post(f"{address}/invocations", json=wrong, timeout=60)
    assert answer.status_code == 200, answer.text
    found = [row["p_12m"] for row in answer.json()["predictions"]]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    assert refused.status_code >= 400
    assert "debt" in refused.text


@pytest.mark.slow
def test_spark_scores_a_panel_with_the_same_probabilities(
    home: Path, folder: Path, rows: pl.DataFrame, expected: np.ndarray, tmp_path: Path
) -> None:
    output = tmp_path / "scored.parquet"
    env = dict(
        os.environ,
        SPARK_LOCAL_IP="127.0.0.1",
        PYSPARK_PYTHON=sys.executable,
        PYSPARK_DRIVER_PYTHON=sys.executable,
        MLFLOW_DISABLE_TELEMETRY="true",
    )
    words = [str(folder), str(home / "next.parquet"), str(output)]
    done = subprocess.run(
        [sys.executable, "-c", SPARK, *words],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    found = pd.read_parquet(output).set_index("structure_id")["p"]
    np.testing.assert_allclose(found[rows["structure_id"].to_list()], expected, rtol=0, atol=1e-12)


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the address of an empty database for a tracking server."""
    with empty_database(request) as address:
        yield address or f"sqlite:///{tmp_path}/server.db"


@pytest.mark.slow
def test_a_tracking_server_stands_behind_every_command(
    store: str, home: Path, rows: pl.DataFrame, expected: np.ndarray, tmp_path: Path
) -> None:
    # By its environment: the words of a command, and the password in them, are read by anyone.
    behind = {"MLFLOW_BACKEND_STORE_URI": store}
    words = ["server", "--workers", "1", "--artifacts-destination", str(tmp_path / "kept")]
    there = tmp_path / "home"
    past, coming = str(home / "past.parquet"), str(home / "next.parquet")
    with serving(words, tmp_path, "/health", behind) as uri:
        for name in ("one", "two"):
            run(there, "train", "--panel", past, "--name", name, uri=uri)
        assert not (there / "mlflow" / "mlflow.db").exists()
        listed = run(there, "models", uri=uri)
        assert {m["model"]: m["aliases"] for m in listed} == {"one": ["champion"], "two": []}
        run(there, "promote", "two", uri=uri)
        run(there, "evaluate", "two", "--folds", "1", uri=uri)
        output = tmp_path / "scores.parquet"
        said = run(there, "score", "--panel", coming, "--output", str(output), uri=uri)
        assert said["model"] == "two"
        # The same panel and seeds as in the other home: the same model.
        np.testing.assert_allclose(pl.read_parquet(output)["p"], expected, rtol=0, atol=1e-12)
        _pages_and_rest(uri)
    assert _names_of_runs(store) == {"one", "two"}


def _names_of_runs(store: str) -> set[str]:
    """Read the names of the runs where the server keeps them, without the server."""
    engine = create_engine(store)
    with engine.connect() as connection:
        names = set(connection.execute(text("SELECT name FROM runs")).scalars())
    engine.dispose()
    return names


def _pages_and_rest(uri: str) -> None:
    """Check what MLflow's own page and REST interface tell of the runs of the test above."""
    with httpx.Client(base_url=uri, timeout=60) as client:
        page = client.get("/")
        assert (page.status_code, "<title>MLflow</title>" in page.text) == (200, True)
        rest = "/api/2.0/mlflow"
        name = "veille-panel-past"
        asked = {"experiment_name": name}
        found = client.get(f"{rest}/experiments/get-by-name", params=asked).json()["experiment"]
        asked = {"experiment_ids": [found["experiment_id"]]}
        runs = client.post(f"{rest}/runs/search", json=asked).json()["runs"]
        by_name = {r["info"]["run_name"]: r for r in runs}
        assert set(by_name) == {"one", "two"}
        assert {r["info"]["status"] for r in runs} == {"FINISHED"}
        figures = {m["key"]: m["value"] for m in by_name["two"]["data"]["metrics"]}
        assert 0.5 < figures["roc_auc_12m_2015-12-31"] < 1
        assert "metrics" not in by_name["one"]["data"]
        model = client.get(f"{rest}/registered-models/get", params={"name": name}).json()
        aliases = {a["alias"]: a["version"] for a in model["registered_model"]["aliases"]}
        assert aliases == {"champion": "2"}
        kept = client.get("/api/2.0/mlflow-artifacts/artifacts", params={"path": "1/models"})
        assert len(kept.json()["files"]) == 2
