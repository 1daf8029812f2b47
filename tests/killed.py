"""A process killed when it is at work: it says that it is ready, and is left some time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

READY = "prêt\n"


def killed(code: str, home: Path, after: float) -> tuple[list[str], int]:
    """Run Python code on a home, kill it `after` seconds past its `READY`.

    Return the lines that it said since, and how it ended.
    """
    root = Path(__file__).resolve().parents[1]
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(home)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout as said:
        assert said.readline() == READY
        time.sleep(after)
        process.send_signal(signal.SIGKILL)
        lines = said.readlines()
    return lines, process.wait()
