"""The catalogue: every indicator, declared once, that jobs, constraints and reasons read."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from data.contracts import FAILURE_KINDS
from data.coverage import PARTIAL_SOURCES
from data.reference import bands
from features import budgets, debts, dues, funding, funding_mix, payments, structures
from features.indicator import THEMES, Indicator

INDICATORS: dict[str, Indicator] = {
    indicator.name: indicator
    for module in (funding, funding_mix, payments, budgets, debts, dues, structures)
    for indicator in module.INDICATORS
}

__all__ = ["INDICATORS", "THEMES", "Indicator", "catalogue_hash"]


def catalogue_hash() -> str:
    """Return the hash of all that defines a number: this package's code, and what it reads."""
    digest = hashlib.sha256(
        json.dumps([sorted(PARTIAL_SOURCES), sorted(FAILURE_KINDS), repr(bands())]).encode()
    )
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
