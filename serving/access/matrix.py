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
    CELL = "clé cellule"
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
    Reader.CELL: (Scope.READ_ALERTS, Scope.WRITE_ALERTS, Scope.READ_CASES, Scope.WRITE_CASES),
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
_CATALOGUE = _SIGNED_IN | _for((_R.METRICS, _R.LIVE, _R.CELL), _NO_SCOPE)
_LISTS = _CATALOGUE | {_R.CATALOGUE: _NO_SCOPE, _R.ADMIN: "403 role-has-no-lists"}
_EXPORTS = _LISTS | _for((_R.SCORES, _R.SCORES_REGIONAL), _NO_SCOPE)
_LIVE = (
    _SIGNED_IN
    | _for(tuple(reader for reader in _KEYS if reader is not _R.LIVE), _NO_SCOPE)
    | {_R.ADMIN: "403 role-has-no-lists"}
)
_CELL = (
    _SIGNED_IN
    | _for(tuple(reader for reader in _KEYS if reader is not _R.CELL), _NO_SCOPE)
    | _for((_R.ANALYST, _R.ADMIN), "403 role-has-no-cases")
)
_COUNTERS = _all(_NO_SCOPE) | _STRANGERS | {_R.ADMIN: _READ, _R.METRICS: _READ}


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


_LIST = "/api/v1/structures"
_ONE = "/api/v1/structures/{siren}"
_BRIEF = "/api/v1/briefs"
_PAGE = "/structures/{code}"
_REASON = "un motif assez long pour les essais"
_ELSEWHERE = _LISTS | _for(_LIMITED, _OUTSIDE)
_EVERYWHERE = (_R.NATIONAL, _R.SCORES, _R.EXPORTS)
_NOWHERE = _for(_EVERYWHERE, "404 unknown-structure")
_WRITTEN = {"Idempotency-Key": "{key}", "X-CSRF-Token": "{csrf}"}
_CHANGED = _WRITTEN | {"If-Match": '"1"'}
_CELL_WRITTEN = {reader: "201" if answer == _READ else answer for reader, answer in _CELL.items()}
_OF_THE_CELL = (_R.NATIONAL, _R.REGIONAL, _R.DEPARTMENTAL, _R.CELL)
_NO_CASE = _CELL | _for(_OF_THE_CELL, "404 unknown-case")
_NO_ALERT = _CELL | _for(_OF_THE_CELL, "404 unknown-alert")
_ALERT_BODY = '{"siren": "<%s>", "severity": 2, "reason": "motif", "source": "essai"%s}'
_PAGES = _LISTS | _AT_THE_DOOR
_BY_PSEUDONYM = {_R.ANALYST: "404 unknown-path"}
#: a page outside the territory asks for a reason (403, and no code: it is a form)
_ASKED = _for(_LIMITED, "403")


