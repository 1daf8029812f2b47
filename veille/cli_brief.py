"""The command on briefs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from training.targets import TARGETS
from veille.cli_access import state_of
from veille.terminal import HomeOption, JsonOption, home_of, out, show


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(epilog="Exemple : veille brief --region 32 --output note.pdf --as prefecture")(
        brief
    )


def brief(
    login: Annotated[str, typer.Option("--as", help="Compte pour qui la note est établie.")],
    region: Annotated[str | None, typer.Option("--region", help="Code INSEE de région.")] = None,
    departement: Annotated[
        str | None, typer.Option("--departement", help="Code de département.")
    ] = None,
    sector: Annotated[str | None, typer.Option("--sector", help="Secteur.")] = None,
    target: Annotated[
        str, typer.Option("--target", help=f"Cible : {' ou '.join(TARGETS)}.")
    ] = "failure",
    capacity: Annotated[
        Path | None,
        typer.Option("--capacity", help="Fichier de capacité (capacity.toml de l'état)."),
    ] = None,
    scenario: Annotated[
        Path | None,
        typer.Option("--scenario", help="Scénario de coupe à projeter, .toml ou .json."),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", help="Fichier à écrire, .pdf ou .html.")
    ] = Path("note.pdf"),
    home: HomeOption = None,
    *,
    json: JsonOption = False,
) -> None:
    """Établir une note de deux pages sur un territoire ou un secteur, pour un plan d'urgence.

    Le compte dit ce que la note montre : son territoire, des noms ou des pseudonymes. Sans région,
    département ni secteur, elle porte sur tout son territoire. Le scénario est calculé sur le
    territoire et la cible de la note.
    """
    from serving.access.acting import person
    from serving.access.audit import record
    from serving.cell.before import list_before
    from serving.cell.brief.brief import means_of, prepare_brief
    from serving.cell.brief.page import html_of
    from serving.cell.brief.pdf import pdf_of
    from serving.cell.brief.scope import Scope, check_scope
    from serving.cell.kept_schemes import KeptSchemes
    from serving.cell.priorities.capacity import read_capacity
    from serving.publication import Publication
    from veille.scenarios import run

    ending = output.suffix.lower().removeprefix(".")
    if ending not in {"pdf", "html"}:
        raise typer.BadParameter("--output finit par .pdf ou .html")
    found_home, state = home_of(home), state_of(home)
    place = found_home.folder
    reader, asked = person(state, login), Scope(region, departement, sector)
    publication = Publication.load(place, target)
    before = list_before(place, publication)
    # Nothing is computed for who may not see it.
    reader.require_lists()
    check_scope(asked, publication, reader)
    means = means_of(
        publication,
        KeptSchemes(place).get(),
        read_capacity(place, capacity),
        run(found_home, scenario, target, territory=asked.place(reader)) if scenario else None,
    )
    made = prepare_brief(publication, before, reader, asked, secret=state.secret, means=means)
    record(
        state,
        actor=reader.login,
        actor_id=reader.id,
        role=reader.role.value,
        action="brief",
        publication_id=publication.id,
        subject={
            "format": ending,
            "asked": asked.asked(),
            "title": made.title,
            "sirens": list(made.sirens),
            **({"scenario": means.scenario["id"]} if means.scenario else {}),
        },
        reason="ligne de commande",
    )
    body = pdf_of(made) if ending == "pdf" else html_of(made).encode()
    _write(output, body)
    if json:
        show(
            {
                "file": str(output),
                "title": made.title,
                "publication": publication.id,
                "made_for": reader.login,
                "nominative": made.nominative,
                "levels": made.counts,
                "stages": made.stages,
            }
        )
    else:
        out.print(f"{made.title} : {output}", markup=False)


def _write(path: Path, body: bytes) -> None:
    from data.errors import VeilleError
    from data.whole import whole_file

    try:
        with whole_file(path) as pending:
            pending.touch(mode=0o600)
            pending.write_bytes(body)
    except OSError as error:
        raise VeilleError(
            "La note ne peut pas être écrite.",
            code="brief-unwritable",
            where=str(path),
            received=error.strerror,
            expected="un dossier où écrire",
        ) from error
