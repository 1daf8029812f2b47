"""Which codes each status of the API may carry, with the words of an example."""

from __future__ import annotations

from typing import Any

#: status -> code -> an example of `detail`
CODES: dict[int, dict[str, str]] = {
    400: {
        "idempotency-key-missing": "Une écriture porte une clé d'idempotence.",
        "bad-idempotency-key": "Cette clé d'idempotence est refusée.",
        "version-expected": "Une modification dit de quelle version elle part.",
        "refused": "La demande est refusée.",
    },
    401: {
        "not-authenticated": "Il faut être connecté, ou présenter une clé d'API.",
        "bad-key-presented": "Cette clé d'API est inconnue.",
        "key-revoked": "Cette clé d'API a été révoquée.",
        "key-expired": "Cette clé d'API a expiré.",
    },
    403: {
        "role-has-no-lists": "Un compte d'administration gère les comptes et les clés, sans voir "
        "de liste.",
        "missing-scope": "Cette clé d'API n'a pas la portée nécessaire.",
        "outside-territory": "Ce territoire n'est pas le vôtre.",
        "filter-forbidden": "Une liste pseudonymisée ne se cherche ni ne se trie par le nom.",
        "pseudonym-expected": "Un analyste ouvre une structure par son pseudonyme.",
        "notice-due": "La notice de confidentialité est à accepter avant un export.",
        "cross-site": "Un export ne se demande que depuis ces pages, ou avec une clé.",
        "role-has-no-cases": "Les signalements et les dossiers nomment des structures.",
        "csrf": "Ce formulaire a expiré, ou ne vient pas de cette application.",
    },
    404: {
        "unknown-structure": "Cette structure n'est pas dans la publication.",
        "unknown-scenario": "Ce scénario n'existe pas, ou n'est pas de votre territoire.",
        "unknown-alert": "Ce signalement n'existe pas, ou n'est pas lisible de votre compte.",
        "unknown-case": "Ce dossier n'existe pas, ou n'est pas lisible de votre compte.",
        "unknown-attachment": "Ce fichier n'existe pas dans ce dossier.",
        "unknown-siren": "Aucune structure connue n'a ce SIREN.",
        "bad-siren": "La clé de contrôle de ce SIREN est fausse.",
        "cursor-invalid": "Aucune page n'a donné ce curseur.",
    },
    409: {
        "alert-withdrawn": "Ce signalement a été retiré : il ne change plus.",
        "alert-attached": "Ce signalement est déjà rattaché à une structure.",
        "case-already-open": "Un dossier est déjà ouvert pour cette structure dans cette région.",
        "case-closed": "Ce dossier est clos : il ne change plus.",
        "bad-transition": "Ce dossier ne passe pas à cet état.",
        "too-many-files": "Ce dossier a trop de fichiers.",
        "idempotency-key-reused": "Cette clé d'idempotence a déjà servi à une autre demande.",
        "cursor-other-list": "Ce curseur vient d'une autre liste.",
        "no-place": "On ne sait pas dans quelle région suivre cette structure.",
        "bad-day": "Ce jour n'est pas accepté.",
        "bad-assignee": "Ce dossier ne peut pas être confié à ce compte.",
        "version-of-another": "Cette version est celle d'autre chose.",
        "file-not-as-named": "Le contenu de ce fichier n'est pas ce que dit son nom.",
    },
    410: {"cursor-expired": "La liste a été republiée depuis cette page."},
    412: {"stale-version": "Quelqu'un d'autre a modifié ceci depuis que vous l'avez lu."},
    413: {"bad-request-body": "Le corps de la demande n'est pas accepté."},
    415: {
        "bad-request-body": "Le corps de la demande n'est pas accepté.",
        "file-type-refused": "Ce type de fichier n'est pas accepté.",
    },
    422: {
        "bad-value": "Cette valeur n'existe pas.",
        "unknown-parameter": "Ce paramètre n'existe pas.",
        "repeated-parameter": "Ce paramètre est donné plusieurs fois.",
        "out-of-bounds": "Cette valeur est trop grande.",
        "unknown-target": "Cette cible n'existe pas.",
        "unknown-horizon": "Cet horizon n'est pas publié.",
        "bad-siren": "Ce n'est pas un SIREN.",
        "cursor-invalid": "Ce curseur est illisible.",
        "too-many-rows": "Cette liste ne tient pas dans une feuille de tableur.",
        "bad-json": "Le corps de la demande n'est pas du JSON.",
        "bad-body": "Le corps de la demande n'a pas la forme attendue.",
        "bad-count": "Le nombre de structures n'est pas accepté.",
        "bad-structure": "Une structure se donne par ses historiques ou par ses indicateurs.",
        "unknown-indicator": "Cet indicateur n'existe pas.",
        "bad-indicator-value": "La valeur d'un indicateur n'est pas du bon type.",
        "unknown-table": "Cette table de faits n'existe pas.",
        "unknown-column": "Cette colonne n'existe pas dans cette table.",
        "missing-value": "Une valeur obligatoire manque.",
        "bad-fact": "La valeur d'un fait ne se lit pas.",
        "missing-parameter": "Ce paramètre est obligatoire.",
        "no-identifier": "Un signalement nomme une structure.",
        "bad-alert-file": "Ce fichier n'est pas un tableau de signalements.",
        "too-many-lines": "Ce fichier a trop de lignes.",
        "outcome-missing": "Un dossier se clôt avec son issue.",
        "outcome-early": "L'issue se donne à la clôture.",
        "unknown-scheme": "Ce dispositif n'est pas au catalogue.",
        "bad-file-name": "Ce nom de fichier est refusé.",
        "empty-file": "Ce fichier est vide.",
        "scenario-unreadable": "Le scénario n'est pas du JSON.",
        "unknown-key": "Cette clé n'existe pas dans un scénario.",
        "bad-scenario": "Une valeur du scénario est refusée.",
        "scenario-other-list": "Ce scénario a été calculé sur une autre liste.",
        "scenario-elsewhere": "Ce scénario n'a pas de chiffres pour ce territoire et ce secteur.",
        "scenarios-not-comparable": "Ces deux scénarios ne portent pas sur la même liste.",
    },
    429: {"rate-limited": "Trop de demandes en peu de temps."},
    500: {"internal-error": "Une erreur interne empêche de répondre."},
    503: {
        "no-publication": "Rien n'est encore publié pour cette cible.",
        "publication-corrupted": "Un fichier de la publication a changé depuis son écriture.",
        "no-pango": "Le PDF a besoin de Pango, qui manque sur cette machine.",
        "brief-too-long": "Cette note ne tient pas en deux pages.",
        "brief-fetches": "Une note ne va chercher aucun fichier, et celle-ci en demande un.",
        "bad-capacity": "Le fichier de capacité est refusé.",
        "no-live-model": "Cette publication ne porte pas de quoi noter à la demande.",
    },
}

