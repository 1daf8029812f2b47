#!/usr/bin/env python3
"""Make ``.venv`` hold exactly what ``uv.lock`` says, from a bare Python with pip and venv.

Standard library only, and valid syntax for old interpreters, so that they can say what is wrong.
Everything is written inside the project's folder: ``.venv`` (the environment) and ``.tools`` (uv
and the caches, unless ``UV_CACHE_DIR`` or ``PIP_CACHE_DIR`` name others).

1. nothing changed since the last run: return at once (``.venv/.bootstrap`` holds what was done);
2. uv, pinned and private, installs the lock;
3. where pip is told to use another index than PyPI, or where uv fails, pip installs the same
   versions with the same hashes: the addresses in the lock are PyPI's, pip only needs the hashes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
TOOLS = ROOT / ".tools"
STAMP = VENV / ".bootstrap"
OLDEST = (3, 11)
UV_VERSION = "0.13.9"
PYPI = ("https://pypi.org/simple", "https://pypi.python.org/simple")


def main() -> int:
    """Bring the environment up to date; return the exit code."""
    python = find_python()
    with Lock():
        wanted = fingerprint()
        done = STAMP.read_text(encoding="utf-8").splitlines() if STAMP.is_file() else []
        if done == wanted and runs(venv_python()):
            return 0
        # The scripts of an environment hold its full path: one that was moved or copied is remade.
        if not runs(venv_python()) or (done and done[0] != wanted[0]):
            say("creating .venv with " + python)
            make_venv(python, VENV)
        STAMP.unlink(missing_ok=True)
        if not (no_mirror() and sync_with_uv(python)):
            sync_with_pip()
        STAMP.write_text("\n".join(wanted) + "\n", encoding="utf-8")
        say("ready: .venv/bin/veille")
    return 0


def find_python() -> str:
    """Return a Python recent enough: this one, else the newest on the path."""
    if sys.version_info[:2] >= OLDEST:
        return sys.executable
    for minor in range(20, OLDEST[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found and runs(found):
            os.execv(found, [found, str(Path(__file__).resolve())])
    sys.exit(
        "Python 3.11 or newer is needed; python3 is {}.{} and no newer one is on the path.\n"
        "Install one (Debian, Ubuntu: apt install python3.11 python3.11-venv) or name it:\n"
        "  make demo PYTHON=/path/to/python3.11".format(*sys.version_info[:2])
    )


def fingerprint() -> list[str]:
    """Return what the environment depends on: its place, and the hash of its inputs."""
    digest = hashlib.sha256()
    for name in ("uv.lock", "pyproject.toml", "scripts/bootstrap.py"):
        digest.update((ROOT / name).read_bytes())
    return [str(ROOT), digest.hexdigest()]


def venv_python() -> Path:
    """Return the path of the environment's interpreter."""
    return VENV / "bin" / "python"


def runs(python: str | Path) -> bool:
    """Tell whether an interpreter exists, starts, and is recent enough."""
    code = "import sys; sys.exit(sys.version_info[:2] < (3, 11))"
    try:
        return subprocess.run([str(python), "-c", code], check=False).returncode == 0
    except OSError:
        return False


def make_venv(python: str, folder: Path) -> None:
    """Create a virtual environment in place of whatever `folder` held."""
    if run([python, "-m", "venv", "--clear", str(folder)]) != 0:
        sys.exit(
            "python3 cannot create a virtual environment.\n"
            "Debian, Ubuntu: apt install python3-venv, then the same command again."
        )


def no_mirror() -> bool:
    """Tell whether pip, as this machine is set up, takes its packages from PyPI itself."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.index-url"],
        check=False,
        capture_output=True,
        text=True,
    )
    index = os.environ.get("PIP_INDEX_URL") or listed.stdout.strip()
    offline = os.environ.get("PIP_NO_INDEX")
    return not offline and (not index or index.rstrip("/") in PYPI)


def sync_with_uv(python: str) -> bool:
    """Install the lock with the private uv; return whether it worked."""
    uv = TOOLS / "uv" / "bin" / "uv"
    if not has_version(uv):
        say("installing uv " + UV_VERSION + " in .tools")
        make_venv(python, TOOLS / "uv")
        if pip(TOOLS / "uv" / "bin" / "python", "install", "--quiet", "uv==" + UV_VERSION) != 0:
            return False
    say("installing the packages of uv.lock")
    return run([str(uv), "sync", "--frozen", "--quiet"], environment_of_uv()) == 0


def has_version(uv: Path) -> bool:
    """Tell whether the private uv is there and is the pinned one."""
    try:
        shown = subprocess.run([str(uv), "--version"], check=False, capture_output=True, text=True)
    except OSError:
        return False
    return shown.stdout.split()[1:2] == [UV_VERSION]


def environment_of_uv() -> dict[str, str]:
    """Return the environment variables of uv: our folders, our Python, pip's certificates."""
    env = dict(os.environ)
    env.pop("VIRTUAL_ENV", None)
    env["UV_PROJECT_ENVIRONMENT"] = str(VENV)
    env["UV_PYTHON"] = str(venv_python())
    env["UV_PYTHON_DOWNLOADS"] = "never"
    env["UV_NO_PROGRESS"] = "1"
    env.setdefault("UV_CACHE_DIR", str(TOOLS / "cache" / "uv"))
    env.setdefault("UV_HTTP_TIMEOUT", "180")
    if "PIP_CERT" in env:
        env.setdefault("SSL_CERT_FILE", env["PIP_CERT"])
    return env


def sync_with_pip() -> None:
    """Install the lock with pip, in a fresh environment, from the index pip is set up with."""
    say("installing the packages of uv.lock with pip (a few minutes)")
    make_venv(sys.executable, VENV)
    requirements = TOOLS / "requirements.txt"
    locked = [str(ROOT / "scripts" / "locked.py"), str(ROOT / "uv.lock")]
    exported = subprocess.run(
        [str(venv_python()), *locked], check=True, capture_output=True, text=True
    )
    TOOLS.mkdir(exist_ok=True)
    requirements.write_text(exported.stdout, encoding="utf-8")
    python = venv_python()
    options = ("--no-deps", "--require-hashes", "--requirement", str(requirements))
    if pip(python, "install", "--quiet", *options) != 0 or (
        pip(python, "install", "--quiet", "--no-deps", "--editable", str(ROOT)) != 0
    ):
        sys.exit(
            "The packages could not be installed (pip's message is above).\n"
            "Check the network, or the index: python3 -m pip config list"
        )


def pip(python: Path, *arguments: str) -> int:
    """Run pip with its cache inside the project; return its exit code."""
    env = dict(os.environ, PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_INPUT="1")
    env.setdefault("PIP_CACHE_DIR", str(TOOLS / "cache" / "pip"))
    return run([str(python), "-m", "pip", *arguments], env)


def run(command: list[str], env: dict[str, str] | None = None) -> int:
    """Run a command without standard input, so that nothing ever waits for an answer."""
    try:
        return subprocess.run(command, check=False, env=env, stdin=subprocess.DEVNULL).returncode
    except OSError as error:
        say(str(error))
        return 127


def say(line: str) -> None:
    """Print one line of progress."""
    sys.stderr.write("bootstrap: " + line + "\n")
    sys.stderr.flush()


class Lock:
    """Let one set-up of a folder run at a time; the others wait, then find it done."""

    def __enter__(self) -> None:
        import fcntl

        TOOLS.mkdir(exist_ok=True)
        self.file = (TOOLS / "lock").open("w")
        fcntl.flock(self.file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        self.file.close()


if __name__ == "__main__":
    sys.exit(main())
