"""Calls over HTTP: the key presented, answers checked, what may pass tried again."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import IO, Any, TypeVar

import httpx

from veille.client.errors import ApiError, ClientError, refusal

T = TypeVar("T")

#: too many requests, nothing to serve for now
_PASSING = frozenset({429, 503})
_FIRST_WAIT = 0.5
#: seconds; when the server asks for more, the caller decides
LONGEST_WAIT = 60.0
_KEY = re.compile(r"vess_([0-9a-f]+)_[A-Za-z0-9_-]+")

Query = Mapping[str, Any]


class Transport:
    """One connection to one server; `retries` is how many times a call is made again."""

    def __init__(self, base_url: str, key: str, *, timeout: float, retries: int) -> None:
        self.url = _checked_url(base_url)
        found = _KEY.fullmatch(key.strip())
        if found is None:
            raise ClientError(
                "Ce texte n'est pas une clé d'API.",
                code="bad-key-format",
                where="key",
                expected="vess_<préfixe>_<secret>, en entier",
                todo="Reprenez la clé telle que `veille keys add` l'a montrée.",
            )
        self.key_prefix = f"vess_{found[1]}"
        self.retries = retries
        self._http = httpx.Client(
            base_url=self.url,
            timeout=timeout,
            headers={"Authorization": f"Bearer {key.strip()}", "User-Agent": "veille-client"},
        )

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def get(self, path: str, query: Query, *, also: frozenset[int] = frozenset()) -> httpx.Response:
        """Return the answer of a GET; `also` are statuses that are answers, not refusals.

        Raises
        ------
        ApiError
            The server refuses.
        ClientError
            `server-unreachable`.
        """

        def once() -> httpx.Response:
            answer = self._http.get(path, params=query)
            if not answer.is_success and answer.status_code not in also:
                raise refusal(answer, _retry_after(answer))
            return answer

        return self._again(once)

    def post(self, path: str, body: bytes) -> httpx.Response:
        """Return the answer to a POST of JSON that changes nothing. Raises as `get`."""

        def once() -> httpx.Response:
            answer = self._http.post(
                path, content=body, headers={"Content-Type": "application/json"}
            )
            if not answer.is_success:
                raise refusal(answer, _retry_after(answer))
            return answer

        return self._again(once)

    def send(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> httpx.Response:
        """Return the answer to a write that carries its key: made again, it has one effect.

        Raises as `get`.
        """

        def once() -> httpx.Response:
            answer = self._http.request(method, path, content=body, headers=dict(headers))
            if not answer.is_success:
                raise refusal(answer, _retry_after(answer))
            return answer

        return self._again(once)

    def download(self, path: str, query: Query, file: IO[bytes]) -> httpx.Headers:
        """Write the body of a GET to a file, from its start, and return the headers.

        A transfer that breaks off is made again from its beginning. Raises as `get`.
        """

        def once() -> httpx.Headers:
            file.seek(0)
            file.truncate()
            with self._http.stream("GET", path, params=query) as answer:
                if not answer.is_success:
                    answer.read()
                    raise refusal(answer, _retry_after(answer))
                for piece in answer.iter_bytes():
                    file.write(piece)
                return answer.headers

        return self._again(once)

    def _again(self, once: Callable[[], T]) -> T:
        """Return what an idempotent call gives, made again while its failure may pass."""
        attempt = 0
        while True:
            wait = _FIRST_WAIT * 2**attempt
            try:
                return once()
            except ApiError as error:
                wait = wait if error.retry_after is None else error.retry_after
                passing = error.status in _PASSING and wait <= LONGEST_WAIT
                if attempt >= self.retries or not passing:
                    raise
            except httpx.TransportError as error:
                if attempt >= self.retries:
                    raise ClientError(
                        "Le serveur ne répond pas, ou la connexion s'est interrompue.",
                        code="server-unreachable",
                        where=self.url,
                        received=f"{type(error).__name__} : {error}",
                        todo="Vérifiez l'adresse et le réseau, puis recommencez.",
                    ) from error
            time.sleep(wait)
            attempt += 1


def _checked_url(base_url: str) -> str:
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in {"http", "https"} or not url.host or url.userinfo or url.query:
        raise ClientError(
            "Cette adresse n'est pas celle d'un serveur.",
            code="bad-server-address",
            where="base_url",
            expected="http:// ou https://, un nom d'hôte, sans identifiant ni paramètre",
        )
    return str(url).rstrip("/")


def _retry_after(answer: httpx.Response) -> float | None:
    text = answer.headers.get("retry-after", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
