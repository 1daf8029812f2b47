"""Who gets what: every address, every reader, the answer. Tests run each cell on the application.

To add an address, add its line (or lines: one for each thing that changes the answer, such as the
place of the structure). A test fails while an address has no line.
"""

from __future__ import annotations

from serving.access.matrix_cell import CELL_LINES
from serving.access.readers import (
    AT_THE_DOOR,
    BAROMETER,
    CATALOGUE,
    COUNTERS,
    EXPORTS,
    KEYS,
    LIMITED,
    LISTS,
    LIVE,
    NO_CSRF,
    NO_SCOPE,
    OUTSIDE,
    PEOPLE,
    PSEUDONYM,
    READ,
    SCENARIOS,
    SIGN_IN,
    SIGNED_IN,
    STRANGERS,
    Line,
    Reader,
    everyone,
    given_to,
)

_R = Reader

_LIST = "/api/v1/structures"
_ONE = "/api/v1/structures/{siren}"
_BRIEF = "/api/v1/briefs"
_PAGE = "/structures/{code}"
_REASON = "un motif assez long pour les essais"
_ELSEWHERE = LISTS | given_to(LIMITED, OUTSIDE)
_EVERYWHERE = (_R.NATIONAL, _R.SCORES, _R.EXPORTS)
_NOWHERE = given_to(_EVERYWHERE, "404 unknown-structure")
_PAGES = LISTS | AT_THE_DOOR
_BY_PSEUDONYM = {_R.ANALYST: "404 unknown-path"}
#: a page outside the territory asks for a reason (403, and no code: it is a form)
_ASKED = given_to(LIMITED, "403")


