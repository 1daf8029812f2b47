"""Keys that replace others, review of rights, how many requests one may make."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import inspect, select, update

from serving.access.accounts import (
    authenticate,
    create_login_link,
    create_user,
    deactivate_user,
    list_users,
    use_login_link,
)
from serving.access.errors import AccessError
from serving.access.keys import create_key, list_keys, principal_of_key, revoke_key, rotate_key
from serving.access.rate_limit import RateLimit
from serving.access.review import REVIEW_DAYS, mark_reviewed, review, set_sources
from serving.app import create_app
from serving.settings import ServingSettings
from serving.state import State, open_state, store
from serving.state.models import ApiKey, AuditEntry, User
from tests.serving.conftest import House, make_frames
from tests.serving.refusals import PASSWORD, code_of


def actions(state: State) -> list[tuple[str, str]]:
    with state.read() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.seq))
        return [(entry.action, entry.subject) for entry in entries]


class TestRotation:
    def test_both_keys_serve_during_the_grace(self, state: State) -> None:
        asked = {"scopes": ["read:scores"], "regions": ["53"], "sources": ["bdf"]}
        former = create_key(state, "outil", days=300, **asked)
        new = rotate_key(state, former.info.prefix, grace_days=7, days=100)
        assert new.secret != former.secret
        for secret in (former.secret, new.secret):
            tool = principal_of_key(state, secret)
            assert (tool.name, tool.regions, tool.sources) == ("outil", {"53"}, {"bdf"})
        listed = {key.prefix: key for key in list_keys(state)}
        old, young = listed[former.info.prefix], listed[new.info.prefix]
        assert (old.standing, old.replaced_by, young.standing) == (
            "replaced",
            young.prefix,
            "valid",
        )
        now = datetime.now(UTC)
        assert old.expires_at - now == pytest.approx(timedelta(days=7), abs=timedelta(minutes=1))
        assert young.expires_at - now == pytest.approx(
            timedelta(days=100), abs=timedelta(minutes=1)
        )
        action, subject = actions(state)[-1]
        assert action == "key.rotate"
        assert old.prefix in subject
        assert young.prefix in subject
        assert new.secret.split("_", 2)[2] not in subject

    def test_the_former_key_ends_with_the_grace(self, state: State) -> None:
        former = create_key(state, "outil")
        new = rotate_key(state, former.info.prefix, grace_days=0)
        assert code_of(lambda: principal_of_key(state, former.secret)) == "key-expired"
        assert principal_of_key(state, new.secret).name == "outil"

    def test_a_grace_never_lengthens_a_key(self, state: State) -> None:
        former = create_key(state, "outil", days=2)
        rotate_key(state, former.info.prefix, grace_days=30)
        left = {k.prefix: k for k in list_keys(state)}[former.info.prefix]
        assert left.expires_at == former.info.expires_at

    def test_what_cannot_be_replaced(self, state: State) -> None:
        former = create_key(state, "outil")
        prefix = former.info.prefix
        assert code_of(lambda: rotate_key(state, "00000000")) == "unknown-key"
        assert code_of(lambda: rotate_key(state, prefix, days=0)) == "bad-key"
        rotate_key(state, prefix)
        assert code_of(lambda: rotate_key(state, prefix)) == "key-not-rotatable"
        revoke_key(state, prefix)
        assert code_of(lambda: rotate_key(state, prefix)) == "key-not-rotatable"
        assert len(list_keys(state)) == 2

    def test_the_end_of_a_key_is_announced(self, state: State) -> None:
        create_key(state, "bientôt", days=29)
        create_key(state, "plus tard", days=31)
        late = create_key(state, "échue")
        gone = create_key(state, "révoquée")
        revoke_key(state, gone.info.prefix)
        with state.write() as session:
            mine = update(ApiKey).where(ApiKey.prefix == late.info.prefix)
            session.execute(mine.values(expires_at=datetime.now(UTC)))
        assert {key.name: key.standing for key in list_keys(state)} == {
            "bientôt": "expires-soon",
            "plus tard": "valid",
            "échue": "expired",
            "révoquée": "revoked",
        }


class TestReview:
    def test_it_says_who_signed_in_and_what_is_due(self, state: State) -> None:
        create_user(state, "nina", name="N", role="national", password=PASSWORD)
        create_user(state, "lien", name="L", role="regional", regions=["32"])
        create_user(state, "jamais", name="J", role="analyst")
        create_user(state, "parti", name="P", role="national")
        authenticate(state, "nina", PASSWORD)
        code_of(lambda: authenticate(state, "jamais", "faux"))
        use_login_link(state, create_login_link(state, "lien").rsplit("/", 1)[1])
        create_login_link(state, "jamais")
        deactivate_user(state, "parti")
        found = {one.account.login: one for one in review(state)}
        for login in ("nina", "lien"):
            seen = found[login].last_sign_in
            assert seen is not None
            assert datetime.now(UTC) - seen < timedelta(minutes=1)
        assert found["jamais"].last_sign_in is None
        assert {login for login, one in found.items() if one.due} == {"nina", "lien", "jamais"}

    def test_a_review_holds_six_months_and_is_logged(self, state: State) -> None:
        create_user(state, "nina", name="N", role="national")
        create_user(state, "zoe", name="Z", role="national")
        mark_reviewed(state, ["Nina "])
        assert {one.account.login: one.due for one in review(state)} == {"nina": False, "zoe": True}
        assert next(a for a in actions(state) if a[0] == "user.review")[1].count("nina") == 1
        for days, due in ((REVIEW_DAYS - 1, False), (REVIEW_DAYS + 1, True)):
            past = datetime.now(UTC) - timedelta(days=days)
            with state.write() as session:
                session.execute(update(User).where(User.login == "nina").values(reviewed_at=past))
            (nina,) = review(state, ["nina"])
            assert (nina.due, nina.days) == (due, days)

    def test_an_unknown_account_stops_the_review_before_any_mark(self, state: State) -> None:
        create_user(state, "nina", name="N", role="national")
        assert code_of(lambda: mark_reviewed(state, ["nina", "personne"])) == "unknown-login"
        assert review(state, ["nina"])[0].reviewed_at is None

    def test_rights_on_sources_are_replaced_and_logged(self, state: State) -> None:
        create_user(state, "nina", name="N", role="national", sources=["urssaf"])
        set_sources(state, "nina", ["bdf", "dgfip"])
        assert list_users(state)[0].sources == ("bdf", "dgfip")
        assert code_of(lambda: set_sources(state, "nina", ["insee"])) == "bad-account"
        assert '"before": ["urssaf"]' in dict(actions(state))["user.sources"]


def taken(limit: RateLimit, who: str = "a") -> tuple[int, int]:
    """Return what is left to `who` after one more request, and how long it must wait."""
    allowance = limit.take(who)
    assert allowance is not None
    return allowance.remaining, allowance.wait


class TestRateLimit:
    def test_a_burst_then_the_rate(self) -> None:
        now = [1_000.0]
        limit = RateLimit(60, 3, clock=lambda: now[0])
        assert [taken(limit) for _ in range(4)] == [(2, 0), (1, 0), (0, 0), (0, 1)]
        refused = limit.take("a")
        assert refused is not None
        with pytest.raises(AccessError) as caught:
            refused.require()
        said = (caught.value.code, caught.value.status, caught.value.retry_after)
        assert said == ("rate-limited", 429, 1)
        assert refused.reset == 3
        now[0] += 1.0
        assert [taken(limit) for _ in range(2)] == [(0, 0), (0, 1)]
        now[0] += 3_600
        assert [taken(limit) for _ in range(4)] == [(2, 0), (1, 0), (0, 0), (0, 1)]

    def test_a_refused_request_costs_nothing(self) -> None:
        now = [0.0]
        limit = RateLimit(60, 1, clock=lambda: now[0])
        assert [taken(limit) for _ in range(50)] == [(0, 0), *[(0, 1)] * 49]
        now[0] += 1.0
        assert taken(limit) == (0, 0)

    def test_each_has_its_own(self) -> None:
        limit = RateLimit(60, 1, clock=lambda: 0.0)
        assert [taken(limit, who) for who in "aab"] == [(0, 0), (0, 1), (0, 0)]

    def test_zero_is_no_limit(self) -> None:
        limit = RateLimit(0, 1)
        assert [limit.take("a") for _ in range(1_000)] == [None] * 1_000

    def test_through_the_application(self, tmp_path: Path) -> None:
        frames = make_frames(20)
        publication = frames.write(tmp_path)
        app = create_app(ServingSettings(tmp_path, rate_per_minute=1, rate_burst=2))
        house = House(tmp_path, app, publication, frames)
        tool, person = house.tool(), house.person("national")
        answers = [tool.get("/api/v1/indicators") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert answers[0].headers["ratelimit-policy"] == '"requests";q=1;w=60'
        assert [a.headers["ratelimit"].split(";")[1] for a in answers] == ["r=1", "r=0", "r=0"]
        problem = answers[2].json()
        assert (problem["code"], problem["status"]) == ("rate-limited", 429)
        assert 0 < int(answers[2].headers["retry-after"]) <= 61
        pages = [person.get("/aide").status_code for _ in range(3)]
        assert pages == [200, 200, 429]
        assert house.anonymous().get("/health/live").status_code == 200
        app.state.services.state.close()


def test_a_state_of_the_revision_before_keeps_its_accounts_and_keys(tmp_path: Path) -> None:
    first = open_state(tmp_path)
    create_user(first, "nina", name="N", role="national")
    made = create_key(first, "outil")
    first.close()
    again = open_state(tmp_path)
    config = Config()
    config.set_main_option("script_location", str(Path(store.__file__).parent / "migrations"))
    with again.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0002")
        assert "sources" not in {c["name"] for c in inspect(connection).get_columns("users")}
    again.close()
    migrated = open_state(tmp_path)
    assert [(user.login, user.sources) for user in list_users(migrated)] == [("nina", ())]
    assert principal_of_key(migrated, made.secret).sources == frozenset()
    migrated.close()
