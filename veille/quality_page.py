"""The quality report as one HTML page that stands alone: no script, no outside resource."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from data.rejects import REASONS
from veille.terminal import write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from data.quality import Report

#: funders shown, the largest first
FUNDERS = 200


def number(value: object) -> str:
    """Return a number as French readers write it: thousands apart."""
    return f"{value:,.0f}".replace(",", "\u202f") if isinstance(value, int | float) else "–"


def page(found: Report, *, synthetic: bool) -> str:
    """Return the page; `synthetic` says that its facts are simulated."""
    environment = Environment(
        loader=PackageLoader("veille", "templates"), autoescape=True, undefined=StrictUndefined
    )
    environment.filters["number"] = number
    return environment.get_template("quality.html").render(
        report=found,
        reasons=REASONS,
        funders=found.coverage[:FUNDERS],
        hidden=max(len(found.coverage) - FUNDERS, 0),
        synthetic=synthetic,
        made=datetime.now(UTC).strftime("%d/%m/%Y à %H:%M UTC"),
    )


def write_page(found: Report, path: Path, *, synthetic: bool) -> None:
    """Write the page in one go.

    Raises
    ------
    VeilleError
        The file cannot be written.
    """
    write_whole(
        text=page(found, synthetic=synthetic),
        path=path,
        what="Le rapport ne peut pas être écrit.",
        code="report-write",
    )
