"""Files of a case: few, not large, of a kind read in their bytes; kept by their sha256."""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import zipfile
from pathlib import Path

import puremagic
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from serving.access.principal import Principal
from serving.cell.cases import add_event, require_open
from serving.cell.days import now
from serving.cell.errors import CellError, is_identifier
from serving.state.cell_models import Case, CaseAttachment

MAX_BYTES = 10 * 1024 * 1024
MAX_FILES = 20
_OFFICE = "application/vnd.openxmlformats-officedocument"
#: ending -> what the bytes must be
TYPES: dict[str, str] = {
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".docx": f"{_OFFICE}.wordprocessingml.document",
    ".xlsx": f"{_OFFICE}.spreadsheetml.sheet",
    ".csv": "text/csv",
    ".txt": "text/plain",
}
#: what an office document must hold, beside no macro
_MAIN_PART = {".docx": "word/document.xml", ".xlsx": "xl/workbook.xml"}
_LONGEST_NAME = 200
#: a name as `X-File-Name` carries it: encoded as in an address, without control, bar or quote
ENCODED_NAME = (
    r"^(?:[A-Za-z0-9_.~!$'()*+,;=:@-]|%(?:2[013-9A-E]|[346789A-F][0-9A-F]|5[0-9ABD-F])){1,190}"
    rf"\.(?:{'|'.join(ending[1:] for ending in TYPES)})$"
)
_MIMETYPE_BYTES, _TYPES_BYTES = 200, 1_000_000
#: folders of macros of an OpenDocument file
_MACROS = ("basic/", "scripts/")


def check_file(name: str, content: bytes) -> str:
    """Return the media type of a file, read in its bytes and said by its name alike.

    Raises
    ------
    CellError
        `bad-file-name`; `empty-file`; 415 `file-type-refused`; 409 `file-not-as-named`.
    """
    clean = name.strip()
    bad = len(clean) > _LONGEST_NAME or any(sign < " " or sign in '/\\"' for sign in clean)
    if not clean or bad:
        raise CellError(
            "Ce nom de fichier est refusé.",
            code="bad-file-name",
            where="X-File-Name",
            received=clean[:40],
            expected=f"1 à {_LONGEST_NAME} caractères, sans barre ni guillemet",
        )
    if not content:
        raise CellError("Ce fichier est vide.", code="empty-file", where="corps")
    # Not `Path.suffix`: a name that is an ending alone has none there.
    ending = f".{clean.rpartition('.')[2]}".lower() if "." in clean else ""
    if ending not in TYPES:
        raise CellError(
            "Ce type de fichier n'est pas accepté.",
            code="file-type-refused",
            status=415,
            where="X-File-Name",
            received=ending or "sans extension",
            expected=", ".join(TYPES),
            todo="Donnez le document en PDF.",
        )
    if not _is(ending, content):
        raise CellError(
            "Le contenu de ce fichier n'est pas ce que dit son nom, ou porte des macros.",
            code="file-not-as-named",
            status=409,
            where="corps",
            received=ending,
            expected=f"{TYPES[ending]}, sans macro",
            todo="Donnez le document en PDF.",
        )
    return TYPES[ending]


def keep(home: Path, content: bytes) -> str:
    """Write a file under its sha256, whole at its first appearance; return the sha256."""
    digest = hashlib.sha256(content).hexdigest()
    path = path_of(home, digest)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f".{digest}-{secrets.token_hex(6)}")
        draft.touch(mode=0o600)
        with draft.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        draft.rename(path)
    return digest


def path_of(home: Path, digest: str) -> Path:
    """Return where the file of this sha256 is."""
    return home / "state" / "attachments" / digest[:2] / digest


