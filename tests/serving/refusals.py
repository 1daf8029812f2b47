"""What tests of access have in common."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from serving.access.errors import AccessError

PASSWORD = "trois petits nuages gris"


def code_of(act: Callable[[], object]) -> str:
    """Return the code of the refusal that an act meets."""
    with pytest.raises(AccessError) as caught:
        act()
    return caught.value.code
