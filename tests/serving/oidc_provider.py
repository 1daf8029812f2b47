"""An OpenID Connect provider on 127.0.0.1 that does what it is told, right or wrong.

Run as a program with a port. It signs with joserfc, verifies the client's secret and PKCE, and
approves at once the person of `POST /told`, whose JSON says how the next sign-ins go wrong.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

CLIENT_ID = "client-fictif"
CLIENT_SECRET = "secret-fictif-de-ce-client"


def urlsafe(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def new_key(kind: str = "RS256") -> RSAKey | ECKey:
    if kind == "ES256":
        return ECKey.generate_key("P-256", {"use": "sig", "alg": kind})
    return RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"})


class World:
    """What the provider knows: keys, codes given, and what it was told."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.keys = [new_key(), new_key("ES256")]
        self.stranger = new_key()
        self.codes: dict[str, dict[str, str]] = {}
        self.tokens: dict[str, dict[str, str]] = {}
        self.told: dict[str, Any] = {}
        self.calls: dict[str, int] = {}

    def person(self) -> dict[str, Any]:
        known = {"sub": "sujet-1", "email": "camille@exemple.invalid", "email_verified": True}
        return known | self.told.get("person", {})

    def sign(self, claims: dict[str, Any], how: dict[str, Any]) -> str:
        """Sign as told: `alg` none, HS256 with the public key, a key that is not published."""
        alg = how.get("alg", "RS256")
        key = self.keys[1] if alg == "ES256" else self.keys[0]
        header = {"alg": alg, "kid": how.get("kid", key.ensure_kid() or key.kid)}
        if how.get("no_kid"):
            del header["kid"]
        if alg == "none":
            registry = jws.JWSRegistry(algorithms=["none"])
            return jwt.encode(header, claims, OctKey.import_key("x"), registry=registry)
        if alg == "HS256":
            # By hand: the library refuses to sign with what is a public key.
            parts = [urlsafe(json.dumps(part).encode()) for part in (header, claims)]
            seal = hmac.digest(key.as_pem(private=False), ".".join(parts).encode(), "sha256")
            return ".".join([*parts, urlsafe(seal)])
        signer = self.stranger if how.get("stranger") else key
        text = jwt.encode(header, claims, signer, algorithms=[alg])
        if how.get("altered"):
            head, _, rest = text.split(".")
            changed = json.dumps(claims | {"sub": "sujet-2"}).encode()
            return f"{head}.{urlsafe(changed)}.{rest}"
        return text


class Handler(BaseHTTPRequestHandler):
    world: World

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        name = asked.path.rsplit("/", 1)[-1]
        self.world.calls[name] = self.world.calls.get(name, 0) + 1
        query = {key: values[0] for key, values in parse_qs(asked.query).items()}
        if name in self.world.told.get("down", ()):
            self.answer(b"en panne", "text/plain", 503)
        elif name == "openid-configuration":
            self.json(self.description() | self.world.told.get("description", {}))
        elif name == "jwks":
            published = [key.as_dict(private=False) for key in self.world.keys]
            self.json({"keys": published})
        elif name == "authorize":
            self.authorize(query)
        elif name == "userinfo":
            self.userinfo()
        elif name == "calls":
            self.json(self.world.calls)
        else:
            self.answer(b"", "text/plain", 404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if self.path == "/told":
            self.world.told = json.loads(body)
            self.world.calls = {}
            if self.world.told.get("rotate"):
                self.world.keys = [new_key(), new_key("ES256")]
            self.json({})
        elif "token" in self.world.told.get("down", ()):
            self.answer(b"<html>en panne", "text/html", 502)
        else:
            self.token({key: values[0] for key, values in parse_qs(body).items()})

    def description(self) -> dict[str, Any]:
        issuer = self.world.issuer
        return {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
            "userinfo_endpoint": f"{issuer}/userinfo",
            "end_session_endpoint": f"{issuer}/session/end",
            "jwks_uri": f"{issuer}/jwks",
            "token_endpoint_auth_methods_supported": [
                self.world.told.get("auth_method", "client_secret_basic")
            ],
        }

    def authorize(self, query: dict[str, str]) -> None:
        back = {"state": query["state"], "iss": self.world.issuer}
        told = self.world.told.get("authorize", {})
        if "error" not in told:
            code = secrets.token_urlsafe(16)
            self.world.codes[code] = query
            back["code"] = code
        self.send_response(302)
        self.send_header("Location", f"{query['redirect_uri']}?{urlencode(back | told)}")
        self.end_headers()

    def token(self, form: dict[str, str]) -> None:
        told = self.world.told.get("token", {})
        if told:
            self.json(told["body"], told["status"])
            return
        basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        posted = (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)
        post = self.world.told.get("auth_method") == "client_secret_post"
        if not (posted if post else self.headers.get("Authorization") == f"Basic {basic}"):
            self.json({"error": "invalid_client"}, 401)
            return
        asked = self.world.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = urlsafe(digest)
        if (
            asked is None
            or asked["code_challenge"] != challenge
            or asked["code_challenge_method"] != "S256"
            or asked["redirect_uri"] != form["redirect_uri"]
        ):
            self.json({"error": "invalid_grant"}, 400)
            return
        access = secrets.token_urlsafe(16)
        self.world.tokens[access] = asked
        now = int(time.time())
        half = hashlib.sha256(access.encode()).digest()[:16]
        claims = {
            "iss": self.world.issuer,
            "sub": self.world.person()["sub"],
            "aud": CLIENT_ID,
            "exp": now + 300,
            "iat": now,
            "nonce": asked["nonce"],
            "at_hash": urlsafe(half),
        }
        how = self.world.told.get("id_token", {})
        kept = {
            name: value
            for name, value in (claims | how.get("claims", {})).items()
            if name not in how.get("without", ())
        }
        token = how["text"] if "text" in how else self.world.sign(kept, how)
        self.json({"access_token": access, "token_type": "Bearer", "id_token": token})

    def userinfo(self) -> None:
        access = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if access not in self.world.tokens:
            self.json({"error": "invalid_token"}, 401)
            return
        how = self.world.told.get("userinfo", {})
        said = self.world.person() | how.get("claims", {})
        if how.get("plain"):
            self.json(said)
            return
        now = int(time.time())
        around = {"iss": self.world.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 60}
        kept = {
            name: value
            for name, value in (around | said).items()
            if name not in how.get("without", ())
        }
        self.answer(self.world.sign(kept, how).encode(), "application/jwt; charset=utf-8")

    def json(self, body: object, status: int = 200) -> None:
        self.answer(json.dumps(body).encode(), "application/json", status)

    def answer(self, body: bytes, kind: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
        """Stay quiet: what a test needs is in /calls."""


def main(port: int) -> None:
    Handler.world = World(f"http://127.0.0.1:{port}")
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
