"""Names of public funders: one stable identifier for the variants of one name.

A list without the funder's SIREN knows it only by a name, which changes with the year and the
software ("CONSEIL DÉPARTEMENTAL DU LOT", "Département du Lot"). Two names are folded only where
they certainly say the same public body: letter case, accents, punctuation, the words that announce
a level ("Ville de", "CC"), an acronym with its expansion, a service beside the body it belongs to.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from data.reference.territories import departements, regions

#: what U+FFFD stands for: one letter lost by a wrong encoding
_LOST = "\ufffd"
_ARTICLES = r"(?:de la|de l|du|des|de|d|la|le|les|l)"
_LEVELS = (
    (r"(?:commune|ville|mairie)(?: (?:de|du|des|d|l))*", "commune"),
    (rf"(?:cc|communaute de communes?)(?: {_ARTICLES})?", "cc"),
    (rf"(?:ca|communaute d agglomeration)(?: {_ARTICLES})?", "ca"),
)
#: credits of programme 147, published by the agency's successive names, one name per local service
_CITY_POLICY = re.compile(r"^(?:cget|dgcl|anct)\b.*\b147$|^anct politique de la ville\b")
_SERVICE_OF = re.compile(r"^.+ - (ville de .+)$")
_MINISTRY_SERVICE = re.compile(r"^(ministere .+?) (?:drac|ac)$")
_EXPANSION = re.compile(r"^\s*([A-ZÉÈ]{2,8})\s*\((.{12,})\)\s*$")
_SUFFIXES = (" en acces libre", " le departement")


def plain(text: str) -> str:
    """Return `text` in lower-case ASCII words: accents, punctuation and extra spaces dropped.

    A letter lost by a wrong encoding (U+FFFD) is kept as it is.
    """
    text = text.replace("œ", "oe").replace("Œ", "OE").replace("æ", "ae")
    text = unicodedata.normalize("NFKD", text)
    text = "".join(letter for letter in text if not unicodedata.combining(letter)).lower()
    return re.sub(rf"[^a-z0-9{_LOST}]+", " ", text).strip()


def funder_slug(name: str) -> str:
    """Return "slug:<name>" for a public funder known by its name alone ("slug:inconnu" if empty).

    Départements and régions are recognised by their official names, even where the name was glued
    or lost its accents: `funder_slug("Conseil général du Finistère")` is
    "slug:departement-finistere". The slug has no space and is the same for all known variants.
    """
    expansion = _EXPANSION.match(name)
    expanded = expansion is not None and plain(expansion.group(2))[:1] == plain(name)[:1]
    text = plain(expansion.group(2) if expansion and expanded else name)
    service = _SERVICE_OF.match(re.sub(r"\s+", " ", name.lower()))
    text = plain(service.group(1)) if service else text
    if _CITY_POLICY.match(text):
        return "slug:anct-politique-de-la-ville"
    ministry = _MINISTRY_SERVICE.match(text)
    text = ministry.group(1) if ministry else text
    territory = _territory(text)
    if territory:
        return f"slug:{territory}"
    for suffix in _SUFFIXES:
        text = text.removesuffix(suffix)
    for pattern, level in _LEVELS:
        found = re.fullmatch(rf"{pattern} (.+)", text)
        if found:
            text = f"{level} {found.group(1)}"
            break
    return "slug:" + (text.replace(_LOST, "x").replace(" ", "-") or "inconnu")


@cache
def _territories() -> dict[str, str]:
    """Return each way to write a département or région, in letters only -> its slug."""
    named = [
        ("departement", ("departemental", "departement", "general"), found.name)
        for found in departements().values()
    ] + [("region", ("regional", "region"), name) for name in regions().values()]
    return {
        start + word + article + plain(name).replace(" ", ""): (
            f"{level}-{plain(name).replace(' ', '-')}"
        )
        for level, words, name in named
        for start in ("", "conseil")
        for word in words
        for article in ("", "delal", "dela", "del", "du", "des", "de", "d", "la", "le", "les", "l")
    }


def _territory(text: str) -> str | None:
    """Return the slug of the département or région that `text` (plain) names in full, if any."""
    inverted = re.fullmatch(r"(.+) le departement", text)
    letters = (f"departement {inverted.group(1)}" if inverted else text).replace(" ", "")
    if _LOST not in letters:
        return _territories().get(letters)
    found = {
        slug
        for name, slug in _territories().items()
        if len(name) == len(letters)
        and all(a in {_LOST, b} for a, b in zip(letters, name, strict=True))
    }
    return found.pop() if len(found) == 1 else None
