"""Mandates paid through Hélios: what was paid, what was due and when."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from data.contracts import conform
from data.sources import helios
from data.sources.base import CERTAIN, NO, Parsed, ReadOptions, SourceError
from data.sources.sample import sample_of
from tests.data.public_bodies import body, siret
from tests.data.samples import helios as samples
from tests.data.samples.helios import HEADER, row
from tests.fictitious import siren

if TYPE_CHECKING:
    from pathlib import Path

A, PAYER = siren(1), body("commune", 1)


def account_for(parsed: Parsed) -> Parsed:
    kept = {n for name, facts in parsed.tables.items() for n in conform(facts, name)["source_row"]}
    refused = parsed.rejects["source_row"].to_list()
    assert len(kept) + len(refused) == parsed.rows_in == len({*kept, *refused})
    return parsed


def parse(folder: Path, *rows: str, **extra: str) -> Parsed:
    path = folder / "helios.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n", "utf-8")
    return account_for(helios.read(path, ReadOptions(extra=extra)))


def states(parsed: Parsed) -> list[tuple[object, ...]]:
    columns = ["source_row", "due_on", "paid_on", "amount_eur", "known_on"]
    return parsed.tables["payments"].sort("source_row", "known_on").select(columns).rows()


def refused(parsed: Parsed) -> list[tuple[object, ...]]:
    return parsed.rejects.select("source_row", "column", "value", "reason").rows()


def test_a_mandate_paid_is_a_grant_and_an_instalment(tmp_path: Path) -> None:
    parsed = parse(tmp_path, row())
    fact = parsed.tables["grants"].row(0, named=True)
    assert fact == {
        "siren": A,
        "rna": None,
        "beneficiary_name": "LES AMIS FICTIFS",
        "funder_id": PAYER,
        "funder_name": "COMMUNE FICTIVE",
        "funder_level": "commune",
        "purpose": "SUBVENTION 2025",
        "amount_eur": Decimal("1050.50"),
        "stage": "paid",
        "fiscal_year": 2025,
        "instrument": "grant",
        "dataset": "helios-2025-06",
        "source": "helios",
        "source_row": 2,
        "known_on": date(2025, 6, 21),
    }
    issued, paid, eur = date(2025, 6, 10), date(2025, 6, 21), Decimal("1050.50")
    assert states(parsed) == [(2, issued, None, eur, issued), (2, issued, paid, eur, paid)]
    assert parsed.tables["payments"]["payment_id"].n_unique() == 1
    assert set(parsed.tables["payments"]["funder_id"]) == {PAYER}


def test_a_mandate_not_yet_paid_is_only_due(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path,
        row(DATE_PAIEMENT=""),
        row(DATE_PAIEMENT="", IMMATRICULATION="W990000001", NUM_MANDAT="2"),
        row(DATE_PAIEMENT="", MONTANT_PAIEMENT="0", NUM_MANDAT="3"),
    )
    issued = date(2025, 6, 10)
    assert states(parsed) == [(2, issued, None, Decimal("1050.50"), issued)]
    assert parsed.tables["grants"].is_empty()
    assert refused(parsed) == [
        (3, "DATE_PAIEMENT", None, "no_date"),
        (4, "DATE_PAIEMENT", None, "no_date"),
    ]


def test_money_taken_back_is_negative_and_never_due(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path,
        row(TYPE__MANDAT="2-Mandat(s) d'annulation", NUM_MANDAT="1"),
        row(TYPE__MANDAT="Mandat de réduction", MONTANT_PAIEMENT="-20", NUM_MANDAT="2"),
        row(MONTANT_PAIEMENT="-5,5", NUM_MANDAT="3"),
        row(TYPE__MANDAT="3-Mandat(s) d'ordre budgétaire", NUM_MANDAT="4"),
        row(TYPE__MANDAT="10-Mandat(s) de rattachement", NUM_MANDAT="5"),
    )
    amounts = [Decimal("-1050.50"), Decimal(-20), Decimal("-5.50")]
    assert parsed.tables["grants"]["amount_eur"].to_list() == amounts
    assert states(parsed) == []
    assert [(n, column, reason) for n, column, _, reason in refused(parsed)] == [
        (5, "TYPE MANDAT", "out_of_scope"),
        (6, "TYPE MANDAT", "out_of_scope"),
    ]


def test_a_mandate_issued_after_its_payment_waited_for_nothing(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path,
        row(DATE_PAIEMENT="09/06/2025", NUM_MANDAT="1"),
        row(DATE_PAIEMENT="10/06/2025", NUM_MANDAT="2"),
    )
    assert [day for _, _, day, _, _ in states(parsed)] == [None, date(2025, 6, 10)]
    assert parsed.tables["grants"].height == 2


def test_lines_and_payments_of_one_mandate(tmp_path: Path) -> None:
    once = row()
    parsed = parse(
        tmp_path,
        once,
        once,
        row(NUMERO_LIGNE="2"),
        row(DATE_PAIEMENT="30/06/2025"),
        row(ID="", NUM_MANDAT="526"),
        row(ID="", NUM_MANDAT="", OBJET_MANDAT="A"),
        row(ID="", NUM_MANDAT="", OBJET_MANDAT="A"),
    )
    assert refused(parsed) == [(3, "", None, "duplicate_line")]
    payments = parsed.tables["payments"].sort("source_row")
    due, paid = (
        payments.filter(payments["paid_on"].is_null() == unpaid)["payment_id"].to_list()
        for unpaid in (True, False)
    )
    assert (
        due
        == paid
        == [
            "helios-990011202500001-1-1",
            "helios-990011202500001-2-1",
            "helios-990011202500001-1-2",
            f"helios-{PAYER}-2025-526-1-1",
            "helios-ligne-7-1-1",
            "helios-ligne-8-1-1",
        ]
    )


def test_only_grants_to_private_bodies_are_in_scope(tmp_path: Path) -> None:
    accounts = ["6574", "65748.0", "'65742", "657341", "65888", "20422", ""]
    rows = [row(COMPTE_NATURE=code, NUM_MANDAT=str(n)) for n, code in enumerate(accounts)]
    parsed = parse(tmp_path, *rows)
    assert parsed.tables["grants"]["source_row"].to_list() == [2, 3, 4]
    assert refused(parsed) == [
        (5, "COMPTE_NATURE", "657341", "out_of_scope"),
        (6, "COMPTE_NATURE", "65888", "out_of_scope"),
        (7, "COMPTE_NATURE", "20422", "out_of_scope"),
        (8, "COMPTE_NATURE", None, "unreadable"),
    ]


def test_natural_persons_leave_no_trace(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path,
        row(Nature__JURIDIQUE="1-Particulier", NOM="PERSONNE A", IMMATRICULATION=siret(A)),
        row(Nature__JURIDIQUE="2-Artisan", NOM="PERSONNE B", NUM_MANDAT="2"),
        row(Nature__JURIDIQUE="0-Inconnue", NOM="PERSONNE C", NUM_MANDAT="3"),
        row(Nature__JURIDIQUE="", NOM="PERSONNE D", NUM_MANDAT="4"),
        row(TYPE_IMMATRICULATION="NIR", IMMATRICULATION="199999999999999", NUM_MANDAT="5"),
        row(Nature__JURIDIQUE="10-État étranger", NOM="ETAT FICTIF", NUM_MANDAT="6"),
    )
    names = parsed.tables["grants"]["beneficiary_name"].to_list()
    assert names == [None, None, None, "ETAT FICTIF"]
    assert refused(parsed) == [
        (2, "Nature JURIDIQUE", "1-Particulier", "out_of_scope"),
        (6, "IMMATRICULATION", None, "invalid_identifier"),
    ]
    written = str([parsed.tables, parsed.rejects.rows()])
    assert "PERSONNE" not in written
    assert "1999999" not in written


def test_numbers_of_other_registers_are_no_siren(tmp_path: Path) -> None:
    kinds = ["SIREN", "", "FINESS", "TVA INTRO CO", "RIDET"]
    rows = [
        row(TYPE_IMMATRICULATION=kind, IMMATRICULATION=A, NUM_MANDAT=str(n))
        for n, kind in enumerate(kinds)
    ]
    rna = row(TYPE_IMMATRICULATION="TVA INTRO CO", IMMATRICULATION="W990000001", NUM_MANDAT="9")
    parsed = parse(tmp_path, *rows, rna, row(IMMATRICULATION="", NUM_MANDAT="10"))
    facts = parsed.tables["grants"].select("source_row", "siren", "rna").rows()
    assert facts == [(2, A, None), (3, A, None), (7, None, "W990000001")]
    assert states(parsed)[-1][0] == 3
    assert [(n, reason) for n, _, _, reason in refused(parsed)] == [
        (4, "invalid_identifier"),
        (5, "invalid_identifier"),
        (6, "invalid_identifier"),
        (8, "no_identifier"),
    ]


def test_payers_by_their_number_else_by_their_name(tmp_path: Path) -> None:
    region = body("region", 1)
    rows = [
        row(CODE_INSEE_BC=siret(region), COLLEC="REGION FICTIVE", NUM_MANDAT="1"),
        row(CODE_INSEE_BC="99001", COLLEC="REGION FICTIVE", NUM_MANDAT="2"),
        row(CODE_INSEE_BC="99001", COLLEC="LIEU FICTIF", NUM_MANDAT="3"),
        row(CODE_INSEE_BC="99001", COLLEC="", NUM_MANDAT="4"),
    ]
    parsed = parse(tmp_path, *rows)
    payers = parsed.tables["grants"].select("funder_id", "funder_level").rows()
    assert payers == [(region, "region"), (region, "region"), ("slug:lieu-fictif", "unknown")]
    assert refused(parsed) == [(5, "CODE_INSEE_BC", "99001", "no_identifier")]
    told = parse(tmp_path, rows[3], funder_siren=PAYER)
    assert told.tables["grants"]["funder_id"].to_list() == [PAYER]


def test_dates_and_amounts_that_cannot_be_read(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path,
        row(DATE_EMISSION="", NUM_MANDAT="1"),
        row(DATE_EMISSION="2025", NUM_MANDAT="2"),
        row(DATE_PAIEMENT="31/06/2025", NUM_MANDAT="3"),
        row(MONTANT_PAIEMENT="", NUM_MANDAT="4"),
        row(MONTANT_PAIEMENT="cent", NUM_MANDAT="5"),
        row(NUM_MANDAT="6") + ";",
        HEADER,
        ";" * HEADER.count(";"),
    )
    assert refused(parsed) == [
        (2, "DATE_EMISSION", None, "no_date"),
        (3, "DATE_EMISSION", "2025", "bad_date"),
        (4, "DATE_PAIEMENT", "31/06/2025", "bad_date"),
        (5, "MONTANT_PAIEMENT", None, "no_amount"),
        (6, "MONTANT_PAIEMENT", "cent", "bad_amount"),
        (7, "", None, "wrong_field_count"),
        (9, "", None, "empty_line"),
    ]


def test_the_asked_day_goes_before_the_rule(tmp_path: Path) -> None:
    path = samples.make(tmp_path)[0]
    tables = helios.read(path, ReadOptions(known_on=date(2026, 1, 1))).tables
    assert {day for facts in tables.values() for day in facts["known_on"]} == {date(2026, 1, 1)}


def test_the_made_up_export(tmp_path: Path) -> None:
    path = samples.make(tmp_path)[0]
    assert helios.sniff(sample_of(path)) == CERTAIN
    parsed = account_for(helios.read(path, ReadOptions()))
    # A fourth of the accounts is 6573: lines 2, 6… ; then unpaid ones (7, 21, 28) give no grant.
    assert (parsed.rows_in, parsed.rejects.height) == (30, 8)
    assert parsed.tables["grants"].height == 22 - 3
    # Of the paid ones, 9 and 27 take money back.
    assert parsed.tables["payments"].height == 3 + 2 * (19 - 2)
    other = tmp_path / "other.csv"
    other.write_text("COMPTE_NATURE;MONTANT_PAIEMENT\n65748;3\n", "utf-8")
    assert helios.sniff(sample_of(other)) == NO
    with pytest.raises(SourceError) as error:
        helios.read(other, ReadOptions())
    assert error.value.code == "source-header"


@pytest.mark.real
def test_the_export_of_the_public_test_suite(shared_data: Path) -> None:
    """Its numbers are masked: no SIREN holds, and the RNA number is a placeholder."""
    path = shared_data / "state_exports" / "helios.fixture.ods"
    if not path.is_file():
        pytest.skip(f"no export at {path}")
    assert helios.sniff(sample_of(path)) == CERTAIN
    parsed = account_for(helios.read(path, ReadOptions()))
    assert parsed.rows_in == 7
    assert all(frame.is_empty() for frame in parsed.tables.values())
    reasons = parsed.rejects["reason"].sort().to_list()
    assert reasons == ["invalid_identifier"] * 6 + ["no_identifier"]
