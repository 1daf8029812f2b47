"""Tell the format of a file from its content, whatever its name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from data.sources import SOURCES
from data.sources.base import LIKELY, NO, SourceError
from data.sources.known import not_read
from data.sources.sample import Sample, sample_of


@dataclass(frozen=True)
class Recognised:
    """The source of a file, or in `not_data` what it is when it holds no fact."""

    source: str | None
    not_data: str = ""


def recognise(path: Path) -> Recognised:
    """Tell which source a file is for.

    The source surest of itself wins; between two as sure, the first of the registry. A source that
    only finds it possible gives way to the list of files known to hold no fact.

    Raises
    ------
    SourceError
        The file cannot be read, or no source knows it.
    """
    sample = sample_of(path)
    if sample.kind == "unreadable":
        raise SourceError(
            f"Le fichier « {path.name} » ne se lit pas.",
            code="source-unreadable",
            where=str(path),
            received=sample.problem,
            expected="un fichier csv, tsv, xlsx, xls, ods, json, xml, parquet, ou leur archive",
            todo="ouvrez le fichier pour vérifier son contenu, puis exportez-le en csv",
        )
    scores = {name: source.sniff(sample) for name, source in SOURCES.items()}
    best = max(scores, key=lambda name: scores[name])
    if scores[best] >= LIKELY:
        return Recognised(best)
    what = not_read(sample)
    if what is not None:
        return Recognised(None, what)
    if scores[best] > NO:
        return Recognised(best)
    raise SourceError(
        f"Le format du fichier « {path.name} » n'a pas été reconnu.",
        code="source-unknown",
        where=str(path),
        received=_shown(sample),
        expected="un des formats de « veille sources »",
        todo="si c'en est un, nommez-le : « veille ingest SOURCE FICHIER » dira ce qui manque",
    )


def _shown(sample: Sample) -> str:
    """Return what a file shows of itself: its first names."""
    rows = [row for grid in sample.grids for row in grid.rows if sum(map(bool, row)) > 1]
    first = rows[0] if rows else sorted(sample.keys) or [sample.head[:100]]
    return " | ".join(str(cell) for cell in first[:12] if cell)[:300]
