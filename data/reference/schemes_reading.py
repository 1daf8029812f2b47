"""Strict reading of a table of the catalogue of schemes: each refusal names scheme and field."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from data.contracts import ESS_FAMILIES
from data.errors import VeilleError
from data.reference.sectors import sectors

STAGES = ("anticipation", "difficulty", "urgency", "rebound")
DRIVERS = (
    "late_payment",
    "funding_loss",
    "aci_cut",
    "social_debt",
    "small_budget",
    "neighbours",
    "proceedings",
)
PROCEEDINGS = ("safeguard", "receivership", "liquidation", "plan")
_ID = re.compile(r"[a-z][a-z0-9_]{1,40}")


class SchemesError(VeilleError):
    """A catalogue of schemes that cannot be used."""


@dataclass(frozen=True)
class Table:
    """A table of the file: `file` and `scheme` are for the refusals, `at` says which criterion."""

    file: str
    scheme: str
    content: dict[str, Any]
    at: str = ""

    def refused(self, field: str, received: object, expected: str) -> SchemesError:
        """Return the refusal of a field."""
        scheme = f", dispositif {self.scheme}" if self.scheme else ""
        return SchemesError(
            "Le catalogue des dispositifs n'est pas utilisable.",
            code="schemes-invalid",
            where=f"{self.file}{scheme}, champ {self.at}{field}",
            received="rien" if received is None else received,
            expected=expected,
            todo="Corrigez ce champ ; docs/schemes.md les explique, « veille schemes --check » "
            "vérifie le fichier.",
        )

    def only(self, known: set[str]) -> None:
        """Refuse any other key."""
        for key in self.content:
            if key not in known:
                raise self.refused(key, key, "une de ces clés : " + ", ".join(sorted(known)))

    def check_id(self) -> None:
        """Refuse an id that is not a plain word."""
        if not _ID.fullmatch(self.scheme):
            raise self.refused("id", self.scheme, "des minuscules, des chiffres et « _ »")

    def text(self, field: str, *, required: bool = True) -> str:
        """Return a sentence, the empty text where it may be absent."""
        value = self.content.get(field)
        if value is None and not required:
            return ""
        if isinstance(value, str) and value.strip():
            return value.strip()
        raise self.refused(field, value, "un texte qui n'est pas vide")

    def texts(self, field: str) -> tuple[str, ...]:
        """Return a list of sentences, at least one."""
        value = self.content.get(field)
        if isinstance(value, list) and value and all(isinstance(v, str) and v for v in value):
            return tuple(value)
        raise self.refused(field, value, "une liste de textes")

    def word(self, field: str, known: Sequence[str]) -> str:
        """Return a word of a closed list."""
        value = self.content.get(field)
        if isinstance(value, str) and value in known:
            return value
        raise self.refused(field, value, " | ".join(known))

    def words(
        self, field: str, known: Sequence[str], *, empty: bool = False, expected: str = ""
    ) -> tuple[str, ...]:
        """Return words of a closed list, each once; at least one unless `empty`."""
        value = self.content.get(field)
        said = expected or "une liste, sans doublon, parmi : " + " | ".join(known)
        if not isinstance(value, list) or not (value or empty):
            raise self.refused(field, value, said)
        for at, one in enumerate(value):
            if not isinstance(one, str) or one not in known or one in value[:at]:
                raise self.refused(field, one, said)
        return tuple(value)

    def flag(self, field: str) -> bool:
        """Return true or false."""
        value = self.content.get(field)
        if isinstance(value, bool):
            return value
        raise self.refused(field, value, "true ou false")

    def day(self, field: str, *, required: bool) -> date | None:
        """Return a date written as TOML does, 2025-06-25."""
        value = self.content.get(field)
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        if value is None and not required:
            return None
        raise self.refused(
            field, value, "une date, 2025-06-25 ; facultative si to_confirm vaut true"
        )

    def tables(self, field: str, *, required: bool, of: type = dict) -> dict[str, Any]:
        """Return a table of tables (or of lists), empty where it may be absent."""
        value = self.content.get(field, None if required else {})
        if isinstance(value, dict) and (value or not required):
            for name, one in value.items():
                if not isinstance(one, of):
                    raise self.refused(f"{field}.{name}", one, f"une table [{field}.{name}]")
            return value
        raise self.refused(field, value, f"au moins une table [{field}.<id>]")

    def rows(self, field: str) -> list[Table]:
        """Return a list of tables, none where it is absent; each knows its place."""
        value = self.content.get(field, [])
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise self.refused(field, value, "une liste de tables")
        if field == "of" and not value:
            raise self.refused(field, value, "au moins une alternative")
        return [
            Table(self.file, self.scheme, one, f"{self.at}{field}[{number}].")
            for number, one in enumerate(value, 1)
        ]


@dataclass(frozen=True)
class Compared:
    """What a kind of criterion is compared with: a list of `known` codes, a number, or nothing."""

    list_key: str = ""
    number_key: str = ""
    known: Sequence[str] | None = None
    alternatives: bool = False

    @property
    def keys(self) -> set[str]:
        """The keys of the criterion beside kind and label."""
        return {k for k in (self.list_key, self.number_key) if k} | (
            {"of"} if self.alternatives else set()
        )

    def values(self, table: Table) -> tuple[str, ...]:
        """Return the codes of a criterion."""
        if not self.list_key:
            return ()
        if self.known is not None:
            return table.words(self.list_key, self.known)
        for one in table.texts(self.list_key):
            if not one.isdigit() or len(one) > len("9220"):
                raise table.refused(self.list_key, one, "de un à quatre chiffres : 92, 9220")
        return table.texts(self.list_key)

    def number(self, table: Table) -> float | None:
        """Return the limit of a criterion."""
        if not self.number_key:
            return None
        value = table.content.get(self.number_key)
        top = 1 if self.number_key == "ratio" else 1e12
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= top:
            return float(value)
        said = "un nombre entre 0 et 1" if self.number_key == "ratio" else "un nombre positif"
        raise table.refused(self.number_key, value, said)


#: kind of criterion -> what it is compared with
CRITERION_KINDS: dict[str, Compared] = {
    "family": Compared(list_key="values", known=ESS_FAMILIES),
    "sector": Compared(list_key="values", known=tuple(sectors())),
    "legal_category": Compared(list_key="prefixes"),
    "private_law": Compared(),
    "esus": Compared(),
    "siae": Compared(),
    "aci": Compared(),
    "employer": Compared(),
    "employees_below": Compared(number_key="count"),
    "budget_above": Compared(number_key="eur"),
    "budget_at_most": Compared(number_key="eur"),
    "late_payment": Compared(),
    "unpaid_grant": Compared(),
    "funding_cut": Compared(number_key="ratio"),
    "social_debt": Compared(),
    "filings_current": Compared(),
    "no_proceedings": Compared(list_key="values", known=PROCEEDINGS),
    "neighbours": Compared(),
    "any_of": Compared(alternatives=True),
}
