"""The demonstration: the second run reuses the first, another France or real facts are refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from data.errors import VeilleError
from data.lake import Lake
from tests.veille.conftest import STRUCTURES, Run
from veille import demo, line


def test_a_second_demonstration_reuses_everything(run: Run, made: Path) -> None:
    home = made / "home"
    first = json.loads((made / "made.json").read_text("utf-8"))
    assert set(first) == {"publications", "link", "synthetic"}
    assert set(first["publications"]) == {"failure", "funding_loss"}
    before = [m["model"] for m in run("models", "--home", home, "--json").json]
    options = ("--structures", STRUCTURES, "--no-serve", "--home", home)
    second = run("demo", *options, "--json").json
    # An evaluation made meanwhile is shown with the list, hence part of it: compare two reruns.
    third = run("demo", *options, "--json").json
    assert third["publications"] == second["publications"]
    assert set(second["publications"]) == set(first["publications"])
    assert second["link"] != first["link"]  # a link is for one use
    assert [m["model"] for m in run("models", "--home", home, "--json").json] == before
    assert len(Lake(home).manifests()) == 1


@pytest.mark.parametrize(("structures", "seed"), [(STRUCTURES + 1, 1), (STRUCTURES, 2)])
def test_another_france_is_never_added_to_the_first(
    demo_home: Path, structures: int, seed: int
) -> None:
    before = Lake(demo_home).hash()
    with pytest.raises(VeilleError) as caught:
        demo.facts(demo_home, structures, seed)
    assert caught.value.code == "home-not-empty"
    assert Lake(demo_home).hash() == before


def test_a_home_of_real_facts_is_never_mixed(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "nomAttribuant;idAttribuant;dateConvention;nomBeneficiaire;idBeneficiaire;objet;montant\n"
        "Ville des Brumes;;2023-03-22;Atelier;99000000800015;Aide;100\n",
        "utf-8",
    )
    home = tmp_path / "home"
    line.ingest(home, "scdl", [path])
    with pytest.raises(VeilleError) as caught:
        demo.facts(home, STRUCTURES, 1)
    assert caught.value.code == "home-not-empty"
    assert Lake(home).sources() == {"scdl"}
    assert not (home / "oracle").exists()


def test_facts_killed_before_the_lake_are_made_again(tmp_path: Path, demo_home: Path) -> None:
    """The oracle and its declaration are there, the facts are not: nothing is skipped."""
    (tmp_path / "oracle").mkdir()
    declared = (demo_home / demo.DECLARATION).read_text("utf-8")
    (tmp_path / demo.DECLARATION).write_text(declared, "utf-8")
    demo.facts(tmp_path, STRUCTURES, 1)
    assert Lake(tmp_path).hash() == Lake(demo_home).hash()
