"""Writers of the tests of alerts and cases: people of cells, tools, and what they send."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.serving.web_people import principal_of, signed_in

if TYPE_CHECKING:
    import httpx

    from serving.access.principal import Principal
    from tests.serving.conftest import Browser, House

SCOPES = ("read:alerts", "write:alerts", "read:cases", "write:cases", "read:scores")


@dataclass
class Writer:
    """Someone who reads and writes under /api/v1."""

    browser: Browser
    csrf: str = ""
    login: str = ""

    def get(self, path: str) -> httpx.Response:
        return self.browser.get(f"/api/v1{path}")

    def send(
        self,
        method: str,
        path: str,
        body: object,
        *,
        key: str = "",
        match: str = "",
        **headers: str,
    ) -> httpx.Response:
        """Send JSON, or a text as it is, with a new key of idempotency unless one is given."""
        sent = {"Idempotency-Key": key or secrets.token_hex(8), "X-CSRF-Token": self.csrf}
        if match.strip('"').isdigit():  # a version alone: that of what is changed
            match = f'{match[:-1]}-{path.rpartition("/")[2]}"'
        sent |= {"If-Match": match} if match else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        text = body if isinstance(body, str) else json.dumps(body)
        return self.browser.request(method, f"/api/v1{path}", headers=sent, json=text)

    def post(self, path: str, body: object, **more: str) -> httpx.Response:
        return self.send("POST", path, body, **more)

    def patch(self, path: str, body: object, **more: str) -> httpx.Response:
        return self.send("PATCH", path, body, **more)


def person(house: House, role: str, **territory: tuple[str, ...]) -> Writer:
    """Return a new person, signed in."""
    browser = signed_in(house, role, **territory)
    who: Principal = principal_of(house, browser)
    return Writer(browser, who.csrf, who.login)


def tool(house: House, *scopes: str, **territory: tuple[str, ...]) -> Writer:
    """Return a new tool."""
    return Writer(house.tool(*(scopes or SCOPES), **territory))


def refused(response: httpx.Response) -> tuple[int, str]:
    """Return the status and the code of a refusal."""
    return response.status_code, response.json()["code"]


def alert(siren: str, **more: object) -> dict[str, object]:
    """Return an alert to raise."""
    return {"siren": siren, "severity": 2, "reason": "Salaires en retard.", "source": "DLA"} | more


def own_schemes(identifier: str, label: str) -> str:
    """Return an operator's catalogue, as TOML, of one invented scheme."""
    return f"""
version = 1
[scheme.{identifier}]
label = "{label}"
means = "Rien."
stages = ["anticipation"]
territory = "all"
contact = "Personne"
bring = ["rien"]
source = "Essai"
to_confirm = true
drivers = []
"""
