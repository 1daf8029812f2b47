"""Orientation: each scheme with who it fits and who it does not; unknown is never read as met."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.reference import departements, regions, sectors
from data.reference.schemes import CRITERION_KINDS, STAGES, Catalogue, Criterion, load_schemes
from scripts.schemes_page import CALM, CASES, IN_TROUBLE, PACA, oriented
from serving.cell.criteria import RESERVED, RULES, Result, in_territory, judge
from serving.cell.facts import Facts
from serving.cell.orientation import Orientation, Oriented, orientation
from serving.cell.stages import stage_of

CATALOGUE = load_schemes()
#: what may be unknown of a structure
FACTS = [
    *("ess_family", "legal_category", "sector", "departement", "region", "employer", "employees"),
    *("budget_eur", "esus", "siae", "aci", "proceedings", "overdue_eur", "neighbours"),
    *("payment_late_share_ratio", "grants_change_1y_ratio", "lost_funders_count"),
    *("debt_outstanding_eur", "filings_current"),
]


def said(facts: Facts, catalogue: Catalogue = CATALOGUE) -> dict[str, Oriented]:
    return {one.scheme.id: one for one in orientation(catalogue, facts).schemes}


def first(facts: Facts, count: int = 2) -> list[str]:
    return [one.scheme.id for one in orientation(CATALOGUE, facts).schemes][:count]


class TestEachScheme:
    def test_every_scheme_has_its_two_structures(self) -> None:
        assert set(CASES) == set(CATALOGUE.schemes)

    @pytest.mark.parametrize("scheme", CASES)
    def test_one_structure_fits_and_the_other_does_not(self, scheme: str) -> None:
        fitting, unfitting = (oriented(scheme, case) for case in CASES[scheme])
        assert fitting.verdict == "fits"
        assert {c.result for c in fitting.criteria} == {Result.MET}
        assert fitting.priority is not None
        assert unfitting.verdict == "does_not_fit"
        assert {c.result for c in unfitting.decided_by} == {Result.NOT_MET}
        assert unfitting.priority is None
        assert all(c.value for c in (*fitting.criteria, *unfitting.criteria))
        assert unfitting.decided_by[0].value in unfitting.why

    @pytest.mark.parametrize("scheme", CASES)
    def test_of_a_structure_of_which_nothing_is_known_nothing_is_met(self, scheme: str) -> None:
        found = said(Facts())[scheme]
        asked = [c for c in found.criteria if c.kind not in {"stage", "territory"}]
        assert {c.result for c in asked} <= {Result.UNKNOWN}
        assert found.verdict == ("to_check" if asked or found.scheme.regions else "fits")

    def test_every_kind_of_criterion_has_its_rule(self) -> None:
        assert {*RULES, "any_of"} == set(CRITERION_KINDS)
        assert {fact for fact, _ in RULES.values()} <= {f.name for f in fields(Facts)}


class TestPriority:
    def test_a_late_public_payment_calls_the_mediator_then_the_bridging_loan(self) -> None:
        facts = replace(CALM, overdue_eur=40_000)
        assert first(facts) == ["mediateur_entreprises", "pret_relais_solidaire"]
        assert "40\u202f000 €" in said(facts)["mediateur_entreprises"].why

    def test_a_funder_lost_calls_dla_and_france_active(self) -> None:
        assert first(IN_TROUBLE, 3) == ["dla_restructuration", "dla", "france_active"]

    def test_an_aci_cut_in_paca_calls_its_own_path(self) -> None:
        assert first(PACA, 1) == ["parcours_aci_paca"]
        assert said(replace(PACA, region="32", departement="59"))["parcours_aci_paca"].verdict == (
            "does_not_fit"
        )

    def test_a_slight_cut_calls_it_too_and_no_cut_does_not(self) -> None:
        slight = said(replace(PACA, grants_change_1y_ratio=-0.08, lost_funders_count=0))
        assert slight["parcours_aci_paca"].priority == 1
        assert "−8 %" in slight["parcours_aci_paca"].why
        kept = said(replace(PACA, grants_change_1y_ratio=0.0, lost_funders_count=0))
        assert kept["parcours_aci_paca"].verdict == "does_not_fit"
        assert kept["parcours_aci_paca"].drivers == ()
        assert (
            kept["parcours_aci_paca"].decided_by[0].value == "+0 % en un an, aucun financeur perdu"
        )

    def test_whether_it_is_an_aci_is_to_be_checked_where_nothing_says_it(self) -> None:
        found = said(replace(PACA, aci=None))["parcours_aci_paca"]
        assert found.verdict == "to_check"
        assert found.priority == 1
        assert "peut-être un ACI" in found.why

    def test_social_debts_call_the_ccsf_even_before_its_last_criterion_is_known(self) -> None:
        facts = replace(CALM, debt_outstanding_eur=5_000, filings_current=None)
        found = said(facts)["ccsf"]
        assert (found.verdict, found.priority) == ("to_check", 1)
        assert [c.kind for c in found.decided_by] == ["filings_current"]

    def test_a_small_budget_is_for_guid_asso_and_not_france_active(self) -> None:
        facts = replace(CALM, budget_eur=199_999)
        found = said(facts)
        assert found["france_active"].verdict == "does_not_fit"
        assert [c.kind for c in found["france_active"].decided_by] == ["budget_above"]
        assert found["guid_asso"].priority == 1
        assert "France Active" in found["guid_asso"].why
        assert said(replace(CALM, budget_eur=200_001))["france_active"].verdict == "fits"

    def test_neighbours_call_for_pooling(self) -> None:
        assert first(replace(CALM, neighbours=3), 1) == ["ptce"]

    def test_a_reason_of_the_score_calls_as_a_fact_does(self) -> None:
        heard = replace(CALM, contributions={"lost_funders_count": 0.8, "age_years": 3.0})
        assert "funding_loss" in said(heard)["dla"].drivers
        assert (
            "funding_loss"
            not in said(replace(CALM, contributions={"age_years": 3.0}))["dla"].drivers
        )

    def test_priorities_are_counted_among_what_may_help(self) -> None:
        schemes = orientation(CATALOGUE, PACA).schemes
        helping = [one.priority for one in schemes if one.verdict != "does_not_fit"]
        assert helping == list(range(1, len(helping) + 1))
        assert all(one.why for one in schemes)


class TestStage:
    @pytest.mark.parametrize(
        ("changes", "stage"),
        [
            ({"level": "low"}, "anticipation"),
            ({"level": "moderate"}, "anticipation"),
            ({"level": "moderate", "lost_funders_count": 1}, "difficulty"),
            ({"level": "moderate", "grants_change_1y_ratio": -0.2}, "difficulty"),
            ({"level": "low", "lost_funders_count": 1}, "anticipation"),
            ({"level": "low", "overdue_eur": 10}, "difficulty"),
            ({"level": "low", "debt_outstanding_eur": 10}, "difficulty"),
            ({"level": "high"}, "difficulty"),
            ({"level": "high", "overdue_eur": 10}, "urgency"),
            ({"level": "unknown"}, None),
            ({"level": "unknown", "overdue_eur": 10}, "difficulty"),
            ({"proceedings": "safeguard"}, "urgency"),
            ({"proceedings": "receivership"}, "urgency"),
            ({"proceedings": "plan", "level": "high"}, "rebound"),
        ],
    )
    def test_the_stage_of_what_is_known(self, changes: dict[str, Any], stage: str | None) -> None:
        found = stage_of(replace(CALM, **changes))
        assert found.name == stage
        assert found.why

    def test_a_scheme_out_of_the_stage_does_not_fit_and_says_so(self) -> None:
        found = said(CALM)["codefi"]
        assert found.stage is None
        assert [c.kind for c in found.decided_by] == ["stage"]
        assert said(IN_TROUBLE)["codefi"].stage == "difficulty"


class TestBands:
    @pytest.mark.parametrize(
        ("employees", "result"),
        [
            ((200, 249), Result.MET),
            ((250, 499), Result.UNKNOWN),  # 400 stands within the band
            ((500, 999), Result.NOT_MET),
            ((10_000, None), Result.NOT_MET),
            (None, Result.UNKNOWN),
        ],
    )
    def test_a_limit_within_a_band_is_not_known(
        self, employees: tuple[int, int | None] | None, result: Result
    ) -> None:
        criterion = Criterion("employees_below", "Moins de 400 salariés", number=400)
        assert judge(criterion, replace(CALM, employees=employees)).result is result


class TestReserved:
    def test_what_is_withheld_is_said_reserved_and_decides_nothing(self) -> None:
        hidden = {"debt_outstanding_eur": None, "withheld": frozenset({"debt_outstanding_eur"})}
        found = said(replace(CALM, **hidden))["ccsf"]
        (debt,) = (c for c in found.criteria if c.kind == "social_debt")
        assert (debt.result, debt.value) == (Result.UNKNOWN, RESERVED)
        assert found.verdict == "to_check"
        assert "social_debt" not in found.drivers


def some_facts() -> st.SearchStrategy[Facts]:
    def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        return st.none() | values

    amounts = st.sampled_from([0.0, 1.0, 199_999.0, 200_000.0, 200_001.0, 5e6])
    flags = st.booleans()
    return st.builds(
        Facts,
        level=st.sampled_from(["high", "moderate", "low", "unknown"]),
        ess_family=maybe(st.sampled_from(["association", "cooperative", "mutual", "commercial"])),
        legal_category=maybe(st.sampled_from(["9220", "5458", "7389", "1000"])),
        sector=maybe(st.sampled_from(sorted(sectors()))),
        departement=maybe(st.sampled_from(sorted(departements()))),
        region=maybe(st.sampled_from(sorted(regions()))),
        employer=maybe(flags),
        employees=maybe(st.sampled_from([(0, 0), (1, 2), (250, 499), (500, 999), (10_000, None)])),
        budget_eur=maybe(amounts),
        esus=maybe(flags),
        siae=maybe(flags),
        aci=maybe(flags),
        proceedings=maybe(st.sampled_from(["none", "safeguard", "plan"])),
        overdue_eur=maybe(amounts),
        payment_late_share_ratio=maybe(st.sampled_from([0.0, 0.3, 1.0])),
        grants_change_1y_ratio=maybe(st.sampled_from([-1.0, -0.2, -0.01, 0.0, 2.0])),
        lost_funders_count=maybe(st.sampled_from([0.0, 2.0])),
        debt_outstanding_eur=maybe(amounts),
        filings_current=maybe(flags),
        neighbours=maybe(st.sampled_from([0, 3])),
        contributions=st.dictionaries(
            st.sampled_from(["lost_funders_count", "overdue_eur"]), st.floats(0, 2), max_size=2
        ),
    )


def met(found: Orientation) -> set[tuple[str, str]]:
    """Return the criteria that are met, by scheme and label; the stage is of what is known."""
    return {
        (one.scheme.id, c.label)
        for one in found.schemes
        for c in one.criteria
        if c.result is Result.MET and c.kind != "stage"
    }


@given(some_facts(), st.sampled_from(FACTS))
def test_taking_a_fact_away_never_makes_a_criterion_met(facts: Facts, name: str) -> None:
    before = orientation(CATALOGUE, facts)
    after = orientation(CATALOGUE, replace(facts, **{name: None}))
    assert met(after) <= met(before)


@given(some_facts(), st.sampled_from(FACTS))
def test_taking_a_sign_away_never_makes_the_stage_more_pressing(facts: Facts, name: str) -> None:
    before = stage_of(facts).name
    after = stage_of(replace(facts, **{name: None})).name
    if before != "rebound" and after is not None:
        assert before is not None
        assert STAGES.index(after) <= STAGES.index(before)


@given(some_facts())
def test_a_criterion_whose_fact_is_not_known_is_never_met(facts: Facts) -> None:
    for one in orientation(CATALOGUE, facts).schemes:
        for c in one.criteria:
            if c.kind in {"stage", "any_of", "late_payment", "funding_cut"}:
                continue
            if c.kind != "territory" and getattr(facts, c.fact) is None:
                assert c.result is Result.UNKNOWN
        assert (one.verdict == "fits") == all(c.result is Result.MET for c in one.criteria)


@given(some_facts())
def test_a_scheme_never_fits_outside_its_territory(facts: Facts) -> None:
    for one in orientation(CATALOGUE, facts).schemes:
        if one.scheme.regions and facts.region not in one.scheme.regions:
            assert one.verdict != "fits"
            known = facts.region is not None
            assert in_territory(one.scheme.regions, facts).result is (
                Result.NOT_MET if known else Result.UNKNOWN
            )


@given(some_facts())
def test_every_scheme_is_said_once_and_what_does_not_fit_comes_last(facts: Facts) -> None:
    schemes = orientation(CATALOGUE, facts).schemes
    assert sorted(one.scheme.id for one in schemes) == sorted(CATALOGUE.schemes)
    last = [one.verdict == "does_not_fit" for one in schemes]
    assert last == sorted(last)


@given(some_facts(), st.sampled_from([0.0, 900.0, 70_000.0]))
def test_a_reserved_fact_changes_nothing_for_who_may_not_see_it(facts: Facts, debt: float) -> None:
    withheld = frozenset({"debt_outstanding_eur"})
    hidden = replace(facts, debt_outstanding_eur=None, withheld=withheld)
    for one in orientation(CATALOGUE, hidden).schemes:
        assert "social_debt" not in one.drivers
        (values,) = ({c.value for c in one.criteria if c.kind == "social_debt"},)
        assert values <= {RESERVED}
