"""A scenario as facts known on the day: grants lowered, payments moved, budgets cancelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from data.contracts import TABLES
from data.lake import Lake
from features.asof import add_months, to_day
from features.facts import BY_STRUCTURE
from features.live import Context
from serving.cell.scenarios.document import Cut, Delay
from serving.cell.scenarios.scope import PROGRAMME, Hit, lines_in, since

#: what the jobs and the scopes read of grant lines
_GRANTS = (
    *("siren", "funder_id", "funder_level", "programme", "purpose", "source", "stage"),
    *("instrument", "multi_year", "fiscal_year", "decided_day", "known_day", "amount_cents"),
)
_SOURCE = "scenario"
_BACK = pl.DataFrame(
    schema={
        "siren": pl.String,
        "funder_id": pl.String,
        "programme": pl.String,
        "back_cents": pl.Int64,
    }
)

Tables = dict[str, pl.DataFrame]


@dataclass(frozen=True)
class Relief:
    """What measures make up for, by structure: `siren`, `cut`, `delay`, parts in [0, 1]."""

    parts: pl.DataFrame


def facts_of(lake: Lake, context: Context, sirens: pl.Series) -> Tables:
    """Return what the jobs read of some structures, known by the day; machine columns alone."""
    members, day = pl.LazyFrame({"siren": sirens}), to_day(context.as_of)
    plans = {}
    for table in BY_STRUCTURE:
        rows = lake.scan(table).filter(pl.col("known_day") <= day)
        rows = rows.join(members, on="siren", how="semi")
        plans[table] = rows.select(_GRANTS) if table == "grants" else rows.select(_machine(table))
    return dict(zip(plans, pl.collect_all(plans.values()), strict=True))


def _machine(table: str) -> pl.Expr:
    written = [
        name for name in TABLES[table].columns if name.endswith(("_on", "_eur")) or "name" in name
    ]
    return pl.exclude(written)


def lowered(
    grants: pl.DataFrame, context: Context, hits: Sequence[Hit], relief: Relief | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return grant lines with the cuts taken off, and what was taken (`Context.rows`).

    A cut takes off the lines of the latest slot of each funder: the latest year that it published.
    Several cuts of one line multiply.
    """
    cuts = [h for h in hits if isinstance(h.part, Cut) and h.touched["share"].max()]
    if not cuts or grants.is_empty():
        return grants, _BACK
    numbered = grants.with_row_index("_row")
    factors = []
    for one in cuts:
        reached = (
            context.slotted(numbered.lazy().filter(lines_in(one.part)))
            .filter((pl.col("slot") == 0) & since(one.part))
            .select("_row", "siren")
            .join(one.touched.lazy().filter(pl.col("share") > 0), on="siren")
        )
        if relief is not None:
            reached = reached.join(relief.parts.lazy(), on="siren", how="left").with_columns(
                share=pl.col("share") * (1 - pl.col("cut").fill_null(0.0))
            )
        factors.append(reached.select("_row", (1 - pl.col("share")).alias("_kept")))
    kept = pl.concat(factors).group_by("_row").agg(pl.col("_kept").product()).collect()
    after = (pl.col("amount_cents") * pl.col("_kept")).round(0).cast(pl.Int64)
    changed = numbered.join(kept, on="_row", how="left", maintain_order="left").with_columns(
        pl.coalesce(after, "amount_cents").alias("_after")
    )
    back = (
        changed.filter(pl.col("_kept").is_not_null())
        .group_by("siren", "funder_id", PROGRAMME)
        .agg((pl.col("amount_cents") - pl.col("_after")).sum().alias("back_cents"))
    )
    return changed.with_columns(amount_cents="_after").select(grants.columns), back


def moved(
    payments: pl.DataFrame, context: Context, hits: Sequence[Hit], relief: Relief | None
) -> pl.DataFrame:
    """Return payments made later, and known later: one after the day is no longer known.

    Those of the twelve months before the day are moved, or those since the start of the delay.
    """
    delays = [h for h in hits if isinstance(h.part, Delay)]
    for one in delays:
        part = one.part
        start = part.starts_on or add_months(context.as_of, -12)
        late = one.touched.select("siren", _late=pl.lit(float(getattr(part, "days", 0))))
        if relief is not None:
            late = late.join(relief.parts, on="siren", how="left").select(
                "siren", pl.col("_late") * (1 - pl.col("delay").fill_null(0.0))
            )
        whole = pl.col("_late").round(0).cast(pl.Int32)
        reached = (
            pl.col("funder_id").is_in(one.programmes["funder_id"].unique().implode())
            & (pl.col("paid_day") > to_day(start))
            & pl.col("_late").is_not_null()
        )
        payments = (
            payments.join(late, on="siren", how="left", maintain_order="left")
            .with_columns(
                pl.when(reached).then(pl.col(name) + whole).otherwise(name).alias(name)
                for name in ("paid_day", "known_day")
            )
            .drop("_late")
        )
    return payments.filter(pl.col("known_day") <= to_day(context.as_of)) if delays else payments


