"""A fit beside LightGBM alone: ``python -m benchmarks.training [--rows N] [--whole]``.

One invented panel, two threads, each side alone in a process, from the same Parquet file:

- ``raw``: the columns as a matrix, `lightgbm.Dataset`, `lightgbm.train` with our parameters;
- ``member``: `RiskModel.fit` of one member with a given choice (`like=`), same rounds: all that is
  not boosting (checks, quantile codes, linear part, spread of the members) is the overhead; over
  300,000 rows they are drawn first, as every fit does (`models.thinning`);
- ``whole``, with ``--whole``: the command ``veille train --panel``, which searches penalty, form
  and rounds, bags eight members, fits again before each calibration block, and registers. It is
  put beside LightGBM alone with as many trees as the command grew in all.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.stock import Cost, cost

COLUMNS, DAYS, THREADS, MONTHS = 60, 8, 2, 12
#: what one member may cost, as a part of LightGBM alone: CPU, wall, peak
AIMS = (1.15, 1.15, 1.3)
#: where the command's side leaves the number of its trees
TREES = "trees"


def write(path: Path, rows: int) -> None:
    """Write a panel of `rows` rows: DAYS year ends, COLUMNS numbers, a tenth of them missing."""
    rng = np.random.default_rng(5)
    count = rows // DAYS
    pieces = []
    for year in range(DAYS):
        values = rng.normal(size=(count, COLUMNS)).astype(np.float32)
        log_odds = values[:, :10].sum(1) * 0.4 + 1.2 * (values[:, 10] > 0) * (values[:, 11] > 0)
        event = rng.random(count) < 1 / (1 + np.exp(3.2 - log_odds))
        values[rng.random(values.shape) < 0.1] = np.nan
        frame = pl.DataFrame(values.astype(np.float64), schema=_names())
        pieces.append(
            frame.fill_nan(None).select(
                pl.format("s{}", pl.int_range(pl.len())).alias("structure_id"),
                pl.lit(date(2010 + year, 12, 31)).alias("as_of"),
                pl.Series("event", event.astype(np.int8)),
                pl.all(),
            )
        )
    pl.concat(pieces).write_parquet(path)


def _names() -> list[str]:
    return [f"x{i:02}" for i in range(COLUMNS)]


def _declared(rows: pl.DataFrame) -> tuple[Any, Any]:
    """Return the indicators, and parameters with the size of trees that a fit takes there."""
    from models.spec import FeatureSpec, FitParams

    events = rows.filter(pl.col("event") == 1)["structure_id"].n_unique()
    params = FitParams(members=1).sizes(events, rows.height)[""]
    return tuple(FeatureSpec(name) for name in _names()), params


def raw(path: Path, rounds: int) -> None:
    """Train by LightGBM alone, with the parameters of our fit."""
    from models.boosting import lightgbm_options  # before LightGBM: how its threads wait

    import lightgbm as lgb  # isort: skip

    rows = pl.read_parquet(path)
    features, params = _declared(rows)
    options = lightgbm_options(features, params, rows.height, num_threads=THREADS)
    # The last constraint is that of the horizon, which has no column here.
    options["monotone_constraints"] = options["monotone_constraints"][:-1]
    data = lgb.Dataset(rows.select(_names()).to_numpy(), rows["event"].to_numpy(), params=options)
    lgb.train(options, data, rounds)


def member(path: Path, rounds: int) -> None:
    """Fit one member with a choice that was made."""
    from types import SimpleNamespace

    from models.choice import Choice
    from models.risk_model import RiskModel

    rows = pl.read_parquet(path)
    features, params = _declared(rows)
    labels = rows.select(
        "structure_id", "as_of", pl.lit(MONTHS, pl.Int32).alias("horizon_months"), "event"
    )
    choice = Choice("boosted", 16.0, rounds, 1.0, "time", {})
    RiskModel.fit(
        rows,
        labels,
        None,
        None,
        target="failure",
        features=features,
        horizons_months=(MONTHS,),
        params=params,
        like=SimpleNamespace(params=params, summary=choice.summary()),  # type: ignore[arg-type]
        num_threads=THREADS,
    )


def whole(path: Path, _rounds: int) -> None:
    """Run the command and print how many trees it grew."""
    import models.boosting  # noqa: F401 - before LightGBM: how its threads wait

    import lightgbm as lgb  # isort: skip

    from veille.cli import main as command

    grown, update = 0, lgb.Booster.update

    def counted(*given: Any, **named: Any) -> bool:  # noqa: ANN401 - passed on as they are
        nonlocal grown
        grown += 1
        return bool(update(*given, **named))

    lgb.Booster.update = counted
    home = str(path.parent / "home")
    sys.argv = ["veille", "train", "--panel", str(path), "--home", home, "--json"]
    try:
        command()
    finally:
        (path.parent / TREES).write_text(str(grown))


SIDES = {"raw": raw, "member": member, "whole": whole}


def measured(name: str, path: Path, rounds: int) -> Cost:
    """Return what a side costs, alone in a process, start included."""
    words = [sys.executable, "-m", "benchmarks.training", "--side", name, "--panel", str(path)]
    return cost([*words, "--rounds", str(rounds)])[0]


def main() -> int:
    """Measure the sides in turn and print their ratios."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000, help="rows (2000000)")
    parser.add_argument("--rounds", type=int, default=100, help="trees of a member (100)")
    parser.add_argument("--whole", action="store_true", help="the command too")
    parser.add_argument("--side", choices=sorted(SIDES), help=argparse.SUPPRESS)
    parser.add_argument("--panel", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.side:
        SIDES[asked.side](asked.panel, asked.rounds)
        return 0
    with tempfile.TemporaryDirectory(prefix="veille-bench-") as folder:
        path = Path(folder) / "panel.parquet"
        write(path, asked.rows)
        print(f"{asked.rows} x {COLUMNS}, {asked.rounds} trees, {THREADS} threads", flush=True)
        base = measured("raw", path, asked.rounds)
        _say("raw", base, base)
        _say("member", measured("member", path, asked.rounds), base)
        aims = ", ".join(f"{aim:g}" for aim in AIMS)
        print(f"  aims of one member beside LightGBM alone (CPU, wall, peak): {aims}")
        if asked.whole:
            done = measured("whole", path, asked.rounds)
            trees = int((path.parent / TREES).read_text())
            print(
                f"the command, {trees} trees in all, beside as many of LightGBM alone", flush=True
            )
            many = measured("raw", path, trees)
            _say("raw", many, many)
            _say("whole", done, many)
    return 0


def _say(name: str, one: Cost, base: Cost) -> None:
    print(
        f"  {name:7} CPU {one.cpu:7.1f} s ({one.cpu / base.cpu:.2f})"
        f"   wall {one.wall:7.1f} s ({one.wall / base.wall:.2f})"
        f"   peak {one.peak:6.0f} MB ({one.peak / base.peak:.2f})",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
