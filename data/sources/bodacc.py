"""BODACC, the official gazette of companies: collective proceedings, removals, dissolutions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from data.contracts import FAILURE_KINDS, TABLES
from data.rejects import REASONS, REJECTS
from data.sources import parse
from data.sources.base import CERTAIN, NO, Parsed, ReadOptions, SourceError
from data.sources.bodacc_notices import FIELDS, Notice, read_notice, reference
from data.sources.tabular import open_tables
from data.sources.text import decode

if TYPE_CHECKING:
    from pathlib import Path

    from data.sources.sample import Sample

NAME = "bodacc"
TITLE = "BODACC : procédures collectives, radiations, dissolutions"

_EXPECTED = (
    "un export du jeu « annonces-commerciales » a au moins une date de parution, un registre et "
    "une famille d'avis."
)
_REQUIRED = ("published", "family")
_MESSAGES = {
    "cancelled": "annonce annulée par une annonce postérieure",
    "withdrawn": "jugement rétracté par une annonce postérieure",
    "replaced": "annonce remplacée par un rectificatif",
}
_HEAD_BYTES = 200
#: (reason, column, value, message) of a rejected notice
_Verdict = tuple[str, str, str, str]


def sniff(sample: Sample) -> int:
    """Tell whether a file holds notices of the BODACC."""
    if _score_sample(sample):
        return CERTAIN
    return CERTAIN if "args" in sample.keys and "BODACC" in sample.head else NO


def _score_sample(sample: Sample) -> bool:
    return any(_score(row) for grid in sample.grids for row in grid.rows)


def read(path: Path, options: ReadOptions) -> Parsed:
    """Read notices into `events`.

    Parameters
    ----------
    path : pathlib.Path
        JSON of the open data API (v1 `records`, v2 `results`), its CSV export (";"), or the flat
        re-publications (one record a notice).
    options : ReadOptions
        `known_on`: day every event counts as known; without it the day of publication.

    Returns
    -------
    Parsed
        Table `events`: one row a SIREN and notice. `occurred_on` is the day of the judgment; the
        day of publication where that one is absent, unreadable, or after the publication.

    Raises
    ------
    SourceError
        The file holds no notices.
    """
    lines = _lines(path)
    notices = [read_notice(row) for row in lines.iter_rows(named=True)]
    published = parse.dates(lines["published"])["day"].to_list()
    days = parse.dates(pl.Series([notice.day or None for notice in notices], dtype=pl.String))
    keys = [
        reference(row["publication"], row["parution"], row["number"]) or row["id"]
        for row in lines.iter_rows(named=True)
    ]
    numbers = [f"{day} {number}" for day, number in lines.select("published", "number").rows()]
    verdicts = _own_verdicts(notices, keys, numbers, lines["published"].to_list(), published)
    for at, correction in _corrected(notices, keys, published, verdicts).items():
        verdicts[at] = ("out_of_scope", "", notices[at].kind or "", _MESSAGES[correction])
    rows = lines["source_row"].to_list()
    events = [
        (siren, notice.kind, _day(day, seen), rows[at], options.known_on or seen)
        for at, (notice, day, seen) in enumerate(
            zip(notices, days["day"].to_list(), published, strict=True)
        )
        if verdicts[at] is None
        for siren in notice.sirens
    ]
    return Parsed(
        rows_in=lines.height,
        tables={"events": _events(events)},
        rejects=_rejects(rows, verdicts),
    )


def _day(day: date | None, published: date) -> date:
    return published if day is None or day > published else day


def _lines(path: Path) -> pl.DataFrame:
    """Return one row a notice: `source_row` and the texts of `FIELDS` ("" where absent)."""
    summary = _summary(path)
    if summary is not None:
        return summary
    tables = open_tables(path, _score, expected=_EXPECTED)
    table = tables[0]
    position = {name.lower(): at for at, name in reversed(list(enumerate(table.header)))}
    found = {
        key: next((position[name.lower()] for name in names if name.lower() in position), None)
        for key, names in FIELDS.items()
    }
    return table.frame.select(
        "source_row",
        *(
            (pl.lit("") if at is None else pl.col(f"c{at}").fill_null("")).alias(key)
            for key, at in found.items()
        ),
    )


def _score(header: Sequence[str]) -> int:
    names = {name.lower() for name in header}
    found = {
        key for key, spellings in FIELDS.items() if names & {name.lower() for name in spellings}
    }
    known = found >= {*_REQUIRED, "register"} and bool({"judgment", "id"} & found)
    return len(found) if known else 0


def _summary(path: Path) -> pl.DataFrame | None:
    """Return the notices of the directory's own answer ({"args": [SIREN], "result": {...}})."""
    try:
        raw = path.read_bytes()
        content = json.loads(decode(raw)[0]) if b'"args"' in raw[:_HEAD_BYTES] else None
    except (OSError, ValueError):
        return None
    if not isinstance(content, dict) or not isinstance(content.get("result"), dict):
        return None
    notices, siren = content["result"].get("annonces"), content.get("args")
    if not isinstance(notices, list) or not isinstance(siren, list) or len(siren) != 1:
        raise SourceError(
            "Cette réponse ne contient pas la liste des annonces d'une seule entreprise.",
            code="source-header",
            where=str(path),
            received=sorted(content["result"]),
            expected=_EXPECTED,
        )
    records = [notice if isinstance(notice, dict) else {} for notice in notices]
    return pl.DataFrame(
        [
            {"source_row": at, "register": str(siren[0])}
            | {
                key: next((str(record[name]) for name in names if record.get(name)), "")
                for key, names in FIELDS.items()
                if key != "register"
            }
            for at, record in enumerate(records, 1)
        ],
        schema={"source_row": pl.Int64} | dict.fromkeys(FIELDS, pl.String),
    )


