"""Account balances: the grants of a main budget, their sum said by each of its lines."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

import polars as pl
import pytest

from data.contracts import conform
from data.sources import balances, openings
from data.sources.base import CERTAIN, NO, Parsed, ReadOptions, SourceError
from data.sources.blocks import open_blocks
from data.sources.sample import sample_of
from tests.data.public_bodies import body, siret
from tests.data.samples import balances as samples

if TYPE_CHECKING:
    from pathlib import Path

A, B = body("commune", 1), body("departement", 2)
HEADER = "exer;ident;cbudg;siren;compte;obnetdeb;obnetcre;oobdeb;oobcre"


def line(
    who: str,
    account: str,
    debit: str,
    credit: str = "0",
    *,
    year: str = "2024",
    budget: str = "1",
    order: str = "0;0",
    office: int = 1,
) -> str:
    return f"{year};{siret(who, office)};{budget};{who};{account};{debit};{credit};{order}"


def parse(folder: Path, *lines: str, header: str = HEADER) -> Parsed:
    path = folder / "balance.csv"
    path.write_text("\n".join([header, *lines]) + "\n", "utf-8")
    return account_for(balances.read(path, ReadOptions()))


def account_for(parsed: Parsed) -> Parsed:
    facts = conform(parsed.tables["budgets"], "budgets")
    kept, refused = facts["source_row"].to_list(), parsed.rejects["source_row"].to_list()
    assert len(kept) + len(refused) == parsed.rows_in == len({*kept, *refused})
    return parsed


def said(parsed: Parsed) -> list[tuple[object, ...]]:
    columns = ["source_row", "funder_id", "year", "amount_eur"]
    return parsed.tables["budgets"].sort("source_row").select(columns).rows()


def refused(parsed: Parsed) -> list[tuple[object, ...]]:
    columns = ["source_row", "column", "value", "reason"]
    return parsed.rejects.sort("source_row").select(columns).rows()


def test_each_line_of_grants_says_the_whole(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path,
        line(A, "65748", "1000.50"),
        line(A, "60632", "77"),
        line(A, "65741", "200", "50"),  # less what was cancelled
        line(A, "65742", "30", order="10;0"),  # no money moves in an order operation
        line(A, "65748", "999", budget="3", office=2),
        line(A, "65748", "40", year="2023"),
        line(B, "6574", "0"),
    )
    assert said(parsed) == [
        (2, A, 2024, Decimal("1170.50")),
        (4, A, 2024, Decimal("1170.50")),
        (5, A, 2024, Decimal("1170.50")),
        (7, A, 2023, Decimal("40.00")),
        (8, B, 2024, Decimal("0.00")),
    ]
    assert refused(parsed) == [
        (3, "compte", "60632", "out_of_scope"),
        (6, "cbudg", "3", "out_of_scope"),
    ]
    assert "principal" in parsed.rejects.sort("source_row")["message"][1]
    facts = parsed.tables["budgets"]
    assert set(facts["programme"]) == {"6574"}
    assert set(facts["stage"]) == {"executed"}
    assert set(facts["source"]) == {"balances"}
    assert facts.filter(year=2024)["known_on"].unique().to_list() == [date(2025, 9, 1)]


def test_two_lines_alike_are_one(tmp_path: Path) -> None:
    twice = line(A, "65748", "100")
    parsed = parse(tmp_path, twice, twice, line(A, "65741", "100"))
    assert said(parsed) == [(2, A, 2024, Decimal(200)), (4, A, 2024, Decimal(200))]
    assert refused(parsed) == [(3, "", None, "duplicate_line")]


def test_a_sum_with_an_unreadable_part_is_unknown(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path,
        line(A, "65748", "100"),
        line(A, "65741", "cent"),
        line(A, "65748", "100", year="2023"),
        line(B, "65748", "10", "30"),  # more cancelled than paid
    )
    assert said(parsed) == [(4, A, 2023, Decimal(100))]
    assert refused(parsed) == [
        (2, "obnetdeb", "100", "bad_amount"),
        (3, "obnetdeb", "cent", "bad_amount"),
        (5, "obnetdeb", "10", "bad_amount"),
    ]
    messages = parsed.rejects.sort("source_row")["message"].to_list()
    assert "une autre ligne" in messages[0]
    assert "-20.00" in messages[2]


def test_lines_that_say_too_little(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path,
        line(A, "65748", "1").replace(A, "219900017"),
        line(A, "65748", "1", year="12024"),
        line(A, "65748", "1", year=""),
        line(A, "", "1"),
        line(A, "65748", "1", budget=""),
        line(A, "65748", "") + ";",  # one field too many
        line(A, "65748", "", ""),
        ";;;;;;;;",
    )
    assert said(parsed) == []
    assert [(row, reason) for row, _, _, reason in refused(parsed)] == [
        (2, "invalid_identifier"),
        (3, "bad_date"),
        (4, "no_date"),
        (5, "unreadable"),
        (6, "unreadable"),
        (7, "wrong_field_count"),
        (8, "no_amount"),
        (9, "empty_line"),
    ]


def test_the_layout_of_before_2016_and_the_siret_alone(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path,
        f"2012;{siret(A)};BP;6574;1 500,25",
        f"2012;{siret(A)};BA;6574;99",
        header="EXER;IDENT;BUDGET;COMPTE;OBNETDEB",
    )
    assert said(parsed) == [(2, A, 2012, Decimal("1500.25"))]
    assert refused(parsed) == [(3, "BUDGET", "BA", "out_of_scope")]


def test_the_asked_day_goes_before_the_rule(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{HEADER}\n{line(A, '6574', '5')}\n", "utf-8")
    parsed = balances.read(path, ReadOptions(known_on=date(2026, 1, 2)))
    assert parsed.tables["budgets"]["known_on"].to_list() == [date(2026, 1, 2)]


def test_pieces_say_what_the_whole_file_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = samples.make(tmp_path)[0]
    whole = balances.read(path, ReadOptions())
    small = partial(open_blocks, large=0, block=500, chunk=500)
    monkeypatch.setattr(openings, "open_blocks", small)
    pieces = list(balances.parts(path, ReadOptions()))
    assert len(pieces) > 3
    merged = account_for(balances.read(path, ReadOptions()))
    assert merged.tables["budgets"].equals(whole.tables["budgets"])
    assert merged.rejects.sort("source_row").equals(whole.rejects.sort("source_row"))


def test_the_made_up_balances(tmp_path: Path) -> None:
    recent, old = (
        account_for(balances.read(path, ReadOptions())) for path in samples.make(tmp_path)
    )
    # Six communes, two years: two lines of grants each, one of supplies, one of an annex budget.
    assert (recent.rows_in, recent.rejects.height) == (48, 24)
    amounts = recent.tables["budgets"].unique(["funder_id", "year"])["amount_eur"]
    assert sorted(set(amounts)) == [Decimal(1000 * n + 100) for n in range(1, 7)]
    assert (old.rows_in, old.rejects.height) == (20, 15)
    assert set(old.tables["budgets"]["known_on"]) == {date(2013, 9, 1)}


def test_files_are_recognised_and_others_refused(tmp_path: Path) -> None:
    assert [balances.sniff(sample_of(path)) for path in samples.make(tmp_path)] == [CERTAIN] * 2
    other = tmp_path / "other.csv"
    other.write_text("exer;siren;compte;sd\n2024;1;6574;3\n", "utf-8")
    assert balances.sniff(sample_of(other)) == NO
    with pytest.raises(SourceError) as error:
        balances.read(other, ReadOptions())
    assert error.value.code == "source-header"


def test_a_parquet_export_says_the_same(tmp_path: Path) -> None:
    path = samples.make(tmp_path)[0]
    export = tmp_path / "export.parquet"
    pl.read_csv(path, separator=";").write_parquet(export)
    one, other = (balances.read(p, ReadOptions()).tables["budgets"] for p in (path, export))
    # The header is a line of the text: its rows are numbered from 2.
    assert one.with_columns(pl.col("source_row") - 1).equals(other)
