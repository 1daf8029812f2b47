"""Read one publication: scores mapped in memory, the rest read structure by structure."""

from __future__ import annotations

import json
from functools import cached_property
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow.parquet as pq

from serving.bits import LETTERS, Bits, pack, places, words_of
from serving.checked import check_once
from serving.phrases import Phrases
from serving.publication_build import DETAIL_COLUMNS, ROW_GROUP, read_index
from serving.publication_files import (
    BITS,
    CODES,
    HISTORY,
    INDEX,
    PLACES,
    POINTER,
    POSTINGS,
    PROFILE,
    REASONS,
    SPACES,
    TOKENS,
    UNKNOWN,
    WORDS,
    Manifest,
    PublicationError,
    read_manifest,
    target_folder,
)


class Publication:
    """One publication, read: scores mapped in memory, the rest read structure by structure.

    Use `Publication.load`. Safe to share between threads.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self.manifest = manifest
        self.id = manifest.publication_id
        self.target = manifest.target
        self.rows = manifest.rows
        self.horizons = tuple(sorted(manifest.horizons_months))
        self.main_horizon = manifest.main_horizon
        self.frame = read_index(folder / INDEX)
        self.codes: dict[str, list[str]] = json.loads((folder / CODES).read_text(encoding="utf-8"))
        self.columns = [c for c in self.frame.columns if not c.startswith("_")]
        plain: pl.DataFrame = self.frame.select(self.columns)
        at = {h: {f"{n}_{h}m": n for n in ("p", "low", "high")} for h in self.horizons}
        same = [c for c in self.columns if not any(c in names for names in at.values())]
        self._shown: dict[int | None, pl.DataFrame] = {None: plain} | {
            h: plain.select(*same, *names).rename(names) for h, names in at.items()
        }
        self._arrays: dict[str, npt.NDArray[Any]] = {}
        self._values: dict[str, tuple[str, ...]] = {}
        self.words = read_index(folder / WORDS)
        self.postings: npt.NDArray[np.int32] = read_index(folder / POSTINGS)["row"].to_numpy()
        self.phrases = self._mapped_phrases()
        self._bits = self._mapped_bits()
        self._places = places(self.codes)
        self._footers = {n: pq.read_metadata(folder / n) for n in DETAIL_COLUMNS}
        # A publication made before profiles has none.
        self.profiles = read_index(folder / PROFILE) if PROFILE in manifest.files else None
        if self.frame.height != self.rows:
            raise PublicationError(
                "Le nombre de structures n'est pas celui du manifeste.",
                code="publication-corrupted",
                where=str(folder / INDEX),
                received=self.frame.height,
                expected=str(self.rows),
            )

    @classmethod
    def load(
        cls, home: Path, target: str, publication_id: str | None = None, *, check: bool = True
    ) -> Publication:
        """Read and check a publication, the current one by default.

        Without `check` the files are trusted: their sha256 is not computed.

        Raises
        ------
        PublicationError
            `no-publication`: nothing was published; `publication-corrupted`: a file is missing,
            changed, or does not match the manifest.
        """
        parent = target_folder(home, target)
        folder = parent / (publication_id or _pointed(parent, target))
        if not folder.is_dir():
            raise PublicationError(
                "Cette publication n'existe pas.",
                code="no-publication" if publication_id else "publication-corrupted",
                where=str(parent),
                received=folder.name,
                todo="Publiez avec `veille score`, ou choisissez-en une autre.",
            )
        manifest = read_manifest(folder)
        if check:
            check_once(folder, manifest)
        return cls(folder, manifest)

    def array(self, column: str) -> npt.NDArray[Any]:
        """Return a column of the index as a NumPy array (mapped; nulls of floats are NaN)."""
        if column not in self._arrays:
            self._arrays[column] = self.frame[column].to_numpy()
        return self._arrays[column]

    def bits(self, column: str, code: int) -> Bits:
        """Return the rows whose column has this code (place in `codes[column]`); not to change."""
        place = self._places.get(column)
        if place is None or self._bits is None:
            return pack(self.array(f"_c_{column}") == code)
        found: Bits = self._bits[place + code]
        return found

    def holding_letter(self, letter: str) -> Bits | None:
        """Return the rows whose plain name holds one letter; None where they are not written."""
        if self._bits is None or letter not in LETTERS:
            return None
        found: Bits = self._bits[self._places[""] + LETTERS.index(letter)]
        return found

    def position(self, siren: str) -> int | None:
        """Return the row of a SIREN, or None; O(log n)."""
        if not (siren.isascii() and siren.isdigit()) or len(siren) != 9:
            return None
        found = int(np.searchsorted(self._sorted_sirens, int(siren)))
        if found < self.rows and self._sorted_sirens[found] == int(siren):
            return int(self.array("_by_siren")[found])
        return None

    def row(self, position: int) -> dict[str, Any]:
        """Return one structure, every column of scores.parquet."""
        return self.take([position])[0]

    def take(self, positions: list[int], horizon: int | None = None) -> list[dict[str, Any]]:
        """Return several structures, in the order of `positions`.

        With a published `horizon` (months), p, low and high are those at this horizon, and those of
        the others are left out.
        """
        shown, at = self._shown[horizon], pl.Series(positions, dtype=pl.UInt32)
        # Column by column: all at once, Polars gives so few rows to threads that must first wake.
        values = [column[at].to_list() for column in shown.get_columns()]
        return list(map(dict, map(zip, repeat(shown.columns), zip(*values, strict=True))))

    def reasons(self, siren: str, horizon_months: int | None = None) -> list[dict[str, Any]]:
        """Return the reasons at one horizon (the main one by default), strongest first."""
        horizon = self.main_horizon if horizon_months is None else horizon_months
        return [r for r in self._detail(REASONS, siren) if r["horizon_months"] == horizon]

    def history(self, siren: str) -> list[dict[str, Any]]:
        """Return the public funding known at the observation date, oldest year first."""
        return self._detail(HISTORY, siren)

    def unknown(self, siren: str) -> list[dict[str, Any]]:
        """Return what is not known about a structure: theme, message."""
        return self._detail(UNKNOWN, siren)

    def profile(self, position: int) -> dict[str, Any]:
        """Return the facts of one structure, `PROFILE_COLUMNS`; empty where none were published."""
        return {} if self.profiles is None else self.profiles.row(position, named=True)

    def values(self, column: str) -> tuple[str, ...]:
        """Return the distinct values of a filter column present in the scores."""
        if column not in self._values:
            present = np.bincount(self.array(f"_c_{column}"), minlength=len(self.codes[column]))
            pairs = zip(self.codes[column], present, strict=True)
            self._values[column] = tuple(value for value, n in pairs if value and n)
        return self._values[column]

    def sector_labels(self) -> dict[str, str]:
        """Return the label of each sector (the code itself where no label is given)."""
        return dict(self._sector_labels)

    @cached_property
    def _sector_labels(self) -> dict[str, str]:
        pairs = self.frame.select("sector", "sector_label").unique().drop_nulls("sector")
        return {code: label or code for code, label in sorted(pairs.iter_rows(), key=str)}

    @cached_property
    def _sorted_sirens(self) -> npt.NDArray[np.uint32]:
        sirens: npt.NDArray[np.uint32] = self.array("_siren")[self.array("_by_siren")]
        return sirens

    def _mapped_phrases(self) -> Phrases | None:
        # A publication made before phrases were written has none.
        if PLACES not in self.manifest.files:
            return None
        spaces, tokens, places = (read_index(self.folder / n) for n in (SPACES, TOKENS, PLACES))
        return Phrases(self.words["word"], spaces, tokens["word"].to_numpy(), places)

    def _mapped_bits(self) -> Bits | None:
        if not (self.folder / BITS).is_file():
            return None
        bits: Bits = read_index(self.folder / BITS)["bits"].to_numpy()
        return bits.reshape(-1, words_of(self.rows)) if self.rows else None

    def _detail(self, file: str, siren: str) -> list[dict[str, Any]]:
        position = self.position(siren)
        if position is None:
            return []
        name = file.removesuffix(".parquet")
        start = int(self.array(f"_{name}_at")[position])
        length = int(self.array(f"_{name}_n")[position])
        if not length:
            return []
        footer = self._footers[file]
        first, last = start // ROW_GROUP, (start + length - 1) // ROW_GROUP
        # A reader for each call: one reader must not be shared by threads. The footer is.
        with pq.ParquetFile(self.folder / file, metadata=footer, memory_map=True) as reader:
            table = reader.read_row_groups(list(range(first, last + 1)), use_threads=False)
        rows: list[dict[str, Any]] = table.slice(start - first * ROW_GROUP, length).to_pylist()
        return rows


def _pointed(parent: Path, target: str) -> str:
    try:
        return (parent / POINTER).read_text(encoding="utf-8").strip()
    except FileNotFoundError as error:
        raise PublicationError(
            "Aucune liste n'a encore été publiée pour cette cible.",
            code="no-publication",
            where=str(parent),
            received=target,
            todo="Lancez `veille score`, ou `veille demo` pour une France fictive.",
        ) from error
