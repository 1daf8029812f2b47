"""Deposits of accounts: the first publication of a year counts, other notices do not."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from data.sources import blocks, joafe_accounts, openings
from data.sources.base import CERTAIN, NO, POSSIBLE, ReadOptions, SourceError
from data.sources.sample import sample_of
from tests.data.readings import lines, reading, reasons, refused, said
from tests.data.samples import joafe_accounts as samples
from tests.data.samples.joafe_accounts import HEADER, deposit
from tests.fictitious import siren

A, B = siren(1), siren(2)
CREATION = "202400010001;joafe;2024-01-02;W999000001;ASSOCIATION FICTIVE;Création;;;;"


def test_a_deposit_is_known_when_published(tmp_path: Path) -> None:
    parsed = lines(
        joafe_accounts,
        tmp_path,
        HEADER,
        deposit(1, 2021, "2022-07-08"),
        deposit(1, 2020, "2022-09-01"),
        deposit(2, 2020, "2021-06-15"),
    )
    assert said(parsed, "siren", "closed_on", "filed_on", "known_on") == [
        (2, A, date(2021, 12, 31), date(2022, 7, 8), date(2022, 7, 8)),
        (3, A, date(2020, 12, 31), date(2022, 9, 1), date(2022, 9, 1)),
        (4, B, date(2020, 12, 31), date(2021, 6, 15), date(2021, 6, 15)),
    ]


def test_accounts_published_again_count_the_first_time(tmp_path: Path) -> None:
    parsed = lines(
        joafe_accounts,
        tmp_path,
        HEADER,
        deposit(1, 2021, "2022-10-08", "1"),
        deposit(1, 2021, "2022-07-08"),
        deposit(1, 2021, "2022-07-08"),
        options=ReadOptions(known_on=date(2023, 1, 1)),
    )
    assert said(parsed, "filed_on", "known_on") == [(3, date(2022, 7, 8), date(2023, 1, 1))]
    assert reasons(parsed) == {2: "duplicate_line", 4: "duplicate_line"}


def test_each_reason(tmp_path: Path) -> None:
    sound = deposit(1, 2021, "2022-07-08")
    parsed = lines(
        joafe_accounts,
        tmp_path,
        HEADER,
        CREATION,
        sound.replace(A, ""),
        sound.replace(A, "123456789"),
        sound.replace("2021-12-31T12:00:00+00:00", "31/02/2021"),
        sound.replace("2021-12-31T12:00:00+00:00", "2022-12-31"),
        sound.replace("dca;2022-07-08", "dca;"),
        sound.replace("dca;2022-07-08", "dca;2022"),
        "1;dca",
        ";;;;;;;;;",
    )
    assert said(parsed) == []
    assert refused(parsed) == [
        (2, "source", "joafe", "out_of_scope"),
        (3, "dca_siren", None, "no_identifier"),
        (4, "dca_siren", "123456789", "invalid_identifier"),
        (5, "dca_datecloture", "31/02/2021", "bad_date"),
        (6, "dca_datecloture", "2022-12-31", "bad_date"),
        (7, "dateparution", None, "no_date"),
        (8, "dateparution", "2022", "bad_date"),
        (9, "", None, "wrong_field_count"),
        (10, "", None, "empty_line"),
    ]


def test_the_number_of_a_notice_says_what_its_columns_do_not(tmp_path: Path) -> None:
    parsed = lines(
        joafe_accounts,
        tmp_path,
        "id;dateparution;dca_siren;dca_datecloture",
        f"{A}_30062021;2021-12-15;;",
        "202400010001;2021-12-15;;",
    )
    assert said(parsed, "siren", "closed_on") == [(2, A, date(2021, 6, 30))]
    assert reasons(parsed) == {3: "out_of_scope"}


def answer(folder: Path, *notices: object) -> Path:
    path = folder / "dca.json"
    path.write_text(json.dumps({"args": [A, "W1"], "result": {"annonces": notices}}), "utf-8")
    return path


def notice(**fields: object) -> dict[str, object]:
    usual = {
        "datePublication": "2023-10-16",
        "numeroParution": f"{A}_31122022",
        "details": "Date de clôture de l'exercice : 31 décembre 2022",
    }
    return {**usual, **fields}


def test_the_answer_of_the_directory(tmp_path: Path) -> None:
    path = answer(
        tmp_path,
        notice(),
        notice(numeroParution=f"{A}_30062021", details="Date de clôture"),
        notice(numeroParution="201500271011", details="Associations loi du 1er juillet 1901"),
        notice(datePublication=None, numeroParution=f"{A}_31122019", details=""),
        notice(details="Date de clôture de l'exercice : 31 février 2022"),
        "une annonce",
        None,
    )
    assert joafe_accounts.sniff(sample_of(path)) == CERTAIN
    parsed = reading(joafe_accounts, path)
    assert said(parsed, "siren", "closed_on", "filed_on") == [
        (1, A, date(2022, 12, 31), date(2023, 10, 16)),
        (2, A, date(2021, 6, 30), date(2023, 10, 16)),
    ]
    assert reasons(parsed) == {
        3: "out_of_scope",
        4: "no_date",
        5: "bad_date",
        6: "empty_line",
        7: "empty_line",
    }


def test_an_answer_without_a_deposit(tmp_path: Path) -> None:
    path = answer(tmp_path)
    assert joafe_accounts.sniff(sample_of(path)) == POSSIBLE
    assert reading(joafe_accounts, path).rows_in == 0
    other = answer(tmp_path, notice(numeroParution="201500271011"))
    assert joafe_accounts.sniff(sample_of(other)) == NO


@pytest.mark.parametrize("content", [None, [], {"result": None}, {"result": {"annonces": {}}}, 3])
def test_json_of_another_shape(tmp_path: Path, content: object) -> None:
    path = tmp_path / "autre.json"
    path.write_text(json.dumps(content), "utf-8")
    assert joafe_accounts.sniff(sample_of(path)) == NO
    with pytest.raises(SourceError):
        joafe_accounts.read(path, ReadOptions())


def test_every_export_says_the_same(tmp_path: Path) -> None:
    table, listed, directory = samples.make(tmp_path)
    assert [joafe_accounts.sniff(sample_of(p)) for p in (table, listed, directory)] == [CERTAIN] * 3
    one, two = reading(joafe_accounts, table), reading(joafe_accounts, listed)
    columns = ("siren", "closed_on", "filed_on")
    assert [row[1:] for row in said(one, *columns)] == [row[1:] for row in said(two, *columns)]
    # Four associations, three years; two of them published each year twice, and a creation.
    assert (one.rows_in, len(said(one))) == (19, 12)
    parquet = tmp_path / "jo_associations.parquet"
    pl.read_csv(table, separator=";", infer_schema=False).write_parquet(parquet)
    assert joafe_accounts.sniff(sample_of(parquet)) == POSSIBLE
    assert [row[1:] for row in said(reading(joafe_accounts, parquet), *columns)] == [
        row[1:] for row in said(one, *columns)
    ]


def test_notices_of_other_kinds_make_the_file_another(tmp_path: Path) -> None:
    path = tmp_path / "jo.csv"
    few = [CREATION] * 5 + [deposit(1, 2021, "2022-07-08")]
    path.write_text("\n".join([HEADER, *few]) + "\n", "utf-8")
    assert joafe_accounts.sniff(sample_of(path)) == POSSIBLE
    path.write_text("\n".join([HEADER, *few[:5]]) + "\n", "utf-8")
    assert joafe_accounts.sniff(sample_of(path)) == NO


def test_a_file_larger_than_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "jo.csv"
    rows = [deposit(n, 2021, f"2022-0{month}-08") for month in (7, 8) for n in range(1, 60)]
    path.write_text("\n".join([HEADER, *rows]) + "\n", "utf-8")

    def small(*args: object, **more: object) -> object:
        return blocks.open_blocks(*args, **more, large=10, block=1_000, chunk=500)  # type: ignore[arg-type]

    monkeypatch.setattr(openings, "open_blocks", small)
    assert len(list(joafe_accounts.parts(path, ReadOptions()))) > 3
    parsed = reading(joafe_accounts, path)
    assert [row for row, *_ in said(parsed)] == list(range(2, 61))
    assert sorted(reasons(parsed)) == list(range(61, 120))


@pytest.mark.real
def test_the_answer_about_a_real_association(shared_data: Path) -> None:
    path = shared_data / "rna" / "association-dca.json"
    assert joafe_accounts.sniff(sample_of(path)) == CERTAIN
    parsed = reading(joafe_accounts, path)
    assert (parsed.rows_in, parsed.rejects.height) == (8, 0)
    facts = said(parsed, "closed_on", "filed_on")
    assert facts[0] == (1, date(2022, 12, 31), date(2023, 10, 16))
    # the accounts of 2016 were never deposited
    assert [closed.year for _, closed, _ in facts] == [
        2022,
        2021,
        2020,
        2019,
        2018,
        2017,
        2015,
        2014,
    ]  # type: ignore[attr-defined]
    other = sample_of(shared_data / "rna" / "association-joafe.json")
    assert joafe_accounts.sniff(other) == NO
