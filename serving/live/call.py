"""The body of `POST /scores`, decoded and checked in one pass."""

from __future__ import annotations

import re

import msgspec

from serving.live.errors import CallError

Scalar = str | int | float | bool | None
Row = dict[str, Scalar]
Indicators = dict[str, float | str | None]
MAX_STRUCTURES = 1_000
#: rows of facts in one call, all structures together
MAX_FACTS = 200_000


class Item(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One structure: its histories, or its indicators.

    `histories`: rows by table (`grants`, `payments`…), columns of docs/api.md. `indicators`: values
    by name; those that are absent are missing. `id` is the caller's, given back as it came.
    """

    id: str = ""
    histories: dict[str, list[Row]] | msgspec.UnsetType = msgspec.UNSET
    indicators: Indicators | msgspec.UnsetType = msgspec.UNSET


class Call(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A call: what to predict, for which structures.

    `budgets` and `funder_delays` are facts of funders, which add to those that are known.
    """

    structures: list[Item]
    target: str | msgspec.UnsetType = msgspec.UNSET
    horizons_months: list[int] | msgspec.UnsetType = msgspec.UNSET
    reasons: bool = False
    budgets: list[Row] = []
    funder_delays: list[Row] = []


_DECODER = msgspec.json.Decoder(Call)
_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<path>[^`]*)`)?$", re.DOTALL)


def read_call(body: bytes) -> Call:
    """Return the call of a JSON body.

    Raises
    ------
    CallError
        `bad-json`; `bad-body` (a value of the wrong type, an unknown key); `bad-count`;
        `bad-structure` (both or neither of histories and indicators).
    """
    try:
        call = _DECODER.decode(body)
    except msgspec.ValidationError as error:
        found = _AT.match(str(error))
        raise CallError(
            "Le corps de la demande n'a pas la forme attendue.",
            code="bad-body",
            where=found["path"] if found and found["path"] else "corps",
            received=found["what"] if found else str(error),
            expected="la forme décrite par /api/v1/openapi.json",
        ) from error
    except msgspec.DecodeError as error:
        raise CallError(
            "Le corps de la demande n'est pas du JSON.",
            code="bad-json",
            where="corps",
            received=str(error)[:120],
            expected="un objet JSON en UTF-8",
        ) from error
    _check(call)
    return call


def _check(call: Call) -> None:
    count = len(call.structures)
    if not 1 <= count <= MAX_STRUCTURES:
        raise CallError(
            "Le nombre de structures n'est pas accepté.",
            code="bad-count",
            where="structures",
            received=count,
            expected=f"de 1 à {MAX_STRUCTURES} structures par appel",
            todo="Coupez la demande en plusieurs appels.",
        )
    facts = len(call.budgets) + len(call.funder_delays)
    for k, item in enumerate(call.structures):
        told = item.histories or {}
        if (item.histories is msgspec.UNSET) == (item.indicators is msgspec.UNSET):
            raise CallError(
                "Une structure se donne par ses historiques ou par ses indicateurs.",
                code="bad-structure",
                where=f"structures[{k}]",
                received="ni l'un ni l'autre" if item.histories is msgspec.UNSET else "les deux",
                expected="histories, ou indicators",
            )
        facts += sum(map(len, told.values()))
    if facts > MAX_FACTS:
        raise CallError(
            "Trop de lignes de faits dans un appel.",
            code="bad-count",
            where="structures",
            received=facts,
            expected=f"au plus {MAX_FACTS} lignes, toutes structures comprises",
            todo="Coupez la demande en plusieurs appels.",
        )
