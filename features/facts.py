"""Facts prepared once for all observation days: the narrow columns that the jobs read."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import narwhals as nw
import polars as pl

from data.contracts import TABLES
from data.coverage import PARTIAL_SOURCES
from data.drafts import with_machine_columns
from data.reference import bands
from features.engines import Engine
from features.engines.base import Frame
from features.line_days import event_day

#: the State among levels: 0 for all others that are known, 2 for none
STATE = 1
#: what tells one list of grants of a funder from another
LIST = ["funder_id", "stage", "partial"]
_FEW_DAYS = 2
_MONTHS = (date(1950, 1, 1), date(2099, 12, 1))
#: kinds of purpose read in the words of a grant line, first match wins
PURPOSE_KINDS: dict[str, str] = {
    "job_post": r"fonjep|(^| )(jep|cui|cae)( |$)|poste|emploi|adulte",
    "investment": r"investissement|equipement|équipement|travaux|construction|achat",
    "exceptional": r"exceptionnel|urgence|relance|covid|secours",
    "event": r"festival|colloque|congr|exposition|manifestation|salon|tournoi",
    "study": r"etude|étude|recherche|evaluation|évaluation",
    "training": r"formation|apprenti",
    "operating": r"fonctionnement|(^| )cpo( |$)|conventionnement|soutien a la structure|pluriannu",
    "project": r"projet|action|(^| )aap( |$)|appel|programme",
}


class FactFiles(Protocol):
    """Where facts come from: the lake, or tables in memory."""

    def load(self, engine: Engine, table: str) -> Frame:
        """Return table `table` with its machine columns, in `engine`."""
        ...


@dataclass(frozen=True)
class MemoryFacts:
    """Canonical tables in memory (live scoring, tests); absent tables are empty."""

    tables: dict[str, pl.DataFrame]

    def load(self, engine: Engine, table: str) -> Frame:
        """Return table `table` with its machine columns, in `engine`."""
        frame = self.tables.get(table, TABLES[table].empty())
        return engine.small(with_machine_columns(frame))


@dataclass(frozen=True)
class Facts:
    """Prepared frames of one engine; every one keeps `known_day`.

    `lists` names the lists of grants (`LIST`) and their funders, of which grant lines have only the
    number (`list`); it is small and in memory.
    """

    engine: Engine
    grants: Frame
    lists: pl.DataFrame
    structures: Frame
    events: Frame
    payments: Frame
    funder_delays: Frame
    budgets: Frame
    debts: Frame
    accounts: Frame
    alerts: Frame


def funder_names(facts: Facts) -> pl.DataFrame:
    """Return the name, `funder_id`, of each number of a funder, `funder`."""
    return facts.lists.select("funder", "funder_id").unique()


def _purpose_kind() -> nw.Expr:
    text = nw.col("purpose_key")
    chain = nw.when(text == "").then(nw.lit("unknown"))
    for kind, pattern in PURPOSE_KINDS.items():
        chain = chain.when(text.str.contains(pattern)).then(nw.lit(kind))
    return chain.otherwise(nw.lit("other"))


def _level() -> nw.Expr:
    """Return the level of a funder as a number, the least of which is kept where lists disagree."""
    level = nw.col("funder_level")
    chain = nw.when(level == "state").then(nw.lit(STATE)).when(level == "unknown").then(nw.lit(2))
    return chain.otherwise(nw.lit(0)).cast(nw.Int8).alias("level")


def _periods() -> pl.DataFrame:
    """Return each way to write a period of contributions, and its last day (number)."""
    months = pl.DataFrame({"first": pl.date_range(*_MONTHS, interval="1mo", eager=True)})
    end, year = pl.col("first").dt.month_end(), pl.col("first").dt.year()
    quarter = pl.col("first").dt.quarter()
    written = (
        (pl.col("first").dt.strftime("%Y-%m"), end),
        (pl.format("{}-Q{}", year, quarter), pl.date(year, 3 * quarter, 1).dt.month_end()),
        (year.cast(pl.String), pl.date(year, 12, 31)),
    )
    return pl.concat(
        months.select(text.alias("period"), day.cast(pl.Int32).alias("period_day"))
        for text, day in written
    ).unique()


def _of_kind(instrument: str) -> nw.Expr:
    """Return the amount of a line of one kind, 0 for the others."""
    amount = nw.when(nw.col("instrument") == instrument).then(nw.col("amount_cents"))
    return amount.otherwise(nw.lit(0)).alias(f"{instrument}_cents")


def _grants(rows: Frame, _engine: Engine) -> Frame:
    rows = rows.with_columns(nw.col("purpose").fill_null(""))
    # The same words come back on many lines: each is read once.
    words = (
        rows.select("purpose")
        .unique()
        .with_columns(
            nw.col("purpose")
            .str.to_lowercase()
            .str.replace_all(r"[^a-zà-ÿ]+", " ")
            .str.slice(0, 40)
            .alias("purpose_key")
        )
    )
    return (
        rows.join(
            words.with_columns(_purpose_kind().alias("purpose_kind")), on="purpose", how="left"
        )
        .with_columns(
            event_day(),
            nw.col("programme").fill_null("?"),
            _level(),
            nw.col("multi_year").fill_null(value=False).alias("multi_year"),
        )
        .select(
            "siren",
            "funder_id",
            "level",
            "programme",
            "purpose_key",
            "purpose_kind",
            "stage",
            nw.col("source").is_in(PARTIAL_SOURCES).alias("partial"),
            "multi_year",
            _of_kind("grant"),
            _of_kind("contract"),
            "event_day",
            "known_day",
        )
    )


def _structures(rows: Frame, engine: Engine) -> Frame:
    middles = {code: float(band.midpoint) for code, band in bands().items()}
    midpoints = engine.small(
        pl.DataFrame({"employees_band": list(middles), "employees": list(middles.values())})
    )
    return rows.join(midpoints, on="employees_band", how="left").select(
        "siren",
        "source",
        "ess_family",
        "esus",
        "sector",
        "departement",
        "region",
        "employees_band",
        "employees",
        "budget_cents",
        "created_day",
        "ceased_day",
        "known_day",
    )


def _debts(rows: Frame, engine: Engine) -> Frame:
    return rows.join(engine.small(_periods()), on="period", how="left").select(
        *("siren", "creditor", "period", "debt_id", "due_cents", "outstanding_cents", "plan"),
        *("period_day", "known_day"),
    )


def _only(*columns: str) -> Callable[[Frame, Engine], Frame]:
    return lambda rows, _engine: rows.select(*columns)


#: table -> what is kept of each of its rows; a row of a structure is read with no other
BY_STRUCTURE: dict[str, Callable[[Frame, Engine], Frame]] = {
    "grants": _grants,
    "structures": _structures,
    "events": _only("siren", "kind", "occurred_day", "known_day", "retracted_day"),
    "payments": _only(
        *("siren", "payment_id", "funder_id", "due_day", "paid_day", "amount_cents", "known_day")
    ),
    "debts": _debts,
    "accounts": _only("siren", "closed_day", "filed_day", "known_day"),
    "alerts": _only("siren", "severity", "raised_day", "known_day"),
}
#: the tables of funders: small, read whole
BY_FUNDER = {
    "funder_delays": ("funder_id", "year", "mean_days", "known_day"),
    "budgets": ("funder_id", "programme", "year", "stage", "amount_cents", "known_day"),
}


def narrowed(rows: Frame, engine: Engine, table: str) -> Frame:
    """Return what the jobs read of some rows of a table of `BY_STRUCTURE`.

    Rows whose unit is known by an RNA number alone are left out: it says nothing of a SIREN.
    """
    return BY_STRUCTURE[table](rows.filter(~nw.col("siren").is_null()), engine)


def with_funders(lists: pl.DataFrame) -> pl.DataFrame:
    """Return numbered lists with the number of their funder: the least of those of its lists."""
    return lists.with_columns(pl.col("list").min().over("funder_id").alias("funder"))


def gathered(
    narrow: dict[str, Frame],
    of_funders: dict[str, Frame],
    engine: Engine,
    lists: pl.DataFrame,
    read: Collection[str] = (),
    days: int = 1,
) -> Facts:
    """Return the facts from their narrow tables, grant lines numbered by list.

    `lists` is that of `Facts`. `read`: the columns of lines kept, all if none. `days`: how many
    will be computed from them; ordering the rows pays from the third.
    """
    together = "siren" if days > _FEW_DAYS else None
    # An instalment that a later export tells again is no second one.
    payments = (
        narrow["payments"]
        .group_by("siren", "payment_id", "funder_id", "due_day", "paid_day", "amount_cents")
        .agg(nw.col("known_day").min())
        .select(
            *("siren", "funder_id", "due_day", "paid_day"),
            nw.col("amount_cents").alias("cents"),
            "known_day",
        )
    )
    grants = narrow["grants"]
    if read:
        kept = {*read, "list", "event_day", "known_day"} & set(grants.collect_schema().names())
        grants = grants.select(sorted(kept))
    return Facts(
        engine=engine,
        grants=engine.keep(grants, together=together),
        lists=lists,
        structures=engine.keep(narrow["structures"]),
        payments=engine.keep(payments, together=together),
        budgets=of_funders["budgets"].rename({"amount_cents": "cents"}),
        funder_delays=of_funders["funder_delays"],
        **{name: narrow[name] for name in ("events", "debts", "accounts", "alerts")},
    )


def of_funders(files: FactFiles, engine: Engine) -> dict[str, Frame]:
    """Return the tables of `BY_FUNDER`."""
    return {t: files.load(engine, t).select(*columns) for t, columns in BY_FUNDER.items()}


def prepare(files: FactFiles, engine: Engine) -> Facts:
    """Load and narrow every table once; the frames are then filtered for each day."""
    narrow = {t: narrowed(files.load(engine, t), engine, t) for t in BY_STRUCTURE}
    # Lines find the slots of their list by one number, on every day.
    lists = engine.collect(narrow["grants"].select(LIST).unique()).with_row_index("list")
    lists = with_funders(lists.with_columns(pl.col("list").cast(pl.Int32)))
    numbers = engine.small(lists.drop("funder"))
    narrow["grants"] = narrow["grants"].join(numbers, on=LIST, how="left").drop(LIST)
    return gathered(narrow, of_funders(files, engine), engine, lists)
