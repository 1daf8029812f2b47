"""Bring published files into the lake: archives opened, formats recognised, files in parallel."""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from data.drafts import Draft, draft
from data.errors import VeilleError
from data.lake import Lake
from data.manifest import Manifest, ingest_id, sha256_of
from data.sources import SOURCES
from data.sources.base import Parsed, ReadOptions
from data.sources.packed import Member, unpacked
from data.sources.recognise import recognise
from data.sources.sample import is_archive

Progress = Callable[[str, float], None]
AUTO = "auto"
#: below, other processes cost more than they save
_PARALLEL_BYTES = 20_000_000
#: small files read together, as many as fit
_BATCH_BYTES = 64_000_000


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


def files_of(paths: Sequence[Path]) -> list[Path]:
    """Return the files given, folders replaced by the files they hold (hidden ones left out).

    Raises
    ------
    VeilleError
        A path does not exist.
    """
    found: list[Path] = []
    for path in paths:
        inside = [path]
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file() and not _hidden(p, path))
        if not inside or not inside[0].is_file():
            raise VeilleError(
                "Fichier introuvable.",
                code="no-file",
                where=str(path),
                received="un dossier sans fichier" if path.is_dir() else "rien",
                expected="un fichier, ou un dossier de fichiers",
            )
        found += inside
    return found


def _hidden(path: Path, top: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(top).parts)


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
    """Yield the outcome of each job, in order; those of one source are read together if it can."""
    for name, group in groupby(jobs, key=lambda job: job.source):
        same = list(group)
        if SOURCES[name].batch is None:
            yield from _each(lake, same, options)
        else:
            for some in _by_size(same):
                yield from _together(lake, some, options)


def _known(lake: Lake, job: _Job, options: ReadOptions) -> Manifest | None:
    return lake.manifest(job.source, ingest_id(job.source, job.sha256, options))


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


def _together(lake: Lake, jobs: Sequence[_Job], options: ReadOptions) -> Iterator[Outcome]:
    batch = SOURCES[jobs[0].source].batch
    done = {job.name: _known(lake, job, options) for job in jobs}
    new = [job for job in jobs if done[job.name] is None]
    if batch is not None and len(new) > 1:
        try:
            read = batch([job.path for job in new], options)
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                drafts = list(
                    pool.map(
                        lambda job, piece: _draft(lake.pending, job, options, piece), new, read
                    )
                )
        except VeilleError:
            # One of them is at fault: read each alone, so that the others are kept.
            yield from _each(lake, jobs, options)
            return
        manifests = lake.accept(drafts)
        done.update(zip((job.name for job in new), manifests, strict=True))
        yield from (Outcome(job.name, done[job.name]) for job in jobs)
        return
    yield from _each(lake, jobs, options)


def _each(lake: Lake, jobs: Sequence[_Job], options: ReadOptions) -> Iterator[Outcome]:
    known = [_known(lake, job, options) for job in jobs]
    new = [job for job, manifest in zip(jobs, known, strict=True) if manifest is None]
    made = _read_all(lake.pending, new, options)
    for job, manifest in zip(jobs, known, strict=True):
        found = manifest
        if found is None:
            result = next(made)
            if isinstance(result, VeilleError):
                yield Outcome(job.name, error=result)
                continue
            found = lake.accept([result])[0]
        yield Outcome(job.name, found)


def _read_all(
    pending: Path, jobs: Sequence[_Job], options: ReadOptions
) -> Iterator[Draft | VeilleError]:
    workers = min(len(jobs), os.cpu_count() or 1)
    size = sum(job.path.stat().st_size for job in jobs)
    if workers < 2 or size < _PARALLEL_BYTES:
        yield from (_attempt(pending, job, options) for job in jobs)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        futures = [pool.submit(_attempt, pending, job, options) for job in jobs]
        try:
            for future in futures:
                yield future.result()
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
