"""Write, read and swap publications: immutable, dated lists of scores.

`home/publications/<target>/<id>/` never changes once it stands there; the text file `current`
beside it names the publication that is served, and is replaced in one step. A server notices the
change by looking at that file (`serving.current`), and goes on with the former one until the new
one is ready.
"""

from __future__ import annotations

import hashlib
import io
import json
import secrets
import shutil
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
from pydantic import ValidationError

from serving.bits import written_bits
from serving.checked import keep_checked
from serving.phrases import index_phrases
from serving.publication_build import (
    ROW_GROUP,
    build_index,
    conform_details,
    conform_profile,
    conform_scores,
    write_index,
)
from serving.publication_files import (
    BITS,
    CODES,
    FILES,
    HISTORY,
    INDEX,
    LATER_FILES,
    MANIFEST,
    PLACES,
    POINTER,
    POSTINGS,
    PROFILE,
    PROFILE_COLUMNS,
    REASONS,
    SCORES,
    SPACES,
    TOKENS,
    UNKNOWN,
    WORDS,
    Manifest,
    PublicationError,
    check_files,
    read_manifest,
    stamp,
    sync,
    target_folder,
)
from serving.publication_read import Publication
from serving.search import index_words

__all__ = ["Publication", "PublicationError", "write_publication"]

_HALF_WRITTEN_SECONDS = 6 * 3600


def write_publication(
    home: Path,
    target: str,
    manifest_fields: Mapping[str, Any],
    scores: pl.DataFrame,
    reasons: pl.DataFrame,
    history: pl.DataFrame,
    unknown: pl.DataFrame,
    *,
    profile: pl.DataFrame | None = None,
    folders: Mapping[str, Path] | None = None,
) -> str:
    """Write a publication, make it the current one, and return its id.

    The id is the observation date and a hash of the content: the same inputs give the same id, and
    what is already written is not written again. A stop at any moment leaves the former
    publication current and whole.

    Parameters
    ----------
    home : Path
        Root of the state; the publication goes to `home/publications/<target>/<id>/`.
    target : str
        `failure`, `funding_loss`…
    manifest_fields : mapping
        as_of, horizons_months, model {name, version, run_id}, input_hash, synthetic,
        base_values {horizon: log-odds}, levels, thresholds {high, moderate, horizon}; any other
        key is kept. publication_id, target, created_at, rows and files are set here.
    scores, reasons, history, unknown : pl.DataFrame
        The columns of `publication_files`; any order of rows.
    profile : pl.DataFrame, optional
        `PROFILE_COLUMNS`: what orientation and likeness need; both say less without it.
    folders : mapping, optional
        `MODEL_FOLDER` and `SHARED_FOLDER`: where the files are that live scoring needs. They come
        from the inputs that the manifest tells: only their names are a part of the id.

    Raises
    ------
    PublicationError
        `bad-publication`: the frames or the manifest do not hold what they must.
    """
    parent = target_folder(home, target)
    parent.mkdir(parents=True, exist_ok=True)
    _sweep(parent)
    temporary = parent / f".tmp-{secrets.token_hex(6)}"
    temporary.mkdir()
    try:
        fields = json.loads(json.dumps(dict(manifest_fields), default=str, sort_keys=True))
        draft = _manifest(fields | {"files": {}}, target, "?", scores.height)
        tables = {REASONS: reasons, HISTORY: history, UNKNOWN: unknown}
        _write_files(temporary, draft, scores, tables, profile)
        profiles = () if profile is None else (PROFILE,)
        names = [*FILES, *LATER_FILES, *profiles, *_copied(folders or {}, temporary)]
        files = {name: stamp(temporary / name).model_dump() for name in names}
        identity = _identity(fields, files, sorted(folders or {}), profile)
        publication_id = f"{draft.as_of.isoformat()}-{identity}"
        manifest = _manifest(fields | {"files": files}, target, publication_id, scores.height)
        (temporary / MANIFEST).write_text(manifest.model_dump_json(indent=2), encoding="utf-8")
        for name in (*names, *(folders or {}), MANIFEST):
            sync(temporary / name)
        sync(temporary)
        if not _is_whole(parent / publication_id):
            _set_aside(parent / publication_id)
            temporary.rename(parent / publication_id)
            sync(parent)
            keep_checked(parent / publication_id, manifest)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    point_to(home, target, publication_id)
    return publication_id


