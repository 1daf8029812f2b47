"""The generated parts of the documentation, each read from the code that it describes."""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from scripts import ablation_page
from scripts.tables import table

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("veille", "serving", "training", "models", "features", "data")
UNITS = {
    "ratio": "en proportion",
    "count": "en nombre",
    "eur": "en euros",
    "days": "en jours",
    "months": "en mois",
    "years": "en années",
    "flag": "oui ou non",
    "index": "indice de 0 à 1",
    "level": "niveau",
    "category": "catégorie",
}


def settings() -> str:
    """Return every setting: key, variable, default, what it accepts, what it is for."""
    from veille.mail_settings import MailSettings
    from veille.settings import OTHER_VARIABLES, PREFIX, Settings, expected

    # What a class inherits comes first in pydantic; here, last.
    fields = sorted(Settings.model_fields.items(), key=lambda f: f[0] in MailSettings.model_fields)
    rows = [
        (
            f"`{key}`",
            f"`{PREFIX}{key.upper()}`",
            _default(field.default),
            expected(key),
            field.description or "",
        )
        for key, field in fields
    ]
    others = [(f"`{name}`", purpose) for name, purpose in OTHER_VARIABLES.items()]
    return (
        table(("clé", "variable", "par défaut", "valeurs acceptées", "rôle"), rows)
        + "\n\nDeux variables ne sont pas des réglages :\n\n"
        + table(("variable", "rôle"), others)
    )


def _default(value: object) -> str:
    if value is None:
        return "(sous `home`)"
    return f"`{value}`" if str(value) else "(vide)"


def rejects() -> str:
    """Return every reason for which a row of a file is not kept."""
    from data.rejects import REASONS

    return table(("motif", "sens"), [(f"`{code}`", text) for code, text in REASONS.items()])


def sources() -> str:
    """Return every published format that is read, then those known and not read."""
    from data.sources import SOURCES
    from data.sources.known import NOT_READ

    rows = [(f"[`{s.name}`]({s.name}.md)", s.title) for s in SOURCES.values()]
    return (
        table(("source", "ce que c'est"), rows)
        + "\n\nSont reconnus, nommés et laissés de côté :\n\n"
        + "\n".join(f"- {known.what}" for known in NOT_READ)
    )


def indicators() -> str:
    """Return every indicator, theme by theme: what it says, and what its absence means."""
    from features.catalogue import INDICATORS, THEMES

    signs = {1: "plus haut, plus risqué", -1: "plus haut, moins risqué", 0: "sans sens imposé"}
    found = ablation_page.read()
    parts = [f"Le catalogue compte {len(INDICATORS)} indicateurs.", ablation_page.themes(found)]
    for theme, title in THEMES.items():
        parts.append(f"## {title}")
        for one in (i for i in INDICATORS.values() if i.theme == theme):
            parts.append(f"### `{one.name}`")
            parts.append(f"**{one.label}**, {UNITS[one.unit]} ; {signs[one.direction]}.")
            parts.append(
                f"- Pourquoi : {one.why}.\n- Absent : {one.missing}.\n"
                f"- Raison : « {one.sentence} »\n"
                f"- Mesuré : {ablation_page.worth(found, one.name)}."
            )
    return "\n\n".join(parts)


def commands() -> str:
    """Return every command of the program, with its arguments and options."""
    import typer.main

    from veille.cli import app

    return "\n\n".join(described(typer.main.get_command(app), "veille"))


def described(command: Any, words: str) -> Iterator[str]:  # noqa: ANN401 (typer's own classes)
    """Yield the Markdown of a command, then of the commands below it."""
    children = {k: c for k, c in getattr(command, "commands", {}).items() if not c.hidden}
    shown = [p for p in command.params if not p.hidden and "completion" not in p.name]
    arguments = [p for p in shown if not p.opts[0].startswith("-")]
    options = [p for p in shown if p.opts[0].startswith("-")]
    usage = [words, *("[OPTIONS]" for _ in options[:1]), *(called(a) for a in arguments)]
    yield f"## `{words}`"
    yield inspect.cleandoc(command.help or "").split("\f")[0].strip()
    yield "```\n" + " ".join([*usage, *("COMMANDE" for _ in list(children)[:1])]) + "\n```"
    rows = [
        (
            ", ".join(f"`{name}`" for name in [*p.opts, *p.secondary_opts])
            if p in options
            else f"`{called(p)}`",
            p.help or "",
            "" if p.default in (None, False, ()) or callable(p.default) else f"`{p.default}`",
        )
        for p in (*arguments, *options)
    ]
    if rows:
        yield table(("", "rôle", "par défaut"), rows)
    for name, child in children.items():
        yield from described(child, f"{words} {name}")


def called(argument: Any) -> str:  # noqa: ANN401 (typer's own classes)
    """Return an argument as a usage line shows it: FILE, [FILE], FILE..."""
    name = (argument.metavar or argument.name or "").upper() + (
        "..." if argument.nargs == -1 else ""
    )
    return name if argument.required else f"[{name}]"


def errors() -> str:
    """Return every error code that the packages raise, with its messages and advice."""
    rows: dict[str, tuple[set[str], list[str], list[str]]] = {}
    for package, code, what, todo in raised():
        packages, whats, todos = rows.setdefault(code, (set(), [], []))
        packages.add(package)
        whats += [what] if what and what not in whats else []
        todos += [todo] if todo and todo not in todos else []
    return table(
        ("code", "pièce", "message", "à faire"),
        [
            (f"`{code}`", ", ".join(sorted(packages)), "<br>".join(whats), "<br>".join(todos))
            for code, (packages, whats, todos) in sorted(rows.items())
        ],
    )


def raised() -> Iterator[tuple[str, str, str, str]]:
    """Yield (package, code, message, advice) of each call that builds an error with a code."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call):
                    continue
                named = {keyword.arg: keyword.value for keyword in node.keywords}
                code = named.get("code")
                if isinstance(code, ast.Constant) and isinstance(code.value, str):
                    what = node.args[0] if node.args else named.get("what")
                    yield package, code.value, as_text(what), as_text(named.get("todo"))


def as_text(node: ast.expr | None) -> str:
    """Return the text of a literal, with "…" for each value filled in at run time."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(as_text(part) for part in parts)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return as_text(left) + as_text(right)
        case None:
            return ""
        case _:
            return "…"


def openapi() -> str:
    """Return the description of the API, keys sorted."""
    from serving.api import router
    from serving.api.description import describe_api

    return json.dumps(describe_api(router.routes), ensure_ascii=False, indent=1, sort_keys=True)


def access() -> str:
    """Return what each reader gets from each address."""
    from scripts import access_page

    return access_page.block()


def schemes() -> str:
    """Return the catalogue of schemes, and who each fits and does not."""
    from scripts import schemes_page

    return schemes_page.block()


PAGES: dict[str, Callable[[], str]] = {
    "docs/access.md": access,
    "docs/cli.md": commands,
    "docs/errors.md": errors,
    "docs/indicators.md": indicators,
    "docs/rejects.md": rejects,
    "docs/schemes.md": schemes,
    "docs/settings.md": settings,
    "docs/sources/README.md": sources,
}
