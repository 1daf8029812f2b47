"""The lake: whole or nothing, once, every row accounted for, every reject readable."""

from __future__ import annotations

import json
import random
import signal
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from data.contracts import TABLES
from data.drafts import LakeError, with_machine_columns
from data.lake import Lake
from data.manifest import ingest_id, sha256_of
from data.rejects import REASONS, empty_rejects, reject
from data.schema import ContractError
from data.sources.base import Parsed, ReadOptions
from tests.fictitious import siren
from tests.killed import killed

OPTIONS = ReadOptions()
DAY = date(2020, 3, 1)


def grants(*lines: tuple[int, int], dataset: str = "liste-a", first: int = 2) -> pl.DataFrame:
    """Return grant lines (structure number, euros), from line `first` of their file."""
    return pl.DataFrame(
        {
            "siren": [siren(number) for number, _ in lines],
            "funder_id": "etat",
            "funder_level": "state",
            "programme": "163",
            "amount_eur": [Decimal(euros) for _, euros in lines],
            "stage": "paid",
            "fiscal_year": 2020,
            "decided_on": DAY,
            "instrument": "grant",
            "dataset": dataset,
            "source": "etat",
            "source_row": list(range(first, first + len(lines))),
            "known_on": DAY,
        },
        schema_overrides={"amount_eur": pl.Decimal(18, 2), "fiscal_year": pl.Int32},
    )


def parsed(frame: pl.DataFrame, rejects: pl.DataFrame | None = None) -> Parsed:
    bad = empty_rejects() if rejects is None else rejects
    return Parsed(frame.height + bad["source_row"].n_unique(), {"grants": frame}, bad)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "subventions.csv"
    path.write_text("contenu", "utf-8")
    return path


def another(file: Path, content: str = "autre contenu") -> Path:
    path = file.with_name(f"{len(content)}-{file.name}")
    path.write_text(content, "utf-8")
    return path


def contents(root: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(p.relative_to(root)): (p.stat().st_mtime_ns, p.read_bytes())
        for p in sorted(root.rglob("*"))
        if p.is_file()
    }


def test_the_same_file_twice_changes_nothing(lake: Lake, file: Path) -> None:
    reading = parsed(grants((1, 100), (2, 200)))
    first = lake.commit(reading, source="etat", file=file, options=OPTIONS)
    before, digest = contents(lake.root), lake.hash()
    again = lake.commit(reading, source="etat", file=file, options=OPTIONS)
    assert again == first == lake.find("etat", file, OPTIONS)
    assert contents(lake.root) == before
    assert lake.hash() == digest
    assert lake.scan("grants").collect().height == 2


def test_a_copy_under_another_name_is_the_same_file(lake: Lake, file: Path) -> None:
    first = lake.commit(parsed(grants((1, 100))), source="etat", file=file, options=OPTIONS)
    copy = another(file, file.read_text("utf-8"))
    assert lake.find("etat", copy, OPTIONS) == first


def test_options_that_change_the_result_make_another_ingest(file: Path) -> None:
    sha = sha256_of(file)
    options = [
        OPTIONS,
        ReadOptions(known_on=DAY),
        ReadOptions(known_on=date(2020, 3, 2)),
        ReadOptions(extra={"funder": "fictif"}),
    ]
    assert (
        len({ingest_id("etat", sha, o) for o in options} | {ingest_id("autre", sha, OPTIONS)}) == 5
    )
    two = ReadOptions(extra={"a": "1", "b": "2"}), ReadOptions(extra={"b": "2", "a": "1"})
    assert ingest_id("etat", sha, two[0]) == ingest_id("etat", sha, two[1])


def test_the_manifest_counts_every_row_once(lake: Lake, file: Path) -> None:
    bad = pl.DataFrame({"source_row": [4, 5, 5]})
    rejects = pl.concat([reject(bad, "bad_amount"), reject(bad[:1], "bad_date")])
    manifest = lake.commit(
        parsed(grants((1, 100), (2, 200)), rejects), source="etat", file=file, options=OPTIONS
    )
    assert manifest.summary() == {
        "file": file.name,
        "source": "etat",
        "rows_in": 4,
        "rows_kept": 2,
        "rows_rejected": 2,
        "reasons": {"bad_amount": 2},
    }
    assert (manifest.known_from, manifest.known_to) == ("2020-03-01", "2020-03-01")
    assert lake.manifests() == [manifest]
    assert lake.sources() == {"etat"}


@pytest.mark.parametrize("rows_in", [1, 3])
def test_rows_that_are_not_accounted_for_are_refused(lake: Lake, file: Path, rows_in: int) -> None:
    reading = Parsed(rows_in, {"grants": grants((1, 100), (2, 200))}, empty_rejects())
    with pytest.raises(LakeError) as error:
        lake.commit(reading, source="etat", file=file, options=OPTIONS)
    assert error.value.code == "accounting"
    assert f"{rows_in} lignes lues, 2 gardées, 0 rejetées" in str(error.value)
    assert not lake.root.exists()


