"""Command: barometer."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from serving.cell.barometer.dimensions import By
from veille.terminal import HomeOption, JsonOption, home_of, out, show


def register(app: typer.Typer) -> None:
    """Add the command of this module to the program."""
    app.command(epilog="Exemple : veille barometer --by departement")(barometer)


def barometer(
    by: Annotated[By, typer.Option("--by", help="Ce que sont les lignes.")] = By.REGION,
    target: Annotated[str, typer.Option("--target", help="Cible.")] = "failure",
    home: HomeOption = None,
    *,
    json: JsonOption = False,
) -> None:
    """Chiffres par territoire, secteur, famille, financeur, programme ; les petits sont masqués."""
    from serving.cell.barometer import act
    from serving.publication import Publication
    from serving.services import before

    place = home_of(home)
    publication = Publication.load(place.folder, target)
    found = act.barometer(publication, by, tuple(before(place.folder, publication)))
    if json:
        show(found)
        return
    horizon = found["main_horizon"]
    if found["synthetic"]:
        out.print("[bold]Données synthétiques : aucune structure réelle.[/bold]")
    table = Table(title=f"Baromètre au {found['as_of']:%d/%m/%Y}, à {horizon} mois")
    for name in ("", "Structures", "Élevé", "Modéré", "Attendues", "Intervalle", "Emplois"):
        table.add_column(name, justify="right" if name else "left")
    for line in [found["total"], *found["items"]]:
        estimate = next(e for e in line["estimates"] if e["horizon_months"] == horizon)
        interval = "—" if line["hidden"] else f"{estimate['low']} à {estimate['high']}"
        table.add_row(
            f"{line['label'] or line['key']}",
            _shown(line["structures"]),
            _shown(line["levels"]["high"]),
            _shown(line["levels"]["moderate"]),
            _shown(estimate["expected_failures"], 1),
            interval,
            _shown(estimate["jobs_at_stake"], 0),
        )
    out.print(table)
    out.print(f"— : masqué (moins de {found['hidden_under']} structures, ou pour les protéger)")


def _shown(value: float | None, digits: int = 0) -> str:
    return "—" if value is None else f"{value:.{digits}f}".replace(".", ",")
