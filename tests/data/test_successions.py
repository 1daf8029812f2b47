"""Links of succession: one legal unit continued by another, seat and economy included."""

from __future__ import annotations

import functools
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from data.contracts import conform
from data.sources import openings, successions
from data.sources.base import CERTAIN, NO, Parsed, ReadOptions, SourceError, merged
from data.sources.blocks import open_blocks
from data.sources.sample import sample_of
from tests.fictitious import siren

HEADER = (
    "siretEtablissementPredecesseur,siretEtablissementSuccesseur,dateLienSuccession,"
    "transfertSiege,continuiteEconomique,dateDernierTraitementLienSuccession"
)


def siret(number: int, nic: int = 1) -> str:
    """Return a fictitious SIRET: its unit, a rank of four digits, the check digit."""
    body = f"{siren(number)}{nic:04d}"
    digits = [int(d) * (1 if place % 2 else 2) for place, d in enumerate(reversed(body))]
    return body + str(-sum(d - 9 if d > 9 else d for d in digits) % 10)


A, B, C = (siret(number) for number in range(3))


def link(
    before: str = A,
    after: str = B,
    effect: str = "2023-01-01",
    seat: str = "true",
    continuity: str = "true",
    recorded: str = "2023-02-14T09:30:00.000",
) -> str:
    return ",".join([before, after, effect, seat, continuity, recorded])


def check(parsed: Parsed) -> Parsed:
    kept = parsed.tables["successions"]["source_row"].to_list()
    rejected = parsed.rejects["source_row"].to_list()
    assert len({*kept, *rejected}) == len(kept) + len(rejected) == parsed.rows_in
    conform(parsed.tables["successions"], "successions")
    return parsed


def links(tmp_path: Path, *lines: str, known_on: date | None = None) -> Parsed:
    path = tmp_path / "StockEtablissementLiensSuccession_utf8.csv"
    path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return check(successions.read(path, ReadOptions(known_on=known_on)))


def test_a_unit_continued_by_another(tmp_path: Path) -> None:
    assert links(tmp_path, link()).tables["successions"].row(0, named=True) == {
        "siren": B[:9],
        "predecessor": A[:9],
        "occurred_on": date(2023, 1, 1),
        "source": "successions",
        "source_row": 2,
        "known_on": date(2023, 2, 14),
    }


def test_the_day_it_was_known(tmp_path: Path) -> None:
    lines = (link(recorded=""), link(C, recorded="illisible"), link(C, B, recorded="2022-12-01"))
    known = links(tmp_path, *lines).tables["successions"]["known_on"].to_list()
    assert known == [date(2023, 1, 1), date(2023, 1, 1), date(2022, 12, 1)]
    day = date(2026, 1, 5)
    known = links(tmp_path, *lines, known_on=day).tables["successions"]["known_on"].to_list()
    assert known == [day] * 3


def test_every_reason(tmp_path: Path) -> None:
    parsed = links(
        tmp_path,
        link(),
        link(seat="false"),
        link(seat=""),
        link(continuity="false"),
        link(A, siret(0, 2)),
        link(before=""),
        link(after="12345678901234"),
        link(before="7,8E+13".replace(",", ".")),
        link(effect=""),
        link(effect="1900-01-01"),
        link(effect="2023-02-30"),
        link(),
        link() + ",de trop",
        A,
        "",
    )
    assert parsed.tables["successions"]["source_row"].to_list() == [2]
    before, after, effect, seat, continuity, _ = HEADER.split(",")
    assert parsed.rejects.select("reason", "column", "value").rows() == [
        ("out_of_scope", seat, "false"),
        ("out_of_scope", seat, None),
        ("out_of_scope", continuity, "false"),
        ("out_of_scope", after, siret(0, 2)),
        ("no_identifier", before, None),
        ("invalid_identifier", after, "12345678901234"),
        ("damaged_identifier", before, "7.8E+13"),
        ("no_date", effect, None),
        ("no_date", effect, "1900-01-01"),
        ("bad_date", effect, "2023-02-30"),
        ("duplicate_line", "", None),
        ("wrong_field_count", "", None),
        ("wrong_field_count", "", None),
        ("empty_line", "", None),
    ]
    assert len(set(parsed.rejects["message"][[0, 2, 3]])) == 3


def test_in_pieces_and_in_parquet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [
        link(siret(n), siret(n + 1 + n % 2), seat="true" if n % 3 else "false") for n in range(150)
    ]
    whole = links(tmp_path, *lines, *lines[:40])
    assert whole.tables["successions"].height == 100
    path = tmp_path / "StockEtablissementLiensSuccession_utf8.csv"
    small = functools.partial(open_blocks, large=0, block=1500, chunk=300)
    monkeypatch.setattr(openings, "open_blocks", small)
    pieces = list(successions.parts(path, ReadOptions()))
    assert len(pieces) > 5
    again = check(merged(pieces))
    assert again.tables["successions"].equals(whole.tables["successions"])
    assert again.rejects.equals(whole.rejects)
    text = dict.fromkeys(HEADER.split(",")[:2], pl.String)
    typed = pl.read_csv(path, schema_overrides=text, try_parse_dates=True)
    assert typed.schema["transfertSiege"] == pl.Boolean
    assert typed.schema["dateDernierTraitementLienSuccession"] == pl.Datetime
    typed.write_parquet(tmp_path / "links.parquet")
    parquet = check(successions.read(tmp_path / "links.parquet", ReadOptions()))
    columns = ["siren", "predecessor", "occurred_on", "known_on"]
    assert (
        parquet.tables["successions"]
        .select(columns)
        .equals(whole.tables["successions"].select(columns))
    )


def test_files_are_recognised(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text(f"{HEADER}\n{link()}\n")
    assert successions.sniff(sample_of(path)) == CERTAIN
    path.write_text(f"siret,date\n{A},2020-01-01\n")
    assert successions.sniff(sample_of(path)) == NO
    with pytest.raises(SourceError) as error:
        successions.read(path, ReadOptions())
    assert error.value.code == "source-header"
