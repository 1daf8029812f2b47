"""Other servers of models with our model, for `benchmarks.api`.

Each is measured twice: with the registered model as MLflow loads it, which is how one serves it
there, and (`+`) with our predictor of one row, which leaves the cost of the server alone.

They live in an environment of their own (`make bench-api` makes it in ``.tools``), which sees our
packages after theirs: they are no dependency of the project.
"""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

from benchmarks.servers import Side

PACKAGES = ("mlserver", "bentoml")
_LOAD = """
import os
from pathlib import Path
model = Path(os.environ["VEILLE_BENCH_MODEL"])
if os.environ["VEILLE_BENCH_ROW"]:
    from models.risk_model import RiskModel
    from models.single import SingleRow
    def load():
        single = SingleRow(RiskModel.load(model))
        return lambda row: single.predict([row.get(name) for name in single.names])
else:
    import mlflow, pandas
    def load():
        served = mlflow.pyfunc.load_model(str(model))
        names = served.metadata.get_input_schema().input_names()
        return lambda row: served.predict(
            pandas.DataFrame([{name: row.get(name) for name in names}])
        ).to_numpy().tolist()
"""
_MLSERVER = """
from common import load
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse
import numpy as np
class Veille(MLModel):
    async def load(self):
        self.score = load()
        return True
    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        found = self.score({one.name: one.data[0] for one in payload.inputs})
        out = NumpyCodec.encode_output("p", np.array(found))
        return InferenceResponse(model_name=self.name, outputs=[out])
"""
_BENTOML = """
from common import load
import bentoml
@bentoml.service(workers=1)
class Veille:
    def __init__(self):
        self.score = load()
    @bentoml.api
    async def predict(self, row: dict) -> list:
        return self.score(row)
"""


def environment(folder: Path) -> Path:
    """Return the environment of the peers, made where it is not there."""
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    if not all((folder / "bin" / name).exists() for name in PACKAGES):
        asked = ["install", "-q", "--no-deps", "-r", str(Path(__file__).with_suffix(".txt"))]
        subprocess.run([str(python), "-m", "pip", *asked], check=True)
    ours = sysconfig.get_paths()["purelib"]
    theirs = next((folder / "lib").glob("python*/site-packages"))
    (theirs / "veille.pth").write_text(f"{ours}\n")
    return folder


def peers(
    folder: Path, work: Path, model: Path, packed: Path, row: dict[str, float | str | None]
) -> list[Side]:
    """Return the servers of the environment `folder`, asked for `row`; their files go in `work`.

    `model` is the folder of the model, `packed` the one that MLflow made of it.
    """
    bin_folder = environment(folder) / "bin"
    root = str(Path(__file__).parents[1])
    env = {
        "PYTHONPATH": f"{work}:{root}",
        "MLSERVER_HTTP_PORT": "PORT",
        "MLSERVER_GRPC_PORT": "OTHER",
        "BENTOML_DO_NOT_TRACK": "true",
    }
    for name, text in (("common", _LOAD), ("mlserver_model", _MLSERVER), ("bento", _BENTOML)):
        (work / f"{name}.py").write_text(text)
    settings = {"name": "veille", "implementation": "mlserver_model.Veille"}
    (work / "model-settings.json").write_text(json.dumps(settings))
    server = {"parallel_workers": 0, "host": "127.0.0.1", "debug": False, "metrics_endpoint": None}
    (work / "settings.json").write_text(json.dumps(server))
    inputs = [
        {
            "name": name,
            "shape": [1],
            "datatype": "BYTES" if isinstance(value, str) else "FP64",
            "data": [value],
        }
        for name, value in row.items()
        if value is not None  # the protocol has no missing value: an input that is absent
    ]
    bento = ["serve", "bento:Veille", "-p", "PORT", "--host", "127.0.0.1"]
    found = []
    for plus, loaded in (("", packed), ("+", model)):
        told = env | {"VEILLE_BENCH_MODEL": str(loaded), "VEILLE_BENCH_ROW": plus}
        found += [
            Side(
                f"mlserver{plus}",
                [str(bin_folder / "mlserver"), "start", str(work)],
                "/v2/models/veille/infer",
                json.dumps({"inputs": inputs}),
                {},
                work,
                told,
            ),
            Side(
                f"bentoml{plus}",
                [str(bin_folder / "bentoml"), *bento],
                "/predict",
                json.dumps({"row": row}),
                {},
                work,
                told,
            ),
        ]
    return found
