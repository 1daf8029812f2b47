"""What the page of one structure shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from models.single import sigmoid
from serving.access.principal import Principal
from serving.publication import Publication
from serving.web import charts, formats, words
from serving.web.naming import Identity, identity, reason_text

#: sizes of a contribution, in log-odds: +0.5 multiplies the odds by 1.6, +0.2 by 1.2
_STRONG, _NOTABLE, _SLIGHT = 0.5, 0.2, 0.05
_LEADING = 6


@dataclass(frozen=True)
class HorizonRisk:
    """The risk at one horizon, in figures and in a sentence."""

    months: int
    risk: str
    interval: str
    gauge: charts.Gauge | None
    sentence: str
    main: bool
    explained: bool


@dataclass(frozen=True)
class TrendPoint:
    """The risk at the main horizon in one publication."""

    as_of: str
    risk: str
    gauge: charts.Gauge | None
    level: str
    rank: str


@dataclass(frozen=True)
class Reason:
    """One reason in words; `strength` is how much it weighs."""

    text: str
    strength: str
    effect: str


@dataclass(frozen=True)
class ThemeReasons:
    """The reasons of one theme."""

    title: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Side:
    """The reasons that pull the risk one way: the heaviest by theme, then the light ones."""

    themes: tuple[ThemeReasons, ...]
    lighter: tuple[Reason, ...]


@dataclass(frozen=True)
class StructureView:
    """Everything the page of a structure shows."""

    identity: Identity
    nominative: bool
    level: str
    rank: str
    rows: str
    facts: tuple[tuple[str, str], ...]
    horizons: tuple[HorizonRisk, ...]
    horizon: int
    waterfall: charts.Waterfall | None
    base_sentence: str
    raising: Side
    lowering: Side
    history: charts.History | None
    funders: tuple[Mapping[str, Any], ...]
    unknown: tuple[tuple[str, str], ...]
    reserved: tuple[str, ...]
    coverage: str
    trend: tuple[TrendPoint, ...]
    main_horizon: int
    definition: str
    target_asked: str

    def horizon_href(self, months: int) -> str:
        """Return the address of this structure explained at another horizon."""
        pairs = {"target": self.target_asked, "horizon": str(months)}
        return f"{self.identity.href}?{urlencode({n: v for n, v in pairs.items() if v})}"


def build(
    detail: Mapping[str, Any],
    publication: Publication,
    principal: Principal,
    *,
    secret: bytes,
    target_asked: str = "",
) -> StructureView:
    """Return the page of a structure.

    Parameters
    ----------
    detail : mapping
        What `serving.detail.describe` says of it.
    publication, principal
        What is read, and who reads: an analyst sees no name, of structure nor of funder.
    secret : bytes
        Key of the pseudonyms.
    target_asked : str
        Target named in the address, kept in the links; none for the default one.
    """
    row, explained = detail["structure"], detail["reasons"]
    reasons = [reason for theme in explained["themes"] for reason in theme["reasons"]]
    reasons.sort(key=lambda reason: -abs(reason["contribution"]))
    base, score = explained["base_value"], explained["score_logit"]
    drawn = None
    if score is not None and base is not None and reasons:
        drawn = charts.waterfall(base, score, reasons)
    return StructureView(
        identity=identity(row, principal, secret),
        nominative=principal.nominative,
        level=row["level"],
        rank=formats.number(row["rank"]),
        rows=formats.number(detail["structures"]),
        facts=_facts(row, principal),
        horizons=tuple(
            _risk(risk, publication, explained["horizon_months"]) for risk in detail["horizons"]
        ),
        horizon=explained["horizon_months"],
        waterfall=drawn,
        base_sentence=_base_sentence(base),
        raising=_side([r for r in reasons if r["contribution"] > 0]),
        lowering=_side([r for r in reasons if r["contribution"] < 0]),
        history=charts.history(detail["history"]),
        funders=_funders(detail["history"]) if principal.nominative else (),
        unknown=tuple((words.theme(u["theme"]), u["message"]) for u in detail["unknown"]),
        reserved=tuple(line["message"] for line in detail["reserved"]),
        coverage=formats.whole_percent(row["coverage"]) if row["coverage"] is not None else "",
        trend=tuple(_point(point) for point in detail["trend"]),
        main_horizon=publication.main_horizon,
        definition=words.DEFINITIONS.get(publication.target, ""),
        target_asked=target_asked,
    )


def _facts(row: Mapping[str, Any], principal: Principal) -> tuple[tuple[str, str], ...]:
    family = row["ess_family"]
    found = [
        ("Forme", words.FAMILIES.get(family, family) if family else "non connue"),
        ("Secteur", row["sector_label"] or row["sector"] or "non connu"),
        ("Code d’activité (NAF)", row["naf"] or "non connu"),
        ("Commune (code)", row["commune"] or "non connue"),
        ("Département", words.departement_name(row["departement"])),
        ("Région", words.region_name(row["region"])),
        ("Effectif", words.band(row["employees_band"])),
    ]
    if not principal.nominative:
        found = [pair for pair in found if not pair[0].startswith("Commune")]
    return tuple(found)


def _risk(score: Mapping[str, Any], publication: Publication, explained: int) -> HorizonRisk:
    months, probability = score["horizon_months"], score["p"]
    sentence = "Le risque à cet horizon n’est pas estimé."
    if probability is not None:
        outcome = words.outcome(publication.target)
        sentence = f"{formats.frequency(probability)} {outcome} dans les {months} mois."
    return HorizonRisk(
        months=months,
        risk=formats.percent(probability),
        interval=formats.interval(score["low"], score["high"]),
        gauge=charts.gauge(probability, score["low"], score["high"]),
        sentence=sentence,
        main=months == publication.main_horizon,
        explained=months == explained,
    )


def _point(point: Mapping[str, Any]) -> TrendPoint:
    return TrendPoint(
        as_of=formats.long_date(point["as_of"]),
        risk=formats.percent(point["p"]),
        gauge=charts.gauge(point["p"], None, None),
        level=point["level"],
        rank=formats.number(point["rank"]),
    )


def _base_sentence(base: float | None) -> str:
    if base is None:
        return ""
    start = formats.percent(sigmoid(base))
    return f"Avant de regarder la structure, le modèle part de {start}."


def _side(reasons: Sequence[Mapping[str, Any]]) -> Side:
    heavy = [r for r in reasons[:_LEADING] if abs(r["contribution"]) >= _SLIGHT]
    # Reasons come strongest first: themes stand in the order of their strongest reason.
    groups: dict[str, list[Reason]] = {}
    for reason in heavy:
        groups.setdefault(words.theme(reason["theme"]), []).append(_reason(reason))
    themes = tuple(ThemeReasons(title, tuple(items)) for title, items in groups.items())
    return Side(themes, tuple(_reason(reason) for reason in reasons[len(heavy) :]))


def _reason(reason: Mapping[str, Any]) -> Reason:
    size = abs(reason["contribution"])
    strength = (
        "effet fort" if size >= _STRONG else "effet moyen" if size >= _NOTABLE else "effet léger"
    )
    return Reason(reason_text(reason), strength, formats.signed(reason["contribution"]))


def _funders(lines: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    totals: dict[tuple[str, str], dict[str, Any]] = {}
    for line in lines:
        name = line["funder_name"] or line["funder_id"] or "Financeur non connu"
        level = words.FUNDER_LEVELS.get(line["funder_level"], words.FUNDER_LEVELS["unknown"])
        total = totals.setdefault(
            (name, level),
            {"name": name, "level": level, "amount": 0.0, "first": line["fiscal_year"], "last": 0},
        )
        total["amount"] += line["amount_eur"]
        total["first"] = min(total["first"], line["fiscal_year"])
        total["last"] = max(total["last"], line["fiscal_year"])
    return tuple(sorted(totals.values(), key=lambda t: (-t["amount"], t["name"])))
