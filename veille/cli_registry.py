"""Commands on the registry: models, rollback."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Column, Table

from veille.terminal import HomeOption, JsonOption, home_of, out, show

KINDS = {"promote": "promotion", "rollback": "retour en arrière", "found": "constaté"}
Note = Annotated[str, typer.Option("--note", help="Pourquoi ; gardé dans l'historique des rôles.")]
AliasTarget = Annotated[str | None, typer.Option("--target", help="Cible d'un alias.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    app.command(epilog="Exemple : veille models")(models)
    app.command(epilog='Exemple : veille rollback --target failure --note "alertes absurdes"')(
        rollback
    )


def models(home: HomeOption = None, *, json: JsonOption = False) -> None:
    """Lister les modèles enregistrés, leurs rôles et l'historique des rôles."""
    registry = home_of(home).registry
    found = registry.list_models()
    lines = {name: registry.promotions(name) for name in sorted({m.name for m in found})}
    if json:
        show(
            [
                {
                    "model": m.run_name,
                    "target": m.target,
                    "version": m.version,
                    "run_id": m.run_id,
                    "aliases": list(m.aliases),
                    "created_at": m.created_at.isoformat(),
                    "metrics": m.metrics,
                    "tags": {k: v for k, v in m.tags.items() if not k.startswith("mlflow.")},
                    "promotions": [p.to_dict() for p in lines[m.name] if p.version == m.version],
                }
                for m in found
            ]
        )
        return
    table = Table(Column("Cible", overflow="fold"), "Version")
    for title in ("Rôle", "Créé le", "Modèle"):
        table.add_column(title, no_wrap=True)
    for m in found:
        roles = ", ".join(m.aliases)
        table.add_row(m.target, m.version, roles, f"{m.created_at:%Y-%m-%d}", m.run_name)
    out.print(table)
    # On lines of their own: in a column of a narrow terminal nothing would be left of them.
    for m in found:
        if m.tags.get("note"):
            out.print(f"{m.run_name} : {m.tags['note']}", markup=False)
    targets = {m.name: m.target for m in found}
    if any(lines.values()):
        out.print("\nHistorique des rôles (UTC)")
    for name, promotions in lines.items():
        for p in promotions:
            said = (
                f"{p.at[:16].replace('T', ' ')}  {targets[name]}, {p.alias} : version {p.version}"
            )
            why = f", {p.note}" if p.note else ""
            out.print(f"{said} ({KINDS[p.kind]}{why})", markup=False)


def rollback(
    target: AliasTarget = None,
    note: Note = "",
    home: HomeOption = None,
    *,
    json: JsonOption = False,
) -> None:
    """Annuler la dernière promotion : le champion d'avant reprend son rôle.

    Une promotion déjà annulée ne compte plus : deux retours de suite annulent les deux dernières.
    La liste publiée ne change pas ; « veille score » la refait.
    """
    registry = home_of(home).registry
    before = registry.find("champion", target)
    after = registry.rollback(before.name, note)
    if json:
        show(
            {
                "model": after.run_name,
                "target": after.target,
                "version": after.version,
                "replaced": before.run_name,
            }
        )
        return
    said = f"{after.run_name} est de nouveau champion de la cible {after.target}, "
    out.print(f"{said}à la place de {before.run_name}.", markup=False)
