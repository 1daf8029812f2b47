"""The plan gives a structure no scheme that orientation tells it may not have."""

from __future__ import annotations

import polars as pl
import pytest

from data.reference.schemes import load_schemes
from serving.access.principal import Principal, Role, Territory
from serving.cell.orient import orient
from serving.cell.priorities import act
from serving.cell.priorities.capacity import read_capacity
from serving.cell.priorities.eligibility import eligibility
from serving.cell.priorities.plan import Objective
from serving.cell.priorities.stakes import candidates
from serving.publication import Publication
from tests.serving.conftest import House

CATALOGUE = load_schemes()
EVERY = tuple(CATALOGUE.schemes)


@pytest.fixture
def publication(shared_house: House) -> Publication:
    return Publication.load(shared_house.home, "failure")


def test_what_orientation_excludes_by_a_criterion_is_not_open(publication: Publication) -> None:
    rows = candidates(publication)
    found = eligibility(publication, rows, CATALOGUE, EVERY)
    assert set(found) == set(rows["siren"].to_list())
    reader = Principal(
        id="n", kind="user", name="n", login="n", role=Role.NATIONAL, territory=Territory.NATIONAL
    )
    excluded = 0
    for row, siren in rows.head(60).select("row", "siren").iter_rows():
        told = orient(publication, row, reader, CATALOGUE).found
        for one in told.schemes:
            judged = [c for c in one.criteria if c.kind not in {"stage", "neighbours"}]
            barred = any(c.result.value == "not_met" for c in judged)
            assert (one.scheme.id not in found[siren]) is barred
            excluded += barred
    assert excluded  # at least those of other regions


def test_a_scheme_of_one_region_is_planned_there_only(publication: Publication) -> None:
    rows = candidates(publication)
    found = eligibility(publication, rows, CATALOGUE, ("parcours_aci_paca", "autre"))
    places = dict(rows.select("siren", "region").iter_rows())
    assert all("autre" in open_to for open_to in found.values())
    elsewhere = [s for s, region in places.items() if region not in {"93", None, ""}]
    assert elsewhere
    assert not any("parcours_aci_paca" in found[s] for s in elsewhere)


def test_the_plan_keeps_to_it(publication: Publication, shared_house: House) -> None:
    capacity = read_capacity(shared_house.home)
    plan = act.planned(publication, capacity, CATALOGUE, Objective.BENEFIT)
    names = [scheme.id for scheme in capacity.schemes]
    rows = candidates(publication)
    found = eligibility(publication, rows, CATALOGUE, names)
    given = pl.DataFrame({"siren": plan.rows["siren"], "scheme": plan.scheme})
    assert given.filter(pl.col("scheme") != "").height
    for siren, scheme in given.iter_rows():
        assert not scheme or scheme in found[siren]
