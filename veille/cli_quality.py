"""Command on quality: what was read, what it covers, where it comes from, what is surprising."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import polars as pl
import typer
from rich.table import Column, Table

from data.coverage import funder_years
from data.errors import VeilleError
from data.lake import Lake
from data.provenance import provenance
from data.quality import Report, report
from data.sources import SOURCES
from veille import line
from veille.quality_page import write_page
from veille.terminal import HomeOption, JsonOption, day, home_of, out, show, steps

STATUS = {
    "covered": "publiée",
    "partial": "partielle",
    "absent": "aucune liste lue",
    "awaited": "attendue",
    "stopped": "liste arrêtée",
}
_FUNDERS_SHOWN = 15


def register(app: typer.Typer) -> None:
    """Add the command of this module to the program."""
    app.command(epilog="Exemple : veille quality --source scdl --examples 5 --html qualite.html")(
        quality
    )


def quality(
    source: Annotated[str | None, typer.Option("--source", help="Une seule source.")] = None,
    examples: Annotated[
        int, typer.Option("--examples", min=0, help="Lignes rejetées à montrer par raison.")
    ] = 3,
    structure: Annotated[
        str | None,
        typer.Option("--structure", help="SIREN : ce que l'on sait d'elle, et d'où cela vient."),
    ] = None,
    funder: Annotated[
        str | None,
        typer.Option("--funder", help="Financeur (SIREN, etat, slug:nom) : ses années publiées."),
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Couverture telle que connue ce jour-là.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="Écrire le rapport dans une page HTML.")
    ] = None,
    home: HomeOption = None,
    *,
    json: JsonOption = False,
) -> None:
    """Montrer ce qui a été lu, gardé, rejeté, ce qui est couvert, et ce qui surprend."""
    lake = Lake(home_of(home).folder)
    if source is not None and source not in {*SOURCES, *lake.sources()}:
        raise line.unknown_source(source, "--source")
    known = day(as_of, "--as-of")
    if structure is not None or funder is not None:
        if html is not None or (structure is not None and funder is not None):
            raise VeilleError(
                "Une seule de ces options à la fois.",
                code="one-option",
                where="--structure, --funder, --html",
                received="plusieurs",
                expected="une structure, ou un financeur, ou la page de tout le lac",
                todo="relancer la commande avec une seule d'entre elles",
            )
        if structure is not None:
            found_rows = provenance(lake, structure, known)
            title = "Ce que l'on sait"
        else:
            # Judged among all funders: alone, a funder would never be seen to have stopped.
            years = funder_years(lake.raw_scan("grants"), as_of=known)
            found_rows = years.filter(pl.col("funder_id") == funder)
            title = f"Exercices de {funder}"
        if found_rows.is_empty():
            raise _nothing_known(structure, funder, as_of)
        _rows(found_rows, title, json=json)
        return
    with steps("Qualité", silent=json) as progress:
        progress("comptes, couverture, surprises", 0.1)
        found = report(lake, source=source, examples=examples, as_of=known)
        if html is not None:
            write_page(found, html, synthetic=lake.sources() == {line.SYNTHETIC})
        progress("fait", 1.0)
    if json:
        show({**found.as_dict(), "html": None if html is None else str(html)})
        return
    _print(found)
    if html is not None:
        out.print(f"Rapport : {html}", markup=False)


def _nothing_known(structure: str | None, funder: str | None, as_of: str | None) -> VeilleError:
    """Return the error of a structure or a funder that the lake does not know."""
    one = structure is not None
    return VeilleError(
        "Le lac ne sait rien de cette structure." if one else "Le lac n'a rien de ce financeur.",
        code="nothing-known",
        where="--structure" if one else "--funder",
        received=f"{structure or funder}" + (f", au {as_of}" if as_of else ""),
        expected="le SIREN d'une structure lue"
        if one
        else "etat, slug:nom ou SIREN d'un financeur",
        todo="« veille quality » liste les financeurs ; « veille ingest » ajoute des fichiers",
    )


def _rows(frame: pl.DataFrame, title: str, *, json: bool) -> None:
    if json:
        show(frame.to_dicts())
        return
    table = Table(*frame.columns, title=title)
    for row in frame.iter_rows():
        cells = (", ".join(map(str, cell)) if isinstance(cell, list) else cell for cell in row)
        table.add_row(*("" if cell is None else str(cell) for cell in cells))
    out.print(table)


def _print(found: Report) -> None:
    for surprise in found.surprises[:_FUNDERS_SHOWN]:
        out.print(f"! {surprise.what} {surprise.where} : {surprise.value}.", markup=False)
        out.print(f"  à faire : {surprise.todo}", markup=False)
    if len(found.surprises) > _FUNDERS_SHOWN:
        out.print(f"… et {len(found.surprises) - _FUNDERS_SHOWN} autres (--json, --html)")
    table = Table("Source", "Fichiers", "Lues", "Gardées", "Rejetées", "Connues du", "au")
    for row in found.sources:
        counts = (str(row[key]) for key in ("files", "rows_in", "rows_kept", "rows_rejected"))
        table.add_row(
            str(row["source"]), *counts, str(row["known_from"] or "–"), str(row["known_to"] or "–")
        )
    out.print(table)
    for change in found.drift:
        said = " ; ".join(change["changes"])  # type: ignore[arg-type]
        out.print(f"{change['source']}, {change['file']} : {said}", markup=False)
    financeur = Column("Financeur", overflow="fold")
    funders = Table(financeur, "Étape", *(s.capitalize() for s in STATUS.values()), "Lignes")
    for row in found.coverage[:_FUNDERS_SHOWN]:
        years = (_years(row[status]) for status in STATUS)
        funders.add_row(str(row["funder_id"]), str(row["stage"]), *years, str(row["lines"]))
    out.print(funders)
    lines = Table("Fichier", "Ligne", "Colonne", "Valeur", "Raison")
    for row in found.examples:
        value = "" if row["value"] is None else str(row["value"])[:60]
        where = (str(row["file"]), str(row["source_row"]), str(row["column"]))
        lines.add_row(*where, value, str(row["message"]))
    out.print(lines)


def _years(years: object) -> str:
    """Return years as spans: 2010-2012, 2014."""
    spans: list[list[int]] = []
    for year in years if isinstance(years, list) else []:
        if spans and year == spans[-1][1] + 1:
            spans[-1][1] = year
        else:
            spans.append([year, year])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in spans)
