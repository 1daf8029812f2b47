"""The command line: ``veille --help``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

# Idle OpenMP threads sleep instead of spinning: several times faster on a shared machine.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import typer

from data.errors import VeilleError
from veille import (
    cli_access,
    cli_alerts,
    cli_barometer,
    cli_brief,
    cli_card,
    cli_checks,
    cli_compare,
    cli_data,
    cli_digest,
    cli_evaluation,
    cli_features,
    cli_identity,
    cli_models,
    cli_outcomes,
    cli_priorities,
    cli_quality,
    cli_registry,
    cli_scenario,
    cli_schemes,
    cli_serve,
)
from veille.terminal import COMMON, fail

app = typer.Typer(
    help="Veille ESS : des données publiées à une liste de risques expliquée.",
    epilog="Premier essai : « veille demo ».  Guides : docs/README.md",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_DEBUG = {"on": False}


@app.callback()
def _options(
    home: Annotated[
        Path | None, typer.Option("--home", help="Dossier de tout l'état (VEILLE_HOME).")
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", help="Fichier de réglages (veille.toml).")
    ] = None,
    *,
    debug: Annotated[
        bool, typer.Option("--debug", help="Montrer la trace complète d'une erreur.")
    ] = False,
) -> None:
    COMMON.home, COMMON.config = home, config
    _DEBUG["on"] = debug


_MODULES = (
    cli_data,
    cli_quality,
    cli_features,
    cli_identity,
    cli_models,
    cli_evaluation,
    cli_checks,
    cli_outcomes,
    cli_registry,
    cli_scenario,
    cli_compare,
    cli_card,
    cli_schemes,
    cli_serve,
    cli_barometer,
    cli_priorities,
    cli_access,
    cli_digest,
    cli_brief,
    cli_alerts,
)
for module in _MODULES:
    module.register(app)


def main() -> None:
    """Run the command line; exit 0 done, 1 failed with a clear message, 2 wrong usage."""
    try:
        app()
    except VeilleError as error:
        if _DEBUG["on"]:
            raise
        fail(error)
        sys.exit(1)
    except Exception as error:
        if _DEBUG["on"]:
            raise
        fail(
            VeilleError(
                "Une erreur imprévue a arrêté la commande ; ce qui était publié le reste.",
                code="unexpected",
                received=f"{type(error).__name__} : {error}",
                todo="relancer avec « veille --debug … » et signaler la trace",
            )
        )
        sys.exit(1)