def test_a_broken_contract_writes_nothing(lake: Lake, file: Path) -> None:
    frame = grants((1, 100)).with_columns(stage=pl.lit("promised"))
    with pytest.raises(ContractError):
        lake.commit(parsed(frame), source="etat", file=file, options=OPTIONS)
    assert not lake.root.exists()


def test_two_lists_that_overlap_are_never_added_up(lake: Lake, file: Path) -> None:
    # The first export holds the same line twice: two real grants. The second repeats three.
    one = grants((1, 100), (1, 100), (2, 200))
    lake.commit(parsed(one), source="etat", file=file, options=OPTIONS)
    two = grants((1, 100), (1, 100), (1, 100), (2, 200), (3, 300))
    manifest = lake.commit(parsed(two), source="moisson", file=another(file), options=OPTIONS)
    assert (manifest.rows_kept, manifest.rows_rejected) == (2, 3)
    assert manifest.reasons == {"duplicate_line": 3}
    assert lake.scan("grants").select(pl.col("amount_cents").sum()).collect().item() == 80_000


def test_an_overlap_of_every_line_keeps_none(lake: Lake, file: Path) -> None:
    one = grants((1, 100), (2, 200))
    lake.commit(parsed(one), source="etat", file=file, options=OPTIONS)
    manifest = lake.commit(parsed(one), source="moisson", file=another(file), options=OPTIONS)
    assert (manifest.rows_kept, manifest.tables, manifest.known_from) == (0, {"grants": 0}, None)
    assert lake.scan("grants").collect().height == 2


def test_the_same_amounts_of_another_list_are_other_grants(lake: Lake, file: Path) -> None:
    lake.commit(parsed(grants((1, 100))), source="etat", file=file, options=OPTIONS)
    other = parsed(grants((1, 100), dataset="liste-b"))
    manifest = lake.commit(other, source="etat", file=another(file), options=OPTIONS)
    assert (manifest.rows_kept, manifest.rows_rejected) == (1, 0)


def test_machine_columns_are_whole_days_and_cents() -> None:
    frame = TABLES["grants"].empty().select("known_on", "decided_on", "amount_eur")
    rows = pl.DataFrame(
        {
            "known_on": [date(1970, 1, 2), date(1969, 12, 31)],
            "decided_on": [date(2020, 2, 29), None],
            "amount_eur": [Decimal("-0.01"), Decimal("9999999999999.99")],
        },
        schema=frame.schema,
    )
    machine = with_machine_columns(rows)
    assert machine.columns[3:] == ["known_day", "decided_day", "amount_cents"]
    assert machine.select("known_day", "decided_day", "amount_cents").rows() == [
        (1, 18_321, -1),
        (-1, None, 999_999_999_999_999),
    ]


@pytest.mark.parametrize("table", sorted(TABLES))
def test_an_absent_table_is_empty_with_all_its_columns(lake: Lake, table: str) -> None:
    frame = lake.scan(table).collect()
    assert frame.height == 0
    assert {"known_day", *TABLES[table].columns} <= set(frame.columns)


def test_rejects_say_file_line_column_value_and_reason(lake: Lake, file: Path) -> None:
    bad = reject(
        pl.DataFrame({"source_row": [7], "montant": ["12 k€"]}),
        "bad_amount",
        column="montant",
        value=pl.col("montant"),
    )
    lake.commit(parsed(grants((1, 100)), bad), source="etat", file=file, options=OPTIONS)
    assert lake.rejects().to_dicts() == [
        {
            "source": "etat",
            "file": file.name,
            "source_row": 7,
            "column": "montant",
            "value": "12 k€",
            "reason": "bad_amount",
            "message": REASONS["bad_amount"],
        }
    ]
    assert Lake(file.parent / "ailleurs").rejects().is_empty()


def test_an_unknown_reason_is_refused() -> None:
    with pytest.raises(KeyError):
        reject(pl.DataFrame({"source_row": [1]}), "because")


def test_facts_are_sorted_by_structure_and_line(lake: Lake, file: Path) -> None:
    frame = grants((3, 1), (1, 2), (2, 3), (1, 4))
    lake.commit(parsed(frame), source="etat", file=file, options=OPTIONS)
    stored = lake.scan("grants").select("siren", "source_row").collect()
    assert stored.rows() == sorted(stored.rows())


