"""Who had which role: written down, never written over, undone one promotion at a time."""

from __future__ import annotations

import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from models.promotions import Promotion, standing
from models.registry import Registry
from models.risk_model import RiskModel
from models.run_tags import RunType, checkout, environment
from models.spec import ModelError

NAME = "veille-failure"


@pytest.fixture
def registry(tmp_path: Path, model: RiskModel) -> Registry:
    """Return a registry with four versions of one run, none with a role."""
    registry = Registry(tmp_path)
    run = registry.log_run(
        model, name="essai", params={}, metrics={}, tags={"note": "n"}, run_type=RunType.SEARCH
    )
    for _ in range(4):
        registry.register(run)
    return registry


def champion(registry: Registry) -> str:
    (found,) = [m.version for m in registry.list_models() if "champion" in m.aliases]
    return found


def test_rollback_undoes_the_last_promotion_that_counts(registry: Registry) -> None:
    for version in ("1", "2", "3"):
        registry.promote(NAME, version, note=f"essai {version}")
    assert registry.rollback(NAME, "alertes absurdes").version == champion(registry) == "2"
    assert registry.rollback(NAME).version == champion(registry) == "1"
    registry.promote(NAME, "4")
    assert registry.rollback(NAME).version == champion(registry) == "1"
    with pytest.raises(ModelError) as error:
        registry.rollback(NAME)
    assert error.value.code == "no-previous-champion"
    assert champion(registry) == "1"
    lines = registry.promotions(NAME)
    assert [(p.kind, p.version) for p in lines] == [
        ("promote", "1"),
        ("promote", "2"),
        ("promote", "3"),
        ("rollback", "2"),
        ("rollback", "1"),
        ("promote", "4"),
        ("rollback", "1"),
    ]
    assert (lines[2].note, lines[3].note) == ("essai 3", "alertes absurdes")
    times = [datetime.fromisoformat(p.at) for p in lines]
    assert times == sorted(times)
    assert all(t.utcoffset() == timedelta(0) for t in times)


def test_a_challenger_is_written_down_and_never_rolled_back_to(registry: Registry) -> None:
    registry.promote(NAME, "1")
    registry.promote(NAME, "2", "challenger")
    with pytest.raises(ModelError) as error:
        registry.rollback(NAME)
    assert error.value.code == "no-previous-champion"
    assert [(p.alias, p.version) for p in registry.promotions(NAME)] == [
        ("champion", "1"),
        ("challenger", "2"),
    ]


def test_promoting_the_champion_again_changes_nothing(registry: Registry) -> None:
    for version in ("1", "2", "2"):
        registry.promote(NAME, version)
    assert len(registry.promotions(NAME)) == 2
    assert registry.rollback(NAME).version == "1"


def test_a_role_given_elsewhere_is_found_and_can_be_gone_back_to(registry: Registry) -> None:
    registry._client.set_registered_model_alias(NAME, "champion", "3")
    registry.promote(NAME, "4")
    assert [(p.kind, p.version) for p in registry.promotions(NAME)] == [
        ("found", "3"),
        ("promote", "4"),
    ]
    assert registry.rollback(NAME).version == champion(registry) == "3"


def test_without_a_champion_there_is_nothing_to_undo(registry: Registry) -> None:
    with pytest.raises(ModelError) as error:
        registry.rollback(NAME)
    assert error.value.code == "no-previous-champion"
    assert registry.promotions(NAME) == []


def test_only_the_lines_of_a_role_count_for_it() -> None:
    lines = [
        Promotion("champion", "1", "promote", "", ""),
        Promotion("challenger", "9", "promote", "", ""),
        Promotion("champion", "2", "promote", "", ""),
        Promotion("champion", "1", "rollback", "", ""),
    ]
    assert standing(lines, "champion") == ["1"]
    assert standing(lines, "challenger") == ["9"]


def test_a_run_says_why_it_ran_and_what_made_it(registry: Registry) -> None:
    tags = registry.find("essai").tags
    assert (tags["run_type"], tags["note"]) == ("search", "n")
    assert {"python", "lightgbm", "polars", "platform"} <= set(tags)
    assert ("git_sha" in tags) != ("package_version" in tags)
    assert environment().items() <= tags.items()


def test_the_commit_is_that_of_the_folder_itself(tmp_path: Path) -> None:
    def git(*words: str) -> str:
        who = ("-c", "user.name=essai", "-c", "user.email=essai@exemple.fr")
        done = subprocess.run(
            ["git", "-C", str(tmp_path), *who, *words], check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    inside = tmp_path / "inside"
    inside.mkdir()
    assert checkout(tmp_path) is None
    git("init", "-q")
    (tmp_path / "a.txt").write_text("un")
    git("add", "a.txt")
    git("commit", "-q", "-m", "un")
    sha = git("rev-parse", "HEAD")
    assert checkout(tmp_path) == {"git_sha": sha, "git_modified": "false"}
    (tmp_path / "a.txt").write_text("deux")
    assert checkout(tmp_path) == {"git_sha": sha, "git_modified": "true"}
    assert checkout(inside) is None
