"""Which codes each status of the API may carry, with the words of an example."""

from __future__ import annotations

from typing import Any

#: status -> code -> an example of `detail`
CODES: dict[int, dict[str, str]] = {
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
    },
    404: {
        "unknown-structure": "Cette structure n'est pas dans la publication.",
        "unknown-scenario": "Ce scénario n'existe pas, ou n'est pas de votre territoire.",
    },
    410: {"cursor-expired": "La liste a été republiée depuis cette page."},
    413: {"bad-request-body": "Le corps de la demande n'est pas accepté."},
    415: {"bad-request-body": "Le corps de la demande n'est pas accepté."},
    422: {
        "bad-value": "Cette valeur n'existe pas.",
        "unknown-parameter": "Ce paramètre n'existe pas.",
        "repeated-parameter": "Ce paramètre est donné plusieurs fois.",
        "out-of-bounds": "Cette valeur est trop grande.",
        "unknown-target": "Cette cible n'existe pas.",
        "unknown-horizon": "Cet horizon n'est pas publié.",
        "bad-siren": "Ce n'est pas un SIREN.",
        "cursor-invalid": "Ce curseur est illisible.",
        "cursor-other-list": "Ce curseur vient d'une autre liste.",
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
        "scenario-unreadable": "Le scénario n'est pas du JSON.",
        "unknown-key": "Cette clé n'existe pas dans un scénario.",
        "bad-scenario": "Une valeur du scénario est refusée.",
    },
    429: {"rate-limited": "Trop de demandes en peu de temps."},
    500: {"internal-error": "Une erreur interne empêche de répondre."},
    503: {
        "no-publication": "Rien n'est encore publié pour cette cible.",
        "publication-corrupted": "Un fichier de la publication a changé depuis son écriture.",
        "no-live-model": "Cette publication ne porte pas de quoi noter à la demande.",
    },
}

_LISTS = {"role-has-no-lists", "missing-scope", "outside-territory", "filter-forbidden"}
_PARAMETERS = {"unknown-parameter", "repeated-parameter", "bad-value", "out-of-bounds"}
_TARGET = {*_PARAMETERS, "unknown-target"}
_SCENARIOS = {"role-has-no-lists", "missing-scope"}
_UNSERVED = {"no-publication", "publication-corrupted"}
_EXPORT = {*_LISTS, *_TARGET, "unknown-horizon", "notice-due", "cross-site"}

#: method and path -> the codes of 403, 422 and 503 that it gives; the others may come anywhere
OPERATIONS: dict[str, set[str]] = {
    "GET /api/v1/structures": {
        *_LISTS,
        *_TARGET,
        "unknown-horizon",
        "cursor-invalid",
        "cursor-other-list",
    },
    "GET /api/v1/structures/{siren}": {
        *_LISTS - {"filter-forbidden"},
        *_TARGET,
        "pseudonym-expected",
        "unknown-horizon",
        "bad-siren",
    },
    "GET /api/v1/publications": {"missing-scope", *_TARGET},
    "GET /api/v1/models/current": {"missing-scope", *_TARGET},
    "GET /api/v1/indicators": {"missing-scope", *_PARAMETERS},
    "GET /metrics": {"missing-scope"},
    "GET /api/v1/exports/structures.csv": _EXPORT,
    "GET /api/v1/exports/structures.parquet": _EXPORT,
    "GET /api/v1/exports/structures.xlsx": {*_EXPORT, "too-many-rows"},
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
    },
    "POST /api/v1/scenarios": {
        *_SCENARIOS,
        "unknown-target",
        "unknown-horizon",
        "scenario-unreadable",
        "unknown-key",
        "bad-scenario",
        "no-live-model",
    },
    "GET /api/v1/scenarios/{scenario}": _SCENARIOS,
}
_PARTICULAR = (403, 422, 503)


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
