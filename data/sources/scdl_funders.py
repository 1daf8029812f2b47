"""Who pays: identifier and level of the funder named on each line of a list of grants."""

from __future__ import annotations

import re

import polars as pl

from data.identifiers import is_siren, repair
from data.reference.funders import funder_slug, plain
from data.sources.base import ReadOptions, SourceError

#: first digits of the SIREN of public bodies -> level of government
_LEVELS = {
    "11": "state",
    "12": "state",
    "17": "state",
    "13": "operator",
    "18": "operator",
    "19": "operator",
    "20": "epci",
    "21": "commune",
    "22": "departement",
    "23": "region",
    "24": "epci",
    "25": "epci",
}
#: local establishments of any level: hospitals, social centres, housing offices
_LOCAL = ("26", "27")
#: what the name of a funder says of its level, first match wins
_NAMES = (
    (r"\b(?:union europeenne|feder|fse|feader)\b", "europe"),
    (r"^(?:l )?etat\b|\bministere\b|\bprefecture\b|\bdilcrah\b|\bdrac\b|\bdgcl\b", "state"),
    (r"\b(?:metropole|communaute|agglomeration|intercommunal\w*|syndicat)\b", "epci"),
    (r"^(?:cc|ca|cu|epci)\b", "epci"),
    (r"\b(?:departement|departemental|conseil general)\b|^cd ?\d", "departement"),
    (r"\b(?:region|regional)\b", "region"),
    (r"\b(?:ville|commune|mairie|ccas)\b", "commune"),
    (r"\b(?:agence|office|caisse|fondation|etablissement public)\b", "operator"),
)


def funder_level(siren: str | None, name: str | None) -> str:
    """Return the level of government of a funder, from its SIREN, else from its name.

    SIREN in 20 are given to groupings of communes and to the régions merged in 2016: the name
    tells them apart.
    """
    said = next(
        (level for pattern, level in _NAMES if re.search(pattern, plain(name or ""))), "unknown"
    )
    if siren is None:
        return said
    if siren.startswith(_LOCAL):
        return "operator" if said == "unknown" else said
    level = _LEVELS.get(siren[:2], said)
    return "region" if siren.startswith("20") and said == "region" else level


def funders(lines: pl.DataFrame, options: ReadOptions, stem: str) -> pl.DataFrame:
    """Return `funder_id`, `funder_name` and `funder_level` of each line, in order.

    Parameters
    ----------
    lines : polars.DataFrame
        Columns `funder_id` and `funder_name` as published (text, null where absent).
    options : ReadOptions
        `extra` may hold "funder_siren" and "funder_name", for the lines that say nothing.
    stem : str
        Name of the file without its extension, the last resort.

    Raises
    ------
    SourceError
        The option "funder_siren" is not a valid SIREN.
    """
    given = options.extra.get("funder_siren")
    if given is not None and not is_siren(given):
        raise SourceError(
            "L'option « funder_siren » n'est pas un SIREN valide.",
            code="source-option",
            where="funder_siren",
            received=given,
            expected="neuf chiffres dont la clé de contrôle est juste",
        )
    raw = lines.select("funder_id", "funder_name")
    pairs = raw.unique(maintain_order=True)
    pairs = pairs.with_columns(
        repair(pairs["funder_id"])["siren"].alias("siren"),
        pl.col("funder_name")
        .fill_null(pl.lit(options.extra.get("funder_name"), dtype=pl.String))
        .alias("name"),
    )
    # A publisher whose number is readable on one line only is known on all its lines.
    known = {
        name: sirens[0]
        for name, sirens in pairs.drop_nulls(["name", "siren"])
        .group_by("name")
        .agg(pl.col("siren").unique())
        .iter_rows()
        if len(sirens) == 1
    }
    rows = []
    for funder_id, funder_name, read_siren, name in pairs.iter_rows():
        siren = read_siren or known.get(name) or given
        level = funder_level(siren, name)
        if siren is not None and level == "state":
            identity = "etat"
        else:
            identity = siren or funder_slug(name or stem)
        rows.append((funder_id, funder_name, identity, name, level))
    resolved = pl.DataFrame(
        rows,
        schema=dict.fromkeys(("funder_id", "funder_name", "identity", "name", "level"), pl.String),
        orient="row",
    )
    return raw.join(
        resolved,
        on=["funder_id", "funder_name"],
        how="left",
        nulls_equal=True,
        maintain_order="left",
    ).select(
        pl.col("identity").alias("funder_id"),
        pl.col("name").alias("funder_name"),
        pl.col("level").alias("funder_level"),
    )