def _of_one(part: str) -> tuple[Line, ...]:
    """Return the lines of what is said of one structure."""
    path, unnamed = _ONE + part, {_R.ANALYST: _PSEUDONYM}
    by_pseudonym = _for((*_LIMITED, *_EVERYWHERE), "422 bad-siren") | {_R.ANALYST: _READ}
    on_a_reason = unnamed | {_R.SCORES_REGIONAL: _OUTSIDE}
    return (
        Line("GET", path, _LISTS | unnamed, "dans le territoire", {"siren": "{inside}"}),
        Line("GET", path, _ELSEWHERE | unnamed, "ailleurs", {"siren": "{outside}"}),
        Line(
            "GET",
            path,
            _LISTS | on_a_reason,
            "ailleurs, sur motif",
            {"siren": "{outside}"},
            f"reason={_REASON}",
        ),
        Line("GET", path, _ELSEWHERE | unnamed, "lieu inconnu", {"siren": "{unplaced}"}),
        Line(
            "GET",
            path,
            _ELSEWHERE | _NOWHERE | unnamed,
            "SIREN non publié",
            {"siren": "{absent}"},
        ),
        Line("GET", path, _LISTS | by_pseudonym, "par pseudonyme", {"siren": "{pseudonym}"}),
    )


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
    *(line for part in ("", "/history", "/orientation", "/similar") for line in _of_one(part)),
    Line("GET", "/api/v1/schemes", _CATALOGUE),
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
    Line("GET", _BRIEF, _EXPORTS, "son territoire"),
    Line("GET", _BRIEF, _EXPORTS | {_R.DEPARTMENTAL: _OUTSIDE}, "sa région", query="region=32"),
    Line(
        "GET",
        _BRIEF,
        _EXPORTS | _for((_R.REGIONAL, _R.DEPARTMENTAL), _OUTSIDE),
        "une autre région",
        query="region=93",
    ),
    Line("POST", "/api/v1/scores", _LIVE, body='{"structures": [{"indicators": {}}]}'),
    Line("GET", "/api/v1/alerts", _CELL),
    Line(
        "POST",
        "/api/v1/alerts",
        _CELL_WRITTEN,
        "dans le territoire",
        body=_ALERT_BODY % ("inside", ""),
        headers=_WRITTEN,
    ),
    Line(
        "POST",
        "/api/v1/alerts",
        _CELL_WRITTEN | _for((_R.REGIONAL, _R.DEPARTMENTAL), _OUTSIDE),
        "dans un autre territoire",
        body=_ALERT_BODY % ("outside", ', "region": "93"'),
        headers=_WRITTEN,
    ),
    Line(
        "POST",
        "/api/v1/alerts",
        _CELL_WRITTEN | _for(_OF_THE_CELL[:3], _NO_CSRF),
        "sans jeton de formulaire",
        body=_ALERT_BODY % ("inside", ""),
        headers={"Idempotency-Key": "{key}"},
    ),
    Line(
        "POST",
        "/api/v1/alerts",
        _CELL | _for(_OF_THE_CELL, "400 idempotency-key-missing"),
        "sans clé d'idempotence",
        body=_ALERT_BODY % ("inside", ""),
        headers={"X-CSRF-Token": "{csrf}"},
    ),
    Line(
        "POST",
        "/api/v1/alerts/csv",
        _CELL | _for(_OF_THE_CELL, "422 bad-alert-file"),
        "ce qui n'est pas un tableau",
        body="rien",
        headers=_WRITTEN,
    ),
    Line(
        "GET",
        "/api/v1/alerts/{alert_id}",
        _NO_ALERT,
        "inconnu, ou pas lisible",
        {"alert_id": "inconnu"},
    ),
    Line(
        "PATCH",
        "/api/v1/alerts/{alert_id}",
        _NO_ALERT,
        "inconnu, ou pas lisible",
        {"alert_id": "inconnu"},
        body='{"status": "handled"}',
        headers=_CHANGED,
    ),
    Line(
        "PATCH",
        "/api/v1/alerts/{alert_id}",
        _CELL | _for(_OF_THE_CELL, "428 version-expected"),
        "sans version",
        {"alert_id": "inconnu"},
        body='{"status": "handled"}',
        headers=_WRITTEN,
    ),
    Line("GET", "/api/v1/cases", _CELL),
    Line(
        "POST",
        "/api/v1/cases",
        _CELL_WRITTEN | _for((_R.REGIONAL, _R.DEPARTMENTAL), _OUTSIDE),
        "structure d'ailleurs",
        body='{"siren": "<other>"}',
        headers=_WRITTEN,
    ),
    Line(
        "GET", "/api/v1/cases/{case_id}", _NO_CASE, "inconnu, ou ailleurs", {"case_id": "inconnu"}
    ),
    Line(
        "PATCH",
        "/api/v1/cases/{case_id}",
        _NO_CASE,
        "inconnu, ou ailleurs",
        {"case_id": "inconnu"},
        body='{"status": "contacted"}',
        headers=_CHANGED,
    ),
    Line(
        "POST",
        "/api/v1/cases/{case_id}/notes",
        _NO_CASE,
        "inconnu, ou ailleurs",
        {"case_id": "inconnu"},
        body='{"text": "Appelée."}',
        headers=_WRITTEN,
    ),
    Line(
        "POST",
        "/api/v1/cases/{case_id}/attachments",
        _NO_CASE,
        "inconnu, ou ailleurs",
        {"case_id": "inconnu"},
        body="texte",
        headers=_WRITTEN | {"X-File-Name": "compte-rendu.txt"},
    ),
    Line(
        "GET",
        "/api/v1/cases/{case_id}/attachments/{attachment_id}",
        _NO_CASE,
        "inconnu, ou ailleurs",
        {"case_id": "inconnu", "attachment_id": "inconnu"},
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
