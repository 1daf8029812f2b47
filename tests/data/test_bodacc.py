"""BODACC: which notices are events, whatever their shape, date and court."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from data.sources import bodacc
from data.sources.base import CERTAIN, NO, ReadOptions, SourceError
from data.sources.blocks import open_blocks
from data.sources.bodacc_text import class_of
from data.sources.sample import sample_of
from tests.data.bodacc_files import (
    OPENING,
    A,
    B,
    C,
    check,
    judgment,
    notice,
    parse,
    previous,
    spaced,
)
from tests.data.bodacc_sets import FAMILY, NATURE


def test_shapes_say_the_same(tmp_path: Path) -> None:
    one, two = notice(1), notice(2, registre=f"{spaced(B)},{B}")
    results = parse(tmp_path, one, two).tables["events"]
    assert results["siren"].to_list() == [A, B]
    assert results["notice_id"].to_list() == ["A202100301", "A202100302"]
    assert results["kind"].unique().to_list() == ["liquidation"]
    assert results["occurred_on"].unique().to_list() == [date(2021, 2, 4)]
    assert results["known_on"].unique().to_list() == [date(2021, 2, 12)]

    records = tmp_path / "v1.json"
    records.write_text(json.dumps({"records": [{"fields": one}, {"fields": two}]}))
    assert check(bodacc.read(records, ReadOptions())).tables["events"].equals(results)

    table = tmp_path / "export.csv"
    write_csv(table, one | {"registre": f"{A},{spaced(A)}"}, two)
    parsed = check(bodacc.read(table, ReadOptions()), first=2)
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
    parsed = check(bodacc.read(flat, ReadOptions()))
    assert parsed.tables["events"].drop("notice_id").equals(results.drop("notice_id"))
    assert parsed.tables["events"]["notice_id"].to_list() == ["A2021-02-12/1", "A2021-02-12/2"]
    for path in (records, table, flat):
        assert bodacc.sniff(sample_of(path)) == CERTAIN


def write_csv(path: Path, *notices: dict[str, object], times: int = 1) -> None:
    names = dict.fromkeys(name for one in notices for name in one)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, names, delimiter=";")
        writer.writeheader()
        for _ in range(times):
            writer.writerows(notices)


def test_the_answer_of_the_directory(tmp_path: Path) -> None:
    def answered(number: int, title: str, details: str) -> dict[str, object]:
        return {
            "titre": title,
            "sousTitre": "BODACC B n°20210031",
            "typeAvisLibelle": "Avis initial",
            "numeroAnnonce": number,
            "datePublication": "2021-02-16",
            "details": details,
        }

    path = tmp_path / "answer.json"
    notices = [answered(7, "Radiations", ""), answered(8, "Dépôts des comptes 2020", "Comptes")]
    path.write_text(json.dumps({"args": [A], "result": {"annonces": notices}}))
    parsed = check(bodacc.read(path, ReadOptions()))
    columns = parsed.tables["events"].select("siren", "kind", "occurred_on", "notice_id")
    assert columns.rows() == [(A, "cessation", date(2021, 2, 16), "B202100317")]
    assert parsed.rejects["reason"].to_list() == ["out_of_scope"]
    assert bodacc.sniff(sample_of(path)) == CERTAIN
    path.write_text(json.dumps({"args": [A, B], "result": {"annonces": notices}}))
    with pytest.raises(SourceError):
        bodacc.read(path, ReadOptions())


def test_the_court_of_associations(tmp_path: Path) -> None:
    text = "Ouvre les opérations de la liquidation judiciaire - Liquidateur : DUPONT Jeanne"
    said = judgment(famille=FAMILY, nature=NATURE, complementJugement=text)
    delays = judgment(famille=FAMILY, nature=NATURE, complementJugement="Proroge")
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
        notice(11, dateparution="2021"),
        notice(12, familleavis="modification", jugement=None, modificationsgenerales="{}"),
    )
    assert parsed.rejects.select("source_row", "column", "reason").rows() == [
        (2, "registre", "no_identifier"),
        (3, "registre", "invalid_identifier"),
        (4, "dateparution", "no_date"),
        (5, "dateparution", "bad_date"),
        (6, "", "out_of_scope"),
        (7, "", "out_of_scope"),
        (8, "", "duplicate_line"),
        (9, "", "out_of_scope"),
        (10, "", "out_of_scope"),
        (11, "dateparution", "bad_date"),
        (12, "", "out_of_scope"),
    ]


def test_lines_cut_elsewhere_than_the_header(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    write_csv(path, notice(1, registre=A), notice(2, registre=B))
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    path.write_text("\n".join([*lines, lines[2] + ";de trop", "20210030;A"]), encoding="utf-8")
    parsed = check(bodacc.read(path, ReadOptions()), first=2)
    assert parsed.tables["events"]["source_row"].to_list() == [2, 3]
    assert parsed.rejects["reason"].to_list() == ["wrong_field_count"] * 2


def test_the_number_may_stand_with_the_persons_only(tmp_path: Path) -> None:
    persons = {"personne": {"typePersonne": "pm", "numeroImmatriculation": {}}}
    persons["personne"]["numeroImmatriculation"] = {"numeroIdentification": f"{A[:3]} {A[3:]}"}
    parsed = parse(tmp_path, notice(1, registre=None, listepersonnes=json.dumps(persons)))
    assert parsed.tables["events"]["siren"].to_list() == [A]


def test_removal_and_dissolution(tmp_path: Path) -> None:
    removal = {"radiationPM": {"dateCessationActivitePM": "2021-01-31"}}
    merged = {"radiationPM": "O", "commentaire": "Radiation : fusion absorption"}
    change = {"descriptif": "Dissolution anticipée de la société"}
    parsed = parse(
        tmp_path,
        notice(1, familleavis="radiation", jugement=None, radiationaurcs=json.dumps(removal)),
        notice(
            2, familleavis="modification", jugement=None, modificationsgenerales=json.dumps(change)
        ),
        notice(3, familleavis="radiation", jugement=None, radiationaurcs=json.dumps(merged)),
    )
    assert parsed.tables["events"].select("kind", "occurred_on").rows() == [
        ("cessation", date(2021, 1, 31)),
        ("dissolution", date(2021, 2, 12)),
        ("merger", date(2021, 2, 12)),
    ]


def test_the_day_known_can_be_given(tmp_path: Path) -> None:
    corrected = notice(2, typeavis="annulation", parutionavisprecedent=previous(1))
    parsed = parse(tmp_path, notice(1), corrected, options=ReadOptions(known_on=date(2022, 1, 1)))
    assert parsed.tables["events"]["known_on"].to_list() == [date(2022, 1, 1)]
    assert parsed.tables["retractions"]["known_on"].to_list() == [date(2022, 1, 1)]


@pytest.mark.parametrize("text", ["", "[]", "{}", "a;b\n1;2\n", '{"results": 3}', "\x00\x01"])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SourceError):
        bodacc.read(path, ReadOptions())
    assert bodacc.sniff(sample_of(path)) == NO


def test_an_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        bodacc.read(tmp_path / "none.json", ReadOptions())


def test_a_large_export_is_read_by_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # What a notice says must not depend on the piece where it, or the one it corrects, falls.
    rows = [notice(at, registre=[A, B, C][at % 3]) for at in range(1, 60)]
    rows[50] = notice(51, registre=A, typeavis="annulation", dateparution="2021-03-01")
    rows[55] = notice(1, registre=B)
    rows[57] = notice(58, typeavis="rectificatif", parutionavisprecedent=previous(2))
    path = tmp_path / "export.csv"
    write_csv(path, *rows)
    whole = check(bodacc.read(path, ReadOptions()), first=2)
    monkeypatch.setattr("data.sources.bodacc_shapes.LARGE_BYTES", 0)
    for size, value in {"large": 0, "block": 4_000, "chunk": 2_000}.items():
        monkeypatch.setitem(open_blocks.__kwdefaults__, size, value)
    pieces = list(bodacc.parts(path, ReadOptions()))
    assert len(pieces) > 3
    assert sum(piece.rows_in for piece in pieces) == 59
    for name in ("events", "retractions"):
        assert pl.concat(piece.tables[name] for piece in pieces).equals(whole.tables[name])
    assert pl.concat(piece.rejects for piece in pieces).equals(whole.rejects)
    assert whole.tables["retractions"].select("notice_id", "source_row").rows() == [
        ("A2021003057", 52),
        ("A202100302", 59),
    ]
    assert whole.rejects["reason"].to_list() == ["duplicate_line"]


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
    # The producer's own count of closings for lack of assets.
    assert kinds["closure"] >= 923


@pytest.mark.real
def test_every_notice_of_the_courts_of_associations_is_in_a_class(shared_data: Path) -> None:
    path = shared_data / "bodacc" / "bodacc_pcl_2026-02_union.json"
    if not path.is_file():
        pytest.skip(f"no notices at {path}")
    found: Counter[str] = Counter()
    for record in json.loads(path.read_text(encoding="utf-8")):
        said = json.loads(record["contenu"])
        if said["nature"] == NATURE and "Judiciaire" in record["tribunal"]:
            found[class_of(said["famille"], NATURE, said.get("complementJugement", ""))] += 1
    assert found == {"opening": 97, "conversion": 21, "plan": 8, "closure": 47, "other": 50}


@pytest.mark.real
@pytest.mark.parametrize("name", ["annuaire_fixture_bodacc.json", "ganymede-bodacc.json"])
def test_published_answers(shared_data: Path, name: str) -> None:
    path = shared_data / "bodacc" / name
    if not path.is_file():
        pytest.skip(f"no answer at {path}")
    parsed = check(bodacc.read(path, ReadOptions()))
    assert parsed.tables["events"].select("kind", "notice_id").rows() == [
        ("cessation", "B20220227446")
    ]
    assert parsed.rejects["reason"].to_list() == ["out_of_scope"] * 2
