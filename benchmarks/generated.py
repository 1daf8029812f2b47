"""Grants and payments of an invented country, as the lake stores them, of any size.

Lists come by year: the lines of a year follow those of the year before, sorted by structure inside
each part only. Every body is invented: SIREN are those of tests (99, a number, the check digit).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from data.contracts import TABLES
from data.drafts import ROW_GROUP, with_machine_columns
from data.schema import EUR
from data.synthetic.geography import DEPARTEMENTS, REGION_OF, REGIONS, weights

FIRST_YEAR, LAST_YEAR = 2015, 2024
MAX_STRUCTURES = 10**6
#: lines drawn at once
_BATCH = 400_000
_OPERATORS = 20
#: State, régions, départements, operators; then the towns
_FIXED = 1 + len(REGIONS) + len(DEPARTEMENTS) + _OPERATORS
_PROGRAMMES = (
    *("163", "147", "219", "131", "224", "361", "177", "304", "157", "104", "135", "102"),
    *("culture", "sport", "jeunesse", "social", "environnement", "vie associative", None),
)
_STATE_PROGRAMMES = 12
_KINDS = ("Fonctionnement", "Projet associatif", "Poste FONJEP", "Festival", "Équipement", "Étude")
_TOPICS = ("culture", "sport", "jeunesse", "insertion", "environnement", "logement", "quartiers")
_PURPOSES = [f"{kind} {topic} {n}" for kind in _KINDS for topic in _TOPICS for n in range(10)]

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Country:
    """Structures and funders, each an index of these arrays, and which lists exist."""

    siren: pl.Series
    rank: Ints  # structures, the one that is most often funded first
    alive: Ints  # first and last year of each structure
    usual: Ints  # structure × (State, région, département, town, operator): the funder
    habits: NDArray[np.float32]  # cumulated share of each of them
    size: NDArray[np.float64]  # how much each of them gives, a logarithm
    departement: Ints
    funder_id: pl.Series
    level: pl.Series
    published: Flags  # funder × year


def sirens(numbers: Ints) -> pl.Series:
    """Return a fictitious SIREN for each number under a million: 99, the number, a check digit."""
    body = 99 * 10**6 + numbers
    total = np.zeros_like(body)
    for place in range(8):
        digit = body // 10**place % 10 * (2 - place % 2)
        total += np.where(digit > 9, digit - 9, digit)
    return pl.Series(body * 10 + -total % 10).cast(pl.String)


def country(structures: int, rng: np.random.Generator) -> Country:
    """Return an invented country of `structures` structures and 300 to 2,000 funders.

    Raises
    ------
    ValueError
        More structures than there are fictitious SIREN, or none.
    """
    if not 0 < structures <= MAX_STRUCTURES:
        raise ValueError(f"from 1 to {MAX_STRUCTURES} structures")
    funders = int(np.clip(structures // 250, 300, 2_000))
    places, towns = len(DEPARTEMENTS), funders - _FIXED
    departement = rng.choice(places, structures, p=weights())
    # The towns of département d are d, d + 101, d + 202…; the first of each gives the most.
    of_each = (towns - departement + places - 1) // places
    town = departement + places * (of_each * rng.random(structures) ** 2).astype(int)
    usual = (
        np.zeros(structures, int),
        1 + REGION_OF[departement],
        1 + len(REGIONS) + departement,
        _FIXED + town,
        _FIXED - 1 - rng.integers(0, _OPERATORS, structures),
    )
    levels = ["state", *["region"] * len(REGIONS), *["departement"] * places]
    levels += ["operator"] * _OPERATORS
    levels += ["epci" if t // places % 5 == 4 else "commune" for t in range(towns)]
    first = rng.integers(FIRST_YEAR, LAST_YEAR + 1, structures)
    first[rng.random(structures) < 0.6] = FIRST_YEAR
    last = first + rng.geometric(0.15, structures)
    last[rng.random(structures) < 0.75] = LAST_YEAR
    return Country(
        siren=sirens(np.arange(structures)),
        rank=rng.permutation(structures),
        alive=np.column_stack([first, last]),
        usual=np.column_stack(usual),
        habits=rng.dirichlet([1.2, 0.5, 0.6, 1.3, 0.3], structures).cumsum(1).astype(np.float32),
        size=rng.normal(12.6, 1.4, (structures, len(usual))),
        departement=departement,
        funder_id=pl.Series(["etat", *(f"slug:financeur-{f}" for f in range(1, funders))]),
        level=pl.Series(levels),
        published=_published(funders),
    )


def _published(funders: int) -> Flags:
    """Return which lists exist: holes of a year, of three, lists that stop or begin."""
    f, year = np.ogrid[0:funders, FIRST_YEAR : LAST_YEAR + 1]
    found = (f % 20 != 7) | (year != 2019 + f % 4)
    found &= (f % 11 != 3) | (year % 2 == f % 2)
    found &= (f % 50 != 17) | (year % 4 == 0)
    found &= (f % 25 != 11) | (year <= 2021)
    found &= (f % 40 != 13) | (year >= 2019)
    return np.asarray(found)


@dataclass(frozen=True)
class Drawn:
    """Lines of one year: their structure, their funder, their amount in cents."""

    year: int
    structure: Ints
    funder: Ints
    cents: Ints


def _batches(there: Country, total: int, rng: np.random.Generator) -> Iterator[Drawn]:
    """Yield `total` lines, a few structures having a lot of them, more in the last years."""
    growth = np.linspace(0.7, 1.3, LAST_YEAR - FIRST_YEAR + 1)
    until = np.round(growth.cumsum() / growth.sum() * total).astype(int)
    done, n = 0, len(there.rank)
    for year, end in zip(range(FIRST_YEAR, LAST_YEAR + 1), until, strict=True):
        while done < end:
            tries = min(_BATCH, 2 * (end - done) + 100)
            structure = there.rank[(n * rng.random(tries) ** 1.6).astype(int)]
            chance = rng.random(tries, np.float32)
            kind = (chance[:, None] > there.habits[structure, :4]).sum(axis=1)
            funder = there.usual[structure, kind]
            first, last = there.alive[structure].T
            kept = there.published[funder, year - FIRST_YEAR] & (first <= year) & (year <= last)
            at = np.flatnonzero(kept)[: end - done]
            if not len(at):
                break  # nobody is funded that year: the next ones give more
            cents = np.exp(rng.normal(there.size[structure[at], kind[at]], 0.7))
            cents = cents.clip(1_000, 10**12).astype(np.int64)
            whole = rng.random(len(at)) < 0.6
            cents[whole] = -(-cents[whole] // 10_000) * 10_000
            done += len(at)
            yield Drawn(year, structure[at], funder[at], cents)


def _day(year: int, month: int = 1, day: int = 1) -> int:
    return int(np.datetime64(f"{year}-{month:02}-{day:02}").astype(np.int64))


def _of(values: Sequence[str | None], at: Flags | Ints) -> pl.Series:
    return pl.Series(values, dtype=pl.String).gather(pl.Series(at.astype(np.uint32)))


def _only(series: pl.Series, where: Flags) -> pl.Series:
    """Return a series, null elsewhere."""
    return series.set(pl.Series(~where), None)


def _dates(days: Ints) -> pl.Series:
    return pl.Series(days.astype(np.int32)).cast(pl.Date)


def _grants(there: Country, drawn: Drawn, rng: np.random.Generator) -> pl.DataFrame:
    year, structure, funder, n = drawn.year, drawn.structure, drawn.funder, len(drawn.cents)

    def chance(share: float) -> Flags:
        return np.asarray(rng.random(n) < share)

    state, operator = funder == 0, (funder >= _FIXED - _OPERATORS) & (funder < _FIXED)
    contract = chance(0.07)
    # Operators of an odd number are known by extracts alone, the State by a list and by extracts.
    source = np.select([contract & chance(0.5), operator & (funder % 2 == 1), state], [3, 2, 0], 1)
    source[state & ~contract & chance(0.08)] = 4
    dated = (source == 3) | ~state & chance(0.8)
    decided = _day(year) + rng.integers(20, 364, n)
    decided[chance(0.03)] -= 60
    since = np.where(dated, decided, _day(year, 12, 31))
    known = np.where(funder % 3 == 0, _day(year + 1, 6, 1), since + rng.integers(20, 200, n))
    known[state] = _day(year + 1, 10, 10)
    known[source == 4] = _day(year + 1, 3, 1)
    known = np.maximum(known, since) + 400 * chance(0.02)
    local = rng.integers(_STATE_PROGRAMMES, len(_PROGRAMMES), n)
    programme = np.where(state, rng.integers(0, _STATE_PROGRAMMES, n), local)
    paid = np.where(funder % 13 == 5, chance(0.4), state & (source == 0))
    instrument = np.where(contract, 1, chance(0.01) * 2)
    purpose = _of(_PURPOSES, rng.integers(0, len(_PURPOSES), n))
    at, by, named = pl.Series(structure), pl.Series(funder), chance(0.995)
    level = there.level.gather(by)  # lists may disagree on that of an operator
    level = level.set(pl.Series(operator & (funder % 7 == 3) & chance(0.3)), "state")
    return pl.DataFrame(
        {
            "siren": _only(there.siren.gather(at), named),
            "rna": _only("W" + at.cast(pl.String).str.zfill(9), ~named),
            "beneficiary_name": "Association fictive " + at.cast(pl.String),
            "departement": _only(_of(DEPARTEMENTS, there.departement[structure]), dated),
            "funder_id": there.funder_id.gather(by),
            "funder_name": "Financeur fictif " + by.cast(pl.String),
            "funder_level": level,
            "programme": _of(_PROGRAMMES, programme),
            "purpose": _only(purpose, chance(0.7)),
            "amount_eur": pl.Series(np.where(chance(0.01), -1, 1) * drawn.cents).cast(EUR) / 100,
            "stage": _of(("awarded", "paid"), paid),
            "fiscal_year": pl.repeat(year, n, dtype=pl.Int32, eager=True),
            "decided_on": _only(_dates(decided), dated),
            "multi_year": _only(pl.Series(chance(0.2)), chance(0.4)),
            "instrument": _of(("grant", "contract", "in_kind"), instrument),
            "dataset": pl.repeat(f"listes-{year}", n, eager=True),
            "source": _of(("jaune", "scdl", "subventia", "decp", "fonjep"), source),
            "known_on": _dates(known),
        }
    )


def _payments(there: Country, drawn: Drawn, rng: np.random.Generator, first: int) -> pl.DataFrame:
    """Return instalments: due, then paid for most, and a few told again later."""
    n = len(drawn.cents)
    due = _day(drawn.year) + rng.integers(0, 365, n)
    late = np.exp(rng.normal(3.2, 0.8, n)) * (1 + drawn.funder % 3) - 20
    paid = due + late.astype(np.int64) + 3 * (drawn.year - FIRST_YEAR)
    told = np.maximum(paid, due) + rng.integers(0, 6, n)
    settled = np.flatnonzero(rng.random(n) < 0.95)
    again = np.flatnonzero(rng.random(n) < 0.02)
    parts = (np.arange(n), settled, again, settled[::100])
    which = np.concatenate(parts)
    is_paid = np.repeat([False, True, False, True], [len(part) for part in parts])
    known = np.where(is_paid, told[which], due[which])
    known[n + len(settled) :] += 45
    return pl.DataFrame(
        {
            "siren": there.siren.gather(pl.Series(drawn.structure[which])),
            "payment_id": "P" + pl.Series(which + first).cast(pl.String).str.zfill(9),
            "funder_id": there.funder_id.gather(pl.Series(drawn.funder[which])),
            "due_on": _dates(due[which]),
            "paid_on": _only(_dates(paid[which]), is_paid),
            "amount_eur": pl.Series(drawn.cents[which]).cast(EUR) / 100,
            "source": pl.repeat("paiements", len(which), eager=True),
            "known_on": _dates(known),
        }
    )


def _parts(path: Path, table: str, frames: Iterator[pl.DataFrame], rows: int) -> None:
    """Write at most `rows` rows into one file, with the columns and row groups of the lake."""
    schema, done = TABLES[table].empty().schema, 0
    plain = _arrow(TABLES[table].empty()).schema
    with pq.ParquetWriter(path, plain, compression="zstd", compression_level=1) as file:
        for drawn in frames:
            frame = drawn.head(max(rows - done, 0)).sort("source", "siren", maintain_order=True)
            frame = frame.with_row_index("source_row", done + 1)
            frame = frame.select(
                (pl.col(name) if name in frame.columns else pl.lit(None)).cast(kind).alias(name)
                for name, kind in schema.items()
            )
            done += frame.height
            file.write_table(_arrow(frame), row_group_size=ROW_GROUP)


def _arrow(frame: pl.DataFrame) -> pa.Table:
    return with_machine_columns(frame).to_arrow(compat_level=pl.CompatLevel.oldest())


def write(folder: Path, structures: int, lines: int, payments: int, seed: int = 0) -> None:
    """Write ``grants.parquet`` and ``payments.parquet`` under `folder`, the same for one seed.

    Parameters
    ----------
    folder : pathlib.Path
        Where to write, made if need be.
    structures, lines, payments, seed : int
        Structures of the country, lines of grants, states of instalments; seed of all draws.
    """
    rng = np.random.default_rng(seed)
    there = country(structures, rng)
    folder.mkdir(parents=True, exist_ok=True)
    grants = (_grants(there, drawn, rng) for drawn in _batches(there, lines, rng))
    _parts(folder / "grants.parquet", "grants", grants, lines)
    _parts(folder / "payments.parquet", "payments", _states(there, payments, rng), payments)


def _states(there: Country, count: int, rng: np.random.Generator) -> Iterator[pl.DataFrame]:
    first = 0  # an instalment has 1.98 states on average
    for drawn in _batches(there, int(count / 1.97) + 200, rng):
        yield _payments(there, drawn, rng, first)
        first += len(drawn.cents)
