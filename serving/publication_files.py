"""What a publication is made of: its files, its columns, its manifest, its errors."""

from __future__ import annotations

import hashlib
import os
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import BaseModel, ConfigDict, ValidationError

from data.errors import VeilleError

MANIFEST = "manifest.json"
POINTER = "current"
SCORES = "scores.parquet"
REASONS = "reasons.parquet"
HISTORY = "history.parquet"
UNKNOWN = "unknown.parquet"
#: facts of each structure in the order of the index, which a publication made before it has not
PROFILE = "profile.arrow"
INDEX = "index.arrow"
CODES = "codes.json"
WORDS = "words.arrow"
POSTINGS = "postings.arrow"
BITS = "bits.arrow"
SPACES, TOKENS, PLACES = "spaces.arrow", "tokens.arrow", "places.arrow"
#: folders of what live scoring needs, which a publication made before it has not: the model, and
#: what all structures share on the day (`features.live`)
MODEL_FOLDER, SHARED_FOLDER = "model", "shared"
FILES = (SCORES, REASONS, HISTORY, UNKNOWN, INDEX, CODES, WORDS, POSTINGS)
#: files that a publication made before them has not
LATER_FILES = (BITS, SPACES, TOKENS, PLACES)

LEVELS = ("high", "moderate", "low", "unknown")

#: columns of scores.parquet beside p_{h}m, low_{h}m, high_{h}m: type and whether it may be absent
SCORE_COLUMNS: dict[str, tuple[pl.DataType, bool]] = {
    "siren": (pl.String(), False),
    "name": (pl.String(), True),
    "ess_family": (pl.String(), True),
    "sector": (pl.String(), True),
    "sector_label": (pl.String(), True),
    "naf": (pl.String(), True),
    "commune": (pl.String(), True),
    "departement": (pl.String(), True),
    "region": (pl.String(), True),
    "employees_band": (pl.String(), True),
    "employees": (pl.Int32(), True),
    "level": (pl.String(), False),
    "rank": (pl.Int32(), False),
    "coverage": (pl.Float64(), True),
}
REASON_COLUMNS: dict[str, tuple[pl.DataType, bool]] = {
    "siren": (pl.String(), False),
    "horizon_months": (pl.Int32(), False),
    "indicator": (pl.String(), False),
    "theme": (pl.String(), False),
    "label": (pl.String(), True),
    "unit": (pl.String(), True),
    "value": (pl.Float64(), True),
    "text": (pl.String(), True),
    "contribution": (pl.Float64(), False),
    "sentence": (pl.String(), True),
}
HISTORY_COLUMNS: dict[str, tuple[pl.DataType, bool]] = {
    "siren": (pl.String(), False),
    "fiscal_year": (pl.Int32(), False),
    "funder_id": (pl.String(), True),
    "funder_name": (pl.String(), True),
    "funder_level": (pl.String(), True),
    "amount_eur": (pl.Float64(), False),
}
UNKNOWN_COLUMNS: dict[str, tuple[pl.DataType, bool]] = {
    "siren": (pl.String(), False),
    "theme": (pl.String(), True),
    "message": (pl.String(), False),
}
#: as known by the day; names of indicators are theirs
PROFILE_COLUMNS: dict[str, tuple[pl.DataType, bool]] = {
    "siren": (pl.String(), False),
    "legal_category": (pl.String(), True),
    "esus": (pl.Boolean(), True),
    "siae": (pl.Boolean(), True),
    "aci": (pl.Boolean(), True),
    "proceedings": (pl.String(), True),
    "budget_eur": (pl.Float64(), True),
    "grants_eur": (pl.Float64(), True),
    "funders_count": (pl.Float64(), True),
    "grants_change_1y_ratio": (pl.Float64(), True),
    "lost_funders_count": (pl.Float64(), True),
    "overdue_eur": (pl.Float64(), True),
    "payment_late_share_ratio": (pl.Float64(), True),
    "debt_outstanding_eur": (pl.Float64(), True),
}


