"""The templates: autoescaped Jinja2 and its French filters."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from serving.access.principal import Principal
from serving.publication import Publication
from serving.services import services
from serving.web import charts, formats, words

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"


def model_name(model: Any) -> str:  # noqa: ANN401 - the manifest's model, whatever its version
    """Return the name of a model and its version, `veille-failure v3`."""
    version = str(model.version) if model.version is not None else ""
    return f"{model.name} {version if not version.isdigit() else 'v' + version}".strip()


@cache
def environment() -> Environment:
    """Return the Jinja2 environment: every value is escaped, an unknown name is an error."""
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        euros=formats.euros,
        long_date=formats.long_date,
        model_name=model_name,
        number=formats.number,
        percent=formats.percent,
        plural=formats.plural,
        signed=formats.signed,
        siren=formats.siren,
        territory=words.territory_name,
    )
    made.globals.update(
        assets_version=_assets_version(),
        funder_levels=words.FUNDER_LEVELS,
        gauge_ticks=[charts.root(share) for share in charts.GAUGE_TICKS],
        levels=words.LEVELS,
        roles=words.ROLES,
        targets=words.TARGETS,
    )
    return made


def render(
    request: Request,
    template: str,
    *,
    status: int = 200,
    user: Principal | None = None,
    publication: Publication | None = None,
    section: str = "",
    headers: Mapping[str, str] | None = None,
    **context: object,
) -> HTMLResponse:
    """Return a page.

    Parameters
    ----------
    template : str
        File of `templates/`.
    user, publication
        Who is signed in, for the header; what is read, for the footer and the banner.
    section : str
        Entry of the menu that is current: list, model, help, or none.
    context
        What the template shows.
    """
    default = services(request).publications.default
    asked = publication.target if publication and publication.target != default else ""
    text = (
        environment()
        .get_template(template)
        .render(
            user=user,
            csrf=user.csrf if user else "",
            publication=publication,
            synthetic=bool(publication and publication.manifest.synthetic),
            section=section,
            target_query=f"?target={quote(asked)}" if asked else "",
            **context,
        )
    )
    return HTMLResponse(text, status, headers=dict(headers or {}))


def _assets_version() -> str:
    digest = hashlib.sha256()
    for path in sorted(STATIC.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
