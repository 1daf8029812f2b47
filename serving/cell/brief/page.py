"""A brief as one HTML file: its style inside, nothing to fetch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from serving.cell.brief.brief import LISTED, Brief, SchemeLine
from serving.cell.brief.stages import STAGES
from serving.web import formats, words

FOLDER = Path(__file__).parent / "templates"
#: rows at most of each table of the second page
SCHEMES, CAPACITIES, LINES = 15, 8, 6
_LONGEST = 58


@dataclass(frozen=True)
class Bar:
    """One level of the drawing, in percent of the width."""

    level: str
    x: float
    width: float


def html_of(brief: Brief, *, listed: int = LISTED, schemes: int = SCHEMES) -> str:
    """Return the brief as HTML; `listed` structures and `schemes` lines at most are written."""
    text: str = (
        _environment()
        .get_template("brief.html")
        .render(
            brief=brief,
            manifest=brief.publication.manifest,
            style=_style(),
            bars=bars(brief.counts),
            structures=brief.structures[:listed],
            schemes=[*available(brief)][:schemes],
            left_out=max(0, len(available(brief)) - schemes),
            capacities=brief.means.capacities[:CAPACITIES],
            lines=list((brief.means.scenario or {}).get("lines", []))[:LINES],
            stages=STAGES,
        )
    )
    return text


def available(brief: Brief) -> Sequence[SchemeLine]:
    """Return the schemes of the territories where the structures of the brief may be."""
    there = set(brief.regions)
    return [
        scheme
        for scheme in brief.means.schemes
        if not scheme.regions or not there or there & set(scheme.regions)
    ]


def bars(counts: dict[str, int]) -> list[Bar]:
    """Return the levels side by side, in their order."""
    whole = sum(counts.values())
    found, at = [], 0.0
    for level, count in counts.items():
        width = round(100 * count / whole, 2) if whole else 0.0
        if width:
            found.append(Bar(level, round(at, 2), width))
        at += width
    return found


def clipped(text: str | None, longest: int = _LONGEST) -> str:
    """Return a text short enough for a row."""
    if not text:
        return "nom non connu"
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def spread(middle: float, low: float, high: float) -> str:
    """Return `34 (25 – 43)`."""
    around = f"{formats.number(low)}{formats.NBSP}–{formats.NBSP}{formats.number(high)}"
    return f"{formats.number(middle)} ({around})"


@cache
def _style() -> str:
    return (FOLDER / "brief.css").read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        clipped=clipped,
        departement=words.departement_name,
        euros=formats.short_euros,
        long_date=formats.long_date,
        number=formats.number,
        percent=formats.percent,
        plural=formats.plural,
        signed=formats.signed,
        siren=formats.siren,
    )
    made.globals.update(
        interval=formats.interval,
        levels=words.LEVEL_TITLES,
        outcome=words.outcome,
        spread=spread,
        target_title=words.target_title,
    )
    return made
