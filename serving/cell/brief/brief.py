"""All that a brief says, gathered before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import numpy as np
import polars as pl

from data.reference.schemes import Catalogue
from serving.access.principal import Principal
from serving.access.pseudonym import pseudonymise
from serving.cell.brief.capacity import Rooms, rooms
from serving.cell.brief.exposure import Exposure, exposure
from serving.cell.brief.outlook import Outlook, outlook
from serving.cell.brief.scope import Scope, check_scope
from serving.cell.brief.signs import signs
from serving.cell.brief.stages import STAGES, with_stages
from serving.cell.priorities.act import planned
from serving.cell.priorities.capacity import Capacity
from serving.cell.priorities.plan import Objective, Plan
from serving.cell.tally import Expected, Rows, expected, high_sirens, levels
from serving.publication import Publication
from serving.ranking import Sort, whole_list

#: structures listed at most, the most pressing first
LISTED = 16


class SchemeLine(Protocol):
    """What a brief says of a scheme; no région stands for the whole country."""

    @property
    def label(self) -> str: ...  # noqa: D102
    @property
    def means(self) -> str: ...  # noqa: D102
    @property
    def stages(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def regions(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def to_confirm(self) -> bool: ...  # noqa: D102


@dataclass(frozen=True)
class Means:
    """What can be done: the schemes, a capacity with the plan made of it, a scenario's result.

    `plan` is that of the whole country (`priorities.act.planned`); `scenario` is a result that the
    reader may see (`scenarios.act`).
    """

    schemes: Sequence[SchemeLine] = ()
    capacity: Capacity | None = None
    plan: Plan | None = None
    scenario: dict[str, Any] | None = None


@dataclass(frozen=True)
class Brief:
    """The content of a brief, and who it is for.

    `changes` and `moved` compare with the list `before`: counts by level, entries and exits of the
    high level. `regions` are those where the structures may be, none for the whole country.
    `structures` are rows of the scores with `stage`, named or pseudonymised.
    """

    publication: Publication
    title: str
    regions: tuple[str, ...]
    made_for: str
    made_at: datetime
    nominative: bool
    counts: dict[str, int]
    sums: tuple[Expected, ...]
    before: Publication | None
    changes: dict[str, int]
    moved: tuple[int, int]
    exposure: Exposure
    stages: dict[str, int]
    unstaged: int
    structures: tuple[dict[str, Any], ...]
    sirens: tuple[str, ...]
    schemes: tuple[SchemeLine, ...]
    rooms: Rooms | None
    outlook: Outlook | None

    def file_name(self, ending: str) -> str:
        """Return a file name that says nothing of who is listed nor of what was asked."""
        manifest = self.publication.manifest
        fictitious = "-donnees-fictives" if manifest.synthetic else ""
        return f"veille-ess-note-{manifest.target}-{manifest.as_of}{fictitious}.{ending}"


def means_of(
    publication: Publication,
    schemes: Catalogue,
    capacity: Capacity,
    scenario: dict[str, Any] | None = None,
) -> Means:
    """Return the means of a brief, the national plan of a capacity made if it was not yet."""
    plan = planned(publication, capacity, schemes, Objective.BENEFIT)
    return Means(tuple(schemes.schemes.values()), capacity, plan, scenario)


def prepare_brief(
    publication: Publication,
    before: Publication | None,
    principal: Principal,
    scope: Scope,
    *,
    secret: bytes,
    means: Means | None = None,
) -> Brief:
    """Return the content of a brief, as its reader may see it.

    Parameters
    ----------
    publication, before : Publication
        What is described, and the list before it, if there is one.
    principal : Principal
        Who it is for: the territory limits it, the role says whether structures are named.
    scope : Scope
        What it is about.
    secret : bytes
        Key of the pseudonyms.
    means : Means, optional
        Schemes, capacity, scenario.

    Raises
    ------
    AccessError
        `role-has-no-lists`, `missing-scope`, `outside-territory`.
    RankingError
        `bad-value`.
    ScenarioError
        `scenario-other-list`, `scenario-elsewhere`.
    """
    means, place = means or Means(), scope.place(principal)
    principal.require_lists()
    check_scope(scope, publication, principal)
    rows = _rows(publication, scope, principal)
    counts = levels(publication, rows)
    found = with_stages(signs(publication, rows, principal.sources))
    stages = {stage: found.filter(stage=stage).height for stage in STAGES}
    chosen = _pressing(found)
    sirens = tuple(chosen["siren"].to_list())
    changes, moved = _changes(publication, rows, counts, before, scope, principal)
    return Brief(
        publication=publication,
        title=scope.title(publication, principal),
        regions=scope.regions(principal),
        made_for=f"{principal.name} ({principal.login})",
        made_at=datetime.now(UTC).replace(microsecond=0),
        nominative=principal.nominative,
        counts=counts,
        sums=tuple(expected(publication, rows, h) for h in publication.horizons),
        before=before,
        changes=changes,
        moved=moved,
        exposure=exposure(publication, found),
        stages=stages,
        unstaged=found.height - sum(stages.values()),
        structures=tuple(_shown(publication, chosen, principal, secret)),
        sirens=sirens,
        schemes=tuple(means.schemes),
        rooms=rooms(means.plan, means.capacity, place, rows)
        if means.plan and means.capacity
        else None,
        outlook=outlook(means.scenario, scope, place, publication) if means.scenario else None,
    )


def _rows(publication: Publication, scope: Scope, principal: Principal) -> Rows:
    return whole_list(publication, scope.filters(), sort=Sort.RANK, territory=principal.territory)


def _pressing(found: pl.DataFrame) -> pl.DataFrame:
    order = pl.Enum(list(STAGES))
    return (
        found.filter(pl.col("stage").is_in(["urgency", "difficulty"]))
        .with_columns(pl.col("stage").cast(order))
        .sort("stage", "p", "siren", descending=[False, True, False], nulls_last=True)
        .head(LISTED)
        .with_columns(pl.col("stage").cast(pl.String))
    )


def _shown(
    publication: Publication, chosen: pl.DataFrame, principal: Principal, secret: bytes
) -> list[dict[str, Any]]:
    places = [publication.position(siren) for siren in chosen["siren"]]
    rows = publication.take([place for place in places if place is not None])
    main = publication.main_horizon
    named = [
        row
        | {
            "stage": stage,
            **{name: row[f"{name}_{main}m"] for name in ("p", "low", "high")},
            "pseudonym": None,
        }
        for row, stage in zip(rows, chosen["stage"], strict=True)
    ]
    return named if principal.nominative else [pseudonymise(row, secret) for row in named]


def _changes(
    publication: Publication,
    rows: Rows,
    counts: dict[str, int],
    before: Publication | None,
    scope: Scope,
    principal: Principal,
) -> tuple[dict[str, int], tuple[int, int]]:
    if before is None:
        return {}, (0, 0)
    rows_before = _rows(before, scope, principal)
    was = levels(before, rows_before)
    high, high_before = high_sirens(publication, rows), high_sirens(before, rows_before)
    entered = len(np.setdiff1d(high, high_before, assume_unique=True))
    left = len(np.setdiff1d(high_before, high, assume_unique=True))
    return {level: count - was[level] for level, count in counts.items()}, (entered, left)
