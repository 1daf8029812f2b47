"""What every request shares: settings, state, publications, counters."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import Request

from serving.access.rate_limit import RateLimit
from serving.access.recent import RecentKeys
from serving.access.repeats import Repeats
from serving.cell.kept_schemes import KeptSchemes
from serving.current import CurrentPublication
from serving.kept_pages import KeptPages
from serving.live.log import LiveLog
from serving.live.scorers import Scorers
from serving.metrics import Metrics
from serving.publication import Publication, PublicationError, publication_ids
from serving.settings import ServingSettings
from serving.state import State

if TYPE_CHECKING:
    from serving.access.oidc.provider import Provider

_LOG = logging.getLogger(__name__)
#: former publications shown in a trend
TREND = 8
#: between two looks for a new publication
_LOOK_SECONDS = 0.25
_DAY = len("2026-06-30")


class Publications:
    """The current publication of each target."""

    def __init__(self, settings: ServingSettings) -> None:
        self.scorers = Scorers()
        self._current = {
            t: CurrentPublication(settings.home, t, self.scorers.prepare) for t in settings.targets
        }
        self.default = settings.targets[0]
        self._home = settings.home
        self._earlier: dict[str, tuple[Publication, ...]] = {}

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets served, the default one first."""
        return tuple(self._current)

    def current(self, target: str | None = None) -> CurrentPublication:
        """Return the one of a target, the default one when None; `unknown-target` otherwise."""
        found = self._current.get(self.default if target is None else target)
        if found is None:
            error = PublicationError(
                "Cette cible n'existe pas.",
                code="unknown-target",
                where="target",
                received=target,
                expected=" | ".join(self._current),
            )
            error.status = 422
            raise error
        return found

    def watch(self, stop: threading.Event) -> None:
        """Read what is published until `stop` is set, so that requests seldom have to."""
        while not stop.is_set():
            for current in self._current.values():
                with contextlib.suppress(PublicationError):
                    current.get()
            stop.wait(_LOOK_SECONDS)

    def earlier(self, publication: Publication) -> tuple[Publication, ...]:
        """Return the publications before this one, one for each observation date, oldest first."""
        found = self._earlier.get(publication.id)
        if found is None:
            found = tuple(before(self._home, publication))
            # Only what is served now is kept: one entry for each target.
            served = {c.id for c in (t.peek() for t in self._current.values()) if c}
            kept = {key: value for key, value in self._earlier.items() if key in served}
            self._earlier = kept | {publication.id: found}
        return found


def before(home: Path, publication: Publication) -> Iterator[Publication]:
    """Yield the publications before this one, one for each observation date, oldest first."""
    latest: dict[str, str] = {}
    for name in publication_ids(home, publication.target):
        if name[:_DAY] < publication.id[:_DAY]:
            latest[name[:_DAY]] = name
    for name in list(latest.values())[-TREND:]:
        try:
            yield Publication.load(home, publication.target, name, check=False)
        except (PublicationError, OSError) as error:
            _LOG.warning("publication passée ignorée : %s", error)


@dataclass(frozen=True)
class Services:
    """Made once by `create_app`, found by `services(request)`."""

    settings: ServingSettings
    state: State
    publications: Publications
    limits: RateLimit
    schemes: KeptSchemes
    repeats: Repeats
    oidc: Provider | None = None
    metrics: Metrics = field(default_factory=Metrics)
    recent_keys: RecentKeys = field(default_factory=RecentKeys)
    live_log: LiveLog = field(default_factory=LiveLog)
    pages: KeptPages = field(default_factory=KeptPages)


def services(request: Request) -> Services:
    """Return the services of the application that answers this request."""
    found: Services = request.app.state.services
    return found