_LISTS = {
    "role-has-no-cases",
    "role-has-no-lists",
    "missing-scope",
    "outside-territory",
    "filter-forbidden",
}
_PARAMETERS = {"unknown-parameter", "repeated-parameter", "bad-value", "out-of-bounds"}
_TARGET = {*_PARAMETERS, "unknown-target"}
_SCENARIOS = {"role-has-no-lists", "missing-scope"}
_UNSERVED = {"no-publication", "publication-corrupted"}
_READ = _LISTS - {"filter-forbidden", "role-has-no-cases"}
_ONE = {*_READ, *_TARGET, "pseudonym-expected", "bad-siren", "unknown-structure"}
_EXPORT = {*_LISTS, *_TARGET, "unknown-horizon", "notice-due", "cross-site"}
_CELL = {"role-has-no-cases", "missing-scope", *_PARAMETERS}
_WRITE = {*_CELL, "csrf", "missing-parameter", "idempotency-key-reused"}
_CASE = {*_WRITE, "outside-territory", "unknown-scheme", "bad-assignee", "bad-day", "case-closed"}

#: method and path -> the codes of `_PARTICULAR` that it gives; the others may come anywhere
OPERATIONS: dict[str, set[str]] = {
    "GET /api/v1/structures": {
        *_LISTS,
        *_TARGET,
        "unknown-horizon",
        "cursor-invalid",
        "cursor-other-list",
    },
    "GET /api/v1/structures/{siren}": {*_ONE, "unknown-horizon"},
    **{
        f"GET /api/v1/structures/{{siren}}/{part}": _ONE
        for part in ("history", "orientation", "similar")
    },
    "GET /api/v1/schemes": {"missing-scope", *_PARAMETERS},
    "GET /api/v1/barometer": {"role-has-no-lists", "missing-scope", *_TARGET},
    "GET /api/v1/priorities": {"role-has-no-lists", "missing-scope", "bad-capacity", *_TARGET},
    "GET /api/v1/publications": {"missing-scope", *_TARGET},
    "GET /api/v1/models/current": {"missing-scope", *_TARGET},
    "GET /api/v1/indicators": {"missing-scope", *_PARAMETERS},
    "GET /metrics": {"missing-scope"},
    "GET /api/v1/exports/structures.csv": _EXPORT,
    "GET /api/v1/exports/structures.parquet": _EXPORT,
    "GET /api/v1/exports/structures.xlsx": {*_EXPORT, "too-many-rows"},
    "GET /api/v1/briefs": {
        *_READ,
        *_TARGET,
        "notice-due",
        "cross-site",
        "no-pango",
        "brief-too-long",
        "brief-fetches",
        "bad-capacity",
        "unknown-scenario",
        "scenario-other-list",
        "scenario-elsewhere",
    },
    "POST /api/v1/scores": {
        "role-has-no-lists",
        "missing-scope",
        "unknown-target",
        "unknown-horizon",
        "bad-json",
        "bad-body",
        "bad-count",
        "bad-structure",
        "unknown-indicator",
        "bad-indicator-value",
        "unknown-table",
        "unknown-column",
        "missing-value",
        "bad-fact",
        "no-live-model",
        "bad-request-body",
    },
    "GET /api/v1/alerts": {*_CELL, "bad-siren", "cursor-invalid"},
    "POST /api/v1/alerts": {
        *_WRITE,
        "outside-territory",
        "bad-siren",
        "no-identifier",
        "no-place",
        "bad-day",
    },
    "POST /api/v1/alerts/csv": {*_WRITE, "bad-alert-file", "too-many-lines"},
    "GET /api/v1/alerts/{alert_id}": {*_CELL, "unknown-alert"},
    "PATCH /api/v1/alerts/{alert_id}": {
        *_WRITE,
        "version-of-another",
        "outside-territory",
        "bad-siren",
        "unknown-siren",
        "unknown-alert",
        "alert-withdrawn",
        "alert-attached",
    },
    "GET /api/v1/cases": {*_CELL, "bad-siren", "cursor-invalid"},
    "POST /api/v1/cases": {
        *_CASE - {"case-closed"},
        "bad-siren",
        "no-place",
        "case-already-open",
    },
    "GET /api/v1/cases/{case_id}": {*_CELL, "unknown-case"},
    "PATCH /api/v1/cases/{case_id}": {
        "version-of-another",
        *_CASE - {"outside-territory"},
        "unknown-case",
        "bad-transition",
        "outcome-missing",
        "outcome-early",
    },
    "POST /api/v1/cases/{case_id}/notes": {*_WRITE, "unknown-case", "case-closed"},
    "POST /api/v1/cases/{case_id}/attachments": {
        *_WRITE,
        "unknown-case",
        "case-closed",
        "too-many-files",
        "bad-file-name",
        "empty-file",
        "file-type-refused",
        "file-not-as-named",
    },
    "GET /api/v1/cases/{case_id}/attachments/{attachment_id}": {
        *_CELL,
        "unknown-case",
        "unknown-attachment",
    },
    "POST /api/v1/scenarios": {
        *_SCENARIOS,
        "unknown-target",
        "unknown-horizon",
        "scenario-unreadable",
        "unknown-key",
        "bad-scenario",
        "bad-request-body",
        "no-live-model",
    },
    "GET /api/v1/scenarios/{scenario}": {*_SCENARIOS, "unknown-scenario"},
    "GET /api/v1/scenarios/{scenario}/compare/{other}": {
        *_SCENARIOS,
        "unknown-scenario",
        "scenarios-not-comparable",
    },
}
_PARTICULAR = (403, 404, 409, 415, 422, 503)


def codes_of(operation: str, status: int) -> dict[str, str]:
    """Return the codes of a status of an operation (`GET /path`), each with an example."""
    found = CODES.get(status, {})
    if status in _PARTICULAR and operation in OPERATIONS:
        given = OPERATIONS[operation] | _UNSERVED
        return {code: text for code, text in found.items() if code in given}
    return found


def example(status: int, title: str, code: str, detail: str, instance: str) -> dict[str, Any]:
    """Return an example of a refusal."""
    return {
        "type": f"urn:veille-ess:erreur:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": instance,
        "code": code,
        "field": None,
        "received": None,
        "expected": "",
        "todo": "",
        "request_id": "8893198bff887053",
        "errors": [],
    }
