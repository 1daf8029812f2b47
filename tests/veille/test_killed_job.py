"""A feature job killed at any moment: its panel is whole or absent, and a rerun gives its bytes."""

from __future__ import annotations

import random
import time
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from data.lake import Lake
from features.asof import as_of_days
from features.engines import PolarsEngine
from features.job import Asked, build
from features.lake_facts import LakeFacts
from features.panels import PanelManifest, read_manifest
from tests.killed import killed

DAYS = as_of_days(date(2023, 12, 31), since=date(2021, 12, 31), every="half")
KILLS = 50
_CHILD = """
import sys
from pathlib import Path
from tests.veille.test_killed_job import run

print("prêt", flush=True)
run(Path(sys.argv[1]))
print("fini", flush=True)
"""


def run(home: Path) -> PanelManifest:
    lake = Lake(home)
    asked = Asked(DAYS, rows_per_shard=6_000)
    with PolarsEngine() as engine:
        return build(
            LakeFacts(lake), lake.hash(), home, asked, engine, "polars", synthetic=True,
            known_to=None,
        )  # fmt: skip


def linked(folder: Path, home: Path) -> Path:
    """Return a home of its own on the lake of another."""
    folder.mkdir()
    (folder / "lake").symlink_to(home / "lake")
    return folder


def ended(home: Path, after: float) -> bool:
    """Run the job in a process killed `after` seconds; tell whether it had ended by then."""
    said, _ = killed(_CHILD, home, after)
    return "fini\n" in said


def seen(home: Path) -> bytes | None:
    """Return the panel that anyone would find, None if there is none; it must be whole."""
    folders = list(home.glob("panels/[!.]*"))
    if not folders:
        return None
    (folder,) = folders
    manifest = read_manifest(folder)
    assert manifest is not None
    assert pl.read_parquet(folder / "panel.parquet").height == manifest.rows
    return (folder / "panel.parquet").read_bytes()


@pytest.mark.slow
def test_a_kill_at_any_moment_leaves_the_panel_whole_or_absent(
    tmp_path: Path, demo_home: Path
) -> None:
    whole = linked(tmp_path / "whole", demo_home)
    started = time.monotonic()
    run(whole)
    lasts = time.monotonic() - started
    expected = seen(whole)
    rng = random.Random(50)
    stopped = 0
    for number in range(KILLS):
        home = linked(tmp_path / f"home{number}", demo_home)
        whole_by_then = ended(home, rng.uniform(0, 1.2 * lasts))
        stopped += not whole_by_then
        assert seen(home) in ({expected} if whole_by_then else {None, expected})
        run(home)
        assert seen(home) == expected
        assert list(home.glob("features/**/.pending-*")) == []
    assert stopped > KILLS / 2  # else most kills came too late to prove anything


@pytest.mark.slow
def test_a_job_killed_again_and_again_ends_with_the_same_bytes(
    tmp_path: Path, demo_home: Path
) -> None:
    whole, home = (linked(tmp_path / name, demo_home) for name in ("whole", "home"))
    run(whole)
    for _ in range(100):
        if ended(home, 0.5):
            break
    else:
        pytest.fail("the job never ends: what was done before a kill is not kept")
    assert seen(home) == seen(whole)
