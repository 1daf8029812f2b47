"""The list that a publication is compared with."""

from __future__ import annotations

import logging
from pathlib import Path

from serving.publication import Publication, PublicationError, publication_ids

_LOG = logging.getLogger(__name__)


def list_before(home: Path, publication: Publication) -> Publication | None:
    """Return the publication of the same target just before this one, None where none reads."""
    names = publication_ids(home, publication.target)
    place = names.index(publication.id)
    if place == 0:
        return None
    try:
        return Publication.load(home, publication.target, names[place - 1], check=False)
    except (PublicationError, OSError) as error:
        _LOG.warning("publication précédente illisible, rien n'est comparé : %s", error)
        return None
