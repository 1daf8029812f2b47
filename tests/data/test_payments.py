"""Instalments kept in a plain table: due, then paid."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from data.sources import payments
from data.sources.base import CERTAIN, NO, ReadOptions, SourceError
from data.sources.sample import sample_of
from tests.data.public_bodies import body, siret
from tests.data.readings import lines, reading, reasons, refused, said
from tests.data.samples import payments as samples
from tests.fictitious import siren

A, B = siren(1), siren(2)
PAYER = body("departement", 1)
HEADER = "siren;payment_id;financeur;date_echeance;date_paiement;montant"
STATES = ("siren", "payment_id", "funder_id", "due_on", "paid_on", "amount_eur", "known_on")
DUE, PAID = date(2024, 3, 1), date(2024, 4, 15)


def test_an_instalment_is_due_then_paid(tmp_path: Path) -> None:
    parsed = lines(
        payments,
        tmp_path,
        HEADER,
        f"{A};V1;{PAYER};01/03/2024;15/04/2024;1 500,50",
        f"{B};V2;{PAYER};2024-03-01;;1500.5 €",
    )
    one, two = (f"payments-{PAYER}-V{number}" for number in (1, 2))
    assert said(parsed, *STATES) == [
        (2, A, one, PAYER, DUE, None, Decimal("1500.50"), DUE),
        (2, A, one, PAYER, DUE, PAID, Decimal("1500.50"), PAID),
        (3, B, two, PAYER, DUE, None, Decimal("1500.50"), DUE),
    ]


def test_a_payment_made_early_is_known_early(tmp_path: Path) -> None:
    parsed = lines(payments, tmp_path, HEADER, f"{A};V1;{PAYER};01/03/2024;01/02/2024;10")
    assert said(parsed, "paid_on", "known_on") == [
        (2, None, DUE),
        (2, date(2024, 2, 1), date(2024, 2, 1)),
    ]


@pytest.mark.parametrize("word", ["", "impayé", "Non payée", "en attente", "NON", "n.c.", "-"])
def test_words_for_nothing_paid(tmp_path: Path, word: str) -> None:
    parsed = lines(payments, tmp_path, HEADER, f"{A};V1;{PAYER};01/03/2024;{word};10")
    assert said(parsed, "paid_on") == [(2, None)]


def test_without_a_number_an_instalment_is_what_it_says(tmp_path: Path) -> None:
    header = "siret;funder_siren;funder_name;due_on;paid_on;amount_eur"
    parsed = lines(
        payments,
        tmp_path,
        header,
        f"{siret(A)};{PAYER};;2024-03-01;;10",
        f"{siret(A)};{PAYER};;2024-03-01;2024-04-15;10",
        f"{siret(A)};{PAYER};;2024-03-01;;20",
        f"{siret(A)};;Région fictive;2024-03-01;2024-04-15;10",
    )
    key = f"payments-{A}-{PAYER}-2024-03-01"
    region = f"payments-{A}-slug:region-fictive-2024-03-01-10.00"
    assert said(parsed, "payment_id", "paid_on") == [
        (2, f"{key}-10.00", None),
        (3, f"{key}-10.00", PAID),
        (4, f"{key}-20.00", None),
        (5, region, None),
        (5, region, PAID),
    ]
    # the same table, a month before: its states are among those of the month after
    before = lines(payments, tmp_path, header, f"{siret(A)};{PAYER};;2024-03-01;;10")
    assert [row[1:] for row in said(before, *STATES)] == [said(parsed, *STATES)[0][1:]]


def test_who_pays(tmp_path: Path) -> None:
    parsed = lines(
        payments,
        tmp_path,
        "siren;financeur;nom_financeur;date_echeance;date_paiement;montant",
        f"{A};{PAYER};;01/03/2024;;1",
        f"{A};{siret(PAYER, 3)};;01/03/2024;;2",
        f"{A};Ville fictive;;01/03/2024;;3",
        f"{A};COMMUNE DE FICTIVE;;01/03/2024;;4",
        f"{A};État;;01/03/2024;;5",
        f"{A};;L'État;01/03/2024;;6",
        f"{A};123456789;Ville fictive;01/03/2024;;7",
        f"{A};123456789;;01/03/2024;;8",
        f"{A};;;01/03/2024;;9",
    )
    assert said(parsed, "funder_id") == [
        *((2, PAYER), (3, PAYER), (4, "slug:commune-fictive"), (5, "slug:commune-fictive")),
        *((6, "etat"), (7, "etat"), (8, "slug:commune-fictive")),
    ]
    assert refused(parsed) == [
        (9, "financeur", "123456789", "invalid_identifier"),
        (10, "financeur", None, "no_identifier"),
    ]


def test_a_table_of_one_funder_names_it_once(tmp_path: Path) -> None:
    parsed = lines(
        payments,
        tmp_path,
        "siren;date_echeance;date_paiement;montant",
        f"{A};01/03/2024;;1",
        options=ReadOptions(extra={"funder_siren": PAYER}, known_on=date(2024, 6, 1)),
    )
    assert said(parsed, "funder_id", "known_on") == [(2, PAYER, date(2024, 6, 1))]
    wrong = ReadOptions(extra={"funder_siren": "123456789"})
    with pytest.raises(SourceError) as error:
        payments.read(tmp_path / "fichier.csv", wrong)
    assert error.value.code == "source-option"


def test_lines_of_the_same_instalment(tmp_path: Path) -> None:
    parsed = lines(
        payments,
        tmp_path,
        HEADER,
        f"{A};V1;{PAYER};01/03/2024;;10",
        f"{A};V1;{PAYER};01/03/2024;;10",  # the line again
        f"{A};V1;{PAYER};2024-03-01;;10",  # the instalment again
        f"{A};V1;{PAYER};01/03/2024;15/04/2024;10",  # its payment
        f"{A};V1;{PAYER};01/03/2024;16/04/2024;10",  # another day for it
        f"{A};V1;{PAYER};01/03/2024;15/04/2024;11",  # another amount
        f"{B};V1;{PAYER};01/03/2024;15/04/2024;10",  # another structure
        f"{B};V1;Région fictive;01/03/2024;15/04/2024;10",  # the number of another funder
        f"{B};V2;{PAYER};01/03/2024;15/04/2024;10",
        f"{B};V2;{PAYER};01/03/2024;;10",
    )
    assert said(parsed, "paid_on") == [
        *((2, None), (5, PAID), (9, None), (9, PAID), (10, None), (10, PAID)),
    ]
    assert refused(parsed) == [
        (3, "", None, "duplicate_line"),
        (4, "date_echeance", "2024-03-01", "duplicate_line"),
        (6, "date_paiement", "16/04/2024", "duplicate_line"),
        (7, "payment_id", "V1", "duplicate_line"),
        (8, "payment_id", "V1", "duplicate_line"),
        (11, "date_echeance", "01/03/2024", "duplicate_line"),
    ]


def test_each_reason(tmp_path: Path) -> None:
    rows = [
        f";V1;{PAYER};01/03/2024;;10",
        f"123456789;V1;{PAYER};01/03/2024;;10",
        f"{A};V1;{PAYER};;15/04/2024;10",
        f"{A};V1;{PAYER};03/2024;;10",
        f"{A};V1;{PAYER};31/02/2024;;10",
        f"{A};V1;{PAYER};01/03/2024;31/02/2024;10",
        f"{A};V1;{PAYER};01/03/2024;2024;10",
        f"{A};V1;{PAYER};01/03/2024;;",
        f"{A};V1;{PAYER};01/03/2024;;dix",
        f"{A};V1;{PAYER};01/03/2024;;0",
        f"{A};V1;{PAYER};01/03/2024;;-10",
        f"{A};V1",
        ";;;;;",
    ]
    parsed = lines(payments, tmp_path, HEADER, *rows)
    assert said(parsed) == []
    assert refused(parsed) == [
        (2, "siren", None, "no_identifier"),
        (3, "siren", "123456789", "invalid_identifier"),
        (4, "date_echeance", None, "no_date"),
        (5, "date_echeance", "03/2024", "bad_date"),
        (6, "date_echeance", "31/02/2024", "bad_date"),
        (7, "date_paiement", "31/02/2024", "bad_date"),
        (8, "date_paiement", "2024", "bad_date"),
        (9, "montant", None, "no_amount"),
        (10, "montant", "dix", "bad_amount"),
        (11, "montant", "0", "bad_amount"),
        (12, "montant", "-10", "out_of_scope"),
        (13, "", None, "wrong_field_count"),
        (14, "", None, "empty_line"),
    ]


def test_samples_are_recognised_and_kept(tmp_path: Path) -> None:
    for path, rows, states in zip(samples.make(tmp_path), (6, 8, 10), (10, 16, 15), strict=True):
        assert payments.sniff(sample_of(path)) == CERTAIN
        parsed = reading(payments, path)
        assert (parsed.rows_in, parsed.tables["payments"].height) == (rows, states)
        assert reasons(parsed) == {}


def test_grants_are_no_instalments(tmp_path: Path) -> None:
    path = tmp_path / "autre.csv"
    path.write_text("siren;financeur;date_echeance;montant\n1;2;3;4\n", "utf-8")
    assert payments.sniff(sample_of(path)) == NO
    with pytest.raises(SourceError) as error:
        payments.read(path, ReadOptions())
    assert error.value.code == "source-header"
