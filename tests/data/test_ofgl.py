"""Accounts of local authorities by aggregate, consolidated or budget by budget."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

import polars as pl
import pytest

from data.contracts import conform
from data.sources import ofgl, openings
from data.sources.base import CERTAIN, NO, Parsed, ReadOptions, SourceError
from data.sources.blocks import open_blocks
from data.sources.sample import sample_of
from tests.data.public_bodies import body
from tests.data.samples import ofgl as samples

if TYPE_CHECKING:
    from pathlib import Path

A, B = body("commune", 1), body("region", 2)
HEADER = "Exercice;Nom 2024 Région;Code Siren Collectivité;Agrégat;Montant BP;Montant BA;Montant"
GRANTS, SPENDING = "Subventions aux personnes de droit privé", "Dépenses totales hors remb"


def account_for(parsed: Parsed) -> Parsed:
    facts = conform(parsed.tables["budgets"], "budgets")
    kept, refused = facts["source_row"].to_list(), parsed.rejects["source_row"].to_list()
    assert len(kept) + len(refused) == parsed.rows_in == len({*kept, *refused})
    return parsed


def parse(folder: Path, *lines: str, header: str = HEADER, encoding: str = "utf-8-sig") -> Parsed:
    path = folder / "ofgl.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding)
    return account_for(ofgl.read(path, ReadOptions()))


def said(parsed: Parsed) -> list[tuple[object, ...]]:
    columns = ["source_row", "funder_id", "programme", "year", "amount_eur"]
    return parsed.tables["budgets"].select(columns).rows()


def refused(parsed: Parsed) -> list[tuple[object, ...]]:
    return parsed.rejects.select("source_row", "column", "value", "reason").rows()


def test_grants_of_the_main_budget_and_spending_of_all_budgets(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path,
        f"2022;Région fictive;{A};{GRANTS};202350.0;50.0;202400.0",
        f"2022;Région fictive;{A};{SPENDING};5276093.84;176778.02;5452871.8599999",
        f"2022;Région fictive;{A};Dépenses totales;1.0;0.0;1.0",
        f"2023;Région fictive;{A};{GRANTS.upper()};0.0;0.0;0.0",
    )
    assert said(parsed) == [
        (2, A, "6574", 2022, Decimal("202350.00")),
        (3, A, None, 2022, Decimal("5452871.86")),
        (5, A, "6574", 2023, Decimal("0.00")),
    ]
    assert refused(parsed) == [(4, "Agrégat", "Dépenses totales", "out_of_scope")]
    facts = parsed.tables["budgets"]
    assert facts["known_on"].to_list() == [date(2023, 9, 1), date(2023, 9, 1), date(2024, 9, 1)]
    assert set(facts["stage"]) == {"executed"}


def test_lines_that_say_too_little(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path,
        f"2022;R;{A[:-1]}0;{GRANTS};1.5;0.0;1.5",
        f"2022;R;;{GRANTS};1.5;0.0;1.5",
        f";R;{A};{GRANTS};1.5;0.0;1.5",
        f"22022;R;{A};{GRANTS};1.5;0.0;1.5",
        f"2022;R;{A};;1.5;0.0;1.5",
        f"2022;R;{A};{GRANTS};;0.0;1.5",
        f"2022;R;{A};{SPENDING};1.5;0.0;beaucoup",
        f"2022;R;{A};{SPENDING};1.5;0.0;-3.5",
        f"2022;R;{B};{GRANTS};4.5;0.0",
        ";;;;;;",
    )
    assert said(parsed) == []
    assert refused(parsed) == [
        (2, "Code Siren Collectivité", f"{A[:-1]}0", "invalid_identifier"),
        (3, "Code Siren Collectivité", None, "no_identifier"),
        (4, "Exercice", None, "no_date"),
        (5, "Exercice", "22022", "bad_date"),
        (6, "Agrégat", None, "unreadable"),
        (7, "Montant BP", None, "no_amount"),
        (8, "Montant", "beaucoup", "bad_amount"),
        (9, "Montant", "-3.5", "bad_amount"),
        (10, "", None, "wrong_field_count"),
        (11, "", None, "empty_line"),
    ]


def test_a_line_said_again_is_one_and_another_amount_is_not(tmp_path: Path) -> None:
    once = f"2022;R;{A};{GRANTS};10.0;0.0;10.0"
    parsed = parse(tmp_path, once, once, f"2022;R;{A};{GRANTS};11.0;0.0;11.0")
    assert [row for row, *_ in said(parsed)] == [2, 4]
    assert refused(parsed) == [(3, "", None, "duplicate_line")]


def test_a_base_budget_by_budget_speaks_by_the_main_one(tmp_path: Path) -> None:
    path = tmp_path / "api.json"
    records = [
        {"exer": exer, "siren": A, "agregat": aggregate, "type_de_budget": budget, "montant": 7.25}
        for exer, aggregate, budget in (
            ("2025-01-01", GRANTS, "Budget principal"),
            ("2025", GRANTS, "Budget annexe"),
            ("2025", SPENDING, "Budget principal"),
            ("2025", GRANTS, None),
        )
    ]
    path.write_text(json.dumps({"total_count": 4, "results": records}), "utf-8")
    parsed = account_for(ofgl.read(path, ReadOptions(known_on=date(2026, 8, 1))))
    assert said(parsed) == [(1, A, "6574", 2025, Decimal("7.25"))]
    assert parsed.tables["budgets"]["known_on"].to_list() == [date(2026, 8, 1)]
    assert refused(parsed) == [
        (2, "type_de_budget", "Budget annexe", "out_of_scope"),
        (3, "agregat", SPENDING, "out_of_scope"),
        (4, "type_de_budget", None, "out_of_scope"),
    ]
    assert "consolidée" in parsed.rejects["message"][1]


def test_pieces_and_parquet_say_what_the_whole_file_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = samples.make(tmp_path)[0]
    whole = account_for(ofgl.read(path, ReadOptions()))
    # Four bodies, two years, two aggregates of four.
    assert (whole.rows_in, whole.tables["budgets"].height) == (32, 16)
    export = tmp_path / "export.parquet"
    pl.read_csv(path, separator=";").write_parquet(export)
    other = ofgl.read(export, ReadOptions()).tables["budgets"]
    # The header is a line of the text: its rows are numbered from 2.
    assert other.with_columns(pl.col("source_row") + 1).equals(whole.tables["budgets"])
    small = partial(open_blocks, large=0, block=800, chunk=800)
    monkeypatch.setattr(openings, "open_blocks", small)
    assert len(list(ofgl.parts(path, ReadOptions()))) > 2
    merged = ofgl.read(path, ReadOptions())
    assert merged.tables["budgets"].equals(whole.tables["budgets"])
    assert merged.rejects.equals(whole.rejects)


def test_files_are_recognised_and_others_refused(tmp_path: Path) -> None:
    assert [ofgl.sniff(sample_of(path)) for path in samples.make(tmp_path)] == [CERTAIN] * 2
    other = tmp_path / "other.csv"
    other.write_text("exer;siren;agregat;montant\n2024;1;x;3\n", "utf-8")
    assert ofgl.sniff(sample_of(other)) == NO
    with pytest.raises(SourceError) as error:
        ofgl.read(other, ReadOptions())
    assert error.value.code == "source-header"


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "rows", "amounts"),
    [
        (
            "communes-consolidee",
            100,
            {(2022, "6574"): "202350.00", (2022, None): "5452871.86",
             (2023, "6574"): "291098.13", (2023, None): "6156933.95"},
        ),
        (
            "departement",
            126,
            {(2022, "6574"): "26991997.25", (2022, None): "1686891413.90",
             (2023, "6574"): "26827208.81", (2023, None): "1753056222.91"},
        ),
        (
            "region",
            104,
            {(2022, "6574"): "371565260.51", (2022, None): "3432845172.89",
             (2023, "6574"): "172978605.47", (2023, None): "3323869232.48"},
        ),
        ("epci", 24, {}),
    ],
)  # fmt: skip
def test_the_published_bases(
    shared_data: Path, name: str, rows: int, amounts: dict[tuple[int, str | None], str]
) -> None:
    path = shared_data / "budgets" / f"ofgl-base-{name}.test.csv"
    if not path.is_file():
        pytest.skip(f"no base at {path}")
    assert ofgl.sniff(sample_of(path)) == CERTAIN
    parsed = account_for(ofgl.read(path, ReadOptions()))
    assert parsed.rows_in == rows
    assert set(parsed.rejects["reason"]) == {"out_of_scope"}
    facts = parsed.tables["budgets"].select("year", "programme", "amount_eur").rows()
    assert {(year, programme): str(eur) for year, programme, eur in facts} == amounts
