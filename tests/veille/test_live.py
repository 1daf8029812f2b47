"""Live scores are those of the published list, for the same facts or the same indicators."""

from __future__ import annotations

import json
import math
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from data.lake import Lake
from features.catalogue import INDICATORS
from features.facts import BY_STRUCTURE
from features.progress import quiet
from serving.live.call import read_call
from serving.live.errors import CallError
from serving.live.facts import columns_of
from serving.live.scorer import LiveScorer
from serving.publication import Publication
from veille import demo
from veille.home import Home
from veille.scoring import panel_at

TARGETS = ("failure", "funding_loss")


def scorer(home: Path, target: str = "failure") -> LiveScorer:
    return LiveScorer.load(Publication.load(home, target))


def histories(home: Path, sirens: list[str]) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Return the facts of structures as a caller would write them in JSON."""
    lake = Lake(home)
    found: dict[str, dict[str, list[dict[str, Any]]]] = {siren: {} for siren in sirens}
    for table in BY_STRUCTURE:
        kept = ["siren", *columns_of(table)]
        rows = lake.scan(table).filter(pl.col("siren").is_in(sirens)).select(kept).collect()
        for row in rows.iter_rows(named=True):
            found[row.pop("siren")].setdefault(table, []).append(
                {name: _plain(value) for name, value in row.items() if value is not None}
            )
    return found


def _plain(value: Any) -> Any:  # noqa: ANN401 - a JSON value
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, (str, bool, int, float)) else str(value)  # a Decimal


def body(**content: Any) -> bytes:  # noqa: ANN401 - JSON
    return json.dumps(content).encode()


def published(home: Path, target: str, count: int) -> pl.DataFrame:
    current = Publication.load(home, target)
    return current.frame.select(current.columns).head(count)


def same(found: Any, row: dict[str, Any]) -> None:  # noqa: ANN401 - a scored structure
    assert found.level == row["level"]
    assert found.coverage == pytest.approx(row["coverage"], abs=1e-12)
    for one in found.estimates:
        for name in ("p", "low", "high"):
            expected = row[f"{name}_{one.horizon_months}m"]
            assert abs(getattr(one, name) - expected) < 1e-9, (row["siren"], name)


@pytest.mark.parametrize("target", TARGETS)
def test_histories_give_the_published_scores(demo_home: Path, target: str) -> None:
    live = scorer(demo_home, target)
    rows = published(demo_home, target, 60)
    told = histories(demo_home, rows["siren"].to_list())
    content = [{"id": siren, "histories": tables} for siren, tables in told.items()]
    answer = live.answer(read_call(body(structures=content, target=target)))
    assert [one.id for one in answer.items] == rows["siren"].to_list()
    for one, row in zip(answer.items, rows.iter_rows(named=True), strict=True):
        same(one, row)
        assert not one.already_ended
    for k in (0, 7):  # the same by itself
        (alone,) = live.answer(read_call(body(structures=[content[k]], target=target))).items
        same(alone, rows.row(k, named=True))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("count", [1, 60])
def test_indicators_give_the_published_scores(demo_home: Path, target: str, count: int) -> None:
    live = scorer(demo_home, target)
    rows = published(demo_home, target, count)
    day = live.context.as_of
    digest = live.publication.manifest.input_hash
    panel = panel_at(Home(demo_home), day, "polars", quiet, digest=digest)[1]
    panel = rows.select(structure_id="siren").join(panel, on="structure_id", maintain_order="left")
    content = [
        {"id": one.pop("structure_id"), "indicators": one} for one in panel.drop("as_of").to_dicts()
    ]
    answer = live.answer(read_call(body(structures=content, reasons=True, target=target)))
    for one, row in zip(answer.items, rows.iter_rows(named=True), strict=True):
        same(one, row)
        assert one.reasons is not None
        listed = math.fsum(reason.contribution for reason in one.reasons.reasons)
        assert one.reasons.base_value + listed == pytest.approx(one.reasons.score_logit, abs=1e-9)
        (main,) = [e for e in one.estimates if e.horizon_months == one.reasons.horizon_months]
        assert 1 / (1 + math.exp(-one.reasons.score_logit)) == pytest.approx(main.p, abs=1e-9)


def test_reasons_are_those_of_the_publication(demo_home: Path) -> None:
    live = scorer(demo_home)
    siren = published(demo_home, "failure", 1)["siren"][0]
    told = histories(demo_home, [siren])[siren]
    call = read_call(body(structures=[{"histories": told}], reasons=True))
    (one,) = live.answer(call).items
    assert one.reasons is not None
    expected = {r["indicator"]: r for r in live.publication.reasons(siren)}
    assert {r.indicator for r in one.reasons.reasons} == set(expected)
    for reason in one.reasons.reasons:
        other = expected[reason.indicator]
        assert reason.contribution == pytest.approx(other["contribution"], abs=1e-6)
        assert (reason.sentence, reason.text) == (other["sentence"], other["text"])


def test_partial_input_is_scored_with_its_coverage(demo_home: Path) -> None:
    live = scorer(demo_home)
    call = read_call(body(structures=[{"id": "x", "indicators": {"grants_eur": 50_000}}]))
    (one,) = live.answer(call).items
    assert one.coverage == pytest.approx(1 / len(INDICATORS))
    assert one.level in {"high", "moderate", "low"}
    assert [e.horizon_months for e in one.estimates] == [6, 12, 18]
    assert one.estimates[0].p <= one.estimates[1].p <= one.estimates[2].p
    never = {c.spec.name for c in live.model.encoding.columns if not c.missing_seen}
    assert set(one.unseen_missing) == never - {"grants_eur"}
    (nothing,) = live.answer(read_call(body(structures=[{"indicators": {}}]))).items
    assert (nothing.level, nothing.coverage) == ("unknown", 0.0)


def test_one_horizon_is_given_when_it_is_asked(demo_home: Path) -> None:
    call = read_call(body(structures=[{"indicators": {}}], horizons_months=[18]))
    (one,) = scorer(demo_home).answer(call).items
    assert [e.horizon_months for e in one.estimates] == [18]


def test_an_end_is_told(demo_home: Path) -> None:
    live = scorer(demo_home)
    event = {"kind": "liquidation", "occurred_on": "2023-01-01", "known_on": "2023-02-01"}
    back = event | {"retracted_on": "2023-03-01"}
    later = event | {"known_on": "2999-01-01"}
    content = [{"histories": {"events": [row]}} for row in (event, back, later)]
    found = live.answer(read_call(body(structures=content))).items
    assert [one.already_ended for one in found] == [True, False, False]


def test_budgets_told_with_a_call_count(demo_home: Path) -> None:
    live = scorer(demo_home)
    lake, day = Lake(demo_home), live.context.as_of
    voted = live.context.shared.programmes.filter(pl.col("voted_ppm").is_not_null())
    lines = lake.scan("grants").filter(pl.col("fiscal_year") >= day.year - 1).collect()
    lines = lines.filter(pl.col("amount_eur") > 1_000, pl.col("siren").is_not_null())
    line = lines.join(voted, on=["funder_id", "programme"]).sort("siren").row(0, named=True)
    funder, programme, siren = line["funder_id"], line["programme"], line["siren"]
    told = [{"histories": histories(demo_home, [siren])[siren]}]
    cut = [
        {"funder_id": funder, "programme": programme, "year": year, "stage": "voted"}
        | {"amount_eur": amount}
        for year, amount in ((day.year, 1_000_000), (day.year + 1, 100_000))
    ]

    def rows(**more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        return live._told(read_call(body(structures=told, **more))).rows[0]

    before, after = rows(), rows(budgets=cut)
    changed = {name for name in INDICATORS if before[name] != after[name]}
    assert changed
    assert {INDICATORS[name].theme for name in changed} == {"budget"}


@pytest.mark.parametrize(
    ("content", "code", "where"),
    [
        (b"{", "bad-json", "corps"),
        (b"[]", "bad-body", "corps"),
        (body(structures=[]), "bad-count", "structures"),
        (body(structures=[{}] * 1001), "bad-count", "structures"),
        (body(structures=[{}]), "bad-structure", "structures[0]"),
        (
            body(structures=[{"indicators": {}, "histories": {}}]),
            "bad-structure",
            "structures[0]",
        ),
        (body(structures=[{"indicators": {}, "name": "x"}]), "bad-body", "structures[0]"),
        (
            body(structures=[{"indicators": {"grants_eur": []}}]),
            "bad-body",
            "structures[0].indicators[...]",
        ),
        (
            body(structures=[{"indicators": {}}, {"indicators": {"nope": 1}}]),
            "unknown-indicator",
            "structures[1].indicators",
        ),
        (
            body(structures=[{"indicators": {"grants_eur": "beaucoup"}}]),
            "bad-indicator-value",
            "structures[0].indicators.grants_eur",
        ),
        (
            body(structures=[{"indicators": {}}], horizons_months=[12, 7]),
            "unknown-horizon",
            "horizons_months[1]",
        ),
        (
            body(structures=[{"histories": {"gifts": []}}]),
            "unknown-table",
            "structures[0].histories",
        ),
        (
            body(structures=[{"histories": {"grants": [{"colour": 1}]}}]),
            "unknown-column",
            "structures[0].histories.grants[0]",
        ),
        (
            body(structures=[{"histories": {"grants": [{"funder_id": "etat"}]}}]),
            "missing-value",
            "structures[0].histories.grants[0].amount_eur",
        ),
        (
            body(
                structures=[
                    {
                        "histories": {
                            "grants": [
                                {"funder_id": "etat", "amount_eur": 1, "fiscal_year": 2020},
                                {"funder_id": "etat", "amount_eur": "x", "fiscal_year": 2020},
                            ]
                        }
                    }
                ]
            ),
            "bad-fact",
            "structures[0].histories.grants[1].amount_eur",
        ),
        (
            body(
                structures=[{"histories": {"events": [{"kind": "x", "occurred_on": "2020-01-01"}]}}]
            ),
            "bad-fact",
            "structures[0].histories.events[0].kind",
        ),
        (
            body(structures=[{"indicators": {}}], budgets=[{"funder_id": "etat", "year": 1.5}]),
            "bad-fact",
            "budgets[0].year",
        ),
    ],
)
def test_a_faulty_call_is_told_where(
    demo_home: Path, content: bytes, code: str, where: str
) -> None:
    with pytest.raises(CallError) as refused:
        scorer(demo_home).answer(read_call(content))
    assert (refused.value.code, refused.value.where) == (code, where)


@pytest.mark.slow
def test_ten_thousand_structures(tmp_path: Path) -> None:
    silent = dict.fromkeys(("facts", "features", "train", "score"), quiet)
    demo.run(Home(tmp_path), 12_500, 1, silent, targets=("failure",))
    live = scorer(tmp_path)
    rows = published(tmp_path, "failure", 10_000).to_dicts()
    assert len(rows) == 10_000
    for start in range(0, len(rows), 1_000):
        part = rows[start : start + 1_000]
        told = histories(tmp_path, [row["siren"] for row in part])
        content = [{"histories": told[row["siren"]]} for row in part]
        answer = live.answer(read_call(body(structures=content)))
        for one, row in zip(answer.items, part, strict=True):
            same(one, row)
