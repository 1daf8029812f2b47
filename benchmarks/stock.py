"""A generated StockUniteLegale of any size, and what it costs to ingest it.

``python -m benchmarks.stock [--gigabytes N]`` writes the file under a temporary folder, runs
``veille ingest sirene`` on it in a process of its own, then Polars' own reading of the same columns
in another, and prints size, time, CPU and peak memory of both.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

HEADER = (
    "siren,statutDiffusionUniteLegale,unitePurgeeUniteLegale,dateCreationUniteLegale,"
    "sigleUniteLegale,sexeUniteLegale,prenom1UniteLegale,prenom2UniteLegale,prenom3UniteLegale,"
    "prenom4UniteLegale,prenomUsuelUniteLegale,pseudonymeUniteLegale,"
    "identifiantAssociationUniteLegale,trancheEffectifsUniteLegale,anneeEffectifsUniteLegale,"
    "dateDernierTraitementUniteLegale,nombrePeriodesUniteLegale,categorieEntreprise,"
    "anneeCategorieEntreprise,dateDebut,etatAdministratifUniteLegale,nomUniteLegale,"
    "nomUsageUniteLegale,denominationUniteLegale,denominationUsuelle1UniteLegale,"
    "denominationUsuelle2UniteLegale,denominationUsuelle3UniteLegale,"
    "categorieJuridiqueUniteLegale,activitePrincipaleUniteLegale,"
    "nomenclatureActivitePrincipaleUniteLegale,nicSiegeUniteLegale,"
    "economieSocialeSolidaireUniteLegale,societeMissionUniteLegale,caractereEmployeurUniteLegale"
)
#: what the connector reads of it
READ = (
    "siren", "dateCreationUniteLegale", "sigleUniteLegale", "identifiantAssociationUniteLegale",
    "trancheEffectifsUniteLegale", "dateDernierTraitementUniteLegale", "denominationUniteLegale",
    "denominationUsuelle1UniteLegale", "categorieJuridiqueUniteLegale",
    "activitePrincipaleUniteLegale", "nomenclatureActivitePrincipaleUniteLegale",
    "economieSocialeSolidaireUniteLegale",
)  # fmt: skip
#: units written at once, and made-up lines that come again under other SIREN
_UNITS = 200_000
_PERSONS, _ASSOCIATIONS = 0.62, 0.08
_WORDS = ("NUAGE", "BRUME", "DUNE", "RELAIS", "PHARE", "JARDIN", "ATELIER", "SOURCE")
_INGEST = "import sys; from veille.cli import main; sys.argv[0] = 'veille'; main()"
_SCAN = (
    "import sys, polars as pl; "
    "pl.scan_csv(sys.argv[1], infer_schema=False).select(sys.argv[2].split(','))"
    ".select(pl.all().count()).collect(engine='streaming')"
)


@dataclass(frozen=True)
class Cost:
    """What one process took: seconds on the clock and of CPU, peak memory in megabytes."""

    wall: float
    cpu: float
    peak: float


def generate(path: Path, size: int, seed: int = 1) -> int:
    """Write a StockUniteLegale of at least `size` bytes; return the number of its units.

    SIREN are distinct and pass their check digit; names, persons included, are drawn from plain
    words. Six units in ten are natural persons, eight in a hundred are associations.
    """
    rest = _lines(np.random.default_rng(seed))
    units = 0
    with path.open("wb") as stream:
        stream.write(f"{HEADER}\n".encode())
        while stream.tell() < size:
            numbers = pl.Series(_sirens(np.arange(units, units + _UNITS))).cast(pl.String)
            pl.select((numbers.str.zfill(9) + rest).alias("line")).write_csv(
                stream, include_header=False, quote_style="never"
            )
            units += _UNITS
    return units


def _sirens(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return nine-digit numbers whose check digit holds, one for each number."""
    start = 10_000_000 + numbers
    total = np.zeros(start.size, dtype=np.int64)
    for place in range(8):
        digit = start // 10**place % 10
        doubled = digit * (2 - place % 2)
        total += doubled - np.where(doubled > 9, 9, 0)
    return start * 10 + -total % 10