def _own_verdicts(
    notices: list[Notice],
    keys: list[str],
    numbers: list[str],
    raw_published: list[str],
    published: list[date | None],
) -> list[_Verdict | None]:
    """Judge each notice by itself; None where it is kept."""
    seen: set[tuple[object, ...]] = set()
    verdicts: list[_Verdict | None] = []
    for notice, key, number, raw, day in zip(
        notices, keys, numbers, raw_published, published, strict=True
    ):
        # Without an identifier a notice is known by its day, its number and what it says.
        same = (key,) if key else (number, notice.sirens, notice.kind, notice.day)
        again = same in seen and bool(key or not number.endswith(" "))
        seen.add(same)
        verdicts.append(_verdict(notice, raw, day, again=again))
    return verdicts


def _verdict(notice: Notice, raw: str, day: date | None, *, again: bool) -> _Verdict | None:
    if notice.correction in {"cancelled", "withdrawn"}:
        message = "annulation ou rétractation : l'annonce visée est écartée, rien n'est ajouté"
        return ("out_of_scope", "", notice.correction, message)
    if notice.kind is None:
        return ("out_of_scope", "", "", notice.about)
    if not notice.registered:
        return ("no_identifier", "registre", "", REASONS["no_identifier"])
    if not notice.sirens:
        return ("invalid_identifier", "registre", "", REASONS["invalid_identifier"])
    if day is None:
        reason = "bad_date" if raw else "no_date"
        return (reason, "dateparution", raw, REASONS[reason])
    return ("duplicate_line", "", "", REASONS["duplicate_line"]) if again else None


def _corrected(
    notices: list[Notice],
    keys: list[str],
    published: list[date | None],
    verdicts: list[_Verdict | None],
) -> dict[int, str]:
    """Return the notices that a later one cancels, withdraws or replaces."""
    by_reference: dict[str, list[int]] = {}
    by_siren: dict[str, list[int]] = {}
    for at, (notice, key) in enumerate(zip(notices, keys, strict=True)):
        by_reference.setdefault(key, []).append(at)
        for siren in notice.sirens:
            by_siren.setdefault(siren, []).append(at)
    corrected: dict[int, str] = {}
    for at, notice in enumerate(notices):
        if not notice.correction:
            continue
        if notice.previous:
            targets = by_reference.get(notice.previous, [])
        else:
            targets = _guessed(at, notices, published, by_siren)
        for target in targets:
            if target != at and verdicts[target] is None:
                corrected[target] = notice.correction
    return corrected


def _guessed(
    at: int, notices: list[Notice], published: list[date | None], by_siren: dict[str, list[int]]
) -> list[int]:
    """Return the last earlier notice of the same SIREN and kind: a correction without reference.

    A withdrawn judgment has no kind of its own: it withdraws the last failure.
    """
    notice, seen = notices[at], published[at]
    kinds = FAILURE_KINDS if notice.correction == "withdrawn" else (notice.kind,)
    candidates = {
        other
        for siren in notice.sirens
        for other in by_siren[siren]
        if other != at and not notices[other].correction and notices[other].kind in kinds
    }
    earlier = [
        (day, other)
        for other in candidates
        if (day := published[other]) is not None and seen is not None and day <= seen
    ]
    return [max(earlier)[1]] if earlier else []


def _events(events: Sequence[tuple[object, ...]]) -> pl.DataFrame:
    columns = ("siren", "kind", "occurred_on", "source_row", "known_on")
    schema = TABLES["events"].schema()
    frame = pl.DataFrame(events, schema={name: schema[name] for name in columns}, orient="row")
    return frame.with_columns(pl.lit(NAME).alias("source")).select(list(schema))


def _rejects(rows: list[int], verdicts: list[_Verdict | None]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            (row, verdict[1], verdict[2] or None, verdict[0], verdict[3])
            for row, verdict in zip(rows, verdicts, strict=True)
            if verdict is not None
        ],
        schema=REJECTS,
        orient="row",
    )
