"""The population: who the structures are, and their portfolio of possible funders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.synthetic.funders import PROGRAMMES, Lines
from data.synthetic.geography import REGION_OF, TOWNS_PER_DEPARTEMENT, weights
from data.synthetic.law import SLOTS

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: family, share, INSEE legal category, log-hazard
FAMILIES: tuple[tuple[str, float, str, float], ...] = (
    ("association", 0.85, "9220", 0.0),
    ("cooperative", 0.08, "5458", 0.25),
    ("mutual", 0.02, "8210", -0.5),
    ("foundation", 0.03, "9300", -0.6),
    ("commercial", 0.02, "5710", 0.35),
)
#: sector (an id of data.reference), share, NAF code, its two State programmes, log-hazard
SECTORS: tuple[tuple[str, float, str, tuple[str, str], float], ...] = (
    ("insertion", 0.10, "88.99B", ("102", "304"), 0.70),
    ("education", 0.07, "85.59A", ("103", "102"), 0.50),
    ("social_care", 0.14, "88.99A", ("304", "177"), 0.0),
    ("health", 0.07, "88.10C", ("157", "304"), -0.50),
    ("housing", 0.06, "87.90B", ("177", "135"), 0.05),
    ("youth", 0.14, "94.99Z", ("163", "147"), 0.0),
    ("culture", 0.15, "90.01Z", ("131", "361"), 0.25),
    ("sport", 0.14, "93.12Z", ("219", "163"), -0.35),
    ("environment", 0.05, "94.99Z", ("113", "163"), 0.10),
    ("other", 0.04, "88.99B", ("147", "304"), 0.20),
    ("advocacy", 0.02, "94.99Z", ("137", "147"), 0.0),
    ("international", 0.02, "94.99Z", ("209", "124"), 0.05),
)
#: INSEE staff band, share, employees at its middle, log-hazard of proceedings
BANDS: tuple[tuple[str, float, float, float], ...] = (
    ("00", 0.18, 0.3, -0.9),
    ("01", 0.28, 1.5, 0.0),
    ("02", 0.18, 4.0, 0.35),
    ("03", 0.12, 7.5, 0.50),
    ("11", 0.11, 14.0, 0.50),
    ("12", 0.08, 32.0, 0.10),
    ("21", 0.025, 72.0, -0.15),
    ("22", 0.015, 140.0, -0.60),
    ("31", 0.006, 220.0, -0.90),
    ("32", 0.004, 350.0, -1.10),
    ("NN", 0.01, 1.0, 0.0),
)
_COMMERCIAL = 4
_SMALL = 3  # bands 00 to 02: under six employees


@dataclass(frozen=True)
class Population:
    """The structures, one entry each; `slot_line` is (n, SLOTS), -1 for no possible funder.

    `entry` is the first month (index from the start of the world) in which the structure
    exists; `birth` is its age in months at month 0 (negative when created later), so that its
    age at month t is ``t + birth``.
    """

    family: Ints
    sector: Ints
    band: Ints
    departement: Ints
    town: Ints
    entry: Ints
    birth: Ints
    esus: Bools
    budget_eur: Array
    budget_known: Bools
    band_known: Bools
    slot_line: Ints
    slot_month: Ints
    slot_first: Bools
    slot_eur: Array
    proceedings: Array
    voluntary: Array

    def __len__(self) -> int:
        """Return the number of structures."""
        return len(self.family)

    @property
    def region(self) -> Ints:
        """Return the position of the région of each structure."""
        return REGION_OF[self.departement]


def _pick(shares: list[float], size: int, rng: np.random.Generator) -> Ints:
    weight = np.array(shares) / np.sum(shares)
    return np.searchsorted(np.cumsum(weight)[:-1], rng.random(size), side="right")


def make_population(n: int, months: int, lines: Lines, rng: np.random.Generator) -> Population:
    """Draw `n` structures that exist at some time within `months` months."""
    family = _pick([row[1] for row in FAMILIES], n, rng)
    sector = _pick([row[1] for row in SECTORS], n, rng)
    band = _pick([row[1] for row in BANDS], n, rng)
    departement = np.searchsorted(np.cumsum(weights())[:-1], rng.random(n), side="right")
    town = rng.integers(0, TOWNS_PER_DEPARTEMENT, n)
    later = rng.random(n) < 0.015 * months / 12  # as many births as ends: 1.5 % a year
    entry = np.where(later, rng.integers(1, max(months - 6, 2), n), 0)
    birth = np.where(later, -entry, np.minimum(rng.gamma(1.6, 130.0, n), 1100).astype(np.int64))
    staff = np.array([row[2] for row in BANDS])[band]
    budget = 42_000.0 * (staff + 0.5) * rng.lognormal(0.0, 0.35, n)
    band_known = rng.random(n) < 0.94
    budget_known = rng.random(n) < 0.70
    esus = rng.random(n) < np.where(family == _COMMERCIAL, 0.8, 0.04)
    slots = _portfolio(n, sector, departement, town, lines, rng)
    dependence = rng.beta(2.0, 3.0, n)
    split = rng.gamma(1.2, 1.0, (n, SLOTS)) * np.array([1.2, 0.9, 1.0, 0.9, 0.7, 0.5])
    first = slots[1]
    split /= np.maximum((split * first).sum(axis=1, keepdims=True), 1e-9)
    slot_eur = np.clip(split * (dependence * budget)[:, None], 500.0, 8e6)
    declared = np.where(band_known, band, len(BANDS) - 1)
    static = (
        np.array([row[3] for row in FAMILIES])[family]
        + np.array([row[4] for row in SECTORS])[sector]
    )
    return Population(
        family=family, sector=sector, band=band, departement=departement, town=town,
        entry=entry, birth=birth, esus=esus, budget_eur=budget, budget_known=budget_known,
        band_known=band_known, slot_line=slots[0], slot_month=slots[2], slot_first=first,
        slot_eur=slot_eur,
        # An undeclared size acts as a class of its own, so that facts determine the hazard.
        proceedings=static + np.array([row[3] for row in BANDS])[declared],
        voluntary=0.5 * static + np.where(declared < _SMALL, 0.7 - 0.4 * declared, -0.8),
    )  # fmt: skip


def _portfolio(
    n: int, sector: Ints, departement: Ints, town: Ints, lines: Lines, rng: np.random.Generator
) -> tuple[Ints, Bools, Ints]:
    programme = np.array(
        [[PROGRAMMES.index(first), PROGRAMMES.index(second)] for *_, (first, second), _ in SECTORS]
    )[sector]
    neighbour = (town + rng.integers(1, TOWNS_PER_DEPARTEMENT, n)) % TOWNS_PER_DEPARTEMENT
    line = np.stack(
        [
            programme[:, 0],
            lines.of_region(REGION_OF[departement]),
            lines.of_departement(departement),
            lines.of_town(departement, town),
            programme[:, 1],
            lines.of_town(departement, neighbour),
        ],
        axis=1,
    )
    first = rng.random((n, SLOTS)) < np.array([0.55, 0.40, 0.50, 0.60, 0.22, 0.18])
    none = ~first.any(axis=1)
    first[none, rng.integers(0, SLOTS, n)[none]] = True
    month = rng.integers(2, 7, (n, SLOTS))
    return line, first, month


def log_age(months: Ints) -> tuple[Array, Array]:
    """Return what age in months adds to the log-hazards of proceedings and of voluntary ends."""
    years = np.maximum(months, 0) / 12.0
    proceedings = 1.0 * np.exp(-years / 6.0) - 0.4 * np.minimum(years / 40.0, 1.0)
    voluntary = 1.0 * np.exp(-years / 5.0) + 0.3 * np.minimum(years / 40.0, 1.0)
    return proceedings, voluntary
