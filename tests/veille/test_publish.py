"""From probabilities to a list: levels, ranks, ties, what is not known."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from data.lake import Lake
from data.rejects import empty_rejects
from data.sources.base import Parsed, ReadOptions
from features.catalogue import INDICATORS, THEMES
from tests.fictitious import siren
from veille import publish

DAY = date(2024, 12, 31)
LIMITS = {"high": 0.2, "moderate": 0.1, "horizon": 12}


def panel(*known: dict[str, float]) -> pl.DataFrame:
    """Return one row a structure; an indicator that is not given is unknown."""
    columns = {
        i.name: pl.Series(
            [row.get(i.name) if i.kind == "numeric" else None for row in known],
            dtype=pl.Float64 if i.kind == "numeric" else pl.String,
        )
        for i in INDICATORS.values()
    }
    names = [siren(n) for n in range(len(known))]
    return pl.DataFrame({"structure_id": names, "as_of": [DAY] * len(known), **columns})


def listed(rows: pl.DataFrame, chances: list[float]) -> pl.DataFrame:
    predicted = rows.select("structure_id", "as_of").with_columns(
        p_12m=pl.Series(chances), low_12m=pl.Series(chances), high_12m=pl.Series(chances)
    )
    described = rows.select(pl.col("structure_id").alias("siren"))
    return publish.scores(predicted, rows, described, main=12, thresholds=LIMITS)


FUNDED = {"grants_eur": 1000.0, "history_years": 3.0}


def test_a_probability_on_the_threshold_has_the_level() -> None:
    found = listed(panel(*[FUNDED] * 4), [0.2, 0.1999, 0.1, 0.0999])
    assert found["level"].to_list() == ["high", "moderate", "moderate", "low"]
    assert found["rank"].to_list() == [1, 2, 3, 4]


def test_ties_are_broken_by_siren_whatever_the_order_of_the_rows() -> None:
    rows = panel(*[FUNDED] * 3)
    found = listed(rows, [0.1, 0.3, 0.1])
    assert found["siren"].to_list() == [siren(1), *sorted([siren(0), siren(2)])]
    assert listed(rows.reverse(), [0.1, 0.3, 0.1]).equals(found)


def test_a_structure_without_any_funding_history_has_no_level() -> None:
    found = listed(panel({"age_years": 3.0}, {"grants_eur": 5.0}), [0.9, 0.9])
    assert dict(found.select("siren", "level").iter_rows()) == {
        siren(0): "unknown",
        siren(1): "high",
    }


def test_coverage_is_the_share_of_known_indicators() -> None:
    found = listed(panel({}, FUNDED), [0.2, 0.1]).sort("siren")["coverage"].to_list()
    assert found == pytest.approx([0.0, 2 / len(INDICATORS)])


def test_each_silent_theme_is_said_and_alerts_are_not_missing_data() -> None:
    rows = panel({"debt_ratio": 0.1, **FUNDED})
    found = publish.unknown(rows, ["debt_ratio", "grants_eur"])
    silent = {t for t in THEMES if t != "alert" and any(i.theme == t for i in INDICATORS.values())}
    silent -= {INDICATORS[n].theme for n in ("debt_ratio", *FUNDED)}
    assert set(found["theme"]) == silent
    assert set(found["message"]) == {"Aucune donnée de ce thème n'a été reçue."}


def test_names_and_history_are_those_known_by_the_day(demo_home: Path) -> None:
    lake = Lake(demo_home)
    grants = lake.scan("grants").filter(pl.col("siren").is_not_null()).collect()
    chosen = grants["siren"].unique().sort().head(40)
    for day in (date(2018, 6, 30), DAY):
        known = grants.filter(
            (pl.col("known_on") <= day)
            & pl.col("siren").is_in(chosen.implode())
            & (pl.col("instrument") == "grant")
        )
        found = publish.history(lake, day, chosen)
        assert set(found["siren"]) == set(known["siren"])
        assert found["fiscal_year"].max() == known["fiscal_year"].max()
        awarded = known.filter(pl.col("stage") == "awarded")["amount_cents"].sum() / 100
        assert found["amount_eur"].sum() >= awarded
        described = publish.identities(lake, day, chosen)
        assert described["siren"].to_list() == chosen.to_list()


def test_a_source_that_does_not_know_leaves_what_another_says(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    told = {
        "sirene": [
            {
                "name": "ANCIEN NOM",
                "sector": "culture",
                "naf": "90.01Z",
                "known_on": date(2019, 1, 1),
            },
            {"name": "LE NUAGE", "sector": "sport", "naf": None, "known_on": date(2020, 1, 1)},
        ],
        "rna": [{"name": "Le Nuage", "commune": "59350", "known_on": date(2022, 1, 1)}],
    }
    for source, states in told.items():
        file = tmp_path / f"{source}.csv"
        file.write_text(source)
        rows = [
            {"siren": siren(1), "source": source, "source_row": at, **state}
            for at, state in enumerate(states, 1)
        ]
        parsed = Parsed(len(rows), {"structures": pl.DataFrame(rows)}, empty_rejects())
        lake.commit(parsed, source=source, file=file, options=ReadOptions())
    chosen = pl.Series([siren(1)])
    columns = ["name", "sector", "naf", "commune"]

    def described(day: date) -> tuple[object, ...]:
        return publish.identities(lake, day, chosen).select(columns).row(0)

    assert described(date(2019, 6, 1)) == ("ANCIEN NOM", "culture", "90.01Z", None)
    # The last word of a source replaces its earlier ones, even where it says less.
    assert described(date(2021, 6, 1)) == ("LE NUAGE", "sport", None, None)
    assert described(date(2023, 6, 1)) == ("Le Nuage", "sport", None, "59350")
