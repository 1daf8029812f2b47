"""One small world worked by hand: every indicator of one structure, on two days.

The two days are a 31 December and a 30 June: between them a decision, a payment, a debt state, a
deposit of accounts and another state of the directory become known.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from data.errors import VeilleError
from features.catalogue import INDICATORS
from features.engines import PolarsEngine
from features.facts import MemoryFacts
from features.job import Asked, build
from features.panels import PanelManifest, input_hash, read_manifest
from tests.features.worlds import Row, World, panel_of, tables
from tests.fictitious import siren

A, B, C, D, E = (siren(number) for number in range(1, 6))
YEAR_END, JUNE = date(2019, 12, 31), date(2020, 6, 30)
AFTER = date(2021, 1, 15)


def grant(who: str, funder: str, level: str, amount: str, known: date, **more: object) -> Row:
    return {
        "siren": who,
        "funder_id": funder,
        "funder_level": level,
        "amount_eur": Decimal(amount),
        "stage": "awarded",
        "fiscal_year": known.year,
        "instrument": "grant",
        "dataset": "liste fictive",
        "known_on": known,
        **more,
    }


def state(who: str, year: int, amount: str, programme: str = "163", **more: object) -> Row:
    usual = {"purpose": "Fonctionnement", "stage": "paid", "fiscal_year": year}
    return grant(
        who, "etat", "state", amount, date(year, 12, 31), programme=programme, **{**usual, **more}
    )


def region(who: str, day: date, amount: str, purpose: str = "Festival", **more: object) -> Row:
    usual = {"programme": "culture", "purpose": purpose, "decided_on": day}
    return grant(who, "slug:region", "region", amount, day, **{**usual, **more})


def commune(who: str, day: date, amount: str) -> Row:
    return grant(
        who, "slug:commune", "commune", amount, day, purpose="travaux du local", decided_on=day
    )


def payment(number: int, due: date, amount: int, paid: date | None) -> list[Row]:
    row = {
        "siren": A,
        "payment_id": f"p{number}",
        "funder_id": "etat",
        "due_on": due,
        "amount_eur": Decimal(amount),
    }
    rows = [{**row, "paid_on": None, "known_on": due}]
    return rows + ([{**row, "paid_on": paid, "known_on": paid}] if paid else [])


def structure(who: str, sector: str, departement: str, known: date, **more: object) -> Row:
    return {
        "siren": who,
        "ess_family": "association",
        "sector": sector,
        "departement": departement,
        "region": "32",
        "known_on": known,
        **more,
    }


def budget(funder: str, programme: str | None, year: int, stage: str, eur: int, day: date) -> Row:
    return {
        "funder_id": funder,
        "programme": programme,
        "year": year,
        "stage": stage,
        "amount_eur": Decimal(eur),
        "known_on": day,
    }


def debt(period: str, due: int, owed: int, day: date, *, plan: bool = False) -> Row:
    return {
        "siren": A,
        "creditor": "urssaf",
        "period": period,
        "due_eur": Decimal(due),
        "outstanding_eur": Decimal(owed),
        "plan": plan,
        "known_on": day,
    }


LISTED = date(2018, 1, 1)
WORLD: World = {
    "structures": [
        structure(
            A,
            "culture",
            "59",
            LISTED,
            esus=True,
            employees_band="12",
            budget_eur=Decimal(120_000),
            created_on=date(2000, 1, 1),
        ),
        structure(
            A,
            "culture",
            "59",
            date(2020, 2, 1),
            esus=True,
            employees_band="21",
            budget_eur=Decimal(150_000),
            created_on=date(2000, 1, 1),
        ),
        structure(A, "social", "62", AFTER, ceased_on=date(2019, 6, 1)),
        structure(B, "culture", "59", LISTED),
        structure(C, "social", "62", LISTED),
        structure(D, "culture", "2A", LISTED),
        structure(E, "culture", "59", LISTED),
    ],
    "grants": [
        # slots of A at both days, euros:   0       1       2      3, 4, 5
        #   etat 163                    30 000  40 000  20 000  10 000 each
        #   etat 219 (FONJEP)            7 164
        #   etat recovery                       -2 000
        state(A, 2019, "30000", multi_year=True),
        *(state(A, 2018 - i, a) for i, a in enumerate(("40000", "20000", *("10000",) * 3))),
        state(A, 2019, "7164", "219", purpose="Poste FONJEP"),
        state(A, 2018, "-2000", purpose="Reversement", known_on=date(2019, 2, 1)),
        state(B, 2019, "5000"),
        state(B, 2018, "20000"),
        state(B, 2017, "20000"),
        state(C, 2019, "10000"),
        state(C, 2018, "10000"),
        state(C, 2018, "4000", "219", purpose="Poste FONJEP"),
        # the région decides during the year: its windows move with the day
        region(A, date(2018, 3, 15), "24000"),
        region(A, date(2019, 4, 10), "10000.50"),
        region(A, date(2019, 5, 2), "5000", "étude", instrument="contract"),
        region(A, date(2020, 3, 10), "12000", "Projet"),
        region(D, date(2018, 2, 1), "12000"),
        region(D, date(2019, 2, 1), "1000"),
        # the commune drops A, and its list goes on with B
        commune(A, date(2018, 6, 1), "6000"),
        commune(B, date(2019, 6, 15), "3000"),
        # decided in time, published too late for either day
        region(A, date(2019, 6, 1), "99000", known_on=AFTER),
    ],
    "payments": [
        *payment(1, date(2019, 3, 1), 10_000, date(2019, 3, 21)),  # 20 days
        *payment(2, date(2019, 9, 1), 8_000, date(2019, 10, 31)),  # 60 days
        *payment(3, date(2019, 10, 1), 5_000, date(2020, 3, 1)),  # 152 days
        *payment(4, date(2018, 9, 1), 4_000, date(2018, 9, 11)),  # 10 days
        *payment(5, date(2020, 5, 1), 2_000, None),
    ],
    "funder_delays": [
        {"funder_id": f, "year": y, "mean_days": m, "known_on": k}
        for f, y, m, k in (
            ("etat", 2018, 30.0, date(2019, 1, 31)),
            ("etat", 2019, 36.5, date(2019, 12, 15)),
            ("slug:region", 2019, 50.0, date(2019, 12, 15)),
            ("etat", 2019, 300.0, AFTER),
        )
    ],
    "budgets": [
        budget("etat", "163", 2018, "voted", 1000, date(2017, 12, 28)),
        budget("etat", "163", 2019, "voted", 900, date(2018, 12, 28)),
        budget("etat", "163", 2019, "cancelled", 90, date(2019, 7, 1)),
        budget("etat", "163", 2019, "cancelled", 45, date(2019, 11, 1)),
        budget("etat", "163", 2020, "voted", 950, date(2020, 1, 5)),
        budget("etat", "163", 2020, "cancelled", 19, date(2020, 4, 1)),
        budget("etat", "163", 2020, "cancelled", 500, AFTER),
        budget("etat", None, 2018, "voted", 4000, date(2017, 12, 28)),
        budget("etat", None, 2019, "voted", 5000, date(2018, 12, 28)),
        budget("slug:region", None, 2019, "voted", 700, date(2019, 1, 20)),
    ],
    "events": [
        {"siren": s, "kind": k, "occurred_on": o, "known_on": n}
        for s, k, o, n in (
            (E, "receivership", date(2018, 12, 1), date(2018, 12, 10)),
            (A, "plan", date(2018, 12, 1), date(2018, 12, 10)),  # not an end
            (C, "liquidation", date(2019, 12, 20), AFTER),
        )
    ],
    "debts": [
        debt("2016-Q3", 2_000, 2_000, date(2016, 11, 15)),
        debt("2018-Q3", 2_500, 500, date(2018, 11, 15)),
        debt("2019-Q2", 3_000, 0, date(2019, 8, 15)),
        debt("2019-Q3", 3_000, 600, date(2019, 11, 15), plan=True),
        debt("2020-Q1", 3_200, 0, date(2020, 5, 15)),
    ],
    "accounts": [
        {"siren": A, "closed_on": c, "filed_on": f, "known_on": f}
        for c, f in (
            (date(2017, 1, 31), date(2017, 11, 27)),  # 300 days
            (date(2017, 12, 31), date(2018, 7, 19)),  # 200 days
            (date(2019, 12, 31), JUNE),  # 182 days, known on the very day
        )
    ],
    "alerts": [
        {"siren": A, "region": "32", "severity": v, "raised_on": d, "known_on": d}
        for d, v in ((date(2017, 5, 5), 3), (date(2019, 10, 12), 2), (AFTER, 3))
    ],
}

# 2019-12-31. Windows: 0 = (2018-12-31, 2019-12-31], 1 = (2017-12-31, 2018-12-31]…
# A by funder     slot 0       slot 1   slot 2   slots 3, 4, 5
#   etat          37 164       38 000   20 000   10 000 each   (6 slots)
#   région        10 000.50    24 000                          (2 slots), contract 5 000
#   commune        0            6 000                          (2 slots: the list goes on with B)
S0, S1, S2, S3 = 47_164.50, 68_000.0, 20_000.0, 10_000.0
# programmes of A, larger of slots 0 and 1: 163 40 000, 219 7 164, culture 24 000, commune 6 000
W = {"163": 40_000, "219": 7_164, "culture": 24_000, "commune": 6_000}
ALL = 77_164

EXPECTED: dict[str, float | str] = {
    "grants_eur": S0,
    "grants_previous_eur": S1,
    "grants_two_before_eur": S2,
    "grants_change_1y_ratio": S0 / S1 - 1,  # all three funders have two slots
    "grants_change_2y_ratio": 37_164 / S2 - 1,  # only the State has three
    "grants_vs_mean_ratio": S0 / ((S1 + S2 + S3) / 3),
    "grants_floor_ratio": S2 / S0,
    "grants_peak_ratio": S0 / S1,
    "grants_volatility_ratio": (S1 - S3) / (S0 + S1 + S2 + S3),
    "grants_years_count": 6,
    "history_years": 1826 / 365.25,  # since 2014-12-31
    "funders_count": 2,
    "largest_funder_share_ratio": 37_164 / S0,
    "funders_hhi": (37_164 / S0) ** 2 + (10_000.5 / S0) ** 2,
    "lost_funders_share_ratio": (24_000 + 6_000) / S1,  # 10 000.50 is under half of 24 000
    "lost_funders_count": 1,  # the commune
    "contract_share_ratio": 5_000 / (5_000 + S0),
    "state_share_ratio": 37_164 / S0,
    "state_change_1y_ratio": 37_164 / 38_000 - 1,
    "local_eur": 10_000.50,
    "local_change_1y_ratio": 10_000.50 / 30_000 - 1,
    "grant_lines_count": 3,  # neither the contract
    "grant_lines_previous_count": 3,  # nor the recovery
    "largest_line_share_ratio": 30_000 / S0,
    "round_share_ratio": 30_000 / S0,
    "multi_year_share_ratio": 30_000 / S0,
    "programmes_count": 3,
    "largest_programme_share_ratio": 30_000 / S0,
    "lost_programmes_count": 1,  # the commune's
    "operating_share_ratio": 30_000 / S0,
    "project_share_ratio": 0,
    "job_post_share_ratio": 7_164 / S0,
    "main_programme": "163",
    "main_purpose": "operating",
    # paid since 2018-12-31: p1 (20 days) and p2 (60)
    "payment_delay_days": 40,
    "payment_delay_max_days": 60,
    "payment_late_share_ratio": 1 / 2,
    # since 2019-06-30: p2; twelve months before: p1 and p4 (20 and 10)
    "payment_delay_drift_days": 60 - 15,
    "overdue_eur": 27_000 - 22_000,  # p1 to p4 due, all but p3 paid
    "overdue_share_ratio": 5_000 / S0,
    "overdue_count": 4 - 3,
    # larger of slots 0 and 1: etat 38 000, région 24 000; the commune publishes nothing
    "funder_delay_days": (36.5 * 38_000 + 50 * 24_000) / 62_000,
    "funder_delay_drift_days": 6.5,  # the région published one year only
    # 163: 900 after 1 000; 219 follows the State's whole, 5 000 after 4 000; région: one year
    "voted_change_ratio": (-0.10 * W["163"] + 0.25 * W["219"]) / (W["163"] + W["219"]),
    # 163: 135 of 900; nothing cancelled elsewhere; no budget of the commune
    "cancelled_share_ratio": 0.15 * W["163"] / (ALL - W["commune"]),
    # all structures: 163 45 000 after 70 000; 219 7 164 after 4 000;
    # culture 11 000.50 after 36 000; commune 3 000 after 6 000
    "programme_change_ratio": (
        (45 / 70 - 1) * W["163"]
        + (7_164 / 4_000 - 1) * W["219"]
        + (11_000.5 / 36_000 - 1) * W["culture"]
        - 0.5 * W["commune"]
    )
    / ALL,
    "programme_change_before_ratio": 70 / 40 - 1,  # 163 only: the others have no slot 2
    # of those who had slot 1: 163 lost B of A, B, C; 219 lost C alone; culture lost A and D;
    # commune lost A. A programme leans on its funder's rate (State 2 of 4) as 20 structures would.
    "programme_loss_rate_ratio": (
        (1 + 20 * 2 / 4) / (3 + 20) * W["163"]
        + (1 + 20 * 2 / 4) / (1 + 20) * W["219"]
        + W["culture"]
        + W["commune"]
    )
    / ALL,
    # slots 2 to 1 add A and B of 163, who lost nothing: State 2 of 6
    "programme_loss_rate_2y_ratio": (
        (1 + 20 * 2 / 6) / (5 + 20) * W["163"]
        + (1 + 20 * 2 / 6) / (1 + 20) * W["219"]
        + W["culture"]
        + W["commune"]
    )
    / ALL,
    # State 52 164 after 72 000, région 11 000.50 after 36 000, commune 3 000 after 6 000
    "funder_change_ratio": (
        (52_164 / 72_000 - 1) * (W["163"] + W["219"])
        + (11_000.5 / 36_000 - 1) * W["culture"]
        - 0.5 * W["commune"]
    )
    / ALL,
    # 163 for operating: A, B, C, then A, B one year before; B lost. Everywhere 2 of 6 (and D).
    "peer_loss_rate_ratio": (1 + 20 * 2 / 6) / (5 + 20),
    "debt_ratio": 600 / 3_000,  # the latest state
    "debt_outstanding_eur": 600,
    "debt_plan": 1,
    "debt_year_ratio": 600 / 6_000,
    "debt_year_before_ratio": 500 / 2_500,
    # known in the last half-year 32, the second 16, the third 8
    "debt_memory_ratio": (32 * 600 + 8 * 500) / (32 * 6_000 + 8 * 2_500),
    "debt_periods_count": 2,  # 2016 is over three years ago
    "months_since_accounts": 730 / 30.4375,  # closed on 2017-12-31
    "deposit_delay_days": 200,
    "deposit_delay_mean_days": (300 + 200) / 2,
    "alerts_three_years_count": 2,
    "months_since_alert": 80 / 30.4375,
    "alert_severity": 2,
    "age_years": 7_304 / 365.25,
    "employees": 34,
    "budget_eur": 120_000,
    "grants_budget_ratio": S0 / 120_000,
    "esus": 1,
    "sector": "culture",
    "ess_family": "association",
    "region": "32",
    # E failed, 1 of 5; culture holds A, B, D, E and the Nord A, B, E
    "sector_failure_rate_ratio": (1 + 20 / 5) / (4 + 20),
    "departement_failure_rate_ratio": (1 + 20 / 5) / (3 + 20),
}

# 2020-06-30. Windows: 0 = (2019-06-30, 2020-06-30], 1 = (2018-06-30, 2019-06-30]…
# A by funder     slot 0       slot 1       slot 2   slots 3, 4, 5
#   etat          37 164       38 000       20 000   10 000 each   (6 slots)
#   région        12 000       10 000.50    24 000                 (3 slots)
#   commune        0            6 000                              (2 slots, windows 1 and 2)
T0, T1, T2, T3 = 49_164.0, 54_000.50, 44_000.0, 10_000.0
X = {"163": 40_000, "219": 7_164, "culture": 12_000, "commune": 6_000}
EVERY = 65_164

MOVED: dict[str, float | str] = {
    "grants_eur": T0,
    "grants_previous_eur": T1,
    "grants_two_before_eur": T2,
    "grants_change_1y_ratio": T0 / T1 - 1,
    "grants_change_2y_ratio": T0 / T2 - 1,  # the commune has no slot 2, and gives nothing now
    "grants_vs_mean_ratio": T0 / ((T1 + T2 + T3) / 3),
    "grants_floor_ratio": T2 / T0,
    "grants_peak_ratio": T0 / T1,
    "grants_volatility_ratio": (T1 - T3) / (T0 + T1 + T2 + T3),
    "history_years": 2008 / 365.25,
    "largest_funder_share_ratio": 37_164 / T0,
    "funders_hhi": (37_164 / T0) ** 2 + (12_000 / T0) ** 2,
    "lost_funders_share_ratio": 6_000 / T1,
    "contract_share_ratio": 0,
    "state_share_ratio": 37_164 / T0,
    "local_eur": 12_000,
    "local_change_1y_ratio": 12_000 / 16_000.50 - 1,
    "largest_line_share_ratio": 30_000 / T0,
    "round_share_ratio": 42_000 / T0,
    "multi_year_share_ratio": 30_000 / T0,
    "largest_programme_share_ratio": 30_000 / T0,
    "operating_share_ratio": 30_000 / T0,
    "project_share_ratio": 12_000 / T0,
    "job_post_share_ratio": 7_164 / T0,
    # paid since 2019-06-30: p2 (60) and p3 (152); since 2019-12-31: p3; before: p1 and p2
    "payment_delay_days": 106,
    "payment_delay_max_days": 152,
    "payment_late_share_ratio": 1,
    "payment_delay_drift_days": 152 - 40,
    "overdue_eur": 2_000,  # p5
    "overdue_share_ratio": 2_000 / T0,
    "funder_delay_days": (36.5 * 38_000 + 50 * 12_000) / 50_000,
    "voted_change_ratio": (50 / 900 * X["163"] + 0.25 * X["219"]) / (X["163"] + X["219"]),
    "cancelled_share_ratio": 19 / 950 * X["163"] / (EVERY - X["commune"]),
    "programme_change_ratio": (
        (45 / 70 - 1) * X["163"]
        + (7_164 / 4_000 - 1) * X["219"]
        + (12_000 / 11_000.5 - 1) * X["culture"]
        - 0.5 * X["commune"]
    )
    / EVERY,
    "programme_change_before_ratio": (
        (70 / 40 - 1) * X["163"] + (11_000.5 / 36_000 - 1) * X["culture"]
    )
    / (X["163"] + X["culture"]),
    # culture: D lost of A and D; région 1 of 2
    "programme_loss_rate_ratio": (
        (1 + 20 * 2 / 4) / (3 + 20) * X["163"]
        + (1 + 20 * 2 / 4) / (1 + 20) * X["219"]
        + (1 + 20 * 1 / 2) / (2 + 20) * X["culture"]
        + X["commune"]
    )
    / EVERY,
    # culture over two years: D, then A and D; région 3 of 4
    "programme_loss_rate_2y_ratio": (
        (1 + 20 * 2 / 6) / (5 + 20) * X["163"]
        + (1 + 20 * 2 / 6) / (1 + 20) * X["219"]
        + (3 + 20 * 3 / 4) / (4 + 20) * X["culture"]
        + X["commune"]
    )
    / EVERY,
    "funder_change_ratio": (
        (52_164 / 72_000 - 1) * (X["163"] + X["219"])
        + (12_000 / 11_000.5 - 1) * X["culture"]
        - 0.5 * X["commune"]
    )
    / EVERY,
    # A's main line of slot 2 is the festival: 163 for operating keeps A, B, C, then B
    "peer_loss_rate_ratio": (1 + 20 * 2 / 6) / (4 + 20),
    "debt_ratio": 0,
    "debt_outstanding_eur": 0,
    "debt_plan": 0,
    "debt_year_ratio": 600 / 9_200,
    "debt_memory_ratio": (16 * 600 + 4 * 500) / (32 * 3_200 + 16 * 6_000 + 4 * 2_500),
    "months_since_accounts": 182 / 30.4375,
    "deposit_delay_days": 182,
    "deposit_delay_mean_days": (200 + 182) / 2,  # 2017-01-31 is over three years ago
    "alerts_three_years_count": 1,
    "months_since_alert": 262 / 30.4375,
    "age_years": 7_486 / 365.25,
    "employees": 74,
    "budget_eur": 150_000,
    "grants_budget_ratio": T0 / 150_000,
}


@pytest.fixture(scope="module", params=["polars", "duckdb"])
def panel(request: pytest.FixtureRequest) -> pl.DataFrame:
    return panel_of(WORLD, YEAR_END, JUNE, engine=request.param)


def values(panel: pl.DataFrame, who: str, day: date) -> Row:
    return panel.row(
        by_predicate=(pl.col("structure_id") == who) & (pl.col("as_of") == day), named=True
    )


def wrong(panel: pl.DataFrame, day: date, expected: dict[str, float | str]) -> dict[str, Any]:
    row = values(panel, A, day)
    # shares of exposure are kept in parts per million: two digits less than a float
    return {
        name: (row[name], value)
        for name, value in expected.items()
        if row[name] != (value if isinstance(value, str) else pytest.approx(value, rel=1e-5))
    }


def test_every_indicator_has_a_value_worked_by_hand() -> None:
    assert set(EXPECTED) == set(INDICATORS)
    assert set(MOVED) <= set(EXPECTED)


def test_indicators_of_a_31_december(panel: pl.DataFrame) -> None:
    assert wrong(panel, YEAR_END, EXPECTED) == {}


def test_indicators_of_another_day(panel: pl.DataFrame) -> None:
    assert wrong(panel, JUNE, {**EXPECTED, **MOVED}) == {}


def test_the_population_leaves_out_who_failed_as_known_by_the_day(panel: pl.DataFrame) -> None:
    # E's failure is known; C's, published later, is not; a plan of continuation is not an end.
    for day in (YEAR_END, JUNE):
        assert panel.filter(pl.col("as_of") == day)["structure_id"].to_list() == [A, B, C, D]


def test_what_nobody_said_is_missing_not_zero(panel: pl.DataFrame) -> None:
    row = values(panel, C, YEAR_END)
    silent = [i.name for i in INDICATORS.values() if i.theme in {"debt", "account", "alert"}]
    silent += ["payment_delay_days", "overdue_eur", "overdue_count", "employees", "budget_eur"]
    assert {name: row[name] for name in silent if row[name] is not None} == {}
    assert row["grants_two_before_eur"] == 0  # the State's list of 2017 exists, without C


def test_columns_are_the_catalogue_in_order(panel: pl.DataFrame) -> None:
    assert panel.columns == ["structure_id", "as_of", *INDICATORS]
    kinds = {i.name: pl.Float64 if i.kind == "numeric" else pl.String for i in INDICATORS.values()}
    assert {name: panel.schema[name] for name in kinds} == kinds


def built(home: Path, *days: date, world: World = WORLD) -> PanelManifest:
    with PolarsEngine() as engine:
        return build(
            MemoryFacts(tables(world)),
            "empreinte",
            home,
            Asked(days),
            engine,
            "polars",
            synthetic=True,
            known_to="2020-06-30",
        )


def test_the_same_inputs_give_the_same_panel_once(tmp_path: Path) -> None:
    first = built(tmp_path, YEAR_END, JUNE)
    path = Path(first.panel)
    written = path.stat().st_mtime_ns
    assert built(tmp_path, YEAR_END, JUNE, world={}) == first  # read again, not computed
    assert path.stat().st_mtime_ns == written
    assert (first.rows, first.indicators) == (8, len(INDICATORS))
    assert read_manifest(path.parent) == first
    assert pl.read_parquet(path).equals(panel_of(WORLD, YEAR_END, JUNE))
    assert [p.name for p in (tmp_path / "panels").iterdir()] == [first.input_hash[:16]]


def test_an_empty_panel_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(VeilleError) as error:
        built(tmp_path, YEAR_END, world={})
    assert error.value.code == "empty-panel"
    assert not (tmp_path / "panels").exists()


def test_the_hash_of_the_inputs_moves_with_each_of_them() -> None:
    first = input_hash("a", [YEAR_END])
    assert first == input_hash("a", [YEAR_END])
    assert len({first, input_hash("b", [YEAR_END]), input_hash("a", [YEAR_END, JUNE])}) == 3
