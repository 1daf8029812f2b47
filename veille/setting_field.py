"""How a setting is declared."""

from __future__ import annotations

from typing import Any

from pydantic import Field


def setting(default: object, description: str, expected: str, **limits: Any) -> Any:  # noqa: ANN401
    """Declare a setting: its default, what it is for and what it accepts, in French."""
    return Field(
        default,
        description=description,
        json_schema_extra={"expected": expected},
        validate_default=True,
        **limits,
    )
