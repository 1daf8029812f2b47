"""What one clause of a judgment decides: opens, converts, arranges, closes, or nothing new."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: up to this many letters between a verb and its object
_GAP = r"[^.]{0,90}?\b"
_OPENS = r"\b(?:ouvr\w*|ouverture|prononc\w*|exten\w*|etend\w*)\b"
#: "puts the association in liquidation"; "place" is a street too
_PUTS = r"\b(?:mise?|met(?:tant)?(?! fin)|declare|plac(?:ant|er|ee?)|place(?! (?:d|de|du|des)\b))\b"
_TURNS = r"\b(?:conver\w*|transform\w*)\b"
_INTO = r"en (?:une )?(?:procedure de )?"
#: "a company in liquidation" is a state, not a decision
_STATE = r"(?<!\ben )"
_INTO_LIQUIDATION = re.compile(rf"{_TURNS}{_GAP}{_INTO}liquidation")
_INTO_RECEIVERSHIP = re.compile(rf"{_TURNS}{_GAP}{_INTO}redressement")
_LIQUIDATION = re.compile(
    rf"{_OPENS}{_GAP}{_STATE}liquidation(?!s?\s+(?:des|de l|du)\b)"
    rf"|{_PUTS}{_GAP}en (?:etat de )?liquidation"
    rf"|{_TURNS}{_GAP}{_STATE}liquidation(?! (?:judiciaire )?en)"
    r"|^(?:extrait d[eu] )?jugement de (?:la )?liquidation judiciaire"
    r"|liquidation judiciaire extension de la procedure"
)
_RECEIVERSHIP = re.compile(
    rf"{_OPENS}{_GAP}{_STATE}(?:redressement|traitement de sortie de crise)"
    rf"|{_PUTS}{_GAP}en (?:etat de )?redressement"
    r"|^(?:extrait d[eu] )?jugement de (?:la )?redressement judiciaire"
    r"|redressement judiciaire extension de la procedure"
)
_SAFEGUARD = re.compile(rf"{_OPENS}{_GAP}sauvegarde")
_CLOSURE = re.compile(
    r"\b(?:clotur\w*|clot|close?s?) "
    r"(?:pour|par|faute|d office|(?:de |d )?(?:la |une |cette )?procedure|(?:des |les )operations"
    r"|(?:de )?la liquidation|(?:du |le )redressement|(?:de )?la sauvegarde)"
)
_PLAN = re.compile(
    r"\b(?:arret(?:e|ant|er|ee)?|adopt\w*|homolog\w*|validant|valide) (?:par jugement )?"
    r"(?:le |un |du |son |d un |projet de |les modalites du )*plan\b"
    r"|\bhomologation du (?:projet de )?plan\b"
    r"|^(?:extrait d[eu] )?jugement de plan\b"
    r"|^(?:le )?plan (?:\w+ ){0,3}(?:arrete|adopte|homologue)$"
)
_END = re.compile(
    r"\bm(?:et(?:tant)?|is) fin (?:a la procedure|au redressement judiciaire"
    r"|a la liquidation judiciaire(?! simplifiee)|a la sauvegarde)"
    r"|\bfin de la procedure de (?:red|sau)"
)
_RESOLUTION = re.compile(r"\bresolution (?:du|de son|de ce|judiciaire du) plan|\bresou\w* le plan")
#: the clause corrects an earlier decision, or punishes a person: nothing in it opens
_AMENDS = re.compile(r"rectifi|erreur materielle|\binterpret|omission|complet\w* le dispositif")
_PUNISHES = re.compile(
    r"interdiction (?:de gerer|prevue|d exercer)|faillite personnelle|\bcondamn|comblement"
    r"|responsabilite pour insuffisance"
)
#: papers laid, delays, officers: what follows in the clause is only the name of the case
_PAPERS = re.compile(
    r"\bdepots? |\bdepose|etats? des? creances|listes? des creances|collocation|repartition"
    r"|\bproro|\bprolong|\brenouvel|maintien de la periode|maintien de l activite"
    r"|poursuite d\w* ?activite|releve de forclusion"
    r"|\breport\w* (?:la |de la )(?:date|cloture)"
    r"|\b(?:ouvr|prononc|ordonn)\w* (?:une? |le |la |l )?(?:nouvelle |seconde |deuxieme )?"
    r"(?:periode d observation|maintien|poursuite|prolongation|prorogation|report|renouvel)"
    r"|nouvelle periode d observation|periode d observation supplementaire"
    r"|\b(?:en )?remplac\w*|administrateur provisoire|administration provisoire|copropriete"
    r"|\bautoris\w* (?:la vente|la cession|le|l )|\btaxe\b|\bremuneration|\bhonoraires"
    r"|reprise (?:de la|des|de l)|\breouv\w*|\brouv\w*|designation d un administrateur"
    r"|modifi\w* (?:le |du |substantielle du )?plan|modification (?:\w+ )?du plan"
    r"|execution du plan|commissaire a l execution"
)
#: refused, asked for, put off, or decided before: what follows is not decided here
_UNDECIDED = re.compile(
    r"\brejet\w*|\bdebout\w*|irrecevab|\bn y (?:a|avoir)\b|\bne (?:prononc|ouvr|convert)\w*"
    r"|\bsurs(?:oi|is)\w*|avant dire droit|desiste\w*|\bconvoqu\w*|\bconvocation|\benquete\b"
    r"|\bcaduc\w*|tendant a|\baux fins d|\ben vue d|\bconfirm\w*|contre le jugement"
    r"|l encontre du jugement|\bopposition\b|\bpourvoi|\brenvo\w*|\brefus\w*"
    r"|(?<!droit a la )\bdemandes? (?:de|d|en) (?:la )?(?:conver|ouvert|liquid|resol|pronon|clot)"
    r"|(?:suite|consecutivement|posterieur\w*|anterieur\w*|relati\w*) (?:a|au|a la|a l|a un) "
    r"(?:jugement|ouverture)|\bapres (?:le |un |l )?(?:jugement|ouverture)|\bdepuis (?:le|l)\b"
    r"|en execution du jugement|\bexamin\w*|\bdelai"
)
#: a closing that is announced for later
_LATER = re.compile(
    r"^.{0,60}\b(?:devra|sera|pourra|serait|doit) (?:\w+ ){0,2}(?:etre|examin|pron)"
)
#: a new verb starts another decision
_JOINS = re.compile(
    r" (?:et|puis|mais|ainsi que) (?=(?:a |ont |y ajoutant |statuant a nouveau )?"
    r"(?:prononc\w+|ouvr\w+|ouvert|convert\w+|constat\w+|ordonn\w+|arret\w+|dit|fixe|designe"
    r"|nomme|met|maintient|rejet\w+|debout\w+|clotur\w+|clot|l ouverture d)\b)"
)
#: what the clerk's software puts around the decision
_BOILERPLATE = re.compile(
    r"^(?:date (?:provisoire )?de cessation|mandataires?\b|n ?rg|rg\b|juge commissaire|date$)"
)
#: a name of proceeding alone: it counts where nothing else in the notice says what was decided
_TITLE = (
    (re.compile(r"^liquidation judic"), "liquidation"),
    (re.compile(r"^redressement judic"), "receivership"),
    (re.compile(r"^(?:procedure de )?sauvegarde\b"), "safeguard"),
)
#: in order: a conversion says what it ends before what it opens
_OPENINGS = (
    (_INTO_LIQUIDATION, "liquidation"),
    (_INTO_RECEIVERSHIP, "receivership"),
    (_LIQUIDATION, "liquidation"),
    (_RECEIVERSHIP, "receivership"),
    (_SAFEGUARD, "safeguard"),
)


@dataclass(frozen=True)
class Clause:
    """What a clause decides: `kind` of event, and how surely it can be told.

    `title`: a bare name of proceeding; `idle`: decides something without effect on the life of the
    structure; `amends`: corrects an earlier decision.
    """

    kind: str | None = None
    title: bool = False
    idle: bool = False
    amends: bool = False


def clauses(text: str) -> list[str]:
    """Cut a text (`bodacc_plain.decided`) into clauses, what surrounds the decision left out."""
    parts = [part.strip() for sentence in text.split(" . ") for part in _JOINS.split(sentence)]
    return [part.strip(" .") for part in parts if part.strip(" .") and not _BOILERPLATE.match(part)]


def read_clause(clause: str) -> Clause:
    """Tell what one clause decides."""
    if _AMENDS.search(clause):
        return Clause(amends=True)
    if _PUNISHES.search(clause):
        return Clause(idle=True)
    hindered = min(
        (found.start() for rule in (_PAPERS, _UNDECIDED) if (found := rule.search(clause))),
        default=len(clause),
    )
    kind, decided = _decided(clause, hindered)
    if decided or hindered < len(clause):
        return Clause(kind, idle=kind is None)
    title = next((kind for pattern, kind in _TITLE if pattern.match(clause)), None)
    return Clause(title, title=title is not None)


def _decided(clause: str, within: int) -> tuple[str | None, bool]:
    """Return the kind of the act that starts before `within`, and whether there is one.

    What ends a proceeding in the same breath as it opens another opens; the verb of an opening
    that stands before it ("prononce la clôture de la liquidation") is its own.
    """

    def first(*rules: re.Pattern[str], after: int = 0) -> re.Match[str] | None:
        found = next((found for rule in rules if (found := rule.search(clause, after))), None)
        return found if found and found.start() < within else None

    if first(_RESOLUTION):
        return opened_by_resolution(clause), True
    ending = first(_CLOSURE, _END)
    for pattern, kind in _OPENINGS:
        if first(pattern, after=ending.end() if ending else 0):
            return kind, True
    if ending:
        return (None if _LATER.search(clause[ending.end() :]) else "closure"), True
    return ("plan", True) if first(_PLAN) else (None, False)


def opened_by_resolution(said: str) -> str | None:
    """Return what a judgment that undoes a plan opens instead ("liquidation", "receivership")."""
    after = re.sub(r"plan de (?:redressement|sauvegarde|continuation)\w*", "plan", said)
    if "liquidation" in after:
        return "liquidation"
    return "receivership" if "redressement" in after else None
