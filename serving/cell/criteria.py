"""What a criterion is worth for a structure: met, not met or unknown, and by what value.

Unknown is never read as met: each kind answers None as soon as the fact it needs is not known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from data.reference import departements, regions, sectors
from data.reference.schemes import Criterion
from serving.cell.facts import Facts

RESERVED = "Donnée réservée"
UNKNOWN = "inconnu"
#: legal categories of natural persons (1) and of public law (4, 7)
_NOT_PRIVATE_BODIES = ("1", "4", "7")
_FAMILIES = {
    "association": "association",
    "cooperative": "coopérative",
    "mutual": "mutuelle",
    "foundation": "fondation",
    "commercial": "société commerciale de l'ESS",
    "other": "autre",
}
_PROCEEDINGS = {
    "none": "aucune procédure connue",
    "safeguard": "sauvegarde",
    "receivership": "redressement judiciaire",
    "liquidation": "liquidation judiciaire",
    "plan": "plan en cours d'exécution",
}


class Result(StrEnum):
    """What a criterion is worth."""

    MET = "met"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Judged:
    """A criterion judged: `value` is what decided, in French; `fact` the name of the fact read."""

    kind: str
    label: str
    result: Result
    fact: str
    value: str


#: (met or not, None where unknown), and the value in French
_Verdict = tuple[bool | None, str]


def judge(criterion: Criterion, facts: Facts) -> Judged:
    """Return what a criterion is worth for these facts."""
    if criterion.kind == "any_of":
        return _any_of(criterion, facts)
    fact, rule = RULES[criterion.kind]
    met, value = rule(criterion, facts)
    if met is None:
        value = RESERVED if fact in facts.withheld else value or UNKNOWN
    return Judged(criterion.kind, criterion.label, result_of(met=met), fact, value)


def result_of(*, met: bool | None) -> Result:
    """Return the result of a yes, a no, or a None."""
    if met is None:
        return Result.UNKNOWN
    return Result.MET if met else Result.NOT_MET


def in_territory(codes: tuple[str, ...], facts: Facts) -> Judged:
    """Return whether the structure is in one of these régions (anywhere when there is none)."""
    names = regions()
    label = "Partout en France"
    met: bool | None = True
    if codes:
        label = "En région " + ", ".join(names[code] for code in codes)
        met = None if facts.region is None else facts.region in codes
    here = UNKNOWN if facts.region is None else names.get(facts.region, facts.region)
    if facts.departement in departements():
        here += f" ({departements()[str(facts.departement)].name})"
    return Judged("territory", label, result_of(met=met), "region", here)


def euros(amount: float) -> str:
    """Return an amount as it is shown: 12 000 €."""
    return f"{amount:,.0f} €".replace(",", "\u202f")


def percent(ratio: float) -> str:
    """Return a change as it is shown: -42 %."""
    return f"{ratio * 100:+.0f} %".replace("-", "−")


def _any_of(criterion: Criterion, facts: Facts) -> Judged:
    found = [judge(one, facts) for one in criterion.of]
    for result in (Result.MET, Result.UNKNOWN, Result.NOT_MET):
        those = [one for one in found if one.result is result]
        if those:
            deciding = those[:1] if result is Result.MET else those
            value = " ; ".join(f"{one.label} : {one.value}" for one in deciding)
            fact = ", ".join(dict.fromkeys(one.fact for one in deciding))
            return Judged(criterion.kind, criterion.label, result, fact, value)
    raise AssertionError(criterion.label)  # a list of alternatives is never empty


def _family(criterion: Criterion, facts: Facts) -> _Verdict:
    family = facts.ess_family
    return _among(family, criterion.values, _FAMILIES.get(family or "", family))


def _sector(criterion: Criterion, facts: Facts) -> _Verdict:
    return _among(facts.sector, criterion.values, sectors().get(facts.sector or ""))


def _among(code: str | None, values: tuple[str, ...], said: str | None) -> _Verdict:
    return (None, "") if code is None else (code in values, said or code)


def _legal_category(criterion: Criterion, facts: Facts) -> _Verdict:
    code = facts.legal_category
    return (None, "") if code is None else (code.startswith(criterion.values), code)


def _private_law(_criterion: Criterion, facts: Facts) -> _Verdict:
    code = facts.legal_category
    if code is None:
        return None, ""
    return not code.startswith(_NOT_PRIVATE_BODIES), f"catégorie juridique {code}"


def _flag(name: str) -> Callable[[Criterion, Facts], _Verdict]:
    def rule(_criterion: Criterion, facts: Facts) -> _Verdict:
        value: bool | None = getattr(facts, name)
        return value, "" if value is None else ("oui" if value else "non")

    return rule


def _staff(facts: Facts) -> str:
    if facts.employees is None:
        return "" if facts.employer is None else ("oui" if facts.employer else "non")
    low, high = facts.employees
    if high is None:
        return f"{low} salariés et plus"
    return f"{low} à {high} salariés" if high != low else f"{low} salarié(s)"


def _employer(_criterion: Criterion, facts: Facts) -> _Verdict:
    return facts.employer, _staff(facts)


def _employees_below(criterion: Criterion, facts: Facts) -> _Verdict:
    limit = _limit(criterion)
    if facts.employees is None:
        return None, ""
    low, high = facts.employees
    if low >= limit:
        return False, _staff(facts)
    # The limit stands within the band: it cannot be told.
    return (True if high is not None and high < limit else None), _staff(facts)


def _budget_above(criterion: Criterion, facts: Facts) -> _Verdict:
    budget = facts.budget_eur
    return (None, "") if budget is None else (budget > _limit(criterion), euros(budget))


def _budget_at_most(criterion: Criterion, facts: Facts) -> _Verdict:
    budget = facts.budget_eur
    return (None, "") if budget is None else (budget <= _limit(criterion), euros(budget))


def _overdue(facts: Facts) -> _Verdict:
    overdue = facts.overdue_eur
    if overdue is None:
        return None, ""
    return (
        overdue > 0,
        f"{euros(overdue)} échus et impayés" if overdue > 0 else "aucun impayé connu",
    )


def _unpaid_grant(_criterion: Criterion, facts: Facts) -> _Verdict:
    return _overdue(facts)


def _late_payment(_criterion: Criterion, facts: Facts) -> _Verdict:
    overdue, said = _overdue(facts)
    share = facts.payment_late_share_ratio
    if overdue:
        return True, said
    if share is not None and share > 0:
        return True, f"{share * 100:.0f} % des paiements de l'année avec plus de 30 jours de retard"
    # One of the two is not known: the other does not tell that nothing is late.
    known = overdue is not None and share is not None
    return (False, "aucun retard connu") if known else (None, "")


def _funding_cut(criterion: Criterion, facts: Facts) -> _Verdict:
    lost, change = facts.lost_funders_count, facts.grants_change_1y_ratio
    if change is not None and change <= -_limit(criterion):
        return True, f"{percent(change)} en un an"
    if lost is not None and lost >= 1:
        return True, f"{lost:.0f} financeur(s) perdu(s) en un an"
    if change is None or lost is None:
        return None, ""
    return False, f"{percent(change)} en un an, aucun financeur perdu"


def _social_debt(_criterion: Criterion, facts: Facts) -> _Verdict:
    debt = facts.debt_outstanding_eur
    return (None, "") if debt is None else (debt > 0, euros(debt))


def _no_proceedings(criterion: Criterion, facts: Facts) -> _Verdict:
    kind = facts.proceedings
    return (None, "") if kind is None else (kind not in criterion.values, _PROCEEDINGS[kind])


def _neighbours(_criterion: Criterion, facts: Facts) -> _Verdict:
    count = facts.neighbours
    return (None, "") if count is None else (count > 0, f"{count} structure(s) proche(s)")


def _limit(criterion: Criterion) -> float:
    assert criterion.number is not None  # noqa: S101 - the loader refuses a kind without its limit
    return criterion.number


#: kind of criterion -> the fact it reads, its rule
RULES: dict[str, tuple[str, Callable[[Criterion, Facts], _Verdict]]] = {
    "family": ("ess_family", _family),
    "sector": ("sector", _sector),
    "legal_category": ("legal_category", _legal_category),
    "private_law": ("legal_category", _private_law),
    "esus": ("esus", _flag("esus")),
    "siae": ("siae", _flag("siae")),
    "aci": ("aci", _flag("aci")),
    "employer": ("employer", _employer),
    "employees_below": ("employees", _employees_below),
    "budget_above": ("budget_eur", _budget_above),
    "budget_at_most": ("budget_eur", _budget_at_most),
    "late_payment": ("overdue_eur", _late_payment),
    "unpaid_grant": ("overdue_eur", _unpaid_grant),
    "funding_cut": ("grants_change_1y_ratio", _funding_cut),
    "social_debt": ("debt_outstanding_eur", _social_debt),
    "filings_current": ("filings_current", _flag("filings_current")),
    "no_proceedings": ("proceedings", _no_proceedings),
    "neighbours": ("neighbours", _neighbours),
}
