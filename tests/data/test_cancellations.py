"""Cancelled credits, from a table kept by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from data.contracts import conform
from data.sources import cancellations
from data.sources.base import CERTAIN, NO, Parsed, ReadOptions, SourceError
from data.sources.sample import sample_of
from tests.data.samples import cancellations as samples

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "date;nor;programme;ae_annule;cp_annule"
NOR, OTHER = "ZZZZ2405346D", "ZZZZ2405347D"


def account_for(parsed: Parsed) -> Parsed:
    facts = conform(parsed.tables["budgets"], "budgets")
    kept, refused = facts["source_row"].to_list(), parsed.rejects["source_row"].to_list()
    assert len(kept) + len(refused) == parsed.rows_in == len({*kept, *refused})
    return parsed


def parse(folder: Path, *lines: str, header: str = HEADER) -> Parsed:
    path = folder / "annulations.csv"
    path.write_text("\n".join([header, *lines]) + "\n", "utf-8")
    return account_for(cancellations.read(path, ReadOptions()))


def said(parsed: Parsed) -> list[tuple[object, ...]]:
    columns = ["source_row", "programme", "year", "amount_eur", "known_on"]
    return parsed.tables["budgets"].select(columns).rows()


def refused(parsed: Parsed) -> list[tuple[object, ...]]:
    return parsed.rejects.select("source_row", "column", "value", "reason").rows()


def test_each_way_to_write_a_line(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path,
        f"21/02/2024;{NOR};163;1 234 567;1 234 567,50",
        f"2024-02-21;{NOR.lower()};0219;;89500000",
        f"21 février 2024;{OTHER};P147 - Politique fictive;0;0",
        "07/06/2024;;163.0;5 €;4 €",
    )
    assert said(parsed) == [
        (2, "163", 2024, Decimal("1234567.50"), date(2024, 2, 21)),
        (3, "219", 2024, Decimal("89500000.00"), date(2024, 2, 21)),
        (4, "147", 2024, Decimal("0.00"), date(2024, 2, 21)),
        (5, "163", 2024, Decimal("4.00"), date(2024, 6, 7)),
    ]
    facts = parsed.tables["budgets"]
    assert set(facts["funder_id"]) == {"etat"}
    assert set(facts["stage"]) == {"cancelled"}


def test_a_decree_cancels_once_a_programme(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path,
        f"21/02/2024;{NOR};163;10;10",
        f"21/02/2024;{NOR};0163;20;20",
        f"21/02/2024;{OTHER};163;10;10",
        "07/06/2024;;163;10;10",
        "07/06/2024;;163;10;10",
        "07/06/2024;;163;11;11",
    )
    assert [row for row, *_ in said(parsed)] == [2, 4, 5, 7]
    assert refused(parsed) == [(3, "nor", NOR, "duplicate_line"), (6, "", None, "duplicate_line")]
    assert "plus haut" in parsed.rejects["message"][0]


def test_a_refused_line_does_not_hide_the_right_one(tmp_path: Path) -> None:
    parsed = parse(tmp_path, f"21/02/2024;{NOR};163;10;dix", f"21/02/2024;{NOR};163;10;10")
    assert [row for row, *_ in said(parsed)] == [3]


def test_lines_that_cannot_be_read(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path,
        f";{NOR};163;1;1",
        f"2024;{NOR};163;1;1",
        f"31/02/2024;{NOR};163;1;1",
        f"21/02/2024;{NOR};jeunesse;1;1",
        "21/02/2024;ECO24;163;1;1",
        f"21/02/2024;{NOR};163;1;",
        f"21/02/2024;{NOR};163;1;mille",
        f"21/02/2024;{NOR};163;mille;1",
        f"21/02/2024;{NOR};163;1;-5",
        f"21/02/2024;{NOR};163;-5;1",
        f"21/02/2024;{NOR};163",
        ";;;;",
    )
    assert said(parsed) == []
    assert refused(parsed) == [
        (2, "date", None, "no_date"),
        (3, "date", "2024", "bad_date"),
        (4, "date", "31/02/2024", "bad_date"),
        (5, "programme", "jeunesse", "unreadable"),
        (6, "nor", "ECO24", "unreadable"),
        (7, "cp_annule", None, "no_amount"),
        (8, "cp_annule", "mille", "bad_amount"),
        (9, "ae_annule", "mille", "bad_amount"),
        (10, "cp_annule", "-5", "bad_amount"),
        (11, "ae_annule", "-5", "bad_amount"),
        (12, "", None, "wrong_field_count"),
        (13, "", None, "empty_line"),
    ]
    messages = parsed.rejects["message"].to_list()
    assert "NOR" in messages[4]
    assert "positif" in messages[8]
    assert messages[8] == messages[9]


def test_the_made_up_tables(tmp_path: Path) -> None:
    kept, short = samples.make(tmp_path)
    assert [cancellations.sniff(sample_of(path)) for path in (kept, short)] == [CERTAIN] * 2
    one, other = (account_for(cancellations.read(path, ReadOptions())) for path in (kept, short))
    assert (one.rows_in, one.rejects.height, said(one)) == (12, 0, said(other))


def test_the_asked_day_and_files_of_another_kind(tmp_path: Path) -> None:
    path = samples.make(tmp_path)[0]
    facts = cancellations.read(path, ReadOptions(known_on=date(2024, 12, 1))).tables["budgets"]
    assert set(facts["known_on"]) == {date(2024, 12, 1)}
    assert set(facts["year"]) == {2024}
    other = tmp_path / "other.csv"
    other.write_text("date;programme;cp\n21/02/2024;163;59000\n", "utf-8")
    assert cancellations.sniff(sample_of(other)) == NO
    with pytest.raises(SourceError) as error:
        cancellations.read(other, ReadOptions())
    assert error.value.code == "source-header"
