"""What is asked without what is not given, and answers read or refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from veille.client.errors import ClientError

Answer = TypeVar("Answer", bound=BaseModel)


def given(query: Mapping[str, object]) -> dict[str, object]:
    """Return a query without what is None."""
    return {name: value for name, value in query.items() if value is not None}


def understood(model: type[Answer], content: bytes, path: str) -> Answer:
    """Return an answer, typed; ClientError `unexpected-answer`."""
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        # From nothing: pydantic's own error quotes values, that is names.
        raise ClientError(
            "La réponse n'est pas celle d'un serveur Veille ESS de cette version.",
            code="unexpected-answer",
            where=path,
            received=f"{'.'.join(map(str, first['loc'])) or 'le corps'} : {first['type']}",
            todo="Vérifiez l'adresse du serveur et la version du client.",
        ) from None
