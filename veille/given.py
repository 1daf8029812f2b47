"""Anyone's panel in a home: kept as it came, scored into a file, never published."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

import polars as pl

from data.errors import VeilleError
from data.whole import whole_file, whole_folder
from features.progress import Progress, quiet
from models.risk_model import RiskModel
from training import given
from training.given import Given
from veille.home import Home

#: rows scored at once
_CHUNK = 500_000


def kept(home: Home, panel: Path, catalogue: Path | None) -> tuple[Path, str]:
    """Copy a panel and its catalogue into a home; return the folder and the hash of both."""
    digest = hashlib.sha256()
    for path in (panel, catalogue):
        if path is not None:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    folder = home.folder / "given" / digest.hexdigest()[:16]
    if not folder.exists():
        with whole_folder(folder) as pending:
            shutil.copyfile(panel, pending / f"panel{panel.suffix.lower()}")
            if catalogue is not None:
                shutil.copyfile(catalogue, pending / "catalogue.toml")
    return folder, digest.hexdigest()


def read_kept(home: Home, model: RiskModel, target: str) -> Given:
    """Return the panel that a model was trained on.

    Raises
    ------
    VeilleError
        It is no longer in the home.
    """
    folder = home.folder / "given" / str(model.summary["given"]["folder"])
    found = sorted(folder.glob("panel.*"))
    if not found:
        raise VeilleError(
            "Le panel qui a servi à l'apprentissage n'est plus là.",
            code="no-panel",
            where=str(folder),
            todo="réapprendre avec « veille train --panel »",
        )
    catalogue = folder / "catalogue.toml"
    name = target.removeprefix(given.PREFIX)
    return given.read(found[0], catalogue if catalogue.exists() else None, name)


def score(
    model: RiskModel, panel: Path, output: Path, progress: Progress = quiet
) -> dict[str, object]:
    """Score the rows of a file into another, Parquet or CSV by its name; return their number.

    Columns: `structure_id`, `as_of` where the panel has one, then `p` for a model of a label
    `event`, `p_<h>m` a horizon for one of `event_on`; rows in the order of the file.

    Raises
    ------
    VeilleError
        The model is not one of a panel, the panel lacks its indicators, the output is in no folder.
    """
    described = model.summary.get("given")
    if described is None:
        raise VeilleError(
            "Ce modèle note les structures du lac, pas un panel.",
            code="not-a-panel-model",
            where="--model",
            expected="un modèle appris par « veille train --panel »",
            todo="retirer --panel et --output, ou nommer un autre modèle",
        )
    rows = given.to_score(panel, described, model.features)
    names = {f"p_{h}m": f"p_{h}m" for h in model.horizons_months}
    if described["label"] == "event":
        names = {f"p_{model.horizons_months[0]}m": "p"}
    keys = [key for key in ("structure_id", "as_of") if key in rows.columns]
    parts = []
    for start in range(0, rows.height, _CHUNK):
        part = rows.slice(start, _CHUNK)
        parts.append(model.predict(part).select(list(names)).rename(names))
        progress("probabilités", min(1.0, (start + part.height) / rows.height))
    _write(rows.select(keys).hstack(pl.concat(parts)), output)
    return {"publication": None, "rows": rows.height, "output": str(output)}


def _write(scored: pl.DataFrame, output: Path) -> None:
    try:
        with whole_file(output) as pending:
            if output.suffix.lower() == ".csv":
                scored.write_csv(pending)
            else:
                scored.write_parquet(pending)
    except OSError as error:
        raise VeilleError(
            "Le fichier des scores ne peut pas être écrit.",
            code="bad-output",
            where="--output",
            received=f"{output} : {error.strerror}",
            expected="un fichier dans un dossier où écrire",
        ) from error


def shown(found: Given) -> dict[str, Any]:
    """Return what was understood of a panel: what the command prints."""
    return {
        "rows": found.rows.height,
        "structures": found.rows["structure_id"].n_unique(),
        "days": found.rows["as_of"].n_unique() if found.dated else 0,
        "label": found.label,
        "indicators": [f"{f.name} ({f.kind})" for f in found.catalogue.features],
        "left_out": found.catalogue.left_out,
    }
