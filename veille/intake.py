"""Bring published files into the lake: archives opened, formats recognised, files in parallel."""

from __future__ import annotations

import logging
import multiprocessing
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import chain, groupby, islice
from pathlib import Path

from data.drafts import Draft, draft
from data.errors import VeilleError
from data.lake import Lake
from data.manifest import Manifest, ingest_id, sha256_of
from data.sources import SOURCES
from data.sources.base import Parsed, ReadOptions
from data.sources.packed import Member, files_of, unpacked
from data.sources.recognise import recognise
from data.sources.sample import is_archive

Progress = Callable[[str, float], None]
AUTO = "auto"
#: below, other processes cost more than they save
_PARALLEL_BYTES = 20_000_000
#: small files read together, as many as fit: what is at hand stays in the processor's cache
_BATCH_BYTES = 4_000_000
#: how many such lots are compared with the lake at once: each comparison reads all of its keys
_LOTS = 24


@dataclass(frozen=True)
class Outcome:
    """What became of one file: its manifest, or why it has none.

    `not_data` says what a file is that holds no fact; `error` why it could not be read.
    """

    file: str
    manifest: Manifest | None = None
    not_data: str = ""
    error: VeilleError | None = None

    def summary(self) -> dict[str, object]:
        """Return the stable keys of ``veille ingest --json``."""
        if self.manifest is not None:
            # The same bytes may have come before under another name.
            return {**self.manifest.summary(), "file": self.file}
        none: dict[str, object] = {
            "file": self.file,
            "source": None,
            "rows_in": 0,
            "rows_kept": 0,
            "rows_rejected": 0,
            "reasons": {},
        }
        if self.error is None:
            return {**none, "not_data": self.not_data}
        return {**none, "error": {"code": self.error.code, "message": str(self.error)}}


@dataclass(frozen=True)
class _Job:
    source: str
    path: Path
    name: str
    sha256: str


def take(
    lake: Lake, source: str, paths: Sequence[Path], options: ReadOptions, progress: Progress
) -> Iterator[Outcome]:
    """Read files into the lake and yield what became of each, in order.

    A file already there with these options is not read again. With `source` "auto" the format of
    each file is recognised; a file that is of none, or is damaged, does not stop the others.

    Raises
    ------
    VeilleError
        A file cannot be read as the source that was named; those before it stay ingested.
    """
    lake.sweep()
    files = files_of(paths)
    done = 0
    for packed, group in groupby(files, key=is_archive):
        # Archives one at a time: what they hold may be much larger than they are.
        found = list(group)
        for batch in [[path] for path in found] if packed else [found]:
            for outcome in _batch(lake, source, batch, options):
                progress(outcome.file, min(done / len(files), 1.0))
                yield outcome
            done += len(batch)
    progress("ingest", 1.0)


def _batch(
    lake: Lake, source: str, paths: Sequence[Path], options: ReadOptions
) -> Iterator[Outcome]:
    if len(paths) == 1:
        try:
            with unpacked(paths[0]) as members:
                yield from _members(lake, source, members, options)
        except VeilleError as error:
            if source != AUTO:
                raise
            yield Outcome(paths[0].name, error=error)
        return
    yield from _members(lake, source, [Member(p, p.name) for p in paths], options)


def _members(
    lake: Lake, source: str, members: Sequence[Member], options: ReadOptions
) -> Iterator[Outcome]:
    plan: list[_Job | Outcome] = []
    for member in members:
        try:
            plan.append(_job(source, member))
        except VeilleError as error:
            plan.append(Outcome(member.name, error=error))
    jobs = [job for job in plan if isinstance(job, _Job)]
    made = _drafts(lake, jobs, options)
    for item in plan:
        outcome = item if isinstance(item, Outcome) else next(made)
        if outcome.error is not None and source != AUTO:
            raise outcome.error
        yield outcome


def _job(source: str, member: Member) -> _Job | Outcome:
    found = source
    if source == AUTO:
        recognised = recognise(member.path)
        if recognised.source is None:
            return Outcome(member.name, not_data=recognised.not_data)
        found = recognised.source
    return _Job(found, member.path, member.name, sha256_of(member.path))


