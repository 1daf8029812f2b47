"""Where a webhook may call: public addresses under TLS, unless the installation says otherwise."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass

import httpx

from serving.cell.digest.settings import DigestError, DigestSettings

_LOOPBACK = "127.0.0.1"
_LONGEST = 2_000
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True)
class Destination:
    """A webhook's address, and the numeric addresses that were checked and are to be called."""

    url: httpx.URL
    addresses: tuple[str, ...]

    @property
    def pinned(self) -> tuple[httpx.URL, ...]:
        """The same place by each numeric address: the name is not resolved a second time."""
        return tuple(self.url.copy_with(host=address) for address in self.addresses)


def check_destination(text: str, settings: DigestSettings) -> Destination:
    """Return where this address leads.

    Raises
    ------
    DigestError
        `bad-webhook-url`: not https, or not an address; `private-webhook`: its name leads to the
        machine itself or to a private network; `unknown-host`: it leads nowhere.
    """
    url = _parsed(text)
    local = url.host == _LOOPBACK and settings.insecure
    if url.scheme != "https" and not (url.scheme == "http" and local):
        raise _refused(url.scheme or "aucun schéma")
    addresses = _resolved(url)
    if not local and not settings.private_networks:
        for address in addresses:
            if not _public(address):
                raise DigestError(
                    "Ce webhook mène à un réseau privé, ou à cette machine.",
                    code="private-webhook",
                    where=origin(text),
                    received=address,
                    expected="un nom qui mène à une adresse publique",
                    todo="Si l'outil est bien sur votre réseau, réglez webhook_private_networks.",
                )
    return Destination(url, tuple(dict.fromkeys(addresses)))


def origin(text: str) -> str:
    """Return an address without its path: there may be a secret in it."""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        return "adresse illisible"
    return f"{url.scheme}://{url.netloc.decode('ascii')}" if url.host else "adresse illisible"


def _parsed(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text.strip())
    except httpx.InvalidURL:
        raise _refused("une adresse illisible") from None
    if not url.host or url.userinfo or url.fragment or len(text) > _LONGEST:
        raise _refused("une adresse sans hôte, ou avec un identifiant ou un fragment")
    return url


def _refused(received: str) -> DigestError:
    return DigestError(
        "Cette adresse de webhook est refusée.",
        code="bad-webhook-url",
        where="--webhook",
        received=received,
        expected="https://hote/chemin ; http://127.0.0.1 seulement avec le réglage insecure",
    )


def _resolved(url: httpx.URL) -> list[str]:
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(
            url.host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
        )
    except (OSError, UnicodeError) as error:
        raise DigestError(
            "L'hôte de ce webhook ne se trouve pas.",
            code="unknown-host",
            received=url.host,
            todo="Vérifiez le nom, puis la résolution des noms de cette machine.",
        ) from error
    return [str(entry[4][0]).partition("%")[0] for entry in found]


def _public(address: str) -> bool:
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        # An IPv6 address may carry an IPv4 one, that is where it really leads.
        translated = ipaddress.IPv4Address(ip.packed[-4:]) if ip in _NAT64 else None
        ip = ip.ipv4_mapped or ip.sixtofour or translated or ip
    return ip.is_global and not ip.is_multicast
