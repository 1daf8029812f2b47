"""Beneficiaries known by name alone: a match only where it is certain, and open to review."""

from __future__ import annotations

import csv
from pathlib import Path

import polars as pl

from data.errors import VeilleError

_REVIEW = {"name": pl.String, "departement": pl.String, "siren": pl.String, "decision": pl.String}
_DECISIONS = ("accept", "refuse")
#: words that registers and lists put before a name, or not, without meaning another body
_BEFORE = r"^(?:ASSOCIATION|ASSOC|ASSO|ASS) "


def key(column: str) -> pl.Expr:
    """Return a name as it is compared: capitals, no accent, no punctuation, single spaces.

    "Association « Les Amis de l'Étang »" and "LES AMIS DE L ETANG" are one name; no word is
    guessed, abbreviated or left out but the legal form that opens it.
    """
    return (
        pl.col(column)
        .str.to_uppercase()
        .str.replace_all("Œ", "OE", literal=True)
        .str.replace_all("Æ", "AE", literal=True)
        .str.replace_all("&", " ET ", literal=True)
        .str.normalize("NFKD")
        .str.replace_all(r"\p{M}", "")
        .str.replace_all(r"[^0-9A-Z]+", " ")
        .str.strip_chars()
        .str.replace(_BEFORE, "")
        .str.replace_all(r"\bSTE\b", "SAINTE")
        .str.replace_all(r"\bST\b", "SAINT")
    )


def matched(named: pl.DataFrame, structures: pl.LazyFrame, review: pl.DataFrame) -> pl.DataFrame:
    """Tell, for each line known by a name alone, which structure bears it.

    Parameters
    ----------
    named : polars.DataFrame
        Rows of `grants` without identifier: `beneficiary_name`, `departement`.
    structures : polars.LazyFrame
        Rows of `structures`: every state of a unit counts, a former name is a name.
    review : polars.DataFrame
        What `review` returned.

    Returns
    -------
    polars.DataFrame
        The rows of `named` with `siren`, `name`, `linked_on` (the day the structure was first known
        by this name there) and `status`: "matched"; "refused" by the review; "no_place" (the list
        does not say the département); "ambiguous_name" (several structures bear it);
        "unknown_name".
    """
    bearers = (
        structures.filter(
            pl.col("siren").is_not_null()
            & pl.col("name").is_not_null()
            & pl.col("departement").is_not_null()
        )
        .with_columns(key("name").alias("key"))
        .group_by("key", "departement")
        .agg(
            pl.col("siren").n_unique().alias("bearers"),
            pl.col("siren").first().alias("bearer"),
            pl.col("name").sort_by("known_on").last(),
            pl.col("known_on").min().alias("linked_on"),
        )
        .filter(pl.col("key") != "")
        .collect()
    )
    refused = review.filter(pl.col("decision") == "refuse").select(
        key("name").alias("key"), "departement", pl.col("siren").alias("bearer"), "decision"
    )
    found = (
        named.drop("siren")
        .with_columns(key("beneficiary_name").alias("key"))
        .join(bearers, on=["key", "departement"], how="left")
        .join(refused, on=["key", "departement", "bearer"], how="left")
    )
    status = (
        pl.when(pl.col("departement").is_null())
        .then(pl.lit("no_place"))
        .when(pl.col("bearers").is_null())
        .then(pl.lit("unknown_name"))
        .when(pl.col("bearers") > 1)
        .then(pl.lit("ambiguous_name"))
        .when(pl.col("decision") == "refuse")
        .then(pl.lit("refused"))
        .otherwise(pl.lit("matched"))
    )
    certain = pl.col("status").is_in(["matched", "refused"])
    return (
        found.with_columns(status.alias("status"))
        .with_columns(
            pl.when(certain).then("bearer").alias("siren"),
            pl.when(certain).then("name").alias("name"),
        )
        .drop("key", "bearers", "bearer", "decision")
    )


def review(path: Path) -> pl.DataFrame:
    """Read the decisions of the cell on matches by name; none where there is no such file.

    Returns
    -------
    polars.DataFrame
        `name`, `departement`, `siren`, `decision` ("accept" or "refuse").

    Raises
    ------
    VeilleError
        A column is missing or a decision is another word.
    """
    if not path.exists():
        return pl.DataFrame(schema=_REVIEW)
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter=";"))
    for line, row in enumerate(rows, 2):
        missing = [name for name in _REVIEW if not row.get(name)]
        if missing or row["decision"] not in _DECISIONS:
            raise VeilleError(
                "Le fichier de relecture des rapprochements n'est pas lisible.",
                code="identity-review",
                where=f"{path.name}, ligne {line}",
                received={name: row.get(name) for name in _REVIEW},
                expected="name;departement;siren;decision, avec accept ou refuse",
                todo="corriger cette ligne : rien n'a été changé",
            )
    return pl.DataFrame(
        [{name: row[name].strip() for name in _REVIEW} for row in rows], schema=_REVIEW
    )
