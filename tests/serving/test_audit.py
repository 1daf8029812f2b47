"""The audit log: whoever changes, removes, adds or cuts lines is found out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text

from serving.access.audit import record, verify
from serving.state.store import State


def fill(state: State, lines: int = 8) -> None:
    for number in range(lines):
        record(state, actor="nina", action="list.view", subject={"page": number}, reason="suivi")


def break_in(state: State, *statements: str) -> None:
    """Change the database as someone who owns it could: without its triggers."""
    drops = {
        "sqlite": ["DROP TRIGGER audit_no_update", "DROP TRIGGER audit_no_delete"],
        "postgresql": ["ALTER TABLE audit DISABLE TRIGGER ALL"],
    }
    with state.write() as session:
        for drop in drops[state.engine.dialect.name]:
            session.execute(text(drop))
        for statement in statements:
            session.execute(text(statement))


def test_an_untouched_log_holds(state: State) -> None:
    assert verify(state).intact
    fill(state)
    report = verify(state)
    assert (report.entries, report.intact, report.broken_at) == (8, True, None)
    assert len(report.head) == 64
    fill(state, 1)
    assert verify(state).head != report.head


def test_any_text_may_be_given_as_a_reason(state: State) -> None:
    record(state, actor="n" * 300, action="structure.break_glass", reason="appel\0 du 3 « été » 🙂")
    with state.read() as session:
        found = session.execute(text("SELECT length(actor_name), reason FROM audit")).one()
    assert tuple(found) == (200, "appel\ufffd du 3 « été » 🙂")
    assert verify(state).intact


@pytest.mark.parametrize(
    ("statement", "broken_at"),
    [
        ("UPDATE audit SET actor_name = 'paul' WHERE seq = 3", 3),
        ("UPDATE audit SET subject = '{}' WHERE seq = 8", 8),
        ("UPDATE audit SET at = '2020-01-01T00:00:00+00:00' WHERE seq = 1", 1),
        ("UPDATE audit SET reason = '' WHERE seq = 5", 5),
        ("UPDATE audit SET hash = 'x' WHERE seq = 4", 4),
        ("DELETE FROM audit WHERE seq = 4", 4),
        ("DELETE FROM audit WHERE seq = 1", 1),
        ("DELETE FROM audit WHERE seq > 6", 7),
        ("DELETE FROM audit", 1),
        ("UPDATE audit_head SET count = 0, hash = '', seal = ''", 9),
        ("UPDATE audit_head SET seal = hash", 9),
        ("DELETE FROM audit_head", 9),
    ],
)
def test_tampering_is_found(state: State, statement: str, broken_at: int) -> None:
    fill(state)
    break_in(state, statement)
    report = verify(state)
    assert not report.intact
    assert report.broken_at == broken_at
    assert report.problem


def test_cutting_the_end_and_moving_the_mark_is_found(state: State) -> None:
    fill(state)
    break_in(
        state,
        "DELETE FROM audit WHERE seq > 6",
        "UPDATE audit_head SET count = 6, hash = (SELECT hash FROM audit WHERE seq = 6)",
    )
    report = verify(state)
    assert not report.intact
    assert "sceau" in report.problem


def test_a_line_put_in_with_a_plain_hash_is_found(state: State) -> None:
    fill(state, 2)
    break_in(
        state,
        "INSERT INTO audit SELECT 3, at, actor_kind, actor_id, 'paul', role, action, "
        "publication_id, subject, reason, request_id, address, hash, "
        "'00' || substr(hash, 3) FROM audit WHERE seq = 2",
        "UPDATE audit_head SET count = 3",
    )
    assert verify(state).broken_at == 3


def test_a_log_longer_than_one_reading(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.access.audit._PAGE", 3)
    fill(state, 9)
    assert verify(state).entries == 9
    break_in(state, "UPDATE audit SET action = 'rien' WHERE seq = 9")
    assert verify(state).broken_at == 9


def test_another_secret_does_not_hold(
    state: State, monkeypatch: pytest.MonkeyPatch, fictitious_siren: Callable[[int], str]
) -> None:
    record(state, actor="nina", action="structure.view", subject={"sirens": [fictitious_siren(1)]})
    monkeypatch.setattr(state, "secret", b"autre secret")
    assert verify(state).broken_at == 1
