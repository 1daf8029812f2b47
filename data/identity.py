"""Who is who: facts known by an RNA number, by a name or under a former SIREN, given their unit.

Everything is derived from what the lake holds, and kept beside it under a name that hashes it::

    <home>/lake/identity/<hash>/<table>/part-0.parquet

- `grants`, `alerts`, `structures` known by their RNA number alone: a second line with the SIREN
  that one structure, and only one, gives for this number (`matched_by` "rna").
- grants whose list gives a name alone: kept where exactly one structure of the same département
  bears exactly this name, case, accents and punctuation aside (`matched_by` "name"), and where the
  review of the cell has not refused it.
- `grants` and `payments` of a unit that another continues: a second line for the successor
  (`matched_by` "succession"); the end of the unit continued is a merger, not a failure.
- `events`: all of them, those known by RNA with their SIREN, the day another notice took each back.

A line found through a link counts as known from the day both were: as of an earlier day nothing
changes.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from data import names
from data.contracts import TABLES, conform
from data.drafts import with_machine_columns, write_part

if TYPE_CHECKING:
    from data.lake import Lake

#: part of the hash: raise it when a rule of this module changes
_RULES = 1
#: units continued by one continued by one…
_LONGEST_CHAIN = 8
#: SIRENE records the end of a unit and the succession within a quarter of one another
_SAME_END_DAYS = 92
REVIEW = "identity_review.csv"
_TABLES = ("grants", "payments", "alerts", "structures", "events")


def files(lake: Lake, table: str) -> list[Path]:
    """Return the Parquet files of a table with what identity adds to it, in a stable order."""
    raw = lake.raw_files(table)
    if table not in _TABLES or (not raw and not lake.has_named()):
        return raw
    added = sorted((_resolved(lake) / table).glob("*.parquet"))
    return added if table == "events" else [*raw, *added]


def _resolved(lake: Lake) -> Path:
    """Return the folder of what identity derives from the lake as it is, made if need be."""
    review = names.review(lake.root.parent / REVIEW)
    content = json.dumps([_RULES, lake.hash(), sorted(review.rows())], default=str)
    folder = lake.root / "identity" / hashlib.sha256(content.encode()).hexdigest()[:16]
    if folder.is_dir():
        return folder
    pending = lake.pending / f"identity-{uuid.uuid4().hex[:8]}"
    pending.mkdir(parents=True)
    for name, frame in _derived(lake, review).items():
        if frame.height:
            write_part(with_machine_columns(conform(frame, name)), pending / name, 0)
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        pending.rename(folder)
    except OSError:  # another process derived the same
        shutil.rmtree(pending, ignore_errors=True)
    lake.sweep()
    return folder


def _derived(lake: Lake, review: pl.DataFrame) -> dict[str, pl.DataFrame]:
    links = rna_links(lake)
    units = successors(lake)
    grants = pl.concat(
        [_by_rna(lake, "grants", links), _by_name(lake, review)], how="diagonal_relaxed"
    )
    grants = pl.concat([grants, _continued(lake, "grants", units, grants)], how="diagonal_relaxed")
    return {
        "grants": grants,
        "payments": _continued(lake, "payments", units),
        "alerts": _by_rna(lake, "alerts", links),
        "structures": _by_rna(lake, "structures", links),
        "events": _events(lake, links, units),
    }


def _facts(lake: Lake, table: str) -> pl.LazyFrame:
    return lake.raw_scan(table).select(list(TABLES[table].columns))


def rna_links(lake: Lake) -> pl.DataFrame:
    """Return `rna`, `siren`, `linked_on`: the numbers that structures give to one unit only."""
    return (
        _facts(lake, "structures")
        .filter(pl.col("rna").is_not_null() & pl.col("siren").is_not_null())
        .group_by("rna")
        .agg(
            pl.col("siren").first(),
            pl.col("siren").n_unique().alias("units"),
            pl.col("known_on").min().alias("linked_on"),
        )
        .filter(pl.col("units") == 1)
        .select("rna", "siren", "linked_on")
        .collect()
    )


def successors(lake: Lake) -> pl.DataFrame:
    """Return `predecessor`, `siren` (the last unit of the chain), `occurred_on`, `linked_on`.

    A unit continued by several is continued by none for certain, and a chain that turns round is
    left out.
    """
    steps = (
        _facts(lake, "successions")
        .group_by("predecessor")
        .agg(
            pl.col("siren").first(),
            pl.col("siren").n_unique().alias("units"),
            pl.col("occurred_on").min(),
            pl.col("known_on").min().alias("linked_on"),
        )
        .filter((pl.col("units") == 1) & (pl.col("predecessor") != pl.col("siren")))
        .drop("units")
        .collect()
    )
    chains = steps
    for _ in range(_LONGEST_CHAIN):
        longer = chains.join(
            steps.select(
                pl.col("predecessor").alias("siren"),
                pl.col("siren").alias("next"),
                pl.col("linked_on").alias("next_on"),
            ),
            on="siren",
            how="left",
        )
        if longer["next"].null_count() == longer.height:
            break
        chains = longer.select(
            "predecessor",
            pl.coalesce("next", "siren").alias("siren"),
            "occurred_on",
            pl.max_horizontal("linked_on", "next_on").alias("linked_on"),
        )
    still = chains["siren"].is_in(steps["predecessor"].implode())
    return chains.filter(~still & (pl.col("predecessor") != pl.col("siren")))


def _later(other: str) -> pl.Expr:
    return pl.max_horizontal("known_on", other).alias("known_on")


def _by_rna(lake: Lake, table: str, links: pl.DataFrame) -> pl.DataFrame:
    found = (
        _facts(lake, table)
        .filter(pl.col("siren").is_null() & pl.col("rna").is_not_null())
        .drop("siren")
        .join(links.lazy(), on="rna", how="inner")
        .with_columns(_later("linked_on"))
        .drop("linked_on")
    )
    if table == "grants":
        found = found.with_columns(pl.lit("rna").alias("matched_by"))
    return found.collect().select(list(TABLES[table].columns))


def _by_name(lake: Lake, review: pl.DataFrame) -> pl.DataFrame:
    matched = names.matched(lake.named().collect(), _facts(lake, "structures"), review)
    return (
        matched.filter(pl.col("status") == "matched")
        .with_columns(_later("linked_on"), pl.lit("name").alias("matched_by"))
        .select(list(TABLES["grants"].columns))
    )


def _continued(
    lake: Lake, table: str, units: pl.DataFrame, more: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Return the lines of the units that another continues, for the one that does."""
    links = units.select(
        pl.col("predecessor").alias("siren"), pl.col("siren").alias("unit"), "linked_on"
    )
    facts = _facts(lake, table)
    if more is not None:
        facts = pl.concat([facts, more.lazy()], how="diagonal_relaxed")
    found = facts.join(links.lazy(), on="siren", how="inner").with_columns(
        pl.col("unit").alias("siren"), _later("linked_on")
    )
    if table == "grants":
        found = found.with_columns(pl.lit("succession").alias("matched_by"))
    return found.select(list(TABLES[table].columns)).collect()


