#!/usr/bin/env python3
"""Check the few system packages that pip cannot bring, and install them through apt when root.

``run``: libgomp, which LightGBM loads. ``test``: also Java for the tests of Spark, PostgreSQL for
those of the state, Pango for the briefs in PDF, Chromium and fonts for the browser tests.
``bench``: also wrk, which loads the servers measured. Standard library only.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def has_gomp() -> bool:
    """Tell whether the OpenMP library loads."""
    try:
        ctypes.CDLL("libgomp.so.1")
    except OSError:
        return sys.platform == "darwin"  # LightGBM's wheel for macOS brings its own
    return True


def has_pango() -> bool:
    """Tell whether the library that sets the text of the PDF files loads."""
    try:
        ctypes.CDLL("libpangoft2-1.0.so.0")
    except OSError:
        return sys.platform == "darwin"  # found elsewhere, by WeasyPrint itself
    return True


def has_java() -> bool:
    """Tell whether there is a Java for Spark."""
    home = os.environ.get("JAVA_HOME")
    return shutil.which("java", path=home + "/bin" if home else None) is not None


def postgres_folder() -> Path | None:
    """Return the folder that holds initdb and postgres: Debian keeps them off the path."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    # the latest first; compared as numbers, for 9 is older than 15
    debian = [f for f in Path("/usr/lib/postgresql").glob("*/bin") if f.parent.name.isdigit()]
    folders += sorted(debian, key=lambda f: int(f.parent.name), reverse=True)
    for folder in folders:
        if all(os.access(folder / name, os.X_OK) for name in ("initdb", "postgres")):
            return folder
    return None


def has_postgres() -> bool:
    """Tell whether a PostgreSQL server can be started for the tests."""
    return postgres_folder() is not None


def has_wrk() -> bool:
    """Tell whether the tool that measures servers is on the path."""
    return shutil.which("wrk") is not None


def has_browser() -> bool:
    """Tell whether a Chromium is on the path."""
    return any(shutil.which(name) for name in BROWSERS)


def has_fonts() -> bool:
    """Tell whether at least one scalable font is known to fontconfig."""
    if shutil.which("fc-list") is None:
        return False
    listed = subprocess.run(["fc-list"], check=False, capture_output=True, text=True)
    return bool(listed.stdout.strip())


_RUN = {"libgomp (LightGBM)": (has_gomp, ["libgomp1"])}
#: what is needed -> how to tell that it is there, apt packages that bring it
NEEDS = {
    "run": _RUN,
    "bench": {**_RUN, "wrk (benchmarks of servers)": (has_wrk, ["wrk"])},
    "test": {
        **_RUN,
        "Chromium (browser tests)": (has_browser, ["chromium"]),
        "fonts (browser tests)": (has_fonts, ["fontconfig", "fonts-dejavu-core"]),
        "Pango (briefs in PDF)": (has_pango, ["libpangoft2-1.0-0", "libharfbuzz-subset0"]),
        "Java (tests of Spark)": (has_java, ["default-jre-headless"]),
        "PostgreSQL (tests of the state)": (has_postgres, ["postgresql"]),
    },
}


def absent(level: str) -> dict[str, list[str]]:
    """Return what is needed at this level and is not there: name -> apt packages."""
    return {name: packages for name, (there, packages) in NEEDS[level].items() if not there()}


def install(packages: list[str]) -> None:
    """Install packages with apt-get, without a question."""
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    apt = ["apt-get", "-y", "-q", "-o", "DPkg::Lock::Timeout=300"]
    for command in (["update"], ["install", "--no-install-recommends", *packages]):
        # apt's own lines go to the error output: the standard output is the tests'
        subprocess.run(
            [*apt, *command], check=False, env=env, stdin=subprocess.DEVNULL, stdout=sys.stderr
        )


def main(level: str) -> int:
    """Check, install when possible, and return the exit code."""
    missing = absent(level)
    if not missing:
        return 0
    packages = list(dict.fromkeys(package for names in missing.values() for package in names))
    if os.geteuid() == 0 and shutil.which("apt-get"):
        sys.stderr.write("system packages: installing " + " ".join(packages) + "\n")
        install(packages)
        missing = absent(level)
    if not missing:
        return 0
    sys.stderr.write(
        "Missing on this machine: " + ", ".join(missing) + ".\n"
        "  Debian, Ubuntu: sudo apt-get install " + " ".join(packages) + "\n"
    )
    if any("browser" in name for name in missing) and "libgomp (LightGBM)" not in missing:
        sys.stderr.write("  Without a browser: make test BROWSER=0\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "run"))
