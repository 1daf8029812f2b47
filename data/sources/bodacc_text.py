"""What a BODACC notice says: from family, nature and free text to a kind of event.

Associations fail before the tribunal judiciaire, whose notices have the nature "Autre jugement et
ordonnance" whatever was decided: only the free text tells an opening from an extension of delays.
The nature decides where it is precise, the text elsewhere. A text that decides nothing gives no
event: a false failure harms a structure more than a missed one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from data.sources.bodacc_plain import decided, plain

#: what a judgment does to a proceeding
CLASSES = ("opening", "conversion", "plan", "closure", "other")

_APPEAL = re.compile(r"\b(?:infirm|annul|retract|reform)\w*")
_AGAIN = re.compile(r"statuant a nouveau[^.]*?(?:et y ajoutant)?\W*(.*)")
_RESOLUTION = re.compile(r"\bresolution du plan")
#: the proceeding opened replaces one that was under way
_CONVERTED = re.compile(
    r"\bconver\w*|\btransform\w*|\bm(?:et(?:tant)?|is) fin a la (?:periode d observation"
    r"|procedure de (?:redressement|sauvegarde|traitement))|\bm(?:et(?:tant)?|is) fin (?:au|a la) "
    r"(?:redressement|sauvegarde)|\bfin de la (?:periode d observation|procedure de (?:red|sau))"
    r"|\bapres (?:la )?periode d observation|au cours de la periode d observation"
    r"|pendant la periode d observation|\brejet\w* (?:le |du |de )?(?:projet de )?plan"
    r"|\bl ?631 15\b|\bl ?622 10\b"
)
_PRECISE = (
    (re.compile(r"depot|liste des creances|modifi|interdiction|faillite|designation"), None),
    (re.compile(r"retractation|infirmant|cessation des paiements"), None),
    (re.compile(r"reprise de la (?:procedure|liquidation)|^jugement autorisant la reprise"), None),
    (re.compile(r"(?:ouvrant|et) (?:une |la )?(?:procedure de )?liquidation judic"), "liquidation"),
    (re.compile(r"(?:ouvrant|et) (?:une? |le )?(?:procedure de )?redressement"), "receivership"),
    (re.compile(r"clotur|mettant fin"), "closure"),
    (re.compile(r"et (?:la |en )?liquidation|en liquidation|liquidation judic"), "liquidation"),
    (re.compile(r"en redressement"), "receivership"),
    (re.compile(r"plan de cession|plan de redressement|plan de sauvegarde"), "plan"),
    (re.compile(r"plan de continuation|plan de traitement"), "plan"),
    (re.compile(r"redressement judic|traitement de sortie de crise"), "receivership"),
    (re.compile(r"procedure de sauvegarde|sauvegarde acceleree"), "safeguard"),
)  # fmt: skip
_EXCLUDED_FAMILY = re.compile(r"avis de depot|loi de 1967|retractation")
_SEVERITY = ("liquidation", "receivership", "safeguard", "closure", "plan")


@dataclass(frozen=True)
class Decision:
    """What a judgment decides.

    `kind`: "safeguard", "receivership", "liquidation", "plan", "closure", None where it starts,
    changes or ends nothing; `act`: one of `CLASSES`; `clear`: whether the notice says what was
    decided, be it without effect (a paper laid) — not so where it says nothing, or only corrects
    an earlier decision.
    """

    kind: str | None
    act: str
    clear: bool


def kind_of(family: str, nature: str, text: str) -> str | None:
    """Return the kind of event of a judgment, None where it starts, changes or ends nothing.

    Parameters
    ----------
    family, nature, text : str
        `famille`, `nature` and `complementJugement` of the notice; any may be empty.
    """
    return decision_of(family, nature, text).kind


def class_of(family: str, nature: str, text: str) -> str:
    """Return which of `CLASSES` a judgment is, from the same three texts.

    A conversion turns a proceeding under way into another: receivership or safeguard into
    liquidation, safeguard into receivership. A proceeding opened because a plan was undone is an
    opening.
    """
    return decision_of(family, nature, text).act


@lru_cache(maxsize=65536)
def decision_of(family: str, nature: str, text: str) -> Decision:
    """Return what a judgment decides, from the same three texts."""
    if _EXCLUDED_FAMILY.search(plain(family)):
        return Decision(None, "other", clear=True)
    said = plain(nature)
    if said and not re.match(r"autre|arret", said):
        return _of_nature(said, text)
    found = _of_text(text)
    if said == "autre jugement de cloture" and not found.kind and not found.clear:
        return Decision("closure", "closure", clear=True)
    return found


def _of_nature(said: str, text: str) -> Decision:
    """Read a precise nature; the text tells a conversion that the nature does not."""
    if _RESOLUTION.search(said):
        from data.sources.bodacc_clauses import opened_by_resolution

        return _decision(opened_by_resolution(said), said, clear=True)
    for pattern, kind in _PRECISE:
        if pattern.search(said):
            return _decision(kind, said, clear=True)
    return _of_text(text)


def _decision(kind: str | None, said: str, *, clear: bool) -> Decision:
    if kind is None:
        return Decision(None, "other", clear)
    if kind in {"plan", "closure"}:
        return Decision(kind, kind, clear)
    undone = _RESOLUTION.search(said) is not None
    converted = kind != "safeguard" and not undone and _CONVERTED.search(said) is not None
    return Decision(kind, "conversion" if converted else "opening", clear)


def _of_text(text: str) -> Decision:
    """Read the free text of a notice: the gravest act that one of its clauses decides."""
    whole = decided(text)
    appeal = _APPEAL.search(whole)
    if appeal:
        # A court that undoes a decision names it; only what it decides anew counts.
        again = _AGAIN.search(whole)
        return _of_clauses(again.group(1)) if again else Decision(None, "other", clear=True)
    return _of_clauses(whole)


def _of_clauses(whole: str) -> Decision:
    # Its expressions take 20 ms to compile: whoever reads no notice is spared them.
    from data.sources.bodacc_clauses import clauses, read_clause

    read = [read_clause(clause) for clause in clauses(whole)]
    firm = {clause.kind for clause in read if not clause.title}
    silent = not any(clause.idle or clause.amends for clause in read)
    titles = {clause.kind for clause in read if clause.title} if silent else set()
    kinds = (firm - {None}) or titles
    kind = next((kind for kind in _SEVERITY if kind in kinds), None)
    clear = kind is not None or any(clause.idle for clause in read)
    if kind is None and any(clause.amends for clause in read):
        clear = False
    return _decision(kind, whole, clear=clear)


def kind_of_removal(text: str) -> str | None:
    """Return the kind of event of a removal from the register: an end, a merger, or None.

    A seat moved to another court removes the unit from one register only.
    """
    whole = plain(text)
    if re.search(r"fusion|transmission universelle", whole):
        return "merger"
    return None if re.search(r"transfert|transfere", whole) else "cessation"


def kind_of_change(text: str) -> str | None:
    """Return the kind of event of a change of the register: a dissolution, a merger, or None.

    "Fusion" alone may speak of the unit that absorbs: it counts with a dissolution only.
    """
    whole = plain(text)
    if not re.search(r"\bdissolution\b|\bdissou(?:te|s)\b", whole):
        return None
    return "merger" if re.search(r"fusion|transmission universelle", whole) else "dissolution"
