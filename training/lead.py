"""How long before the event a list names a structure: what is left of time to help it."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

#: ends of the windows in which events are counted, in days: a quarter of a year each, then half
WINDOWS = (91, 183, 365, 548)


def lead_time(
    test: pl.DataFrame, probabilities: ArrayLike, event_days: pl.DataFrame, *, high_share: float
) -> dict[str, Any]:
    """Return what the list at capacity catches, by the days between it and the event.

    Parameters
    ----------
    test : polars.DataFrame
        `structure_id`, `as_of`, `event` (0/1) of one test day.
    probabilities : array (n,)
        Of the model, which never saw these rows.
    event_days : polars.DataFrame
        `structure_id`, `as_of`, `event_on` of the rows with an event.
    high_share : float
        Share of the rows that the cell can look at. Rows that share the last score are all in.

    Returns
    -------
    dict
        `k` (rows of the list), `events`, `caught`; `days` from the list to the event of those
        that are caught (`p25`, `median`, `p75`; null where none is) and `windows`, each with
        `after_days`, `until_days` (excluded, included), `events`, `caught`.
    """
    p = np.asarray(probabilities, float)
    k = max(1, round(high_share * len(p)))
    listed = p >= np.partition(p, -k)[-k]
    rows = test.select("structure_id", "as_of", "event").with_columns(pl.Series("listed", listed))
    hits = rows.filter(pl.col("event") == 1).join(
        event_days, on=["structure_id", "as_of"], how="inner"
    )
    days = (hits["event_on"] - hits["as_of"]).dt.total_days().to_numpy()
    inside = hits["listed"].to_numpy()
    windows = []
    for after, until in zip((0, *WINDOWS), WINDOWS, strict=False):
        here = (days > after) & (days <= until)
        if here.any():
            windows.append(
                {
                    "after_days": after,
                    "until_days": until,
                    "events": int(here.sum()),
                    "caught": int((here & inside).sum()),
                }
            )
    found = np.quantile(days[inside], (0.25, 0.5, 0.75)).tolist() if inside.any() else [None] * 3
    return {
        "k": int(listed.sum()),
        "events": len(days),
        "caught": int(inside.sum()),
        "days": dict(zip(("p25", "median", "p75"), found, strict=True)),
        "windows": windows,
    }
