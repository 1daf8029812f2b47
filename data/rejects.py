"""Rejected rows: every row that is not kept stays readable with its reason."""

from __future__ import annotations

import polars as pl

#: reason code -> what it means, in French (also the reference of ``veille quality``)
REASONS: dict[str, str] = {
    "no_identifier": "aucun SIREN, SIRET ou RNA",
    "damaged_identifier": "identifiant détruit par un tableur (arrondi, notation scientifique)",
    "invalid_identifier": "identifiant qui n'est ni un SIREN, ni un SIRET, ni un RNA valide",
    "bad_amount": "montant illisible",
    "no_amount": "montant absent",
    "quarantined_amount": "montant mis en quarantaine par le producteur (erreur à la source)",
    "bad_date": "date illisible ou impossible",
    "no_date": "ni date ni exercice",
    "duplicate_line": "ligne identique à une autre",
    "aggregate_line": "ligne agrégée, pas un bénéficiaire",
    "total_line": "ligne de total, déjà comptée dans le détail",
    "out_of_scope": "hors du périmètre de la source",
    "wrong_field_count": "nombre de champs différent de l'en-tête",
    "unknown_name": "bénéficiaire connu par son seul nom, qu'aucune structure ne porte",
    "ambiguous_name": "bénéficiaire connu par son seul nom, que plusieurs structures portent",
    "empty_line": "ligne vide",
    "unreadable": "ligne illisible",
}

#: columns of a table of rejects; a row may be rejected for several reasons
REJECTS = pl.Schema(
    {
        "source_row": pl.Int64(),
        "column": pl.String(),
        "value": pl.String(),
        "reason": pl.String(),
        "message": pl.String(),
    }
)


def empty_rejects() -> pl.DataFrame:
    """Return a table of rejects without rows."""
    return pl.DataFrame(schema=REJECTS)


def reject(
    rows: pl.DataFrame,
    reason: str,
    *,
    column: str = "",
    value: pl.Expr | None = None,
    message: str | None = None,
) -> pl.DataFrame:
    """Turn the rows of `rows` (which has `source_row`) into rejects of one reason.

    Parameters
    ----------
    rows : polars.DataFrame
        The rows to reject, with a `source_row` column.
    reason : str
        A code of `REASONS`.
    column : str
        Name of the column at fault, as the file spells it.
    value : polars.Expr, optional
        Expression of the value received, cast to text.
    message : str, optional
        What to say, more precise than the reason.

    Raises
    ------
    KeyError
        `reason` is not a code of `REASONS`.
    """
    return rows.select(
        pl.col("source_row").cast(pl.Int64),
        pl.lit(column).alias("column"),
        (pl.lit(None, dtype=pl.String) if value is None else value.cast(pl.String)).alias("value"),
        pl.lit(reason).alias("reason"),
        pl.lit(REASONS[reason] if message is None else message).alias("message"),
    )
