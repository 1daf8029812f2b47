"""The command on outcomes: what became of the lists."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from training.targets import TARGETS
from veille.terminal import HomeOption, JsonOption, home_of, out, settings, show, steps

if TYPE_CHECKING:
    import polars as pl

_ENDS = {
    "saved": "sauvées",
    "failed": "défaillantes",
    "merged": "fusionnées",
    "out_of_scope": "hors champ",
    "declined": "aide déclinée",
    "unreachable": "injoignables",
}

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
        result = measured(home_of(home), target, cases=_cases(home), progress=progress)
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
    followed = [
        one for one in result["publications"] if one["cases"] and one["cases"]["all"]["opened"]
    ]
    if followed:
        out.print(_followed(followed))
    for alarm in result["alarms"]:
        out.print(f"[red]![/red] {alarm['publication']} : {alarm['sentence']}")
    out.print("Il faut réapprendre." if result["retrain"] else "Rien n'impose de réapprendre.")


def _cases(home: Path | None) -> pl.DataFrame | None:
    """Return the cases of a home that cells write in; None otherwise."""
    from veille.cli_access import state_of
    from veille.followed import cases_of

    if settings(home).database_url is None and not _state_file(home).exists():
        return None
    state = state_of(home)
    try:
        return cases_of(state)
    finally:
        state.close()


def _state_file(home: Path | None) -> Path:
    """Return where the state of a home is, by default."""
    return home_of(home).folder / "state" / "state.db"


def _followed(publications: list[dict[str, Any]]) -> Table:
    names = ("Dossiers", "Contactées", "Orientées", "Accompagnées", "Clos", "Issues")
    table = Table("Liste", *names)
    for one in publications:
        found = one["cases"]["all"]
        steps_of = ("opened", "contacted", "oriented", "in_support", "closed")
        ends = [f"{_ENDS[name]} {n}" for name, n in found["outcomes"].items() if n]
        table.add_row(
            one["publication"], *(str(found[name]) for name in steps_of), ", ".join(ends) or "–"
        )
    return table


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
