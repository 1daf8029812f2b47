"""What every run says of itself: why it ran, and the code and versions that made it."""

from __future__ import annotations

import platform
import subprocess
from enum import StrEnum
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class RunType(StrEnum):
    """Why a run was made; the list is closed."""

    TRAIN = "train"
    SEARCH = "search"
    BACKTEST = "backtest"
    SHADOW = "shadow"


@cache
def environment() -> dict[str, str]:
    """Return the tags of the code and of the machine's software.

    From a git checkout, `git_sha` and `git_modified` ("true" when files differ from it); else
    `package_version`. Then `python`, `lightgbm`, `polars`, `platform`.
    """
    found = checkout(ROOT) or {"package_version": _version("veille-ess")}
    return {
        **found,
        "python": platform.python_version(),
        "lightgbm": _version("lightgbm"),
        "polars": _version("polars"),
        "platform": f"{platform.system()}-{platform.machine()}",
    }


def checkout(root: Path) -> dict[str, str] | None:
    """Return the commit of a folder that is itself a git checkout, else None."""
    if not (root / ".git").exists():  # an environment inside another project's checkout
        return None
    sha, status = _git(root, "rev-parse", "HEAD"), _git(root, "status", "--porcelain")
    if not sha or status is None:
        return None
    return {"git_sha": sha, "git_modified": str(bool(status)).lower()}


def _git(root: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - our own words
            ["git", "-C", str(root), *words],  # noqa: S607 - the user's git
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "inconnue"
