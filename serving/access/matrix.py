"""Who gets what: every address, every reader, the answer. Tests run each cell on the application.

To add an address, add its line (or lines: one for each thing that changes the answer, such as the
place of the structure). A test fails while an address has no line.
"""

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
    METRICS = "clé métriques"
    EXPORTS = "clé exports"
    LIVE = "clé notation"
    SCENARIOS = "clé scénarios"
    EXPIRED = "clé échue"
    REVOKED = "clé révoquée"


Answers = Mapping[Reader, str]

#: the scopes of each key; a new scope has its reader (a test asks for it)
SCOPES: dict[Reader, tuple[Scope, ...]] = {
    Reader.SCORES: (Scope.READ_SCORES,),
    Reader.SCORES_REGIONAL: (Scope.READ_SCORES,),
    Reader.CATALOGUE: (Scope.READ_CATALOGUE,),
    Reader.METRICS: (Scope.READ_METRICS,),
    Reader.EXPORTS: (Scope.READ_SCORES, Scope.EXPORT_SCORES),
    Reader.LIVE: (Scope.SCORE_LIVE,),
    Reader.SCENARIOS: (Scope.RUN_SCENARIOS,),
    Reader.EXPIRED: (Scope.READ_SCORES,),
    Reader.REVOKED: (Scope.READ_SCORES,),
}

_R = Reader
_PEOPLE = (_R.NATIONAL, _R.REGIONAL, _R.DEPARTMENTAL, _R.ANALYST, _R.ADMIN)
_KEYS = tuple(reader for reader in SCOPES if reader not in {_R.EXPIRED, _R.REVOKED})
_LIMITED = (_R.REGIONAL, _R.DEPARTMENTAL, _R.SCORES_REGIONAL)
_READ = "200"
_SIGN_IN = "303 /connexion"
_NO_SCOPE = "403 missing-scope"
_OUTSIDE = "403 outside-territory"
_NO_CSRF = "403 csrf"
_PSEUDONYM = "403 pseudonym-expected"


def _all(answer: str) -> dict[Reader, str]:
    return dict.fromkeys(Reader, answer)


def _for(readers: tuple[Reader, ...], answer: str) -> dict[Reader, str]:
    return dict.fromkeys(readers, answer)


#: not signed in: a refusal of the API, the sign-in page for a page, a refused form
_STRANGERS = {
    _R.ANONYMOUS: "401 not-authenticated",
    _R.EXPIRED: "401 key-expired",
    _R.REVOKED: "401 key-revoked",
}
_AT_THE_DOOR = _for(tuple(_STRANGERS), _SIGN_IN)

_SIGNED_IN = _all(_READ) | _STRANGERS
_CATALOGUE = _SIGNED_IN | _for((_R.METRICS, _R.LIVE, _R.SCENARIOS), _NO_SCOPE)
_LISTS = _CATALOGUE | {_R.CATALOGUE: _NO_SCOPE, _R.ADMIN: "403 role-has-no-lists"}
_EXPORTS = _LISTS | _for((_R.SCORES, _R.SCORES_REGIONAL), _NO_SCOPE)
_LIVE = (
    _SIGNED_IN
    | _for(tuple(reader for reader in _KEYS if reader is not _R.LIVE), _NO_SCOPE)
    | {_R.ADMIN: "403 role-has-no-lists"}
)
_SCENARIOS = (
    _SIGNED_IN
    | _for(tuple(reader for reader in _KEYS if reader is not _R.SCENARIOS), _NO_SCOPE)
    | {_R.ADMIN: "403 role-has-no-lists"}
)
_COUNTERS = _all(_NO_SCOPE) | _STRANGERS | {_R.ADMIN: _READ, _R.METRICS: _READ}


