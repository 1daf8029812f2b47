"""The commands on accounts and audit, on a real PostgreSQL given by the environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.postgres import Postgres

ROOT = Path(__file__).resolve().parents[2]
MAIN = "from veille.cli import main; main()"


def veille(address: str, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", MAIN, *words, "--home", str(home)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "VEILLE_DATABASE_URL": address},
        cwd=home,
        check=False,
        capture_output=True,
        text=True,
    )


def test_accounts_and_audit_are_in_the_database_of_the_setting(
    tmp_path: Path, postgres: Postgres
) -> None:
    with postgres.database() as address:
        assert (
            veille(address, tmp_path, "users", "add", "nina", "--role", "national").returncode == 0
        )
        listed = json.loads(veille(address, tmp_path, "users", "list", "--json").stdout)
        report = json.loads(veille(address, tmp_path, "audit", "verify", "--json").stdout)
    assert [user["login"] for user in listed] == ["nina"]
    assert (report["entries"], report["intact"]) == (1, True)
    assert not (tmp_path / "state" / "state.db").exists()
    gone = veille(address, tmp_path, "users", "list")
    assert (gone.returncode, gone.stdout) == (1, "")
    assert "[state-unreachable]" in gone.stderr
    assert "veille:***@127.0.0.1" in gone.stderr
    assert postgres.password not in gone.stderr
