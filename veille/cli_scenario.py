"""The command on scenarios: what the list would be after budget cuts."""

from __future__ import annotations

import json as json_text
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from veille.terminal import HomeOption, JsonOption, home_of, out, show, steps, write_whole

_SHOW_AFTER = 2.0

File = Annotated[Path, typer.Argument(help="Fichier du scénario, .toml ou .json.")]
Compare = Annotated[
    Path | None, typer.Option("--compare", help="Second scénario, mis à côté du premier.")
]
Target = Annotated[
    str | None, typer.Option("--target", help="Cible, à la place de celle du fichier.")
]
Output = Annotated[Path | None, typer.Option("--output", help="Fichier JSON où écrire tout.")]


def register(app: typer.Typer) -> None:
    """Add the command of this module to the program."""
    app.command(epilog="Exemple : veille scenario docs/scenarios/coupe.toml")(scenario)


def scenario(
    file: File,
    compare: Compare = None,
    target: Target = None,
    output: Output = None,
    home: HomeOption = None,
    *,
    json: JsonOption = False,
) -> None:
    """Projeter des coupes ou des retards de budget sur la liste publiée.

    Projection d'un modèle, et non preuve d'un effet causal. Le résultat est gardé : le même
    scénario sur la même liste se relit sans calcul.
    """
    from serving.cell.scenarios.compare import compare as side_by_side
    from veille.scenarios import run

    found_home = home_of(home)
    started = time.monotonic()
    with steps("Scénario", silent=json) as shown:

        def progress(step: str, share: float) -> None:
            if time.monotonic() - started > _SHOW_AFTER:
                shown(step, share)

        result = run(found_home, file, target, progress)
        other = run(found_home, compare, target, progress) if compare else None
    whole = result if other is None else side_by_side(result, other)
    if output is not None:
        write_whole(
            text=json_text.dumps(whole, ensure_ascii=False, indent=1) + "\n",
            path=output,
            what="Le résultat du scénario ne peut pas être écrit.",
            code="scenario-not-written",
        )
    if json:
        show(whole)
        return
    for one in (result, other):
        if one is not None:
            _print(one)
    out.print(result["statement"], markup=False)


def _print(result: dict[str, Any]) -> None:
    if result["synthetic"]:
        out.print("[bold]Données synthétiques[/bold]")
    total = result["total"]
    euros = f"{total['cut_eur']:,.0f}".replace(",", " ")
    out.print(
        f"{result['scenario']['name']} : {total['touched']} structures touchées sur "
        f"{total['structures']}, {euros} € retirés",
        markup=False,
    )
    table = Table("Horizon", "Attendus sans", "Attendus avec", "Écart", "Emplois sans", "avec")
    for one in total["horizons"]:
        cases, jobs = one["cases"], one["jobs"]
        table.add_row(
            f"{one['horizon_months']} mois",
            _interval(cases["without"]),
            _interval(cases["with"]),
            _interval(cases["difference"], digits=2),
            _interval(jobs["without"]),
            _interval(jobs["with"]),
        )
    out.print(table)
    out.print(f"Changent de niveau : {total['up']} vers le haut, {total['down']} vers le bas.")
    eased = result["with_measures"]
    for one in eased["horizons"] if eased else ():
        spared = -one["cases"]["difference"]["expected"]
        out.print(f"Les mesures évitent {spared:.2f} cas à {one['horizon_months']} mois.")
    for note in result["notes"]:
        out.print(f"! {note}", markup=False)


def _interval(one: dict[str, float], *, digits: int = 1) -> str:
    low, high = (f"{one[edge]:.{digits}f}" for edge in ("low", "high"))
    return f"{one['expected']:.{digits}f} [{low} ; {high}]"
