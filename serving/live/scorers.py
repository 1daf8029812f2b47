"""The live scorers of the publications served: made before a publication is, then shared."""

from __future__ import annotations

import logging

from models.spec import ModelError
from serving.live.scorer import LiveScorer
from serving.publication_files import PublicationError
from serving.publication_read import Publication

_LOG = logging.getLogger(__name__)


class Scorers:
    """One scorer a target, that of the publication prepared last."""

    def __init__(self) -> None:
        self._made: dict[str, LiveScorer | PublicationError] = {}

    def prepare(self, publication: Publication) -> None:
        """Make the scorer of a publication; one that cannot be is said when it is asked for."""
        made: LiveScorer | PublicationError
        try:
            made = LiveScorer.load(publication)
        except PublicationError as error:
            made = error
        except (ModelError, OSError) as error:
            _LOG.error("notation à la demande impossible : %s", error)
            made = PublicationError(
                "Ce qu'il faut pour noter à la demande ne peut pas être lu.",
                code="no-live-model",
                received=publication.id,
                todo="Republiez avec `veille score`.",
            )
        self._made[publication.target] = made

    def of(self, publication: Publication) -> LiveScorer:
        """Return the scorer of the publication that is served.

        Raises
        ------
        PublicationError
            `no-live-model`; a broken model or context is the same, told in full in the log.
        """
        found = self._made[publication.target]
        if isinstance(found, PublicationError):
            raise found
        return found
