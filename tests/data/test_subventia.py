"""Requests exported from Subventia: a line an item of expense, the amount voted on each."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from data.contracts import conform
from data.sources import subventia
from data.sources.base import CERTAIN, NO, Parsed, ReadOptions, SourceError
from data.sources.sample import sample_of
from tests.data.samples import subventia as made
from tests.data.samples.chorus import siret
from tests.data.samples.subventia import HEADER, row
from tests.fictitious import siren


def parse(path: Path, options: ReadOptions | None = None) -> Parsed:
    parsed = subventia.read(path, options or ReadOptions())
    kept = parsed.tables["grants"]["source_row"].to_list()
    assert len(kept) + parsed.rejects.height == parsed.rows_in
    assert not set(kept) & set(parsed.rejects["source_row"])
    conform(parsed.tables["grants"], "grants")
    return parsed


def read(folder: Path, *rows: list[str], options: ReadOptions | None = None) -> Parsed:
    path = folder / "subventia.csv"
    path.write_text("".join(";".join(line) + "\n" for line in [HEADER, *rows]), "utf-8")
    return parse(path, options)


def refused(parsed: Parsed) -> list[tuple[object, ...]]:
    return parsed.rejects.select("source_row", "reason", "column", "value").rows()


def test_a_request_of_several_lines_is_one_grant(tmp_path: Path) -> None:
    parsed = read(tmp_path, *(row(1, item=item) for item in ("900", "1200", "2400")), row(2))
    facts = parsed.tables["grants"]
    assert facts.to_dicts()[0] == {
        "siren": siren(1),
        "funder_id": "etat",
        "funder_name": "État",
        "funder_level": "state",
        "programme": "Subventions FIPD Intervention",
        "purpose": "Prévention de la délinquance",
        "amount_eur": Decimal(4500),
        "stage": "awarded",
        "fiscal_year": 2023,
        "decided_on": date(2023, 5, 11),
        "instrument": "grant",
        "dataset": "subventia",
        "source": "subventia",
        "source_row": 2,
        "known_on": date(2023, 5, 11),
    }
    assert facts.select("siren", "source_row").rows()[1:] == [(siren(2), 5)]
    column = "Référence administrative - Demande"
    assert refused(parsed) == [
        (3, "duplicate_line", column, "00000001"),
        (4, "duplicate_line", column, "00000001"),
    ]
    assert parsed.rejects["message"].str.contains("une seule fois").all()


def test_a_line_at_fault_does_not_lose_the_request(tmp_path: Path) -> None:
    parsed = read(tmp_path, row(1, voted="?!x"), row(1, item="2"), row(1, item="3"))
    assert parsed.tables["grants"]["source_row"].to_list() == [3]
    assert [line[:2] for line in refused(parsed)] == [(2, "bad_amount"), (4, "duplicate_line")]


@pytest.mark.parametrize(
    ("changed", "reason", "column"),
    [
        ({"voted": "4600"}, "bad_amount", "Montant voté TTC - Décision"),
        ({"siret": siret(2)}, "invalid_identifier", "SIRET - Demandeur"),
        ({"asked": "2022"}, "bad_date", "annee_demande"),
    ],
)
def test_lines_that_disagree_leave_the_request_unknown(
    tmp_path: Path, changed: dict[str, str], reason: str, column: str
) -> None:
    parsed = read(tmp_path, row(1), row(1, **changed))
    assert parsed.tables["grants"].height == 0
    assert [line[:3] for line in refused(parsed)] == [(2, reason, column), (3, reason, column)]


@pytest.mark.parametrize("status", ["VOTE", "SOLDE", "Voté", "soldé"])
def test_what_is_voted(tmp_path: Path, status: str) -> None:
    assert read(tmp_path, row(1, status=status)).tables["grants"].height == 1


@pytest.mark.parametrize("status", ["INSTRUCTION", "FININSTRUCTION", "", "REFUS", "VOTE PARTIEL"])
def test_what_is_not_voted(tmp_path: Path, status: str) -> None:
    """An empty status is that of a request refused."""
    assert refused(read(tmp_path, row(1, status=status))) == [
        (2, "out_of_scope", "Statut - Dossier de financement", status or None)
    ]


@pytest.mark.parametrize(
    ("days", "decided", "known"),
    [
        (("2023-05-11", "2023-05-11"), date(2023, 5, 11), date(2023, 5, 11)),
        # 45057 is 11 May 2023
        (("45057.604166666664", "11/05/2023"), date(2023, 5, 11), date(2023, 5, 11)),
        # the lines disagree: the decision is known at the latest of their days
        (("2023-05-11", "2023-09-02"), None, date(2023, 9, 2)),
        (("", "2023-05-11"), date(2023, 5, 11), date(2023, 5, 11)),
        (("", ""), None, date(2023, 12, 31)),
        (("2024-02-01", "2024-02-01"), date(2024, 2, 1), date(2024, 2, 1)),
    ],
)
def test_the_day_known(
    tmp_path: Path, days: tuple[str, str], decided: date | None, known: date
) -> None:
    facts = read(tmp_path, *(row(1, day=day) for day in days)).tables["grants"]
    assert facts.select("fiscal_year", "decided_on", "known_on").rows() == [(2023, decided, known)]


def test_the_day_known_can_be_imposed(tmp_path: Path) -> None:
    facts = read(tmp_path, row(1), options=ReadOptions(known_on=date(2024, 1, 5))).tables["grants"]
    assert facts["known_on"].to_list() == [date(2024, 1, 5)]


def test_without_the_year_of_the_request(tmp_path: Path) -> None:
    facts = read(tmp_path, row(1, asked="", day="2024-02-01")).tables["grants"]
    assert facts["fiscal_year"].to_list() == [2024]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"siret": ""}, ("no_identifier", "SIRET - Demandeur", None)),
        (
            {"siret": "12345678901234"},
            ("invalid_identifier", "SIRET - Demandeur", "12345678901234"),
        ),
        ({"reference": ""}, ("unreadable", "Référence administrative - Demande", None)),
        ({"voted": ""}, ("no_amount", "Montant voté TTC - Décision", None)),
        ({"voted": "0"}, ("out_of_scope", "Montant voté TTC - Décision", "0")),
        ({"day": "2023-02-31"}, ("bad_date", "Date - Décision", "2023-02-31")),
        ({"day": "2022-12-20"}, ("bad_date", "Date - Décision", "2022-12-20")),
        ({"asked": "23"}, ("bad_date", "annee_demande", "23")),
        ({"asked": "", "day": ""}, ("no_date", "annee_demande", None)),
    ],
)
def test_what_is_not_kept(
    tmp_path: Path, changed: dict[str, str], expected: tuple[str, str, str | None]
) -> None:
    assert refused(read(tmp_path, row(1, **changed))) == [(2, *expected)]


def test_total_cut_and_empty_lines(tmp_path: Path) -> None:
    width = len(HEADER)
    total = ["Total", *[""] * (width - 2), "900"]
    parsed = read(tmp_path, row(1), total, [""] * width, row(2)[:5])
    assert [line[:2] for line in refused(parsed)] == [
        (3, "total_line"), (4, "empty_line"), (5, "wrong_field_count"),
    ]  # fmt: skip


def test_without_a_scheme(tmp_path: Path) -> None:
    assert read(tmp_path, row(1, scheme="")).tables["grants"]["programme"].to_list() == ["FIPD"]


def test_the_sample_is_recognised_and_others_are_not(tmp_path: Path) -> None:
    csv, records = made.make(tmp_path)
    assert [subventia.sniff(sample_of(path)) for path in (csv, records)] == [CERTAIN, CERTAIN]
    from_text, from_records = parse(csv), parse(records)
    # Nine requests of three lines: requests 1, 4, 5, 8 and 9 are voted or settled.
    facts = from_text.tables["grants"]
    assert facts["siren"].to_list() == [siren(number) for number in (1, 4, 5, 8, 9)]
    assert facts["amount_eur"].to_list() == [Decimal(f"{n}250.50") for n in (1, 4, 5, 8, 9)]
    assert from_text.rejects["reason"].value_counts(sort=True).rows() == [
        ("out_of_scope", 12), ("duplicate_line", 10),
    ]  # fmt: skip
    assert from_records.tables["grants"].drop("source_row").equals(facts.drop("source_row"))
    other = tmp_path / "autre.csv"
    other.write_text(f"SIRET - Demandeur;Statut;Montant Ttc\n{siret(1)};VOTE;100\n", "utf-8")
    assert subventia.sniff(sample_of(other)) == NO
    with pytest.raises(SourceError) as error:
        subventia.read(other, ReadOptions())
    assert error.value.code == "source-header"


@pytest.mark.real
def test_a_real_layout(shared_data: Path) -> None:
    folder = shared_data / "state_exports"
    path = folder / "SUBVENTIA.xlsx"
    if not path.is_file():
        pytest.skip(f"no export at {path}")
    assert subventia.sniff(sample_of(path)) == CERTAIN
    parsed = parse(path)
    # Four requests of twelve lines: one pending, three whose numbers are masked.
    assert parsed.rows_in == 48
    assert dict(parsed.rejects.group_by("reason").len().iter_rows()) == {
        "out_of_scope": 12,
        "invalid_identifier": 36,
    }
    claimed = [p.name for p in sorted(folder.iterdir()) if subventia.sniff(sample_of(p))]
    assert claimed == [path.name]
