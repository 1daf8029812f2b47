"""A list was published: those who subscribed are told, and nothing of it touches the list."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

from data.errors import VeilleError
from serving.cell.digest.send import send_digest
from serving.cell.digest.settings import DigestSettings
from serving.publication import publication_ids
from serving.state.store import open_state
from veille.digest_options import digest_settings
from veille.settings import Settings

#: seconds after which no other message is begun: « veille digest send » has the others
PATIENCE = 60.0
_DAY = len("2026-06-30")


def announce(
    settings: Settings, home: Path, target: str, identifier: str, *, patience: float = PATIENCE
) -> dict[str, object]:
    """Tell each subscription of a list that was just published, once, without a second attempt.

    Whatever happens is returned, never raised: the list is published already.

    Parameters
    ----------
    identifier : str
        The publication. A list older than one already published is not told.
    patience : float
        Seconds after which no other message is begun.

    Returns
    -------
    dict
        `sent`, `left` (to be taken up by `veille digest send`), `why` (French, None when all is
        well), `asked`: false where nobody is to be told.
    """
    said: dict[str, object] = {"asked": False, "sent": 0, "left": 0, "why": None}
    try:
        if settings.database_url is None and not (home / "state" / "state.db").exists():
            return said  # no account, so no subscription
        latest = max(name[:_DAY] for name in publication_ids(home, target))
        if identifier[:_DAY] < latest:
            return said | {"why": f"la liste du {latest}, plus récente, est déjà publiée"}
        return said | _told(settings, home, target, digest_settings(settings), patience)
    except VeilleError as error:
        return said | {"asked": True, "why": f"{error.what} [{error.code}]"}
    except Exception as error:  # noqa: BLE001 - a bug here must not fail a published list
        return said | {"asked": True, "why": f"erreur imprévue, {type(error).__name__}"}


def _told(
    settings: Settings, home: Path, target: str, options: DigestSettings, patience: float
) -> dict[str, object]:
    statuses: Counter[str] = Counter()
    state = open_state(home, settings.database_url)
    messages = send_digest(state, home, target, replace(options, tries=1))
    end, cut, why = time.monotonic() + patience, False, None
    try:
        for told in messages:
            statuses[told.status] += 1
            if told.status not in {"sent", "already"}:
                why = why or told.detail
            if time.monotonic() >= end:
                cut = True
                break
    finally:
        messages.close()  # gives its place back to the next run
        state.close()
    left = statuses.total() - statuses["sent"] - statuses["already"]
    if cut:
        why = why or f"plus de {patience:.0f} secondes"
    return {
        "asked": bool(statuses),
        "sent": statuses["sent"],
        "left": left,
        "why": why,
    }
