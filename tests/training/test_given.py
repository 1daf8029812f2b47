"""Anyone's panel: what is read, what is refused, and the same temporal honesty."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from data.errors import VeilleError
from tests.training.histories import FAST
from training import given
from training.evaluate import backtest, splits
from training.fit import Recipe

YEARS = range(2010, 2017)


def firms(count: int = 400, seed: int = 0) -> pl.DataFrame:
    """Return invented firms, a row a year, whose event depends on `debt` and `sector`."""
    rng = np.random.default_rng(seed)
    pieces = []
    for year in YEARS:
        debt, noise = rng.normal(size=count), rng.normal(size=count)
        sector = rng.integers(0, 3, count)
        event = rng.random(count) < 1 / (1 + np.exp(2.2 - 1.5 * debt - (sector == 2)))
        pieces.append(
            pl.DataFrame(
                {
                    "structure_id": [f"f{i}" for i in range(count)],
                    "as_of": [date(year, 12, 31)] * count,
                    "event": event.astype(np.int8),
                    "debt": debt,
                    "noise": np.where(rng.random(count) < 0.2, np.nan, noise),
                    "sector": [f"s{s}" for s in sector],
                    "name": [f"Entreprise fictive {i} {year}" for i in range(count)],
                }
            ).with_columns(pl.col("noise").fill_nan(None))
        )
    return pl.concat(pieces)


@pytest.fixture
def panel(tmp_path: Path) -> Path:
    path = tmp_path / "firms.parquet"
    firms().write_parquet(path)
    return path


def written(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def test_columns_are_inferred_and_the_rest_is_said(panel: Path) -> None:
    found = given.read(panel)
    kinds = {f.name: f.kind for f in found.catalogue.features}
    assert kinds == {"debt": "numeric", "noise": "numeric", "sector": "categorical"}
    assert set(found.catalogue.left_out) == {"name"}
    assert found.target.name == "panel-firms"
    assert found.target.horizons_months == (12,)
    assert "event" not in found.rows.columns


def test_a_csv_says_the_same_as_a_parquet(panel: Path, tmp_path: Path) -> None:
    path = tmp_path / "firms.csv"
    firms().write_csv(path, separator=";", null_value="NA")
    one, two = given.read(panel), given.read(path)
    assert one.rows.equals(two.rows)
    assert one.labels().equals(two.labels())


def test_a_year_is_its_last_day(tmp_path: Path) -> None:
    path = tmp_path / "years.parquet"
    firms().with_columns(pl.col("as_of").dt.year()).write_parquet(path)
    assert given.read(path).rows["as_of"].min() == date(2010, 12, 31)


def test_a_label_is_known_once_its_window_is_over(panel: Path) -> None:
    found = given.read(panel)
    assert found.labels(date(2013, 12, 31))["as_of"].max() == date(2012, 12, 31)
    assert found.labels()["as_of"].max() == date(2016, 12, 31)


def test_a_split_leaves_a_whole_horizon_between(panel: Path) -> None:
    for split in splits(given.read(panel), 2):
        assert split.fold is not None
        assert split.train["as_of"].max() <= split.test["as_of"].min().replace(  # type: ignore[union-attr,operator]
            year=split.fold.test_as_of.year - 1
        )
        assert split.test["as_of"].unique().to_list() == [split.fold.test_as_of]


def test_apart_learns_nothing_of_who_is_tested(panel: Path) -> None:
    (split,) = splits(given.read(panel), 1, apart=True)
    assert split.train.is_empty()  # every firm is there every year


def test_the_day_of_the_event_labels_three_horizons(tmp_path: Path) -> None:
    days = [date(2010, 12, 31), date(2011, 12, 31), date(2012, 12, 31)]
    rows = [
        ("a", days[0], date(2011, 3, 1)),
        ("b", days[0], None),
        ("a", days[1], date(2011, 3, 1)),
    ]
    rows += [("b", days[1], None), ("b", days[2], None)]
    path = tmp_path / "dated.parquet"
    frame = pl.DataFrame(rows, schema=["structure_id", "as_of", "event_on"], orient="row")
    frame.with_columns(x=pl.int_range(pl.len())).write_parquet(path)
    found = given.read(path)
    labels = found.labels().sort("as_of", "structure_id", "horizon_months")
    # Events are known until the last row, 2012-12-31; "a" had failed by its second row.
    assert labels.rows() == [
        ("a", days[0], 6, 1),
        ("a", days[0], 12, 1),
        ("a", days[0], 18, 1),
        ("b", days[0], 6, 0),
        ("b", days[0], 12, 0),
        ("b", days[0], 18, 0),
        ("b", days[1], 6, 0),
        ("b", days[1], 12, 0),
    ]


def test_a_cross_section_holds_structures_out_and_claims_nothing_of_time(tmp_path: Path) -> None:
    path = tmp_path / "cross.csv"
    firms(1_500).filter(pl.col("as_of") == date(2010, 12, 31)).drop("as_of").write_csv(path)
    found = given.read(path)
    recipe = Recipe(found.target, found.features(found.rows), FAST)
    result = backtest(found, recipe, count=2)
    assert [fold["test_as_of"] for fold in result["folds"]] == [None, None]
    tested = [set(split.test["structure_id"]) for split in splits(found, 5)]
    assert sum(map(len, tested)) == len(set().union(*tested)) == 1_500
    for fold in result["folds"]:
        assert fold["metrics"]["roc_auc"]["value"] > fold["baselines"]["prior"]["roc_auc"]["value"]


def test_a_catalogue_names_the_indicators(panel: Path, tmp_path: Path) -> None:
    path = written(
        tmp_path / "c.toml",
        'horizon_months = 24\n[indicators.debt]\nlabel = "Dettes"\nunit = "ratio"\ndirection = 1\n',
    )
    found = given.read(panel, path, "essai")
    (debt,) = found.catalogue.features
    assert (debt.label, debt.unit, debt.direction) == ("Dettes", "ratio", 1)
    assert (found.target.name, found.target.horizons_months) == ("panel-essai", (24,))
    assert set(found.catalogue.left_out) == {"noise", "sector", "name"}


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("[indicators.nothing]", "indicators.nothing"),
        ("[indicators.debt]\ndirection = 2", "indicators.debt.direction"),
        ("[indicators.debt]\ncolour = 1", "indicators.debt"),
        ("[indicators.debt]\nunit = 1", "indicators.debt.unit"),
        ("[indicators.debt]\nkind = 'text'", "indicators.debt.kind"),
        ("colour = 1", "c.toml"),
        ("[indicators", "c.toml"),
        ("horizon_months = 0\n[indicators.debt]", "horizon_months"),
        ("indicators = 3", "c.toml"),
    ],
)
def test_a_wrong_catalogue_says_where(panel: Path, tmp_path: Path, text: str, where: str) -> None:
    with pytest.raises(VeilleError) as caught:
        given.read(panel, written(tmp_path / "c.toml", text))
    assert caught.value.code == "bad-catalogue"
    assert where in caught.value.where


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("structure_id,as_of,x\na,2010-12-31,1\n", "no-label-column", "x"),
        ("structure_id,event_on,x\na,2010-12-31,1\n", "no-label-column", "as_of"),
        ("structure_id,as_of,event,x\na,31/12/2010,1,1\n", "bad-panel", "31/12/2010"),
        ("structure_id,as_of,event,x\na,2010-12-31,2,1\n", "bad-panel", "2"),
        ("structure_id,as_of,event,x\na,,1,1\n", "bad-panel", "as_of, ligne 1"),
        ("structure_id,as_of,event,x\n", "bad-panel", "aucune ligne"),
        ("as_of,event,x\n2010-12-31,1,1\n", "bad-panel", "structure_id"),
        ("structure_id,as_of,event\na,2010-12-31,1\n", "no-indicator", ""),
        (
            "structure_id,as_of,event,x\na,2010-12-31,1,1\na,2010-12-31,0,2\n",
            "duplicate-row",
            "a, 2010-12-31",
        ),
    ],
)
def test_a_wrong_panel_says_what(tmp_path: Path, text: str, code: str, said: str) -> None:
    with pytest.raises(VeilleError) as caught:
        given.read(written(tmp_path / "p.csv", text))
    assert caught.value.code == code
    assert said in str(caught.value)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(VeilleError) as caught:
        given.read(tmp_path / "absent.csv")
    assert caught.value.code == "bad-panel"
    with pytest.raises(VeilleError) as caught:
        given.read(written(tmp_path / "no.parquet", "texte"))
    assert caught.value.code == "bad-panel"
