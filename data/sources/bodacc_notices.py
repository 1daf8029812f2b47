"""One BODACC notice, from the several shapes in which it is published."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from data import identifiers
from data.sources import bodacc_text
from data.sources.bodacc_plain import plain

#: our name -> names in the open data export, in the flat re-publications
FIELDS = {
    "id": ("id",),
    "publication": ("publicationavis",),
    "parution": ("parution",),
    "published": ("dateparution", "date_parution", "datePublication"),
    "number": ("numeroannonce", "numero_annonce", "numeroAnnonce"),
    "type": ("typeavis", "type_annonce", "typeAvisLibelle"),
    "family": ("familleavis", "famille", "titre"),
    "register": ("registre", "siren"),
    "persons": ("listepersonnes",),
    "judgment": ("jugement", "contenu", "details"),
    "removal": ("radiationaurcs",),
    "change": ("modificationsgenerales",),
    "act": ("acte",),
    "previous": ("parutionavisprecedent",),
    "issue": ("soustitre",),
}
_KEY_NUMBER = 9
#: families of the bulletin B; the others that matter are in the bulletin A
_BULLETIN_B = re.compile(r"radiation|modif")


@dataclass(frozen=True)
class Notice:
    """What one notice says.

    `day` is the text of the date as published; `correction` "" or what it does to an earlier
    notice: "cancelled", "withdrawn", "replaced"; `previous` the identifier of that notice, "" where
    it does not say; `clear` whether it says what was decided.
    """

    kind: str | None
    day: str
    sirens: tuple[str, ...]
    registered: bool
    correction: str
    previous: str
    about: str
    clear: bool = True


def structured(value: str) -> dict[str, object]:
    """Return the object that a JSON text holds; a text that is none is its own `texte`."""
    if not value:
        return {}
    try:
        content = json.loads(value)
    except (ValueError, RecursionError):
        return {"texte": value}
    return content if isinstance(content, dict) else {}


def texts(value: object) -> str:
    """Return all the texts inside a JSON value, one sentence each."""
    if isinstance(value, dict):
        return " . ".join(filter(None, (texts(item) for item in value.values())))
    if isinstance(value, list):
        return " . ".join(filter(None, (texts(item) for item in value)))
    return value if isinstance(value, str) else ""


def sirens_of(register: str, persons: str) -> tuple[tuple[str, ...], bool]:
    """Return the valid SIREN of a notice, in order, and whether any number was given.

    The register is a list or a text ("880878145,880 878 145"); older notices have the number only
    inside the persons.
    """
    numbers = [re.sub(r"\D", "", part) for part in re.split(r"[,\[\]\"]+", register)]
    numbers = [number for number in numbers if number]
    if not numbers:
        found = re.findall(r'"numeroIdentification"\s*:\s*"([\d \xa0]+)"', persons)
        numbers = [re.sub(r"\D", "", part) for part in found]
    valid = (number for number in numbers if len(number) == _KEY_NUMBER)
    kept = dict.fromkeys(number for number in valid if identifiers.is_siren(number))
    return tuple(kept), bool(numbers)


def _member(content: Mapping[str, object], *names: str) -> str:
    """Return the text of the first member of that name, letter case aside, at any depth."""
    for key, value in content.items():
        if key.lower() in names and isinstance(value, str | int):
            return str(value)
        if isinstance(value, dict):
            found = _member(value, *names)
            if found:
                return found
    return ""


def _correction(kind: str, inner: str, family: str, removal: str) -> str:
    words = plain(f"{kind} {inner}")
    # A removal that is "reported" never took place.
    if "annul" in words or re.search(r"\brapport\b", plain(removal)):
        return "cancelled"
    if "retractation" in plain(family):
        return "withdrawn"
    return "replaced" if "rectif" in words else ""


def reference(publication: str, issue: str, number: str) -> str:
    """Return the identifier of a notice: letter of the bulletin, issue, number, or ""."""
    letter = publication.strip()[-1:].upper()
    return f"{letter}{issue}{number.lstrip('0')}" if letter and issue and number else ""


def notice_id(fields: Mapping[str, str]) -> str:
    """Return the identifier of a notice, never empty.

    The published one ("A202100301"); where the shape leaves the issue out, bulletin, day and
    number ("A2021-02-12/1"); where it leaves the number out too, a hash of the notice.
    """
    publication, parution = fields["publication"], fields["parution"]
    titled = re.search(r"(?i)bodacc\s+([ABC])\s*n\D{0,3}(\d{8})", fields["issue"])
    if titled:
        publication, parution = titled[1], titled[2]
    found = reference(publication, parution, fields["number"]) or fields["id"]
    if found:
        return found
    if fields["number"] and fields["published"]:
        letter = "B" if _BULLETIN_B.search(plain(fields["family"])) else "A"
        return f"{letter}{fields['published']}/{fields['number']}"
    said = "\x1f".join(fields[name] for name in FIELDS).encode("utf-8", "surrogatepass")
    return "?" + hashlib.blake2b(said, digest_size=10).hexdigest()


def _previous(value: str) -> str:
    """Return the identifier of the notice that a correction refers to, or ""."""
    content = structured(value)
    return reference(
        _member(content, "nompublication"),
        _member(content, "numeroparution"),
        _member(content, "numeroannonce"),
    )


def read_notice(fields: Mapping[str, str]) -> Notice:
    """Return what a notice says, from the texts of its `FIELDS`."""
    judgment = structured(fields["judgment"])
    family = plain(fields["family"])
    inner_family, nature = _member(judgment, "famille"), _member(judgment, "nature")
    text = _member(judgment, "complementjugement", "texte")
    day, kind, about, clear = "", None, "annonce sans effet sur la vie de la structure", True
    if "radiation" in family:
        removal = structured(fields["removal"])
        kind = bodacc_text.kind_of_removal(texts(removal))
        day = _member(removal, "datecessationactivitepm", "datecessationactivitepp")
        about = "radiation sans cessation (transfert)"
    elif "collecti" in family or inner_family or nature:
        decision = bodacc_text.decision_of(inner_family, nature, text)
        kind, clear = decision.kind, decision.clear
        day = _member(judgment, "date")
        about = f"jugement sans effet nouveau : {nature or inner_family or 'nature absente'}"
    elif "modif" in family:
        changes = (structured(fields["change"]), structured(fields["act"]))
        kind = bodacc_text.kind_of_change(" . ".join(texts(change) for change in changes))
    sirens, registered = sirens_of(fields["register"], fields["persons"])
    return Notice(
        kind=kind,
        day=day,
        sirens=sirens,
        registered=registered,
        correction=_correction(
            fields["type"],
            _member(judgment, "type"),
            inner_family,
            texts(structured(fields["removal"])),
        ),
        previous=_previous(fields["previous"]),
        about=about,
        clear=clear,
    )
