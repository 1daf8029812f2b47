"""What looks wrong in what was ingested, though every line of it was readable."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from data.manifest import Manifest

#: structures present both years, from which a change of scale is no accident
_MIN_STRUCTURES = 20
#: powers of ten by which amounts are multiplied or divided, and the margin of a median
_POWERS = (10, 100)
_MARGIN = 1.25
#: share of the structures with three lines or more whose largest line is the sum of the others
_TOTALS_SHARE = 0.2
_MIN_LINES = 20
_ONE_LINE_SHARE = 0.9
_STRUCTURE = pl.coalesce("siren", "rna").alias("structure")


@dataclass(frozen=True)
class Surprise:
    """One thing to look at: how grave, where, what was found and expected, what to do."""

    code: str
    severity: str
    what: str
    where: str
    value: str
    expected: str
    todo: str

    def as_dict(self) -> dict[str, str]:
        """Return the fields by name."""
        return asdict(self)


def surprises(grants: pl.LazyFrame, manifests: Sequence[Manifest]) -> list[Surprise]:
    """Return what is surprising in the grants and the ingests, the gravest first."""
    years = _years(grants)
    found = [
        *_scales(grants),
        *_totals(grants),
        *_one_line(years),
        *_negative(years),
        *_two_sources(manifests),
    ]
    return sorted(found, key=lambda s: (s.severity != "high", s.code, s.where))


def _scales(grants: pl.LazyFrame) -> Iterator[Surprise]:
    yearly = grants.filter(pl.col("amount_eur") > 0).group_by(
        "funder_id", "stage", "fiscal_year", _STRUCTURE
    )
    amounts = yearly.agg(pl.col("amount_eur").cast(pl.Float64).sum().alias("euros"))
    before = amounts.with_columns(pl.col("fiscal_year") + 1).rename({"euros": "before"})
    ratios = (
        amounts.join(before, on=["funder_id", "stage", "fiscal_year", "structure"], how="inner")
        .group_by("funder_id", "stage", "fiscal_year")
        .agg(
            (pl.col("euros") / pl.col("before")).median().alias("ratio"),
            pl.len().alias("structures"),
        )
        .filter(pl.col("structures") >= _MIN_STRUCTURES)
        .collect()
    )
    at: dict[tuple[str, str], float] = {}
    for row in ratios.sort("funder_id", "stage", "fiscal_year").iter_rows(named=True):
        change = _power(row["ratio"])
        key = (row["funder_id"], row["stage"])
        scale = at.get(key, 1.0) * change
        at[key] = scale
        # Back to the usual scale: the year before was at fault, and is told already.
        if change == 1 or scale == 1:
            continue
        done = f"multipliés par {change:.0f}" if change > 1 else f"divisés par {1 / change:.0f}"
        yield Surprise(
            "amounts-scale",
            "high",
            f"Les montants semblent {done} d'une année sur l'autre.",
            f"{row['funder_id']}, exercice {row['fiscal_year']}",
            f"rapport médian {row['ratio']:.2g} sur {row['structures']} structures",
            "un rapport médian proche de 1",
            "comparer au document d'origine ; au besoin ne pas ingérer cet exercice",
        )


def _power(ratio: float) -> float:
    """Return the power of ten that a ratio of amounts is near to, 1 where it is near to none."""
    for power in _POWERS:
        for scale in (float(power), 1 / power):
            if scale / _MARGIN <= ratio <= scale * _MARGIN:
                return scale
    return 1.0


def _totals(grants: pl.LazyFrame) -> Iterator[Surprise]:
    list_year = ["dataset", "fiscal_year", "stage"]
    found = pl.concat(
        _doubled(grants, list_year, within).collect() for within in ([], ["programme"])
    )
    # A total of the whole, or one a programme: the plainer of the two is told.
    plainest = found.sort("doubled", descending=True).unique(list_year, keep="first")
    for row in plainest.sort(list_year).iter_rows(named=True):
        yield Surprise(
            "totals-counted",
            "high",
            "Des lignes de total semblent comptées avec leur détail.",
            f"{row['dataset']}, exercice {row['fiscal_year']}",
            f"{row['doubled']} structures sur {row['structures']} ont une ligne égale à la somme "
            "des autres",
            f"moins de {_TOTALS_SHARE:.0%}",
            "retirer les lignes de total du fichier, puis l'ingérer de nouveau",
        )


def _doubled(grants: pl.LazyFrame, list_year: list[str], within: list[str]) -> pl.LazyFrame:
    """Return the lists and years where many structures have a line that sums up their others."""
    euros = pl.col("amount_eur").cast(pl.Float64)
    return (
        grants.group_by(*list_year, *within, _STRUCTURE)
        .agg(
            pl.len().alias("lines"),
            euros.max().alias("largest"),
            euros.sum().alias("sum"),
        )
        .filter((pl.col("lines") >= 3) & (pl.col("largest") > 0))
        .group_by(*list_year, "structure")
        .agg(((pl.col("sum") - 2 * pl.col("largest")).abs() < 0.01).any().alias("doubled"))
        .group_by(list_year)
        .agg(pl.len().alias("structures"), pl.col("doubled").sum())
        .filter(
            (pl.col("structures") >= _MIN_STRUCTURES)
            & (pl.col("doubled") > _TOTALS_SHARE * pl.col("structures"))
        )
    )


def _years(grants: pl.LazyFrame) -> pl.DataFrame:
    """Return, by funder, exercise and stage, the lines and their sum, then those above zero."""
    euros = pl.col("amount_eur").cast(pl.Float64)
    given = euros.filter(pl.col("amount_eur") > 0)
    return (
        grants.group_by("funder_id", "fiscal_year", "stage")
        .agg(
            pl.len().alias("lines"),
            euros.sum().alias("sum"),
            given.len().alias("gifts"),
            given.max().alias("largest"),
            given.sum().alias("given"),
        )
        .collect()
    )


def _one_line(years: pl.DataFrame) -> Iterator[Surprise]:
    heavy = years.filter(
        (pl.col("gifts") >= _MIN_LINES) & (pl.col("largest") > _ONE_LINE_SHARE * pl.col("given"))
    )
    for row in heavy.iter_rows(named=True):
        yield Surprise(
            "one-line",
            "moderate",
            "Une seule ligne porte presque tout le montant d'un financeur.",
            f"{row['funder_id']}, exercice {row['fiscal_year']}",
            f"{row['largest']:.0f} € sur {row['given']:.0f} €, {row['gifts']} lignes",
            f"moins de {_ONE_LINE_SHARE:.0%} pour une ligne",
            "vérifier cette ligne : séparateur décimal, centimes, total",
        )


def _negative(years: pl.DataFrame) -> Iterator[Surprise]:
    below = years.filter((pl.col("sum") < 0) & (pl.col("lines") >= 3))
    for row in below.iter_rows(named=True):
        yield Surprise(
            "negative-total",
            "moderate",
            "Un financeur reprend plus qu'il ne donne.",
            f"{row['funder_id']}, exercice {row['fiscal_year']}",
            f"{row['sum']:.0f} € sur {row['lines']} lignes",
            "un total positif",
            "vérifier le sens des montants de ce fichier",
        )


def _two_sources(manifests: Sequence[Manifest]) -> Iterator[Surprise]:
    seen: dict[str, set[str]] = {}
    names: dict[str, str] = {}
    for m in manifests:
        seen.setdefault(m.sha256, set()).add(m.source)
        names[m.sha256] = m.file
    for sha, sources in seen.items():
        if len(sources) > 1:
            yield Surprise(
                "two-sources",
                "high",
                "Le même fichier a été ingéré sous plusieurs sources.",
                names[sha],
                ", ".join(sorted(sources)),
                "une source par fichier",
                "retirer du lac l'ingestion faite par erreur",
            )
