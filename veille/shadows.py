"""A challenger in the shadow: the current list scored again, beside the publication."""

from __future__ import annotations

import polars as pl

from data.errors import VeilleError
from data.whole import whole_file
from features.progress import Progress, quiet
from serving.publication import Publication
from training.compare import lists_apart
from veille.home import Home
from veille.modelling import loaded
from veille.scoring import panel_at


def shadow(
    home: Home, target: str, *, reference: str = "challenger", progress: Progress = quiet
) -> dict[str, object]:
    """Score the structures of the current list with another model; publish nothing.

    The rows are those of the panel that was published, at its day. The scores are written to
    `<home>/shadows/<target>/<publication>/<model>.parquet`.

    Returns
    -------
    dict
        `model`, `publication` (always None), `rows`, `output`, `against` (the current list),
        `lists` (`training.compare.lists_apart` at the main horizon, the published list first).

    Raises
    ------
    VeilleError
        There is no list, no such model, or the model does not have the horizon of the list.
    """
    found, model = loaded(home, reference, target)
    current = Publication.load(home.folder, target)
    manifest = current.manifest
    main = f"p_{manifest.main_horizon}m"
    if manifest.main_horizon not in model.horizons_months:
        raise VeilleError(
            "Ce modèle n'a pas l'horizon de la liste.",
            code="other-horizon",
            where=found.run_name,
            received=", ".join(map(str, model.horizons_months)),
            expected=f"{manifest.main_horizon} mois",
        )
    _, panel = panel_at(home, manifest.as_of, "duckdb", progress, digest=manifest.input_hash)
    listed = current.frame.select(pl.col("siren").alias("structure_id"), pl.col(main).alias("_now"))
    rows = panel.join(listed.select("structure_id"), on="structure_id", how="semi")
    scored = model.predict(rows)
    progress("probabilités", 0.9)
    both = listed.join(scored.select("structure_id", main), on="structure_id", how="inner")
    folder = home.folder / "shadows" / target / current.id
    folder.mkdir(parents=True, exist_ok=True)
    output = folder / f"{found.run_name}.parquet"
    with whole_file(output) as pending:
        scored.write_parquet(pending)
    return {
        "model": found.run_name,
        "publication": None,
        "rows": scored.height,
        "output": str(output),
        "against": current.id,
        "lists": lists_apart(both["structure_id"], both["_now"], both[main]),
    }
