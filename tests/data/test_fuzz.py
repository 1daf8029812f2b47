"""Every connector on damaged files: a clear error or an exact account, never anything else.

Each source has a module in `tests/data/samples/` that writes small sound files; they are damaged
here in every way seen in published files, and more.
"""

from __future__ import annotations

import contextlib
import csv
import importlib
import io
import json
import random
import string
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.contracts import conform
from data.drafts import draft
from data.sources import SOURCES
from data.sources.base import ReadOptions, SourceError
from data.sources.recognise import recognise

OPTIONS = ReadOptions()
TEXTS = {".csv", ".tsv", ".txt", ".json", ".xml", ".jsonl"}
NOISE = (
    "", " ", "NA", "null", "#", "-", "0", "-1", "1e400", "9" * 40, "1,5", "1.234,56", "abc", "é€",
    "2020-02-30", "31/12/2019", "5025-05-27", "0001-01-01", "201712", "true", '"', ";", ",", "\t",
    "{}", "[]", "W000000000", "000000000", "12345678901234", "2,43E+13", "&#32;", "\ufeff", "\x00",
)  # fmt: skip


class Samples:
    """The sound files of each source, written when they are first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, list[Path]] = {}

    def __getitem__(self, name: str) -> list[Path]:
        if name not in self._made:
            folder = self._folder / name
            folder.mkdir()
            module = importlib.import_module(f"tests.data.samples.{name}")
            self._made[name] = list(module.make(folder))
        return self._made[name]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    return Samples(tmp_path_factory.mktemp("sound"))


@pytest.mark.parametrize("name", SOURCES)
def test_sound_files_are_recognised_and_accounted(
    name: str, sound: Samples, tmp_path: Path
) -> None:
    assert sound[name], f"tests/data/samples/{name}.py writes no file"
    kept = 0
    for at, path in enumerate(sound[name]):
        assert recognise(path).source == name, path.name
        made = draft(
            tmp_path / str(at),
            SOURCES[name].pieces(path, OPTIONS),
            source=name,
            file=path,
            options=OPTIONS,
        )
        assert made.rows_in == made.rows_kept + made.rows_rejected
        kept += made.rows_kept + made.named
    assert kept, "no row of these samples is kept"


def account(name: str, path: Path) -> None:
    """Read a damaged file; check that only a clear error or an exact account comes out."""
    try:
        pieces = list(SOURCES[name].pieces(path, OPTIONS))
    except SourceError:
        return
    last = 0
    for piece in pieces:
        kept: set[int] = set()
        for table, frame in piece.tables.items():
            conform(frame, table)
            kept |= set(frame["source_row"])
        refused = set(piece.rejects["source_row"])
        assert not kept & refused
        assert len(kept) + len(refused) == piece.rows_in
        rows = kept | refused
        assert not rows or min(rows) > last
        last = max(rows, default=last)
        if piece.named is not None:
            conform(piece.named, "grants", identified=False)
            assert set(piece.named["source_row"]) <= refused


def damaged(path: Path, rng: random.Random) -> bytes:
    """Return the bytes of a file damaged in one or several ways."""
    raw = path.read_bytes()
    ways = [flip, cut, insert]
    if path.suffix in TEXTS:
        ways += [recode, noise_text, drop_line, double_line]
    if path.suffix in {".csv", ".tsv", ".txt"}:
        ways += [columns] * 4
    if path.suffix == ".json":
        ways += [members] * 4
    for _ in range(rng.choice((1, 1, 2, 3))):
        raw = rng.choice(ways)(raw, rng)
    return raw


def flip(raw: bytes, rng: random.Random) -> bytes:
    data = bytearray(raw)
    for _ in range(rng.randint(1, 8)):
        if data:
            data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data)


def cut(raw: bytes, rng: random.Random) -> bytes:
    return raw[: rng.randrange(len(raw) + 1)]


def insert(raw: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(raw) + 1)
    return raw[:at] + rng.choice(NOISE).encode("utf-8", "replace") + raw[at:]


def recode(raw: bytes, rng: random.Random) -> bytes:
    text = raw.decode("utf-8", "replace")
    return text.encode(
        rng.choice(("cp1252", "latin-1", "utf-16", "utf-8-sig", "mac_roman")), "replace"
    )


def noise_text(raw: bytes, rng: random.Random) -> bytes:
    text = raw.decode("utf-8", "replace")
    words = text.split(rng.choice(";,\n\t "))
    at = rng.randrange(len(words))
    return text.replace(words[at], rng.choice(NOISE), rng.randint(1, 5)).encode()


def drop_line(raw: bytes, rng: random.Random) -> bytes:
    lines = raw.splitlines(keepends=True)
    if lines:
        del lines[rng.randrange(len(lines))]
    return b"".join(lines)


def double_line(raw: bytes, rng: random.Random) -> bytes:
    lines = raw.splitlines(keepends=True)
    if lines:
        lines.insert(rng.randrange(len(lines)), rng.choice(lines))
    return b"".join(lines)


def columns(raw: bytes, rng: random.Random) -> bytes:
    """Shuffle, drop, rename or spoil columns of a separated text."""
    text = raw.decode("utf-8", "replace")
    separator = max(";,\t", key=text.count)
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=separator))
    except csv.Error:
        return raw
    width = max(map(len, rows), default=0)
    if width < 2:
        return raw
    rows = [row + [""] * (width - len(row)) for row in rows]
    order = list(range(width))
    at = rng.randrange(width)
    way = rng.randrange(5)
    if way == 0:
        rng.shuffle(order)
    elif way == 1:
        order.remove(at)
    elif way == 2:
        order.insert(rng.randrange(width), at)
    elif way == 3:
        rows[0][at] = "".join(rng.choices(string.ascii_letters, k=6))
    else:
        for row in rows[1:]:
            row[at] = rng.choice(NOISE)
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows([row[k] for k in order] for row in rows)
    return out.getvalue().encode()


def members(raw: bytes, rng: random.Random) -> bytes:
    """Replace, drop or move a value somewhere in a JSON text."""
    try:
        content = json.loads(raw)
    except ValueError:
        return raw
    places = list(_places(content))
    if places:
        holder, key = rng.choice(places)
        if rng.random() < 0.3:
            del holder[key]
        else:
            holder[key] = rng.choice(
                (None, 0, -1, 1.5, True, "", [], {}, [None], [[]], "x", {"a": 1}, *NOISE)
            )
    return json.dumps(content, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")


def _places(content: object) -> list[tuple[object, object]]:
    if isinstance(content, dict):
        here = [(content, key) for key in content]
        return here + [place for value in content.values() for place in _places(value)]
    if isinstance(content, list):
        here = [(content, at) for at in range(len(content))]
        return here + [place for value in content for place in _places(value)]
    return []


def check(name: str, path: Path, seed: int, folder: Path) -> None:
    rng = random.Random(seed)
    target = folder / path.name
    target.write_bytes(damaged(path, rng))
    account(name, target)
    with contextlib.suppress(SourceError):
        recognise(target)


@pytest.mark.parametrize("name", SOURCES)
def test_damage(name: str, sound: Samples, tmp_path: Path) -> None:
    @settings(
        max_examples=40,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(at=st.integers(0, 63), seed=st.integers(0, 2**32))
    def run(at: int, seed: int) -> None:
        check(name, sound[name][at % len(sound[name])], seed, tmp_path)

    run()


@pytest.mark.parametrize("seed", [18_725, 30_911, 42_695, 50_211])
def test_damages_that_once_ended_the_process(seed: int, sound: Samples, tmp_path: Path) -> None:
    """Polars' reader of Parquet aborts on these."""
    check("grants", sound["grants"][seed % len(sound["grants"])], seed, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", SOURCES)
def test_a_thousand_damages(name: str, sound: Samples, tmp_path: Path) -> None:
    @settings(max_examples=1_200, deadline=None, suppress_health_check=list(HealthCheck))
    @given(at=st.integers(0, 63), seed=st.integers(0, 2**32))
    def run(at: int, seed: int) -> None:
        check(name, sound[name][at % len(sound[name])], seed, tmp_path)

    run()
