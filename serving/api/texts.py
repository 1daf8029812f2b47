"""What a caller writes: texts that both databases keep whole, identifiers, codes of places."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from data.identifiers import RNA, is_rna, is_siren
from data.reference.territories import departements, regions
from serving.cell.errors import is_identifier, unknown_key

#: nine digits; whether the last one is the right one, no pattern says
SIREN = r"^[0-9]{9}$"
PAGE_CURSOR = r"^[A-Za-z0-9_-]{16,500}$"
#: no control character but tab and line feed, and something to read (whichever table of spaces is
#: read: those of JSON Schema and of Rust differ by U+0085 and U+FEFF)
_WRITTEN = r"^[^\x00-\x08\x0b-\x1f\x7f]*[^\s\x00-\x1f\x7f-\x9f\ufeff][^\x00-\x08\x0b-\x1f\x7f]*$"


def _siren(text: str) -> str:
    if re.fullmatch(SIREN, text) is None:
        raise PydanticCustomError("bad_siren", "bad SIREN")
    if not is_siren(text):
        raise unknown_key(text)
    return text


_NEXT = {"expected": "le next_cursor de la page précédente"}


def _cursor(text: str) -> str:
    if not is_identifier(text):
        raise PydanticCustomError("bad_cursor", "bad cursor", _NEXT)
    return text


def _page_cursor(text: str) -> str:
    if re.fullmatch(PAGE_CURSOR, text) is None:
        raise PydanticCustomError("bad_cursor", "bad cursor", _NEXT)
    return text


def _rna(text: str) -> str:
    if not is_rna(text):
        raise PydanticCustomError("bad_rna", "bad RNA")
    return text


def _region(code: str) -> str:
    if code not in regions():
        raise PydanticCustomError("enum", "unknown", {"expected": " | ".join(sorted(regions()))})
    return code


def _departement(code: str) -> str:
    if code not in departements():
        known = " | ".join(sorted(departements()))
        raise PydanticCustomError("enum", "unknown", {"expected": known})
    return code


Short = Annotated[str, Field(min_length=1, max_length=120, pattern=_WRITTEN)]
Name = Annotated[str, Field(min_length=1, max_length=300, pattern=_WRITTEN)]
Long = Annotated[str, Field(min_length=1, max_length=4_000, pattern=_WRITTEN)]
Reason = Annotated[str, Field(min_length=15, max_length=500, pattern=_WRITTEN)]
Siren = Annotated[
    str,
    AfterValidator(_siren),
    Field(json_schema_extra={"format": "siren", "pattern": SIREN}),
]
#: of a list of alerts or of cases
Cursor = Annotated[
    str,
    AfterValidator(_cursor),
    Field(
        description="next_cursor de la page précédente.",
        json_schema_extra={"minLength": 1, "maxLength": 64, "pattern": "^[0-9a-f]{16}$"},
    ),
]
#: of the ranked list
PageCursor = Annotated[
    str,
    AfterValidator(_page_cursor),
    Field(
        description="next_cursor de la page précédente.",
        json_schema_extra={"minLength": 1, "maxLength": 500, "pattern": PAGE_CURSOR},
    ),
]
Rna = Annotated[str, AfterValidator(_rna), Field(json_schema_extra={"pattern": RNA})]
Region = Annotated[
    str, AfterValidator(_region), Field(json_schema_extra={"enum": sorted(regions())})
]
Departement = Annotated[
    str, AfterValidator(_departement), Field(json_schema_extra={"enum": sorted(departements())})
]
