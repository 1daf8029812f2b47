"""One reading of the API: a question asked, an answer understood or refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from veille.client.errors import ClientError
from veille.client.transport import Query, Transport

API = "/api/v1"
Answer = TypeVar("Answer", bound=BaseModel)


class Reading:
    """A connection, and how an answer is read from it."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def _read(self, model: type[Answer], path: str, query: Query) -> Answer:
        answer = self._transport.get(API + path, given(query))
        return understood(model, answer.content, API + path)


def given(query: Mapping[str, object]) -> dict[str, object]:
    """Return what is given: None is not asked."""
    return {name: value for name, value in query.items() if value is not None}


def understood(model: type[Answer], content: bytes, path: str) -> Answer:
    """Return the answer of an address; ClientError `unexpected-answer` for any other."""
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
