"""Accounts, sign-in, sessions, keys: what opens, what closes, what is never kept in clear."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import inspect, select, text, update

from serving.access import lockout
from serving.access.accounts import (
    accept_notice,
    authenticate,
    create_login_link,
    create_user,
    deactivate_user,
    list_users,
    set_password,
    use_login_link,
)
from serving.access.audit import verify
from serving.access.errors import AccessError
from serving.access.keys import create_key, list_keys, principal_of_key, revoke_key
from serving.access.principal import Principal, Role, Scope, Territory
from serving.access.pseudonym import pseudonym, pseudonymise, siren_of
from serving.access.sessions import create_session, end_session, principal_of_session
from serving.state.models import ApiKey, LoginFailure, LoginLink, LoginSession, User
from serving.state.store import State
from tests.serving.refusals import PASSWORD, code_of


def everything_stored(state: State) -> str:
    if state.engine.dialect.name == "postgresql":
        with state.read() as session:
            tables = inspect(state.engine).get_table_names()
            rows = [session.scalars(text(f"SELECT t::text FROM {name} t")).all() for name in tables]
        return "".join(line for lines in rows for line in lines)
    folder = Path(state.engine.url.database or "").parent
    return "".join(f.read_bytes().decode("latin-1") for f in folder.glob("state.db*"))


class TestAccounts:
    def test_created_listed_deactivated(self, state: State) -> None:
        create_user(state, " Zoe@Exemple.fr ", name="Zoé", role="national")
        create_user(state, "amin", name="Amin", role="regional", regions=["32", "28"])
        assert [(u.login, str(u.territory)) for u in list_users(state)] == [
            ("amin", "région 28, 32"),
            ("zoe@exemple.fr", "France entière"),
        ]
        token = create_session(state, list_users(state)[0].id, hours=1)
        assert principal_of_session(state, token, idle_hours=1)
        deactivate_user(state, "amin")
        assert principal_of_session(state, token, idle_hours=1) is None
        assert [u.active for u in list_users(state)] == [False, True]

    @pytest.mark.parametrize(
        ("role", "regions", "departements"),
        [
            ("regional", (), ()),
            ("regional", ("32",), ("59",)),
            ("regional", ("33",), ()),
            ("departmental", (), ()),
            ("departmental", ("32",), ()),
            ("departmental", (), ("20",)),
            ("national", ("32",), ()),
            ("analyst", (), ("59",)),
            ("admin", ("32",), ()),
            ("tool", (), ()),
            ("chef", (), ()),
        ],
    )
    def test_role_and_territory_must_agree(
        self, state: State, role: str, regions: tuple[str, ...], departements: tuple[str, ...]
    ) -> None:
        def create() -> None:
            create_user(
                state, "x1", name="X", role=role, regions=regions, departements=departements
            )

        assert code_of(create) == "bad-account"
        assert list_users(state) == []

    def test_logins_are_unique_whatever_the_case(self, state: State) -> None:
        create_user(state, "nina", name="Nina", role="national")
        again = code_of(lambda: create_user(state, "NINA", name="N", role="national"))
        assert again == "login-taken"
        assert (
            code_of(lambda: create_user(state, "a b", name="N", role="national")) == "bad-account"
        )

    @pytest.mark.parametrize("name", ["N" * 201, "Ni\0na", "Nina\nFictive"])
    def test_a_name_fits_in_the_database(self, state: State, name: str) -> None:
        assert code_of(lambda: create_user(state, "nina", name=name, role="admin")) == "bad-account"
        assert code_of(lambda: create_key(state, name)) == "bad-account"
        create_user(state, "nina", name="Ni\u00a0" + "N" * 197, role="admin")
        assert [len(user.name) for user in list_users(state)] == [200]

    def test_unknown_login(self, state: State) -> None:
        assert code_of(lambda: deactivate_user(state, "personne")) == "unknown-login"

    def test_passwords_are_long_and_hashed(self, state: State) -> None:
        short = code_of(
            lambda: create_user(state, "nina", name="N", role="national", password="court")
        )
        assert short == "weak-password"
        create_user(state, "nina", name="N", role="national", password=PASSWORD)
        stored = everything_stored(state)
        assert "$argon2id$" in stored
        assert PASSWORD not in stored


class TestSignIn:
    def test_right_and_wrong_passwords(self, state: State) -> None:
        user = create_user(state, "nina", name="N", role="national", password=PASSWORD)
        assert authenticate(state, "Nina ", PASSWORD) == user.id
        assert code_of(lambda: authenticate(state, "nina", "autre chose")) == "bad-credentials"
        set_password(state, "nina", "quatre petits nuages gris")
        assert code_of(lambda: authenticate(state, "nina", PASSWORD)) == "bad-credentials"

    def test_who_has_no_password_or_is_closed_cannot_sign_in(self, state: State) -> None:
        create_user(state, "lien", name="L", role="national")
        create_user(state, "parti", name="P", role="national", password=PASSWORD)
        deactivate_user(state, "parti")
        for login in ("lien", "parti", "inconnue"):
            assert code_of(lambda: authenticate(state, login, PASSWORD)) == "bad-credentials"  # noqa: B023

    @pytest.mark.parametrize("login", ["nina", "inconnue"])
    def test_delays_grow_and_are_the_same_for_unknown_accounts(
        self, state: State, login: str
    ) -> None:
        create_user(state, "nina", name="N", role="national", password=PASSWORD)
        for _ in range(lockout.FREE_FAILURES):
            assert code_of(lambda: authenticate(state, login, "faux")) == "bad-credentials"
        waits = []
        for _ in range(3):
            with pytest.raises(AccessError) as caught:
                authenticate(state, login, PASSWORD)
            assert caught.value.code == "too-many-attempts"
            assert caught.value.retry_after is not None
            waits.append(caught.value.retry_after)
            self._end_delay(state)
            assert code_of(lambda: authenticate(state, login, "faux")) == "bad-credentials"
        assert waits[0] == pytest.approx(30, abs=2)
        assert waits[1] == pytest.approx(60, abs=2)
        assert waits[2] == pytest.approx(120, abs=2)

    @pytest.mark.parametrize("login", ["ni\0na", "x" * 5000, "\0"])
    def test_any_text_may_be_typed_as_a_login(self, state: State, login: str) -> None:
        create_user(state, "nina", name="N", role="national", password=PASSWORD)
        assert code_of(lambda: authenticate(state, login, PASSWORD)) == "bad-credentials"
        assert verify(state).intact

    def test_a_success_starts_afresh(self, state: State) -> None:
        user = create_user(state, "nina", name="N", role="national", password=PASSWORD)
        for _ in range(lockout.FREE_FAILURES - 1):
            code_of(lambda: authenticate(state, "nina", "faux"))
        assert authenticate(state, "nina", PASSWORD) == user.id
        with state.read() as session:
            assert session.scalars(select(LoginFailure)).all() == []

    def _end_delay(self, state: State) -> None:
        with state.write() as session:
            past = datetime.now(UTC) - timedelta(seconds=1)
            session.execute(update(LoginFailure).values(locked_until=past))


class TestLinks:
    def test_a_link_works_once(self, state: State) -> None:
        user = create_user(state, "nina", name="N", role="national")
        link = create_login_link(state, "nina", base_url="http://127.0.0.1:8123/")
        prefix = "http://127.0.0.1:8123/connexion/lien/"
        assert link.startswith(prefix)
        token = link.removeprefix(prefix)
        assert token not in everything_stored(state)
        assert use_login_link(state, token) == user.id
        assert code_of(lambda: use_login_link(state, token)) == "bad-login-link"

    def test_expired_unknown_or_of_a_closed_account(self, state: State) -> None:
        create_user(state, "nina", name="N", role="national")
        token = create_login_link(state, "nina").rsplit("/", 1)[1]
        with state.write() as session:
            session.execute(update(LoginLink).values(expires_at=datetime.now(UTC)))
        assert code_of(lambda: use_login_link(state, token)) == "bad-login-link"
        assert code_of(lambda: use_login_link(state, "n'importe quoi")) == "bad-login-link"
        other = create_login_link(state, "nina").rsplit("/", 1)[1]
        with state.write() as session:
            session.execute(update(User).values(active=False))
        assert code_of(lambda: use_login_link(state, other)) == "bad-login-link"


class TestSessions:
    def test_only_the_hash_of_the_token_is_kept(self, state: State) -> None:
        user = create_user(state, "nina", name="Nina", role="departmental", departements=["59"])
        token = create_session(state, user.id, hours=1)
        assert token not in everything_stored(state)
        principal = principal_of_session(state, token, idle_hours=1)
        assert principal is not None
        assert (principal.login, principal.role) == ("nina", Role.DEPARTMENTAL)
        assert principal.departements == {"59"}
        assert len(principal.csrf) == 40
        assert principal.csrf not in token
        end_session(state, token)
        assert principal_of_session(state, token, idle_hours=1) is None

    @pytest.mark.parametrize("column", ["expires_at", "last_seen_at"])
    def test_sessions_end(self, state: State, column: str) -> None:
        user = create_user(state, "nina", name="N", role="national")
        token = create_session(state, user.id, hours=12)
        with state.write() as session:
            past = datetime.now(UTC) - timedelta(hours=3)
            session.execute(update(LoginSession).values({column: past}))
        assert principal_of_session(state, token, idle_hours=2) is None

    def test_activity_is_noted(self, state: State) -> None:
        user = create_user(state, "nina", name="N", role="national")
        token = create_session(state, user.id, hours=12)
        earlier = datetime.now(UTC) - timedelta(minutes=90)
        with state.write() as session:
            session.execute(update(LoginSession).values(last_seen_at=earlier))
        assert principal_of_session(state, token, idle_hours=2)
        with state.read() as session:
            seen = session.scalars(select(LoginSession)).one().last_seen_at
        assert datetime.now(UTC) - seen < timedelta(seconds=30)

    def test_the_notice_is_due_at_first_and_every_three_months(self, state: State) -> None:
        user = create_user(state, "nina", name="N", role="national")
        token = create_session(state, user.id, hours=1)

        def now() -> Principal:
            found = principal_of_session(state, token, idle_hours=1)
            assert found is not None
            return found

        assert now().notice_due
        accept_notice(state, now())
        assert not now().notice_due
        with state.write() as session:
            past = datetime.now(UTC) - timedelta(days=93)
            session.execute(update(User).values(notice_accepted_at=past))
        assert now().notice_due

    def test_a_limited_role_that_lost_its_territory_sees_nothing(self, state: State) -> None:
        user = create_user(state, "nina", name="N", role="regional", regions=["32"])
        token = create_session(state, user.id, hours=1)
        with state.write() as session:
            session.execute(update(User).values(regions=[]))
        principal = principal_of_session(state, token, idle_hours=1)
        assert principal is not None
        assert not principal.territory.national
        assert not principal.may_open("59", "32")


class TestKeys:
    def test_a_key_is_shown_once_and_kept_as_a_hash(self, state: State) -> None:
        new = create_key(state, "outil", scopes=["read:scores"], regions=["53"], days=30)
        assert new.secret.startswith(f"vess_{new.info.prefix}_")
        assert new.secret.split("_", 2)[2] not in everything_stored(state)
        tool = principal_of_key(state, new.secret)
        assert (tool.role, tool.kind, tool.regions) == (Role.TOOL, "key", {"53"})
        assert list_keys(state)[0].last_used_at is not None
        assert list_keys(state)[0].usable

    def test_wrong_revoked_and_expired_keys(self, state: State) -> None:
        new = create_key(state, "outil")
        other = create_key(state, "autre")
        forged = new.secret[:-1] + ("A" if new.secret[-1] != "A" else "B")
        mixed = f"vess_{new.info.prefix}_{other.secret.split('_', 2)[2]}"
        for presented in (forged, mixed, "vess__", "", "bonjour", new.secret.replace("vess", "?")):
            assert code_of(lambda: principal_of_key(state, presented)) == "bad-key-presented"  # noqa: B023
        revoke_key(state, new.info.prefix)
        assert code_of(lambda: principal_of_key(state, new.secret)) == "key-revoked"
        with state.write() as session:
            session.execute(update(ApiKey).values(expires_at=datetime.now(UTC)))
        assert code_of(lambda: principal_of_key(state, other.secret)) == "key-expired"
        assert code_of(lambda: revoke_key(state, "00000000")) == "unknown-key"

    def test_a_key_must_make_sense(self, state: State) -> None:
        for act in (
            lambda: create_key(state, "outil", scopes=["write:everything"]),
            lambda: create_key(state, "outil", scopes=[]),
            lambda: create_key(state, "  "),
            lambda: create_key(state, "outil", days=0),
        ):
            assert code_of(act) == "bad-key"
        assert code_of(lambda: create_key(state, "outil", regions=["00"])) == "bad-account"
        assert list_keys(state) == []


class TestPrincipals:
    def principal(self, role: Role, *scopes: str) -> Principal:
        return Principal("1", "user", "N", "n", role, Territory.NATIONAL, frozenset(scopes))

    def test_who_has_lists(self) -> None:
        for role in (Role.NATIONAL, Role.REGIONAL, Role.DEPARTMENTAL, Role.ANALYST):
            self.principal(role).require_lists()
        self.principal(Role.TOOL, Scope.READ_SCORES).require_lists()
        assert code_of(self.principal(Role.ADMIN).require_lists) == "role-has-no-lists"
        assert code_of(self.principal(Role.TOOL, "read:metrics").require_lists) == "missing-scope"

    def test_reading_scores_implies_reading_the_catalogue(self) -> None:
        self.principal(Role.TOOL, Scope.READ_SCORES).require_scope(Scope.READ_CATALOGUE)

        def other_way() -> None:
            self.principal(Role.TOOL, Scope.READ_CATALOGUE).require_scope(Scope.READ_SCORES)

        assert code_of(other_way) == "missing-scope"

    def test_a_structure_of_unknown_place_is_inside_the_country_only(self) -> None:
        assert Territory.NATIONAL.contains(None, None)
        assert not Territory.of(regions=["32"]).contains(None, None)


@given(
    number=st.integers(min_value=0, max_value=999_999_999), key=st.binary(min_size=32, max_size=32)
)
def test_pseudonyms_go_back_with_the_key(number: int, key: bytes) -> None:
    hidden = pseudonym(f"{number:09d}", key)
    assert siren_of(hidden, key) == f"{number:09d}"
    assert siren_of(hidden.lower(), key) == f"{number:09d}"


def test_pseudonyms_depend_on_the_key_and_hide_what_names(
    fictitious_siren: Callable[[int], str],
) -> None:
    sirens = [fictitious_siren(n) for n in range(500)]
    ours = [pseudonym(s, b"a" * 32) for s in sirens]
    assert len(set(ours)) == 500
    assert not set(ours) & {pseudonym(s, b"b" * 32) for s in sirens}
    row = {"siren": sirens[0], "name": "Les Relais", "commune": "59350", "region": "32"}
    shown = pseudonymise(row, b"a" * 32)
    assert shown == {
        "siren": None,
        "name": None,
        "commune": None,
        "region": "32",
        "pseudonym": ours[0],
    }
    assert siren_of("990000001", b"a" * 32) is None
    assert siren_of("P-UUUUUU", b"a" * 32) is None