@dataclass(frozen=True)
class Line:
    """One address, asked one way, and the answer to each reader: status, then code or address.

    `query` and `form` have blanks: {inside}, {outside}, {unplaced} (a structure whose place is not
    known), {absent} (a SIREN that is not published), {pseudonym} (that of the one inside), {csrf}
    (the word of the reader's own session), {link} (a sign-in link), {form} (that of the form).
    `body` is JSON. `case` says in French what is particular.
    """

    method: str
    path: str
    answers: Answers
    case: str = ""
    fill: Mapping[str, str] = field(default_factory=dict)
    query: str = ""
    form: Mapping[str, str] = field(default_factory=dict)
    body: str = ""


_LIST = "/api/v1/structures"
_ONE = "/api/v1/structures/{siren}"
_PAGE = "/structures/{code}"
_REASON = "un motif assez long pour les essais"
_ELSEWHERE = _LISTS | _for(_LIMITED, _OUTSIDE)
_EVERYWHERE = (_R.NATIONAL, _R.SCORES, _R.EXPORTS)
_NOWHERE = _for(_EVERYWHERE, "404 unknown-structure")
_PAGES = _LISTS | _AT_THE_DOOR
_BY_PSEUDONYM = {_R.ANALYST: "404 unknown-path"}
#: a page outside the territory asks for a reason (403, and no code: it is a form)
_ASKED = _for(_LIMITED, "403")

API: tuple[Line, ...] = (
    Line("GET", _LIST, _LISTS, "sans filtre"),
    Line("GET", _LIST, _LISTS, "filtre de son territoire", query="region=32"),
    Line("GET", _LIST, _ELSEWHERE, "filtre d'un autre territoire", query="region=93"),
    Line(
        "GET",
        _LIST,
        _LISTS | {_R.ANALYST: "403 filter-forbidden"},
        "recherche d'un nom",
        query="q=relais",
    ),
    Line(
        "GET", _ONE, _LISTS | {_R.ANALYST: _PSEUDONYM}, "dans le territoire", {"siren": "{inside}"}
    ),
    Line("GET", _ONE, _ELSEWHERE | {_R.ANALYST: _PSEUDONYM}, "ailleurs", {"siren": "{outside}"}),
    Line(
        "GET",
        _ONE,
        _LISTS | {_R.ANALYST: _PSEUDONYM, _R.SCORES_REGIONAL: _OUTSIDE},
        "ailleurs, sur motif",
        {"siren": "{outside}"},
        f"reason={_REASON}",
    ),
    Line(
        "GET", _ONE, _ELSEWHERE | {_R.ANALYST: _PSEUDONYM}, "lieu inconnu", {"siren": "{unplaced}"}
    ),
    Line(
        "GET",
        _ONE,
        _ELSEWHERE | _NOWHERE | {_R.ANALYST: _PSEUDONYM},
        "SIREN non publié",
        {"siren": "{absent}"},
    ),
    Line(
        "GET",
        _ONE,
        _LISTS | _for((*_LIMITED, *_EVERYWHERE), "422 bad-siren") | {_R.ANALYST: _READ},
        "par pseudonyme",
        {"siren": "{pseudonym}"},
    ),
    *(
        Line("GET", f"/api/v1/exports/structures.{kind}", _EXPORTS)
        for kind in ("csv", "xlsx", "parquet")
    ),
    Line(
        "GET",
        "/api/v1/exports/structures.csv",
        _EXPORTS | _for((_R.REGIONAL, _R.DEPARTMENTAL), _OUTSIDE),
        "filtre d'un autre territoire",
        query="region=93",
    ),
    Line("POST", "/api/v1/scores", _LIVE, body='{"structures": [{"indicators": {}}]}'),
    Line("POST", "/api/v1/scenarios", _SCENARIOS, body='{"name": "sans coupe"}'),
    Line(
        "GET",
        "/api/v1/scenarios/{scenario}",
        {r: "404 unknown-scenario" if a == _READ else a for r, a in _SCENARIOS.items()},
        "inconnu",
        {"scenario": "0" * 32},
    ),
    Line("GET", "/api/v1/publications", _CATALOGUE),
    Line("GET", "/api/v1/models/current", _CATALOGUE),
    Line("GET", "/api/v1/indicators", _CATALOGUE),
    Line("GET", "/api/v1/openapi.json", _SIGNED_IN),
    Line("GET", "/health/live", _all(_READ)),
    Line("GET", "/health/ready", _all(_READ)),
    Line("GET", "/metrics", _COUNTERS),
)

