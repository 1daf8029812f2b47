"""What every request shares: settings, state, publications, counters."""

from __future__ import annotations

from dataclasses import dataclass, field

from fastapi import Request

from serving.metrics import Metrics
from serving.publication import CurrentPublication, PublicationError
from serving.settings import ServingSettings
from serving.state import State


class Publications:
    """The current publication of each target."""

    def __init__(self, settings: ServingSettings) -> None:
        self._current = {t: CurrentPublication(settings.home, t) for t in settings.targets}
        self.default = settings.targets[0]

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets served, the default one first."""
        return tuple(self._current)

    def current(self, target: str | None = None) -> CurrentPublication:
        """Return the one of a target, the default one when None; `unknown-target` otherwise."""
        found = self._current.get(target or self.default)
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


@dataclass(frozen=True)
class Services:
    """Made once by `create_app`, found by `services(request)`."""

    settings: ServingSettings
    state: State
    publications: Publications
    metrics: Metrics = field(default_factory=Metrics)


def services(request: Request) -> Services:
    """Return the services of the application that answers this request."""
    found: Services = request.app.state.services
    return found