def _drafts(lake: Lake, jobs: Sequence[_Job], options: ReadOptions) -> Iterator[Outcome]:
    """Yield the outcome of each job, in order."""
    for _, group in groupby(jobs, key=lambda job: job.source):
        same = list(group)
        found: dict[str, Manifest | VeilleError] = {
            job.sha256: known
            for job in same
            if (known := lake.manifest(job.source, ingest_id(job.source, job.sha256, options)))
        }
        # The same bytes given twice are read once.
        new = {job.sha256: job for job in reversed(same) if job.sha256 not in found}
        made = _accepted(lake, _read(lake.pending, list(reversed(new.values())), options))
        for job in same:
            made_of = found[job.sha256] if job.sha256 in found else next(made)
            found[job.sha256] = made_of
            if isinstance(made_of, VeilleError):
                yield Outcome(job.name, error=made_of)
            else:
                yield Outcome(job.name, made_of)


def _accepted(
    lake: Lake, lots: Iterator[list[Draft | VeilleError]]
) -> Iterator[Manifest | VeilleError]:
    for lot in lots:
        manifests = iter(lake.accept([made for made in lot if isinstance(made, Draft)]))
        yield from (next(manifests) if isinstance(made, Draft) else made for made in lot)


def _read(
    pending: Path, jobs: Sequence[_Job], options: ReadOptions
) -> Iterator[list[Draft | VeilleError]]:
    """Yield what each job gives, in order, in lots to accept at once."""
    workers = min(len(jobs), os.cpu_count() or 1)
    size = sum(job.path.stat().st_size for job in jobs)
    if workers > 1 and SOURCES[jobs[0].source].batch is not None:
        # One more than there are cores: one waits for the disk or for Python while they work.
        with ThreadPoolExecutor(workers + 1) as pool:
            lots = pool.map(lambda some: _together(pending, some, options), _by_size(jobs))
            while some := list(islice(lots, _LOTS)):
                yield list(chain.from_iterable(some))
    elif workers > 1 and size >= _PARALLEL_BYTES:
        yield from _apart(pending, jobs, options, workers)
    else:
        yield from ([_attempt(pending, job, options)] for job in jobs)


def _by_size(jobs: Sequence[_Job]) -> Iterator[list[_Job]]:
    some: list[_Job] = []
    size = 0
    for job in jobs:
        size += job.path.stat().st_size
        if some and size > _BATCH_BYTES:
            yield some
            some, size = [], job.path.stat().st_size
        some.append(job)
    if some:
        yield some


def _together(
    pending: Path, jobs: Sequence[_Job], options: ReadOptions
) -> list[Draft | VeilleError]:
    batch = SOURCES[jobs[0].source].batch
    made: list[Draft | VeilleError] = []
    try:
        if batch is not None and len(jobs) > 1:
            pieces = batch([job.path for job in jobs], options)
            made += (
                _draft(pending, job, options, piece)
                for job, piece in zip(jobs, pieces, strict=True)
            )
    except VeilleError:
        # One of them is at fault: read each alone, so that the others are kept.
        for draft_left in made:
            if isinstance(draft_left, Draft):
                shutil.rmtree(draft_left.folder, ignore_errors=True)
        made = []
    return made or [_attempt(pending, job, options) for job in jobs]


def _apart(
    pending: Path, jobs: Sequence[_Job], options: ReadOptions, workers: int
) -> Iterator[list[Draft | VeilleError]]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        futures = [pool.submit(_attempt, pending, job, options) for job in jobs]
        try:
            for future in futures:
                yield [future.result()]
        except BrokenProcessPool as error:
            raise VeilleError(
                "Un processus de lecture a été arrêté (mémoire épuisée, ou interruption).",
                code="reader-killed",
                todo="relancer la même commande : ce qui est déjà lu ne le sera pas de nouveau",
            ) from error
        finally:
            for future in futures:
                future.cancel()


def _attempt(pending: Path, job: _Job, options: ReadOptions) -> Draft | VeilleError:
    try:
        return _draft(pending, job, options)
    except VeilleError as error:
        return error
    except Exception as error:
        logging.getLogger("veille").debug("%s", job.name, exc_info=True)
        return VeilleError(
            f"La lecture de « {job.name} » a échoué : ce connecteur a un défaut, rien n'est écrit.",
            code="source-defect",
            where=job.source,
            received=f"{type(error).__name__} : {str(error).splitlines()[0] if str(error) else ''}",
            todo="signaler ce fichier, avec la trace de « veille --debug ingest … »",
        )


def _draft(pending: Path, job: _Job, options: ReadOptions, piece: Parsed | None = None) -> Draft:
    pieces = SOURCES[job.source].pieces(job.path, options) if piece is None else [piece]
    return draft(
        pending,
        pieces,
        source=job.source,
        file=job.path,
        options=options,
        name=job.name,
        sha256=job.sha256,
    )
