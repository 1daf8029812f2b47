"""What is written is whole or absent, and what was there stays until then."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from data.whole import whole_file, whole_folder


def stopped(writing: AbstractContextManager[Path]) -> None:
    """Write a part, then fail."""
    with writing as pending:
        (pending / "part" if pending.is_dir() else pending).write_text("moitié")
        raise KeyError


def filled(path: Path) -> None:
    with whole_folder(path) as pending:
        (pending / "two").write_text("2")


def test_a_file_takes_its_name_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with whole_file(path) as pending:
        pending.write_text("un")
        assert not path.exists()
    assert path.read_text() == "un"
    with pytest.raises(KeyError):
        stopped(whole_file(path))
    assert path.read_text() == "un"
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_takes_its_name_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a"
    with whole_folder(path) as pending:
        (pending / "one").write_text("1")
        assert not path.exists()
    assert [at.name for at in path.iterdir()] == ["one"]
    with pytest.raises(KeyError):
        stopped(whole_folder(tmp_path / "b"))
    assert list(tmp_path.iterdir()) == [path.parent]


def test_a_folder_never_replaces_another(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with whole_folder(path) as pending:
        (pending / "one").write_text("1")
    with pytest.raises(OSError, match=str(path)):
        filled(path)
    assert [at.name for at in path.iterdir()] == ["one"]
    assert list(tmp_path.iterdir()) == [path]
