"""API keys of the tools: `vess_<prefix>_<secret>`, shown once, kept as a hash."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update

from serving.access.audit import record
from serving.access.errors import AccessError
from serving.access.principal import Principal, Role, Scope, Territory
from serving.access.rules import check_name, check_territory
from serving.state.models import ApiKey
from serving.state.store import State

_MARK = "vess"
_TOUCH = timedelta(seconds=60)


@dataclass(frozen=True)
class KeyInfo:
    """A key, as shown to an administrator: never its secret."""

    id: str
    prefix: str
    name: str
    scopes: tuple[str, ...]
    territory: Territory
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None

    @property
    def usable(self) -> bool:
        """Whether the key opens anything now."""
        return self.revoked_at is None and self.expires_at > datetime.now(UTC)


@dataclass(frozen=True)
class NewKey:
    """A key just made: `secret` is the whole key, and is shown this once."""

    info: KeyInfo
    secret: str


def create_key(
    state: State,
    name: str,
    *,
    scopes: Iterable[str] = (Scope.READ_SCORES,),
    regions: Iterable[str] = (),
    departements: Iterable[str] = (),
    days: int = 365,
    by: str = "cli",
) -> NewKey:
    """Create a key for a tool; without a territory it covers the whole country.

    Raises
    ------
    AccessError
        `bad-key`: no name, unknown scope, no duration; `bad-account`: name or territory refused.
    """
    wanted = sorted({str(scope) for scope in scopes})
    known = [scope.value for scope in Scope]
    strangers = [scope for scope in wanted if scope not in known]
    if strangers or not wanted or not name.strip() or days < 1:
        raise AccessError(
            "Cette clé est refusée.",
            code="bad-key",
            status=422,
            received=f"nom « {name} », portées {' '.join(wanted) or 'aucune'}, {days} jours",
            expected=f"un nom, des portées parmi {' | '.join(known)}, au moins un jour",
        )
    check_name(name)
    check_territory(regions := tuple(regions), departements := tuple(departements))
    prefix, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    now = datetime.now(UTC)
    key = ApiKey(
        id=secrets.token_hex(8),
        prefix=prefix,
        secret_hash=_digest(secret),
        name=name.strip(),
        scopes=wanted,
        regions=sorted(set(regions)),
        departements=sorted(set(departements)),
        created_by=by,
        created_at=now,
        expires_at=now + timedelta(days=days),
        revoked_at=None,
        last_used_at=None,
    )
    with state.write() as session:
        session.add(key)
        info = _info(key)
    subject = {"prefix": prefix, "scopes": wanted, "territory": str(info.territory)}
    record(state, actor=by, action="key.create", subject=subject)
    return NewKey(info, f"{_MARK}_{prefix}_{secret}")


def list_keys(state: State) -> list[KeyInfo]:
    """Return every key, the latest first."""
    with state.read() as session:
        return [
            _info(k) for k in session.scalars(select(ApiKey).order_by(ApiKey.created_at.desc()))
        ]


def revoke_key(state: State, prefix: str, *, by: str = "cli") -> None:
    """Close a key at once, by its prefix or its id; AccessError `unknown-key`."""
    prefix = prefix.removeprefix(f"{_MARK}_").split("_")[0]
    now = datetime.now(UTC)
    with state.write() as session:
        key = session.scalar(
            select(ApiKey).where((ApiKey.prefix == prefix) | (ApiKey.id == prefix))
        )
        if key is None:
            raise AccessError(
                "Aucune clé n'a ce préfixe.",
                code="unknown-key",
                status=404,
                received=prefix,
                todo="`veille keys list` donne les préfixes.",
            )
        key.revoked_at = key.revoked_at or now
    record(state, actor=by, action="key.revoke", subject={"prefix": key.prefix})


def principal_of_key(state: State, presented: str) -> Principal:
    """Return the tool that presents this key.

    Raises
    ------
    AccessError
        401 `bad-key-presented`; `key-expired` and `key-revoked`, said only to who has the secret.
    """
    mark, _, rest = presented.strip().partition("_")
    prefix, _, secret = rest.partition("_")
    with state.read() as session:
        key = session.scalar(select(ApiKey).where(ApiKey.prefix == prefix))
    expected = key.secret_hash if key else _digest(secrets.token_hex(8))
    if not hmac.compare_digest(expected, _digest(secret)) or key is None or mark != _MARK:
        raise AccessError(
            "Cette clé d'API est inconnue.",
            code="bad-key-presented",
            status=401,
            expected="Authorization: Bearer vess_…",
            todo="Vérifiez que la clé est entière, ou demandez-en une autre à l'administration.",
        )
    now = datetime.now(UTC)
    if key.revoked_at is not None:
        raise AccessError(
            "Cette clé d'API a été révoquée.",
            code="key-revoked",
            status=401,
            todo="Demandez une nouvelle clé à l'administration.",
        )
    if key.expires_at <= now:
        raise AccessError(
            "Cette clé d'API a expiré.",
            code="key-expired",
            status=401,
            todo="Demandez une nouvelle clé à l'administration.",
        )
    if key.last_used_at is None or now - key.last_used_at > _TOUCH:
        with state.write() as session:
            session.execute(update(ApiKey).where(ApiKey.id == key.id).values(last_used_at=now))
    return Principal(
        id=key.id,
        kind="key",
        name=key.name,
        login=f"{_MARK}_{key.prefix}",
        role=Role.TOOL,
        territory=Territory.of(key.regions, key.departements),
        scopes=frozenset(key.scopes),
    )


def _info(key: ApiKey) -> KeyInfo:
    return KeyInfo(
        id=key.id,
        prefix=key.prefix,
        name=key.name,
        scopes=tuple(key.scopes),
        territory=Territory.of(key.regions, key.departements),
        created_at=key.created_at,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        last_used_at=key.last_used_at,
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