PAGES: tuple[Line, ...] = (
    Line("GET", "/", _PAGES),
    Line("GET", _PAGE, _PAGES | _BY_PSEUDONYM, "dans le territoire", {"code": "{inside}"}),
    Line("GET", _PAGE, _PAGES | _ASKED | _BY_PSEUDONYM, "ailleurs", {"code": "{outside}"}),
    Line("GET", _PAGE, _PAGES | _ASKED | _BY_PSEUDONYM, "lieu inconnu", {"code": "{unplaced}"}),
    Line(
        "GET",
        _PAGE,
        _PAGES | _NOWHERE | _ASKED | _BY_PSEUDONYM,
        "SIREN non publié",
        {"code": "{absent}"},
    ),
    Line(
        "GET",
        _PAGE,
        _PAGES | _for((*_LIMITED, *_EVERYWHERE), "404 unknown-path") | {_R.ANALYST: _READ},
        "par pseudonyme",
        {"code": "{pseudonym}"},
    ),
    Line(
        "POST",
        _PAGE,
        _LISTS
        | _for((_R.SCORES, _R.SCORES_REGIONAL, _R.EXPORTS), _NO_CSRF)
        | _BY_PSEUDONYM
        | {_R.NATIONAL: "303 /structures/"},
        "ailleurs, sur motif",
        {"code": "{outside}"},
        form={"csrf": "{csrf}", "reason": _REASON},
    ),
    Line(
        "POST",
        _PAGE,
        _LISTS | _for((_R.SCORES, _R.SCORES_REGIONAL, _R.EXPORTS, *_PEOPLE[:4]), _NO_CSRF),
        "sans jeton de formulaire",
        {"code": "{outside}"},
        form={"reason": _REASON},
    ),
    Line("GET", "/modele", _CATALOGUE | _AT_THE_DOOR),
    Line("GET", "/aide", _SIGNED_IN | _AT_THE_DOOR),
    Line("GET", "/static/{name}", _all(_READ), fill={"name": "veille.css"}),
    Line(
        "GET",
        "/connexion",
        _all("303 /") | _for((_R.EXPIRED, _R.REVOKED), _SIGN_IN) | {_R.ANONYMOUS: _READ},
    ),
    Line("POST", "/connexion", _all(_NO_CSRF), "sans jeton de formulaire"),
    Line(
        "GET",
        "/connexion/lien/{token}",
        _all("303 /"),
        "lien neuf",
        {"token": "{link}"},
    ),
    Line(
        "GET",
        "/connexion/lien/{token}",
        _all("401 bad-login-link"),
        "lien inconnu",
        {"token": "inconnu"},
    ),
    *(
        Line("GET", path, _all("404 unknown-path"), "sans fournisseur d'identité")
        for path in ("/connexion/oidc", "/connexion/oidc/retour", "/deconnexion/retour")
    ),
    Line("GET", "/confidentialite", _SIGNED_IN | _AT_THE_DOOR),
    Line(
        "POST",
        "/confidentialite",
        _all("303 /") | _STRANGERS | _for(_KEYS, _NO_CSRF),
        form={"csrf": "{csrf}"},
    ),
    Line("POST", "/confidentialite", _all(_NO_CSRF) | _STRANGERS, "sans jeton de formulaire"),
    Line("POST", "/deconnexion", _all(_NO_CSRF) | _STRANGERS, "sans jeton de formulaire"),
    Line(
        "POST",
        "/deconnexion",
        _all("303 /connexion") | _STRANGERS | _for(_KEYS, _NO_CSRF),
        form={"csrf": "{csrf}"},
    ),
)

LINES: tuple[Line, ...] = (*API, *PAGES)
