"""The hold-out never shares a label window, nor a structure where days are too few."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from models.encoding import Design
from models.sample import Sample, align, split_holdout
from models.spec import FitParams

HORIZONS = (6, 12)


def sample(days: list[date], structures: int, rate: float = 0.3) -> Sample:
    rng = np.random.default_rng(0)
    n = len(days) * structures
    first = rng.random(n) < rate / 2
    targets = np.column_stack([first, first | (rng.random(n) < rate / 2)]).astype(np.int8)
    return Sample(
        np.zeros((n, 1)),
        Design(np.zeros((n, 1)), ()),
        targets,
        np.repeat(np.arange(structures), len(days)),
        np.array(days * structures, dtype="datetime64[D]"),
        np.ones(n),
    )


def test_windows_of_the_fitting_part_end_before_the_hold_out() -> None:
    days = [date(2015 + q // 4, 1 + 3 * (q % 4), 1) for q in range(16)]
    data = sample(days, 200)
    kind, [(fitting, held)] = split_holdout(data, HORIZONS, FitParams(holdout_share=0.25))
    assert kind == "time"
    first = np.datetime64("2018-01-01")
    assert data.days[(held >= 0).any(1)].min() == first
    # 6 months before 2018-01-01 is 2017-07-01, 12 months before is 2017-01-01
    assert data.days[fitting[:, 0] >= 0].max() == np.datetime64("2017-07-01")
    assert data.days[fitting[:, 1] >= 0].max() == np.datetime64("2017-01-01")


def test_too_few_days_hold_out_structures_instead() -> None:
    data = sample([date(2020, 1, 1), date(2020, 4, 1)], 200)
    kind, pairs = split_holdout(data, HORIZONS, FitParams())
    assert kind == "structure"
    seen = np.zeros(400, dtype=int)
    for fitting, held in pairs:
        inside = set(data.structures[(fitting >= 0).any(1)])
        outside = set(data.structures[(held >= 0).any(1)])
        assert not inside & outside
        assert len(inside | outside) == 200
        seen += (held >= 0).any(1)
    assert (seen == 1).all()


def test_a_handful_of_events_tunes_nothing() -> None:
    assert split_holdout(sample([date(2020, 1, 1)], 40, 0.05), HORIZONS, FitParams())[0] == "none"


def test_labels_become_a_matrix_with_censored_cells() -> None:
    rows = pl.DataFrame({"structure_id": ["b", "a"], "as_of": [date(2020, 1, 1)] * 2})
    labels = pl.DataFrame(
        {
            "structure_id": ["a", "a", "b"],
            "as_of": [date(2020, 1, 1)] * 3,
            "horizon_months": [6, 12, 6],
            "event": [0, 1, 1],
        }
    )
    assert align(rows, labels, HORIZONS).tolist() == [[1, -1], [0, 1]]
