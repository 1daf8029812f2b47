"""What every command shares: the home folder, progress, JSON output, clear errors."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from data.errors import VeilleError
from data.whole import whole_file
from veille.home import Home
from veille.settings import Settings, load_settings

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", help="Dossier de tout l'état (VEILLE_HOME, par défaut ./var)."),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Écrire un seul objet JSON sur la sortie standard.")
]


@dataclass
class Common:
    """Options given before the command."""

    home: Path | None = None
    config: Path | None = None


COMMON = Common()


def settings(home: Path | None) -> Settings:
    """Return the settings; `home` of the command wins over that of the program."""
    return load_settings(home=home or COMMON.home, config=COMMON.config)


def home_of(home: Path | None) -> Home:
    """Return the home of a command.

    Raises
    ------
    VeilleError
        The folder cannot be made.
    """
    found = settings(home)
    try:
        found.home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise VeilleError(
            "Le dossier de l'état ne peut pas être créé.",
            code="bad-home",
            where=str(found.home),
            received=error.strerror,
            expected="un dossier où écrire",
            todo="choisir un autre dossier avec --home",
        ) from error
    return Home(found.home, found.mlflow_uri)


def day(text: str | None, option: str) -> date | None:
    """Return a day written YYYY-MM-DD.

    Raises
    ------
    VeilleError
        It is not one.
    """
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise VeilleError(
            "Date illisible.",
            code="bad-day",
            where=option,
            received=text,
            expected="AAAA-MM-JJ, par exemple 2024-12-31",
        ) from error


@contextmanager
def steps(title: str, *, silent: bool = False) -> Iterator[Callable[[str, float], None]]:
    """Show progress: a bar on a terminal, plain lines elsewhere, nothing when `silent`."""
    if silent:
        yield lambda _step, _share: None
    elif err.is_terminal:
        with Progress(
            TextColumn("[bold]{task.fields[title]}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %  {task.description}"),
            TimeElapsedColumn(),
            console=err,
        ) as bar:
            task = bar.add_task("", total=1.0, title=title)
            yield lambda step, share: bar.update(task, description=step, completed=share)
    else:
        last = ""

        def tell(step: str, share: float) -> None:
            nonlocal last
            if step != last:
                err.print(f"{title} : {share:4.0%} {step}", markup=False)
                last = step

        yield tell


def write_whole(*, text: str, path: Path, what: str, code: str, encoding: str = "utf-8") -> None:
    """Write a file in one go: what was there stays until the new one is whole.

    Raises
    ------
    VeilleError
        It cannot be written; `what` says so, under `code`.
    """
    try:
        with whole_file(path) as pending:
            pending.write_text(text, encoding, newline="")
    except OSError as error:
        raise VeilleError(
            what,
            code=code,
            where=str(path),
            received=error.strerror,
            expected="un dossier où écrire",
        ) from error


def show(value: Any) -> None:  # noqa: ANN401 - any JSON value
    """Print one JSON value on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")


def fail(error: VeilleError) -> None:
    """Print a clear error on standard error."""
    err.print(str(error), style="red", markup=False)
