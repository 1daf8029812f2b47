"""BODACC, the official gazette of companies: collective proceedings, removals, dissolutions.

An event is known on the day its notice is published, and so is what a later notice takes back: the
notice taken back stays an event, which no longer holds from that day on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from data.contracts import TABLES
from data.rejects import REASONS, REJECTS
from data.sources import bodacc_corrections, parse
from data.sources.base import CERTAIN, NO, Parsed, ReadOptions, merged
from data.sources.bodacc_notices import Notice, notice_id, read_notice
from data.sources.bodacc_shapes import Notices, score
from data.sources.bodacc_xml import known_root
from data.sources.seen import Seen
from data.sources.xml_records import root_of

if TYPE_CHECKING:
    from pathlib import Path

    from data.sources.sample import Sample

NAME = "bodacc"
TITLE = "BODACC : procédures collectives, radiations, dissolutions"

#: notices of other families (sales, creations, accounts) are never read further
_FAMILIES = r"(?i)collecti|radiation|modif"
_ENDS = r"(?i)dissol|dissou"
_CORRECTS = r"(?i)annul|rectif"
_OTHER = "annonce sans effet sur la vie de la structure"
_NO_TARGET = "annulation ou rétractation d'une annonce que rien ne désigne"
_UNCLEAR = "rectificatif qui ne dit pas ce qui est décidé : l'annonce visée est conservée"
#: (reason, our name of the column at fault, value, message)
_Refusal = tuple[str, str, str, str]
_Row = tuple[object, ...]


def sniff(sample: Sample) -> int:
    """Tell whether a file holds notices of the BODACC."""
    if sample.kind == "xml":
        return CERTAIN if known_root(root_of(sample.head)) else NO
    if any(score(row) for grid in sample.grids for row in grid.rows):
        return CERTAIN
    return CERTAIN if "args" in sample.keys and "BODACC" in sample.head else NO


def read(path: Path, options: ReadOptions) -> Parsed:
    """Read notices into `events` and `retractions`.

    Parameters
    ----------
    path : pathlib.Path
        JSON of the open data API (v1 `records`, v2 `results`), its CSV export (";"), the flat
        re-publications (one record a notice), the directory's answer for a SIREN, or a bulletin in
        XML (PCL, RCS-A, RCS-B).
    options : ReadOptions
        `known_on`: day everything counts as known; without it the day of publication.

    Returns
    -------
    Parsed
        Table `events`: one row a SIREN and notice. `occurred_on` is the day of the judgment; the
        day of publication where that one is absent, unreadable, or after the publication. Table
        `retractions`: the notices that one of the file cancels, withdraws or replaces, be they in
        the file or not.

    Raises
    ------
    SourceError
        The file holds no notices.
    """
    return merged(parts(path, options))


def parts(path: Path, options: ReadOptions) -> Iterator[Parsed]:
    """Read notices piece by piece, as `read`: files larger than memory.

    Such a file is gone through twice more before, for the corrections that name no notice.

    Raises
    ------
    SourceError
        As `read`.
    """
    notices = Notices(path)
    meant = bodacc_corrections.targets(notices)
    seen = Seen()
    for piece in notices:
        yield _Piece(notices.spelled, meant, options).parsed(piece, seen)


@dataclass(frozen=True)
class _Piece:
    spelled: dict[str, str]
    meant: dict[int, str]
    options: ReadOptions

    def parsed(self, piece: pl.DataFrame, seen: Seen) -> Parsed:
        judged = piece.with_columns(_refused().alias("refused"))
        told = judged.filter(pl.col("refused").is_null())
        facts, refusals = self._facts(told, seen)
        rejects = [
            *(
                (row, "", None, reason, _OTHER if reason == "out_of_scope" else REASONS[reason])
                for row, reason in judged.filter(pl.col("refused").is_not_null())
                .select("source_row", "refused")
                .rows()
            ),
            *(
                (row, self.spelled.get(column, column), value or None, reason, message)
                for row, (reason, column, value, message) in refusals.items()
            ),
        ]
        return Parsed(
            rows_in=piece.height,
            tables=facts,
            rejects=pl.DataFrame(rejects, schema=REJECTS, orient="row").sort("source_row"),
        )

    def _facts(
        self, told: pl.DataFrame, seen: Seen
    ) -> tuple[dict[str, pl.DataFrame], dict[int, _Refusal]]:
        rows = list(told.iter_rows(named=True))
        notices = [read_notice(row) for row in rows]
        names = [notice_id(row) for row in rows]
        days = parse.dates(told["published"])["day"]
        judged = parse.dates(pl.Series([n.day or None for n in notices], dtype=pl.String))["day"]
        again = seen.again(pl.DataFrame({"id": names}, schema={"id": pl.String}))
        events: list[_Row] = []
        retractions: list[_Row] = []
        refusals: dict[int, _Refusal] = {}
        for row, notice, name, day, decided, repeated in zip(
            rows, notices, names, days, judged, again, strict=True
        ):
            at = row["source_row"]
            target = notice.previous or self.meant.get(at, "")
            target = "" if target == name else target
            refusal = _refusal(notice, target) or _untimely(
                day, row["published"], repeated=repeated
            )
            if refusal:
                refusals[at] = refusal
                continue
            known = self.options.known_on or day
            if notice.kind and notice.correction not in {"cancelled", "withdrawn"}:
                occurred = day if decided is None or decided > day else decided
                events += [
                    (siren, notice.kind, occurred, name, at, known) for siren in notice.sirens
                ]
            if notice.correction and target:
                retractions.append((target, at, known))
        return {
            "events": _table(
                "events",
                ("siren", "kind", "occurred_on", "notice_id", "source_row", "known_on"),
                events,
            ),
            "retractions": _table(
                "retractions", ("notice_id", "source_row", "known_on"), retractions
            ),
        }, refusals


def _refused() -> pl.Expr:
    """Return why a notice is not even read, null where it is."""
    changed = pl.col("family").str.contains("(?i)modif") & ~(
        pl.col("type").str.contains(_CORRECTS)
        | pl.col("change").str.contains(_ENDS)
        | pl.col("act").str.contains(_ENDS)
        | pl.col("family").str.contains("(?i)collecti|radiation")
    )
    concerned = pl.col("family").str.contains(_FAMILIES) & ~changed
    return (
        pl.when("empty")
        .then(pl.lit("empty_line"))
        .when("miscut")
        .then(pl.lit("wrong_field_count"))
        .when(~concerned & ~pl.col("judgment").str.contains(r"^\s*\{"))
        .then(pl.lit("out_of_scope"))
    )


def _refusal(notice: Notice, target: str) -> _Refusal | None:
    """Judge a notice by itself; None where it is an event or takes one back (`target`)."""
    if notice.correction in {"cancelled", "withdrawn"}:
        return None if target else ("out_of_scope", "", notice.correction, _NO_TARGET)
    if notice.kind is None:
        if not notice.correction or not target:
            return ("out_of_scope", "", "", notice.about)
        return None if notice.clear else ("out_of_scope", "type", notice.correction, _UNCLEAR)
    if notice.sirens:
        return None
    reason = "invalid_identifier" if notice.registered else "no_identifier"
    return (reason, "register", "", REASONS[reason])


def _untimely(day: date | None, published: str, *, repeated: bool) -> _Refusal | None:
    if day is None:
        reason = "bad_date" if published else "no_date"
        return (reason, "published", published, REASONS[reason])
    return ("duplicate_line", "", "", REASONS["duplicate_line"]) if repeated else None


def _table(name: str, columns: Sequence[str], rows: list[_Row]) -> pl.DataFrame:
    schema = TABLES[name].schema()
    frame = pl.DataFrame(rows, schema={key: schema[key] for key in columns}, orient="row")
    return frame.select(
        (
            pl.col(key)
            if key in columns
            else pl.lit(NAME if key == "source" else None, dtype=schema[key])
        ).alias(key)
        for key in schema
    )
