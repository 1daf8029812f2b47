"""API keys of the tools: `vess_<prefix>_<secret>`, shown once, kept as a hash."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from serving.access.audit import record
from serving.access.errors import AccessError
from serving.access.key_info import KeyInfo, NewKey
from serving.access.principal import Principal, Role, Scope, Territory
from serving.access.rules import check_name, check_territory
from serving.access.sources import check_sources
from serving.state.models import ApiKey
from serving.state.store import State

_MARK = "vess"
_TOUCH = timedelta(seconds=60)


def create_key(
    state: State,
    name: str,
    *,
    scopes: Iterable[str] = (Scope.READ_SCORES,),
    regions: Iterable[str] = (),
    departements: Iterable[str] = (),
    sources: Iterable[str] = (),
    days: int = 365,
    by: str = "cli",
) -> NewKey:
    """Create a key for a tool; without a territory it covers the whole country.

    Raises
    ------
    AccessError
        `bad-key`: no name, unknown scope, no duration; `bad-account`: name, territory or source
        refused.
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
    secret = secrets.token_urlsafe(32)
    key = _made(
        secret,
        name=name.strip(),
        scopes=wanted,
        regions=sorted(set(regions)),
        departements=sorted(set(departements)),
        sources=check_sources(sources),
        created_by=by,
        days=days,
    )
    with state.write() as session:
        session.add(key)
        info = _info(key)
    subject = {
        "prefix": key.prefix,
        "scopes": wanted,
        "territory": str(info.territory),
        "sources": list(info.sources),
    }
    record(state, actor=by, action="key.create", subject=subject)
    return NewKey(info, f"{_MARK}_{key.prefix}_{secret}")


def rotate_key(
    state: State, prefix: str, *, grace_days: int = 7, days: int = 365, by: str = "cli"
) -> NewKey:
    """Replace a key by another with the same name, scopes, territory and sources.

    The former one stays valid for `grace_days` (0: closed at once), and never longer than it
    would have been.

    Raises
    ------
    AccessError
        `unknown-key`; `key-not-rotatable`: revoked, expired or replaced already; `bad-key`.
    """
    if days < 1 or grace_days < 0:
        raise AccessError(
            "Ces durées sont refusées.",
            code="bad-key",
            status=422,
            received=f"{grace_days} jours de sursis, {days} jours de validité",
            expected="zéro jour de sursis ou plus, au moins un jour de validité",
        )
    secret, now = secrets.token_urlsafe(32), datetime.now(UTC)
    with state.write() as session:
        former = _find(session, prefix)
        standing = _info(former).standing
        if standing not in {"valid", "expires-soon"}:
            raise AccessError(
                "Cette clé ne peut plus être remplacée.",
                code="key-not-rotatable",
                status=409,
                received=standing,
                todo="Créez une clé avec « veille keys add », ou remplacez celle qui lui succède.",
            )
        key = _made(
            secret,
            name=former.name,
            scopes=former.scopes,
            regions=former.regions,
            departements=former.departements,
            sources=former.sources,
            created_by=by,
            days=days,
        )
        former.expires_at = min(former.expires_at, now + timedelta(days=grace_days))
        former.replaced_by = key.prefix
        session.add(key)
        info = _info(key)
        end = former.expires_at.isoformat(timespec="seconds")
        subject = {"prefix": former.prefix, "replaced_by": key.prefix, "former_until": end}
    record(state, actor=by, action="key.rotate", subject=subject)
    return NewKey(info, f"{_MARK}_{key.prefix}_{secret}")


def list_keys(state: State) -> list[KeyInfo]:
    """Return every key, the latest first."""
    with state.read() as session:
        return [
            _info(k) for k in session.scalars(select(ApiKey).order_by(ApiKey.created_at.desc()))
        ]


def revoke_key(state: State, prefix: str, *, by: str = "cli") -> None:
    """Close a key at once, by its prefix or its id; AccessError `unknown-key`."""
    with state.write() as session:
        key = _find(session, prefix)
        key.revoked_at = key.revoked_at or datetime.now(UTC)
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
        sources=frozenset(key.sources),
    )


def _find(session: Session, prefix: str) -> ApiKey:
    prefix = prefix.removeprefix(f"{_MARK}_").split("_")[0]
    key = session.scalar(select(ApiKey).where((ApiKey.prefix == prefix) | (ApiKey.id == prefix)))
    if key is None:
        raise AccessError(
            "Aucune clé n'a ce préfixe.",
            code="unknown-key",
            status=404,
            received=prefix,
            todo="`veille keys list` donne les préfixes.",
        )
    return key


def _made(
    secret: str,
    *,
    name: str,
    scopes: list[str],
    regions: list[str],
    departements: list[str],
    sources: list[str],
    created_by: str,
    days: int,
) -> ApiKey:
    now = datetime.now(UTC)
    return ApiKey(
        id=secrets.token_hex(8),
        prefix=secrets.token_hex(4),
        secret_hash=_digest(secret),
        name=name,
        scopes=scopes,
        regions=regions,
        departements=departements,
        sources=sources,
        created_by=created_by,
        created_at=now,
        expires_at=now + timedelta(days=days),
        revoked_at=None,
        last_used_at=None,
        replaced_by=None,
    )


def _info(key: ApiKey) -> KeyInfo:
    return KeyInfo(
        id=key.id,
        prefix=key.prefix,
        name=key.name,
        scopes=tuple(key.scopes),
        territory=Territory.of(key.regions, key.departements),
        sources=tuple(key.sources),
        created_at=key.created_at,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        last_used_at=key.last_used_at,
        replaced_by=key.replaced_by,
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
