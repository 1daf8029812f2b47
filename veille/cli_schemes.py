"""Command on the catalogue of schemes."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from data.reference import regions
from data.reference.schemes import Catalogue, load_schemes, read_schemes
from serving.cell.kept_schemes import OWN
from veille.terminal import HomeOption, JsonOption, home_of, out, show

_STAGES = {
    "anticipation": "anticipation",
    "difficulty": "difficulté",
    "urgency": "urgence",
    "rebound": "rebond",
}


def register(app: typer.Typer) -> None:
    """Add the command of this module to the program."""
    app.command(epilog="Exemple : veille schemes --check nouveaux-dispositifs.toml")(schemes)


def schemes(
    check: Annotated[
        Path | None,
        typer.Option("--check", help="Vérifier ce fichier par-dessus le catalogue livré."),
    ] = None,
    home: HomeOption = None,
    *,
    json: JsonOption = False,
) -> None:
    """Montrer le catalogue des dispositifs, et vérifier celui de l'exploitant.

    Le catalogue est celui livré, avec <home>/schemes.toml par-dessus s'il existe : un dispositif de
    même id y est remplacé en entier. Le guide : docs/schemes.md.
    """
    own = home_of(home).folder / OWN if check is None else check
    found = load_schemes(own) if check is None else read_schemes(check, load_schemes())
    file = str(own) if check is not None or own.exists() else None
    if json:
        items = [asdict(scheme) for scheme in found.schemes.values()]
        show({"catalogue": found.digest, "file": file, "schemes": items})
        return
    _print(found)
    mine = sum(scheme.own for scheme in found.schemes.values())
    if file is not None:
        out.print(f"{file} : juste, {mine} dispositif(s) de l'exploitant.", markup=False)


def _print(found: Catalogue) -> None:
    for scheme in found.schemes.values():
        stages = ", ".join(_STAGES[stage] for stage in scheme.stages)
        dated = f"source du {scheme.source_on:%d/%m/%Y}" if scheme.source_on else "source non datée"
        told = [
            stages if len(scheme.stages) < len(_STAGES) else "tous les stades",
            ", ".join(regions()[code] for code in scheme.regions) or "partout",
            f"{dated}, à confirmer" if scheme.to_confirm else dated,
            *(["écrit par l'exploitant"] if scheme.own else []),
        ]
        out.print(f"{scheme.id} : {scheme.label}", markup=False)
        out.print(f"  {' ; '.join(told)}", markup=False)
