"""Command `card`: what a model is, for whoever must judge it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from veille.cli_checks import Reference
from veille.terminal import HomeOption, JsonOption, home_of, out, settings, show


def register(app: typer.Typer) -> None:
    """Add the command of this module to the program."""
    app.command(epilog="Exemple : veille card champion --target failure --output fiches")(card)


def card(
    model: Reference,
    target: Annotated[str | None, typer.Option("--target", help="Cible d'un alias.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="Dossier où écrire (HOME/cards sinon).")
    ] = None,
    home: HomeOption = None,
    *,
    json: JsonOption = False,
) -> None:
    """Écrire la fiche d'un modèle, en français et en anglais, en HTML et en Markdown.

    Elle ne dit que ce que l'entraînement, sa dernière évaluation et ses contrôles ont enregistré,
    et dit ce qui manque. Elle porte l'explication du traitement que demande le code des relations
    entre le public et l'administration.
    """
    from veille import cards

    found, files = cards.write(home_of(home), model, target, output, settings(home).contact)
    if json:
        show({"model": found, "files": files})
        return
    out.print(f"Fiche du modèle {found} :", markup=False)
    for path in files:
        out.print(path, markup=False)
