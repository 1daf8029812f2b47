"""The commands on alerts: send those of the cells to the facts."""

from __future__ import annotations

import typer

from veille.terminal import HomeOption, JsonOption, home_of, out, show


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    alerts = typer.Typer(help="Signalements des cellules.", no_args_is_help=True)
    alerts.command("export", epilog="Exemple : veille alerts export")(export)
    app.add_typer(alerts, name="alerts")


def export(home: HomeOption = None, *, json: JsonOption = False) -> None:
    """Verser les signalements aux faits, chacun une fois, connu du jour où il a été fait.

    « veille features » le fait de lui-même ; le refaire ne change rien.
    """
    from veille.alerts import send
    from veille.cli_access import state_of

    state = state_of(home)
    try:
        sent = send(home_of(home).folder, state)
    finally:
        state.close()
    days = [day.isoformat() for day in sent.days]
    if json:
        show({"alerts": sent.alerts, "days": days})
    elif sent.alerts:
        out.print(f"{sent.alerts} signalements versés, connus des jours : {', '.join(days)}.")
    else:
        out.print("Aucun signalement nouveau.")
