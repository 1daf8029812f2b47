"""Two scenarios side by side, on the same list and territory."""

from __future__ import annotations

from typing import Any

from serving.cell.scenarios.act import STATEMENT, Result
from serving.cell.scenarios.document import ScenarioError

_SAME = ("publication", "target", "territory")


def compare(first: Result, second: Result) -> dict[str, Any]:
    """Return two results, and by horizon what the second expects more than the first.

    Raises
    ------
    ScenarioError
        `scenarios-not-comparable`: another list or another territory.
    """
    for key in _SAME:
        if first[key] != second[key]:
            raise ScenarioError(
                "Ces deux scénarios ne portent pas sur la même liste.",
                code="scenarios-not-comparable",
                where=key,
                received=second[key],
                expected=str(first[key]),
                todo="Lancez les deux sur la même cible et le même territoire.",
            )
    pairs = {one["horizon_months"]: one for one in second["total"]["horizons"]}
    return {
        "statement": STATEMENT,
        "first": first,
        "second": second,
        "difference": [
            {
                "horizon_months": one["horizon_months"],
                **{what: _more(one, pairs, what) for what in ("cases", "jobs")},
            }
            for one in first["total"]["horizons"]
            if one["horizon_months"] in pairs
        ],
    }


def _more(one: dict[str, Any], pairs: dict[int, dict[str, Any]], what: str) -> float:
    other = pairs[one["horizon_months"]]
    return float(other[what]["with"]["expected"] - one[what]["with"]["expected"])
