"""What a caller writes: texts that both databases keep whole, identifiers, codes of places."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from data.identifiers import RNA, is_rna, is_siren
from data.reference.territories import departements, regions

#: no control character but tab and line feed, and something to read
_WRITTEN = r"^[^\x00-\x08\x0b-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x08\x0b-\x1f\x7f]*$"


def _siren(text: str) -> str:
    if not is_siren(text):
        raise PydanticCustomError("bad_siren", "bad SIREN")
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
Siren = Annotated[str, AfterValidator(_siren), Field(json_schema_extra={"format": "siren"})]
Rna = Annotated[str, AfterValidator(_rna), Field(json_schema_extra={"pattern": RNA})]
Region = Annotated[
    str, AfterValidator(_region), Field(json_schema_extra={"enum": sorted(regions())})
]
Departement = Annotated[
    str, AfterValidator(_departement), Field(json_schema_extra={"enum": sorted(departements())})
]