def _lines(rng: np.random.Generator) -> pl.Series:
    """Return the lines of `_UNITS` units, from the comma after their SIREN."""

    def one_of(*values: str) -> pl.Series:
        return pl.Series(values).gather(rng.integers(0, len(values), _UNITS))

    def days(first: int, last: int) -> pl.Series:
        return pl.Series(rng.integers(first, last, _UNITS)).cast(pl.Int32).cast(pl.Date)

    draw = rng.random(_UNITS)
    person = pl.Series(draw < _PERSONS)
    association = pl.Series(draw > 1 - _ASSOCIATIONS)
    name = one_of(*_WORDS) + " " + one_of(*_WORDS) + " "
    name += pl.Series(rng.integers(0, 10**6, _UNITS)).cast(pl.String)
    frame = pl.DataFrame(
        {
            "person": person,
            "association": association,
            "word": one_of(*_WORDS),
            "named": pl.select(
                pl.when(pl.Series(draw > 0.98))
                .then('"' + name + ', DITE ""LE LAC"""')
                .otherwise(name)
            ).to_series(),
            "company": one_of("5499", "5710", "6540", "5599"),
        }
    )
    told = frame.select(
        word=pl.when("person").then("word").otherwise(pl.lit("")),
        named=pl.when("person").then(pl.lit("")).otherwise("named"),
        category=pl.when("person")
        .then(pl.lit("1000"))
        .when("association")
        .then(pl.lit("9220"))
        .otherwise("company"),
        flag=pl.when("association").then(pl.lit("O")).otherwise(pl.lit("")),
    )
    return pl.select(
        pl.format(
            ",O,,{},,{},{},,,,{},,,{},{},{}T05:04:12,{},{},,{},{},{},,{},,,,{},{},NAFRev2,{},{},,{}",
            days(3_000, 20_000),
            one_of("F", "M", ""),
            told["word"],
            told["word"],
            one_of("NN", "01", "02", "03", "11", ""),
            one_of("2022", ""),
            days(16_000, 20_400),
            one_of("1", "2", "3", "6"),
            one_of("PME", ""),
            days(10_000, 20_000),
            one_of("A", "C"),
            told["word"],
            told["named"],
            told["category"],
            one_of("88.99B", "68.20B", "94.99Z", "56.10A"),
            one_of("00015", "00023"),
            told["flag"],
            one_of("N", "O", ""),
        )
    ).to_series()


def cost(command: list[str]) -> tuple[Cost, str]:
    """Run a command; return what it took, alone, and what it printed.

    The peak is never below the memory that this process holds when it starts the other.

    Raises
    ------
    subprocess.CalledProcessError
        The command fails.
    """
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out:
        child = subprocess.Popen(command, stdout=out)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - start
        out.seek(0)
        printed = out.read()
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command, printed)
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024), printed


def ingest(path: Path, home: Path) -> tuple[Cost, str]:
    """Ingest a file into an empty home, in a process of its own; return its cost and its report."""
    options = ["ingest", "sirene", str(path), "--home", str(home), "--json"]
    return cost([sys.executable, "-c", _INGEST, *options])


def scan(path: Path) -> Cost:
    """Read the same columns by Polars' streaming engine, in a process of its own."""
    return cost([sys.executable, "-c", _SCAN, str(path), ",".join(READ)])[0]


def main() -> int:
    """Measure the ingest of one generated file, and Polars' own reading of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stock", description=main.__doc__)
    parser.add_argument("--gigabytes", type=float, default=1.0, help="size of the file (1)")
    parser.add_argument("--folder", type=Path, help="where to write it (a temporary folder)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="veille-stock-", dir=asked.folder) as folder:
        path = Path(folder) / "StockUniteLegale_utf8.csv"
        units = generate(path, int(asked.gigabytes * 10**9))
        size = path.stat().st_size / 10**9
        print(f"{path.name}: {size:.2f} GB, {units} units")
        read = scan(path)
        done, report = ingest(path, Path(folder) / "home")
    for name, one in (("polars scan_csv, columns read", read), ("veille ingest sirene", done)):
        print(
            f"  {name:30} wall {one.wall:7.1f} s   CPU {one.cpu:7.1f} s   peak {one.peak:7.0f} MB"
            f"   {size * 1000 / one.wall:6.0f} MB/s"
        )
    print(f"  CPU ratio {done.cpu / read.cpu:.2f}")
    print(report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
