"""Command: priorities."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from veille.terminal import HomeOption, JsonOption, home_of, out, show


def register(app: typer.Typer) -> None:
    """Add the command of this module to the program."""
    app.command(epilog="Exemple : veille priorities --top 50 --capacity capacity.toml")(priorities)


def priorities(
    target: Annotated[str, typer.Option("--target", help="Cible.")] = "failure",
    capacity: Annotated[
        Path | None,
        typer.Option("--capacity", help="Fichier de capacité (capacity.toml de l'état)."),
    ] = None,
    top: Annotated[int, typer.Option("--top", min=1, help="Structures montrées.")] = 20,
    home: HomeOption = None,
    *,
    json: JsonOption = False,
) -> None:
    """Qui aider d'abord et par quel dispositif, selon la capacité ; à côté de règles simples."""
    from serving.access.principal import Territory
    from serving.cell.kept_schemes import KeptSchemes
    from serving.cell.priorities import act
    from serving.cell.priorities.capacity import read_capacity
    from serving.cell.priorities.plan import Objective
    from serving.publication import Publication

    place = home_of(home)
    publication = Publication.load(place.folder, target)
    given = read_capacity(place.folder, capacity)
    found = act.planned(publication, given, KeptSchemes(place.folder).get(), Objective.BENEFIT)
    page = act.asked(found, Territory.NATIONAL, after=0, limit=top)
    rows = publication.take(page.positions)
    items = [
        {"siren": row["siren"], "name": row["name"]} | act.item(found, at)
        for row, at in zip(rows, page.places, strict=True)
    ]
    synthetic = publication.manifest.synthetic
    if json:
        show(
            {
                "publication": publication.id,
                "to_confirm": given.to_confirm,
                "period": given.period,
                "total": len(page.inside),
                "policies": found.policies,
                "capacities": [act.rule_line(use) for use in found.rules],
                "items": items,
                "synthetic": synthetic,
            }
        )
        return
    if synthetic:
        out.print("[bold]Données synthétiques : aucune structure réelle.[/bold]")
    if given.to_confirm:
        out.print("[bold]Capacités et poids par défaut : à confirmer par la cellule.[/bold]")
    table = Table(title=f"Priorités, {len(page.inside)} structures, capacité du {given.period}")
    for name in ("", "Structure", "Emplois en jeu", "Étape", "Dispositif"):
        table.add_column(name)
    for line in items:
        table.add_row(
            str(line["priority"]),
            line["name"] or line["siren"],
            f"{line['jobs_at_stake']:.1f}".replace(".", ","),
            line["stage"],
            line["scheme"] or "—",
        )
    out.print(table)
    for name, values in found.policies.items():
        said = "  ".join(f"{k} {v:.1f}" for k, v in values.items())
        out.print(f"{name} : {said}", markup=False)
