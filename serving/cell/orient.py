"""Orientation of one structure of a publication for one reader: his rights, his territory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from data.reference.schemes import Catalogue
from serving.access.principal import Principal
from serving.cell.facts import facts_of
from serving.cell.neighbours import neighbours
from serving.cell.orientation import Orientation, orientation
from serving.publication import Publication


@dataclass(frozen=True)
class Reading:
    """What a reader is told: the orientation, and the rows of the neighbours to share with."""

    found: Orientation
    candidates: list[int]


def orient(
    publication: Publication, position: int, principal: Principal, catalogue: Catalogue
) -> Reading:
    """Return the orientation of a row of the publication, as this reader may know it.

    Facts of a reserved source that he has no right to count as unknown; neighbours are those of his
    territory.
    """
    near = neighbours(publication, position, principal.territory, catalogue)
    facts = facts_of(publication, position, principal.sources, near.total)
    return Reading(orientation(catalogue, facts), near.positions)


def in_brief(found: Orientation) -> list[dict[str, Any]]:
    """Return the schemes in a few words, first to turn to first."""
    return [
        {
            "id": one.scheme.id,
            "label": one.scheme.label,
            "stage": one.stage,
            "verdict": one.verdict,
            "priority": one.priority,
            "why": one.why,
        }
        for one in found.schemes
    ]
