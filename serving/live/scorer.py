"""Score what a call gives: the publication's model on the publication's day, without HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from msgspec import UnsetType
from numpy.typing import NDArray

from features.catalogue import INDICATORS
from features.live import Context
from models.risk_model import RiskModel
from models.single import SingleRow
from models.spec import ModelError
from serving.levels import level_of
from serving.live.answer import Answer, Estimate, Reasons, Scored, reason_of
from serving.live.call import Call, Indicators
from serving.live.errors import CallError
from serving.live.facts import frame_of, tables_of
from serving.publication import Publication, PublicationError
from serving.publication_files import MODEL_FOLDER, SHARED_FOLDER

#: up to this many structures, one by one costs less than a table
ONE_BY_ONE = 24
_ENDED = ("safeguard", "receivership", "liquidation", "dissolution", "cessation", "merger")


@dataclass(frozen=True)
class _Told:
    """Indicators of the structures of a call, in its order."""

    rows: list[dict[str, Any]]
    ended: frozenset[int]


class LiveScorer:
    """The model and the context of one publication, ready; any thread may use it."""

    def __init__(self, publication: Publication, model: RiskModel, context: Context) -> None:
        self.publication, self.model, self.context = publication, model, context
        self.single = SingleRow(model)
        self.names = frozenset(INDICATORS)
        self._sparse = tuple(
            c.spec.name for c in model.encoding.columns if not c.missing_seen
        )  # missing there is news
        self._thresholds = publication.manifest.thresholds
        self._main = publication.horizons.index(publication.main_horizon)

    @classmethod
    def load(cls, publication: Publication) -> LiveScorer:
        """Return the scorer of a publication.

        Raises
        ------
        PublicationError
            `no-live-model`: it was published without what live scoring needs.
        """
        folder = publication.folder
        if not (folder / MODEL_FOLDER).is_dir():
            raise PublicationError(
                "Cette publication ne porte pas de quoi noter une structure à la demande.",
                code="no-live-model",
                received=publication.id,
                todo="Republiez avec `veille score`.",
            )
        model = RiskModel.load(folder / MODEL_FOLDER)
        strange = sorted({f.name for f in model.features} - set(INDICATORS))
        if strange:
            raise PublicationError(
                "Le modèle publié lit des indicateurs que ce catalogue n'a plus.",
                code="no-live-model",
                where=publication.id,
                received=", ".join(strange),
                todo="Réapprenez, puis republiez avec `veille score`.",
            )
        context = Context.load(folder / SHARED_FOLDER, publication.manifest.as_of)
        return cls(publication, model, context)

    def light(self, call: Call) -> bool:
        """Tell whether a call is answered in less time than giving it to a thread takes."""
        return (
            not call.reasons and len(call.structures) <= 1 and bool(call.structures[0].indicators)
        )

    def answer(self, call: Call) -> Answer:
        """Return the scores of a call.

        Raises
        ------
        CallError
            `unknown-horizon`, `unknown-indicator`, `bad-indicator-value`, and those of
            `serving.live.facts`.
        """
        wanted = self._horizons(call.horizons_months)
        told = self._told(call)
        estimates = self._estimates(told.rows)
        manifest = self.publication.manifest
        reasons = self._reasons(told.rows) if call.reasons else [None] * len(told.rows)
        items = []
        for k, (row, found) in enumerate(zip(told.rows, estimates, strict=True)):
            known = len(row) - list(row.values()).count(None)
            items.append(
                Scored(
                    id=call.structures[k].id,
                    level=level_of(found[self._main].p, row, self._thresholds),
                    coverage=known / len(self.names),
                    already_ended=k in told.ended,
                    estimates=[one for one in found if one.horizon_months in wanted],
                    unseen_missing=[n for n in self._sparse if row.get(n) is None],
                    reasons=reasons[k],
                )
            )
        return Answer(
            publication=self.publication.id,
            target=self.publication.target,
            as_of=manifest.as_of.isoformat(),
            synthetic=manifest.synthetic,
            model=manifest.model.name,
            model_version=str(manifest.model.version or ""),
            items=items,
        )

    def _horizons(self, asked: list[int] | UnsetType) -> frozenset[int]:
        known = self.model.horizons_months
        for k, months in enumerate(asked or ()):
            if months not in known:
                raise CallError(
                    "Le modèle n'a pas cet horizon.",
                    code="unknown-horizon",
                    where=f"horizons_months[{k}]",
                    received=months,
                    expected=", ".join(map(str, known)),
                )
        return frozenset(asked or known)

    def _told(self, call: Call) -> _Told:
        """Return the indicators of each structure: as given, or computed from its histories."""
        context, as_of = self.context, self.context.as_of
        if call.budgets or call.funder_delays:
            context = context.told(
                *(
                    frame_of(name, [(f"{name}[{k}]", "", r) for k, r in enumerate(rows)], as_of)
                    for name, rows in (
                        ("budgets", call.budgets),
                        ("funder_delays", call.funder_delays),
                    )
                )
            )
        rows: list[dict[str, Any]] = [{}] * len(call.structures)
        histories = []
        for k, item in enumerate(call.structures):
            if not isinstance(item.indicators, UnsetType):
                rows[k] = self._checked(item.indicators, k)
            elif not isinstance(item.histories, UnsetType):
                histories.append((f"structures[{k}]", _number(k), item.histories))
        if not histories:
            return _Told(rows, frozenset())
        tables = tables_of(histories, as_of)
        computed = context.rows(tables, [siren for _, siren, _ in histories])
        for row in computed.drop("as_of").iter_rows(named=True):
            rows[int(row.pop("structure_id"))] = row
        return _Told(rows, self._ended(tables))

    def _ended(self, tables: dict[str, pl.DataFrame]) -> frozenset[int]:
        events = tables.get("events")
        if events is None:
            return frozenset()
        day = self.context.as_of
        standing = events.filter(
            (pl.col("known_on") <= day)
            & (pl.col("retracted_on").is_null() | (pl.col("retracted_on") > day))
            & pl.col("kind").is_in(list(_ENDED))
        )
        return frozenset(int(siren) for siren in standing["siren"])

    def _checked(self, given: Indicators, k: int) -> dict[str, Any]:
        if not given.keys() <= self.names:
            name = next(name for name in given if name not in self.names)
            raise CallError(
                "Cet indicateur n'existe pas.",
                code="unknown-indicator",
                where=f"structures[{k}].indicators",
                received=name,
                expected="un nom de GET /api/v1/indicators",
            )
        return given

    def _estimates(self, rows: Sequence[dict[str, Any]]) -> list[list[Estimate]]:
        months = self.model.horizons_months
        codes = self._codes(rows)
        if len(rows) <= ONE_BY_ONE:
            return [
                [Estimate(m, *found) for m, found in zip(months, one, strict=True)]
                for one in map(self.single.predict_codes, codes)
            ]
        scored = self.model.predict(self._table(rows), num_threads=1)
        columns = [scored[f"{n}_{m}m"].to_list() for m in months for n in ("p", "low", "high")]
        return [
            [Estimate(m, *one[3 * h : 3 * h + 3]) for h, m in enumerate(months)]
            for one in zip(*columns, strict=True)
        ]

    def _codes(self, rows: Sequence[dict[str, Any]]) -> list[NDArray[np.float64]]:
        """Return the model's numbers of each row; CallError for a value of the wrong type."""
        codes = []
        for k, row in enumerate(rows):
            try:
                codes.append(self.single.codes(list(map(row.get, self.single.names))))
            except ModelError as error:
                raise CallError(
                    error.what,
                    code="bad-indicator-value",
                    where=f"structures[{k}].indicators.{error.where}",
                    received=error.received,
                    expected=error.expected,
                ) from error
        return codes

    def _table(self, rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
        values = [[row.get(name) for name in self.single.names] for row in rows]
        columns = zip(*values, strict=True)
        return pl.DataFrame(
            [
                pl.Series(f.name, column, dtype=pl.Float64 if f.kind == "numeric" else pl.String)
                for f, column in zip(self.model.features, columns, strict=True)
            ]
        )

    def _reasons(self, rows: Sequence[dict[str, Any]]) -> list[Reasons | None]:
        """Return the reasons at the main horizon, strongest first."""
        main = self.publication.main_horizon
        explained = self.model.explain(self._table(rows), main, num_threads=1)
        found: list[Reasons | None] = []
        for row, why in zip(rows, explained.iter_rows(named=True), strict=True):
            base, score = why.pop("base_value"), why.pop("score_logit")
            parts = sorted(((n, c) for n, c in why.items() if c), key=lambda one: -abs(one[1]))
            listed = [reason_of(name, row.get(name), part) for name, part in parts]
            found.append(Reasons(main, base, score, listed))
        return found


def _number(k: int) -> str:
    """Return what stands for the SIREN of a structure of a call: its place, on nine digits."""
    return f"{k:09d}"
