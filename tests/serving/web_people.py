"""People of the tests of the pages: signed in, notice accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serving.access.accounts import accept_notice
from serving.access.sessions import principal_of_session
from serving.access.web_session import LOCAL_COOKIE

if TYPE_CHECKING:
    from serving.access.principal import Principal
    from tests.serving.conftest import Browser, House


def principal_of(house: House, browser: Browser) -> Principal:
    """Return the person whose session a browser holds."""
    token = browser.headers["Cookie"].removeprefix(f"{LOCAL_COOKIE}=")
    principal = principal_of_session(house.state, token, idle_hours=1)
    assert principal is not None
    return principal


def signed_in(house: House, role: str, **territory: tuple[str, ...]) -> Browser:
    """Return the browser of a new person who has accepted the notice."""
    browser = house.person(role, **territory)
    accept_notice(house.state, principal_of(house, browser))
    return browser
