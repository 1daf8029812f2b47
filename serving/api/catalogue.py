"""What the scores are made of: publications, model, indicators. Nothing nominative here."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from features.catalogue import INDICATORS, THEMES
from serving.access.principal import Scope
from serving.access.web_session import CurrentUser
from serving.api.parameters import NoParameters, SingleValues, TargetParameters
from serving.api.problems import RESPONSES
from serving.api.schemas import (
    IndicatorInfo,
    IndicatorList,
    ModelInfo,
    PublicationInfo,
    PublicationList,
)
from serving.publication import publication_ids
from serving.publication_files import read_manifest, target_folder
from serving.services import services

router = APIRouter(
    prefix="/api/v1", tags=["catalogue"], responses=RESPONSES, dependencies=[SingleValues]
)


@router.get("/publications")
def list_publications(
    parameters: Annotated[TargetParameters, Query()], request: Request, principal: CurrentUser
) -> PublicationList:
    """Return the publications of a target, the latest first."""
    principal.require_scope(Scope.READ_CATALOGUE)
    known = services(request)
    publication = known.publications.current(parameters.target).get()
    target, home = publication.target, known.settings.home
    items = []
    for name in reversed(publication_ids(home, target)):
        manifest = read_manifest(target_folder(home, target) / name)
        items.append(
            PublicationInfo(
                publication=name,
                target=target,
                as_of=manifest.as_of,
                created_at=manifest.created_at,
                rows=manifest.rows,
                synthetic=manifest.synthetic,
                current=name == publication.id,
                model_name=manifest.model.name,
                model_version=manifest.model.version,
            )
        )
    return PublicationList(target=target, items=items)


@router.get("/models/current")
def read_current_model(
    parameters: Annotated[TargetParameters, Query()],
    request: Request,
    response: Response,
    principal: CurrentUser,
) -> ModelInfo:
    """Return the model behind the current publication of a target."""
    principal.require_scope(Scope.READ_CATALOGUE)
    publication = services(request).publications.current(parameters.target).get()
    manifest = publication.manifest
    response.headers["X-Publication"] = publication.id
    return ModelInfo(
        target=publication.target,
        publication=publication.id,
        as_of=manifest.as_of,
        synthetic=manifest.synthetic,
        name=manifest.model.name,
        version=manifest.model.version,
        run_id=manifest.model.run_id,
        horizons_months=list(publication.horizons),
        base_values=manifest.base_values,
        levels=manifest.levels,
        thresholds=manifest.thresholds,
        input_hash=manifest.input_hash,
    )


@router.get("/indicators")
def list_indicators(
    parameters: Annotated[NoParameters, Query()],  # noqa: ARG001 - refuses any parameter
    principal: CurrentUser,
) -> IndicatorList:
    """Return the catalogue of indicators."""
    principal.require_scope(Scope.READ_CATALOGUE)
    return IndicatorList(
        items=[
            IndicatorInfo(
                name=indicator.name,
                theme=indicator.theme,
                theme_label=THEMES[indicator.theme],
                kind=indicator.kind,
                unit=indicator.unit,
                direction=indicator.direction,
                label=indicator.label,
                sentence=indicator.sentence,
                missing=indicator.missing,
                why=indicator.why,
            )
            for indicator in INDICATORS.values()
        ]
    )
