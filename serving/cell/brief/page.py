"""A brief as one HTML file: its style inside, nothing to fetch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from serving.cell.brief.brief import LISTED, Brief, SchemeLine
from serving.cell.brief.outlook import Outlook, Values
from serving.cell.brief.stages import STAGES
from serving.web import formats, words

FOLDER = Path(__file__).parent / "templates"
#: rows at most of each table of the second page
SCHEMES, RULES = 15, 8
_LONGEST = 58
#: in the drawing itself: WeasyPrint reads no `fill` from a style sheet
_FILLS = {"high": "#9a2b1b", "moderate": "#c98a1b", "low": "#3f8f69", "unknown": "#9aa3a7"}


@dataclass(frozen=True)
class Bar:
    """One level of the drawing, in percent of the width."""

    level: str
    x: float
    width: float

    @property
    def fill(self) -> str:
        """Its colour, that of the key of the table."""
        return _FILLS[self.level]


def html_of(
    brief: Brief,
    *,
    listed: int = LISTED,
    schemes: int = SCHEMES,
    rules: int = RULES,
    flowing: bool = False,
) -> str:
    """Return the brief as HTML, with so many structures, schemes and rules of capacity at most.

    `flowing`: the structures follow the first part, on the same page when there is room.
    """
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
            rooms=brief.rooms.rooms[:rules] if brief.rooms else (),
            lines=lines_of(brief.outlook) if brief.outlook else [],
            stages=STAGES,
            flowing=flowing,
        )
    )
    return text


def available(brief: Brief) -> Sequence[SchemeLine]:
    """Return the schemes of the territories where the structures of the brief may be."""
    there = set(brief.regions)
    return [
        scheme
        for scheme in brief.schemes
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
    if len(text) <= longest:
        return text
    # Between two words, unless there is only one.
    whole, space, _ = text[:longest].rpartition(" ")
    return (whole.rstrip(" ,;:.") if space else text[: longest - 1]) + "…"


def spread(middle: float, low: float, high: float) -> str:
    """Return `34 (25 – 43)`."""
    around = f"{formats.number(low)}{formats.NBSP}–{formats.NBSP}{formats.number(high)}"
    return f"{formats.number(middle)} ({around})"


def lines_of(outlook: Outlook) -> list[tuple[str, str, str, str]]:
    """Return the lines of a scenario in words: what is counted, without, with, difference."""
    return [
        (
            line.label,
            _said(line.without, "–"),
            _said(line.with_it, f"moins de{formats.NBSP}5"),
            _more(line.difference),
        )
        for line in outlook.lines
    ]


def _said(value: float | None, none: str) -> str:
    if value is None:
        return none
    return formats.number(value, 0 if isinstance(value, int) else 1)


def _more(value: Values | None) -> str:
    if value is None:
        return "–"
    middle, low, high = (formats.signed(one, 1) for one in value)
    return f"{middle} ({low}{formats.NBSP}à{formats.NBSP}{high})"


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
