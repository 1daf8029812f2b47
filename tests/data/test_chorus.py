"""Payments exported from Chorus: double columns, recoveries, overseas numbers, European funds."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from data.contracts import conform
from data.sources import chorus
from data.sources.base import CERTAIN, NO, Parsed, ReadOptions, SourceError
from data.sources.sample import sample_of
from tests.data.samples import chorus as made
from tests.data.samples.chorus import HEADER, line, siret
from tests.data.test_tabular import workbook
from tests.fictitious import siren


def parse(path: Path, options: ReadOptions | None = None) -> Parsed:
    parsed = chorus.read(path, options or ReadOptions())
    kept = parsed.tables["grants"]["source_row"].to_list()
    assert len(kept) + parsed.rejects.height == parsed.rows_in
    assert not set(kept) & set(parsed.rejects["source_row"])
    conform(parsed.tables["grants"], "grants")
    return parsed


def text(path: Path, *lines: list[str], header: list[str] = HEADER, mark: str = "\t") -> Path:
    names = [name.replace("&#32;", " ") for name in header]
    path.write_text("".join(mark.join(row) + "\n" for row in [names, *lines]), "utf-8")
    return path


def one(path: Path, **changed: str) -> pl.DataFrame:
    return parse(text(path / "chorus.csv", line(1, **changed))).tables["grants"]


def refused(path: Path, **changed: str) -> tuple[str, str, str]:
    rejects = parse(text(path / "chorus.csv", line(1, **changed))).rejects
    column, value, reason = rejects.select("column", "value", "reason").row(0)
    return reason, column, value


def test_a_payment(tmp_path: Path) -> None:
    facts = one(tmp_path)
    assert facts.to_dicts() == [
        {
            "siren": siren(1),
            "beneficiary_name": "LES AMIS FICTIFS",
            "funder_id": "etat",
            "funder_name": "État",
            "funder_level": "state",
            "programme": "163",
            "purpose": "Vie associative",
            "amount_eur": Decimal("1500.50"),
            "stage": "paid",
            "fiscal_year": 2024,
            "decided_on": date(2024, 3, 12),
            "instrument": "grant",
            "dataset": "chorus-2024-03",
            "source": "chorus",
            "source_row": 2,
            "known_on": date(2024, 3, 12),
        }
    ]


@pytest.mark.parametrize(
    ("domain", "programme"),
    [
        ("0163-01-02", "163"),
        ("163-01", "163"),
        ("0219", "219"),
        ("1111-01-02", "1111"),
        ("#", None),
        ("Jeunesse", None),
        ("0000-01", None),
    ],
)
def test_the_programme_is_in_the_functional_domain(
    tmp_path: Path, domain: str, programme: str | None
) -> None:
    assert one(tmp_path, domain=domain)["programme"].item() == programme


def test_the_label_follows_its_code_or_has_its_own_name(tmp_path: Path) -> None:
    """The purpose is the label of the activity, else that of the functional domain."""
    assert one(tmp_path, activity="#")["purpose"].item() == "Jeunesse"
    header = list(HEADER)
    for place in (2, 4, 8, 17):
        name = header[place].replace("&#32;", " ")
        header[place], header[place + 1] = f"{name} CODE", name
    path = text(tmp_path / "autre.csv", line(1), header=header)
    facts = parse(path).tables["grants"]
    assert facts.select("programme", "purpose", "beneficiary_name").row(0) == (
        "163", "Vie associative", "LES AMIS FICTIFS",
    )  # fmt: skip


def test_only_associations_are_named(tmp_path: Path) -> None:
    """Another supplier may be a natural person; it is kept, without its name."""
    facts = one(tmp_path, branch="Z004")
    assert facts["siren"].item() == siren(1)
    assert facts["beneficiary_name"].item() is None


def test_money_taken_back_is_negative(tmp_path: Path) -> None:
    assert one(tmp_path, amount="-1 200,30")["amount_eur"].item() == Decimal("-1200.30")


@pytest.mark.parametrize(
    ("day", "year", "decided", "fiscal_year", "known"),
    [
        ("12/07/2024", "2024", date(2024, 7, 12), 2024, date(2024, 7, 12)),
        # a serial number of a spreadsheet, with its hour
        ("45485.604166666664", "2024", date(2024, 7, 12), 2024, date(2024, 7, 12)),
        # paid after the exercise closed
        ("2025-01-15", "2024", date(2025, 1, 15), 2024, date(2025, 1, 15)),
        # dated before its exercise opens: not known before it does
        ("2023-07-12", "2024", date(2023, 7, 12), 2024, date(2024, 1, 1)),
        ("#", "2024", None, 2024, date(2024, 12, 31)),
        ("2024-07-12", "#", date(2024, 7, 12), 2024, date(2024, 7, 12)),
    ],
)
def test_the_day_known(
    tmp_path: Path, day: str, year: str, decided: date | None, fiscal_year: int, known: date
) -> None:
    facts = one(tmp_path, day=day, year=year)
    assert facts.select("decided_on", "fiscal_year", "known_on").row(0) == (
        decided, fiscal_year, known,
    )  # fmt: skip


def test_the_day_known_can_be_imposed(tmp_path: Path) -> None:
    path = text(tmp_path / "chorus.csv", line(1))
    facts = parse(path, ReadOptions(known_on=date(2025, 2, 1))).tables["grants"]
    assert facts.select("decided_on", "known_on").row(0) == (date(2024, 3, 12), date(2025, 2, 1))


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"siret": "#"}, ("no_identifier", "Code taxe 1", None)),
        ({"siret": "12345678901234"}, ("invalid_identifier", "Code taxe 1", "12345678901234")),
        ({"siret": "9,9E+13"}, ("damaged_identifier", "Code taxe 1", "9,9E+13")),
        ({"siret": "W991000001"}, ("invalid_identifier", "Code taxe 1", "W991000001")),
        (
            {"siret": "#", "overseas": "1234567001"},
            ("invalid_identifier", "No TVA 3 (COM-RIDET ou TAHITI)", "1234567001"),
        ),
        ({"amount": ""}, ("no_amount", "Montant payé", None)),
        ({"amount": "beaucoup"}, ("bad_amount", "Montant payé", "beaucoup")),
        ({"amount": "0"}, ("out_of_scope", "Montant payé", "0")),
        (
            {"day": "2024-13-45"},
            ("bad_date", "Date de dernière opération sur la DP", "2024-13-45"),
        ),
        (
            {"day": "2012-07-12"},
            ("bad_date", "Date de dernière opération sur la DP", "2012-07-12"),
        ),
        ({"year": "24"}, ("bad_date", "Exercice comptable", "24")),
        ({"year": "", "day": ""}, ("no_date", "Date de dernière opération sur la DP", None)),
    ],
)
def test_what_is_not_kept(
    tmp_path: Path, changed: dict[str, str], expected: tuple[str, str, str | None]
) -> None:
    assert refused(tmp_path, **changed) == expected


def test_an_exact_copy_is_one_payment_only_where_items_are_numbered(tmp_path: Path) -> None:
    again = parse(text(tmp_path / "a.csv", line(1), line(1), line(1, item="2")))
    assert again.tables["grants"]["source_row"].to_list() == [2, 4]
    assert again.rejects["reason"].to_list() == ["duplicate_line"]
    place = HEADER.index("N° poste DP")
    short = [[cell for at, cell in enumerate(row) if at != place] for row in (HEADER, line(1))]
    both = parse(text(tmp_path / "b.csv", short[1], short[1], header=short[0]))
    assert both.tables["grants"].height == 2


def test_totals_and_empty_lines(tmp_path: Path) -> None:
    total = ["Résultat global", *[""] * 18, "99 000"]
    parsed = parse(text(tmp_path / "chorus.csv", line(1), total, [""] * 20))
    assert parsed.rejects.select("source_row", "reason").rows() == [
        (3, "total_line"),
        (4, "empty_line"),
    ]


def test_european_money_has_its_own_funder(tmp_path: Path) -> None:
    """The second sheet is paid outside the State's budget, and its lines follow the first's."""
    header = [name.replace("&", "&amp;") for name in HEADER]
    fund = {"domain": "FSE00-14", "scheme": "Prog nat.Etat FSE+2021-27", "activity": "N/A"}
    path = workbook(
        tmp_path / "export.xlsx",
        {
            "Résumé de l’exportation": [["Ce document a été exporté depuis un tableur"]],
            "1. Extraction": [header, line(1), line(2)],
            "2. Extraction FEHBE": [
                header,
                line(3, **fund, year="2026", day="2026-01-22"),
                line(4, domain="XYZ-1", year="2026", day="2026-02-02"),
                line(5, siret="#"),
            ],
        },
    )
    assert chorus.sniff(sample_of(path)) == CERTAIN
    parsed = parse(path)
    facts = parsed.tables["grants"]
    shown = facts.select("source_row", "funder_id", "funder_level", "programme", "purpose")
    assert shown.rows() == [
        (2, "etat", "state", "163", "Vie associative"),
        (3, "etat", "state", "163", "Vie associative"),
        (5, "slug:union-europeenne", "europe", "FSE", "Prog nat.Etat FSE+2021-27"),
        (6, "slug:union-europeenne", "europe", "XYZ", "Vie associative"),
    ]
    assert facts["dataset"].to_list()[2:] == ["chorus-fehbe-2026-01", "chorus-fehbe-2026-02"]
    assert parsed.rejects.select("source_row", "reason").rows() == [(7, "no_identifier")]


def test_european_money_is_told_by_its_fund_in_a_text(tmp_path: Path) -> None:
    path = text(tmp_path / "x.csv", line(1, domain="FTJ00-01"), line(2))
    facts = parse(path).tables["grants"]
    assert facts.select("funder_level", "programme").rows() == [("europe", "FTJ"), ("state", "163")]


def test_a_sheet_of_payments_that_lost_its_columns_is_not_passed_over(tmp_path: Path) -> None:
    header = [name.replace("&", "&amp;") for name in HEADER]
    sheets = {"1. Extraction": [header, line(1)], "2. Extraction FEHBE": [["a", "b"], ["1", "2"]]}
    with pytest.raises(SourceError) as error:
        chorus.read(workbook(tmp_path / "export.xlsx", sheets), ReadOptions())
    assert error.value.code == "source-header"
    assert "FEHBE" in str(error.value)


def test_a_large_text_is_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [line(number % 50 + 1, dp=str(number)) for number in range(200)]
    path = text(tmp_path / "chorus.csv", *rows, rows[0], mark=";")
    whole = parse(path)
    for name in ("LARGE_BYTES", "BLOCK_BYTES", "CHUNK_BYTES"):
        monkeypatch.setattr(f"data.sources.chorus.{name}", 5_000)
    pieces = list(chorus.parts(path, ReadOptions()))
    assert len(pieces) > 3
    assert sum(piece.rows_in for piece in pieces) == 201
    again = parse(path)
    assert again.tables["grants"].equals(whole.tables["grants"])
    assert again.rejects.equals(whole.rejects)
    assert whole.rejects["reason"].to_list() == ["duplicate_line"]


def test_the_sample_is_recognised_and_others_are_not(tmp_path: Path) -> None:
    csv, book = made.make(tmp_path)
    assert [chorus.sniff(sample_of(path)) for path in (csv, book)] == [CERTAIN, CERTAIN]
    parsed = parse(csv)
    assert parsed.rows_in == 27
    assert sorted(parsed.rejects["reason"]) == [
        "duplicate_line", "invalid_identifier", "invalid_identifier",
    ]  # fmt: skip
    other = tmp_path / "autre.csv"
    other.write_text(f"SIRET;Montant payé;Objet\n{siret(1)};100;festival\n", "utf-8")
    assert chorus.sniff(sample_of(other)) == NO
    with pytest.raises(SourceError) as error:
        chorus.read(other, ReadOptions())
    assert error.value.code == "source-header"


@pytest.mark.real
def test_a_real_layout(shared_data: Path) -> None:
    folder = shared_data / "state_exports"
    path = folder / "new-chorus-export.xlsx"
    if not path.is_file():
        pytest.skip(f"no export at {path}")
    assert chorus.sniff(sample_of(path)) == CERTAIN
    parsed = parse(path)
    # Seven payments, the last two with an overseas number and with none, then five of European
    # funds: the numbers are masked, none holds.
    assert parsed.rows_in == 12
    reasons = ["invalid_identifier"] * 6 + ["no_identifier"] + ["invalid_identifier"] * 5
    assert parsed.rejects["reason"].to_list() == reasons
    assert parsed.rejects["value"].to_list()[5:7] == ["000000009", None]
    assert parsed.rejects["source_row"].to_list() == [*range(2, 9), *range(10, 15)]
    claimed = [p.name for p in sorted(folder.iterdir()) if chorus.sniff(sample_of(p))]
    assert claimed == [path.name]
