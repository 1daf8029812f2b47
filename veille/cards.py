"""The card of a registered model, written from its run, its last evaluation and its checks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from data.errors import VeilleError
from training.card import FORMATS, LANGUAGES, Known, render
from veille.home import Home
from veille.modelling import loaded
from veille.settings import TO_FILL
from veille.terminal import write_whole


def write(
    home: Home, reference: str, target: str | None, output: Path | None, contact: str
) -> tuple[str, list[str]]:
    """Write the card in each language and form; return the model's name and the files.

    Raises
    ------
    VeilleError
        No such model, or the folder cannot be written.
    """
    found, model = loaded(home, reference, target)
    name = found.run_name
    known = Known(
        model,
        found,
        _recorded(home, "evaluations", name),
        _recorded(home, "checks", name),
        "" if contact == TO_FILL else contact,
    )
    folder = output or home.folder / "cards"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise VeilleError(
            "Le dossier de la fiche ne peut pas être créé.",
            code="bad-output",
            where="--output",
            received=f"{folder} : {error.strerror}",
            expected="un dossier où écrire",
        ) from error
    files = []
    for language in LANGUAGES:
        for form in FORMATS:
            path = folder / f"{name}.{language}.{form}"
            write_whole(
                text=render(known, language, form),
                path=path,
                what="La fiche ne peut pas être écrite.",
                code="card-write",
            )
            files.append(str(path))
    return name, files


def _recorded(home: Home, folder: str, name: str) -> dict[str, Any] | None:
    """Return what a command left for this model, None if it left nothing."""
    path = home.folder / folder / f"{name}.json"
    if not path.exists():
        return None
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found
