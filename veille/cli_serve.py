"""Commands that serve: demo, serve."""

from __future__ import annotations

import gc
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from data.errors import VeilleError
from data.reference.schemes import load_schemes
from features.progress import Progress
from models.lean import import_lightgbm
from serving.access import accounts
from serving.access.principal import Role
from serving.access.sources import Source
from serving.cell.kept_schemes import OWN
from veille.cli_access import Port, state_of
from veille.serving_options import serving_settings
from veille.terminal import HomeOption, JsonOption, home_of, out, settings, show, steps


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    app.command(epilog="Exemple : veille demo --structures 5000 --no-serve")(demo)
    app.command(epilog="Exemple : veille serve --port 8000")(serve)


def demo(
    structures: Annotated[
        int, typer.Option("--structures", min=500, help="Nombre de structures simulées.")
    ] = 20_000,
    port: Port = None,
    seed: Annotated[int, typer.Option("--seed", help="Graine de la simulation.")] = 1,
    home: HomeOption = None,
    *,
    serve_it: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Ouvrir le service à la fin.")
    ] = True,
    json: JsonOption = False,
) -> None:
    """Toute la ligne sur une France synthétique : faits, indicateurs, modèle, liste, service."""
    from veille import demo as demonstration

    place = home_of(home)
    titles = {
        "facts": "France synthétique",
        "features": "Indicateurs",
        "train": "Entraînement",
        "score": "Notation",
    }
    with ExitStack() as stack:
        found = demonstration.run(place, structures, seed, _bars(stack, titles, silent=json))
    state = state_of(home)
    if not any(a.login == "demo" for a in accounts.list_users(state)):
        accounts.create_user(
            state, "demo", name="Démonstration", role=Role.NATIONAL, sources=tuple(Source)
        )
    address = settings(home).host, port or settings(home).port
    base = f"http://{address[0]}:{address[1]}"
    link = accounts.create_login_link(state, "demo", base_url=base)
    state.close()
    if json:
        show({"publications": found.publications, "link": link, "synthetic": True})
    else:
        out.print("\n[bold]Données synthétiques : aucune structure réelle.[/bold]")
        out.print(f"Liste : {link}", markup=False)
        out.print("(lien à usage unique, valable une heure ; « veille users link demo » en refait)")
        if not serve_it:
            out.print(f"Pour l'ouvrir : veille serve --home {place.folder} --port {address[1]}")
    if serve_it:
        _run(home, address[0], address[1], 1)


def _bars(stack: ExitStack, titles: dict[str, str], *, silent: bool) -> dict[str, Progress]:
    """Return one progress display a step, opened when the step first reports."""
    shown: dict[str, Progress] = {}

    def reporter(name: str) -> Progress:
        def tell(step: str, share: float) -> None:
            if name not in shown:  # a step may come back: training, for the second target
                stack.close()
                shown.clear()
                shown[name] = stack.enter_context(steps(titles[name], silent=silent))
            shown[name](step, share)

        return tell

    return {name: reporter(name) for name in titles}


def serve(
    host: Annotated[str | None, typer.Option("--host", help="Adresse d'écoute.")] = None,
    port: Port = None,
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="Processus.")] = None,
    home: HomeOption = None,
) -> None:
    """Servir les pages et l'API sur les publications courantes."""
    found = settings(home)
    _run(home, host or found.host, port or found.port, workers or found.workers)


@contextmanager
def _lasting() -> Iterator[None]:
    """Look for no garbage meanwhile, nor ever in what is made: it lasts as long as the process."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _run(home: Path | None, host: str, port: int, workers: int) -> None:
    found = settings(home)
    options = serving_settings(found)
    load_schemes(found.home / OWN)  # a wrong catalogue is said here, not by each worker
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise VeilleError(
                "Cette adresse est déjà prise ou interdite.",
                code="address-in-use",
                received=f"{host}:{port}",
                todo="choisir un autre port avec --port",
            ) from error
    out.print(f"Service sur http://{host}:{port} (Ctrl-C pour arrêter)", markup=False)
    if workers == 1:
        with _lasting():
            import uvicorn

            from serving.app import create_app

            import_lightgbm()
            app = create_app(options)
        # The access log of uvicorn holds addresses, and they hold SIREN and links of one use.
        uvicorn.run(
            app,
            host=host,
            port=port,
            log_level=found.log_level,
            access_log=False,
            server_header=False,
        )
        return
    with _lasting():
        from veille.workers import run

        import_lightgbm()
    run(options, (host, port), workers, log_level=found.log_level)
