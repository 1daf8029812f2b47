"""Tell what the documentation lacks; with ``--write``, rewrite its generated parts first.

The description of the API that is kept is not rewritten where it would break version 1: to break
it knowingly, delete it first.

The part between two marks of a page must equal what the code says now, so every command, option,
setting, indicator, reason of reject and error code is described. Every relative link of a
Markdown page must lead to a file.
"""

from __future__ import annotations

import json
import re
import sys

from scripts.contract import breaks
from scripts.pages import PAGES, ROOT, openapi

OPENING = "<!-- généré par `make docs` : ne pas modifier à la main -->"
DESCRIPTION = "docs/openapi.json"
CLOSING = "<!-- fin de la partie générée -->"
NOT_OURS = {".venv", ".tools", "var", "node_modules"}


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


def page_problems(page: str) -> list[str]:
    """Return what is wrong with the generated part of a page."""
    text = read(page)
    if OPENING in text and text == with_block(text, PAGES[page]()):
        return []
    return [f"{page}: the generated part is out of date; run `make docs`"]


def description_problems() -> list[str]:
    """Return what is wrong with the description of the API that is kept."""
    kept, now = read(DESCRIPTION), openapi() + "\n"
    if kept == now:
        return []
    broken = breaks(json.loads(kept), json.loads(now)) if kept else []
    return [f"{DESCRIPTION}: version 1 is broken: {one}" for one in broken] or [
        f"{DESCRIPTION}: out of date; run `make docs`"
    ]


def link_problems() -> list[str]:
    """Return every relative link of a Markdown page that leads nowhere."""
    problems: list[str] = []
    for path in sorted(ROOT.rglob("*.md")):
        parts = path.relative_to(ROOT).parts
        if NOT_OURS & set(parts):
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
    pages = (problem for page in PAGES for problem in page_problems(page))
    return [*pages, *description_problems(), *link_problems()]


def write() -> None:
    """Rewrite the generated part of each page."""
    for page, block in PAGES.items():
        (ROOT / page).write_text(with_block(read(page), block()), encoding="utf-8")
    kept, now = read(DESCRIPTION), openapi()
    if not kept or not breaks(json.loads(kept), json.loads(now)):
        (ROOT / DESCRIPTION).write_text(now + "\n", encoding="utf-8")


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
