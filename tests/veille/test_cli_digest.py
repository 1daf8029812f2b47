"""`veille digest` and `veille brief` as they are typed."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from tests.serving.conftest import Frames, make_frames
from tests.serving.mail_server import mail_server
from tests.serving.webhook_receiver import receiver
from tests.veille.conftest import Run


@pytest.fixture
def lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Frames:
    """Two lists under the home of the commands, one account with an address."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VEILLE_HOME", str(tmp_path / "var"))
    make_frames(240, as_of=date(2026, 3, 31), seed=1).write(tmp_path / "var")
    frames = make_frames(240, as_of=date(2026, 6, 30), seed=2)
    frames.write(tmp_path / "var")
    return frames


@pytest.fixture
def person(lists: Frames, run: Run) -> str:
    assert run("users", "add", "nord", "--role", "regional", "--region", "32").code == 0
    assert run("users", "email", "nord", "nord@cellule.invalid").code == 0
    return "nord"


def test_from_the_subscription_to_the_message(
    run: Run, person: str, lists: Frames, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "nord, région 32" in run("digest", "subscribe", person).out
    shown = run("digest", "send", "--dry-run")
    assert (shown.code, "Territoire : Hauts-de-France" in shown.out) == (0, True)
    untold = run("digest", "send")
    assert untold.code == 1
    assert "[digest-incomplete]" in untold.err
    assert "aucun serveur de courriel" in untold.err
    with mail_server() as (box, smtp):
        for name, value in (
            ("HOST", smtp.host),
            ("PORT", str(smtp.port)),
            ("SECURITY", "none"),
            ("SENDER", smtp.sender),
        ):
            monkeypatch.setenv(f"VEILLE_SMTP_{name}", value)
        first = run("digest", "send", "--json").json
        again = run("digest", "send", "--json").json
        assert run("digest", "test", person).code == 0
    assert [m["status"] for m in first["messages"] + again["messages"]] == ["sent", "already"]
    inside = lists.scores.filter(region="32", level="high").height
    assert first["messages"][0]["figures"]["levels"]["high"] == inside
    assert len(box.messages) == 2
    (listed,) = run("digest", "list", "--json").json
    assert (listed["recipient"], listed["last_status"]) == ("nord", "sent")
    assert run("digest", "unsubscribe", person).code == 0
    assert run("digest", "list", "--json").json == []
    assert run("digest", "send", "--json").json["messages"] == []


def test_a_webhook_and_its_secret(run: Run, lists: Frames, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver() as hook:
        run("digest", "subscribe", "--webhook", hook.url).refused("bad-webhook-url")
        monkeypatch.setenv("VEILLE_INSECURE", "true")
        made = run("digest", "subscribe", "--webhook", hook.url, "--region", "32", "--json").json
        assert made["secret"].startswith("whsec_")
        assert run("digest", "send").code == 0
    assert len(hook.calls) == 1
    listed = run("digest", "list")
    assert made["secret"] not in listed.out
    assert "jeton-secret" not in listed.out


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nord", "--webhook", "https://exemple.invalid/"),
        ("nord", "--region", "32"),
    ],
)
def test_a_subscription_is_an_account_or_a_webhook(
    run: Run, person: str, arguments: tuple[str, ...]
) -> None:
    assert run("digest", "subscribe", *arguments).code == 2


@pytest.mark.parametrize("wrong", [{"SENDER": ""}, {"LOGIN": "qui"}, {"PASSWORD": "secret-fictif"}])
def test_a_mail_server_set_by_half_is_refused(
    run: Run, lists: Frames, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, str]
) -> None:
    given = {"HOST": "courriel.invalid", "SENDER": "veille@cellule.invalid"} | wrong
    for name, value in given.items():
        monkeypatch.setenv(f"VEILLE_SMTP_{name}", value)
    assert "secret-fictif" not in run("digest", "send").refused("smtp-incomplete")


def test_a_brief_for_its_reader(run: Run, person: str, lists: Frames, tmp_path: Path) -> None:
    made = run("brief", "--as", person, "--output", tmp_path / "n.html", "--json").json
    text = (tmp_path / "n.html").read_text("utf-8")
    assert (made["title"], made["nominative"]) == ("Hauts-de-France", True)
    assert "<h1>Hauts-de-France</h1>" in text
    assert (tmp_path / "n.html").stat().st_mode & 0o077 == 0
    elsewhere = lists.scores.filter(lists.scores["region"] != "32")["siren"]
    bare = re.sub(r"\s", "", text)
    assert not [code for code in elsewhere if code in bare]
    assert run("brief", "--as", person, "--output", tmp_path / "n.pdf").code == 0
    assert (tmp_path / "n.pdf").read_bytes().startswith(b"%PDF-")
    run("brief", "--as", person, "--region", "93").refused("outside-territory")
    run("brief", "--as", "personne").refused("unknown-login")
    run("brief", "--as", person, "--output", tmp_path / "rien" / "n.html").refused(
        "brief-unwritable"
    )
    assert run("brief", "--as", person, "--output", "n.docx").code == 2
    assert run("users", "close", person).code == 0
    run("brief", "--as", person).refused("closed-account")
    assert not (tmp_path / "note.pdf").exists()
