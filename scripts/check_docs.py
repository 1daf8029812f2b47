"""Tell what the documentation lacks; with ``--write``, rewrite its generated parts first.

Three kinds of checks, each a function of no argument giving one sentence a defect:

- generated blocks: a table between two marks equals what the code says now;
- listings: every command, option and indicator stands in the page of its kind;
- links: every relative link of a Markdown page leads to a file.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("veille", "serving", "training", "models", "features", "data")
OPENING = "<!-- généré par `make docs` : ne pas modifier à la main -->"
CLOSING = "<!-- fin de la partie générée -->"


def table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |"
        for line in lines
    )


def settings_table() -> str:
    """Return every setting: key, variable, default, what it accepts, what it is for."""
    from veille.settings import OTHER_VARIABLES, PREFIX, Settings, expected

    rows = [
        (
            f"`{key}`",
            f"`{PREFIX}{key.upper()}`",
            "(sous `home`)" if field.default is None else f"`{field.default}`",
            expected(key),
            field.description or "",
        )
        for key, field in Settings.model_fields.items()
    ]
    others = [(f"`{name}`", purpose) for name, purpose in OTHER_VARIABLES.items()]
    return (
        table(("clé", "variable", "par défaut", "valeurs acceptées", "rôle"), rows)
        + "\n\nDeux variables ne sont pas des réglages :\n\n"
        + table(("variable", "rôle"), others)
    )


def rejects_table() -> str:
    """Return every reason for which a row of a file is not kept."""
    from data.rejects import REASONS

    return table(("motif", "sens"), [(f"`{code}`", text) for code, text in REASONS.items()])


def errors_table() -> str:
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


def commands() -> set[str]:
    """Return every command and option of the command line, as a user types them."""
    import typer.main

    from veille.cli import app

    found: set[str] = set()

    def walk(command: object, words: str) -> None:
        found.add(words)
        for name, child in getattr(command, "commands", {}).items():
            if not child.hidden:
                walk(child, f"{words} {name}")
        for parameter in getattr(command, "params", []):
            options = [option for option in parameter.opts if option.startswith("--")]
            if options and not getattr(parameter, "hidden", False):
                found.add(options[0])

    walk(typer.main.get_command(app), "veille")
    return found


def indicators() -> set[str]:
    """Return the name of every indicator."""
    from features.catalogue import INDICATORS

    return {f"`{name}`" for name in INDICATORS}


GENERATED: dict[str, Callable[[], str]] = {
    "docs/settings.md": settings_table,
    "docs/rejects.md": rejects_table,
    "docs/errors.md": errors_table,
}
LISTED: dict[str, Callable[[], set[str]]] = {
    "docs/cli.md": commands,
    "docs/indicators.md": indicators,
}


def read(page: str) -> str:
    """Return a page, empty when it does not exist."""
    path = ROOT / page
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def with_block(text: str, block: str) -> str:
    """Return a page with its generated block replaced, or added at its end."""
    generated = f"{OPENING}\n\n{block}\n\n{CLOSING}"
    before, opening, rest = text.partition(OPENING)
    after = rest.partition(CLOSING)[2] if opening else "\n"
    return before + generated + after


def generated_problems(page: str) -> list[str]:
    """Return what is wrong with a generated page."""
    text = read(page)
    if OPENING in text and text == with_block(text, GENERATED[page]()):
        return []
    return [f"{page}: the generated part is out of date; run `make docs`"]


def listed_problems(page: str) -> list[str]:
    """Return what a page written by hand does not name."""
    text = read(page)
    names = sorted(LISTED[page]())
    return [f"{page}: {name} is not described" for name in names if not names_it(text, name)]


def names_it(text: str, name: str) -> bool:
    """Tell whether a text holds a name, not only the beginning of a longer one."""
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text) is not None


def link_problems() -> list[str]:
    """Return every relative link of a Markdown page that leads nowhere."""
    problems: list[str] = []
    skipped = {".venv", ".tools", "var", "node_modules"}
    for path in sorted(ROOT.rglob("*.md")):
        parts = path.relative_to(ROOT).parts
        if skipped & set(parts):
            continue
        text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        problems += [
            f"{'/'.join(parts)}: the link to {link} leads nowhere"
            for link in re.findall(r"\]\(([^)\s#]+)[^)]*\)", text)
            if not re.match(r"[a-z]+:", link) and not (path.parent / link).exists()
        ]
    return problems


def problems() -> list[str]:
    """Return every defect of the documentation."""
    return [
        *(problem for page in GENERATED for problem in generated_problems(page)),
        *(problem for page in LISTED for problem in listed_problems(page)),
        *link_problems(),
    ]


def write() -> None:
    """Rewrite the generated part of each page."""
    for page, block in GENERATED.items():
        (ROOT / page).write_text(with_block(read(page), block()), encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Check, after writing if asked; return 1 when something is wrong."""
    if "--write" in arguments:
        write()
    found = problems()
    sys.stdout.write("".join(f"{problem}\n" for problem in found))
    sys.stdout.write(f"documentation: {len(found) or 'no'} problem(s)\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
