"""JOAFE: ends of associations by RNA number, mergers told apart, annulments."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from data.sources import joafe, joafe_accounts, joafe_notices
from data.sources.base import CERTAIN, NO, POSSIBLE, Parsed, ReadOptions, SourceError
from data.sources.blocks import open_blocks
from data.sources.sample import sample_of
from tests.data.bodacc_files import check
from tests.data.samples.joafe import deposit, make, notice, rna

PUBLISHED, DECLARED = date(2020, 3, 14), date(2020, 3, 2)


def parse(tmp_path: Path, *notices: dict[str, str], options: ReadOptions | None = None) -> Parsed:
    path = tmp_path / "notices.json"
    path.write_text(json.dumps({"results": list(notices)}, ensure_ascii=False), encoding="utf-8")
    return check(joafe.read(path, options or ReadOptions()))


def content(**act: str) -> str:
    return json.dumps({"assoLoi1901": {"dissolution": act}}, ensure_ascii=False)


def test_dissolutions(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path, notice(1), notice(2, "Création"), notice(3, "Modification"), deposit(4)
    )
    events = parsed.tables["events"]
    assert events.select(
        "siren", "rna", "kind", "occurred_on", "notice_id", "known_on", "source", "source_row"
    ).rows() == [(None, rna(1), "dissolution", DECLARED, f"JOAFE-{rna(1)}", PUBLISHED, "joafe", 1)]
    assert parsed.rejects["reason"].to_list() == ["out_of_scope"] * 3
    assert "joafe_accounts" in parsed.rejects["message"][2]


@pytest.mark.parametrize(
    ("declared", "day"),
    [
        ("2020-03-02", DECLARED),
        ("02/03/2020", DECLARED),
        ("2020-03-14", PUBLISHED),
        ("2020-03-15", PUBLISHED),
        ("2010-03-02", PUBLISHED),
        ("0001-01-01", PUBLISHED),
        ("2020", PUBLISHED),
        ("", PUBLISHED),
    ],
)
def test_the_day_of_the_declaration_where_it_is_plausible(
    tmp_path: Path, declared: str, day: date
) -> None:
    parsed = parse(tmp_path, notice(1, datedeclaration=declared))
    assert parsed.tables["events"]["occurred_on"].to_list() == [day]
    assert parsed.tables["events"]["known_on"].to_list() == [PUBLISHED]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({"contenu": content(titre="LA RUCHE", motif="Fusion-absorption par LE PONT")}, "merger"),
        ({"contenu": content(motif="absorbée par LE PONT")}, "merger"),
        ({"typeavis": "Dissolution par fusion"}, "merger"),
        # A name or an aim may speak of fusion.
        ({"contenu": content(titre='FUSION "DANSE"', objet="la fusion des arts")}, "dissolution"),
        ({"contenu": content(ancienTitre="FUSION", sigle="FUSION")}, "dissolution"),
        ({"contenu": "{pas du json"}, "dissolution"),
        ({"contenu": ""}, "dissolution"),
    ],
)
def test_mergers_are_told_apart(tmp_path: Path, said: dict[str, str], kind: str) -> None:
    assert parse(tmp_path, notice(1, **said)).tables["events"]["kind"].to_list() == [kind]


def test_every_reason(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path,
        notice(1),
        notice(2, numero_rna=""),
        notice(3, numero_rna="ASS00003"),
        notice(4, dateparution=""),
        notice(5, dateparution="5025-05-27"),
        notice(6, dateparution="2020"),
        notice(1),
    )
    assert parsed.tables["events"]["source_row"].to_list() == [1]
    assert parsed.rejects.select("source_row", "column", "value", "reason").rows() == [
        (2, "numero_rna", None, "no_identifier"),
        (3, "numero_rna", "ASS00003", "invalid_identifier"),
        (4, "dateparution", None, "no_date"),
        (5, "dateparution", "5025-05-27", "bad_date"),
        (6, "dateparution", "2020", "bad_date"),
        (7, "", None, "duplicate_line"),
    ]


def test_an_annulment_takes_the_dissolution_back_from_its_own_day(tmp_path: Path) -> None:
    later = {"dateparution": "2020-05-02", "id": "202000180001"}
    parsed = parse(
        tmp_path,
        notice(1),
        notice(1, etatavis="Annulation", **later),
        # A dissolution corrected remains one; an annulled creation is no end.
        notice(2, etatavis="Rectificatif"),
        notice(3, "Création", etatavis="Annulation"),
        # The dissolution may be in another file.
        notice(9, etatavis="Annulation"),
    )
    assert parsed.tables["events"].select("rna", "known_on").rows() == [
        (rna(1), PUBLISHED),
        (rna(2), PUBLISHED),
    ]
    assert parsed.tables["retractions"].select("notice_id", "known_on", "source_row").rows() == [
        (f"JOAFE-{rna(1)}", date(2020, 5, 2), 2),
        (f"JOAFE-{rna(9)}", PUBLISHED, 5),
    ]
    assert parsed.rejects["source_row"].to_list() == [4]


def test_the_day_known_can_be_given(tmp_path: Path) -> None:
    options = ReadOptions(known_on=date(2024, 1, 1))
    parsed = parse(tmp_path, notice(1), notice(2, etatavis="Annulation"), options=options)
    assert parsed.tables["events"]["known_on"].to_list() == [date(2024, 1, 1)]
    assert parsed.tables["retractions"]["known_on"].to_list() == [date(2024, 1, 1)]


def test_no_title_is_read(tmp_path: Path) -> None:
    parsed = parse(tmp_path, notice(1), notice(2, numero_rna=""))
    shown = str([*(table.rows() for table in parsed.tables.values()), parsed.rejects.rows()])
    assert "RUCHE" not in shown


def test_every_shape(tmp_path: Path) -> None:
    export, api, answer, old, new = make(tmp_path)
    for path in (export, api, answer, old, new):
        assert joafe.sniff(sample_of(path)) == CERTAIN, path.name
    of_table = check(joafe.read(export, ReadOptions()), first=2)
    of_api = check(joafe.read(api, ReadOptions()))
    for name, table in of_api.tables.items():
        assert of_table.tables[name].drop("source_row").equals(table.drop("source_row"))
    assert of_api.tables["events"]["kind"].to_list() == ["dissolution"] * 10 + ["merger"]

    parsed = check(joafe.read(answer, ReadOptions()))
    assert parsed.tables["events"].select("rna", "occurred_on").rows() == [(rna(20), PUBLISHED)]

    parsed = check(joafe.read(old, ReadOptions()))
    columns = parsed.tables["events"].select("rna", "occurred_on", "known_on", "source_row")
    assert columns.rows() == [(rna(n), date(2015, 6, 22), date(2015, 7, 4), n) for n in (3, 4, 5)]
    assert parsed.tables["retractions"]["notice_id"].to_list() == [f"JOAFE-{rna(6)}"]

    parsed = check(joafe.read(new, ReadOptions()))
    columns = parsed.tables["events"].select("rna", "occurred_on", "known_on", "source_row")
    assert columns.rows() == [(rna(n), date(2024, 12, 20), date(2025, 1, 7), n) for n in (3, 4)]


def test_a_large_export_is_read_by_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "export.csv"
    rows = [notice(at) for at in range(1, 60)] + [notice(3)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0], delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    whole = check(joafe.read(path, ReadOptions()), first=2)
    for size, value in {"large": 0, "block": 4_000, "chunk": 2_000}.items():
        monkeypatch.setitem(open_blocks.__kwdefaults__, size, value)
    pieces = list(joafe.parts(path, ReadOptions()))
    assert len(pieces) > 2
    assert pl.concat(piece.tables["events"] for piece in pieces).equals(whole.tables["events"])
    assert pl.concat(piece.rejects for piece in pieces).equals(whole.rejects)
    assert whole.rejects["reason"].to_list() == ["duplicate_line"]


def test_an_issue_comes_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = make(tmp_path)[3]
    monkeypatch.setattr(joafe_notices, "_NOTICES_AT_ONCE", 4)
    assert [piece.rows_in for piece in joafe.parts(old, ReadOptions())] == [4, 2]


def test_deposits_of_accounts_are_left_to_their_own_reader(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"results": [deposit(at) for at in range(1, 5)]}))
    assert joafe.sniff(sample_of(path)) == NO
    path.write_text(json.dumps({"results": [deposit(1), deposit(2), deposit(3), notice(4)]}))
    assert joafe.sniff(sample_of(path)) == POSSIBLE
    said = {"typeAvisLibelle": "Dépôt de compte 2019", "datePublication": "2020-07-01"}
    path.write_text(json.dumps({"args": [rna(1)], "result": {"annonces": [said]}}))
    assert joafe.sniff(sample_of(path)) == NO
    assert joafe_accounts.sniff(sample_of(make(tmp_path)[0])) != CERTAIN


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "a;b\n1;2\n", '{"args": ["W000000001"], "result": 3}', "<a/>",
     "<parution></parution>", "<PARUTION_JO_ASSOCIATION>"],
)  # fmt: skip
def test_a_file_of_another_kind_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SourceError):
        joafe.read(path, ReadOptions())


@pytest.mark.real
def test_a_published_answer(shared_data: Path) -> None:
    path = shared_data / "rna" / "association-joafe.json"
    if not path.is_file():
        pytest.skip(f"no answer at {path}")
    assert joafe.sniff(sample_of(path)) == CERTAIN
    parsed = check(joafe.read(path, ReadOptions()))
    assert parsed.rejects.select("value", "reason").rows() == [("Modification", "out_of_scope")]


@pytest.mark.real
def test_a_published_answer_of_deposits_is_left(shared_data: Path) -> None:
    path = shared_data / "rna" / "association-dca.json"
    if not path.is_file():
        pytest.skip(f"no answer at {path}")
    assert joafe.sniff(sample_of(path)) == NO
