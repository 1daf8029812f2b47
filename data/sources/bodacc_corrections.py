"""Notices that take back another without naming it: which one they mean, within a file."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import polars as pl

from data.sources import parse
from data.sources.bodacc_notices import Notice, notice_id, read_notice

#: a withdrawn judgment opened one of these
_JUDGED = ("safeguard", "receivership", "liquidation")
_SUSPECT = r"(?i)annul|rectif"


def targets(pieces: Iterable[pl.DataFrame]) -> dict[int, str]:
    """Return, for each correction that names no notice, the identifier of the one it takes back.

    That is the last notice of the same SIREN and kind published before it in the file, itself no
    correction; for a withdrawn judgment, which has no kind of its own, the last opening.

    Parameters
    ----------
    pieces : iterable of polars.DataFrame
        The notices of a file (`bodacc_shapes.Notices`), gone through twice at most; only
        corrections and the notices of their structures are read.

    Returns
    -------
    dict
        `source_row` of the correction -> `notice_id` of its target; corrections without one are
        left out.
    """
    open_ended = [
        (row, notice, day)
        for row, _, notice, day in _read(pieces, _suspects())
        if notice.correction and not notice.previous and notice.sirens and day
    ]
    if not open_ended:
        return {}
    wanted = sorted({siren for _, notice, _ in open_ended for siren in notice.sirens})
    earlier: dict[str, list[tuple[date, int, str, str]]] = {}
    for row, found, notice, day in _read(pieces, _of(wanted)):
        if notice.kind and not notice.correction and day:
            for siren in notice.sirens:
                earlier.setdefault(siren, []).append((day, row, notice.kind, found))
    meant = {row: _meant(notice, day, earlier) for row, notice, day in open_ended}
    return {row: found for row, found in meant.items() if found}


def _meant(
    notice: Notice, day: date, earlier: dict[str, list[tuple[date, int, str, str]]]
) -> str | None:
    kinds = _JUDGED if notice.correction == "withdrawn" else (notice.kind,)
    candidates = [
        (seen, row, found)
        for siren in notice.sirens
        for seen, row, kind, found in earlier.get(siren, ())
        if kind in kinds and seen <= day
    ]
    return max(candidates)[2] if candidates else None


def _suspects() -> pl.Expr:
    """Tell the notices that may correct another, from their texts as published."""
    return (
        pl.col("type").str.contains(_SUSPECT)
        | pl.col("judgment").str.contains(r"(?i)tractation|annul|rectif")
        | pl.col("removal").str.contains(r"(?i)rapport")
    )


def _of(sirens: list[str]) -> pl.Expr:
    """Tell the notices that hold one of these SIREN."""
    spaces = r"[\s\x{a0}]+"
    return pl.any_horizontal(
        pl.col(name).str.replace_all(spaces, "").str.contains_any(sirens)
        for name in ("register", "persons")
    )


def _read(
    pieces: Iterable[pl.DataFrame], which: pl.Expr
) -> Iterable[tuple[int, str, Notice, date | None]]:
    for piece in pieces:
        rows = piece.filter(which.fill_null(value=False) & ~pl.col("miscut"))
        days = parse.dates(rows["published"])["day"].to_list()
        for row, day in zip(rows.iter_rows(named=True), days, strict=True):
            yield row["source_row"], notice_id(row), read_notice(row), day
