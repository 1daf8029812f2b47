"""The command on outcomes: what became of the lists."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table

from training.targets import TARGETS
from veille.terminal import HomeOption, JsonOption, home_of, out, show, steps

Target = Annotated[str, typer.Option("--target", help=f"Cible : {' ou '.join(TARGETS)}.")]


def register(app: typer.Typer) -> None:
    """Add the command of this module to the program."""
    app.command(epilog="Exemple : veille outcomes --target failure")(outcomes)


def outcomes(
    target: Target = "failure", home: HomeOption = None, *, json: JsonOption = False
) -> None:
    """Mesurer ce que sont devenues les listes publiées, et dire s'il faut réapprendre.

    Une liste n'est mesurée à un horizon que lorsque sa fenêtre est entièrement observée.
    """
    from veille.outcomes import outcomes as measured

    with steps("Listes", silent=json) as progress:
        result = measured(home_of(home), target, progress=progress)
    if json:
        show(result)
        return
    if result["synthetic"]:
        out.print("[bold]Données synthétiques[/bold]")
    table = Table("Liste", "Horizon", "Structures", "Cas", "Attendus", "AUC", "Niveau élevé")
    for one in result["publications"]:
        for found in one["horizons"]:
            table.add_row(one["publication"], *_cells(found))
        for months in one["pending_months"]:
            table.add_row(
                one["publication"], f"{months} mois", "", "pas encore observé", "", "", ""
            )
    out.print(table)
    for alarm in result["alarms"]:
        out.print(f"[red]![/red] {alarm['publication']} : {alarm['sentence']}")
    out.print("Il faut réapprendre." if result["retrain"] else "Rien n'impose de réapprendre.")


def _cells(found: dict[str, Any]) -> list[str]:
    auc, high = found["metrics"]["roc_auc"]["value"], found["high"]
    return [
        f"{found['horizon_months']} mois",
        str(found["n"]),
        str(found["positives"]),
        f"{found['expected']:.1f}",
        "–" if auc is None else f"{auc:.3f}",
        f"{high['positives']} sur {high['n']}",
    ]
