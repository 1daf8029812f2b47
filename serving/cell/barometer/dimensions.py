"""What the lines of the barometer may be."""

from __future__ import annotations

from enum import StrEnum


class By(StrEnum):
    """What the lines of the barometer are."""

    REGION = "region"
    DEPARTEMENT = "departement"
    SECTOR = "sector"
    ESS_FAMILY = "ess_family"
    FUNDER = "funder"
    PROGRAMME = "programme"
