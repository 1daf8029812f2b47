"""What was read, kept and rejected, what it covers, and what changed since the time before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from data.contracts import TABLES
from data.coverage import funder_years
from data.manifest import Manifest
from data.surprises import Surprise, surprises

if TYPE_CHECKING:
    from data.lake import Lake

#: a file of the same source is expected to have as many rows as the one before, within this ratio
_ROWS_RATIO = 1.5
#: and as large a share of rejects, within these points
_REJECTS_POINTS = 0.10
#: a reason of rejects is new where it takes this share of the rows, and none of the file before
_NEW_REASON_SHARE = 0.001
#: what may become of a funder's year
STATUSES = ("covered", "partial", "absent", "awaited", "stopped")
_EXAMPLE = ("source", "file", "source_row", "column", "value", "reason", "message")


@dataclass(frozen=True)
class Report:
    """The quality of a lake, as plain rows."""

    ingests: list[dict[str, object]]
    sources: list[dict[str, object]]
    examples: list[dict[str, object]]
    coverage: list[dict[str, object]]
    years: list[dict[str, object]]
    known: list[dict[str, object]]
    duplicates: dict[str, object]
    drift: list[dict[str, object]]
    surprises: list[Surprise]

    def as_dict(self) -> dict[str, object]:
        """Return the report as ``veille quality --json`` prints it."""
        return {
            "ingests": self.ingests,
            "examples": self.examples,
            "sources": self.sources,
            "coverage": {"funders": self.coverage, "years": self.years},
            "known": self.known,
            "duplicates": self.duplicates,
            "drift": self.drift,
            "surprises": [surprise.as_dict() for surprise in self.surprises],
        }


def report(
    lake: Lake, *, source: str | None = None, examples: int = 3, as_of: date | None = None
) -> Report:
    """Return the quality of what a lake holds.

    Parameters
    ----------
    lake : Lake
        The facts.
    source : str, optional
        One source only.
    examples : int
        Rejected rows shown for each source and reason.
    as_of : datetime.date, optional
        Coverage and surprises from facts known by this day only.
    """
    manifests = [m for m in lake.manifests() if source in (None, m.source)]
    every = lake.raw_scan("grants")
    if as_of is not None:
        every = every.filter(pl.col("known_on") <= as_of)
    grants = every if source is None else every.filter(pl.col("source") == source)
    # Years are judged among all funders and sources, then those of the source are shown.
    years = funder_years(every, as_of=as_of)
    if source is not None:
        funders = grants.select("funder_id").unique().collect()
        years = years.join(funders, on="funder_id", how="semi", maintain_order="left")
    return Report(
        ingests=[m.summary() for m in manifests],
        sources=_sources(manifests),
        examples=_examples(lake, source, examples),
        coverage=_status(years),
        years=_years(grants),
        known=_known(lake, source, as_of),
        duplicates=_duplicates(grants, manifests),
        drift=_drift(manifests),
        surprises=surprises(grants, manifests),
    )


def _sources(manifests: list[Manifest]) -> list[dict[str, object]]:
    found = []
    for name in dict.fromkeys(m.source for m in manifests):
        some = [m for m in manifests if m.source == name]
        reasons: dict[str, int] = {}
        tables: dict[str, int] = {}
        for m in some:
            for reason, count in m.reasons.items():
                reasons[reason] = reasons.get(reason, 0) + count
            for table, count in m.tables.items():
                tables[table] = tables.get(table, 0) + count
        rows_in = sum(m.rows_in for m in some)
        rejected = sum(m.rows_rejected for m in some)
        found.append(
            {
                "source": name,
                "files": len(some),
                "rows_in": rows_in,
                "rows_kept": sum(m.rows_kept for m in some),
                "rows_rejected": rejected,
                "rejected_ratio": rejected / rows_in if rows_in else 0.0,
                "reasons": dict(sorted(reasons.items(), key=lambda item: -item[1])),
                "named": sum(m.named for m in some),
                "facts": tables,
                "known_from": min((m.known_from for m in some if m.known_from), default=None),
                "known_to": max((m.known_to for m in some if m.known_to), default=None),
                "last_ingest": max(m.ingested_at for m in some),
            }
        )
    return found


def _examples(lake: Lake, source: str | None, examples: int) -> list[dict[str, object]]:
    shown = lake.rejects(source=source, examples=examples)
    return shown.select(_EXAMPLE).to_dicts()


def _status(years: pl.DataFrame) -> list[dict[str, object]]:
    """Return, by funder and stage, the years of each status and the amounts known."""
    return (
        years.group_by("funder_id", "stage")
        .agg(
            *(
                pl.col("fiscal_year").filter(pl.col("status") == status).sort().alias(status)
                for status in STATUSES
            ),
            pl.col("lines").sum(),
            pl.col("amount_eur").sum(),
            pl.col("known_from").min().cast(pl.String),
        )
        .sort("amount_eur", descending=True)
        .to_dicts()
    )


def _years(grants: pl.LazyFrame) -> list[dict[str, object]]:
    return (
        grants.group_by("source", "fiscal_year", "stage")
        .agg(
            pl.len().alias("lines"),
            pl.coalesce("siren", "rna").n_unique().alias("structures"),
            pl.col("funder_id").n_unique().alias("funders"),
            pl.col("amount_eur").cast(pl.Float64).sum(),
        )
        .sort("source", "fiscal_year", "stage")
        .collect()
        .to_dicts()
    )


def _known(lake: Lake, source: str | None, as_of: date | None) -> list[dict[str, object]]:
    """Return, by table, source and year in which they became known, how many facts there are."""
    found: list[dict[str, object]] = []
    for table in TABLES:
        facts = lake.raw_scan(table)
        if source is not None:
            facts = facts.filter(pl.col("source") == source)
        if as_of is not None:
            facts = facts.filter(pl.col("known_on") <= as_of)
        found += (
            facts.group_by("source", pl.col("known_on").dt.year().alias("known_year"))
            .agg(pl.len().alias("facts"))
            .sort("source", "known_year")
            .select(pl.lit(table).alias("table"), pl.all())
            .collect()
            .to_dicts()
        )
    return found


def _duplicates(grants: pl.LazyFrame, manifests: list[Manifest]) -> dict[str, object]:
    """Return the lines rejected as copies, and the grants that two lists may both hold."""
    twice = (
        grants.filter(pl.col("amount_eur") > 0)
        .group_by(pl.coalesce("siren", "rna"), "funder_id", "fiscal_year", "stage", "amount_eur")
        .agg(pl.col("dataset").n_unique().alias("lists"))
        .filter(pl.col("lists") > 1)
        .select(pl.len(), pl.col("amount_eur").cast(pl.Float64).sum())
        .collect()
        .row(0)
    )
    return {
        "rejected": {
            m.file: m.reasons["duplicate_line"]
            for m in manifests
            if m.reasons.get("duplicate_line")
        },
        "in_two_lists": twice[0],
        "in_two_lists_eur": twice[1] or 0.0,
    }


def _drift(manifests: list[Manifest]) -> list[dict[str, object]]:
    """Compare each ingest with the one before of the same source, in order of arrival."""
    found: list[dict[str, object]] = []
    before: dict[str, Manifest] = {}
    for m in sorted(manifests, key=lambda m: (m.ingested_at, m.file)):
        previous = before.get(m.source)
        before[m.source] = m
        if previous is None or not previous.rows_in or not m.rows_in:
            continue
        changes = []
        ratio = m.rows_in / previous.rows_in
        if not 1 / _ROWS_RATIO <= ratio <= _ROWS_RATIO:
            changes.append(f"lignes : {previous.rows_in} puis {m.rows_in}")
        shares = (previous.rows_rejected / previous.rows_in, m.rows_rejected / m.rows_in)
        if abs(shares[1] - shares[0]) > _REJECTS_POINTS:
            changes.append(f"part rejetée : {shares[0]:.0%} puis {shares[1]:.0%}")
        new = sorted(
            reason
            for reason, count in m.reasons.items()
            if reason not in previous.reasons and count >= _NEW_REASON_SHARE * m.rows_in
        )
        if new:
            changes.append(f"raisons de rejet nouvelles : {', '.join(new)}")
        if changes:
            found.append(
                {"source": m.source, "file": m.file, "before": previous.file, "changes": changes}
            )
    return found
