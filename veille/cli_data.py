"""Commands on facts: sources, ingest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from data.rejects import REASONS
from data.sources import SOURCES
from veille import line
from veille.intake import Outcome
from veille.terminal import HomeOption, JsonOption, day, fail, home_of, out, show, steps

Options = Annotated[
    list[str] | None,
    typer.Option("--option", help="Option de la source, NOM=VALEUR (répétable)."),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    app.command(epilog="Exemple : veille sources")(sources)
    app.command(
        epilog="Exemple : veille ingest auto telechargements/, ou veille ingest scdl "
        "subventions_2023.csv --known-on 2024-03-31"
    )(ingest)


def sources(*, json: JsonOption = False) -> None:
    """Décrire les formats publiés que l'outil sait lire."""
    if json:
        show([{"source": s.name, "title": s.title} for s in SOURCES.values()])
        return
    table = Table("Source", "Ce que c'est", "Guide")
    for source in SOURCES.values():
        table.add_row(source.name, source.title, f"docs/sources/{source.name}.md")
    out.print(table)


def ingest(
    source: Annotated[str, typer.Argument(help="Nom de la source (« veille sources »), ou auto.")],
    files: Annotated[list[Path], typer.Argument(help="Fichiers publiés, archives ou dossiers.")],
    known_on: Annotated[
        str | None,
        typer.Option("--known-on", help="Jour où ces lignes étaient connues (AAAA-MM-JJ)."),
    ] = None,
    option: Options = None,
    home: HomeOption = None,
    *,
    json: JsonOption = False,
) -> None:
    """Lire des fichiers publiés ; chaque ligne est gardée, ou rejetée avec sa raison.

    Avec la source « auto », le format de chaque fichier est reconnu à son contenu. Un fichier déjà
    lu ne l'est pas de nouveau : une commande interrompue se relance telle quelle.
    """
    extra = {}
    for item in option or []:
        name, found, value = item.partition("=")
        if not found:
            raise typer.BadParameter(f"attendu NOM=VALEUR, reçu {item!r}", param_hint="--option")
        extra[name] = value
    with steps("Lecture", silent=json) as progress:
        outcomes = line.intake(
            home_of(home).folder,
            source,
            files,
            known_on=day(known_on, "--known-on"),
            extra=extra,
            progress=progress,
        )
    failed = [outcome.error for outcome in outcomes if outcome.error is not None]
    if json:
        show([outcome.summary() for outcome in outcomes])
    else:
        _print_outcomes(outcomes)
    for error in failed:
        fail(error)
    if failed:
        raise typer.Exit(1)


def _print_outcomes(outcomes: list[Outcome]) -> None:
    table = Table("Fichier", "Source", "Lues", "Gardées", "Rejetées", "Raisons")
    for found in outcomes:
        m = found.manifest
        if m is None:
            said = f"pas des données : {found.not_data}" if found.error is None else "non lu"
            table.add_row(found.file, "–", "–", "–", "–", said)
            continue
        why = ", ".join(f"{REASONS[r]} : {n}" for r, n in m.reasons.items())
        counts = (str(m.rows_in), str(m.rows_kept), str(m.rows_rejected))
        table.add_row(found.file, m.source, *counts, why)
    out.print(table)
