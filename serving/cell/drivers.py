"""What makes one scheme come before another: facts and reasons that call for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from serving.cell.criteria import percent
from serving.cell.facts import Facts
from serving.cell.stages import debt_sign, funding_sign, overdue_sign

#: how much each driver weighs by itself; the reasons of the score (log-odds) are added
WEIGHTS = {
    "aci_cut": 4.0,
    "late_payment": 3.0,
    "social_debt": 3.0,
    "proceedings": 3.0,
    "funding_loss": 2.0,
    "small_budget": 1.5,
    "neighbours": 0.5,
}
#: the indicators whose contribution calls for the same help
REASONS = {
    "late_payment": (
        *("overdue_eur", "overdue_share_ratio", "overdue_count", "payment_delay_days"),
        *("payment_delay_max_days", "payment_late_share_ratio"),
    ),
    "social_debt": (
        *("debt_ratio", "debt_outstanding_eur", "debt_year_ratio", "debt_year_before_ratio"),
        *("debt_memory_ratio", "debt_periods_count"),
    ),
    "funding_loss": (
        *("lost_funders_share_ratio", "lost_funders_count", "lost_programmes_count"),
        *("grants_change_1y_ratio", "grants_change_2y_ratio", "grants_vs_mean_ratio"),
        *("state_change_1y_ratio", "local_change_1y_ratio"),
    ),
}
#: share of late payments in a year that calls for help by itself
OFTEN_LATE = 0.5
_SAID = {
    "late_payment": "Les retards de paiement pèsent dans le risque.",
    "social_debt": "Les dettes sociales pèsent dans le risque.",
    "funding_loss": "Les financements perdus pèsent dans le risque.",
}
#: below it (log-odds), a reason alone calls for nothing
_HEARD = 0.1
_PROCEEDINGS = {
    "safeguard": "Une procédure de sauvegarde est en cours.",
    "receivership": "Un redressement judiciaire est en cours.",
    "liquidation": "Une liquidation judiciaire est en cours.",
    "plan": "Un plan de sauvegarde ou de redressement est en cours d'exécution.",
}


@dataclass(frozen=True)
class Driver:
    """A driver at work: its strength (to compare, without unit) and its sentence."""

    name: str
    strength: float
    sentence: str


def drivers_of(facts: Facts, too_small_for: Sequence[str]) -> dict[str, Driver]:
    """Return the drivers at work for a structure, by name.

    `too_small_for` are the labels of the schemes whose minimal budget the structure is known not
    to reach.
    """
    sentences = {
        "late_payment": _late_payment(facts),
        "social_debt": _sentence(debt_sign(facts)),
        "funding_loss": _sentence(funding_sign(facts)),
        "aci_cut": _aci_cut(facts),
        "proceedings": _PROCEEDINGS.get(facts.proceedings or "", ""),
        "small_budget": _too_small(too_small_for),
        "neighbours": _neighbours(facts),
    }
    found = {}
    for name, weight in WEIGHTS.items():
        heard = _heard(facts, name)
        sentence = sentences[name] or (_SAID[name] if heard >= _HEARD else "")
        if sentence:
            found[name] = Driver(name, weight + heard, sentence)
    return found


def _heard(facts: Facts, name: str) -> float:
    contributions = facts.contributions or {}
    return sum(contributions.get(indicator, 0.0) for indicator in REASONS.get(name, ()))


def _sentence(sign: str) -> str:
    return f"{sign[0].upper()}{sign[1:]}." if sign else ""


def _late_payment(facts: Facts) -> str:
    overdue, share = overdue_sign(facts), facts.payment_late_share_ratio or 0
    if not overdue and share >= OFTEN_LATE:
        return f"{share:.0%} des paiements publics de l'année ont plus de 30 jours de retard."
    return _sentence(overdue)


def _aci_cut(facts: Facts) -> str:
    change = facts.grants_change_1y_ratio or 0
    # Any fall counts here: how much of one is asked is said by the scheme.
    lost = funding_sign(facts) or (
        f"subventions : {percent(change)} en un an" if change < 0 else ""
    )
    if not lost or facts.aci is False:
        return ""
    if facts.aci:
        return f"Atelier et chantier d'insertion, {lost}."
    maybe = facts.siae or facts.sector == "insertion"
    return f"Structure d'insertion, peut-être un ACI, {lost}." if maybe else ""


def _too_small(labels: Sequence[str]) -> str:
    return f"Budget trop petit pour : {', '.join(labels)}." if labels else ""


def _neighbours(facts: Facts) -> str:
    count = facts.neighbours or 0
    return f"{count} structure(s) proche(s), du même secteur ou complémentaire." if count else ""
