"""The parameters of a brief."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from serving.api.parameters import TargetParameters
from serving.cell.brief.scope import Scope


class BriefParameters(TargetParameters):
    """What a brief is about; without any, the reader's own territory."""

    region: Annotated[str | None, Field(description="Code INSEE de région.")] = None
    departement: Annotated[str | None, Field(description="Code de département.")] = None
    sector: Annotated[str | None, Field(description="Secteur.")] = None
    scenario: Annotated[
        str | None, Field(description="Identifiant d'un scénario déjà calculé sur cette liste.")
    ] = None
    format: Annotated[Literal["html", "pdf"], Field(description="html (par défaut) ou pdf.")] = (
        "html"
    )

    def scope(self) -> Scope:
        """Return what is asked."""
        return Scope(self.region, self.departement, self.sector)