def attach(
    session: Session, principal: Principal, case: Case, home: Path, name: str, content: bytes
) -> CaseAttachment:
    """Add a file to an open case; its bytes are written once nothing refuses it.

    Raises
    ------
    CellError
        Those of `check_file`; 409 `case-closed`, `too-many-files`.
    """
    media_type = check_file(name, content)
    require_open(case)
    mine = CaseAttachment.case_id == case.id
    count = session.scalar(select(func.count()).select_from(CaseAttachment).where(mine)) or 0
    if count >= MAX_FILES:
        raise CellError(
            "Ce dossier a trop de fichiers.",
            code="too-many-files",
            status=409,
            where="corps",
            received=f"{count} fichiers",
            expected=f"au plus {MAX_FILES}",
        )
    digest = keep(home, content)
    attachment = CaseAttachment(
        id=secrets.token_hex(8),
        case_id=case.id,
        sha256=digest,
        name=name.strip(),
        media_type=media_type,
        size_bytes=len(content),
        added_at=now(),
        added_by_name=principal.name,
    )
    session.add(attachment)
    said = {"attachment": attachment.id, "name": attachment.name, "sha256": digest}
    add_event(session, principal, case, "attachment", said)
    return attachment


def read_file(home: Path, session: Session, case: Case, identifier: str) -> tuple[str, str, bytes]:
    """Return the name, media type and bytes of a file of a case.

    Raises
    ------
    CellError
        404 `unknown-attachment`; 500 `attachment-damaged`: the bytes are no longer those received.
    """
    wanted = (CaseAttachment.id == identifier, CaseAttachment.case_id == case.id)
    readable = select(CaseAttachment).where(*wanted)
    found = session.scalar(readable) if is_identifier(identifier) else None
    if found is None:
        raise CellError(
            "Ce fichier n'existe pas dans ce dossier.",
            code="unknown-attachment",
            status=404,
            where="attachment_id",
            received=identifier[:40],
        )
    path = path_of(home, found.sha256)
    content = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(content).hexdigest() != found.sha256:
        raise CellError(
            "Le fichier n'est plus tel qu'il a été reçu.",
            code="attachment-damaged",
            status=500,
            where=str(path),
            todo="Reprenez-le dans une sauvegarde de home/state/attachments.",
        )
    return found.name, found.media_type, content


def _is(ending: str, content: bytes) -> bool:
    if ending in {".csv", ".txt"}:
        return _is_text(content)
    if content.startswith(b"PK"):
        return ending in {".odt", ".ods", ".docx", ".xlsx"} and _is_document(ending, content)
    try:
        found = puremagic.magic_string(content)
    except puremagic.PureError:
        return False
    best = max(one.confidence for one in found)
    return TYPES[ending] in {one.mime_type for one in found if one.confidence == best}


def _is_text(content: bytes) -> bool:
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return not any(sign < " " and sign not in "\t\r\n" for sign in text)
    return False


def _is_document(ending: str, content: bytes) -> bool:
    """Tell whether a ZIP is the office document it says, without macro; nothing is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            lower = [name.lower() for name in names]
            if any(n.endswith((".exe", ".js")) or n.startswith(_MACROS) for n in lower):
                return False
            if any(n.endswith("vbaproject.bin") for n in lower):
                return False
            if ending in _MAIN_PART:
                return _MAIN_PART[ending] in names and _without_macro(archive)
            info = archive.getinfo("mimetype")
            if info.file_size > _MIMETYPE_BYTES:
                return False
            return archive.read(info).decode("ascii").strip() == TYPES[ending]
    except (zipfile.BadZipFile, KeyError, UnicodeDecodeError, NotImplementedError, RuntimeError):
        return False


def _without_macro(archive: zipfile.ZipFile) -> bool:
    """Tell whether no part says that it is a macro: its type says it, whatever its name."""
    info = archive.getinfo("[Content_Types].xml")
    if info.file_size > _TYPES_BYTES:
        return False
    said = archive.read(info).lower()
    return not any(word in said for word in (b"macroenabled", b"vbaproject", b"activex"))
