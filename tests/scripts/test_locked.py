"""The lock as pip reads it: the same packages that uv installs, each with its hashes."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

from scripts.locked import requirements

ROOT = Path(__file__).resolve().parents[2]


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_pip_is_asked_for_what_this_environment_holds() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    lines = requirements(lock)
    asked = dict(line.split(" ")[0].split("==") for line in lines)
    installed = {normalised(d.metadata["Name"]): d.version for d in metadata.distributions()}
    # what a developer added by hand is nobody's business
    known = {p["name"] for p in lock["package"] if "editable" not in p["source"]}
    assert asked == {name: version for name, version in installed.items() if name in known}
    assert all(re.search(r" --hash=sha256:[0-9a-f]{64}", line) for line in lines)


def test_edges_follow_markers_extras_and_versions() -> None:
    files = {"wheels": [{"hash": "sha256:00"}]}

    def package(name: str, **more: object) -> dict[str, object]:
        return {"name": name, "version": "1", "source": {}, **files, **more}

    lock = {
        "package": [
            package(
                "project",
                source={"editable": "."},
                dependencies=[
                    {"name": "plain", "extra": ["more"]},
                    {"name": "never", "marker": "python_full_version < '3'"},
                    {"name": "twice", "version": "2"},
                ],
                **{"dev-dependencies": {"dev": [{"name": "tool"}]}},
            ),
            package("plain", **{"optional-dependencies": {"more": [{"name": "added"}]}}),
            package("added", dependencies=[{"name": "plain"}]),
            package("never"),
            package("tool"),
            package("twice"),
            package("twice", version="2"),
        ]
    }
    assert requirements(lock) == [
        f"{pinned} --hash=sha256:00" for pinned in ("added==1", "plain==1", "tool==1", "twice==2")
    ]
