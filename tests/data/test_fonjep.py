"""Posts and instalments exported from the Fonjep: awards, dates due, payments, codes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from data.contracts import conform
from data.sources import fonjep
from data.sources.base import CERTAIN, NO, Parsed, ReadOptions, SourceError
from data.sources.sample import sample_of
from tests.data.samples import fonjep as made
from tests.data.samples.chorus import siret
from tests.data.samples.fonjep import export, post, quarters, tier
from tests.data.test_tabular import workbook
from tests.fictitious import siren

TIERS = [
    tier("L1", "LES AMIS FICTIFS", siret(1)),
    tier("L2", "LE RELAIS FICTIF", siret(2)),
    tier("10004", "Ministère fictif de la jeunesse", ""),
]
USUAL_DAYS = ["2023-01-26", "2023-04-27", "2023-07-11", "2023-10-19"]


def parse(path: Path, options: ReadOptions | None = None) -> Parsed:
    parsed = fonjep.read(path, options or ReadOptions())
    kept = {row for table in parsed.tables.values() for row in table["source_row"]}
    refused = parsed.rejects["source_row"].to_list()
    assert len(kept) + len(refused) == parsed.rows_in
    assert not kept & set(refused)
    for name, table in parsed.tables.items():
        conform(table, name)
    return parsed


def read(
    folder: Path,
    posts: list[list[str]],
    payments: list[list[str]] | None = None,
    tiers: list[list[str]] | None = None,
    options: ReadOptions | None = None,
    **labels: list[list[str]],
) -> Parsed:
    sheets = {"Tiers": TIERS if tiers is None else tiers, "Poste": posts, **labels}
    sheets["Versement"] = [] if payments is None else payments
    return parse(workbook(folder / "fonjep.xlsx", export(sheets)), options)


def states(parsed: Parsed) -> list[tuple[object, ...]]:
    """Return day due, day paid, amount and day known of each state, the due ones first."""
    table = parsed.tables["payments"].sort(pl.col("paid_on").is_not_null(), "due_on")
    return table.select("due_on", "paid_on", "amount_eur", "known_on").rows()


def refusals(parsed: Parsed) -> list[tuple[object, ...]]:
    return (
        parsed.rejects.sort("source_row").select("source_row", "reason", "column", "value").rows()
    )


def test_a_post_is_an_award_of_the_state(tmp_path: Path) -> None:
    parsed = read(tmp_path, [post("J1", "L1", "2023", "7164.50")])
    assert parsed.tables["grants"].to_dicts() == [
        {
            "siren": siren(1),
            "beneficiary_name": "LES AMIS FICTIFS",
            "funder_id": "etat",
            "funder_name": "État",
            "funder_level": "state",
            "programme": "163",
            "purpose": "Poste FONJEP — FONJEP Jeunesse éducation populaire",
            "amount_eur": Decimal("7164.50"),
            "stage": "awarded",
            "fiscal_year": 2023,
            "multi_year": True,
            "instrument": "grant",
            "dataset": "fonjep",
            "source": "fonjep",
            "source_row": 2,
            "known_on": date(2023, 12, 31),
        }
    ]


def test_a_post_is_known_at_its_first_payment(tmp_path: Path) -> None:
    """A payment of another year, or that was not made, tells nothing of the post of this year."""
    parsed = read(
        tmp_path,
        [post("J1", "L1", "2023", "7000"), post("J1", "L1", "2024", "7000"),
         post("J2", "L1", "2023", "7000")],
        [*quarters("J1", 2023, "1750", ["2023-11-13", "2023-11-13", "2023-11-14", "2024-02-02"]),
         *quarters("J2", 2023, "1750", ["", "", "", "2024-03-01"])],
    )  # fmt: skip
    assert parsed.tables["grants"].select("source_row", "known_on").rows() == [
        (2, date(2023, 11, 13)),
        (3, date(2024, 12, 31)),
        (4, date(2023, 12, 31)),
    ]


@pytest.mark.parametrize(
    ("ends", "year", "several"),
    [
        ("2025-12-31", "2023", True),
        ("2023-12-31", "2023", True),
        ("2014-12-31", "2023", None),
        ("", "2023", None),
        ("jamais", "2023", None),
    ],
)
def test_an_agreement_of_several_years(
    tmp_path: Path, ends: str, year: str, several: bool | None
) -> None:
    parsed = read(tmp_path, [post("J1", "L1", year, "7000", ends=ends)])
    assert parsed.tables["grants"]["multi_year"].to_list() == [several]


@pytest.mark.parametrize(
    ("scheme", "funder", "programme"),
    [
        ("1", "10004", "163"),
        ("3", "10008", "147"),
        # the scheme and the funder are of two ministries: which pays is not known
        ("3", "10004", "FONJEP Politique de la ville"),
        # sources differ on the programme of social cohesion
        ("2", "10005", "FONJEP Cohésion sociale"),
        ("", "10004", "163"),
        ("3", "", "147"),
        ("99", "10004", "163"),
        ("", "", None),
    ],
)
def test_the_programme(tmp_path: Path, scheme: str, funder: str, programme: str | None) -> None:
    parsed = read(tmp_path, [post("J1", "L1", "2023", "7000", scheme=scheme, funder=funder)])
    assert parsed.tables["grants"]["programme"].to_list() == [programme]


def test_who_pays(tmp_path: Path) -> None:
    tiers = [
        *TIERS,
        tier("777", "Préfecture fictive", ""),
        tier("888", "Ville de Fictiville", siret(9)),
        tier("889", "Département fictif", ""),
    ]
    funders = ["10009", "777", "888", "889", "404"]
    posts = [
        post(f"J{n}", "L1", "2023", "7000", funder=code, scheme="")
        for n, code in enumerate(funders)
    ]
    facts = read(tmp_path, posts, tiers=tiers).tables["grants"]
    assert facts.select("funder_id", "funder_name", "funder_level").rows() == [
        ("etat", "État", "state"),
        ("etat", "État", "state"),
        (siren(9), "Ville de Fictiville", "commune"),
        ("slug:departement-fictif", "Département fictif", "departement"),
        ("slug:inconnu", None, "unknown"),
    ]


def test_each_instalment_is_due_then_paid(tmp_path: Path) -> None:
    """2023 is the second year of the agreement: each instalment is known as its quarter opens."""
    parsed = read(
        tmp_path, [post("J1", "L1", "2023", "7164")], quarters("J1", 2023, "1791", USUAL_DAYS)
    )
    starts = [date(2023, month, 1) for month in (1, 4, 7, 10)]
    days = [date.fromisoformat(day) for day in USUAL_DAYS]
    amount = Decimal(1791)
    assert states(parsed) == [
        *((start, None, amount, start) for start in starts),
        *((start, day, amount, day) for start, day in zip(starts, days, strict=True)),
    ]
    table = parsed.tables["payments"]
    assert table["siren"].unique().to_list() == [siren(1)]
    assert table["funder_id"].unique().to_list() == ["etat"]
    assert table.group_by("payment_id").len()["len"].to_list() == [2, 2, 2, 2]
    # Lines of Versement follow the two of Poste.
    assert sorted(table["source_row"].unique()) == [4, 5, 6, 7]
    assert parsed.rows_in == 5


def test_what_a_new_post_is_owed_is_not_known_before_the_post(tmp_path: Path) -> None:
    """First year of the agreement, decided in November: nobody could claim anything before."""
    posts = [post("J1", "L1", "2022", "3552", reason="Création")]
    days = ["2022-11-13", "2022-11-13", "2022-11-13", ""]
    first, second, third, last, *paid = states(
        read(tmp_path, posts, quarters("J1", 2022, "888", days))
    )
    amount = Decimal(888)
    assert first == (date(2022, 1, 1), None, amount, date(2022, 11, 13))
    assert second == (date(2022, 4, 1), None, amount, date(2022, 11, 13))
    assert third == (date(2022, 7, 1), None, amount, date(2022, 11, 13))
    assert last == (date(2022, 10, 1), None, amount, date(2022, 11, 13))
    assert [(state[0], state[1]) for state in paid] == [
        (date(2022, month, 1), date(2022, 11, 13)) for month in (1, 4, 7)
    ]


def test_a_new_post_never_paid_is_owed_from_the_end_of_its_year(tmp_path: Path) -> None:
    posts = [post("J1", "L1", "2022", "3552", reason="Création")]
    days = ["", "", "", ""]
    found = states(read(tmp_path, posts, quarters("J1", 2022, "888", days)))
    assert [state[3] for state in found] == [date(2022, 12, 31)] * 4


def test_paid_in_part_not_paid_and_paid_too_much(tmp_path: Path) -> None:
    lines = quarters("J1", 2023, "1000", ["2023-01-20", "", "2023-07-20", "2023-10-20"])
    lines[0][5] = "400,50"
    lines[2][5] = "1 100"
    lines[3][5] = "0"
    found = states(read(tmp_path, [post("J1", "L1", "2023", "4000")], lines))
    assert [(state[0].month, state[2]) for state in found[:4]] == [  # type: ignore[attr-defined]
        (month, Decimal(1000)) for month in (1, 4, 7, 10)
    ]
    assert found[4:] == [
        (date(2023, 1, 1), date(2023, 1, 20), Decimal("400.50"), date(2023, 1, 20)),
        (date(2023, 7, 1), date(2023, 7, 20), Decimal(1100), date(2023, 7, 20)),
    ]


def test_another_funder_of_the_same_post(tmp_path: Path) -> None:
    tiers = [*TIERS, tier("888", "Ville de Fictiville", siret(9))]
    state = quarters("J1", 2023, "500", USUAL_DAYS)[:1]
    town = [[*state[0][:6], "888"]]
    unsaid = [[*quarters("J1", 2023, "500", USUAL_DAYS)[1][:6], ""]]
    posts = [post("J1", "L1", "2023", "4000")]
    table = read(tmp_path, posts, [*state, *town, *unsaid], tiers).tables["payments"]
    due = table.filter(pl.col("paid_on").is_null()).sort("source_row")
    assert due["funder_id"].to_list() == ["etat", siren(9), "etat"]
    assert due["payment_id"].n_unique() == 3


def test_a_post_of_another_year_says_who_is_paid(tmp_path: Path) -> None:
    """Only where all its years have the same beneficiary, and not the code of a post unknown."""
    posts = [
        post("J1", "L1", "2022", "4000"),
        post("J2", "L1", "2022", "4000"),
        post("J2", "L2", "2023", "4000"),
    ]
    payments = [
        *quarters("J1", 2024, "1000", ["2024-01-20", "", "", ""])[:1],
        *quarters("J2", 2023, "1000", ["2023-01-20", "", "", ""])[:1],
        *quarters("J2", 2024, "1000", ["2024-01-20", "", "", ""])[:1],
        *quarters("J404", 2023, "1000", ["2023-01-20", "", "", ""])[:1],
    ]
    parsed = read(tmp_path, posts, payments)
    paid = parsed.tables["payments"].filter(pl.col("paid_on").is_not_null())
    assert paid.sort("source_row").select("source_row", "siren").rows() == [
        (6, siren(1)), (7, siren(2)),
    ]  # fmt: skip
    assert refusals(parsed) == [
        (8, "no_identifier", "PosteCode", "J2"),
        (9, "no_identifier", "PosteCode", "J404"),
    ]


def test_a_closed_post(tmp_path: Path) -> None:
    """What was paid was paid; what was not is no longer due. The awarded line says whose it is."""
    posts = [
        post("J1", "L1", "2023", "4000", status="Fermé\u00a0"),
        post("J2", "L1", "2023", "4000", status="Fermé"),
        post("J2", "L2", "2023", "4000", status="attribué "),
        post("J3", "L1", "2023", "4000", status=""),
    ]
    payments = [
        *quarters("J1", 2023, "1000", ["2023-01-20", "", "", ""])[:2],
        *quarters("J2", 2023, "1000", ["", "", "", ""])[:1],
    ]
    parsed = read(tmp_path, posts, payments)
    assert parsed.tables["grants"]["source_row"].to_list() == [4]
    due = parsed.tables["payments"].sort("source_row")
    assert due.select("source_row", "siren", "paid_on").rows() == [
        (7, siren(1), None),
        (7, siren(1), date(2023, 1, 20)),
        (9, siren(2), None),
    ]
    assert refusals(parsed) == [
        (2, "out_of_scope", "PstStatutPosteLibelle", "Fermé"),
        (3, "out_of_scope", "PstStatutPosteLibelle", "Fermé"),
        (5, "out_of_scope", "PstStatutPosteLibelle", None),
        (8, "out_of_scope", "PosteCode", "J1"),
    ]


@pytest.mark.parametrize(
    ("number", "reason", "said"),
    [
        ("", "no_identifier", "aucun SIREN"),
        ("00000000000000", "no_identifier", "aucun SIREN"),
        ("12345678901234", "invalid_identifier", "ni un SIREN"),
        ("1,2E+13", "damaged_identifier", "tableur"),
        ("1234567001", "invalid_identifier", "RIDET"),
        # nine digits whose check digit holds: SIREN or RIDET, nothing tells
        (siren(1), "invalid_identifier", "RIDET"),
    ],
)
def test_the_number_of_the_beneficiary(tmp_path: Path, number: str, reason: str, said: str) -> None:
    parsed = read(
        tmp_path,
        [post("J1", "L9", "2023", "4000")],
        quarters("J1", 2023, "1000", USUAL_DAYS)[:1],
        [tier("L9", "SANS NUMÉRO", number)],
    )
    assert refusals(parsed) == [
        (2, reason, "SiretOuRidet", number or None),
        (4, reason, "SiretOuRidet", number or None),
    ]
    assert parsed.rejects["message"].str.contains(said).all()


def test_a_number_with_spaces_is_read(tmp_path: Path) -> None:
    spaced = f"{siret(1)[:3]} {siret(1)[3:6]} {siret(1)[6:9]} {siret(1)[9:]}"
    parsed = read(tmp_path, [post("J1", "L9", "2023", "1")], tiers=[tier("L9", "A", spaced)])
    assert parsed.tables["grants"]["siren"].to_list() == [siren(1)]


def test_a_beneficiary_unknown_or_with_two_numbers(tmp_path: Path) -> None:
    tiers = [
        tier("L1", "A", siret(1)),
        tier("L1", "A", siret(2)),
        # the same number twice is one number
        tier("L2", "B", siret(3)),
        tier("L2", "B bis", siret(3)),
    ]
    posts = [post("J1", code, "2023", "1") for code in ("L1", "L2", "L404")]
    parsed = read(tmp_path, posts, tiers=tiers)
    assert parsed.tables["grants"]["siren"].to_list() == [siren(3)]
    assert refusals(parsed) == [
        (2, "invalid_identifier", "SiretOuRidet", siret(1)),
        (4, "no_identifier", "AssociationBeneficiaireCode", "L404"),
    ]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({0: "", 1: "", 2: "", 3: "", 4: "", 5: "", 6: ""}, ("empty_line", "", None)),
        ({1: ""}, ("no_date", "PeriodeDebut", None)),
        ({1: "2023"}, ("bad_date", "PeriodeDebut", "2023")),
        ({2: "2022-12-31"}, ("bad_date", "PeriodeFin", "2022-12-31")),
        ({3: "2023-02-30"}, ("bad_date", "DateVersement", "2023-02-30")),
        ({3: "2020-01-26"}, ("bad_date", "DateVersement", "2020-01-26")),
        ({3: "2023"}, ("bad_date", "DateVersement", "2023")),
        # paid, nobody knows when: neither due nor settled
        ({3: ""}, ("no_date", "DateVersement", None)),
        ({5: ""}, ("no_amount", "MontantPaye", None)),
        ({5: "mille ?"}, ("bad_amount", "MontantPaye", "mille ?")),
        ({4: ""}, ("no_amount", "MontantAPayer", None)),
        ({4: "mille"}, ("bad_amount", "MontantAPayer", "mille")),
        ({4: "-300", 5: "-300"}, ("out_of_scope", "MontantAPayer", "-300")),
        ({5: "-300"}, ("out_of_scope", "MontantPaye", "-300")),
        ({4: "0", 5: "0"}, ("out_of_scope", "MontantAPayer", "0")),
    ],
)
def test_instalments_that_are_not_kept(
    tmp_path: Path, changed: dict[int, str], expected: tuple[str, str, str | None]
) -> None:
    line = quarters("J1", 2023, "1000", USUAL_DAYS)[0]
    for place, value in changed.items():
        line[place] = value
    sound = quarters("J1", 2023, "1000", USUAL_DAYS)[1]
    parsed = read(tmp_path, [post("J1", "L1", "2023", "4000")], [line, sound])
    assert refusals(parsed) == [(4, *expected)]
    assert parsed.tables["payments"]["source_row"].to_list() == [5, 5]


@pytest.mark.parametrize(
    ("place", "value", "expected"),
    [
        (8, "", ("no_date", "Annee", None)),
        (8, "17", ("bad_date", "Annee", "17")),
        (9, "", ("no_amount", "MontantSubvention", None)),
        (9, "?!x", ("bad_amount", "MontantSubvention", "?!x")),
        (9, "0", ("out_of_scope", "MontantSubvention", "0")),
        (6, "", ("no_identifier", "AssociationBeneficiaireCode", None)),
    ],
)
def test_posts_that_are_not_kept(
    tmp_path: Path, place: int, value: str, expected: tuple[str, str, str | None]
) -> None:
    line = post("J1", "L1", "2023", "4000")
    line[place] = value
    assert refusals(read(tmp_path, [line])) == [(2, *expected)]


def test_exact_copies(tmp_path: Path) -> None:
    posts = [post("J1", "L1", "2023", "4000")] * 2
    payments = quarters("J1", 2023, "1000", USUAL_DAYS)[:1] * 2
    parsed = read(tmp_path, posts, payments)
    assert [row[:2] for row in refusals(parsed)] == [(3, "duplicate_line"), (6, "duplicate_line")]


def test_the_day_known_can_be_imposed(tmp_path: Path) -> None:
    parsed = read(
        tmp_path,
        [post("J1", "L1", "2023", "4000")],
        quarters("J1", 2023, "1000", USUAL_DAYS),
        options=ReadOptions(known_on=date(2025, 3, 1)),
    )
    for table in parsed.tables.values():
        assert table["known_on"].unique().to_list() == [date(2025, 3, 1)]


def test_without_labels(tmp_path: Path) -> None:
    """The two sheets of labels are not needed."""
    sheets = export({"Tiers": TIERS, "Poste": [post("J1", "L1", "2023", "1")], "Versement": []})
    del sheets["Dispositif"], sheets["TypePoste"]
    facts = parse(workbook(tmp_path / "f.xlsx", sheets)).tables["grants"]
    assert facts.select("programme", "purpose").row(0) == ("163", "Poste FONJEP")


@pytest.mark.parametrize("lost", ["Tiers", "Poste", "Versement"])
def test_a_sheet_that_is_needed_is_missing(tmp_path: Path, lost: str) -> None:
    sheets = export({"Tiers": TIERS, "Poste": [post("J1", "L1", "2023", "1")]})
    del sheets[lost]
    with pytest.raises(SourceError) as error:
        fonjep.read(workbook(tmp_path / "f.xlsx", sheets), ReadOptions())
    assert error.value.code == "source-header"
    assert lost in str(error.value.expected)


def test_a_json_object_of_five_lists_gives_the_same_facts(tmp_path: Path) -> None:
    text, book = made.make(tmp_path)
    assert [fonjep.sniff(sample_of(path)) for path in (text, book)] == [CERTAIN, CERTAIN]
    from_text, from_book = parse(text), parse(book)
    assert from_text.rows_in == from_book.rows_in == 31
    for name, table in from_book.tables.items():
        assert table.drop("source_row").equals(from_text.tables[name].drop("source_row"))
    # Nine posts: closed, overseas, without a number.
    assert from_book.tables["grants"].height == 6
    # Twenty instalments, five of them unpaid; one of a post unknown, one taken back.
    assert from_book.tables["payments"].height == 20 + 15
    other = tmp_path / "autre.csv"
    other.write_text(f"Code;Libelle\nFONJEP;{siret(1)}\n", "utf-8")
    assert fonjep.sniff(sample_of(other)) == NO


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "rows", "reasons"),
    [
        ("fonjep.xlsx", 10, {"no_identifier": 10}),
        ("fonjep-new.xlsx", 16, {"invalid_identifier": 15, "out_of_scope": 1}),
        ("fonjep-one-code-full.xlsx", 15, {"invalid_identifier": 15}),
    ],
)
def test_real_layouts(shared_data: Path, name: str, rows: int, reasons: dict[str, int]) -> None:
    folder = shared_data / "state_exports"
    path = folder / name
    if not path.is_file():
        pytest.skip(f"no export at {path}")
    assert fonjep.sniff(sample_of(path)) == CERTAIN
    parsed = parse(path)
    # All the numbers of beneficiaries are masked.
    assert parsed.rows_in == rows
    assert dict(parsed.rejects.group_by("reason").len().iter_rows()) == reasons
    claimed = [p.name for p in sorted(folder.iterdir()) if fonjep.sniff(sample_of(p))]
    assert claimed == ["fonjep-new.xlsx", "fonjep-one-code-full.xlsx", "fonjep.xlsx"]
