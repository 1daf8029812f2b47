"""What a BODACC notice says: from family, nature and free text to a kind of event.

Associations fail before the tribunal judiciaire, whose notices have the nature "Autre jugement et
ordonnance" whatever was decided: only the free text tells an opening from an extension of delays.
The nature decides where it is precise, the text elsewhere. A text that decides nothing gives no
event: a false failure harms a structure more than a missed one.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from data.sources.text import mend

#: up to this many letters between a verb and its object
_GAP = r"[^.;]{0,90}?\b"
_OPENS = r"\b(?:ouvr\w*|ouverture|prononc\w*|conver\w*|plac\w*|exten\w*|etend\w*|mise? en)\b"
_LIQUIDATION = re.compile(
    rf"{_OPENS}{_GAP}liquidation(?!s?\s+(?:des|de l|du)\b)|^liquidation judic"
)
_INTO_RECEIVERSHIP = re.compile(rf"\bconver\w*{_GAP}en (?:procedure de )?redressement")
_INTO_LIQUIDATION = re.compile(rf"\bconver\w*{_GAP}en (?:procedure de )?liquidation")
_RECEIVERSHIP = re.compile(rf"{_OPENS}{_GAP}(?:redressement|traitement de sortie de crise)")
_SAFEGUARD = re.compile(rf"{_OPENS}{_GAP}sauvegarde")
_CLOSURE = re.compile(
    r"\bclotur\w* (?:pour|de la procedure|des operations|de la liquidation|du redressement)"
    r"|\bclotur\w* la procedure"
)
#: a closing that is announced, put off or refused
_NOT_CLOSED = re.compile(
    r"delai|examin|report|proro|devra|sera|renvoi|refus|rejet|n y a (?:pas )?lieu"
)
_PLAN = re.compile(
    r"\b(?:arret(?:e|ant|er)?|arrete|adopt\w*|homolog\w*|validant|valide) (?:par jugement )?"
    r"(?:le |un |du |son |d un |projet de )*plan\b|\bhomologation du plan"
)
_END = re.compile(r"\bm(?:et|ettant|is) fin a la procedure|\bfin de la procedure de (?:red|sau)")
_RESOLUTION = re.compile(r"\bresolution du plan")
_CHANGED = re.compile(r"\bmodifi\w*|\bmodification")
#: the segment speaks of an earlier decision, or of a paper laid at the clerk's
_NO_ACT = re.compile(
    r"\bdepots? |\bdepose|etat des? creances|liste des creances|collocation|repartition"
    r"|rectifi|erreur materielle|interprete|omission|proro|prolong|maintien de la periode"
    r"|releve de forclusion|interdiction|faillite personnelle|report de la date"
    r"|voies? de recours|declarations? de(?:s)? creances|creances sont a "
)
_APPEAL = re.compile(r"\b(?:infirm|annul|retract|reform)\w*")
_AGAIN = re.compile(r"statuant a nouveau[^.]*?(?:et y ajoutant)?\W*(.*)")
#: what the clerk's software puts around the decision
_BOILERPLATE = re.compile(
    r"^(?:date (?:provisoire )?de cessation|liquidateurs?\b|mandataires?\b|administrateurs?\b"
    r"|n ?rg|rg\b|juge commissaire)"
)
_PRECISE = (
    (re.compile(r"depot|liste des creances|modifi|interdiction|faillite|designation"), None),
    (re.compile(r"retractation|infirmant|reprise de la procedure|cessation des paiements"), None),
    (re.compile(r"clotur|mettant fin"), "closure"),
    (re.compile(r"et (?:la |en )?liquidation|en liquidation|liquidation judic"), "liquidation"),
    (re.compile(r"et le redressement|en redressement"), "receivership"),
    (re.compile(r"plan de cession|plan de redressement|plan de sauvegarde"), "plan"),
    (re.compile(r"plan de continuation|plan de traitement"), "plan"),
    (re.compile(r"redressement judic|traitement de sortie de crise"), "receivership"),
    (re.compile(r"procedure de sauvegarde|sauvegarde acceleree"), "safeguard"),
)
#: in order: a conversion says what it ends before what it opens
_ACTS = (
    (_INTO_LIQUIDATION, "liquidation"),
    (_INTO_RECEIVERSHIP, "receivership"),
    (_LIQUIDATION, "liquidation"),
    (_RECEIVERSHIP, "receivership"),
    (_SAFEGUARD, "safeguard"),
    (_PLAN, "plan"),
    (_END, "closure"),
)
_EXCLUDED_FAMILY = re.compile(r"avis de depot|loi de 1967|retractation")
_SEVERITY = ("liquidation", "receivership", "safeguard", "closure", "plan")


@lru_cache(maxsize=65536)
def plain(text: str) -> str:
    """Return `text` mended, in lower case without accents; sentence ends become " . "."""
    text = mend(text).replace("œ", "oe").replace("’", "'")
    text = unicodedata.normalize("NFKD", text)
    text = "".join(letter for letter in text if not unicodedata.combining(letter)).lower()
    text = (
        re.sub(r"n[°º]", "n ", text).replace("judicair", "judiciair").replace("jugment", "jugement")
    )
    text = re.sub(r"(?<=\d)[.](?=\d)", "", text)
    text = re.sub(r"[.;:]+", " . ", text)
    text = re.sub(r"(?:^|\s)[-–—]+\s*|\s[-–—]+(?=\s|$)", " . ", text)
    return re.sub(r"\s+", " ", re.sub(r"[^a-z0-9.]+", " ", text)).strip()


def kind_of(family: str, nature: str, text: str) -> str | None:
    """Return the kind of event of a judgment, None where it starts, changes or ends nothing.

    Parameters
    ----------
    family, nature, text : str
        `famille`, `nature` and `complementJugement` of the notice; any may be empty.

    Returns
    -------
    str or None
        "safeguard", "receivership", "liquidation", "plan", "closure", or None.
    """
    if _EXCLUDED_FAMILY.search(plain(family)):
        return None
    said = plain(nature)
    if said and not re.match(r"autre|arret de la cour", said):
        return _of_nature(said, text)
    return _of_text(text)


def _of_nature(said: str, text: str) -> str | None:
    """Read a precise nature."""
    if _RESOLUTION.search(said):
        return _of_resolution(said)
    for pattern, kind in _PRECISE:
        if pattern.search(said):
            return kind
    return _of_text(text)


def _of_resolution(said: str) -> str | None:
    """Read a judgment that undoes a plan: what it opens instead counts."""
    after = re.sub(r"plan de (?:redressement|sauvegarde|continuation)\w*", "plan", said)
    if "liquidation" in after:
        return "liquidation"
    return "receivership" if "redressement" in after else None


def _of_text(text: str) -> str | None:
    """Read the free text of a notice: the gravest act that one of its sentences decides."""
    whole = plain(text)
    appeal = _APPEAL.search(whole)
    if appeal:
        # A court that undoes a decision names it; only what it decides anew counts.
        again = _AGAIN.search(whole)
        return _of_sentences(again.group(1)) if again else None
    return _of_sentences(whole)


def _of_sentences(whole: str) -> str | None:
    kinds = {
        _of_sentence(sentence.strip())
        for sentence in whole.split(" . ")
        if not _BOILERPLATE.match(sentence.strip())
    }
    return next((kind for kind in _SEVERITY if kind in kinds), None)


def _of_sentence(sentence: str) -> str | None:
    """Read one sentence (plain)."""
    if _NO_ACT.search(sentence):
        return None
    if _RESOLUTION.search(sentence):
        return _of_resolution(sentence)
    if "clotur" in sentence:
        closed = _CLOSURE.search(sentence) and not _NOT_CLOSED.search(sentence)
        return "closure" if closed else None
    return next(
        (
            kind
            for pattern, kind in _ACTS
            if pattern.search(sentence) and not (kind == "plan" and _CHANGED.search(sentence))
        ),
        None,
    )


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
