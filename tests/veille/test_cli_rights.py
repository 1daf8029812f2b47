"""Commands on rights: reserved sources, review of accounts, replacement of keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.veille.conftest import Run


def test_a_key_is_replaced_and_both_are_listed(run: Run, tmp_path: Path) -> None:
    at = ("--home", tmp_path / "home")
    former = run("keys", "add", "outil fictif", "--source", "bdf", "--days", "20", *at).out.strip()
    assert "veille keys rotate" in run("keys", "list", *at).err
    assert run("keys", "list", "--json", *at).json[0]["standing"] == "expires-soon"
    prefix = former.split("_")[1]
    new = run("keys", "rotate", prefix, "--grace-days", "3", *at).out.strip()
    assert new.startswith("vess_")
    assert new != former
    listed = {key["prefix"]: key for key in run("keys", "list", "--json", *at).json}
    assert listed[prefix]["standing"] == "replaced"
    assert listed[prefix]["replaced_by"] == new.split("_")[1]
    young = listed[new.split("_")[1]]
    assert (young["standing"], young["name"], young["sources"]) == (
        "valid",
        "outil fictif",
        ["bdf"],
    )
    run("keys", "rotate", prefix, *at).refused("key-not-rotatable")


def test_rights_are_reviewed(run: Run, tmp_path: Path) -> None:
    at = ("--home", tmp_path / "home")
    run("users", "add", "essai", "--role", "regional", "--region", "32", *at)
    run("users", "add", "autre", "--role", "national", "--source", "urssaf", *at)
    found = {one["login"]: one for one in run("users", "review", "--json", *at).json}
    assert {login: one["due"] for login, one in found.items()} == {"essai": True, "autre": True}
    assert found["essai"]["territory"]["regions"] == ["32"]
    assert (found["autre"]["sources"], found["autre"]["last_sign_in"]) == (["urssaf"], None)
    (one,) = run("users", "review", "essai", "--done", "--json", *at).json
    assert (one["login"], one["due"], one["days"]) == ("essai", False, 0)
    every = {one["login"]: one["due"] for one in run("users", "review", "--json", *at).json}
    assert every == {"essai": False, "autre": True}
    assert "jamais" in run("users", "review", *at).out
    run("users", "review", "personne", "--done", *at).refused("unknown-login")
    assert run("audit", "verify", "--json", *at).json["intact"] is True


def test_sources_of_an_account_are_replaced(run: Run, tmp_path: Path) -> None:
    at = ("--home", tmp_path / "home")
    run("users", "add", "essai", "--role", "national", *at)
    assert run("users", "sources", "essai", "--source", "bdf", "--source", "urssaf", *at).code == 0
    assert run("users", "list", "--json", *at).json[0]["sources"] == ["bdf", "urssaf"]
    assert run("users", "sources", "essai", "--none", *at).code == 0
    assert run("users", "list", "--json", *at).json[0]["sources"] == []
    assert run("users", "sources", "essai", *at).code == 2
    run("users", "sources", "essai", "--source", "insee", *at).refused("bad-account")