def _of_one(part: str) -> tuple[Line, ...]:
    """Return the lines of what is said of one structure."""
    path, unnamed = _ONE + part, {_R.ANALYST: PSEUDONYM}
    by_pseudonym = given_to((*LIMITED, *_EVERYWHERE), "404 unknown-structure") | {_R.ANALYST: READ}
    on_a_reason = unnamed | {_R.SCORES_REGIONAL: OUTSIDE}
    return (
        Line("GET", path, LISTS | unnamed, "dans le territoire", {"siren": "{inside}"}),
        Line("GET", path, _ELSEWHERE | unnamed, "ailleurs", {"siren": "{outside}"}),
        Line(
            "GET",
            path,
            LISTS | on_a_reason,
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
        Line("GET", path, LISTS | by_pseudonym, "par pseudonyme", {"siren": "{pseudonym}"}),
    )


API: tuple[Line, ...] = (
    Line("GET", _LIST, LISTS, "sans filtre"),
    Line("GET", _LIST, LISTS, "filtre de son territoire", query="region=32"),
    Line("GET", _LIST, _ELSEWHERE, "filtre d'un autre territoire", query="region=93"),
    Line(
        "GET",
        _LIST,
        LISTS | {_R.ANALYST: "403 filter-forbidden"},
        "recherche d'un nom",
        query="q=relais",
    ),
    *(line for part in ("", "/history", "/orientation", "/similar") for line in _of_one(part)),
    Line("GET", "/api/v1/schemes", CATALOGUE),
    *(
        Line("GET", f"/api/v1/exports/structures.{kind}", EXPORTS)
        for kind in ("csv", "xlsx", "parquet")
    ),
    Line(
        "GET",
        "/api/v1/exports/structures.csv",
        EXPORTS | given_to((_R.REGIONAL, _R.DEPARTMENTAL), OUTSIDE),
        "filtre d'un autre territoire",
        query="region=93",
    ),
    Line("GET", _BRIEF, EXPORTS, "son territoire"),
    Line("GET", _BRIEF, EXPORTS | {_R.DEPARTMENTAL: OUTSIDE}, "sa région", query="region=32"),
    Line(
        "GET",
        _BRIEF,
        EXPORTS | given_to((_R.REGIONAL, _R.DEPARTMENTAL), OUTSIDE),
        "une autre région",
        query="region=93",
    ),
    Line(
        "GET",
        _BRIEF,
        EXPORTS
        | given_to((_R.NATIONAL, _R.REGIONAL, _R.DEPARTMENTAL, _R.ANALYST), "404 unknown-scenario")
        | {_R.EXPORTS: NO_SCOPE},
        "avec un scénario inconnu",
        query=f"scenario={'0' * 32}",
    ),
    Line("POST", "/api/v1/scores", LIVE, body='{"structures": [{"indicators": {}}]}'),
    Line("POST", "/api/v1/scenarios", SCENARIOS, body='{"name": "sans coupe"}'),
    Line(
        "GET",
        "/api/v1/scenarios/{scenario}",
        {r: "404 unknown-scenario" if a == READ else a for r, a in SCENARIOS.items()},
        "inconnu",
        {"scenario": "0" * 32},
    ),
    Line(
        "GET",
        "/api/v1/scenarios/{scenario}/compare/{other}",
        {r: "404 unknown-scenario" if a == READ else a for r, a in SCENARIOS.items()},
        "inconnus",
        {"scenario": "0" * 32, "other": "1" * 32},
    ),
    *CELL_LINES,
    Line("GET", "/api/v1/barometer", BAROMETER),
    Line("GET", "/api/v1/priorities", LISTS),
    Line("GET", "/api/v1/publications", CATALOGUE),
    Line("GET", "/api/v1/models/current", CATALOGUE),
    Line("GET", "/api/v1/indicators", CATALOGUE),
    Line("GET", "/api/v1/openapi.json", SIGNED_IN),
    Line("GET", "/health/live", everyone(READ)),
    Line("GET", "/health/ready", everyone(READ)),
    Line("GET", "/metrics", COUNTERS),
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
        _PAGES | given_to((*LIMITED, *_EVERYWHERE), "404 unknown-path") | {_R.ANALYST: READ},
        "par pseudonyme",
        {"code": "{pseudonym}"},
    ),
    Line(
        "POST",
        _PAGE,
        LISTS
        | given_to((_R.SCORES, _R.SCORES_REGIONAL, _R.EXPORTS), NO_CSRF)
        | _BY_PSEUDONYM
        | {_R.NATIONAL: "303 /structures/"},
        "ailleurs, sur motif",
        {"code": "{outside}"},
        form={"csrf": "{csrf}", "reason": _REASON},
    ),
    Line(
        "POST",
        _PAGE,
        LISTS | given_to((_R.SCORES, _R.SCORES_REGIONAL, _R.EXPORTS, *PEOPLE[:4]), NO_CSRF),
        "sans jeton de formulaire",
        {"code": "{outside}"},
        form={"reason": _REASON},
    ),
    Line("GET", "/modele", CATALOGUE | AT_THE_DOOR),
    Line("GET", "/aide", SIGNED_IN | AT_THE_DOOR),
    Line("GET", "/static/{name}", everyone(READ), fill={"name": "veille.css"}),
    Line(
        "GET",
        "/connexion",
        everyone("303 /") | given_to((_R.EXPIRED, _R.REVOKED), SIGN_IN) | {_R.ANONYMOUS: READ},
    ),
    Line("POST", "/connexion", everyone(NO_CSRF), "sans jeton de formulaire"),
    Line(
        "GET",
        "/connexion/lien/{token}",
        everyone("303 /"),
        "lien neuf",
        {"token": "{link}"},
    ),
    Line(
        "GET",
        "/connexion/lien/{token}",
        everyone("401 bad-login-link"),
        "lien inconnu",
        {"token": "inconnu"},
    ),
    *(
        Line("GET", path, everyone("404 unknown-path"), "sans fournisseur d'identité")
        for path in ("/connexion/oidc", "/connexion/oidc/retour", "/deconnexion/retour")
    ),
    Line("GET", "/confidentialite", SIGNED_IN | AT_THE_DOOR),
    Line(
        "POST",
        "/confidentialite",
        everyone("303 /") | STRANGERS | given_to(KEYS, NO_CSRF),
        form={"csrf": "{csrf}"},
    ),
    Line("POST", "/confidentialite", everyone(NO_CSRF) | STRANGERS, "sans jeton de formulaire"),
    Line("POST", "/deconnexion", everyone(NO_CSRF) | STRANGERS, "sans jeton de formulaire"),
    Line(
        "POST",
        "/deconnexion",
        everyone("303 /connexion") | STRANGERS | given_to(KEYS, NO_CSRF),
        form={"csrf": "{csrf}"},
    ),
)

LINES: tuple[Line, ...] = (*API, *PAGES)
