"""BODACC: which notices are events, whatever their shape, date, court and later corrections."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from data.contracts import conform
from data.identifiers import is_siren
from data.sources import bodacc
from data.sources.base import Parsed, ReadOptions, SourceError
from data.sources.bodacc_text import kind_of, kind_of_change, kind_of_removal

A, B, C = [s for n in range(100_000_000, 100_000_100) if is_siren(s := str(n))][:3]
SHORT = {
    "E": "Extrait de jugement",
    "A": "Autre jugement et ordonnance",
    "P": "Jugement prononçant",
    "AP": "Autre jugement prononçant",
}
OPENING = {
    "type": "initial",
    "famille": "Jugement d'ouverture",
    "nature": "Jugement d'ouverture de liquidation judiciaire",
    "date": "2021-02-04",
    "complementJugement": "Jugement prononçant la liquidation judiciaire",
}


def truth() -> list[tuple[str, str, str, str]]:
    """Return the hand-labelled notices: label, family, nature, text."""
    path = Path(__file__).with_name("bodacc_truth.psv")
    rows = [
        line.split("|", 3)
        for line in path.read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    return [(a, SHORT.get(b, b), SHORT.get(c, c), d) for a, b, c, d in rows]


def test_the_classifier_against_the_hand_labels() -> None:
    rows = truth()
    confusion = Counter((label, kind_of(f, n, text) or "other") for label, f, n, text in rows)
    assert len(rows) >= 150
    assert {label for label, _, _, _ in rows} == {
        "liquidation", "receivership", "safeguard", "plan", "closure", "other",
    }  # fmt: skip
    assert {pair: n for pair, n in confusion.items() if pair[0] != pair[1]} == {}


def test_the_classifier_does_not_depend_on_accents_case_or_encoding() -> None:
    for label, family, nature, text in truth():
        variants = [text.upper(), "  " + text.replace(" ", "  ")]
        damaged = text.encode("utf-8").decode("cp1252", "ignore")
        whole = damaged.encode("cp1252", "ignore") == text.encode("utf-8")
        if whole and "Ã" not in text:
            variants.append(damaged)
        for variant in variants:
            assert (kind_of(family, nature, variant) or "other") == label, variant


def test_removals_and_changes() -> None:
    assert kind_of_removal("radiation d'office") == "cessation"
    assert kind_of_removal("") == "cessation"
    assert kind_of_removal("Transfert du siège hors du ressort") is None
    assert kind_of_removal("Fusion absorption par la société LE PONT") == "merger"
    assert kind_of_change("Dissolution anticipée à compter du 1er mars 2021") == "dissolution"
    assert kind_of_change("dissolution sans liquidation, transmission universelle") == "merger"
    assert kind_of_change("Fusion : LE PONT absorbe LA RUCHE") is None
    assert kind_of_change("Modification de la dénomination") is None


def notice(number: int, **changes: object) -> dict[str, object]:
    return {
        "id": f"A20210030{number}",
        "publicationavis": "A",
        "parution": "20210030",
        "dateparution": "2021-02-12",
        "numeroannonce": number,
        "typeavis": "annonce",
        "familleavis": "collective",
        "registre": [A, f"{A[:3]} {A[3:6]} {A[6:]}"],
        "jugement": json.dumps(OPENING),
    } | changes


def judgment(**changes: str) -> str:
    return json.dumps(OPENING | changes, ensure_ascii=False)


def parse(
    tmp_path: Path, *notices: dict[str, object], options: ReadOptions | None = None
) -> Parsed:
    path = tmp_path / "notices.json"
    path.write_text(json.dumps({"total_count": 1, "results": list(notices)}), encoding="utf-8")
    return check(bodacc.read(path, options or ReadOptions()))


def check(parsed: Parsed) -> Parsed:
    kept = set(parsed.tables["events"]["source_row"].to_list())
    rejected = parsed.rejects["source_row"].to_list()
    assert len(rejected) == len(set(rejected))
    assert sorted([*kept, *rejected]) == list(range(1, parsed.rows_in + 1))
    conform(parsed.tables["events"], "events")
    return parsed


def test_shapes_say_the_same(tmp_path: Path) -> None:
    one, two = notice(1), notice(2, registre=f"{B[:3]} {B[3:6]} {B[6:]},{B}")
    results = parse(tmp_path, one, two).tables["events"]
    assert results["siren"].to_list() == [A, B]
    assert results["kind"].unique().to_list() == ["liquidation"]
    assert results["occurred_on"].unique().to_list() == [date(2021, 2, 4)]
    assert results["known_on"].unique().to_list() == [date(2021, 2, 12)]

    records = tmp_path / "v1.json"
    records.write_text(json.dumps({"records": [{"fields": one}, {"fields": two}]}))
    assert check(bodacc.read(records, ReadOptions())).tables["events"].equals(results)

    table = tmp_path / "export.csv"
    with table.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, one.keys(), delimiter=";")
        writer.writeheader()
        writer.writerow(one | {"registre": f"{A},{A[:3]} {A[3:6]} {A[6:]}"})
        writer.writerow(two)
    parsed = bodacc.read(table, ReadOptions())
    assert parsed.tables["events"].drop("source_row").equals(results.drop("source_row"))
    assert parsed.tables["events"]["source_row"].to_list() == [2, 3]

    flat = tmp_path / "flat.json"
    flat.write_text(
        json.dumps(
            [
                {
                    "id": "",
                    "date_parution": "2021-02-12",
                    "numero_annonce": at,
                    "type_annonce": "Avis initial",
                    "famille": "Procédures collectives",
                    "registre": [siren],
                    "contenu": json.dumps(OPENING),
                }
                for at, siren in enumerate((A, B), 1)
            ]
        )
    )
    assert check(bodacc.read(flat, ReadOptions())).tables["events"].equals(results)


def test_the_court_of_associations(tmp_path: Path) -> None:
    text = "Ouvre les opérations de la liquidation judiciaire - Liquidateur : DUPONT Jeanne"
    said = judgment(famille=SHORT["E"], nature=SHORT["A"], complementJugement=text)
    delays = judgment(famille=SHORT["E"], nature=SHORT["A"], complementJugement="Proroge")
    parsed = parse(tmp_path, notice(1, jugement=said), notice(2, jugement=delays))
    assert parsed.tables["events"]["kind"].to_list() == ["liquidation"]
    assert parsed.rejects["reason"].to_list() == ["out_of_scope"]


def test_several_structures_in_a_notice(tmp_path: Path) -> None:
    parsed = parse(tmp_path, notice(1, registre=[A, B, C, B]), notice(2, registre=A))
    assert parsed.tables["events"]["siren"].to_list() == [A, B, C, A]
    assert parsed.tables["events"]["source_row"].to_list() == [1, 1, 1, 2]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2021-02-04", date(2021, 2, 4)),
        ("04/02/2021", date(2021, 2, 4)),
        ("10 décembre 2009", date(2009, 12, 10)),
        ("1er janvier 2020", date(2020, 1, 1)),
        ("0009-12-02", date(2021, 2, 12)),
        ("5025-05-27", date(2021, 2, 12)),
        ("2021-02-13", date(2021, 2, 12)),
        ("2021-02-30", date(2021, 2, 12)),
        ("un jour", date(2021, 2, 12)),
        ("", date(2021, 2, 12)),
    ],
)
def test_dates(tmp_path: Path, text: str, day: date) -> None:
    # Another notice fixes the order of day and month of the column.
    events = parse(tmp_path, notice(1, jugement=judgment(date=text))).tables["events"]
    assert events["occurred_on"].to_list() == [day]


def test_every_reason(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path,
        notice(1),
        notice(2, registre=None),
        notice(3, registre=["123456789"]),
        notice(4, dateparution=None),
        notice(5, dateparution="hier"),
        notice(6, familleavis="creation", jugement=None),
        notice(7, familleavis="dpc", jugement=None),
        notice(1),
        notice(9, jugement="{pas du json"),
        notice(10, jugement=None),
    )
    assert parsed.rejects["reason"].to_list() == [
        "no_identifier",
        "invalid_identifier",
        "no_date",
        "bad_date",
        "out_of_scope",
        "out_of_scope",
        "duplicate_line",
        "out_of_scope",
        "out_of_scope",
    ]


def test_the_number_may_stand_with_the_persons_only(tmp_path: Path) -> None:
    persons = {"personne": {"typePersonne": "pm", "numeroImmatriculation": {}}}
    persons["personne"]["numeroImmatriculation"] = {"numeroIdentification": f"{A[:3]} {A[3:]}"}
    parsed = parse(tmp_path, notice(1, registre=None, listepersonnes=json.dumps(persons)))
    assert parsed.tables["events"]["siren"].to_list() == [A]


def previous(number: int) -> str:
    return json.dumps(
        {"nomPublication": "BODACC A", "numeroParution": "20210030", "numeroAnnonce": f"0{number}"}
    )


def test_a_correction_with_a_reference(tmp_path: Path) -> None:
    receivership = judgment(
        nature="Jugement d'ouverture d'une procédure de redressement judiciaire"
    )
    parsed = parse(
        tmp_path,
        notice(1),
        notice(2, registre=[B]),
        notice(
            3, typeavis="rectificatif", jugement=receivership, parutionavisprecedent=previous(1)
        ),
        notice(4, typeavis="annulation", registre=[B], parutionavisprecedent=previous(2)),
    )
    events = parsed.tables["events"]
    assert events.select("siren", "kind").rows() == [(A, "receivership")]
    assert parsed.rejects["message"].str.contains("rectificatif|annul").all()


def test_a_reference_names_its_bulletin(tmp_path: Path) -> None:
    other = notice(1, id="", publicationavis="B", registre=[B])
    gone = {"radiationPM": {"commentaire": "Rapport de la radiation d'office"}}
    parsed = parse(
        tmp_path,
        notice(1, id=""),
        other,
        notice(4, typeavis="annulation", registre=[C], parutionavisprecedent=previous(1)),
        notice(5, registre=[C], familleavis="radiation", radiationaurcs="{}"),
        notice(
            6,
            registre=[C],
            familleavis="radiation",
            typeavis="rectificatif",
            radiationaurcs=json.dumps(gone),
            parutionavisprecedent=previous(5),
        ),
    )
    assert parsed.tables["events"]["siren"].to_list() == [B]


def test_a_correction_without_reference(tmp_path: Path) -> None:
    later = {"dateparution": "2021-03-01", "parution": "20210040"}
    parsed = parse(
        tmp_path,
        notice(1),
        notice(2, registre=[B]),
        notice(3, registre=[C]),
        notice(4, typeavis="rectificatif", jugement=judgment(date="2021-02-05"), **later),
        notice(5, typeavis="annulation", registre=[B], **later),
        notice(
            6,
            registre=[C],
            jugement=judgment(famille="Rétractation sur tierce opposition"),
            **later,
        ),
        # Nothing earlier to correct: kept, or dropped, alone.
        notice(7, registre=[C], typeavis="rectificatif", dateparution="2020-01-01"),
    )
    events = parsed.tables["events"].select("siren", "occurred_on", "source_row").rows()
    assert events == [(A, date(2021, 2, 5), 4), (C, date(2020, 1, 1), 7)]


def test_removal_and_dissolution(tmp_path: Path) -> None:
    removal = {"radiationPM": {"dateCessationActivitePM": "2021-01-31"}}
    change = {"descriptif": "Dissolution anticipée de la société"}
    parsed = parse(
        tmp_path,
        notice(1, familleavis="radiation", jugement=None, radiationaurcs=json.dumps(removal)),
        notice(
            2, familleavis="modification", jugement=None, modificationsgenerales=json.dumps(change)
        ),
    )
    events = parsed.tables["events"].select("kind", "occurred_on").rows()
    assert events == [("cessation", date(2021, 1, 31)), ("dissolution", date(2021, 2, 12))]


def test_the_day_known_can_be_given(tmp_path: Path) -> None:
    parsed = parse(tmp_path, notice(1), options=ReadOptions(known_on=date(2022, 1, 1)))
    assert parsed.tables["events"]["known_on"].to_list() == [date(2022, 1, 1)]


@pytest.mark.parametrize("text", ["", "[]", "{}", "a;b\n1;2\n", '{"results": 3}', "\x00\x01"])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SourceError):
        bodacc.read(path, ReadOptions())


def test_an_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        bodacc.read(tmp_path / "none.json", ReadOptions())


@pytest.mark.real
def test_a_published_window(shared_data: Path) -> None:
    path = shared_data / "bodacc" / "bodacc_pcl_2026-02_union.json"
    if not path.is_file():
        pytest.skip(f"no notices at {path}")
    parsed = check(bodacc.read(path, ReadOptions()))
    kinds = Counter(parsed.tables["events"]["kind"].to_list())
    assert parsed.rows_in == 3573
    assert kinds["liquidation"] > 1200
    assert kinds["receivership"] > 350
    # The producer's own count of closings for lack of assets, one of them cancelled.
    assert kinds["closure"] >= 923


@pytest.mark.real
@pytest.mark.parametrize("name", ["annuaire_fixture_bodacc.json", "ganymede-bodacc.json"])
def test_published_answers(shared_data: Path, name: str) -> None:
    path = shared_data / "bodacc" / name
    if not path.is_file():
        pytest.skip(f"no answer at {path}")
    parsed = check(bodacc.read(path, ReadOptions()))
    assert parsed.tables["events"]["kind"].to_list() == ["cessation"]
    assert parsed.rejects["reason"].to_list() == ["out_of_scope"] * 2