def _events(lake: Lake, links: pl.DataFrame, units: pl.DataFrame) -> pl.DataFrame:
    events = _facts(lake, "events").with_row_index("event")
    # A notice takes back what was said before it: a unit dissolved anew after an annulment is.
    retracted = (
        _facts(lake, "retractions")
        .select("notice_id", pl.col("known_on").alias("taken_back_on"))
        .join(events.select("event", "notice_id", "known_on"), on="notice_id", how="inner")
        .filter(pl.col("known_on") <= pl.col("taken_back_on"))
        .group_by("event")
        .agg(pl.col("taken_back_on").min())
    )
    columns = list(TABLES["events"].columns)
    found = (
        events.join(retracted, on="event", how="left")
        .join(links.lazy().rename({"siren": "unit"}), on="rna", how="left")
        .with_columns(
            pl.when(pl.col("siren").is_null()).then(_later("linked_on")).otherwise("known_on"),
            pl.coalesce("siren", "unit").alias("siren"),
            pl.min_horizontal("retracted_on", "taken_back_on").alias("retracted_on"),
        )
        .select(columns)
        .collect()
    )
    return pl.concat([found, _mergers(found, lake, units)], how="diagonal_relaxed").select(columns)


def _mergers(events: pl.DataFrame, lake: Lake, units: pl.DataFrame) -> pl.DataFrame:
    """Return a merger the day each continued unit ends, by the succession and by its own end."""
    said = (
        _facts(lake, "successions")
        .join(units.lazy().select("predecessor"), on="predecessor", how="semi")
        .select(
            pl.col("predecessor").alias("siren"),
            pl.lit("merger").alias("kind"),
            "occurred_on",
            "source",
            "source_row",
            "known_on",
        )
        .collect()
    )
    ends = events.filter(pl.col("kind").is_in(["cessation", "dissolution"]))
    same = ends.join(
        said.select(
            "siren", pl.col("occurred_on").alias("on"), pl.col("known_on").alias("linked_on")
        ),
        on="siren",
        how="inner",
    ).filter((pl.col("occurred_on") - pl.col("on")).dt.total_days().abs() <= _SAME_END_DAYS)
    again = same.with_columns(pl.lit("merger").alias("kind"), _later("linked_on"))
    return pl.concat([said, again.select(said.columns)], how="vertical_relaxed").unique()


def describe(lake: Lake) -> pl.DataFrame:
    """Return every name of the lists of grants and what became of it, for review.

    Returns
    -------
    polars.DataFrame
        `beneficiary_name`, `departement`, `status` ("matched", "refused", "unknown_name",
        "ambiguous_name", "no_place"), `siren`, `name` (that of the structure), `lines`,
        `amount_eur`; one row a name and département.
    """
    review = names.review(lake.root.parent / REVIEW)
    matched = names.matched(lake.named().collect(), _facts(lake, "structures"), review)
    return (
        matched.group_by("beneficiary_name", "departement", "status", "siren", "name")
        .agg(pl.len().alias("lines"), pl.col("amount_eur").sum())
        .sort("status", "beneficiary_name", "departement", nulls_last=True)
    )
