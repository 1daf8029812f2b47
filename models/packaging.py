"""How a model enters MLflow: a pyfunc folder with signature, example and code; and in silence."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import warnings
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlparse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models.risk_model import RiskModel

# MLflow reads these when it is imported: it neither phones home nor draws progress bars.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
# With a server, it would print the address of each run among the JSON of a command.
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "ERROR")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

_ROOT = Path(__file__).resolve().parent.parent
_NEEDS = ("lightgbm", "numpy", "pandas", "polars", "pyarrow", "scipy", "threadpoolctl")


def pack(model: RiskModel, folder: Path) -> Path:
    """Write `model` under `folder` as an MLflow pyfunc; return the pyfunc's own folder.

    The signature takes one column per indicator (any of them may be missing) and gives one
    p_{h}m per horizon. The example is invented: no row of a panel leaves with a model.
    """
    import pandas as pd
    from mlflow import pyfunc
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    inputs = [
        ColSpec("string" if f.kind == "categorical" else "double", f.name, required=False)
        for f in model.features
    ]
    outputs = [ColSpec("double", f"p_{h}m") for h in model.horizons_months]
    invented = pd.DataFrame(
        {f.name: ["exemple"] if f.kind == "categorical" else [0.5] for f in model.features}
    )
    model.save(folder / "model")
    # Only the floor of the models travels, with the error base that it imports.
    code = folder / "code"
    shutil.copytree(_ROOT / "models", code / "models", ignore=shutil.ignore_patterns("__pycache__"))
    (code / "data").mkdir()
    for name in ("__init__.py", "errors.py"):
        shutil.copy(_ROOT / "data" / name, code / "data" / name)
    pyfunc.save_model(
        folder / "pyfunc",
        python_model=str(Path(__file__).with_name("pyfunc.py")),
        artifacts={"model": str(folder / "model")},
        code_paths=[str(code / "models"), str(code / "data")],
        signature=ModelSignature(Schema(inputs), Schema(outputs)),
        input_example=invented,
        pip_requirements=[f"{name}=={version(name)}" for name in _NEEDS],
        # Without it, MLflow takes uv.lock and pyproject.toml of the current folder with the model,
        # and later installs those instead. There is no such file in ours.
        uv_project_path=folder,
    )
    return folder / "pyfunc"


@contextmanager
def quiet() -> Iterator[None]:
    """Keep MLflow's own chatter out of the user's terminal.

    Its deprecation and type-hint warnings concern its code, not ours; Alembic announces each
    migration of the store at INFO.
    """
    names = ("mlflow", "alembic", "alembic.runtime.migration", "git.cmd")
    before = {name: logging.getLogger(name).level for name in names}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            for name in names:
                logging.getLogger(name).setLevel(logging.ERROR)
            yield
        finally:
            for name, level in before.items():
                logging.getLogger(name).setLevel(level)


def fetched(location: str, cache: Path, uri: str) -> Path:
    """Return the folder of a packed model: where it is on this machine, else fetched once."""
    inside = Path("artifacts") / "model"
    parsed = urlparse(location)
    if parsed.scheme in ("", "file"):
        return Path(unquote(parsed.path)) / inside
    from mlflow.artifacts import download_artifacts

    if not (cache / inside).is_dir():
        cache.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache.parent) as scratch:
            # The folder that comes bears the last name of the location on some stores.
            came = download_artifacts(location, dst_path=scratch, tracking_uri=uri)
            if not (cache / inside).is_dir():  # another process may have been faster
                shutil.rmtree(cache, ignore_errors=True)
                Path(came).rename(cache)
    return cache / inside
