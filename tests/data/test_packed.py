"""Archives: every file inside, none outside its folder, a clear error where they are damaged."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from data.sources.base import SourceError
from data.sources.packed import unpacked
from data.sources.sample import is_archive

TEXT = b"siren;montant\n"


def zipped(path: Path, **files: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def tarred(path: Path, **files: bytes) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def inside(path: Path) -> dict[str, bytes]:
    with unpacked(path) as members:
        return {member.name: member.path.read_bytes() for member in members}


def test_a_plain_file_is_its_own_member(tmp_path: Path) -> None:
    path = tmp_path / "liste.csv"
    path.write_bytes(TEXT)
    with unpacked(path) as members:
        assert [(m.path, m.name) for m in members] == [(path, "liste.csv")]


def test_every_file_of_an_archive_comes_out(tmp_path: Path) -> None:
    files = {"a.csv": TEXT, "dossier/b.csv": TEXT * 2, "__MACOSX/._a.csv": b"x"}
    expected = {"x.zip!a.csv": TEXT, "x.zip!dossier/b.csv": TEXT * 2}
    assert inside(zipped(tmp_path / "x.zip", **files)) == expected
    found = inside(tarred(tmp_path / "PCL_BXA20260001.taz", **{"PCL_BXA20260001.xml": b"<a/>"}))
    assert found == {"PCL_BXA20260001.taz!PCL_BXA20260001.xml": b"<a/>"}


def test_a_gzip_keeps_the_name_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "liste.csv.gz"
    path.write_bytes(gzip.compress(TEXT))
    assert inside(path) == {"liste.csv.gz": TEXT}
    with unpacked(path) as members:
        assert members[0].path.name == "liste.csv"


def test_archives_inside_archives_are_opened(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", **{"a.csv": TEXT}).read_bytes()
    outer = zipped(tmp_path / "outer.zip", **{"inner.zip": inner, "b.csv": TEXT})
    assert set(inside(outer)) == {"outer.zip!inner.zip!a.csv", "outer.zip!b.csv"}


def test_no_member_leaves_the_folder(tmp_path: Path) -> None:
    path = zipped(
        tmp_path / "x.zip", **{"../../evil.csv": TEXT, "/abs.csv": TEXT, "c:\\w.csv": TEXT}
    )
    with unpacked(path) as members:
        folder = members[0].path.parents[1]
        assert all(m.path.resolve().is_relative_to(folder.resolve()) for m in members)
        assert len(members) == 3
    assert not (tmp_path.parent / "evil.csv").exists()
    assert not folder.exists()


def test_a_workbook_is_no_archive(tmp_path: Path) -> None:
    assert not is_archive(zipped(tmp_path / "a.xlsx", **{"[Content_Types].xml": b"<a/>"}))
    assert not is_archive(zipped(tmp_path / "a.ods", mimetype=b"x"))
    assert not is_archive(tmp_path / "absent")


@pytest.mark.parametrize("kind", ["zip", "gz", "tar"])
def test_a_damaged_archive_is_said_so(tmp_path: Path, kind: str) -> None:
    content = bytes(range(256)) * 50
    path = tmp_path / f"x.{kind}"
    if kind == "gz":
        path.write_bytes(gzip.compress(content))
    elif kind == "zip":
        zipped(path, **{"a.csv": content})
    else:
        tarred(path, **{"a.csv": content})
    raw = bytearray(path.read_bytes())
    for at in range(40, 60):
        raw[at] ^= 0xFF
    path.write_bytes(raw)
    with pytest.raises(SourceError) as error:
        inside(path)
    assert error.value.code == "source-archive"
    assert error.value.todo
