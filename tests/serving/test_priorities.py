"""Priorities: the assignment is the best there is, explains itself, and stays in its territory."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.access.audit import verify
from serving.cell.priorities.assign import Pairs, best
from serving.cell.priorities.capacity import Capacity, CapacityError, read_capacity
from serving.cell.priorities.plan import Objective, Plan, plan
from serving.cell.priorities.stakes import candidates, weighed
from serving.publication import Publication
from tests.serving.conftest import House, make_frames, siren

Spec = tuple[float, int | None, int | None, int, str | None]
Told = dict[str, object]
PLACES = (("32", "59"), ("32", "62"), ("93", "13"), (None, None))
SCHEMES = ("dla", "ccsf", "ptce")
WEIGHTS = {
    "unknown_employees": 3.0,
    "least_employees": 1.0,
    "lead": {"6": 1.0, "12": 0.8, "18": 0.6, "later": 0.4},
    "last_in_departement": 2.0,
    "last_in_commune": 1.5,
}
EFFECTS = {
    "dla": {"anticipation": 0.3, "difficulty": 0.2, "urgency": 0.1},
    "ccsf": {"anticipation": 0.1, "difficulty": 0.2, "urgency": 0.3},
    "ptce": {"anticipation": 0.2, "difficulty": 0.1, "urgency": 0.0},
}


def capacity(rules: list[Told], schemes: tuple[str, ...] = SCHEMES) -> Capacity:
    return Capacity.model_validate(
        {
            "to_confirm": True,
            "period": "trimestre",
            "weights": WEIGHTS,
            "schemes": [{"id": s, "effect": EFFECTS[s]} for s in schemes],
            "capacities": rules,
        }
    )


def rows_of(specs: list[Spec]) -> pl.DataFrame:
    """Return candidates: probability, employees, lead, place, what it is the last in."""
    return pl.DataFrame(
        {
            "row": list(range(len(specs))),
            "siren": [siren(i + 1) for i in range(len(specs))],
            "region": pl.Series([PLACES[s[3]][0] for s in specs], dtype=pl.String),
            "departement": pl.Series([PLACES[s[3]][1] for s in specs], dtype=pl.String),
            "p": [s[0] for s in specs],
            "employees": pl.Series([s[1] for s in specs], dtype=pl.Int32),
            "lead_months": pl.Series([s[2] for s in specs], dtype=pl.Int32),
            "last_in": pl.Series([s[4] for s in specs], dtype=pl.String),
        },
        schema_overrides={"row": pl.Int64, "p": pl.Float64},
    )


SPEC = st.tuples(
    st.sampled_from([0.05, 0.1, 0.2, 0.35, 0.6]),
    st.sampled_from([None, 0, 1, 4, 30]),
    st.sampled_from([None, 6, 12, 18]),
    st.integers(0, 3),
    st.sampled_from([None, "commune", "departement"]),
)
RULE = st.fixed_dictionaries(
    {
        "name": st.just("règle"),
        "schemes": st.lists(st.sampled_from(SCHEMES), min_size=1, max_size=3, unique=True),
        "places": st.integers(0, 3),
    }
).flatmap(
    lambda rule: st.sampled_from(
        [rule, {**rule, "region": "32"}, {**rule, "departement": "59"}, {**rule, "each": "region"}]
    )
)
ELIGIBLE = st.lists(st.sets(st.sampled_from((*SCHEMES, "inconnu"))), min_size=6, max_size=6)


def values_of(rows: pl.DataFrame, objective: Objective) -> dict[tuple[str, str], float]:
    """Return what each (structure, scheme) is worth, from the documented formula."""
    found = {}
    for row in rows.iter_rows(named=True):
        jobs = max(3.0 if row["employees"] is None else row["employees"], 1.0)
        lead = "later" if row["lead_months"] is None else str(row["lead_months"])
        stage = {"6": "urgency", "later": "anticipation"}.get(lead, "difficulty")
        rare = {None: 1.0, "commune": 1.5, "departement": 2.0}[row["last_in"]]
        for scheme in SCHEMES:
            effect = EFFECTS[scheme][stage]
            found[row["siren"], scheme] = {
                Objective.BENEFIT: row["p"] * jobs * WEIGHTS["lead"][lead] * rare * effect,
                Objective.RISK: row["p"],
                Objective.RISK_JOBS: row["p"] * jobs,
            }[objective]
    return found


def brute_force(
    rows: pl.DataFrame, eligible: dict[str, set[str]], cap: Capacity, objective: Objective
) -> float:
    values, rules = values_of(rows, objective), cap.rules()
    place = {r["siren"]: (r["region"], r["departement"]) for r in rows.iter_rows(named=True)}
    sirens = list(place)
    greatest = 0.0
    for choice in product(*[[None, *sorted(eligible[s] & set(SCHEMES))] for s in sirens]):
        given_to = [(s, c) for s, c in zip(sirens, choice, strict=True) if c]
        fits = all(
            sum(
                scheme in rule.schemes
                and rule.region in {None, place[s][0]}
                and rule.departement in {None, place[s][1]}
                for s, scheme in given_to
            )
            <= rule.places
            for rule in rules
        )
        if fits:
            greatest = max(greatest, sum(values[pair] for pair in given_to))
    return greatest


@settings(max_examples=120, deadline=None)
@given(
    st.lists(SPEC, min_size=1, max_size=6),
    ELIGIBLE,
    st.lists(RULE, max_size=4),
    st.sampled_from(list(Objective)),
)
def test_the_plan_is_that_of_brute_force(
    specs: list[Spec], allowed: list[set[str]], rules: list[Told], objective: Objective
) -> None:
    rows, cap = rows_of(specs), capacity(rules)
    eligible = dict(zip(rows["siren"].to_list(), allowed, strict=False))
    found = plan(rows, eligible, cap, objective=objective)
    _check(found, eligible, cap)
    greatest = brute_force(rows, eligible, cap, objective)
    assert found.policies["plan"][objective] == pytest.approx(greatest, rel=1e-9, abs=1e-12)
    assert sum(found.value) == pytest.approx(greatest, rel=1e-9, abs=1e-12)


def _check(found: Plan, eligible: dict[str, set[str]] | None, cap: Capacity) -> None:
    """Nobody has what it may not have, and no rule gives more than its places."""
    rows = list(found.rows.iter_rows(named=True))
    for row, scheme in zip(rows, found.scheme, strict=True):
        assert not scheme or eligible is None or scheme in eligible[row["siren"]]
    for use, rule in zip(found.rules, cap.rules(), strict=True):
        inside = [
            scheme in rule.schemes
            and rule.region in {None, row["region"]}
            and rule.departement in {None, row["departement"]}
            for row, scheme in zip(rows, found.scheme, strict=True)
        ]
        assert use.used == sum(inside) <= rule.places


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10_000),
    st.integers(1, 300),
    st.lists(RULE, min_size=1, max_size=5),
    st.integers(0, 40),
)
def test_the_plan_is_never_worse_than_a_simple_policy(
    seed: int, count: int, rules: list[Told], room: int
) -> None:
    """On what it makes the greatest: benefit, or the objective of either simple policy."""
    rng = np.random.default_rng(seed)
    specs = [
        (float(p), int(e) if e >= 0 else None, None if m == 0 else int(m), int(z), None)
        for p, e, m, z in zip(
            rng.beta(1, 5, count),
            rng.integers(-5, 60, count),
            rng.choice([0, 6, 12, 18], count),
            rng.integers(0, 4, count),
            strict=True,
        )
    ]
    rows = rows_of(specs)
    cap = capacity([rule | {"places": int(str(rule["places"])) + room} for rule in rules])
    for objective in Objective:
        found = plan(rows, None, cap, objective=objective)
        _check(found, None, cap)
        mine = found.policies["plan"][objective]
        for policy in ("risk", "risk_jobs"):
            assert mine >= found.policies[policy][objective] * (1 - 1e-12)


def test_rules_that_cross_still_have_the_best_whole_plan() -> None:
    """Three structures, three rules of one place that each hold two of them: two halves each.

    The linear programme would give half a place to each, 1.5 in all; no whole plan gives over 1.
    """
    reach = np.zeros((3, 1, 3), dtype=np.bool_)
    for zone, rules in enumerate(((0, 1), (1, 2), (0, 2))):
        reach[zone, 0, list(rules)] = True
    zero = np.zeros(3, dtype=np.int64)
    three = np.arange(3)
    pairs = Pairs(three, zero, three, reach, np.ones(3, dtype=np.int64), 3)
    taken = best(pairs, np.array([1.0, 1.0, 1.0]))
    assert (taken >= 0).sum() == 1


def test_the_order_of_the_rows_changes_nothing() -> None:
    rows = rows_of([(0.2, 4, 12, i % 3, None) for i in range(30)])
    cap = capacity([{"name": "DLA", "schemes": ["dla"], "each": "departement", "places": 3}])
    first = plan(rows, None, cap)
    second = plan(rows.sample(fraction=1, shuffle=True, seed=3), None, cap)
    assert first.rows.equals(second.rows)
    assert first.scheme == second.scheme


def test_a_structure_is_told_why_it_waits() -> None:
    """One place of DLA in 59: the larger has it, the other is next and knows why."""
    rows = rows_of([(0.3, 10, 12, 0, None), (0.3, 40, 12, 0, None), (0.3, 5, 12, 1, None)])
    rule = {"name": "DLA du Nord", "schemes": ["dla"], "departement": "59", "places": 1}
    found = plan(rows, None, capacity([rule], ("dla",)))
    by = {row["siren"]: i for i, row in enumerate(found.rows.iter_rows(named=True))}
    small, large, other = (by[siren(i)] for i in (1, 2, 3))
    assert [found.scheme[i] for i in (small, large, other)] == ["", "dla", "dla"]
    assert found.full[small] == ["DLA du Nord"]
    assert found.full[large] == found.full[other] == []
    (use,) = found.rules
    assert (use.used, use.next_row) == (1, small)


def test_an_unknown_size_is_never_zero_jobs(tmp_path: Path) -> None:
    rows = weighed(
        rows_of([(0.2, None, 6, 0, None), (0.2, 0, 6, 0, "departement")]), capacity([]).weights
    )
    assert rows["jobs_at_stake"].to_list() == pytest.approx([0.6, 0.2])
    assert rows["stake"].to_list() == pytest.approx([0.6, 0.4])
    assert rows["stage"].to_list() == ["urgency", "urgency"]


def test_candidates_are_the_high_and_the_moderate(tmp_path: Path) -> None:
    frames = make_frames(60)
    frames.scores = frames.scores.with_columns(
        sector=pl.when(pl.col("siren") == siren(1)).then(pl.lit("housing")).otherwise("sector"),
    )
    frames.write(tmp_path)
    rows = candidates(Publication.load(tmp_path, "failure"))
    kept = frames.scores.filter(pl.col("level").is_in(["high", "moderate"]))
    assert set(rows["siren"]) == set(kept["siren"])
    p18 = dict(zip(kept["siren"], kept["p_18m"], strict=True))
    p12 = dict(zip(kept["siren"], kept["p_12m"], strict=True))
    for row in rows.iter_rows(named=True):
        p6 = p12[row["siren"]] / 2
        lead = 6 if p6 >= 0.2 else 12 if p12[row["siren"]] >= 0.2 else None
        if lead is None and p18[row["siren"]] >= 0.2:
            lead = 18
        assert row["lead_months"] == lead
    alone = rows.filter(siren=siren(1))["last_in"].to_list()
    assert alone in ([], ["departement"])


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ("places = 30", "places = -1"),
        ("places = 30", 'places = "30"'),
        ('schemes = ["france_active"]', 'schemes = ["inconnu"]'),
        ('each = "region"', 'each = "commune"'),
        ("to_confirm = true", "to_confirm = true\nautre = 1"),
        ("later = 0.4", "plus = 0.4"),
        ("unknown_employees = 3.0", "unknown_employees = nan"),
        ("[weights]", "[weights"),
    ],
)
def test_a_bad_file_of_capacity_is_refused(tmp_path: Path, change: str, word: str) -> None:
    import serving.cell.priorities.capacity as room

    text = Path(room.__file__).with_name("default.toml").read_text("utf-8")
    assert read_capacity(tmp_path).to_confirm
    (tmp_path / "capacity.toml").write_text(text.replace(change, word, 1), "utf-8")
    with pytest.raises(CapacityError) as refused:
        read_capacity(tmp_path)
    assert refused.value.code == "bad-capacity"


def test_each_reader_sees_the_plan_of_his_territory(house: House) -> None:
    national = house.person("national").get("/api/v1/priorities?limit=200").json()
    regional = house.person("regional", regions=("32",)).get("/api/v1/priorities?limit=200").json()
    inside = [item for item in national["items"] if item["region"] == "32"]
    assert regional["items"] == inside
    assert 0 < len(inside) < national["total"] == len(national["items"])
    assert regional["total"] == len(inside)
    seen = {item["priority"] for item in inside}
    for rule in regional["capacities"]:
        assert rule["departement"] in {None, "02", "59", "60", "62", "80"}
        assert rule["region"] in {None, "32"}
        assert rule["next_priority"] is None or rule["next_priority"] in seen
    analyst = house.person("analyst").get("/api/v1/priorities").json()["items"][0]
    assert (analyst["siren"], analyst["name"], analyst["commune"]) == (None, None, None)
    assert analyst["pseudonym"].startswith("P-")
    assert verify(house.state).intact


def test_pages_of_priorities_follow_each_other(house: House) -> None:
    browser = house.person("regional", regions=("32",))
    whole = browser.get("/api/v1/priorities?limit=200").json()["items"]
    items, after = [], 0
    while after is not None:
        page = browser.get(f"/api/v1/priorities?limit=7&after={after}").json()
        items += page["items"]
        after = page["next_after"]
    assert items == whole


def test_another_capacity_is_another_answer(house: House) -> None:
    browser = house.person("national")
    first = browser.get("/api/v1/priorities")
    tag = {"If-None-Match": first.headers["etag"]}
    assert browser.get("/api/v1/priorities", tag).status_code == 304
    import serving.cell.priorities.capacity as room

    text = Path(room.__file__).with_name("default.toml").read_text("utf-8")
    own = house.home / "capacity.toml"
    own.write_text(text.replace("places = 30", "places = 0"), "utf-8")
    second = browser.get("/api/v1/priorities", tag)
    assert second.status_code == 200
    assert all(r["used"] == 0 for r in second.json()["capacities"] if r["name"].startswith("DLA"))
    own.write_text("places", "utf-8")
    assert browser.get("/api/v1/priorities").json()["code"] == "bad-capacity"
