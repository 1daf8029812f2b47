"""A model on disk: model.json, arrays.npz, one LightGBM text a member. No pickle."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from models.calibration import Calibration
from models.encoding import Centre, Encoding
from models.fitting import Bag
from models.linear import LinearPart
from models.spec import FeatureSpec, FitParams, ModelError

if TYPE_CHECKING:
    from pathlib import Path

    from models.risk_model import RiskModel

FORMAT = 1
MODEL, ARRAYS = "model.json", "arrays.npz"


def save(model: RiskModel, folder: Path) -> None:
    """Write `model` into `folder`, which is made if needed.

    The same model gives the same bytes, and `load` gives back the same predictions to the bit.
    """
    folder.mkdir(parents=True, exist_ok=True)
    columns, arrays = model.encoding.state()
    arrays["centre_dense"] = model.centre.dense
    arrays |= {f"centre_levels_{k}": v for k, v in enumerate(model.centre.levels)}
    parts = model.bag.linear
    arrays["linear_dense"] = np.array([p.dense for p in parts])
    arrays["linear_intercepts"] = np.array([p.intercepts for p in parts])
    arrays |= {
        f"linear_levels_{k}": np.array([p.levels[k] for p in parts])
        for k in range(len(model.centre.levels))
    }
    document: dict[str, Any] = {
        "format": FORMAT,
        "target": model.target,
        "horizons_months": list(model.horizons_months),
        "params": model.params.to_dict(),
        "features": [asdict(f) for f in model.features],
        "columns": columns,
        "calibration": model.calibration.to_dict(),
        "pooled_variance": list(model.pooled),
        "members": len(parts),
        "boosted_scale": model.bag.scale,
        "trees_stretch": model.bag.stretch,
        "summary": model.summary,
        "versions": versions(),
    }
    text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
    (folder / MODEL).write_text(text + "\n", encoding="utf-8")
    stored: dict[str, Any] = {name: np.asarray(a, np.float64) for name, a in arrays.items()}
    np.savez(folder / ARRAYS, **stored)
    for k, trees in enumerate(model.bag.trees):
        (folder / f"member_{k:02d}.txt").write_text(trees, encoding="utf-8")


def load(folder: Path) -> RiskModel:
    """Return the model saved in `folder`.

    Raises
    ------
    ModelError
        `no-model` when the folder holds none, `bad-model` when it cannot be read.
    """
    from models.risk_model import RiskModel

    path = folder / MODEL
    if not path.is_file():
        raise ModelError(
            "Aucun modèle dans ce dossier.",
            code="no-model",
            where=str(folder),
            expected=f"un fichier {MODEL}",
        )
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["format"] != FORMAT:
            raise _unreadable(folder, f"format {document['format']}")
        with np.load(folder / ARRAYS, allow_pickle=False) as stored:
            arrays = dict(stored)
        members = int(document["members"])
        texts = tuple(
            (folder / f"member_{k:02d}.txt").read_text(encoding="utf-8") for k in range(members)
        )
        features = [FeatureSpec(**f) for f in document["features"]]
        encoding = Encoding.from_state(features, document["columns"], arrays)
        slots = range(len(encoding.level_columns))
        return RiskModel(
            target=document["target"],
            horizons_months=tuple(document["horizons_months"]),
            params=FitParams.from_dict(document["params"]),
            encoding=encoding,
            centre=Centre(
                arrays["centre_dense"], tuple(arrays[f"centre_levels_{k}"] for k in slots)
            ),
            bag=Bag(
                tuple(
                    LinearPart(
                        arrays["linear_dense"][m],
                        tuple(arrays[f"linear_levels_{k}"][m] for k in slots),
                        arrays["linear_intercepts"][m],
                    )
                    for m in range(members)
                ),
                texts,
                float(document["boosted_scale"]),
                # models made before whole draws were tempered do not tell it
                float(document.get("trees_stretch", 1.0)),
            ),
            calibration=Calibration.from_dict(document["calibration"]),
            pooled=tuple(document["pooled_variance"]),
            summary=document["summary"],
        )
    except (OSError, KeyError, TypeError, IndexError, ValueError) as error:
        raise _unreadable(folder, f"{type(error).__name__}: {error}") from error


def versions() -> dict[str, str]:
    """Return the versions of what a model's numbers depend on."""
    import lightgbm
    import scipy

    return {
        "python": platform.python_version(),
        "lightgbm": lightgbm.__version__,
        "numpy": np.__version__,
        "scipy": scipy.__version__,
    }


def _unreadable(folder: Path, received: str) -> ModelError:
    return ModelError(
        "Ce modèle ne peut pas être lu.",
        code="bad-model",
        where=str(folder),
        received=received,
        expected=f"un modèle au format {FORMAT}, complet",
        todo="Réapprenez le modèle ou restaurez son dossier.",
    )
