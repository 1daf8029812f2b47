"""Who asks, and the usual answers: the words of the table of access (`serving.access.matrix`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from serving.access.principal import Scope


class Reader(StrEnum):
    """Who asks. The territory of the limited ones is that of the structures "inside"."""

    ANONYMOUS = "personne"
    NATIONAL = "national"
    REGIONAL = "régional"
    DEPARTMENTAL = "départemental"
    ANALYST = "analyste"
    ADMIN = "admin"
    SCORES = "clé scores"
    SCORES_REGIONAL = "clé scores, région"
    CATALOGUE = "clé catalogue"
    BAROMETER = "clé baromètre"
    METRICS = "clé métriques"
    EXPORTS = "clé exports"
    LIVE = "clé notation"
    CELL = "clé cellule"
    SCENARIOS = "clé scénarios"
    EXPIRED = "clé échue"
    REVOKED = "clé révoquée"


Answers = Mapping[Reader, str]

#: the scopes of each key; a new scope has its reader (a test asks for it)
SCOPES: dict[Reader, tuple[Scope, ...]] = {
    Reader.SCORES: (Scope.READ_SCORES,),
    Reader.SCORES_REGIONAL: (Scope.READ_SCORES,),
    Reader.CATALOGUE: (Scope.READ_CATALOGUE,),
    Reader.BAROMETER: (Scope.READ_BAROMETER,),
    Reader.METRICS: (Scope.READ_METRICS,),
    Reader.EXPORTS: (Scope.READ_SCORES, Scope.EXPORT_SCORES),
    Reader.LIVE: (Scope.SCORE_LIVE,),
    Reader.CELL: (Scope.READ_ALERTS, Scope.WRITE_ALERTS, Scope.READ_CASES, Scope.WRITE_CASES),
    Reader.SCENARIOS: (Scope.RUN_SCENARIOS,),
    Reader.EXPIRED: (Scope.READ_SCORES,),
    Reader.REVOKED: (Scope.READ_SCORES,),
}

_R = Reader
PEOPLE = (_R.NATIONAL, _R.REGIONAL, _R.DEPARTMENTAL, _R.ANALYST, _R.ADMIN)
KEYS = tuple(reader for reader in SCOPES if reader not in {_R.EXPIRED, _R.REVOKED})
LIMITED = (_R.REGIONAL, _R.DEPARTMENTAL, _R.SCORES_REGIONAL)
READ = "200"
SIGN_IN = "303 /connexion"
NO_SCOPE = "403 missing-scope"
OUTSIDE = "403 outside-territory"
NO_CSRF = "403 csrf"
PSEUDONYM = "403 pseudonym-expected"


def everyone(answer: str) -> dict[Reader, str]:
    """Return the same answer for every reader."""
    return dict.fromkeys(Reader, answer)


def given_to(readers: tuple[Reader, ...], answer: str) -> dict[Reader, str]:
    """Return one answer for some readers."""
    return dict.fromkeys(readers, answer)


#: not signed in: a refusal of the API, the sign-in page for a page, a refused form
STRANGERS = {
    _R.ANONYMOUS: "401 not-authenticated",
    _R.EXPIRED: "401 key-expired",
    _R.REVOKED: "401 key-revoked",
}
AT_THE_DOOR = given_to(tuple(STRANGERS), SIGN_IN)

SIGNED_IN = everyone(READ) | STRANGERS
CATALOGUE = SIGNED_IN | given_to(
    (_R.METRICS, _R.LIVE, _R.CELL, _R.BAROMETER, _R.SCENARIOS), NO_SCOPE
)
LISTS = CATALOGUE | {_R.CATALOGUE: NO_SCOPE, _R.ADMIN: "403 role-has-no-lists"}
EXPORTS = LISTS | given_to((_R.SCORES, _R.SCORES_REGIONAL), NO_SCOPE)
#: figures without a name: every role but admin, whatever the territory, and a scope of its own
BAROMETER = LISTS | {_R.BAROMETER: READ}
LIVE = (
    SIGNED_IN
    | given_to(tuple(reader for reader in KEYS if reader is not _R.LIVE), NO_SCOPE)
    | {_R.ADMIN: "403 role-has-no-lists"}
)
SCENARIOS = (
    SIGNED_IN
    | given_to(tuple(reader for reader in KEYS if reader is not _R.SCENARIOS), NO_SCOPE)
    | {_R.ADMIN: "403 role-has-no-lists"}
)
COUNTERS = everyone(NO_SCOPE) | STRANGERS | {_R.ADMIN: READ, _R.METRICS: READ}


@dataclass(frozen=True)
class Line:
    """One address, asked one way, and the answer to each reader: status, then code or address.

    `query` and `form` have blanks: {inside}, {outside}, {unplaced} (a structure whose place is not
    known), {absent} (a SIREN that is not published), {pseudonym} (that of the one inside), {csrf}
    (the word of the reader's own session), {link} (a sign-in link), {form} (that of the form).
    `headers` have them too, and {key} (a new key of idempotency); `body`, most often JSON, has them
    as <inside>. `case` says in French what is particular.
    """

    method: str
    path: str
    answers: Answers
    case: str = ""
    fill: Mapping[str, str] = field(default_factory=dict)
    query: str = ""
    form: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
