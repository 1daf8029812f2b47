"""Lines cut by a separator left unquoted inside a field ("24975,00" in a comma-separated file).

The fields of such a line are put back together only where identifiers, dates and amounts can be
read in one single way: they look like nothing else, only free texts may hold any separator.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from data.sources.scdl_columns import Columns

_FREE = {"purpose", "conditions", "beneficiary_name", "programme"}
_FORMS = {
    "identifier": re.compile(r"[^A-Za-zÀ-ÿ]*|[Ww]\s?\d{9}|N[ACD]", re.ASCII),
    "date": re.compile(r"(?:\d{4}(?:[-/]\d{1,2}){0,2}|\d{1,2}[-/]\d{1,2}[-/]\d{2,4}|N[ACD])?"),
    "period": re.compile(r"|.*\d{4}.*|N[ACD]", re.DOTALL),
    "kind": re.compile(r"|.*(?:num[ée]raire|nature|pr[êe]t|subvention).*", re.IGNORECASE),
    "share": re.compile(r"\d*(?:[.,]\d+)?\s*%?"),
    "amount": re.compile(r"|-?\d[\d\s]*(?:[.,]\d{1,2})?\s*(?:€|euros?)?|N[ACD]"),
}
_FORM_OF = {
    "beneficiary_id": "identifier",
    "beneficiary_siren": "identifier",
    "beneficiary_rna": "identifier",
    "funder_id": "identifier",
    "date": "date",
    "decision_date": "date",
    "period": "period",
    "period_start": "date",
    "period_end": "date",
    "instrument": "kind",
    "percentage": "share",
}
#: forms that an unquoted separator may cut, in two parts at most
_SPLIT = {"amount", "share", "kind"}
_PARTS = 2
#: an amount is shorter than a SIRET
_LONGEST = 12
_KIND_OF_AID = re.compile(r"aides? en n(?:ature|um[ée]raire)", re.IGNORECASE)
_WHOLE = re.compile(r"-?\d{1,3}(?:\s?\d{3})*|-?\d+")
_CENTS = re.compile(r"\d{1,2}")


def realign(
    fields: Sequence[str], width: int, columns: Columns, separator: str
) -> list[str] | None:
    """Return the `width` cells of a line cut into too many `fields`, None where it is ambiguous.

    Parameters
    ----------
    fields : sequence of str
        The fields found between separators, more than `width`.
    width : int
        Number of columns of the header.
    columns : Columns
        Meanings of the columns of the header.
    separator : str
        Separator of the file, put back between the parts of a field.
    """
    return _realigned(fields, width, columns, separator, spaced=True) or _realigned(
        fields, width, columns, separator, spaced=False
    )


def _realigned(
    fields: Sequence[str], width: int, columns: Columns, separator: str, *, spaced: bool
) -> list[str] | None:
    """Do `realign`; `spaced` says that a separator followed by a space is punctuation."""
    meaning = {place: name for name, place in columns.at.items()}
    forms = _forms(width, columns)
    free = [meaning.get(at) in _FREE for at in range(width)]
    size = len(fields)

    def fits(at: int, start: int, end: int) -> bool:
        if end - start > 1 and not free[at] and (forms[at] not in _SPLIT or end - start > _PARTS):
            return False
        if spaced and fields[start].startswith(" "):
            return False
        parts = [part.strip() for part in fields[start:end]]
        beside = [fields[place].strip() if 0 <= place < size else "" for place in (start - 1, end)]
        return not forms[at] or _form_fits(forms[at], parts, beside, separator)

    spare = size - width
    runs = [
        [
            (start, start + length)
            for start in range(at, at + spare + 1)
            for length in range(1, at + spare - start + 2)
            if fits(at, start, start + length)
        ]
        for at in range(width)
    ]
    before, after = _reachable(runs, size)
    cells = []
    for at in range(width):
        ways = [
            (start, end)
            for start, end in runs[at]
            if before[at] >> start & 1 and after[at + 1] >> end & 1
        ]
        if not ways or (len(ways) > 1 and forms[at]):
            return None
        # Where one free text ends and the next begins may stay unknown: neither is then kept.
        start, end = ways[0] if len(ways) == 1 else (0, 0)
        cells.append(separator.join(fields[start:end]).strip())
    return cells


def well_formed(cells: Sequence[str], columns: Columns) -> bool:
    """Tell whether each cell looks like what its column holds."""
    return all(
        not form or _FORMS[form].fullmatch(cell.strip())
        for form, cell in zip(_forms(len(cells), columns), cells, strict=True)
    )


def _forms(width: int, columns: Columns) -> list[str]:
    """Return the form of each column, empty where it may hold anything."""
    meaning = {place: name for name, place in columns.at.items()}
    money = {column.at for column in columns.amounts}
    return [
        "amount" if at in money else _FORM_OF.get(meaning.get(at, ""), "") for at in range(width)
    ]


def _form_fits(form: str, parts: list[str], beside: list[str], separator: str) -> bool:
    """Tell whether fields, between the two `beside` them, are one value of a form."""
    previous, following = beside
    if form == "amount":
        return _amount_fits(parts, previous, separator)
    if form == "kind":
        # "aide en numéraire;aide en nature": each part says a kind of aid, none is left out.
        sound = all(_FORMS[form].fullmatch(part) and (part or len(parts) == 1) for part in parts)
        return sound and not _KIND_OF_AID.fullmatch(following)
    return _FORMS[form].fullmatch(separator.join(parts)) is not None


def _amount_fits(parts: list[str], previous: str, separator: str) -> bool:
    """Tell whether fields are one amount; cents are never parted from their euros."""
    cut = separator == "," and len(previous) <= _LONGEST and _WHOLE.fullmatch(previous)
    if cut and _CENTS.fullmatch(parts[0]):
        return False
    if len(parts) > 1:
        return separator == "," and bool(_WHOLE.fullmatch(parts[0]) and _CENTS.fullmatch(parts[1]))
    return _FORMS["amount"].fullmatch(parts[0]) is not None


def _reachable(runs: list[list[tuple[int, int]]], size: int) -> tuple[list[int], list[int]]:
    """Return, as bit sets, where each column may start from the left and end from the right."""
    before = [1]
    for ways in runs:
        reached = 0
        for start, end in ways:
            reached |= (before[-1] >> start & 1) << end
        before.append(reached)
    after = [1 << size]
    for ways in reversed(runs):
        reached = 0
        for start, end in ways:
            reached |= (after[-1] >> end & 1) << start
        after.append(reached)
    return before, after[::-1]
