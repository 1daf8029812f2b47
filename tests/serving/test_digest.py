"""The digest: what it says, to whom, once; what is sent is read on a real server."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from itertools import accumulate
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import func, select, update

from data.errors import VeilleError
from serving.access.accounts import create_user, deactivate_user
from serving.access.audit import verify
from serving.access.identity import set_email
from serving.access.principal import Territory
from serving.cell.digest.destination import check_destination, origin
from serving.cell.digest.figures import SMALL, figures
from serving.cell.digest.mail import check_smtp
from serving.cell.digest.send import Told, send_digest, send_test
from serving.cell.digest.settings import DigestSettings, SmtpSettings
from serving.cell.digest.subscriptions import (
    find_recipient,
    recipients,
    subscribe_account,
    subscribe_webhook,
    unsubscribe,
)
from serving.publication import Publication, point_to, publication_ids
from serving.state import State, open_state
from serving.state.alone import alone
from serving.state.digest_models import DigestDelivery
from serving.state.models import AuditEntry, User
from tests.serving.conftest import Frames, make_frames
from tests.serving.mail_server import SENDER, mail_server, make_certificate
from tests.serving.servers import ROOT, wait
from tests.serving.webhook_receiver import Received, receiver

NORTH = Territory.of(["32"])


def two_lists(home: Path) -> tuple[Frames, Frames]:
    """Publish two lists of 240 structures; in the second, levels moved."""
    before = make_frames(240, as_of=date(2026, 3, 31), seed=1)
    after = make_frames(240, as_of=date(2026, 6, 30), seed=2)
    before.write(home)
    after.write(home)
    return before, after


def person(state: State, login: str, role: str = "regional", **territory: tuple[str, ...]) -> None:
    create_user(state, login, name="Personne fictive", role=role, **territory)
    set_email(state, login, f"{login}@cellule.invalid")


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(VeilleError) as caught:
        act()
    return caught.value.code


def sent(
    state: State, home: Path, settings: DigestSettings, *, dry_run: bool = False
) -> list[Told]:
    return list(send_digest(state, home, "failure", settings, dry_run=dry_run))


def quick(smtp: SmtpSettings | None = None, **more: int) -> DigestSettings:
    return DigestSettings(
        smtp=smtp, public_url="https://veille.invalid", insecure=True, first_wait=0.001, **more
    )


def independent_signature(secret: str, call: Received) -> str:
    key = base64.b64decode(secret.split("_")[1])
    words = (call.headers["webhook-id"], call.headers["webhook-timestamp"], call.body.decode())
    made = hmac.new(key, ".".join(words).encode(), hashlib.sha256).digest()
    return "v1," + base64.b64encode(made).decode()


def assert_names_nobody(frames: tuple[Frames, ...], *texts: str) -> None:
    for text in texts:
        bare = "".join(text.split())
        for each in frames:
            for row in each.scores.select("siren", "name").iter_rows():
                assert not any(str(word) in text for word in row), row
                assert row[0] not in bare


class TestFigures:
    def test_the_counts_are_those_of_the_two_lists(self, tmp_path: Path) -> None:
        before, after = two_lists(tmp_path)
        old, new = publication_ids(tmp_path, "failure")
        said = figures(
            Publication.load(tmp_path, "failure", new),
            Publication.load(tmp_path, "failure", old),
            NORTH,
        )

        def high(frames: Frames) -> set[str]:
            inside = frames.scores.filter(pl.col("region") == "32", pl.col("level") == "high")
            return set(inside["siren"])

        inside = after.scores.filter(pl.col("region") == "32")
        assert said.changes is not None
        assert said.changes.entered_high == len(high(after) - high(before)) >= SMALL
        assert said.changes.left_high == len(high(before) - high(after)) >= SMALL
        assert said.changes.levels["high"] == len(high(after)) - len(high(before))
        for level in ("high", "moderate", "low"):
            assert said.levels[level] == inside.filter(level=level).height
        p = inside["p_12m"].drop_nulls().to_list()
        law = [1.0]  # how many events, with which probability
        for one in p:
            law = [
                without * (1 - one) + with_it * one
                for without, with_it in zip([*law, 0.0], [0.0, *law], strict=True)
            ]
        reached = list(accumulate(law))
        assert said.expected_events == round(sum(p))
        assert said.expected_low == next(n for n, sum_ in enumerate(reached) if sum_ >= 0.05)
        assert said.expected_high == next(n for n, sum_ in enumerate(reached) if sum_ >= 0.95)

    def test_a_small_count_is_withheld_and_nothing_gives_it_back(self, tmp_path: Path) -> None:
        """10 structures: 8 low and 2 high, after 9 low and 1 high."""
        lists = []
        for month, high in ((3, 1), (6, 2)):
            frames = make_frames(10, as_of=date(2026, month, 28))
            levels = ["high"] * high + ["low"] * (10 - high)
            frames.scores = frames.scores.with_columns(level=pl.Series(levels), p_12m=pl.lit(0.01))
            lists.append(Publication.load(tmp_path, "failure", frames.write(tmp_path)))
        said = figures(lists[1], lists[0], Territory.NATIONAL)
        assert said.levels == {"high": None, "moderate": None, "low": 8, "unknown": None}
        assert (said.followed, said.expected_events) == (None, None)
        assert (said.expected_low, said.expected_high) == (None, None)
        assert said.changes is not None
        assert (said.changes.entered_high, said.changes.left_high) == (None, None)
        assert said.changes.levels == {"high": None, "moderate": None, "low": -1, "unknown": None}

    def test_the_change_of_the_high_ones_would_tell_a_small_number_of_exits(
        self, tmp_path: Path
    ) -> None:
        """20 high, then 28: 10 entered and 2 left; 28 - 20 = 10 - 2 would say the 2."""
        lists = []
        for month, high in ((3, range(20)), (6, range(2, 30))):
            frames = make_frames(60, as_of=date(2026, month, 28))
            levels = ["high" if n in high else "low" for n in range(60)]
            frames.scores = frames.scores.with_columns(
                level=pl.Series(levels), p_6m=pl.lit(0.01), p_12m=pl.lit(0.01), p_18m=pl.lit(0.01)
            )
            lists.append(Publication.load(tmp_path, "failure", frames.write(tmp_path)))
        said = figures(lists[1], lists[0], Territory.NATIONAL)
        assert said.changes is not None
        assert (said.changes.entered_high, said.changes.left_high) == (10, None)
        assert said.changes.levels["high"] is None
        assert said.levels["high"] == 28

    def test_the_first_list_has_nothing_to_compare(self, tmp_path: Path) -> None:
        frames = make_frames()
        publication = Publication.load(tmp_path, "failure", frames.write(tmp_path))
        assert figures(publication, None, NORTH).changes is None


class TestMail:
    def test_each_has_its_own_territory_once_and_nobody_is_named(
        self, state: State, tmp_path: Path
    ) -> None:
        frames = two_lists(tmp_path)
        person(state, "nord", regions=("32",))
        person(state, "rhone", "departmental", departements=("13",))
        person(state, "nina", "national")
        for login in ("nord", "rhone", "nina"):
            subscribe_account(state, login)
        with mail_server() as (box, smtp):
            first = sent(state, tmp_path, quick(smtp))
            again = sent(state, tmp_path, quick(smtp))
        assert [one.status for one in first] == ["sent"] * 3
        assert [one.status for one in again] == ["already"] * 3
        assert [one.message_id for one in again] == [one.message_id for one in first]
        assert len(box.messages) == 3
        assert box.recipients == [[f"{who}@cellule.invalid"] for who in ("nord", "rhone", "nina")]
        assert_names_nobody(frames, *box.texts, *(m.as_string() for m in box.messages))
        levels = frames[1].scores
        for text, place, inside in (
            (box.texts[0], "Hauts-de-France", levels.filter(region="32")),
            (box.texts[1], "Bouches-du-Rhône (13)", levels.filter(departement="13")),
            (box.texts[2], "France entière", levels),
        ):
            assert f"Territoire : {place}\n" in text
            assert f"Risque élevé : {inside.filter(level='high').height}\n" in text
            assert "https://veille.invalid/?target=failure" in text
            assert "DONNÉES SYNTHÉTIQUES" in text
        assert {m["from"] for m in box.messages} == {SENDER}
        assert {m["message-id"] for m in box.messages} == {
            f"<{one.message_id}@cellule.invalid>" for one in first
        }
        assert verify(state).intact

    def test_the_next_publication_is_told_and_the_former_is_not_told_again(
        self, state: State, tmp_path: Path
    ) -> None:
        two_lists(tmp_path)
        old, new = publication_ids(tmp_path, "failure")
        person(state, "nord", regions=("32",))
        subscribe_account(state, "nord")
        with mail_server() as (box, smtp):
            for publication in (old, new, old, new):
                point_to(tmp_path, "failure", publication)
                sent(state, tmp_path, quick(smtp))
        assert len(box.messages) == 2
        assert "première liste" in box.texts[0]
        assert "Entrées en risque élevé" in box.texts[1]

    def test_under_starttls_with_a_login(self, state: State, tmp_path: Path) -> None:
        two_lists(tmp_path)
        person(state, "nord", regions=("32",))
        subscribe_account(state, "nord")
        with mail_server("starttls", make_certificate(tmp_path)) as (box, smtp):
            wrong = replace(smtp, password="autre")
            (told,) = sent(state, tmp_path, quick(wrong, tries=1))
            assert (told.status, told.detail) == ("pending", "identification refusée (535)")
            assert box.messages == []
            assert [t.status for t in sent(state, tmp_path, quick(smtp))] == ["sent"]
        assert box.encrypted == [True]

    def test_a_certificate_that_nobody_vouches_for_is_refused(
        self, state: State, tmp_path: Path
    ) -> None:
        two_lists(tmp_path)
        person(state, "nord", regions=("32",))
        subscribe_account(state, "nord")
        certificate = make_certificate(tmp_path)
        for security in ("starttls", "tls"):
            with mail_server(security, certificate) as (box, smtp):
                stranger = replace(smtp, ca_file=None)
                (told,) = sent(state, tmp_path, quick(stranger, tries=1))
                assert told.status == "pending"
                assert "TLS" in told.detail
                assert box.messages == []
        with mail_server("tls", certificate) as (box, smtp):
            assert sent(state, tmp_path, quick(smtp))[0].status == "sent"
        assert box.encrypted == [True]

    def test_a_server_without_starttls_gets_nothing(self, state: State, tmp_path: Path) -> None:
        two_lists(tmp_path)
        person(state, "nord", regions=("32",))
        subscribe_account(state, "nord")
        with mail_server() as (box, smtp):
            clear = replace(smtp, security="starttls")
            assert sent(state, tmp_path, quick(clear, tries=1))[0].status == "pending"
        assert box.messages == []

    def test_nothing_leaves_in_clear_for_another_machine(self) -> None:
        elsewhere = SmtpSettings("courriel.invalid", SENDER, security="none")
        assert code_of(lambda: check_smtp(elsewhere)) == "smtp-insecure"
        check_smtp(replace(elsewhere, security="starttls"))

    def test_a_passing_refusal_is_tried_again_and_a_final_one_is_not(
        self, state: State, tmp_path: Path
    ) -> None:
        two_lists(tmp_path)
        for login in ("nord", "sud"):
            person(state, login, regions=("32",))
            subscribe_account(state, login)
        with mail_server() as (box, smtp):
            box.refusals += ["451 occupé", "451 occupé", "250 OK", "550 inconnu"]
            box.refusals[2:3] = []
            told = sent(state, tmp_path, quick(smtp, tries=2))
            assert [(t.status, t.attempts) for t in told] == [("pending", 2), ("given-up", 1)]
            told = sent(state, tmp_path, quick(smtp, tries=2))
            assert [(t.status, t.attempts) for t in told] == [("sent", 3), ("given-up", 1)]
        assert len(box.messages) == 1

    def test_who_may_not_or_cannot_receive(self, state: State, tmp_path: Path) -> None:
        two_lists(tmp_path)
        person(state, "admin", "admin")
        create_user(state, "muet", name="M", role="national")
        person(state, "parti", "national")
        for login in ("admin", "muet"):
            assert code_of(lambda login=login: subscribe_account(state, login)) == "not-a-recipient"
        assert code_of(lambda: subscribe_account(state, "personne")) == "unknown-login"
        for login in ("parti", "mute"):
            if login == "mute":
                person(state, login, "national")
            subscribe_account(state, login)
        deactivate_user(state, "parti")
        with state.write() as session:
            session.execute(update(User).where(User.login == "mute").values(role="admin"))
        with mail_server() as (box, smtp):
            told = sent(state, tmp_path, quick(smtp))
        assert [one.status for one in told] == ["held", "held"]
        assert box.messages == []

    def test_a_territory_that_changed_is_followed(self, state: State, tmp_path: Path) -> None:
        two_lists(tmp_path)
        person(state, "nord", regions=("32",))
        subscribe_account(state, "nord")
        with mail_server() as (box, smtp):
            box.refusals += ["451 occupé"]
            assert sent(state, tmp_path, quick(smtp, tries=1))[0].status == "pending"
            with state.write() as session:
                session.execute(update(User).values(regions=["93"]))
            # The message that waits counts a territory that is no longer theirs.
            assert sent(state, tmp_path, quick(smtp))[0].status == "given-up"
        assert box.messages == []

    def test_subscribing_again_does_not_tell_again(self, state: State, tmp_path: Path) -> None:
        two_lists(tmp_path)
        person(state, "nord", regions=("32",))
        first = subscribe_account(state, "nord")
        assert subscribe_account(state, "NORD ").id == first.id
        with mail_server() as (box, smtp):
            sent(state, tmp_path, quick(smtp))
            unsubscribe(state, "nord")
            assert recipients(state) == []
            assert sent(state, tmp_path, quick(smtp)) == []
            subscribe_account(state, "nord")
            assert [t.status for t in sent(state, tmp_path, quick(smtp))] == ["already"]
        assert len(box.messages) == 1
        assert code_of(lambda: unsubscribe(state, "personne")) == "unknown-subscription"

    def test_without_a_mail_server_nothing_is_lost(self, state: State, tmp_path: Path) -> None:
        two_lists(tmp_path)
        person(state, "nord", regions=("32",))
        subscribe_account(state, "nord")
        assert sent(state, tmp_path, quick())[0].status == "held"
        with mail_server() as (box, smtp):
            assert sent(state, tmp_path, quick(smtp))[0].status == "sent"
            send_test(state, find_recipient(state, "nord"), quick(smtp))
        assert [m["subject"].startswith("Veille ESS : essai") for m in box.messages] == [
            False,
            True,
        ]
        assert (
            code_of(lambda: send_test(state, find_recipient(state, "nord"), quick()))
            == "digest-not-sent"
        )


class TestWebhook:
    def test_it_is_signed_and_names_nobody(self, state: State, tmp_path: Path) -> None:
        frames = two_lists(tmp_path)
        with receiver() as hook:
            settings = quick()
            _, secret = subscribe_webhook(state, hook.url, settings, regions=["32"])
            (told,) = sent(state, tmp_path, settings)
            assert [one.status for one in sent(state, tmp_path, settings)] == ["already"]
        (call,) = hook.calls
        assert call.headers["webhook-id"] == told.message_id
        assert call.headers["webhook-signature"] == independent_signature(secret, call)
        assert call.headers["host"] == hook.url.split("/")[2]
        assert call.path == "/crochet/jeton-secret"
        said = json.loads(call.body)
        assert said["type"] == "digest.published"
        inside = frames[1].scores.filter(region="32", level="high")
        assert said["data"]["levels"]["high"] == inside.height
        assert said["data"]["regions"] == ["32"]
        assert said["data"]["list"] == "https://veille.invalid/?target=failure"
        assert_names_nobody(frames, call.body.decode())

    def test_it_fails_then_accepts_with_the_same_message(
        self, state: State, tmp_path: Path
    ) -> None:
        two_lists(tmp_path)
        with receiver() as hook:
            hook.answers += [(500, {}), (429, {"Retry-After": "0"}), (503, {})]
            subscribe_webhook(state, hook.url, quick())
            (told,) = sent(state, tmp_path, quick())
        assert (told.status, told.attempts) == ("sent", 4)
        assert len(hook.calls) == 4
        assert {call.headers["webhook-id"] for call in hook.calls} == {told.message_id}
        assert len({call.body for call in hook.calls}) == 1

    def test_attempts_are_bounded(self, state: State, tmp_path: Path) -> None:
        two_lists(tmp_path)
        with receiver() as hook:
            hook.answers += [(500, {})] * 50
            subscribe_webhook(state, hook.url, quick())
            settings = quick(tries=3, max_attempts=7)
            seen = [sent(state, tmp_path, settings)[0] for _ in range(5)]
        assert [(t.status, t.attempts) for t in seen] == [
            ("pending", 3),
            ("pending", 6),
            ("given-up", 7),
            ("given-up", 7),
            ("given-up", 7),
        ]
        assert len(hook.calls) == 7

    @pytest.mark.parametrize("answer", [(301, {"Location": "http://127.0.0.1:9/"}), (404, {})])
    def test_a_refusal_or_a_redirection_is_final(
        self, state: State, tmp_path: Path, answer: tuple[int, dict[str, str]]
    ) -> None:
        two_lists(tmp_path)
        with receiver() as hook:
            hook.answers += [answer]
            subscribe_webhook(state, hook.url, quick())
            assert [t.status for t in sent(state, tmp_path, quick())] == ["given-up"]
        assert len(hook.calls) == 1

    def test_a_long_wait_is_left_to_the_next_run(self, state: State, tmp_path: Path) -> None:
        two_lists(tmp_path)
        with receiver() as hook:
            hook.answers += [(503, {"Retry-After": "3600"})]
            subscribe_webhook(state, hook.url, quick())
            statuses = [sent(state, tmp_path, quick())[0].status for _ in range(2)]
        assert statuses == ["pending", "sent"]

    def test_a_new_subscription_has_another_secret(self, state: State) -> None:
        with receiver() as hook:
            first, secret = subscribe_webhook(state, hook.url, quick())
            assert (
                code_of(lambda: subscribe_webhook(state, hook.url, quick())) == "already-subscribed"
            )
            unsubscribe(state, first.id)
            assert subscribe_webhook(state, hook.url, quick())[1] != secret
        assert code_of(lambda: subscribe_webhook(state, hook.url, quick(), regions=["99"])) == (
            "bad-account"
        )

    @pytest.mark.parametrize(
        ("url", "code"),
        [
            ("http://exemple.invalid/x", "bad-webhook-url"),
            ("ftp://127.0.0.1/x", "bad-webhook-url"),
            ("https://qui:quoi@exemple.invalid/", "bad-webhook-url"),
            ("https:///x", "bad-webhook-url"),
            ("pas une adresse", "bad-webhook-url"),
            ("http://127.0.0.1/x", "bad-webhook-url"),
            ("http://localhost/x", "bad-webhook-url"),
            ("https://127.0.0.1/x", "private-webhook"),
            ("https://localhost/x", "private-webhook"),
            ("https://10.1.2.3/x", "private-webhook"),
            ("https://192.168.0.1/x", "private-webhook"),
            ("https://169.254.169.254/latest", "private-webhook"),
            ("https://100.64.0.1/x", "private-webhook"),
            ("https://224.0.0.1/x", "private-webhook"),
            ("https://0.0.0.0/x", "private-webhook"),
            ("https://2130706433/x", "private-webhook"),
            ("https://[::1]/x", "private-webhook"),
            ("https://[fd00::1]/x", "private-webhook"),
            ("https://[::ffff:10.0.0.1]/x", "private-webhook"),
            ("https://[2002:0a00:0001::]/x", "private-webhook"),
            ("https://[64:ff9b::10.0.0.1]/x", "private-webhook"),
            ("https://nulle-part.invalid/x", "unknown-host"),
        ],
    )
    def test_addresses_that_are_refused(self, url: str, code: str) -> None:
        assert code_of(lambda: check_destination(url, DigestSettings())) == code

    def test_addresses_that_are_taken(self) -> None:
        for url, settings in (
            ("https://1.1.1.1/x", DigestSettings()),
            ("https://10.1.2.3/x", DigestSettings(private_networks=True)),
            ("http://127.0.0.1:8000/x", DigestSettings(insecure=True)),
        ):
            (address,) = check_destination(url, settings).addresses
            assert address in url

    def test_an_address_that_turned_private_is_not_called(
        self, state: State, tmp_path: Path
    ) -> None:
        two_lists(tmp_path)
        with receiver() as hook:
            subscribe_webhook(state, hook.url, quick())
            strict = replace(quick(), insecure=False)
            (told,) = sent(state, tmp_path, strict)
        assert (told.status, hook.calls) == ("given-up", [])

    @pytest.mark.parametrize(
        ("name", "status"), [("localhost", "sent"), ("autre.invalid", "pending")]
    )
    def test_the_certificate_must_bear_the_name_although_its_address_is_called(
        self,
        state: State,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        name: str,
        status: str,
    ) -> None:
        two_lists(tmp_path)
        certificate = make_certificate(tmp_path, name)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        settings = replace(quick(tries=1), insecure=False, private_networks=True)
        with receiver(certificate) as hook:
            subscribe_webhook(state, hook.url, settings)
            (told,) = sent(state, tmp_path, settings)
        assert told.status == status
        hosts = [call.headers["host"] for call in hook.calls]
        assert hosts == ([hook.url.split("/")[2]] if status == "sent" else [])

    def test_only_the_origin_of_an_address_is_shown(self, state: State, tmp_path: Path) -> None:
        two_lists(tmp_path)
        with receiver() as hook:
            found, _ = subscribe_webhook(state, hook.url, quick())
            sent(state, tmp_path, quick())
            unsubscribe(state, found.id)
        assert found.name == origin(hook.url) == hook.url.rsplit("/", 2)[0]
        with state.read() as session:
            lines = session.scalars(select(AuditEntry)).all()
        assert len(lines) == 3
        assert all("jeton-secret" not in line.subject for line in lines)


class TestRuns:
    def test_a_sending_is_in_the_audit_log_with_counts_only(
        self, state: State, tmp_path: Path
    ) -> None:
        frames = two_lists(tmp_path)
        person(state, "nord", regions=("32",))
        subscribe_account(state, "nord")
        with mail_server() as (_, smtp):
            (told,) = sent(state, tmp_path, quick(smtp))
        with state.read() as session:
            (line,) = session.scalars(select(AuditEntry).where(AuditEntry.action == "digest.send"))
        subject = json.loads(line.subject)
        assert line.publication_id == publication_ids(tmp_path, "failure")[-1]
        assert (subject["recipient"], subject["message"]) == ("nord", told.message_id)
        assert told.figures is not None
        assert subject["figures"]["levels"] == told.figures.levels
        assert "@" not in line.subject
        assert_names_nobody(frames, line.subject)

    def test_a_dry_run_writes_and_sends_nothing(self, state: State, tmp_path: Path) -> None:
        two_lists(tmp_path)
        person(state, "nord", regions=("32",))
        subscribe_account(state, "nord")
        entries = verify(state).entries
        with mail_server() as (box, smtp):
            (told,) = sent(state, tmp_path, quick(smtp), dry_run=True)
            assert told.status == "dry-run"
            assert told.figures is not None
            assert (box.messages, verify(state).entries) == ([], entries)
            with state.read() as session:
                assert session.scalar(select(func.count()).select_from(DigestDelivery)) == 0
            assert sent(state, tmp_path, quick(smtp))[0].figures == told.figures

    def test_two_runs_at_once_do_not_send_twice(self, state: State, tmp_path: Path) -> None:
        two_lists(tmp_path)
        person(state, "nord", regions=("32",))
        subscribe_account(state, "nord")
        other = open_state(tmp_path, state.engine.url.render_as_string(hide_password=False))
        with mail_server() as (box, smtp):
            with alone(other, tmp_path, "digest") as mine:
                assert mine
                assert code_of(lambda: sent(state, tmp_path, quick(smtp))) == "digest-running"
            assert [t.status for t in sent(state, tmp_path, quick(smtp))] == ["sent"]
        assert len(box.messages) == 1
        other.close()

    def test_a_killed_run_is_taken_up_by_the_next_one(self, state: State, tmp_path: Path) -> None:
        """Killed while the second recipient's webhook is failing."""
        two_lists(tmp_path)
        with receiver() as good, receiver() as bad:
            subscribe_webhook(state, good.url, quick(), regions=["32"])
            subscribe_webhook(state, bad.url, quick(), regions=["93"])
            bad.answers += [(500, {})]
            address = state.engine.url.render_as_string(hide_password=False)
            process = subprocess.Popen(
                [sys.executable, "-c", SEND, str(tmp_path), address], cwd=ROOT
            )
            wait(lambda: bad.calls)
            os.kill(process.pid, signal.SIGKILL)
            process.wait(30)
            told = sent(state, tmp_path, quick())
        assert [one.status for one in told] == ["already", "sent"]
        assert [len(hook.calls) for hook in (good, bad)] == [1, 2]
        assert len({call.headers["webhook-id"] for call in bad.calls}) == 1
        assert len({call.body for call in bad.calls}) == 1
        assert told[1].attempts == 2

    def test_without_a_publication_it_says_so(self, state: State, tmp_path: Path) -> None:
        assert code_of(lambda: sent(state, tmp_path, quick())) == "no-publication"


SEND = """
import sys
from pathlib import Path
from serving.cell.digest.send import send_digest
from serving.cell.digest.settings import DigestSettings
from serving.state import open_state
home = Path(sys.argv[1])
settings = DigestSettings(
    insecure=True, first_wait=60.0, public_url="https://veille.invalid"
)
list(send_digest(open_state(home, sys.argv[2]), home, "failure", settings))
"""
