"""The canonical tables refuse what they do not declare."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from data.contracts import FAILURE_KINDS, TABLES, conform
from data.schema import ContractError
from tests.fictitious import siren

EVENT = pl.DataFrame(
    {
        "siren": [siren(1)],
        "rna": [None],
        "kind": ["closure"],
        "occurred_on": [date(2020, 1, 1)],
        "notice_id": ["A20200001"],
        "retracted_on": [None],
        "source": ["fictif"],
        "source_row": [1],
        "known_on": [date(2020, 1, 2)],
    },
    schema_overrides={"rna": pl.String, "retracted_on": pl.Date},
)


def test_every_table_says_where_its_rows_come_from() -> None:
    for table in TABLES.values():
        assert list(table.columns)[-3:] == ["source", "source_row", "known_on"]
        assert not any(table.columns[c].nullable for c in ("source", "source_row", "known_on"))
        assert all(column.meaning for column in table.columns.values())
        assert conform(table.empty(), table.name).schema == table.empty().schema


def test_columns_are_ordered_and_cast() -> None:
    shuffled = EVENT.select(reversed(EVENT.columns)).with_columns(
        pl.col("source_row").cast(pl.Int8)
    )
    assert conform(shuffled, "events").equals(EVENT)


def test_absent_nullable_columns_are_filled_with_null() -> None:
    alert = EVENT.select("siren", "source", "source_row", "known_on").with_columns(
        severity=pl.lit(2, pl.Int32), raised_on=pl.col("known_on")
    )
    filled = conform(alert, "alerts")
    assert filled.columns == list(TABLES["alerts"].columns)
    assert filled["reason"].to_list() == [None]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"kind": pl.lit("bankruptcy")}, "contract-values"),
        ({"siren": pl.lit("12345678")}, "contract-values"),
        ({"siren": pl.lit(None, pl.String)}, "contract-values"),
        ({"known_on": pl.lit(None, pl.Date)}, "contract-values"),
        ({"couleur": pl.lit("bleu")}, "contract-columns"),
    ],
)
def test_values_outside_the_contract_are_refused(change: dict[str, pl.Expr], code: str) -> None:
    with pytest.raises(ContractError) as error:
        conform(EVENT.with_columns(**change), "events")
    assert error.value.code == code
    assert error.value.where == "events"


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ContractError) as error:
        conform(EVENT.drop("occurred_on"), "events")
    assert error.value.code == "contract-columns"
    assert "occurred_on" in str(error.value)


def test_failures_are_events() -> None:
    assert set(FAILURE_KINDS) < set(TABLES["events"].columns["kind"].values)
    assert "merger" not in FAILURE_KINDS
