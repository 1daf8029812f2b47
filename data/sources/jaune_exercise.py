"""The exercise of the State's yearly list, which few vintages say in the same place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from data.sources.base import ReadOptions, SourceError
from data.sources.state_list import YEARS_TO_BILL

if TYPE_CHECKING:
    from pathlib import Path

    from data.sources.jaune_columns import Layout
    from data.sources.tabular import Table

_BILL = re.compile(r"(?:plf|loi\W+de\W+finances\W+pour)[^0-9]{0,3}(20\d{2})", re.IGNORECASE)
_GIVEN = re.compile(r"subventions?\W+(?:(?:de|en|versées?\W+en)\W+)?(20\d{2})", re.IGNORECASE)
_LONE_YEAR = re.compile(r"(?<!\d)(20\d{2})(?!\d)")


def exercise_of(path: Path, table: Table, layout: Layout, options: ReadOptions) -> int:
    """Return the exercise: the columns say it, else the option, the cells, the titles, the name.

    Raises
    ------
    SourceError
        It cannot be told, or the option is not a year.
    """
    asked = options.extra.get("exercise")
    if asked is not None and not re.fullmatch(r"(?:19|20)\d{2}", asked):
        raise SourceError(
            "L'option « exercise » n'est pas une année.",
            code="source-option",
            where="exercise",
            received=asked,
            expected="une année, par exemple 2021",
        )
    if len(layout.exercises) == 1:
        return layout.exercises[0]
    edition = layout.columns.get("edition")
    cells = [] if edition is None else table.frame[f"c{edition}"].drop_nulls().unique().to_list()
    texts = (cells[0] if len(cells) == 1 else "", " ".join(table.titles), path.stem)
    said = next(filter(None, map(_year_said, texts)), None)
    if asked is None and (said is None or layout.exercises):
        raise SourceError(
            "L'exercice de cette liste ne peut pas être établi.",
            code="jaune-exercise",
            where=str(path),
            received=f"années dans l'en-tête : {list(layout.exercises) or 'aucune'}",
            expected="une année dans le nom des colonnes (« Subvention 2013 »), ou « plf-2015 » "
            "dans le nom du fichier (la liste d'un PLF porte sur l'exercice deux ans avant)",
            todo="ajoutez l'option exercise, par exemple exercise=2021",
        )
    return int(asked) if asked else said or 0


def _year_said(text: str) -> int | None:
    """Return the exercise that a text says: of the grants, else of the bill, else its only year."""
    if given := set(_GIVEN.findall(text)):
        return int(given.pop()) if len(given) == 1 else None
    if bills := set(_BILL.findall(text)):
        return int(bills.pop()) - YEARS_TO_BILL if len(bills) == 1 else None
    years = set(_LONE_YEAR.findall(text))
    return int(years.pop()) if len(years) == 1 else None
