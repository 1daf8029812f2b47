"""Grant lines known on a day: when each one was, what it was for, in which slot it counts.

A slot is a window of 12 months in which the lists of a funder are known: slot 0 is the latest one,
slot 1 the one before it that is known, and so on. A window without a list is no slot: nothing that
stops being published looks cut.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pandas as pd

from tests.features.twin.days import yearly_window
from tests.features.twin.facts import records

WINDOWS = 6
#: a funder's history is broken by a hole of over one window
_MAX_STEP = 2
#: sources that tell one scheme or one payer, not all that a funder gives
_EXTRACTS = {"chorus", "fonjep", "helios", "osiris", "subventia", "reserve", "decp"}
#: what a purpose is, by its words: the first that is found
_KINDS = (
    ("job_post", r"fonjep|\b(jep|cui|cae)\b|poste|emploi|adulte"),
    ("investment", "investissement|equipement|équipement|travaux|construction|achat"),
    ("exceptional", "exceptionnel|urgence|relance|covid|secours"),
    ("event", "festival|colloque|congr|exposition|manifestation|salon|tournoi"),
    ("study", "etude|étude|recherche|evaluation|évaluation"),
    ("training", "formation|apprenti"),
    ("operating", r"fonctionnement|\bcpo\b|conventionnement|soutien a la structure|pluriannu"),
    ("project", r"projet|action|\baap\b|appel|programme"),
)


def grant_lines(grants: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Return the lines whose day has come, one row each.

    `day`, `purpose` (its words alone), `kind`, `extract`, `grant` and `contract` (cents, 0 when the
    line is another instrument), `window` and `slot` (missing outside of all of them), `n_slots` of
    its funder.
    """
    rows = []
    for line in records(grants):
        day = _day(line)
        if day > as_of:
            continue
        purpose = _words(line["purpose"])
        cents, instrument = line["amount"], line["instrument"]
        rows.append(
            {
                **{name: line[name] for name in ("siren", "funder_id", "stage")},
                "level": line["funder_level"],
                "programme": "?" if line["programme"] is None else line["programme"],
                "purpose": purpose,
                "kind": _kind(purpose),
                "extract": line["source"] in _EXTRACTS,
                "multi_year": line["multi_year"] is True,
                "cents": cents,
                "grant": cents if instrument == "grant" else 0,
                "contract": cents if instrument == "contract" else 0,
                "day": day,
                "window": yearly_window(day, as_of, WINDOWS),
            }
        )
    covered = _slots(rows)
    for row in rows:
        place = (row["window"], row["stage"], row["extract"])
        slots = covered.get(row["funder_id"], [])
        row["slot"] = slots.index(place) if place in slots else None
        row["n_slots"] = len(slots)
    columns = (
        *("siren", "funder_id", "stage", "level", "programme", "purpose", "kind", "extract"),
        *("multi_year", "cents", "grant", "contract", "day", "window", "slot", "n_slots"),
    )
    return pd.DataFrame(rows, columns=list(columns), dtype=object)


def _day(line: dict[str, Any]) -> date:
    """Return the decision's day, or the end of the exercise when no day is known.

    A list that came out before that end tells what was given by then.
    """
    decided: date | None = line["decided_on"]
    known: date = line["known_on"]
    return min(date(line["fiscal_year"], 12, 31), known) if decided is None else decided


def _words(purpose: str | None) -> str:
    return re.sub("[^a-zà-ÿ]+", " ", (purpose or "").lower())[:40]


def _kind(words: str) -> str:
    if words == "":
        return "unknown"
    return next((kind for kind, pattern in _KINDS if re.search(pattern, words)), "other")


def _slots(rows: list[dict[str, Any]]) -> dict[str, list[tuple[int, str, bool]]]:
    """Return the slots of each funder, the latest first: window, stage and whether an extract."""
    told: dict[str, set[tuple[int, str, bool]]] = {}
    for row in rows:
        if row["window"] is not None:
            place = (row["window"], row["stage"], row["extract"])
            told.setdefault(row["funder_id"], set()).add(place)
    return {funder: _followed(places) for funder, places in told.items()}


def _followed(places: set[tuple[int, str, bool]]) -> list[tuple[int, str, bool]]:
    whole = {place for place in places if not place[2]}
    # an extract counts only where nothing else is known of the funder
    read = whole or places
    slots: list[tuple[int, str, bool]] = []
    for window in range(WINDOWS):
        here = [place for place in read if place[0] == window]
        if not here:
            continue
        if window - (slots[-1][0] if slots else 0) > _MAX_STEP:
            break
        # what was awarded, or else what was paid: never both
        slots.append(min(here, key=lambda place: ("awarded", "paid").index(place[1])))
    return slots