def point_to(home: Path, target: str, publication_id: str) -> None:
    """Make a written publication the current one, in one step; PublicationError if absent."""
    parent = target_folder(home, target)
    read_manifest(parent / publication_id)
    temporary = parent / f".{POINTER}-{secrets.token_hex(6)}"
    temporary.write_text(publication_id + "\n", encoding="utf-8")
    sync(temporary)
    temporary.replace(parent / POINTER)
    sync(parent)


def publication_ids(home: Path, target: str) -> list[str]:
    """Return the ids of the written publications of a target, oldest first."""
    parent = target_folder(home, target)
    folders = [f for f in parent.glob("[0-9]*") if (f / MANIFEST).is_file()]
    return [f.name for f in sorted(folders, key=lambda f: (f.name[:10], _created(f)))]


def _write_files(
    folder: Path,
    draft: Manifest,
    scores: pl.DataFrame,
    tables: Mapping[str, pl.DataFrame],
    profile: pl.DataFrame | None,
) -> None:
    checked = conform_scores(scores, draft.horizons_months, draft.main_horizon)
    details = {n: conform_details(f, n, checked["siren"]) for n, f in tables.items()}
    checked.write_parquet(folder / SCORES)
    for name, frame in details.items():
        # Small groups of a known size: one structure costs one group, found by division.
        pq.write_table(
            frame.to_arrow(), folder / name, row_group_size=ROW_GROUP, compression="zstd"
        )
    if profile is not None:
        write_index(conform_profile(profile, checked["siren"]), folder / PROFILE)
    index, codes = build_index(checked, details, draft.horizons_months)
    write_index(index, folder / INDEX)
    words, postings = index_words(index["_search"])
    write_index(words, folder / WORDS)
    write_index(postings, folder / POSTINGS)
    phrases = index_phrases(index["_search"], words["word"])
    for name, frame in zip((SPACES, TOKENS, PLACES), phrases, strict=True):
        write_index(frame, folder / name)
    coded = {column: index[f"_c_{column}"] for column in codes}
    write_index(written_bits(codes, coded, index["_search"]), folder / BITS)
    (folder / CODES).write_text(json.dumps(codes, ensure_ascii=False), encoding="utf-8")


def _copied(folders: Mapping[str, Path], into: Path) -> list[str]:
    """Copy folders of files, and return the names of the files."""
    names = []
    for name, source in folders.items():
        shutil.copytree(source, into / name)
        names += [f"{name}/{path.name}" for path in sorted((into / name).iterdir())]
    return names


def _manifest(fields: Mapping[str, Any], target: str, publication_id: str, rows: int) -> Manifest:
    known = {"target": target, "publication_id": publication_id, "rows": rows}
    try:
        return Manifest.model_validate({"created_at": datetime.now(UTC)} | dict(fields) | known)
    except ValidationError as error:
        first = error.errors()[0]
        raise PublicationError(
            "Le manifeste de la publication est refusé.",
            code="bad-publication",
            where=".".join(str(part) for part in first["loc"]),
            received=first.get("input"),
            expected=first["msg"],
        ) from error


def _identity(
    fields: Mapping[str, Any],
    files: Mapping[str, Mapping[str, Any]],
    folders: Sequence[str],
    profile: pl.DataFrame | None,
) -> str:
    content = {k: v for k, v in fields.items() if k != "created_at"}
    content["files"] = {n: files[n]["sha256"] for n in (SCORES, REASONS, HISTORY, UNKNOWN)}
    if profile is not None:
        # An Arrow file may hold anything under a null; a Parquet file holds the values alone.
        parquet = io.BytesIO()
        profile.select(c for c in PROFILE_COLUMNS if c in profile.columns).sort(
            "siren"
        ).write_parquet(parquet)
        content["profile"] = hashlib.sha256(parquet.getbuffer()).hexdigest()
    if folders:
        content["folders"] = folders
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _is_whole(folder: Path) -> bool:
    try:
        check_files(folder, read_manifest(folder))
    except PublicationError:
        return False
    return True


def _set_aside(folder: Path) -> None:
    if folder.exists():
        damaged = folder.with_name(f".tmp-{secrets.token_hex(6)}")
        folder.rename(damaged)
        shutil.rmtree(damaged, ignore_errors=True)


def _sweep(parent: Path) -> None:
    # What a killed writer left; never the folder of one that is still writing.
    for folder in parent.glob(".tmp-*"):
        if time.time() - folder.stat().st_mtime > _HALF_WRITTEN_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def _created(folder: Path) -> datetime:
    return read_manifest(folder).created_at
