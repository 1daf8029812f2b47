"""Payment delays of local budgets: the main budget speaks for its funder."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from data.contracts import conform
from data.sources import dgfip_delays
from data.sources.base import CERTAIN, NO, Parsed, ReadOptions, SourceError
from data.sources.sample import sample_of
from tests.data.public_bodies import body, siret
from tests.data.samples import dgfip_delays as samples

if TYPE_CHECKING:
    from pathlib import Path

A, B, C = (body("commune", number) for number in (1, 2, 3))
HEADER = "millesime;collectivite;siret;type_budget;nature_budget;delai_global_paiement_j"


def account_for(parsed: Parsed) -> Parsed:
    facts = conform(parsed.tables["funder_delays"], "funder_delays")
    kept, refused = facts["source_row"].to_list(), parsed.rejects["source_row"].to_list()
    assert len(kept) + len(refused) == parsed.rows_in == len({*kept, *refused})
    return parsed


def parse(folder: Path, *lines: str) -> Parsed:
    path = folder / "delais.csv"
    path.write_text("\n".join([HEADER, *lines]) + "\n", "utf-8")
    return account_for(dgfip_delays.read(path, ReadOptions()))


def said(parsed: Parsed) -> list[tuple[object, ...]]:
    columns = ["source_row", "funder_id", "year", "mean_days", "known_on"]
    return parsed.tables["funder_delays"].select(columns).rows()


def refused(parsed: Parsed) -> list[tuple[object, ...]]:
    return parsed.rejects.select("source_row", "column", "value", "reason").rows()


def test_the_main_budget_speaks_for_the_funder(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path,
        f"2024;A -;{siret(A)};Commune;BP;16,85",
        f"2024;A - EAU;{siret(A, 2)};Eau;BA;41",
        f"2024;A - CCAS;{siret(A, 3)};Ccas-Cias;BR;7.25",
        f"2023;A;{siret(A)};Commune;bp;17",
        f"2024;B;{siret(B)};Commune;Budget principal;0",
    )
    assert said(parsed) == [
        (2, A, 2024, 16.85, date(2025, 6, 30)),
        (5, A, 2023, 17.0, date(2024, 6, 30)),
        (6, B, 2024, 0.0, date(2025, 6, 30)),
    ]
    assert refused(parsed) == [
        (3, "nature_budget", "BA", "out_of_scope"),
        (4, "nature_budget", "BR", "out_of_scope"),
    ]


def test_nothing_was_known_before_the_first_publication(tmp_path: Path) -> None:
    parsed = parse(tmp_path, f"2019;A;{siret(A)};Commune;BP;20")
    assert said(parsed) == [(2, A, 2019, 20.0, date(2024, 6, 30))]


def test_two_main_budgets_that_disagree_say_nothing(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path,
        f"2024;A;{siret(A)};Commune;BP;20",
        f"2024;A BIS;{siret(A, 2)};Commune;BP;20,5",
        f"2024;B;{siret(B)};Commune;BP;9",
        f"2024;B;{siret(B)};Commune;BP;9,0",
    )
    assert [row for row, *_ in said(parsed)] == [4]
    assert [row for row, *_ in refused(parsed)] == [2, 3, 5]
    assert set(parsed.rejects["reason"]) == {"duplicate_line"}
    assert parsed.rejects["message"].str.contains("délais différents").to_list() == [
        True,
        True,
        False,
    ]


def test_delays_and_numbers_that_cannot_be(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path,
        f"2024;A;{siret(A)};Commune;BP;-3",
        f"2024;B;{siret(B)};Commune;BP;731",
        f"2024;C;{siret(C)};Commune;BP;trente",
        f"2024;C;{siret(C)};Commune;BP;",
        "2024;C;2,19900E+13;Commune;BP;3",
        "2024;C;21990001600012;Commune;BP;3".replace("219900016", "219900017"),
        "2024;C;;Commune;BP;3",
        f";C;{siret(C)};Commune;BP;3",
        f"an 1;C;{siret(C)};Commune;BP;3",
        f"2024;C;{siret(C)};Commune;;3",
        f"2024;C;{siret(C)};Commune",
        ";;;;;",
    )
    assert said(parsed) == []
    assert [(row, reason) for row, _, _, reason in refused(parsed)] == [
        (2, "bad_amount"),
        (3, "bad_amount"),
        (4, "bad_amount"),
        (5, "no_amount"),
        (6, "damaged_identifier"),
        (7, "invalid_identifier"),
        (8, "no_identifier"),
        (9, "no_date"),
        (10, "bad_date"),
        (11, "unreadable"),
        (12, "wrong_field_count"),
        (13, "empty_line"),
    ]
    assert parsed.rejects["value"].to_list()[:3] == ["-3", "731", "trente"]


def test_the_limits_of_a_delay_are_kept(tmp_path: Path) -> None:
    parsed = parse(tmp_path, f"2024;A;{siret(A)};C;BP;730", f"2024;B;{siret(B)};C;BP;730,01")
    assert [(row, days) for row, _, _, days, _ in said(parsed)] == [(2, 730.0)]


def test_a_file_written_again_by_a_spreadsheet_says_the_same(tmp_path: Path) -> None:
    published, again = samples.make(tmp_path)
    assert [dgfip_delays.sniff(sample_of(path)) for path in (published, again)] == [CERTAIN] * 2
    one, other = (
        account_for(dgfip_delays.read(path, ReadOptions())) for path in (published, again)
    )
    # Three bodies, two years; an annex and an attached budget beside each main one.
    assert (one.rows_in, len(said(one))) == (18, 6)
    assert said(one) == said(other)


def test_the_asked_day_and_files_of_another_kind(tmp_path: Path) -> None:
    path = samples.make(tmp_path)[0]
    facts = dgfip_delays.read(path, ReadOptions(known_on=date(2025, 9, 9))).tables["funder_delays"]
    assert set(facts["known_on"]) == {date(2025, 9, 9)}
    other = tmp_path / "other.csv"
    other.write_text("siret;delai\n1;2\n", "utf-8")
    assert dgfip_delays.sniff(sample_of(other)) == NO
    with pytest.raises(SourceError) as error:
        dgfip_delays.read(other, ReadOptions())
    assert error.value.code == "source-header"


@pytest.mark.real
def test_the_lines_copied_from_the_publication(shared_data: Path) -> None:
    path = shared_data / "payment_delays" / "dgfip_dgp_2024_extrait_12_lignes.csv"
    if not path.is_file():
        pytest.skip(f"no delays at {path}")
    assert dgfip_delays.sniff(sample_of(path)) == CERTAIN
    parsed = account_for(dgfip_delays.read(path, ReadOptions()))
    assert (parsed.rows_in, parsed.tables["funder_delays"].height) == (12, 7)
    assert set(parsed.rejects["reason"]) == {"out_of_scope"}
    days = parsed.tables["funder_delays"]["mean_days"].to_list()
    assert days == [16.85, 7.25, 11.11, 7.89, 15.03, 7.34, 11.81]
