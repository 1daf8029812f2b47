"""A publication tells its subscribers; what becomes of the messages never touches it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from data.lake import Lake
from serving.cell.digest import send
from serving.publication import Publication, publication_ids
from serving.state import open_state
from tests.serving.webhook_receiver import Receiver, receiver
from tests.veille.conftest import Run
from tests.veille.test_alerts import raised
from veille import announcing
from veille.alerts import send as send_alerts
from veille.settings import load_settings

SCORE = ("score", "--as-of", "2024-12-31", "--json", "--home")


@pytest.fixture
def hook(own_home: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A webhook that subscribed to the lists of a home."""
    monkeypatch.setenv("VEILLE_INSECURE", "true")
    with receiver() as found:
        run("digest", "subscribe", "--webhook", found.url, "--home", own_home)
        yield found


def test_a_publication_tells_its_subscribers_once(own_home: Path, run: Run, hook: Receiver) -> None:
    found = run(*SCORE, own_home).json
    assert found["digest"] == {"asked": True, "sent": 1, "left": 0, "why": None}
    (call,) = hook.calls
    assert found["publication"].encode() in call.body
    again = run(*SCORE, own_home).json
    assert again["digest"]["sent"] == 0
    assert len(hook.calls) == 1


def test_nobody_is_told_without_a_subscription_nor_when_asked_not_to(
    own_home: Path, run: Run, hook: Receiver
) -> None:
    assert "digest" not in run(*SCORE, own_home, "--no-digest").json
    for one in run("digest", "list", "--home", own_home, "--json").json:
        assert run("digest", "unsubscribe", one["subscription"], "--home", own_home).code == 0
    assert "digest" not in run(*SCORE, own_home).json
    assert hook.calls == []


def test_a_failure_to_send_leaves_the_publication_and_is_taken_up(
    own_home: Path, run: Run, hook: Receiver
) -> None:
    hook.answers = [(503, {})]
    found = run(*SCORE, own_home)
    assert found.json["digest"] == {
        "asked": True,
        "sent": 0,
        "left": 1,
        "why": "réponse 503 du webhook",
    }
    assert len(hook.calls) == 1  # no second attempt while someone waits for the command
    assert Publication.load(own_home, "failure").id == found.json["publication"]
    assert run("digest", "send", "--home", own_home).code == 0
    assert len(hook.calls) == 2


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("VEILLE_SMTP_HOST", "courriel.invalid", "smtp-incomplete"),
        ("VEILLE_DATABASE_URL", "sqlite:////nulle/part/state.db", "state-unreachable"),
    ],
)
def test_settings_that_cannot_send_do_not_fail_the_publication(
    own_home: Path, run: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str, why: str
) -> None:
    monkeypatch.setenv(name, value)
    found = run(*SCORE[:3], "--home", own_home)
    assert found.code == 0
    assert "Publication " in found.out
    assert f"[{why}]" in found.err


def test_a_bug_does_not_fail_the_publication_either(
    own_home: Path, run: Run, hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("défaut")

    monkeypatch.setattr(send, "figures", broken)
    found = run(*SCORE, own_home).json
    assert found["digest"]["why"] == "erreur imprévue, RuntimeError"


def test_an_older_list_is_not_told(own_home: Path, hook: Receiver) -> None:
    settings = load_settings(home=own_home)
    older = "2020-12-31-0123456789ab"
    said = announcing.announce(settings, own_home, "failure", older)
    assert (said["asked"], said["sent"]) == (False, 0)
    assert "plus récente" in str(said["why"])
    assert hook.calls == []


def test_patience_bounds_how_many_are_told(
    own_home: Path, run: Run, hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("digest", "subscribe", "--webhook", hook.url + "/autre", "--home", own_home)
    settings = load_settings(home=own_home)
    (latest, *_) = reversed(publication_ids(own_home, "failure"))
    said = announcing.announce(settings, own_home, "failure", latest, patience=0.0)
    assert said["sent"] == len(hook.calls) == 1
    assert said["why"] == "plus de 0 secondes"
    # The place was given back, and the other one is still to be told.
    assert run("digest", "send", "--home", own_home).code == 0
    assert len(hook.calls) == 2


def test_the_state_and_the_lake_are_free_while_a_message_leaves(
    own_home: Path, hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alerts are raised and sent to the lake beside, during a slow delivery."""
    state, really = open_state(own_home), send.call
    seen: list[int] = []

    def slow(*given: object, **more: object) -> None:
        before = len(Lake(own_home).manifests())
        raised(state, "990000010")
        seen.extend([send_alerts(own_home, state).alerts, len(Lake(own_home).manifests()) - before])
        really(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(send, "call", slow)
    (latest, *_) = reversed(publication_ids(own_home, "failure"))
    said = announcing.announce(load_settings(home=own_home), own_home, "failure", latest)
    state.close()
    assert (said["sent"], seen) == (1, [1, 1]), said
