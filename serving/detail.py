"""All that is said about one structure, without HTTP: score, reasons, unknowns, funding, trend."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from features.catalogue import THEMES
from serving.access.sources import open_reasons, open_unknown, withheld
from serving.publication import Publication
from serving.ranking import check_horizon

#: reasons given as sentences, beside the full list
SENTENCES = 5


def describe(
    publication: Publication,
    position: int,
    horizon_months: int | None = None,
    earlier: Sequence[Publication] = (),
    *,
    sources: Iterable[str] = (),
) -> dict[str, Any]:
    """Return one structure as the API and the pages show it.

    Parameters
    ----------
    publication : Publication
        The current one.
    position : int
        Row of the structure (`Publication.position`).
    horizon_months : int, optional
        Horizon of the reasons; the main one when None.
    earlier : sequence of Publication
        Former publications for the trend, oldest first.
    sources : iterable of str
        Reserved sources that the reader may see; what comes from the others is withheld.

    Returns
    -------
    dict
        The keys of `serving.api.schemas.StructureDetail`; `structure` is the row of the scores.

    Raises
    ------
    RankingError
        `unknown-horizon`.
    """
    horizon = check_horizon(publication, horizon_months)
    row = publication.row(position)
    siren, sources = row["siren"], frozenset(sources)
    return {
        "publication": publication.id,
        "target": publication.target,
        "as_of": publication.manifest.as_of,
        "synthetic": publication.manifest.synthetic,
        "structures": publication.rows,
        "structure": row,
        "horizons": [_score(publication, row, h) for h in publication.horizons],
        "reasons": explain(publication, row, horizon, sources),
        "unknown": open_unknown(publication.unknown(siren), sources),
        "reserved": withheld(sources),
        "history": publication.history(siren),
        "trend": trend(siren, [*earlier, publication], publication.main_horizon),
    }


def explain(
    publication: Publication, row: dict[str, Any], horizon: int, sources: Iterable[str]
) -> dict[str, Any]:
    """Return the reasons of one structure, grouped by theme, heaviest theme first (log-odds).

    Those that come from a reserved source out of `sources` are in `other_contribution`.
    """
    reasons = open_reasons(publication.reasons(row["siren"], horizon), sources)
    base = publication.manifest.base_values.get(horizon)
    score = logit(row[f"p_{horizon}m"])
    listed = math.fsum(reason["contribution"] for reason in reasons)
    themes: dict[str, list[dict[str, Any]]] = {}
    for reason in reasons:
        themes.setdefault(reason["theme"], []).append(reason)
    grouped = [
        {
            "theme": theme,
            "label": THEMES.get(theme, theme),
            "contribution": math.fsum(reason["contribution"] for reason in found),
            "reasons": found,
        }
        for theme, found in themes.items()
    ]
    return {
        "horizon_months": horizon,
        "base_value": base,
        "score_logit": score,
        "other_contribution": None if score is None or base is None else score - base - listed,
        "sentences": [r["sentence"] for r in reasons if r["sentence"]][:SENTENCES],
        "themes": sorted(grouped, key=lambda group: -abs(group["contribution"])),
    }


def logit(p: float | None) -> float | None:
    """Return the log-odds of a probability; None for none, 0 or 1."""
    return math.log(p / (1 - p)) if p is not None and 0 < p < 1 else None


def _score(publication: Publication, row: dict[str, Any], horizon: int) -> dict[str, Any]:
    base = publication.manifest.base_values.get(horizon)
    return {
        "horizon_months": horizon,
        "p": row[f"p_{horizon}m"],
        "low": row[f"low_{horizon}m"],
        "high": row[f"high_{horizon}m"],
        "base_value": base,
        "base_p": None if base is None else 1 / (1 + math.exp(-base)),
    }


def trend(siren: str, publications: Sequence[Publication], horizon: int) -> list[dict[str, Any]]:
    """Return a structure in each of these publications that has it, at one horizon, in months."""
    points = []
    for publication in publications:
        position = publication.position(siren)
        if position is None or horizon not in publication.horizons:
            continue
        row = publication.row(position)
        points.append(
            {
                "publication": publication.id,
                "as_of": publication.manifest.as_of,
                "p": row[f"p_{horizon}m"],
                "level": row["level"],
                "rank": row["rank"],
            }
        )
    return points
