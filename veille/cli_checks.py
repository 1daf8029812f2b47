"""The commands that judge a model: check, promote."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from veille.terminal import HomeOption, JsonOption, home_of, out, show, steps

Reference = Annotated[
    str, typer.Argument(help="Nom du modèle, numéro de version, ou champion / challenger.")
]
TargetOption = Annotated[str | None, typer.Option("--target", help="Cible d'un alias.")]
#: state -> how it is shown
STATES = {
    "passes": "[green]passe[/green]",
    "fires": "[red]se déclenche[/red]",
    "not_applicable": "[dim]sans objet[/dim]",
}


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    app.command(epilog="Exemple : veille check champion --target failure")(check)
    app.command(epilog="Exemple : veille promote failure-20250101-120000 --as champion")(promote)


def check(
    model: Reference,
    target: TargetOption = None,
    home: HomeOption = None,
    *,
    json: JsonOption = False,
) -> None:
    """Chercher dans un modèle et son panel les fuites, les dérives et les fragilités.

    Chaque contrôle a un code, expliqué dans docs/checks.md. Un contrôle bloquant qui se déclenche
    s'oppose à la promotion du modèle.
    """
    from veille import checking

    with steps("Contrôles", silent=json) as progress:
        result = checking.check(home_of(home), model, target=target, progress=progress)
    if json:
        show(result)
        return
    if result["synthetic"]:
        out.print("[bold]Données synthétiques[/bold]")
    table = Table("Contrôle", "État", "Ce qui est vu", title=result["model"])
    for one in result["checks"]:
        blocking = " (bloquant)" if one["blocking"] else ""
        table.add_row(one["code"] + blocking, STATES[one["state"]], one["sentence"])
    out.print(table)


def promote(
    model: Reference,
    role: Annotated[str, typer.Option("--as", help="champion ou challenger.")] = "champion",
    target: TargetOption = None,
    reason: Annotated[
        str | None, typer.Option("--reason", help="Pourquoi passer outre un contrôle ; gardé.")
    ] = None,
    note: Annotated[
        str, typer.Option("--note", help="Pourquoi ; gardé dans l'historique des rôles.")
    ] = "",
    home: HomeOption = None,
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Promouvoir malgré un contrôle bloquant.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Donner à un modèle le rôle de champion (celui qui note) ou de challenger.

    Un modèle qui n'a jamais été contrôlé l'est d'abord ; un contrôle bloquant refuse la promotion,
    sauf avec --force et une raison écrite, qui reste attachée au modèle.
    """
    from veille import checking

    if force != bool(reason and reason.strip()):
        raise typer.BadParameter("--force et --reason vont ensemble", param_hint="--reason")
    place = home_of(home)
    registry = place.registry
    found = registry.find(model, target)
    with steps("Contrôles", silent=json) as progress:
        forced = checking.allowed(place, found, reason, progress)
    registry.promote(found.name, found.version, role, note or reason or "")
    if forced and reason:
        registry.add_tags(found.run_id, {"forced": ", ".join(forced), "forced_reason": reason})
    if json:
        told = {"model": found.run_name, "target": found.target, "alias": role}
        show({**told, **({"forced": forced} if forced else {})})
        return
    out.print(f"{found.run_name} est {role} de la cible {found.target}.", markup=False)
