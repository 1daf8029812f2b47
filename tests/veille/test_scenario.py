"""Scenarios on a real home: equality without a cut, monotony, the command and its files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from data.lake import Lake
from features.asof import to_day
from serving.cell.scenarios.act import Runner, fewer, shown
from serving.cell.scenarios.compare import compare
from serving.cell.scenarios.document import Scenario, ScenarioError, read_file
from serving.cell.scenarios.projection import DESCRIBED, Ground, project
from serving.cell.scenarios.scope import hit
from serving.cell.scenarios.telling import facts_of, moved
from serving.live.scorer import LiveScorer
from serving.publication import Publication
from tests.veille.conftest import Run

EXAMPLES = Path(__file__).parents[2] / "docs" / "scenarios"
SPREADS = ("proportional", "largest_first", "smallest_first", "per_beneficiary")
PROGRAMME = {"funder": "etat", "programme": "163"}


@pytest.fixture(scope="module")
def ground(demo_home: Path) -> Ground:
    publication = Publication.load(demo_home, "failure")
    scorer = LiveScorer.load(publication)
    return Ground(Lake(demo_home), scorer.context, scorer.model, publication)


def rows_of(ground: Ground, **parts: object) -> pl.DataFrame:
    scenario = Scenario.model_validate({"name": "essai", **parts})
    return project(ground, scenario, ground.publication.frame.select(*DESCRIBED)).rows


def run_in(home: Path, ground: Ground, **parts: object) -> dict[str, Any]:
    scenario = Scenario.model_validate({"name": "essai", **parts})
    return Runner(home).run(scenario, ground.publication, ground.model, ground.context)


def test_without_a_cut_every_figure_is_that_of_the_publication(
    own_home: Path, ground: Ground
) -> None:
    found = run_in(own_home, ground)
    frame = ground.publication.frame
    assert found["total"]["touched"] == 0
    assert found["changes"] == []
    groups = [found["total"], *(g for by in found["by"].values() for g in by)]
    for group in groups:
        for one in group["horizons"]:
            for what in ("cases", "jobs"):
                assert one[what]["with"] == one[what]["without"]
                assert one[what]["difference"] == {"expected": 0.0, "low": 0.0, "high": 0.0}
    for one in found["total"]["horizons"]:
        p = frame[f"p_{one['horizon_months']}m"]
        assert one["cases"]["with"]["expected"] == p.sum()


def test_rows_rebuilt_from_the_facts_read_are_those_published(ground: Ground) -> None:
    published = ground.publication.frame.sort("siren")
    sirens = published["siren"].gather_every(3)
    facts = facts_of(ground.lake, ground.context, sirens)
    rows = ground.context.rows(facts, sirens.to_list())
    scored = ground.model.predict(rows, num_threads=1)
    expected = published.filter(pl.col("siren").is_in(sirens.implode()))
    assert scored["structure_id"].to_list() == expected["siren"].to_list()
    # A probability depends on the rows scored beside it by its last bit (sums of vectors).
    for name in ("p_12m", "low_12m", "high_12m"):
        assert scored[name].to_list() == pytest.approx(expected[name].to_list(), rel=1e-12), name


def test_payments_made_late_are_overdue_on_the_day(ground: Ground) -> None:
    late = rows_of(ground, delays=[{"level": "state", "days": 200}])
    scenario = Scenario.model_validate({"name": "x", "delays": [{"level": "state", "days": 200}]})
    everyone = ground.publication.frame.select("siren", "region", "sector")
    found = hit(ground.lake, ground.context, everyone, scenario.delays[0])
    before = facts_of(ground.lake, ground.context, late["siren"])["payments"]
    after = moved(before, ground.context, [found], None)
    day = to_day(ground.context.as_of)
    assert (after["known_day"] <= day).all()
    assert 0 < after["paid_day"].count() < before["paid_day"].count()
    assert after["paid_day"].null_count() == before["paid_day"].null_count()


@pytest.mark.parametrize("spread", SPREADS)
@pytest.mark.parametrize("percent", [0.001, 4.0, 30.0, 50.0])
def test_a_doubled_cut_never_lowers_the_exposure(
    ground: Ground, spread: str, percent: float
) -> None:
    once, twice = (
        rows_of(ground, cuts=[{**PROGRAMME, "percent": k * percent, "spread": spread}])
        for k in (1, 2)
    )
    assert once["siren"].to_list() == twice["siren"].to_list()
    assert once.height > 20
    assert (twice["exposure"] >= once["exposure"]).all()
    assert (twice["cut_eur"] >= once["cut_eur"]).all()


@pytest.mark.parametrize("spread", SPREADS)
def test_every_spread_takes_the_same_sum_in_its_own_order(ground: Ground, spread: str) -> None:
    everyone = ground.publication.frame.select("siren", "region", "sector")
    scenario = Scenario.model_validate(
        {"name": "essai", "cuts": [{**PROGRAMME, "percent": 30, "spread": spread}]}
    )
    found = hit(ground.lake, ground.context, everyone, scenario.cuts[0])
    rows = rows_of(ground, cuts=[{**PROGRAMME, "percent": 30, "spread": spread}])
    whole = rows_of(ground, cuts=[{**PROGRAMME, "percent": 100}])
    assert rows["cut_eur"].sum() == pytest.approx(0.3 * whole["cut_eur"].sum(), rel=1e-4)
    lost = found.touched.join(whole.select("siren", given="cut_eur"), on="siren").filter(
        pl.col("given") > 0
    )
    shares = lost.sort("given")["share"].to_list()
    if spread == "proportional":
        assert set(shares) == {0.3}
    elif spread == "largest_first":
        assert shares == sorted(shares)
        assert shares[-1] == 1.0
    else:
        assert shares == sorted(shares, reverse=True)
        assert shares[0] == 1.0 > shares[-1]


def test_a_cut_of_a_sector_touches_only_that_sector(ground: Ground) -> None:
    frame = ground.publication.frame
    sector = frame["sector"].drop_nulls().mode().sort()[0]
    rows = rows_of(ground, cuts=[{"funder": "etat", "percent": 20, "sector": sector}])
    found = frame.filter(pl.col("siren").is_in(rows["siren"].implode()))["sector"].unique()
    assert found.to_list() == [sector]


def test_a_measure_that_makes_up_for_all_of_it_gives_back_the_grants(ground: Ground) -> None:
    scenario = Scenario.model_validate(
        {
            "name": "essai",
            "cuts": [{**PROGRAMME, "percent": 60}],
            "measures": [{"kind": "bridging_loan", "percent": 100}],
        }
    )
    inside = ground.publication.frame.select(*DESCRIBED)
    found = project(ground, scenario, inside)
    assert found.relieved is not None
    assert found.helped == (found.rows.height,)
    assert found.rows["cut_eur"].sum() > 0
    assert found.relieved["cut_eur"].sum() == 0
    assert found.relieved["exposure"].to_list() == found.rows["exposure"].to_list()


def test_fewer_cases_are_never_told_as_an_effect_of_the_cut() -> None:
    """The note stands exactly where the model projects clearly fewer cases than before."""
    for expected, told in ((-0.5, True), (-1e-9, False), (0.4, False)):
        total = {"horizons": [{"cases": {"difference": {"expected": expected}}}]}
        assert bool(fewer(total)) is told


def test_the_same_scenario_is_read_again_and_small_cells_are_hidden(
    own_home: Path, ground: Ground
) -> None:
    cut = {"cuts": [{**PROGRAMME, "percent": 30}]}
    first, again = run_in(own_home, ground, **cut), run_in(own_home, ground, **cut)
    assert first == again
    assert "preuve" in first["statement"]
    hidden = shown(first, nominative=False)
    assert hidden["most_exposed"] is None
    for groups in hidden["by"].values():
        small = [g for g in groups if g["hidden"]]
        assert all(g["structures"] is None and not g["horizons"] for g in small)
        assert all(g["structures"] >= 5 for g in groups if not g["hidden"])
        assert all(g["touched"] == 0 or g["touched"] >= 5 for g in groups if not g["hidden"])
    assert any(g["hidden"] for g in hidden["by"]["departement"])


def test_two_scenarios_side_by_side(own_home: Path, ground: Ground) -> None:
    one = run_in(own_home, ground, cuts=[{**PROGRAMME, "percent": 10}])
    two = run_in(own_home, ground, cuts=[{**PROGRAMME, "percent": 90}])
    found = compare(one, two)
    at = found["difference"][0]["cases"]
    with_each = [r["total"]["horizons"][0]["cases"]["with"]["expected"] for r in (one, two)]
    assert at == pytest.approx(with_each[1] - with_each[0])
    with pytest.raises(ScenarioError) as refused:
        compare(one, {**two, "publication": "autre"})
    assert refused.value.code == "scenarios-not-comparable"


@pytest.mark.parametrize("path", sorted(EXAMPLES.iterdir()), ids=lambda p: p.name)
def test_every_example_of_the_documentation_runs(own_home: Path, run: Run, path: Path) -> None:
    found = run("scenario", path, "--json", "--home", own_home).json
    assert found["scenario"] == read_file(path).model_dump(mode="json")
    assert bool(found["total"]["touched"]) == ("sans-coupe" not in path.name)


def test_the_command_writes_both_sides_and_says_what_is_refused(
    own_home: Path, run: Run, tmp_path: Path
) -> None:
    target = tmp_path / "deux.json"
    done = run(
        *("scenario", EXAMPLES / "coupe.toml", "--compare", EXAMPLES / "sans-coupe.toml"),
        *("--output", target, "--home", own_home),
    )
    assert done.code == 0, done.err
    assert "pas une preuve" in done.out
    assert set(json.loads(target.read_text("utf-8"))) >= {"first", "second", "statement"}
    bad = tmp_path / "faux.toml"
    bad.write_text('name = "x"\n[[cuts]]\nfunder = "etat"\npourcent = 30\n', "utf-8")
    said = run("scenario", bad, "--home", own_home).refused("unknown-key")
    assert "cuts.0.pourcent" in said
    assert "percent" in said


def test_a_brief_tells_a_scenario_run_on_its_territory(
    own_home: Path, run: Run, tmp_path: Path
) -> None:
    regions = Publication.load(own_home, "failure", check=False).frame["region"].drop_nulls()
    region = regions.value_counts(sort=True)["region"][0]
    assert run("users", "add", "nina", "--role", "national", "--home", own_home).code == 0
    default = Path("serving/cell/priorities/default.toml").read_text("utf-8")
    mine = tmp_path / "mienne.toml"
    mine.write_text(default.replace('name = "DLA"', 'name = "Équipe inventée"'), "utf-8")
    note = tmp_path / "note.html"
    common = ("brief", "--as", "nina", "--region", region, "--home", own_home, "--output", note)
    done = run(*common, "--scenario", EXAMPLES / "coupe.toml", "--capacity", mine)
    assert done.code == 0, done.err
    text = note.read_text("utf-8")
    assert "Équipe inventée" in text
    assert "Scénario&nbsp;: Programme 163" in text
    kept = [
        json.loads((folder / "result.json").read_text("utf-8"))
        for folder in (own_home / "scenarios").iterdir()
    ]
    (found,) = kept
    assert found["territory"]["regions"] == [region]
    inside = regions.eq(region).sum()
    assert found["total"]["structures"] == inside
    with_sector = run(*common, "--sector", "culture", "--scenario", EXAMPLES / "coupe.toml")
    assert with_sector.code == 0, with_sector.err
    run(*common, "--capacity", tmp_path / "rien.toml").refused("bad-capacity")


#: of the schemas of the server and of the client
_COMPARED = ("ScenarioComparison", "ScenarioDifference")


def test_the_client_reads_what_the_server_says() -> None:
    import serving.api.scenario_schemas as server
    from veille.client import scenarios as client

    for name in (
        "ScenarioResult",
        "ScenarioFigures",
        "ScenarioGroup",
        "ExposedStructure",
        *_COMPARED,
    ):
        ours, theirs = getattr(client, name), getattr(server, name)
        assert set(ours.model_fields) == set(theirs.model_fields), name
