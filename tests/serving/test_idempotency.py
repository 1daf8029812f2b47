"""Writes that are repeated: one effect for one key, on both databases, whoever hurries."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, update

from serving.access.audit import append, verify
from serving.state.cell_models import KeptAnswer
from serving.state.idempotency import KEPT, Answer, IdempotencyError, once
from serving.state.models import AuditEntry

if TYPE_CHECKING:
    from serving.state import State

CALLERS = 5


def do(state: State, *, who: str = "nina", key: str = "k1", digest: str = "a") -> tuple[str, bool]:
    """Write one line of audit, once for one key."""
    with state.write() as session:

        def act() -> Answer:
            number = append(session, state.secret, actor=who, action="alert.create")
            return Answer(201, f"ligne {number}", {"ETag": '"1"'})

        answer, replayed = once(session, who, key, digest, act)
        assert (answer.status, dict(answer.headers)) == (201, {"ETag": '"1"'})
        return answer.content, replayed


def lines(state: State) -> int:
    with state.read() as session:
        return session.scalar(select(func.count()).select_from(AuditEntry)) or 0


def test_the_second_time_gives_the_first_answer_and_does_nothing(state: State) -> None:
    assert do(state) == ("ligne 1", False)
    assert do(state) == ("ligne 1", True)
    assert lines(state) == 1
    assert verify(state).intact


def test_another_request_under_the_same_key_is_refused(state: State) -> None:
    do(state)
    with pytest.raises(IdempotencyError) as caught:
        do(state, digest="b")
    assert (caught.value.code, caught.value.status) == ("idempotency-key-reused", 409)
    assert lines(state) == 1


def test_the_key_of_another_caller_is_another_key(state: State) -> None:
    assert do(state) == ("ligne 1", False)
    assert do(state, who="omar", digest="b") == ("ligne 2", False)


def test_an_effect_that_fails_keeps_no_answer(state: State) -> None:
    def half_done() -> None:
        with state.write() as session:

            def act() -> Answer:
                append(session, state.secret, actor="nina", action="alert.create")
                raise ZeroDivisionError

            once(session, "nina", "k1", "a", act)

    with pytest.raises(ZeroDivisionError):
        half_done()
    assert lines(state) == 0
    assert do(state) == ("ligne 1", False)


def test_an_answer_is_kept_a_day_at_least_and_then_forgotten(state: State) -> None:
    assert timedelta(hours=24) <= KEPT
    do(state)
    with state.write() as session:
        session.execute(update(KeptAnswer).values(expires_at=datetime.now(UTC)))
    assert do(state, digest="b") == ("ligne 2", False)
    with state.read() as session:
        assert session.scalars(select(KeptAnswer.digest)).all() == ["b"]


def test_the_same_key_at_the_same_moment_has_one_effect(state: State) -> None:
    start = Barrier(CALLERS)

    def call(_number: int) -> tuple[str, bool]:
        start.wait()
        return do(state)

    with ThreadPoolExecutor(CALLERS) as threads:
        found = list(threads.map(call, range(CALLERS)))
    assert sorted(found) == [("ligne 1", False), *[("ligne 1", True)] * (CALLERS - 1)]
    assert lines(state) == 1