def told(lake: Lake, context: Context, hits: Sequence[Hit]) -> Context:
    """Return the context with the budgets cancelled and the delays published by the scenario."""
    budgets = TABLES["budgets"].empty()
    known = lake.scan("budgets").filter(pl.col("known_on") <= context.as_of)
    cancelled: dict[tuple[str, str], tuple[float, int]] = {}
    for one in hits:
        if not one.share:
            continue
        for funder, programme, given in one.programmes.iter_rows():
            before = cancelled.get((funder, programme), (0.0, given))[0]
            cancelled[funder, programme] = (1 - (1 - before) * (1 - one.share), given)
    if cancelled:
        names = list(budgets.columns)
        funders = sorted({funder for funder, _ in cancelled})
        rows = known.filter(pl.col("funder_id").is_in(funders)).select(names).collect()
        parts = rows.partition_by("funder_id", "programme", as_dict=True)
        budgets = pl.concat(
            _cancelled(parts, key, part, given, context) for key, (part, given) in cancelled.items()
        )
    return context.told(budgets, _delays(context, hits))


def _cancelled(
    parts: Mapping[tuple[object, ...], pl.DataFrame],
    key: tuple[str, str],
    share: float,
    given_cents: int,
    context: Context,
) -> pl.DataFrame:
    """Return the budgets of a programme, known or else what it gave, and the cancellation."""
    funder, programme = key
    empty = TABLES["budgets"].empty()
    rows = next(
        (parts[k] for k in ((funder, programme), (funder, None), (funder, "")) if k in parts), empty
    )
    votes = rows.filter((pl.col("stage") == "voted") & (pl.col("year") <= context.as_of.year + 1))
    votes = votes.filter((pl.col("year") == pl.col("year").max()) & (pl.col("amount_eur") > 0))
    if votes.is_empty():
        votes = _row(key, context, "voted", context.as_of.year, given_cents / 100)
        rows = pl.concat([rows.filter(pl.col("stage") != "voted"), votes])
    latest = votes.sort("known_on", "amount_eur").row(-1, named=True)
    taken = _row(
        key, context, "cancelled", int(latest["year"]), float(latest["amount_eur"]) * share
    )
    return pl.concat([rows.with_columns(programme=pl.lit(programme)), taken])


def _row(
    key: tuple[str, str], context: Context, stage: str, year: int, euros: float
) -> pl.DataFrame:
    schema = {name: column.dtype for name, column in TABLES["budgets"].columns.items()}
    known: dict[str, object] = {
        "funder_id": key[0],
        "programme": key[1],
        "year": year,
        "stage": stage,
        "amount_eur": round(euros, 2),
        "source": _SOURCE,
        "source_row": 0,
        "known_on": context.as_of,
    }
    return pl.DataFrame([known], {**schema, "amount_eur": pl.Float64}).cast(schema)  # type: ignore[arg-type]


def _delays(context: Context, hits: Sequence[Hit]) -> pl.DataFrame:
    """Return the delays that funders would publish; one that publishes none still does not."""
    schema = {name: column.dtype for name, column in TABLES["funder_delays"].columns.items()}
    late: dict[str, int] = {}
    for one in hits:
        if isinstance(one.part, Delay) and one.part.days:
            for funder in one.programmes["funder_id"].unique():
                late[funder] = late.get(funder, 0) + one.part.days
    more = pl.DataFrame(
        {"funder_id": list(late), "_days": list(late.values())},
        {"funder_id": pl.String, "_days": pl.Float64},
    )
    return (
        context.funder_delays.sort("year", "known_day", "mean_days")
        .unique("funder_id", keep="last", maintain_order=True)
        .join(more, on="funder_id", maintain_order="left")
        .select(
            "funder_id",
            "year",
            pl.col("mean_days") + pl.col("_days"),
            pl.lit(_SOURCE).alias("source"),
            pl.lit(0, pl.Int64).alias("source_row"),
            pl.lit(context.as_of).alias("known_on"),
        )
        .cast(schema)  # type: ignore[arg-type]
        .select(list(schema))
    )
