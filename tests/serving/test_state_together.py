"""Several writers and readers of the state at once: the same promises on both databases."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from serving.access.accounts import create_login_link, create_user, use_login_link
from serving.access.audit import record, verify
from serving.access.errors import AccessError
from serving.access.lockout import count_failure
from serving.state import State, open_state, store
from serving.state.models import AuditHead, LoginFailure

#: as many as the connections that are kept open
CALLERS = 5


def _work(home: Path, url: str | None, number: int) -> None:
    """Write 2 x 15 lines from one process, by two threads that share its connections."""
    state = open_state(home, url)

    def write(thread: int) -> None:
        for turn in range(15):
            subject = {"thread": thread, "turn": turn}
            record(state, actor=f"poste{number}", action="list.view", subject=subject)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(write, range(2)))
    state.close()


def test_workers_start_and_write_together(tmp_path: Path, database_url: str | None) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(target=_work, args=(tmp_path, database_url, number)) for number in range(3)
    ]
    for worker in workers:
        worker.start()
    state = open_state(tmp_path, database_url)
    reports = [verify(state)]
    while any(worker.is_alive() for worker in workers):
        reports.append(verify(state))
    for worker in workers:
        worker.join()
    reports.append(verify(state))
    state.close()
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    # Whoever verifies while others write finds nothing wrong either.
    assert {(report.intact, report.problem) for report in reports} == {(True, "")}
    assert reports[-1].entries == 90


def together(state: State, act: Callable[[], object]) -> Counter[str]:
    """Call `act` from several threads at the same moment; count what each one got."""
    start = Barrier(CALLERS)

    def call(_number: int) -> str:
        with state.read() as session:
            session.get(AuditHead, 1)
            start.wait()  # everyone has a connection at hand
        try:
            act()
        except AccessError as error:
            return error.code
        return "done"

    with ThreadPoolExecutor(CALLERS) as threads:
        return Counter(threads.map(call, range(CALLERS)))


def test_a_link_opens_one_session_whoever_hurries(state: State) -> None:
    create_user(state, "nina", name="Nina Fictive", role="national")
    token = create_login_link(state, "nina").rsplit("/", 1)[1]
    found = together(state, lambda: use_login_link(state, token))
    assert found == {"done": 1, "bad-login-link": CALLERS - 1}


def test_a_login_is_given_once(state: State) -> None:
    found = together(
        state, lambda: create_user(state, "nina", name="Nina Fictive", role="national")
    )
    assert found == {"done": 1, "login-taken": CALLERS - 1}


def test_every_failed_sign_in_counts(state: State) -> None:
    assert together(state, lambda: count_failure(state, "nina")) == {"done": CALLERS}
    with state.read() as session:
        assert session.scalars(select(LoginFailure.failures)).all() == [CALLERS]


def test_a_reading_sees_one_moment(state: State) -> None:
    record(state, actor="nina", action="list.view")
    with state.read() as session:
        before = session.scalar(select(AuditHead.count))
        record(state, actor="nina", action="list.view")
        assert session.scalar(select(AuditHead.count)) == before
    assert verify(state).entries == 2


def test_who_waits_too_long_is_told(
    tmp_path: Path, database_url: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_BUSY_MILLISECONDS", 100)
    state = open_state(tmp_path, database_url)
    with state.write() as session:
        session.get(AuditHead, 1)
        with pytest.raises(OperationalError, match="lock"):
            record(state, actor="nina", action="list.view")
    record(state, actor="nina", action="list.view")
    assert verify(state).entries == 1
    state.close()
