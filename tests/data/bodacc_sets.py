"""The hand-labelled notices, and what is made of them in the tests and the docs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from data.sources.bodacc_text import CLASSES, class_of

FAMILY, NATURE = "Extrait de jugement", "Autre jugement et ordonnance"
#: as the docs call them
FRENCH = {
    "opening": "ouverture",
    "conversion": "conversion",
    "plan": "plan",
    "closure": "clôture",
    "other": "autre",
}


def labelled(name: str, fields: int) -> list[list[str]]:
    """Return the lines of a hand-labelled set of tests/data, cut into so many fields."""
    lines = Path(__file__).with_name(f"{name}.psv").read_text(encoding="utf-8").splitlines()
    return [line.split("|", fields - 1) for line in lines if line and not line.startswith("#")]


def confusion(name: str) -> Counter[tuple[str, str]]:
    """Return (class by hand, class found) -> notices of a set."""
    return Counter((label, class_of(FAMILY, NATURE, text)) for label, text in labelled(name, 2))


def matrix(counts: Counter[tuple[str, str]]) -> str:
    """Return the confusion matrix as the docs show it, with precision and recall."""
    lines = [
        "| à la main ↓ / par la règle → | "
        + " | ".join(FRENCH[found] for found in CLASSES)
        + " | rappel |",
        "|---" * (len(CLASSES) + 2) + "|",
    ]
    for label in CLASSES:
        row = [counts[label, found] for found in CLASSES]
        lines.append(
            f"| {FRENCH[label]} | "
            + " | ".join(map(str, row))
            + f" | {_share(counts[label, label], sum(row))} |"
        )
    precisions = [
        _share(counts[found, found], sum(counts[label, found] for label in CLASSES))
        for found in CLASSES
    ]
    lines.append("| précision | " + " | ".join(precisions) + " | |")
    return "\n".join(lines)


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "–"
