"""Command on identities: what was matched by name, for review."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Annotated

import polars as pl
import typer
from rich.table import Table

from data import identity
from data.errors import VeilleError
from data.lake import Lake
from veille.terminal import HomeOption, JsonOption, home_of, out, show, write_whole

STATUS = {
    "matched": "rapproché",
    "refused": "refusé à la relecture",
    "ambiguous_name": "plusieurs structures portent ce nom",
    "unknown_name": "aucune structure de ce nom",
    "no_place": "la liste ne dit pas le département",
}


def register(app: typer.Typer) -> None:
    """Add the command of this module to the program."""
    app.command(
        "identity", epilog="Exemple : veille identity --status matched --csv relecture.csv"
    )(identities)


def identities(
    status: Annotated[
        str | None, typer.Option("--status", help=f"Un seul sort : {', '.join(STATUS)}.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Lignes à montrer.")] = 20,
    file: Annotated[
        Path | None,
        typer.Option("--csv", help="Écrire un fichier de relecture des noms rapprochés."),
    ] = None,
    home: HomeOption = None,
    *,
    json: JsonOption = False,
) -> None:
    """Montrer les bénéficiaires connus par leur seul nom, et la structure de chacun.

    Un nom n'est rapproché que si une seule structure du département le porte exactement. Pour en
    refuser un : compléter la colonne « decision » du fichier de relecture (accept ou refuse), et le
    poser sous le nom identity_review.csv dans le dossier de l'état.
    """
    if status is not None and status not in STATUS:
        raise VeilleError(
            "Sort inconnu.",
            code="unknown-status",
            where="--status",
            received=status,
            expected=", ".join(STATUS),
        )
    found = identity.describe(Lake(home_of(home).folder))
    counts = {name: found.filter(pl.col("status") == name) for name in STATUS}
    if file is not None:
        _write(counts["matched"], file)
    shown = (found if status is None else counts[status]).head(limit)
    if json:
        show(
            {
                "names": {name: part.height for name, part in counts.items()},
                "lines": {name: int(part["lines"].sum()) for name, part in counts.items()},
                "shown": shown.to_dicts(),
                "review": None if file is None else str(file),
            }
        )
        return
    for name, part in counts.items():
        out.print(f"{part.height:8} noms, {int(part['lines'].sum()):8} lignes : {STATUS[name]}")
    table = Table("Nom publié", "Dép.", "Sort", "SIREN", "Structure", "Lignes", "Euros")
    for row in shown.iter_rows(named=True):
        table.add_row(
            row["beneficiary_name"] or "",
            row["departement"] or "",
            STATUS[row["status"]],
            row["siren"] or "",
            row["name"] or "",
            str(row["lines"]),
            f"{row['amount_eur']:,.0f}".replace(",", " "),
        )
    out.print(table)
    if file is not None:
        out.print(f"Fichier de relecture : {file}", markup=False)


def _write(matched: pl.DataFrame, file: Path) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerow(("name", "departement", "siren", "decision", "structure", "lignes"))
    for row in matched.iter_rows(named=True):
        place, siren = row["departement"], row["siren"]
        writer.writerow(
            (row["beneficiary_name"], place, siren, "accept", row["name"], row["lines"])
        )
    write_whole(
        text=text.getvalue(),
        path=file,
        what="Le fichier de relecture ne peut pas être écrit.",
        code="review-write",
        encoding="utf-8-sig",
    )