class PublicationError(VeilleError):
    """A publication is missing, broken, or refused at writing. `status` is its HTTP status."""

    status = 503


class Model(BaseModel):
    """The model that made the scores."""

    model_config = ConfigDict(frozen=True, extra="allow", protected_namespaces=())
    name: str
    version: str | int | None = None
    run_id: str | None = None


class Manifest(BaseModel):
    """The manifest of a publication; keys it does not know are kept as they are."""

    model_config = ConfigDict(frozen=True, extra="allow", protected_namespaces=())
    publication_id: str
    target: str
    created_at: datetime
    as_of: date
    horizons_months: tuple[int, ...]
    model: Model
    input_hash: str
    rows: int
    synthetic: bool
    base_values: dict[int, float]
    levels: dict[str, Any] = {}
    thresholds: dict[str, Any] = {}
    files: dict[str, FileStamp]

    @property
    def main_horizon(self) -> int:
        """The horizon of the levels and of the rank, in months."""
        chosen = self.thresholds.get("horizon")
        if chosen in self.horizons_months:
            return int(chosen)
        return 12 if 12 in self.horizons_months else max(self.horizons_months)


class FileStamp(BaseModel):
    """Size in bytes and sha256 of one file of a publication."""

    model_config = ConfigDict(frozen=True)
    bytes: int
    sha256: str


def target_folder(home: Path, target: str) -> Path:
    """Return `home/publications/<target>`; raise PublicationError for a name that is no name."""
    if not target.replace("_", "").isalnum() or not target.isascii():
        raise PublicationError(
            "Ce nom de cible n'est pas acceptable.",
            code="unknown-target",
            received=target,
            expected="des lettres, des chiffres et « _ » : failure, funding_loss…",
        )
    return home / "publications" / target


def stamp(path: Path) -> FileStamp:
    """Return size and sha256 of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileStamp(bytes=path.stat().st_size, sha256=digest)


def sync(path: Path) -> None:
    """Force a file or a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_manifest(folder: Path) -> Manifest:
    """Read and check the manifest of a publication; PublicationError `publication-corrupted`."""
    path = folder / MANIFEST
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise _broken("Le manifeste de la publication est absent.", path) from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "le fichier entier"
        raise _broken(
            f"Le manifeste de la publication est illisible ({field} : {first['msg']}).", path
        ) from error
    if manifest.publication_id != folder.name or manifest.target != folder.parent.name:
        raise _broken(
            "Le manifeste ne décrit pas ce dossier.",
            path,
            received=f"{manifest.target}/{manifest.publication_id}",
            expected=f"{folder.parent.name}/{folder.name}",
        )
    return manifest


def check_files(folder: Path, manifest: Manifest) -> None:
    """Compare each file with the manifest (size, sha256); PublicationError on any difference."""
    for name in dict.fromkeys((*FILES, *manifest.files)):
        if name not in manifest.files:
            raise _broken("Le manifeste ne cite pas un fichier attendu.", folder / name)
        if not (folder / name).is_file():
            raise _broken("Un fichier de la publication est absent.", folder / name)
        expected, found = manifest.files[name], stamp(folder / name)
        if found != expected:
            raise _broken(
                "Un fichier de la publication a changé depuis son écriture.",
                folder / name,
                received=f"{found.bytes} octets, sha256 {found.sha256[:12]}…",
                expected=f"{expected.bytes} octets, sha256 {expected.sha256[:12]}…",
            )


def _broken(
    what: str, path: Path, *, received: object = None, expected: str = ""
) -> PublicationError:
    return PublicationError(
        what,
        code="publication-corrupted",
        where=str(path),
        received=received,
        expected=expected,
        todo="Republiez avec `veille score`, ou remettez une copie de sauvegarde de ce dossier.",
    )
