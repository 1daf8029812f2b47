"""Sign-in by a provider that signs as ProConnect does, and that can be told to lie."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import select, update

from serving.access.accounts import create_user, deactivate_user, find_user, list_users
from serving.access.audit import verify
from serving.access.errors import AccessError
from serving.access.identity import set_email
from serving.access.oidc import attempts
from serving.access.oidc.wire import ACCESS_FILTER
from serving.access.web_session import LOCAL_COOKIE
from serving.settings import OidcSettings
from serving.state.models import AuditEntry, LoginSession, OidcAttempt
from tests.serving.conftest import House
from tests.serving.oidc_people import EMAIL, HOST, Person, free_port, oidc_house, running
from tests.serving.oidc_provider import CLIENT_ID, CLIENT_SECRET

Tell = Callable[..., None]
CONTACT = "la cellule fictive"


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    port = free_port()
    program = str(Path(__file__).with_name("oidc_provider.py"))
    with running([program, str(port)], port) as address:
        yield address


@pytest.fixture
def tell(provider: str) -> Tell:
    def told(**how: object) -> None:
        httpx.post(f"{provider}/told", content=json.dumps(how)).raise_for_status()

    told()
    return told


def settings(
    issuer: str, *, label: str = "ProConnect", email_trusted: bool = False
) -> OidcSettings:
    return OidcSettings(
        issuer,
        CLIENT_ID,
        CLIENT_SECRET,
        public_url=HOST,
        label=label,
        email_trusted=email_trusted,
        contact=CONTACT,
    )


@pytest.fixture
def house(tmp_path: Path, provider: str, tell: Tell) -> Iterator[House]:
    made = oidc_house(tmp_path, settings(provider))
    yield made
    made.state.close()


def sign_in(person: Person, suite: str = "/") -> httpx.Response:
    """Go the whole way: button, provider, return."""
    sent = httpx.get(person.leave(suite))
    assert sent.status_code == 302, sent.text
    return person.come_back(sent.headers["location"])


def lines(house: House, action: str) -> list[AuditEntry]:
    with house.state.read() as session:
        return list(session.scalars(select(AuditEntry).where(AuditEntry.action == action)))


def refused(house: House, answer: httpx.Response, status: int, code: str) -> None:
    """Assert a French page with this code, no session, and the line of the log."""
    assert (answer.status_code, code in answer.text) == (status, True), answer.text
    assert "À faire" in answer.text
    assert LOCAL_COOKIE not in answer.cookies
    with house.state.read() as session:
        assert session.scalars(select(LoginSession)).all() == []
    said = [json.loads(line.subject) for line in lines(house, "login.refused")]
    assert said[-1] == {"by": "oidc", "code": code}
    assert lines(house, "login.oidc") == []
    assert verify(house.state).intact


def test_signed_userinfo_opens_the_account_and_its_subject_is_kept(house: House) -> None:
    person = Person(house)
    answer = sign_in(person, suite="/aide")
    assert (answer.status_code, answer.headers["location"]) == (303, "/aide")
    assert person.get("/aide").status_code == 200
    assert find_user(house.state, "camille").linked
    (line,) = lines(house, "login.oidc")
    assert (line.actor_name, json.loads(line.subject)) == ("camille", {"first": True})
    assert EMAIL not in line.subject + line.actor_name + line.reason


def test_what_leaves_holds_pkce_and_long_unforeseeable_words(house: House, provider: str) -> None:
    first, second = (parse_qs(urlsplit(Person(house).leave()).query) for _ in range(2))
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name][0]) >= 32
        assert first[name] != second[name]
    assert first["code_challenge_method"] == ["S256"]
    assert first["response_type"] == ["code"]
    assert first["redirect_uri"] == [f"{HOST}/connexion/oidc/retour"]
    assert first["scope"] == ["openid email"]


def test_other_ways_that_standards_allow(house: House, tell: Tell) -> None:
    for way in (
        {"userinfo": {"plain": True}},
        {"id_token": {"alg": "ES256"}, "userinfo": {"alg": "ES256"}},
        {"id_token": {"claims": {"aud": [CLIENT_ID]}}},
    ):
        tell(**way)
        assert sign_in(Person(house)).status_code == 303, way


def test_the_secret_may_go_in_the_body(tmp_path: Path, provider: str, tell: Tell) -> None:
    tell(auth_method="client_secret_post")
    made = oidc_house(tmp_path, settings(provider))
    assert sign_in(Person(made)).status_code == 303
    made.state.close()


def test_new_keys_are_read_once_and_the_description_is_kept(
    house: House, tell: Tell, provider: str
) -> None:
    assert sign_in(Person(house)).status_code == 303
    tell(rotate=True)
    assert sign_in(Person(house)).status_code == 303
    assert httpx.get(f"{provider}/calls").json()["jwks"] == 1
    assert "openid-configuration" not in httpx.get(f"{provider}/calls").json()


def test_an_unknown_key_is_looked_for_once(house: House, tell: Tell, provider: str) -> None:
    warm = Person(house)
    warm.leave()
    tell(id_token={"kid": "inconnue"})
    refused(house, sign_in(Person(house)), 403, "oidc-bad-token")
    assert httpx.get(f"{provider}/calls").json()["jwks"] == 2  # the first reading, then once more


HOUR = 3600
#: case -> why it is refused, and what the provider is told
FORGED: dict[str, tuple[str, dict[str, Any]]] = {
    "another nonce": ("invalid_claim nonce", {"id_token": {"claims": {"nonce": "x" * 43}}}),
    "no nonce": ("missing_claim nonce", {"id_token": {"without": ["nonce"]}}),
    "expired": ("expired_token exp", {"id_token": {"claims": {"exp": int(time.time()) - HOUR}}}),
    "never expires": ("missing_claim exp", {"id_token": {"without": ["exp"]}}),
    "expires at nothing": ("invalid_claim exp", {"id_token": {"claims": {"exp": "jamais"}}}),
    "issued tomorrow": (
        "invalid_claim iat",
        {"id_token": {"claims": {"iat": int(time.time()) + 24 * HOUR}}},
    ),
    "another audience": ("invalid_claim aud", {"id_token": {"claims": {"aud": "autre-service"}}}),
    "ours among others, for another": (
        "invalid_claim azp",
        {"id_token": {"claims": {"aud": [CLIENT_ID, "autre"], "azp": "autre"}}},
    ),
    "another issuer": (
        "invalid_claim iss",
        {"id_token": {"claims": {"iss": "https://ailleurs.invalid"}}},
    ),
    "no issuer": ("missing_claim iss", {"id_token": {"without": ["iss"]}}),
    "no subject": ("missing_claim sub", {"id_token": {"without": ["sub"]}}),
    "a subject that is no text": ("invalid_claim sub", {"id_token": {"claims": {"sub": 12}}}),
    "an empty subject": ("invalid_claim sub", {"id_token": {"claims": {"sub": ""}}}),
    "a subject with a control": ("sub", {"id_token": {"claims": {"sub": "a\x00b"}}}),
    "a subject without end": ("sub", {"id_token": {"claims": {"sub": "a" * 256}}}),
    "another access token": (
        "invalid_claim at_hash",
        {"id_token": {"claims": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}}},
    ),
    "alg none": ("unsupported_algorithm", {"id_token": {"alg": "none"}}),
    "the public key as a shared one": ("unsupported_algorithm", {"id_token": {"alg": "HS256"}}),
    "another's key": ("bad_signature", {"id_token": {"stranger": True}}),
    "changed after the signature": ("bad_signature", {"id_token": {"altered": True}}),
    "no key named, of several": ("invalid_key_id", {"id_token": {"no_kid": True}}),
    "not a token": ("decode_error", {"id_token": {"text": "a.b.c"}}),
    "no text at all": ("TypeError", {"id_token": {"text": None}}),
    "userinfo of another": ("autre sub", {"userinfo": {"claims": {"sub": "sujet-2"}}}),
    "plain userinfo of another": (
        "autre sub",
        {"userinfo": {"plain": True, "claims": {"sub": "sujet-2"}}},
    ),
    "userinfo without a subject": ("missing_claim sub", {"userinfo": {"without": ["sub"]}}),
    "userinfo for another service": (
        "invalid_claim aud",
        {"userinfo": {"claims": {"aud": "autre-service"}}},
    ),
    "userinfo of another issuer": (
        "invalid_claim iss",
        {"userinfo": {"claims": {"iss": "https://ailleurs.invalid"}}},
    ),
    "userinfo expired": (
        "expired_token exp",
        {"userinfo": {"claims": {"exp": int(time.time()) - HOUR}}},
    ),
    "userinfo alg none": ("unsupported_algorithm", {"userinfo": {"alg": "none"}}),
    "userinfo by another's key": ("bad_signature", {"userinfo": {"stranger": True}}),
}


@pytest.mark.parametrize("case", FORGED)
def test_what_is_not_authentic_opens_nothing(
    house: House, tell: Tell, case: str, caplog: pytest.LogCaptureFixture
) -> None:
    cause, how = FORGED[case]
    tell(**how)
    refused(house, sign_in(Person(house)), 403, "oidc-bad-token")
    said = [record.getMessage() for record in caplog.records if record.name.startswith("veille")]
    assert len(said) == 1
    assert cause in said[0]
    assert not find_user(house.state, "camille").linked


def back_of(person: Person) -> str:
    return str(httpx.get(person.leave()).headers["location"])


def test_a_forged_or_missing_state_is_refused(house: House) -> None:
    person = Person(house)
    address = back_of(person)
    state = parse_qs(urlsplit(address).query)["state"][0]
    refused(house, person.come_back(address.replace(state, "x" * 43)), 400, "oidc-bad-state")
    refused(house, person.get("/connexion/oidc/retour?code=abc"), 400, "oidc-bad-state")
    refused(house, person.get("/connexion/oidc/retour"), 400, "oidc-bad-state")


def test_the_return_of_another_browser_is_refused(house: House) -> None:
    address = back_of(Person(house))
    refused(house, Person(house).come_back(address), 400, "oidc-bad-state")
    other = Person(house)
    other.leave()
    refused(house, other.come_back(back_of(Person(house))), 400, "oidc-bad-state")


def test_a_return_serves_once(house: House) -> None:
    person = Person(house)
    address = back_of(person)
    kept = dict(person.cookies)
    assert person.come_back(address).status_code == 303
    again = Person(house)
    again.cookies = kept
    answer = again.come_back(address)
    assert (answer.status_code, "oidc-bad-state" in answer.text) == (400, True)


def test_of_several_returns_at_once_one_opens(house: House) -> None:
    made = attempts.start(house.state, attempts.SIGN_IN)

    def finish(_: int) -> str:
        try:
            attempts.finish(
                house.state, attempts.SIGN_IN, presented=made.state, browser=made.browser
            )
        except AccessError as error:
            return error.code
        return "opened"

    with ThreadPoolExecutor(6) as threads:
        said = sorted(threads.map(finish, range(6)))
    assert said == ["oidc-bad-state"] * 5 + ["opened"]


def test_a_return_too_late_is_refused(house: House) -> None:
    person = Person(house)
    address = back_of(person)
    with house.state.write() as session:
        past = datetime.now(UTC) - timedelta(seconds=1)
        session.execute(update(OidcAttempt).values(expires_at=past))
    refused(house, person.come_back(address), 400, "oidc-bad-state")


def test_the_state_of_a_sign_out_opens_nothing(house: House) -> None:
    person = Person(house)
    sign_in(person)
    state = parse_qs(urlsplit(signed_out_address(person)).query)["state"][0]
    refused_answer = person.get(f"/connexion/oidc/retour?state={state}&code=x")
    assert refused_answer.status_code == 400


@pytest.mark.parametrize(
    ("told", "status", "code"),
    [
        ({"error": "access_denied"}, 403, "oidc-refused"),
        ({"error": "<b>n'importe quoi</b>"}, 403, "oidc-refused"),
        ({"error": "temporarily_unavailable"}, 503, "oidc-unavailable"),
        ({"code": ""}, 403, "oidc-refused"),
        ({"code": "inconnu"}, 400, "oidc-bad-code"),
        ({"iss": "https://ailleurs.invalid"}, 400, "oidc-other-issuer"),
    ],
)
def test_the_answers_of_a_provider_that_refuses(
    house: House, tell: Tell, told: dict[str, str], status: int, code: str
) -> None:
    tell(authorize=told)
    answer = sign_in(Person(house))
    refused(house, answer, status, code)
    assert "<b>n" not in answer.text
    assert ("Retry-After" in answer.headers) == (status == 503)


@pytest.mark.parametrize(
    "how",
    [
        {"down": ["token"]},
        {"down": ["jwks"]},
        {"down": ["userinfo"]},
        {"token": {"status": 401, "body": {"error": "invalid_client"}}},
        {"token": {"status": 500, "body": {}}},
        {"token": {"status": 200, "body": ["surprise"]}},
        {"token": {"status": 400, "body": {"error": ["surprise"]}}},
    ],
)
def test_a_provider_in_trouble_is_a_503_that_says_when(
    house: House, tell: Tell, how: dict[str, Any]
) -> None:
    tell(**how)
    answer = sign_in(Person(house))
    refused(house, answer, 503, "oidc-unavailable")
    assert answer.headers["Retry-After"] == "60"
    assert "Réessayez dans une minute" in answer.text


@pytest.mark.parametrize(
    "how",
    [
        {"down": ["openid-configuration"]},
        {"description": {"issuer": "https://ailleurs.invalid"}},
        {"description": {"token_endpoint": "http://ailleurs.invalid/token"}},
        {"description": {"jwks_uri": None}},
        {"description": {"end_session_endpoint": "https://ailleurs.invalid/\r\nX: 1"}},
    ],
)
def test_a_description_that_cannot_be_followed_sends_nobody_anywhere(
    house: House, tell: Tell, how: dict[str, Any]
) -> None:
    tell(**how)
    answer = Person(house).get("/connexion/oidc")
    refused(house, answer, 503, "oidc-unavailable")
    assert answer.headers["Retry-After"] == "60"
    tell()
    assert sign_in(Person(house)).status_code == 303


def test_a_provider_that_is_not_there_leaves_the_passwords(tmp_path: Path) -> None:
    made = oidc_house(tmp_path, settings(f"http://127.0.0.1:{free_port()}"))
    answer = Person(made).get("/connexion/oidc")
    assert answer.status_code == 503
    assert "oidc-unavailable" in answer.text
    assert Person(made).get("/connexion").status_code == 200
    made.state.close()


@pytest.mark.parametrize(
    "person",
    [
        {"email": "inconnue@exemple.invalid"},
        {"email_verified": False},
        {"email_verified": "true"},
        {"email": None},
        {"email": ["camille@exemple.invalid"]},
        {"email": "camille@e\u212aemple.invalid"},
    ],
)
def test_who_has_no_account_is_told_whom_to_ask(
    house: House, tell: Tell, person: dict[str, Any]
) -> None:
    tell(person=person)
    answer = sign_in(Person(house))
    refused(house, answer, 403, "oidc-unknown-account")
    assert CONTACT in answer.text
    assert [account.login for account in list_users(house.state)] == ["camille"]
    assert not find_user(house.state, "camille").linked


def test_a_closed_account_opens_nothing(house: House) -> None:
    deactivate_user(house.state, "camille")
    refused(house, sign_in(Person(house)), 403, "oidc-unknown-account")


def test_the_subject_counts_and_no_longer_the_address(house: House, tell: Tell) -> None:
    create_user(house.state, "sacha", name="Sacha", role="national")
    set_email(house.state, "sacha", "sacha@exemple.invalid")
    assert sign_in(Person(house)).status_code == 303

    # Camille now bears Sacha's address at the provider: still Camille's account.
    tell(person={"email": "sacha@exemple.invalid"})
    assert sign_in(Person(house)).status_code == 303
    assert lines(house, "login.oidc")[-1].actor_name == "camille"
    assert not find_user(house.state, "sacha").linked

    # Somebody else is given Camille's former address: nothing opens.
    tell(person={"sub": "sujet-2"})
    answer = sign_in(Person(house))
    assert (answer.status_code, "oidc-unknown-account" in answer.text) == (403, True)

    # The administration gives the account a new start.
    set_email(house.state, "camille", EMAIL)
    assert sign_in(Person(house)).status_code == 303
    assert json.loads(lines(house, "login.oidc")[-1].subject) == {"first": True}


def test_unsaid_verification_counts_only_when_the_administration_says_so(
    tmp_path: Path, provider: str, tell: Tell
) -> None:
    tell(userinfo={"without": ["email_verified"]})
    for trusted, status in ((False, 403), (True, 303)):
        made = oidc_house(tmp_path / str(trusted), settings(provider, email_trusted=trusted))
        assert sign_in(Person(made)).status_code == status
        made.state.close()


@pytest.mark.parametrize(
    "suite", ["https://ailleurs.invalid/", "//ailleurs.invalid", "/%5Cailleurs.invalid", "/%0A/"]
)
def test_the_way_back_never_leads_elsewhere(house: House, suite: str) -> None:
    person = Person(house)
    assert sign_in(person, suite=suite).headers["location"] == "/"
    assert person.get(f"/connexion/oidc?suite={suite}").headers["location"] == "/"


def signed_out_address(person: Person) -> str:
    """Sign out; return the address at the provider."""
    page = person.get("/aide")
    token = page.text.split('name="csrf" value="')[1].split('"')[0]
    answer = person.request("POST", "/deconnexion", data={"csrf": token})
    assert answer.status_code == 200, answer.text
    assert "Vous êtes déconnecté" in answer.text
    return answer.headers["refresh"].removeprefix("0; url=")


def test_signing_out_closes_here_then_at_the_provider(house: House, provider: str) -> None:
    person = Person(house)
    sign_in(person)
    address = signed_out_address(person)
    assert address.startswith(f"{provider}/session/end?")
    asked = parse_qs(urlsplit(address).query)
    assert len(asked["id_token_hint"][0].split(".")) == 3
    assert asked["post_logout_redirect_uri"] == [f"{HOST}/deconnexion/retour"]
    assert LOCAL_COOKIE not in person.cookies
    with house.state.read() as session:
        assert session.scalars(select(LoginSession)).all() == []

    forged = person.get("/deconnexion/retour?state=" + "x" * 43)
    assert (forged.status_code, "oidc-bad-state" in forged.text) == (400, True)
    state = asked["state"][0]
    assert person.get(f"/deconnexion/retour?state={state}").headers["location"] == "/connexion"
    assert person.get(f"/deconnexion/retour?state={state}").status_code == 400


def test_without_a_sign_out_address_the_session_is_closed_here(
    tmp_path: Path, provider: str, tell: Tell
) -> None:
    tell(description={"end_session_endpoint": None})
    made = oidc_house(tmp_path, settings(provider))
    person = Person(made)
    sign_in(person)
    page = person.get("/aide")
    token = page.text.split('name="csrf" value="')[1].split('"')[0]
    answer = person.request("POST", "/deconnexion", data={"csrf": token})
    assert (answer.status_code, answer.headers["location"]) == (303, "/connexion")
    assert person.get("/aide").status_code == 303
    made.state.close()


def test_cookies_are_for_this_host_and_for_no_script(house: House) -> None:
    answer = Person(house).get("/connexion/oidc")
    (line,) = answer.headers.get_list("set-cookie")
    assert line.startswith("veille_oidc=")
    assert {"HttpOnly", "SameSite=lax", "Path=/", "Max-Age=600"} <= set(line.split("; "))
    answer = Person(house).get("https://veille.invalid/connexion/oidc")
    (line,) = answer.headers.get_list("set-cookie")
    assert line.startswith("__Host-veille_oidc=")
    assert "Secure" in line


def test_passwords_may_be_closed(tmp_path: Path, provider: str, tell: Tell) -> None:
    made = oidc_house(tmp_path, settings(provider, label="Mon service"), local_passwords=False)
    create_user(
        made.state, "nina", name="Nina", role="national", password="phrase de passe inventée"
    )
    person = Person(made)
    form = person.get("/connexion?suite=/aide")
    assert 'href="/connexion/oidc?suite=/aide"' in form.text
    assert "Se connecter avec Mon service" in form.text
    assert 'name="password"' not in form.text
    given = {"login": "nina", "password": "phrase de passe inventée", "csrf": "x"}
    assert person.request("POST", "/connexion", data=given).status_code == 403
    assert LOCAL_COOKIE not in person.cookies
    made.state.close()


def test_without_a_provider_nothing_of_it_shows(tmp_path: Path) -> None:
    made = oidc_house(tmp_path, None)
    person = Person(made)
    assert "connexion/oidc" not in person.get("/connexion").text
    for path in ("/connexion/oidc", "/connexion/oidc/retour", "/deconnexion/retour"):
        assert person.get(path).status_code == 404
    made.state.close()


def test_no_log_holds_a_token_a_code_or_an_address(
    house: House, tell: Tell, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    person = Person(house)
    address = back_of(person)
    code = parse_qs(urlsplit(address).query)["code"][0]
    person.come_back(address)
    for _, how in FORGED.values():
        tell(**how)
        sign_in(Person(house))
    ours = [r for r in caplog.records if not r.name.startswith(("httpx", "httpcore"))]
    assert {record.name for record in ours} >= {"veille.serving.oidc", "urllib3.connectionpool"}
    written = "".join(record.getMessage() for record in ours) + "".join(
        f"{line.subject}{line.actor_name}{line.reason}"
        for line in [*lines(house, "login.oidc"), *lines(house, "login.refused")]
    )
    for secret in (code, EMAIL, CLIENT_SECRET, "eyJ"):
        assert secret not in written


def test_the_log_of_the_server_drops_what_comes_back() -> None:
    args = ("127.0.0.1:1", "GET", "/connexion/oidc/retour?code=abc&state=def", "1.1", 303)
    form = '%s - "%s %s HTTP/%s" %d'
    record = logging.LogRecord("uvicorn.access", logging.INFO, "", 1, form, args, None)
    assert ACCESS_FILTER.filter(record)
    said = '127.0.0.1:1 - "GET /connexion/oidc/retour HTTP/1.1" 303'
    assert record.getMessage() == said


def test_the_settings_never_show_the_secret() -> None:
    assert CLIENT_SECRET not in repr(settings("https://fournisseur.invalid"))


def test_an_address_opens_one_account_only(house: House) -> None:
    create_user(house.state, "sacha", name="Sacha", role="national")
    with pytest.raises(AccessError) as taken:
        set_email(house.state, "sacha", EMAIL.upper())
    assert taken.value.code == "email-taken"
    for wrong in ("", "camille", "a@b", "é@exemple.invalid", "a b@exemple.invalid"):
        with pytest.raises(AccessError) as bad:
            set_email(house.state, "sacha", wrong)
        assert bad.value.code == "bad-email"
