"""The compiled passes of `benchmarks.by_kernel`: slots of a day, then one pass over structures.

Rows are narrow records in the order of structures. A line belongs to a *cell*: funder, stage,
extract or list, and the span between two edges of windows it falls in.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[Any]
#: `seen` is the number of the first day on which a row counts; `what` is level + kind
LINE = np.dtype([("cents", "i8"), ("event", "i4"), ("cell", "i4"), ("seen", "i2"), ("what", "i2")])
#: `told` hashes all that a state of an instalment says
STATE = np.dtype([("cents", "i8"), ("told", "u8"), ("due", "i4"), ("paid", "i4"), ("seen", "i2")])
WINDOWS, MAX_STEP, LATE_DAYS, RECENT = 6, 2, 30, 3
NEVER, UNSEEN = -(2**31), 2**15 - 1
GRANT, CONTRACT, OTHER = 0, 4, 8
STATE_LEVEL = 1


@njit(cache=True)
def first_seen(lines: Array, cells: int) -> Array:
    first = np.full(cells, UNSEEN, np.int16)
    for i in range(len(lines)):
        first[lines[i].cell] = min(first[lines[i].cell], lines[i].seen)
    return first


@njit(cache=True)
def slots(first: Array, funders: int, window_of: Array, now: int) -> tuple[Array, Array]:
    """Return the slot of each cell on day number `now` (-1: none), and how many a funder has."""
    spans = len(window_of)
    slot_of, n_slots = np.full(len(first), -1, np.int8), np.zeros(funders, np.int64)
    for f in range(funders):
        covered = np.zeros((2, 2, WINDOWS), np.bool_)  # extract, paid
        for kind in range(4):
            for span in range(spans):
                if window_of[span] >= 0 and first[(f * 4 + kind) * spans + span] <= now:
                    covered[kind % 2, kind // 2, window_of[span]] = True
        extract, before = 0 if covered[0].any() else 1, 0
        for window in range(WINDOWS):
            paid = 0 if covered[extract, 0, window] else 1
            if not covered[extract, paid, window]:
                continue
            if window - before > MAX_STEP:
                break
            for span in range(spans):
                if window_of[span] == window:
                    slot_of[(f * 4 + paid * 2 + extract) * spans + span] = n_slots[f]
            before, n_slots[f] = window, n_slots[f] + 1
    return slot_of, n_slots


@njit(cache=True)
def _ratio(top: float, bottom: float) -> float:
    return top / bottom if bottom > 0 else np.nan


@njit(cache=True)
def _change(now: float, before: float) -> float:
    return min(max(now / before - 1, -1.0), 3.0) if before > 0 else np.nan


@njit(cache=True)
def _by_funder(
    lines: Array,
    slot_of: Array,
    spans: int,
    now: int,
    today: int,
    mine: Array,
    place_of: Array,
    given: Array,
    level: Array,
) -> tuple[int, int, int, int, int, int]:
    """Sum the lines of one structure by funder, numbered in `mine`, and slot.

    Return how many funders it has, its latest slot, the day of its first line, how many grants
    slots 0 and 1 have and the largest of slot 0.
    """
    funders, latest, count0, count1, largest0 = 0, WINDOWS, 0, 0, NEVER
    first_day = today
    for line in lines:
        if line.seen > now:
            continue
        cents = line.cents if line.what < CONTRACT else 0
        first_day = min(first_day, line.event)
        slot = slot_of[line.cell]
        if slot < 0:
            continue
        latest = min(latest, slot)
        funder = line.cell // (4 * spans)
        at = place_of[funder]
        if at < 0:
            at = place_of[funder] = funders
            mine[at], level[at], given[at] = funder, 3, 0
            funders += 1
        level[at] = min(level[at], line.what % 4)
        given[at, slot] += cents
        if slot == 0:
            given[at, WINDOWS] += line.cents if line.what // 4 * 4 == CONTRACT else 0
            count0 += cents > 0
            largest0 = max(largest0, cents)
        elif slot == 1:
            count1 += cents > 0
    for f in range(funders):
        place_of[mine[f]] = -1
    return funders, latest, first_day, count0, count1, largest0


@njit(cache=True)
def _funding(given: Array, level: Array, slots_of: Array, largest0: int, out: Array) -> None:
    """Fill the indicators of amounts of one structure, from its sums by funder."""
    given[:] = np.maximum(given, 0)
    s0, s1, s2, s3, s4, s5, contract0 = given.sum(axis=0)
    both0 = both0_2 = lost = state0 = some = gone = 0
    largest = squares = 0.0
    for f in range(len(given)):
        f0, f1, n = given[f, 0], given[f, 1], slots_of[f]
        both0 += f0 if n >= 2 else 0
        both0_2 += f0 if n >= 3 else 0
        lost += f1 if n >= 2 and f0 * 2 < f1 else 0
        gone += n >= 2 and f1 > 0 and f0 == 0
        some += f0 > 0
        state0 += f0 if level[f] == STATE_LEVEL else 0
        share = np.floor(f0 * 1e6 / s0 + 0.5) if s0 > 0 else np.nan
        largest, squares = max(largest, share), squares + share * share
    top, bottom = max(s0, s1, s2, s3), min(s0, s1, s2, s3)
    out[0], out[1], out[2] = s0 / 100, s1 / 100, s2 / 100
    out[3], out[4] = _change(both0, s1), _change(both0_2, s2)
    out[5] = _ratio(s0, (s1 + s2 + s3) / 3)
    out[6], out[7] = _ratio(min(s0, s1, s2), s0), _ratio(s0, max(top, s4))
    out[8] = _ratio(top - bottom, s0 + s1 + s2 + s3)
    out[9] = (s0 > 0) + (s1 > 0) + (s2 > 0) + (s3 > 0) + (s4 > 0) + (s5 > 0)
    out[11], out[15] = some, gone
    out[12] = largest / 1e6 if s0 > 0 else np.nan
    out[13] = squares / 1e12 if s0 > 0 else np.nan
    out[14], out[16] = _ratio(lost, s1), _ratio(contract0, contract0 + s0)
    out[17], out[18], out[21] = _ratio(state0, s0), (s0 - state0) / 100, _ratio(largest0, s0)


@njit(cache=True)
def _paying(
    states: Array, now: int, half: int, year: int, half3: int, years3: int, out: Array
) -> None:
    """Fill the indicators of payments of one structure."""
    due_n = paid_n = owed = recent_n = recent = late_n = n6 = days6 = n12 = days12 = 0
    worst = NEVER
    for state in states:
        if state.seen > now or state.due <= years3:
            continue
        if state.paid == NEVER:
            due_n, owed = due_n + 1, owed + state.cents
            continue
        delay = state.paid - state.due
        paid_n, owed = paid_n + 1, owed - state.cents
        if state.paid > year:
            recent_n, recent, late_n = recent_n + 1, recent + delay, late_n + (delay > LATE_DAYS)
            worst = max(worst, delay)
        if state.paid > half:
            n6, days6 = n6 + 1, days6 + delay
        elif state.paid > half3:
            n12, days12 = n12 + 1, days12 + delay
    out[22], out[24] = _ratio(recent, recent_n), _ratio(late_n, recent_n)
    out[23] = worst if recent_n > 0 else np.nan
    out[25] = _ratio(days6, n6) - _ratio(days12, n12)
    out[26] = max(owed, 0) / 100 if due_n > 0 else np.nan
    out[27] = max(due_n - paid_n, 0) if due_n > 0 else np.nan


@njit(cache=True, nogil=True)
def day(
    lines: Array,
    starts: Array,
    states: Array,
    ends: Array,
    slot_of: Array,
    n_slots: Array,
    spans: int,
    now: int,
    edges: tuple[int, ...],
    sirens: Array,
    names: Array,
    out: Array,
) -> int:
    """Fill one column of `out` a structure of the panel, and its name; return how many."""
    today, half, year, half3, years3 = edges
    size, count = len(n_slots), 0
    place_of, mine = np.full(size, -1, np.int64), np.empty(size, np.int64)
    level, slots_of = np.empty(size, np.int64), np.empty(size, np.int64)
    given, row = np.empty((size, WINDOWS + 1), np.int64), np.empty(28)
    for s in range(len(sirens)):
        funders, latest, first_day, count0, count1, largest0 = _by_funder(
            lines[starts[s] : starts[s + 1]],
            slot_of,
            spans,
            now,
            today,
            mine,
            place_of,
            given,
            level,
        )
        if latest >= RECENT:
            continue
        for f in range(funders):
            slots_of[f] = n_slots[mine[f]]
        _funding(given[:funders], level, slots_of, largest0, row)
        row[10] = (today - first_day) / 365.25
        row[19], row[20] = count0, count1
        _paying(states[ends[s, 0] : ends[s, 1]], now, half, year, half3, years3, row)
        out[:, count] = row
        number = sirens[s]
        for place in range(9):
            names[count, 8 - place] = 48 + number % 10
            number //= 10
        count += 1
    return count
