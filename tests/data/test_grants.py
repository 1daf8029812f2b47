"""The national harvest: what is kept, why the rest is not, and cents to the last one."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from data.contracts import conform
from data.identifiers import is_siren
from data.sources import grants, grants_rules
from data.sources.base import Parsed, ReadOptions, SourceError

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA: dict[str, Any] = {
    "benef_id": pl.String,
    "year": pl.Int32,
    "amount_eur": pl.Float64,
    "amount_rejected_eur": pl.Float64,
    "donor_level": pl.String,
    "donor_name_raw": pl.String,
    "donor_program": pl.String,
    "purpose_raw": pl.String,
    "granularity": pl.String,
    "measure": pl.String,
    "concours": pl.String,
    "source_id": pl.String,
    "source_label": pl.String,
    "source_url": pl.String,
}
SIREN = next(s for n in range(100_000_000, 100_000_100) if is_siren(s := str(n)))
LINE: dict[str, Any] = {
    "benef_id": f"S{SIREN}",
    "year": 2020,
    "amount_eur": 1000.0,
    "amount_rejected_eur": None,
    "donor_level": "departement",
    "donor_name_raw": "Département du Lot",
    "donor_program": None,
    "purpose_raw": "fonctionnement",
    "granularity": "individual",
    "measure": "attribue",
    "concours": "don",
    "source_id": "liste-a",
    "source_label": None,
    "source_url": None,
}


def parse(tmp_path: Path, *changes: dict[str, Any], options: ReadOptions | None = None) -> Parsed:
    path = tmp_path / "lines.parquet"
    pl.DataFrame([LINE | change for change in changes], schema=SCHEMA).write_parquet(path)
    parsed = grants.read(path, options or ReadOptions())
    check_accounting(parsed)
    return parsed


def check_accounting(parsed: Parsed) -> None:
    kept = parsed.tables["grants"]["source_row"].to_list()
    rejected = parsed.rejects["source_row"].to_list()
    assert sorted(kept + rejected) == list(range(1, parsed.rows_in + 1))


def test_a_plain_line(tmp_path: Path) -> None:
    fact = conform(parse(tmp_path, {}).tables["grants"], "grants").row(0, named=True)
    assert fact["siren"] == SIREN
    assert fact["amount_eur"] == Decimal("1000.00")
    assert (fact["funder_id"], fact["funder_level"]) == ("slug:departement-lot", "departement")
    assert (fact["stage"], fact["instrument"], fact["dataset"]) == ("awarded", "grant", "liste-a")
    assert (fact["fiscal_year"], fact["known_on"]) == (2020, date(2020, 12, 31))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"granularity": "aggregate"}, "aggregate_line"),
        ({"granularity": None}, "aggregate_line"),
        ({"concours": "remboursement"}, "out_of_scope"),
        ({"concours": None}, "out_of_scope"),
        ({"measure": "promis"}, "out_of_scope"),
        ({"benef_id": "N0123456789ab"}, "no_identifier"),
        ({"benef_id": None}, "no_identifier"),
        ({"benef_id": "S123456789"}, "invalid_identifier"),
        ({"benef_id": "S000000000"}, "invalid_identifier"),
        ({"benef_id": "RW12"}, "invalid_identifier"),
        ({"year": None}, "no_date"),
        ({"year": 1989}, "bad_date"),
        ({"year": 2999}, "bad_date"),
        ({"amount_eur": None, "amount_rejected_eur": 5.0}, "quarantined_amount"),
        ({"amount_eur": None}, "no_amount"),
        ({"amount_eur": float("nan")}, "bad_amount"),
        ({"amount_eur": float("inf")}, "bad_amount"),
        ({"amount_eur": 1e10}, "bad_amount"),
    ],
)
def test_every_reason(tmp_path: Path, change: dict[str, Any], reason: str) -> None:
    parsed = parse(tmp_path, change)
    assert parsed.rejects["reason"].to_list() == [reason]
    column = parsed.rejects["column"].item()
    if column and change.get(column) is not None:
        assert parsed.rejects["value"].item() is not None


def test_zero_recoveries_and_rna_are_kept(tmp_path: Path) -> None:
    facts = parse(
        tmp_path,
        {"amount_eur": 0.0},
        {"amount_eur": -350.5},
        {"benef_id": "RW2A1001234"},
    ).tables["grants"]
    assert facts["amount_eur"].to_list() == [Decimal(0), Decimal("-350.50"), Decimal(1000)]
    assert facts["rna"].to_list() == [None, None, "W2A1001234"]


def test_equal_lines_are_kept_once_unless_a_column_differs(tmp_path: Path) -> None:
    parsed = parse(tmp_path, {}, {}, {"purpose_raw": "investissement"}, {})
    assert parsed.tables["grants"]["source_row"].to_list() == [1, 3]
    assert parsed.rejects["reason"].to_list() == ["duplicate_line"] * 2


def test_a_grant_republished_in_another_list_counts_once(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path,
        {"purpose_raw": "théâtre"},
        {"purpose_raw": "danse"},
        # Same funder under another name, another list: two of these three are the ones above.
        {"source_id": "liste-b", "donor_name_raw": "Conseil départemental du Lot"},
        {"source_id": "liste-b", "purpose_raw": "cirque"},
        {"source_id": "liste-b", "purpose_raw": "musique"},
        {"source_id": "liste-b", "measure": "verse"},
        {"source_id": "liste-b", "donor_name_raw": "Département du Gers"},
    )
    assert parsed.tables["grants"]["source_row"].to_list() == [1, 2, 5, 6, 7]


def test_the_state_list(tmp_path: Path) -> None:
    jaune = {"source_id": "plf-jaune-2022", "donor_level": "etat"}
    programmes = {
        ("163", "État — 163"): "163",
        (None, "État — 147"): "147",
        ("06 - Éducation nationale — 163 - Jeunesse — Vie associative", "État"): "163",
        ("MIN02 - Culture — P224 - Transmission", "État — MIN02 - Culture"): "224",
        ("Culture et communication — 175 - Patrimoines", "État"): "175",
        (None, "État — 02 - Culture et communication"): "min:02",
    }
    lines = [jaune | {"donor_program": p, "donor_name_raw": d} for p, d in programmes]
    facts = parse(tmp_path, *lines).tables["grants"]
    assert facts["programme"].to_list() == list(programmes.values())
    assert facts["funder_id"].unique().to_list() == ["etat"]
    assert facts["known_on"].unique().to_list() == [date(2020, 12, 31)]
    published = ReadOptions(extra={"known": "publication"})
    facts = parse(tmp_path, jaune, {}, options=published).tables["grants"]
    assert facts["known_on"].to_list() == [date(2021, 10, 1), date(2021, 12, 31)]
    asked = ReadOptions(known_on=date(2024, 5, 6))
    assert parse(tmp_path, jaune, options=asked).tables["grants"]["known_on"].to_list() == [
        date(2024, 5, 6)
    ]


def test_cents_are_exact() -> None:
    euros = [
        *(n / 100 for n in range(-500, 200_000)),
        1.015,
        1.005,
        2.675,
        0.125,
        -0.125,
        9e9 + 0.01,
    ]
    expected = [*range(-500, 200_000), 102, 100, 268, 12, -12, 900_000_000_001]
    assert grants_rules.cents(pl.Series(euros)).to_list() == expected
    none = grants_rules.cents(pl.Series([None, float("nan"), -float("inf"), 1e300]))
    assert none.to_list() == [None] * 4


def test_cents_survive_the_table(tmp_path: Path) -> None:
    amounts = [n / 100 for n in range(1, 20_000, 7)]
    facts = parse(tmp_path, *({"amount_eur": amount} for amount in amounts)).tables["grants"]
    facts = conform(facts, "grants")
    assert facts["amount_eur"].to_list() == [Decimal(str(amount)) for amount in amounts]


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "lines.csv"
    text.write_text("a;b\n1;2\n", encoding="utf-8")
    other = tmp_path / "other.parquet"
    pl.DataFrame({"a": [1]}).write_parquet(other)
    empty = tmp_path / "empty.parquet"
    empty.touch()
    for path, code in [
        (text, "source-unreadable"),
        (empty, "source-unreadable"),
        (tmp_path / "absent.parquet", "source-unreadable"),
        (other, "source-columns"),
    ]:
        with pytest.raises(SourceError) as error:
            grants.read(path, ReadOptions())
        assert error.value.code == code
    with pytest.raises(SourceError) as error:
        grants.read(other, ReadOptions(extra={"known": "demain"}))
    assert error.value.code == "source-option"


def test_columns_of_another_type_become_rejects(tmp_path: Path) -> None:
    path = tmp_path / "text.parquet"
    line = LINE | {"year": "deux mille", "amount_eur": "12"}
    pl.DataFrame([line, line | {"year": "2020", "amount_eur": "douze"}]).write_parquet(path)
    parsed = grants.read(path, ReadOptions())
    check_accounting(parsed)
    assert parsed.rejects["reason"].to_list() == ["no_date", "no_amount"]


@pytest.mark.real
def test_a_published_file(shared_data: Path) -> None:
    path = shared_data / "panel" / "grants" / "00.parquet"
    if not path.is_file():
        pytest.skip(f"no harvest at {path}")
    parsed = grants.read(path, ReadOptions())
    check_accounting(parsed)
    facts = conform(parsed.tables["grants"], "grants")
    reasons = Counter(parsed.rejects["reason"].to_list())
    assert parsed.rows_in > 10_000
    assert facts.height > 0.1 * parsed.rows_in
    assert reasons["invalid_identifier"] < 0.01 * parsed.rows_in
    state = facts.filter(pl.col("funder_id") == "etat")
    assert state["programme"].str.contains(r"^\d{3}$").all()
    assert facts.filter(pl.col("siren").is_null() & pl.col("rna").is_null()).is_empty()
    # The money of the file is the money kept plus the money rejected, to the cent.
    source = pl.read_parquet(path).with_row_index("source_row", 1)
    kept = source.join(facts.select("source_row"), on=pl.col("source_row").cast(pl.Int64))
    assert facts["amount_eur"].sum() == Decimal(str(round(kept["amount_eur"].sum(), 2)))