def test_the_hash_depends_on_what_is_held_not_on_how_it_came(tmp_path: Path, file: Path) -> None:
    second = another(file)
    readings = {file: parsed(grants((1, 100))), second: parsed(grants((2, 200)))}
    hashes = []
    for name, order in (("x", [file, second]), ("y", [second, file])):
        lake = Lake(tmp_path / name)
        empty = lake.hash()
        for path in order:
            lake.commit(readings[path], source="etat", file=path, options=OPTIONS)
        assert lake.hash() != empty
        hashes.append(lake.hash())
    assert hashes[0] == hashes[1]


def test_what_a_killed_ingest_left_is_never_read(lake: Lake, file: Path) -> None:
    lake.commit(parsed(grants((1, 100))), source="etat", file=file, options=OPTIONS)
    digest = lake.hash()
    half = lake.root / "pending" / "0123456789abcdef-deadbeef" / "grants"
    half.mkdir(parents=True)
    (half / "part-0.parquet").write_bytes(b"PAR1 tronqu")
    assert lake.scan("grants").collect().height == 1
    assert lake.hash() == digest
    second = another(file)
    lake.commit(parsed(grants((2, 200))), source="etat", file=second, options=OPTIONS)
    assert lake.scan("grants").collect().height == 2


def test_a_folder_that_cannot_take_its_place_is_an_error(lake: Lake, file: Path) -> None:
    # Not a commit by somebody else: the place is taken by something that is no ingest.
    taken = lake.root / "ingests" / "etat" / ingest_id("etat", sha256_of(file), OPTIONS)
    (taken / "intrus").mkdir(parents=True)
    with pytest.raises(OSError, match=r"."):
        lake.commit(parsed(grants((1, 100))), source="etat", file=file, options=OPTIONS)
    assert list((lake.root / "pending").iterdir()) == []
    assert lake.manifests() == []


_COMMITS = """
import sys
from pathlib import Path
from data.lake import Lake
from data.sources.base import ReadOptions
from tests.data.test_lake import grants, parsed

home = Path(sys.argv[1])
lake = Lake(home)
print("prêt", flush=True)
for number in range(1, 10_000):
    file = home / f"{number}.csv"
    file.write_text(str(number), "utf-8")
    lines = [(number * 50 + k, 10) for k in range(50)]
    lake.commit(parsed(grants(*lines)), source="etat", file=file, options=ReadOptions())
    print(number, flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_a_kill_at_any_moment_leaves_whole_ingests(tmp_path: Path, seed: int) -> None:
    said, code = killed(_COMMITS, tmp_path, random.Random(seed).uniform(0.05, 1.5))
    assert code == -signal.SIGKILL
    done = len(said)
    lake = Lake(tmp_path)
    manifests = lake.manifests()
    # the last commit may have taken place without the time to say so
    assert len(manifests) in {done, done + 1}
    assert lake.scan("grants").collect().height == 50 * len(manifests)
    assert len(lake.files("grants")) == len(manifests)
    lake.rejects()
    # and the next ingest goes on
    file = tmp_path / "suite.csv"
    file.write_text("suite", "utf-8")
    lake.commit(parsed(grants((999_000, 1))), source="etat", file=file, options=OPTIONS)
    assert lake.scan("grants").collect().height == 50 * len(manifests) + 1


def test_a_manifest_is_plain_json(lake: Lake, file: Path) -> None:
    made = lake.commit(parsed(grants((1, 100))), source="etat", file=file, options=OPTIONS)
    path = lake.root / "ingests" / "etat" / made.ingest_id / "manifest.json"
    assert json.loads(path.read_text("utf-8"))["sha256"] == sha256_of(file)


def test_a_mandate_exported_twice_is_paid_once(lake: Lake, file: Path) -> None:
    def export(*numbers: int) -> Parsed:
        paid = grants(*((number, 100) for number in numbers), dataset="helios:2020-03")
        instalments = paid.select(
            "siren", "funder_id", "amount_eur", "source", "source_row", "known_on"
        ).with_columns(
            pl.format("m{}", "siren").alias("payment_id"), due_on=DAY, paid_on=pl.lit(DAY)
        )
        return Parsed(paid.height, {"grants": paid, "payments": instalments}, empty_rejects())

    lake.commit(export(1, 2), source="helios", file=file, options=OPTIONS)
    again = lake.commit(export(2, 3), source="helios", file=another(file), options=OPTIONS)
    assert (again.rows_in, again.rows_kept, again.rows_rejected) == (2, 1, 1)
    assert again.tables == {"grants": 1, "payments": 1}
    assert again.reasons == {"duplicate_line": 1}
    assert lake.scan("payments").collect()["siren"].n_unique() == 3
    assert lake.scan("payments").collect().height == 3
    rejects = lake.rejects()
    assert sorted(rejects["column"]) == ["dataset", "payment_id"]
