"""Funders' practices, counted by hand on a few lines."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from data.lake import Lake
from data.rejects import empty_rejects
from data.sources.base import Parsed, ReadOptions
from serving.cell.barometer.practices import COLUMNS, LABELS
from tests.fictitious import siren
from veille import practices

DAY = date(2024, 12, 31)
BRUMES = "slug:brumes"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Two structures paid by one funder: delays of 10 and 50 days, then of -5 and 100 (unpaid)."""
    due = date(2024, 3, 1)
    payments = [
        _payment(1, "a", due, None, due),
        _payment(1, "a", due, 10, due + timedelta(days=10)),
        _payment(1, "b", due, 50, due + timedelta(days=50)),
        _payment(2, "c", due, -5, due - timedelta(days=5)),
        _payment(2, "d", due, None, due),
        # Known the day after, and long before: neither counts.
        _payment(2, "e", due, 200, DAY + timedelta(days=1)),
        _payment(2, "f", date(2020, 3, 1), 300, date(2020, 12, 31)),
    ]
    grants = [
        _grant(1, 2024, "163", multi_year=True),
        _grant(1, 2024, "163", multi_year=False),
        _grant(2, 2023, "304", multi_year=False),
        _grant(2, 2022, "147", multi_year=None),
        _grant(2, 2024, None, multi_year=None) | {"instrument": "contract"},
        _grant(3, 2024, "163", multi_year=False) | {"amount_eur": Decimal("-50.00")},
    ]
    delays = [
        {"funder_id": BRUMES, "year": 2022, "mean_days": 31.0, "known_on": date(2023, 6, 30)},
        {"funder_id": BRUMES, "year": 2023, "mean_days": 27.5, "known_on": date(2024, 6, 30)},
        {"funder_id": BRUMES, "year": 2024, "mean_days": 99.0, "known_on": date(2025, 6, 30)},
    ]
    made = Lake(tmp_path)
    for name, rows in (("payments", payments), ("grants", grants), ("funder_delays", delays)):
        numbered = [r | {"source": "essai", "source_row": i} for i, r in enumerate(rows, 1)]
        file = tmp_path / f"{name}.csv"
        file.write_text(name)
        table = pl.DataFrame(numbered, infer_schema_length=None)
        parsed = Parsed(len(rows), {name: table}, empty_rejects())
        made.commit(parsed, source="essai", file=file, options=ReadOptions())
    return made


def _payment(number: int, name: str, due: date, days: int | None, known: date) -> dict[str, object]:
    return {
        "siren": siren(number),
        "payment_id": name,
        "funder_id": BRUMES,
        "due_on": due,
        "paid_on": None if days is None else due + timedelta(days=days),
        "amount_eur": Decimal("1000.00"),
        "known_on": known,
    }


def _grant(
    number: int, year: int, programme: str | None, *, multi_year: bool | None
) -> dict[str, object]:
    return {
        "siren": siren(number),
        "funder_id": BRUMES,
        "funder_level": "region",
        "programme": programme,
        "amount_eur": Decimal("1000.00"),
        "stage": "awarded",
        "fiscal_year": year,
        "multi_year": multi_year,
        "instrument": "grant",
        "dataset": "essai",
        "known_on": date(year, 12, 31),
    }


def test_each_structure_counts_once(lake: Lake) -> None:
    found = practices.practices(lake, DAY)
    assert found.schema == COLUMNS
    assert set(found["practice"]) == set(LABELS)
    assert set(found["funder_level"]) == {"region"}
    said = {row["practice"]: row for row in found.iter_rows(named=True)}
    # 1: 30 days on average; 2: paid early, that is no delay. Their mean is 15.
    assert said["payment_delay_days"]["value"] == pytest.approx(15)
    assert said["payment_delay_days"]["structures"] == 2
    # 1: one of its two; 2: none.
    assert said["late_payment_share"]["value"] == pytest.approx(0.25)
    assert said["advance_share"]["value"] == pytest.approx(0.5)
    # 1 has an agreement, 2 and 3 have none.
    assert said["multi_year_share"]["value"] == pytest.approx(1 / 3)
    assert said["contract_share"]["value"] == pytest.approx(1 / 3)
    assert said["published_delay_days"]["value"] == 27.5
    for row in said.values():
        if row["low"] is not None:
            assert 0 <= row["low"] <= row["value"] <= row["high"]


def test_programmes_are_those_of_two_years_and_of_the_list(lake: Lake) -> None:
    listed = pl.Series([siren(1), siren(2), siren(3)])
    found = practices.programmes(lake, DAY, listed)
    assert found.rows() == [(siren(1), "163"), (siren(2), "304")]
    assert practices.programmes(lake, DAY, listed[1:]).rows() == [(siren(2), "304")]
    assert practices.programmes(lake, date(2023, 6, 30), listed).rows() == [(siren(2), "147")]
