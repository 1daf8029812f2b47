"""The core indicators by one compiled pass over the structures: what a day costs at the least.

Files are read a row group at a time into narrow records, sorted by structure once for all days;
`benchmarks.kernel` does the rest. Compiled code is kept on disk, for the runs after the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numba import njit

from benchmarks.core import CORE, ROW_GROUP, writer
from benchmarks.kernel import (
    CONTRACT,
    GRANT,
    LINE,
    NEVER,
    OTHER,
    STATE,
    UNSEEN,
    WINDOWS,
    Array,
    day,
    first_seen,
    slots,
)
from data.coverage import PARTIAL_SOURCES
from features.asof import add_months, to_day, window_edges

ZERO_DAY = -40_000
#: 31 December of each year from 1800
YEAR_ENDS = (np.arange(1801, 2200) - 1970).astype("M8[Y]").astype("M8[D]").astype("i8") - 1
_LINE = (
    *("siren", "funder_id", "funder_level", "stage", "source", "instrument"),
    *("amount_cents", "fiscal_year", "decided_day", "known_day"),
)
_STATE = ("siren", "funder_id", "amount_cents", "due_day", "paid_day", "known_day")


@njit(cache=True)
def _add_lines(
    read: Array,
    year_ends: Array,
    span_of: Array,
    spans: int,
    seen_of: Array,
    keys: Array,
    to: Array,
    at: int,
) -> int:
    """Append the lines that count on some day; return how many there are."""
    for i in range(read.shape[1]):
        siren, funder, level, paid, extract, kind, cents, year, event, known = read[:, i]
        if event == NEVER:
            event = min(year_ends[year - 1800], known)
        since = max(event, known) - ZERO_DAY
        if siren == NEVER or since >= len(seen_of):
            continue
        line = to[at]
        line.cents, line.event, line.what = cents, event, level + kind
        line.cell = (funder * 4 + paid * 2 + extract) * spans + span_of[max(event - ZERO_DAY, 0)]
        line.seen = seen_of[max(since, 0)]
        keys[at] = siren << 32 | at
        at += 1
    return at


@njit(cache=True)
def _add_states(
    read: Array,
    starts: Array,
    text: Array,
    seen_of: Array,
    oldest: int,
    keys: Array,
    to: Array,
    at: int,
) -> int:
    """Append the states of instalments that count on some day; return how many there are."""
    prime = np.uint64(1099511628211)
    for i in range(read.shape[1]):
        siren, funder, cents, due, paid, known = read[:, i]
        since = max(due, known) - ZERO_DAY
        if due <= oldest or since >= len(seen_of):
            continue
        told = np.uint64(14695981039346656037)
        for place in range(starts[i], starts[i + 1]):
            told = (told ^ np.uint64(text[place])) * prime
        for part in (funder, cents, due, paid):
            told = (told ^ np.uint64(part)) * prime
            told ^= told >> np.uint64(32)
        state = to[at]
        state.cents, state.told, state.due, state.paid = cents, told, due, paid
        state.seen = seen_of[max(since, 0)]
        keys[at] = siren << 32 | at
        at += 1
    return at


@njit(cache=True)
def _ordered(keys: Array, rows: Array) -> tuple[Array, Array, Array]:
    """Return the rows in the order of sorted keys, the structures, and where each starts."""
    found, sirens = np.empty(len(keys), rows.dtype), np.empty(len(keys), np.int64)
    starts = np.empty(len(keys) + 1, np.int64)
    count = 0
    for i in range(len(keys)):
        found[i] = rows[keys[i] & (2**32 - 1)]
        siren = keys[i] >> 32
        if count == 0 or siren != sirens[count - 1]:
            sirens[count], starts[count] = siren, i
            count += 1
    starts[count] = len(keys)
    return found, sirens[:count].copy(), starts[: count + 1].copy()


@njit(cache=True)
def _drop_repeated(states: Array, starts: Array) -> None:
    """Leave one of the states that say the same, seen as early as the first of them."""
    size = 2
    for s in range(len(starts) - 1):
        while size < 2 * (starts[s + 1] - starts[s]):
            size *= 2
    table, owner = np.empty(size, np.int64), np.full(size, -1, np.int64)
    for s in range(len(starts) - 1):
        for i in range(starts[s], starts[s + 1]):
            place = np.int64(states[i].told >> np.uint64(1)) & (size - 1)
            while owner[place] == s and states[table[place]].told != states[i].told:
                place = (place + 1) & (size - 1)
            if owner[place] == s:
                first = states[table[place]]
                first.seen = min(first.seen, states[i].seen)
                states[i].seen = UNSEEN
            else:
                owner[place], table[place] = s, i


class Calendar:
    """Numbers of days: which observation day sees a fact first, which span holds it."""

    def __init__(self, days: Sequence[date]) -> None:
        self.days = sorted(days)
        edges = {day: window_edges(day, months=12, count=WINDOWS) for day in self.days}
        self.cuts = sorted({edge for found in edges.values() for edge in found})
        every = np.arange(ZERO_DAY, to_day(self.days[-1]) + 1)
        self.spans = len(self.cuts)
        self.span_of = np.searchsorted(self.cuts, every)
        self.seen_of = np.searchsorted([to_day(day) for day in self.days], every)
        self._edges = edges

    def windows(self, day: date) -> Array:
        """Return the window of each span on one day, -1 if none."""
        found = self._edges[day][::-1]
        window = WINDOWS - np.searchsorted(found, self.cuts)
        return np.where((window >= 0) & (window < WINDOWS), window, -1)


def _whole(column: pa.Array) -> Array:
    """Return whole numbers, NEVER for null, without pandas (that PyArrow else imports)."""
    valid, values = column.buffers()
    kind = np.int64 if column.type.bit_width == 64 else np.int32
    rows = slice(column.offset, column.offset + len(column))
    found = np.frombuffer(values, kind)[rows]
    if column.null_count:
        bits = np.unpackbits(np.frombuffer(valid, np.uint8), bitorder="little")
        found = np.where(bits[rows], found, NEVER)
    return found


def _read(
    path: Path, columns: Sequence[str], codes: dict[str, Callable[[str], int]], *more: str
) -> Iterator[tuple[Array, pa.Table]]:
    """Yield each row group as whole numbers (column × row, NEVER for null), and as a table."""
    with pq.ParquetFile(path, read_dictionary=[*codes, "siren"]) as file:
        for at in range(file.num_row_groups):
            table = file.read_row_group(at, columns=[*columns, *more])
            found = np.empty((len(columns), len(table)), np.int64)
            for row, name in enumerate(columns):
                column = table[name].combine_chunks()
                if not isinstance(column, pa.DictionaryArray):
                    found[row] = _whole(column)
                    continue
                if name == "siren":
                    words = _whole(column.dictionary.cast(pa.int64()))
                else:
                    words = np.array([codes[name](word) for word in column.dictionary.to_pylist()])
                # NEVER, the place of a null, is before the first word.
                found[row] = np.append(NEVER, words).take(_whole(column.indices) + 1, mode="clip")
            yield found, table


def _lines(path: Path, calendar: Calendar, funders: dict[str, int]) -> tuple[Array, Array, Array]:
    """Return the lines by structure, the structures, and where each starts."""
    rows, count = pq.read_metadata(path).num_rows, 0
    keys, lines = np.empty(rows, np.int64), np.empty(rows, LINE)
    kinds = {"grant": GRANT, "contract": CONTRACT}
    codes: dict[str, Callable[[str], int]] = {
        "funder_id": lambda word: funders.setdefault(word, len(funders)),
        "funder_level": lambda word: (word >= "state") + (word > "state"),
        "stage": lambda word: word == "paid",
        "source": lambda word: word in PARTIAL_SOURCES,
        "instrument": lambda word: kinds.get(word, OTHER),
    }
    dated = (calendar.span_of, calendar.spans, calendar.seen_of)
    for read, _ in _read(path, _LINE, codes):
        count = _add_lines(read, YEAR_ENDS, *dated, keys, lines, count)
    keys = keys[:count]
    keys.sort()
    return _ordered(keys, lines)


def _states(path: Path, calendar: Calendar, sirens: Array) -> tuple[Array, Array]:
    """Return the states of instalments by structure, and where those of each of `sirens` are."""
    rows, count = pq.read_metadata(path).num_rows, 0
    keys, states = np.empty(rows, np.int64), np.empty(rows, STATE)
    funders: dict[str, int] = {}
    codes = {"funder_id": lambda word: funders.setdefault(word, len(funders))}
    oldest = to_day(add_months(calendar.days[0], -36))
    for read, table in _read(path, _STATE, codes, "payment_id"):
        names = table["payment_id"].cast(pa.large_string()).combine_chunks()
        _, starts, text = names.buffers()
        starts = np.frombuffer(starts, np.int64)[names.offset :]
        text = np.frombuffer(text, np.uint8)
        count = _add_states(read, starts, text, calendar.seen_of, oldest, keys, states, count)
    keys = keys[:count]
    keys.sort()
    states, paid, starts = _ordered(keys, states)
    _drop_repeated(states, starts)
    ends = np.zeros((len(sirens), 2), np.int64)
    _, ours, theirs = np.intersect1d(sirens, paid, assume_unique=True, return_indices=True)
    ends[ours] = np.column_stack([starts[theirs], starts[theirs + 1]])
    return states, ends


def panel(grants: Path, payments: Path, days: Sequence[date], target: Path) -> None:
    """Write the core indicators of some days to one Parquet file."""
    calendar = Calendar(days)
    funders: dict[str, int] = {}
    lines, sirens, starts = _lines(grants, calendar, funders)
    states, ends = _states(payments, calendar, sirens)
    first = first_seen(lines, len(funders) * 4 * calendar.spans)
    with writer(target) as file, ThreadPoolExecutor(1) as behind:
        written: Future[None] | None = None
        for now, as_of in enumerate(calendar.days):
            slot_of, n_slots = slots(first, len(funders), calendar.windows(as_of), now)
            edges = tuple(to_day(add_months(as_of, -months)) for months in (0, 6, 12, 18, 36))
            names = np.empty((len(sirens), 9), np.uint8)
            out = np.empty((len(CORE), len(sirens)))
            count = day(
                *(lines, starts, states, ends, slot_of, n_slots, calendar.spans, now),
                *(edges, sirens, names, out),
            )
            if written:
                written.result()
            written = behind.submit(_write, file, edges[0], names[:count], out[:, :count])
        if written:
            written.result()


def _write(file: pq.ParquetWriter, today: int, names: Array, values: Array) -> None:
    """Write the rows of one day while the next is computed."""
    offsets = np.arange(0, names.size + 1, 9, dtype=np.int32)
    rows = len(names)
    as_of = pa.py_buffer(np.full(rows, today, np.int32))
    columns = [
        pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(names)),
        pa.Array.from_buffers(pa.date32(), rows, [None, as_of]),
    ]
    for column in values:
        valid = np.packbits(~np.isnan(column), bitorder="little")
        buffers = [pa.py_buffer(valid), pa.py_buffer(column)]
        columns.append(pa.Array.from_buffers(pa.float64(), rows, buffers))
    file.write_table(pa.Table.from_arrays(columns, schema=file.schema), ROW_GROUP)
