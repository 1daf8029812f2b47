"""`veille schemes`: the catalogue that is served, and an operator's file checked."""

from __future__ import annotations

from pathlib import Path

from data.reference.schemes import load_schemes
from tests.data.test_schemes import GOOD
from tests.veille.conftest import Run


def test_the_shipped_catalogue_as_a_table_and_as_json(run: Run, tmp_path: Path) -> None:
    shown = run("schemes", "--home", tmp_path)
    assert shown.code == 0, shown.err
    for scheme in load_schemes().schemes:
        assert scheme in shown.out
    told = run("schemes", "--home", tmp_path, "--json").json
    assert (told["catalogue"], told["file"]) == (load_schemes().digest, None)
    assert [one["id"] for one in told["schemes"]] == list(load_schemes().schemes)


def test_the_operators_file_of_the_home_is_in(run: Run, tmp_path: Path) -> None:
    (tmp_path / "schemes.toml").write_text(GOOD, "utf-8")
    told = run("schemes", "--home", tmp_path, "--json").json
    assert told["file"] == str(tmp_path / "schemes.toml")
    assert [one["id"] for one in told["schemes"] if one["own"]] == ["appui_local"]
    assert "1 dispositif(s) de l'exploitant" in run("schemes", "--home", tmp_path).out


def test_a_file_is_checked_before_it_is_put_in_the_home(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "essai.toml"
    path.write_text(GOOD, "utf-8")
    assert run("schemes", "--check", path, "--home", tmp_path, "--json").json["file"] == str(path)
    path.write_text(GOOD.replace("eur = 50000", 'eur = "beaucoup"'), "utf-8")
    said = run("schemes", "--check", path, "--home", tmp_path).refused("schemes-invalid")
    for word in ("essai.toml", "appui_local", "criteria[1].eur", "beaucoup", "un nombre positif"):
        assert word in said
    run("schemes", "--check", tmp_path / "absent.toml").refused("schemes-invalid")


def test_a_wrong_catalogue_stops_the_server_before_it_listens(run: Run, tmp_path: Path) -> None:
    (tmp_path / "schemes.toml").write_text("version = 2", "utf-8")
    run("serve", "--home", tmp_path, "--workers", 2).refused("schemes-invalid")
