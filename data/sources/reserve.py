"""Grants of the parliamentary reserve: lists of both assemblies and of the ministry of the Budget.

The State paid them on the proposal of members of parliament, until 2017. Beneficiaries are named,
never numbered: lines are rejected and listed by name. Each counts as known on 31 December of the
year of payment (of the grant, where the list only says that one). Whoever proposed it is not read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from data import identifiers
from data.contracts import TABLES
from data.sources import parse
from data.sources.base import CERTAIN, LIKELY, NO, Parsed, ReadOptions, SourceError
from data.sources.judged import first_reason, rejects_of
from data.sources.places import departements_of_addresses, departements_said
from data.sources.reserve_columns import Layout, layout_of, proposed, score
from data.sources.state_list import FUNDER_ID, FUNDER_NAME
from data.sources.tabular import Table, open_tables

if TYPE_CHECKING:
    from pathlib import Path

    from data.sources.sample import Sample

NAME = "reserve"
TITLE = "Réserve parlementaire (Assemblée nationale, Sénat, Bercy)"
_EXPECTED = "une liste de la réserve parlementaire a une colonne de bénéficiaire et un montant."
_LONE_YEAR = re.compile(r"(?<!\d)(20[01]\d)(?!\d)")
#: abolished by the law of 15 September 2017
_FIRST, _LAST = 2000, 2018
#: programme 122, action 01: aid to local authorities alone
_AUTHORITIES_PROGRAMME = "122"
#: words of bodies that are no local authority, whatever the programme
_BODY = (
    r"(?i)\b(?:assoc\w*|amicale|club|comit[ée]|amis|fondation|f[ée]d[ée]ration|union|soci[ée]t[ée]"
    r"|cercle|compagnie|foyer|ligue|mutuelle|coop[ée]rative|secours (?:populaire"
    r"|catholique)|restos?|croix[- ]rouge)\b"
)
#: words that only a public body has in its name
_PUBLIC = (
    r"(?i)^(?:(?:la |le )?(?:commune|ville|mairie|m[ée]tropole) d[eu'’]"
    r"|conseil (?:g[ée]n[ée]ral|d[ée]partemental|r[ée]gional)|d[ée]partement d[eu'’]|r[ée]gion "
    r"|service d[ée]partemental d['’]incendie"
    r"|communaut[ée] (?:de communes|d['’]agglom[ée]ration|urbaine)"
    r"|syndicat (?:intercommunal|mixte|d[ée]partemental|d['’])"
    r"|centre (?:inter)?communal d['’]action sociale|commission syndicale|sivom\b|sivu\b|ccas\b)"
)
_AUTHORITY = "collectivité ou établissement public : hors de l'économie sociale et solidaire"


def sniff(sample: Sample) -> int:
    """Tell whether a file is a list of the reserve: its columns say who proposed each grant."""
    if sample.kind not in {"table", "json"}:
        return NO
    rows = [row for grid in sample.grids for row in grid.rows if score(row)]
    if any(proposed(row) for row in rows):
        return CERTAIN
    said = bool(rows) and ("reserve" in sample.stem or "dotationdaction" in sample.stem)
    return LIKELY if said else NO


def read(path: Path, options: ReadOptions) -> Parsed:
    """Read one list of the reserve.

    Parameters
    ----------
    path : pathlib.Path
        CSV, workbook or JSON records, as published.
    options : ReadOptions
        `known_on`: day every line counts as known. `extra["exercise"]`: the year of payment, where
        neither the columns nor the title nor the name of the file say it.

    Returns
    -------
    Parsed
        Table `grants` (the rare lines with a number: funder "etat", dataset "reserve-<year>") and
        `named`, of the same shape: `period_start_on` is 1 January of the year the grant was
        decided, `period_end_on` 31 December of the year it was paid, where the list says both.

    Raises
    ------
    SourceError
        The file is not such a list, or its year cannot be told.
    """
    table = open_tables(path, score, expected=_EXPECTED)[0]
    layout = layout_of(table.header)
    if layout is None:
        raise _not_a_list(path, table)
    year = _year(path, table, layout, options)
    judged = _judge(_named(table, layout), year, set(table.ragged))
    at_fault = {
        reason: (table.header[layout.columns[key]], key)
        for reason, key in {
            "no_identifier": "beneficiary",
            "invalid_identifier": "siret",
            "damaged_identifier": "siret",
            "no_amount": "amount",
            "bad_amount": "amount",
            "bad_date": "granted",
            "out_of_scope": "beneficiary",
        }.items()
        if key in layout.columns
    }
    by_name = judged.filter(
        pl.col("reason").is_in(["no_identifier", "invalid_identifier", "damaged_identifier"])
        & pl.col("euros").is_not_null()
        & pl.col("beneficiary").str.contains(r"\p{L}")
    )
    kept = judged.filter(pl.col("reason").is_null())
    return Parsed(
        rows_in=table.frame.height,
        tables={"grants": _facts(kept, year, layout, options)},
        rejects=rejects_of(judged, at_fault, pl.col("message")),
        named=_facts(by_name, year, layout, options),
    )


def _not_a_list(path: Path, table: Table) -> SourceError:
    return SourceError(
        f"« {path.name} » n'est pas une liste de la réserve parlementaire.",
        code="reserve-not-a-list",
        where=str(path),
        received=" | ".join(table.header)[:300],
        expected=_EXPECTED,
        todo="vérifiez que le fichier est bien le bon",
    )


def _year(path: Path, table: Table, layout: Layout, options: ReadOptions) -> int:
    """Return the year of payment: said by the column of money, the option, a title, the name."""
    asked = options.extra.get("exercise")
    if asked is not None and not re.fullmatch(r"20[01]\d", asked):
        raise SourceError(
            "L'option « exercise » n'est pas une année de la réserve parlementaire.",
            code="source-option",
            where="exercise",
            received=asked,
            expected="une année, par exemple 2014",
        )
    if layout.year is not None:
        return layout.year
    if asked is not None:
        return int(asked)
    for text in (" ".join(table.titles), table.name, path.stem):
        years = set(_LONE_YEAR.findall(text))
        if len(years) == 1:
            return int(years.pop())
    raise SourceError(
        "L'année de cette liste ne peut pas être établie.",
        code="reserve-exercise",
        where=str(path),
        received=f"en-tête : {' | '.join(table.header)[:200]}",
        expected="une année dans le nom de la colonne de montant, le titre ou le nom du fichier",
        todo="ajoutez l'option exercise, par exemple exercise=2014",
    )


def _named(table: Table, layout: Layout) -> pl.DataFrame:
    """Return the frame with our names beside its own, absent columns null."""
    keys = ("beneficiary", "amount", "programme", "purpose", "granted", "departement", "address")
    return table.frame.with_columns(
        (
            pl.col(f"c{layout.columns[key]}")
            if key in layout.columns
            else pl.lit(None, dtype=pl.String)
        ).alias(key)
        for key in (*keys, "rna", "siret")
    )


def _judge(lines: pl.DataFrame, year: int, ragged: set[int]) -> pl.DataFrame:
    """Add siren, rna, euros, year of grant, and for the lines not kept reason and message."""
    ids, rna = identifiers.repair(lines["siret"]), identifiers.repair(lines["rna"])
    euros, granted = parse.amounts(lines["amount"]), parse.dates(lines["granted"])
    cells = [column for column in lines.columns if re.fullmatch(r"c\d+", column)]
    judged = lines.with_columns(
        ids["siren"].alias("read_siren"),
        ids["problem"].alias("id_problem"),
        pl.coalesce(rna["rna"], ids["rna"]).alias("read_rna"),
        euros["amount"].alias("euros"),
        euros["problem"].alias("amount_problem"),
        granted["year"].alias("grant_year"),
        granted["problem"].alias("grant_problem"),
        pl.all_horizontal(pl.col(cells).is_null()).alias("empty"),
        pl.struct(cells).is_first_distinct().alias("first"),
        pl.col("programme").str.extract(r"^\D{0,3}(\d{3})(?:\D|$)").alias("code"),
    )
    name, amount = pl.col("beneficiary"), pl.col("amount_problem")
    known = pl.col("read_siren").is_not_null() | pl.col("read_rna").is_not_null()
    body = name.str.contains(_BODY).fill_null(value=False)
    authority = name.is_not_null() & (
        (name.str.contains(_PUBLIC) & ~name.str.contains(r"(?i)\bassoc"))
        | ((pl.col("code") == _AUTHORITIES_PROGRAMME) & ~body)
    )
    absurd = (pl.col("grant_year") > year) | ~pl.col("grant_year").is_between(_FIRST, _LAST)
    return judged.with_columns(
        first_reason(
            {
                "empty_line": pl.col("empty"),
                "wrong_field_count": pl.col("source_row").is_in(list(ragged)),
                "total_line": name.str.contains(r"(?i)^(?:sous[- ]?)?tota(?:l|ux)\b"),
                "duplicate_line": ~pl.col("first"),
                "out_of_scope": authority & ~known,
                "no_amount": amount == "no_amount",
                "bad_amount": pl.col("euros").is_null(),
                "bad_date": (pl.col("grant_problem") == "bad_date") | absurd,
                "damaged_identifier": ~known & (pl.col("id_problem") == "damaged_identifier"),
                "invalid_identifier": ~known & (pl.col("id_problem") == "invalid_identifier"),
                "no_identifier": ~known,
            }
        ).alias("reason"),
        pl.when(authority & ~known).then(pl.lit(_AUTHORITY)).alias("authority"),
    ).with_columns(pl.when(pl.col("reason") == "out_of_scope").then("authority").alias("message"))


def _facts(kept: pl.DataFrame, year: int, layout: Layout, options: ReadOptions) -> pl.DataFrame:
    known_on = pl.date(year, 12, 31) if options.known_on is None else pl.lit(options.known_on)
    identified = pl.col("reason").is_null()
    granted = pl.col("grant_year").is_not_null()
    facts = kept.select(
        pl.when(identified).then("read_siren").alias("siren"),
        pl.when(identified).then("read_rna").alias("rna"),
        pl.col("beneficiary")
        .str.replace_all(r"[\s\"]+", " ")
        .str.strip_chars()
        .alias("beneficiary_name"),
        pl.coalesce(
            departements_said(pl.col("departement")),
            departements_of_addresses(pl.col("address")),
        ).alias("departement"),
        pl.lit(FUNDER_ID).alias("funder_id"),
        pl.lit(FUNDER_NAME).alias("funder_name"),
        pl.lit("state").alias("funder_level"),
        pl.col("code").alias("programme"),
        "purpose",
        pl.col("euros").alias("amount_eur"),
        pl.lit(layout.stage).alias("stage"),
        pl.lit(year).alias("fiscal_year"),
        pl.when(granted).then(pl.date("grant_year", 1, 1)).alias("period_start_on"),
        pl.when(granted).then(pl.date(year, 12, 31)).alias("period_end_on"),
        pl.lit("grant").alias("instrument"),
        pl.lit(f"reserve-{year}").alias("dataset"),
        pl.lit(NAME).alias("source"),
        "source_row",
        known_on.alias("known_on"),
    )
    return facts.select(
        (pl.col(column) if column in facts.columns else pl.lit(None)).cast(dtype).alias(column)
        for column, dtype in TABLES["grants"].schema().items()
    )
