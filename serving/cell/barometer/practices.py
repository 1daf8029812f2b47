"""What funders do: their practices, beside those of the funders of the same level."""

from __future__ import annotations

from typing import Any

import polars as pl

from serving.cell.barometer.overlapping import PRACTICES, folder_of
from serving.publication import Publication

#: under so many structures a practice is not shown: chance would be read as a habit
LEAST_STRUCTURES = 10
#: practice -> label, unit
LABELS: dict[str, tuple[str, str]] = {
    "payment_delay_days": ("Retard moyen de paiement après l'échéance", "jours"),
    "late_payment_share": ("Versements reçus avec plus de 30 jours de retard", "part"),
    "advance_share": ("Versements reçus avant leur échéance", "part"),
    "multi_year_share": ("Structures qui ont une convention pluriannuelle", "part"),
    "contract_share": ("Structures financées par commande publique", "part"),
    "published_delay_days": ("Délai global de paiement publié par le financeur", "jours"),
}
#: columns of practices.parquet, made by `veille.practices`: one row a funder and a practice
COLUMNS: dict[str, pl.DataType] = {
    "funder_id": pl.String(),
    "funder_level": pl.String(),
    "practice": pl.String(),
    "structures": pl.Int64(),
    "value": pl.Float64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
}


def practices(publication: Publication) -> dict[str, list[dict[str, Any]]]:
    """Return the practices by funder; none for a publication made before this file.

    `peers_value` is the mean of the other funders of the same level, each counted once;
    `peers` is how many they are.
    """
    path = folder_of(publication) / PRACTICES
    if not path.is_file():
        return {}
    published = pl.col("practice") == "published_delay_days"
    same = ["practice", "funder_level"]
    others = pl.len().over(same) - 1
    table = (
        pl.read_parquet(path)
        .filter(published | (pl.col("structures") >= LEAST_STRUCTURES))
        .with_columns(
            peers=others.cast(pl.Int64),
            peers_value=pl.when(others > 0).then(
                (pl.col("value").sum().over(same) - pl.col("value")) / others
            ),
        )
        .sort("funder_id", "practice")
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for row in table.iter_rows(named=True):
        label, unit = LABELS[row["practice"]]
        line = {k: row[k] for k in ("practice", "structures", "value", "low", "high")}
        line |= {"label": label, "unit": unit}
        line |= {"peers": row["peers"], "peers_value": row["peers_value"]}
        found.setdefault(row["funder_id"], []).append(line)
    return found
