"""A model card, in French or in English, from what a run and its files say and nothing else.

The words stand in `templates/words.<language>.toml`, section by section; this module fills them in
and adds the tables. What is missing is said to be missing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from models.entry import RegisteredModel
from models.risk_model import RiskModel
from training.card_tables import Block, Numbers, evaluation_tables, plain_tables

Language = Literal["fr", "en"]
LANGUAGES: tuple[Language, ...] = ("fr", "en")
FORMATS = ("html", "md")
TEMPLATES = Path(__file__).parent / "templates"
#: tags of a run that say where it comes from, in the order shown
_TAGS = (
    *("note", "run_type", "panel_hash", "lake_hash", "catalogue_hash", "recipe_hash"),
    *("git_sha", "git_modified", "package_version", "python", "lightgbm", "polars", "platform"),
)


@dataclass(frozen=True)
class Known:
    """All that a card is made from.

    `evaluation`, `checks`: what these commands left for the model, None where there is nothing.
    `contact`: empty when the service has not said.
    """

    model: RiskModel
    entry: RegisteredModel
    evaluation: Mapping[str, Any] | None = None
    checks: Mapping[str, Any] | None = None
    contact: str = ""

    @property
    def synthetic(self) -> bool:
        """Return whether the rows are simulated."""
        return bool(self.model.summary["synthetic"])


@dataclass(frozen=True)
class Section:
    """A title and what stands under it."""

    title: str
    blocks: list[Block] = field(default_factory=list)


@cache
def words(language: Language) -> dict[str, Any]:
    """Return the words of a language."""
    return tomllib.loads((TEMPLATES / f"words.{language}.toml").read_text("utf-8"))


def render(known: Known, language: Language, form: str) -> str:
    """Return the card as one page: "html", which stands alone, or "md"."""
    said = words(language)
    html = form == "html"
    environment = Environment(
        loader=PackageLoader("training", "templates"),
        autoescape=html,  # noqa: S701 - Markdown below
        finalize=None if html else lambda text: str(text).replace("<", "&lt;"),
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
        lstrip_blocks=True,
    )
    environment.filters["cell"] = lambda text: text.replace("|", "\\|").replace("\n", " ")
    title = said["title"].format(model=known.entry.run_name)
    if known.synthetic:
        title += f" ({said['synthetic']})"
    return environment.get_template(f"card.{form}").render(
        language=language,
        title=title,
        warning=said["synthetic_warning"] if known.synthetic else "",
        sections=sections(known, language),
        footer=said["footer"],
    )


def sections(known: Known, language: Language) -> list[Section]:
    """Return the sections of the card, in the order of the words."""
    said = words(language)
    facts = _facts(known, said)
    found = []
    for parts in said["sections"].values():
        blocks = [Block(text=text.format_map(facts)) for text in parts.get("text", ())]
        if "items" in parts:
            blocks.append(Block(items=[text.format_map(facts) for text in parts["items"]]))
        if "table" in parts:
            blocks += _BUILDERS[parts["table"]](known, said)
        found.append(Section(parts["title"], blocks))
    return found


def _facts(known: Known, said: dict[str, Any]) -> dict[str, str]:
    """Return what fills the blanks of the words."""
    model, summary, numbers = known.model, known.model.summary, Numbers(said)
    given = summary.get("given")
    about = said["targets"]["panel" if given else model.target]
    blanks = {"label": given["label"], "target": model.target} if given else {}
    horizons = said["months"].format(", ".join(map(str, model.horizons_months)))
    undated = bool(given and not given["dated"])
    left_out = (
        "; ".join(f"{name} ({why})" for name, why in given["left_out"].items()) if given else ""
    )
    sources = known.entry.tags.get("sources", "")
    if given:
        sources = said["panel_file"].format(known.entry.tags.get("panel_hash", said["unknown"]))
    levels = summary.get("levels", {})
    return {
        "model": known.entry.run_name,
        "horizons": said["undated_horizon"] if undated else horizons,
        "period": said["undated"]
        if undated
        else said["period"].format(summary["first_as_of"], summary["last_as_of"]),
        "rows": numbers.count(summary["rows"]),
        "structures": numbers.count(summary["structures"]),
        "events": numbers.events(summary["events"], model.horizons_months),
        "sources": sources or said["unknown"],
        "exclusions": said["left_out"].format(left_out) if left_out else about["exclusions"],
        "indicators": numbers.count(len(model.features)),
        "contact": known.contact or said["to_fill"],
        "interval": numbers.share(model.params.interval),
        **{f"{name}_threshold": numbers.share(levels.get(name)) for name in ("high", "moderate")},
        **{
            f"{name}_share": numbers.share(levels.get(f"{name}_share"))
            for name in ("high", "moderate")
        },
        **{f"target_{k}": about[k].format(**blanks) for k in ("title", "event", "cohort")},
        "nature": said["nature"]["synthetic" if known.synthetic else "real"],
    }


def _missing(said: dict[str, Any], what: str) -> list[Block]:
    return [Block(text=said["missing"][what], missing=True)]


def weights(model: RiskModel) -> dict[str, float]:
    """Return the weight of each indicator in the linear part, in calibrated log-odds.

    A number: its coefficient for one standard deviation of its normal score, mean of the members.
    A category: between its lowest and highest level. Trees come on top, where there are any.
    """
    names = [c.spec.name for c in model.encoding.columns]
    slope = model.calibration.slope
    dense = np.mean([part.dense for part in model.bag.linear], axis=0)
    found = {
        names[j]: float(slope * dense[at])
        for at, (j, flag) in enumerate(model.encoding.dense_columns)
        if not flag
    }
    for at, j in enumerate(model.encoding.level_columns):
        levels = np.mean([part.levels[at] for part in model.bag.linear], axis=0)
        found[names[j]] = float(slope * np.ptp(levels))
    return found


def _indicators(known: Known, said: dict[str, Any]) -> list[Block]:
    numbers, weight = Numbers(said), weights(known.model)
    themes: dict[str, list[list[str]]] = {}
    for spec in known.model.features:
        sign = said["directions"][spec.kind if spec.kind == "categorical" else str(spec.direction)]
        cells = [spec.name, spec.label or "–", sign, numbers.signed(weight.get(spec.name))]
        themes.setdefault(spec.theme, []).append(cells)
    return [
        Block(
            caption=f"{said['themes'].get(theme, theme or said['no_theme'])} ({len(rows)})",
            header=said["headers"]["indicators"],
            rows=rows,
        )
        for theme, rows in themes.items()
    ]


def _form(known: Known, said: dict[str, Any]) -> list[Block]:
    summary, numbers = known.model.summary, Numbers(said)
    form = str(summary["form"])
    rows = [[said["forms"]["form"], said["forms"].get(form, form)]]
    chosen = {name: summary[name] for name in ("l2", "rounds", "linear_share")}
    rows += [
        # A seed is no count: integers as they are.
        [name, str(value) if isinstance(value, int) else numbers.any(value)]
        for name, value in {**chosen, **known.model.params.to_dict()}.items()
    ]
    searched = {"search": summary["search"]} if "search" in summary else {}
    return [Block(header=said["headers"]["parameters"], rows=rows), *plain_tables(searched, said)]


def _calibration(known: Known, said: dict[str, Any]) -> list[Block]:
    found, numbers = known.model.calibration, Numbers(said)
    if not found.rows:
        return _missing(said, "calibration")
    shifts = zip(known.model.horizons_months, found.shifts, strict=True)
    text = said["calibrated"].format(
        rows=numbers.count(found.rows),
        events=numbers.count(found.events),
        slope=numbers.decimal(found.slope),
        shifts=", ".join(f"{said['months'].format(h)} : {numbers.signed(s)}" for h, s in shifts),
    )
    days = known.model.summary.get("calibration_days")
    dated = known.model.summary.get("given", {}).get("dated", True)
    return [Block(text=text)] + (
        [Block(text=said["calibration_days"].format(*days))] if days and dated else []
    )


def _evaluation(known: Known, said: dict[str, Any]) -> list[Block]:
    if not known.evaluation or not known.evaluation.get("folds"):
        return _missing(said, "evaluation")
    return evaluation_tables(known.evaluation, said)


def _subgroups(known: Known, said: dict[str, Any]) -> list[Block]:
    parts = {}
    for fold in (known.evaluation or {}).get("folds", ()):
        if fold.get("subgroups"):
            title = f"{fold['test_as_of'] or ''} {fold['horizon_months']}"
            parts[title] = [_shortened(one) for one in fold["subgroups"]]
    return plain_tables(parts, said) if parts else _missing(said, "subgroups")


def _shortened(one: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a card shows of a subgroup."""
    sizes = {key: one[key] for key in ("by", "group", "n", "positives")}
    return {**sizes, "roc_auc": (one["metrics"] or {}).get("roc_auc"), "ratio": one["ratio"]}


def _checks(known: Known, said: dict[str, Any]) -> list[Block]:
    if not known.checks:
        return _missing(said, "checks")
    shown = ("code", "state", "blocking", "sentence")
    return plain_tables(
        {"": [{key: one[key] for key in shown} for one in known.checks["checks"]]}, said
    )


def _versions(known: Known, said: dict[str, Any]) -> list[Block]:
    entry = known.entry
    rows = [
        ["model", entry.run_name],
        ["version", f"{entry.name}/{entry.version}"],
        ["run_id", entry.run_id],
        ["created_at", entry.created_at.isoformat(timespec="seconds")],
        *([tag, entry.tags[tag]] for tag in _TAGS if entry.tags.get(tag)),
    ]
    return [Block(header=said["headers"]["versions"], rows=rows)]


_BUILDERS: dict[str, Callable[[Known, dict[str, Any]], list[Block]]] = {
    "indicators": _indicators,
    "form": _form,
    "calibration": _calibration,
    "evaluation": _evaluation,
    "subgroups": _subgroups,
    "checks": _checks,
    "versions": _versions,
}
