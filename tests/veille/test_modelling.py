"""The line's second half on a real home: facts that come in, commands that fail, what stays."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from data.contracts import TABLES
from data.errors import VeilleError
from data.lake import Lake
from data.rejects import empty_rejects
from data.sources.base import Parsed, ReadOptions
from serving.publication import Publication
from veille import scoring
from veille.home import Home


def another_grant(home: Path, structure: str) -> None:
    """Commit one more award to a synthetic lake, known before the day that was scored."""
    columns = list(TABLES["grants"].columns)
    grants = Lake(home).scan("grants").filter(pl.col("siren") == structure).select(columns)
    fact = grants.tail(1).with_columns(
        pl.lit(1, pl.Int64).alias("source_row"), pl.lit("ajout").alias("dataset")
    )
    (home / "ajout.txt").write_text("un fait de plus")
    parsed = Parsed(rows_in=1, tables={"grants": fact.collect()}, rejects=empty_rejects())
    Lake(home).commit(parsed, source="synthetic", file=home / "ajout.txt", options=ReadOptions())


def test_facts_that_came_in_are_scored_and_the_old_list_is_explained_as_it_was(
    own_home: Path,
) -> None:
    place = Home(own_home)
    before = Publication.load(own_home, "failure")
    top = before.frame.sort("rank")["siren"][0]
    explained = scoring.explain(place, top)
    another_grant(own_home, top)
    assert scoring.explain(place, top) == explained
    after = scoring.score(place, "failure", as_of=date(2024, 12, 31))
    assert after["publication"] != before.id
    assert Publication.load(own_home, "failure").manifest.input_hash != before.manifest.input_hash


def test_a_failed_score_leaves_the_last_list(own_home: Path) -> None:
    place = Home(own_home)
    before = Publication.load(own_home, "funding_loss").id
    with pytest.raises(VeilleError) as caught:
        scoring.score(place, "funding_loss", as_of=date(2024, 6, 30))
    assert caught.value.code == "empty-cohort"
    assert Publication.load(own_home, "funding_loss").id == before


def test_a_publication_is_what_serving_reads(demo_home: Path) -> None:
    for target, horizons in (("failure", (6, 12, 18)), ("funding_loss", (12,))):
        found = Publication.load(demo_home, target)
        frame = found.frame
        assert found.manifest.synthetic is True
        assert found.horizons == horizons
        assert frame["rank"].sort().to_list() == list(range(1, found.rows + 1))
        for h in horizons:
            p, low, high = frame[f"p_{h}m"], frame[f"low_{h}m"], frame[f"high_{h}m"]
            assert p.is_between(0, 1).all()
            assert (low <= p).all()
            assert (p <= high).all()
        assert frame["coverage"].is_between(0, 1).all()
        assert set(frame["level"]) <= {"high", "moderate", "low", "unknown"}


def test_the_score_of_a_list_is_its_base_and_its_reasons(demo_home: Path) -> None:
    found = Publication.load(demo_home, "failure")
    base = found.manifest.base_values[12]
    for code in found.frame.sort("rank")["siren"].head(5):
        row = found.row(found.position(code) or 0)
        total = base + sum(r["contribution"] for r in found.reasons(code, 12))
        logit = pl.select((pl.lit(row["p_12m"]) / (1 - pl.lit(row["p_12m"]))).log()).item()
        assert total == pytest.approx(logit, abs=1e-6)


def test_no_fact_after_the_observation_day_is_shown(demo_home: Path) -> None:
    found = Publication.load(demo_home, "failure")
    for code in found.frame["siren"].head(30):
        assert all(line["fiscal_year"] <= 2024 for line in found.history(code))
