"""Providers started as programs, and a browser that keeps its cookies, for the tests of OIDC."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from serving.access.accounts import create_user
from serving.access.identity import set_email
from serving.app import create_app
from serving.settings import OidcSettings, ServingSettings
from tests.serving.conftest import Browser, House, make_frames

if TYPE_CHECKING:
    from pathlib import Path

EMAIL = "camille@exemple.invalid"
HOST = "http://127.0.0.1"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], port: int) -> Iterator[str]:
    """Give the address of a provider, answering; stop it by its own number."""
    address = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                httpx.get(f"{address}/.well-known/openid-configuration", timeout=5)
                break
            except httpx.TransportError:
                assert process.poll() is None, "the provider stopped"
                assert time.monotonic() < deadline, "the provider does not start"
                time.sleep(0.1)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def oidc_house(home: Path, oidc: OidcSettings | None, *, local_passwords: bool = True) -> House:
    """Return a house whose provider this is, with the account of one person."""
    app = create_app(ServingSettings(home, oidc=oidc, local_passwords=local_passwords))
    house = House(home, app, "", make_frames(6))
    create_user(house.state, "camille", name="Camille", role="national")
    set_email(house.state, "camille", EMAIL)
    return house


class Person:
    """A browser of the real application that keeps its cookies."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.cookies: dict[str, str] = {}

    def get(self, url: str) -> httpx.Response:
        return self.request("GET", url)

    def request(self, method: str, url: str, data: dict[str, str] | None = None) -> httpx.Response:
        sent = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        browser = Browser(self.house.app, {"Cookie": sent} if sent else {})
        answer = browser.request(method, url, data=data)
        for line in answer.headers.get_list("set-cookie"):
            name, _, value = line.split(";")[0].partition("=")
            if "max-age=0" in line.lower():
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return answer

    def leave(self, suite: str = "/") -> str:
        """Press the button; return the address at the provider."""
        answer = self.request("GET", f"/connexion/oidc?suite={suite}")
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    def come_back(self, address: str) -> httpx.Response:
        """Open the address to which the provider sends the browser back."""
        parts = urlsplit(address)
        assert address.startswith(f"{HOST}/"), address
        return self.get(f"{parts.path}?{parts.query}")
