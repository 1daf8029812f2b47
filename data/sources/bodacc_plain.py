"""Texts of BODACC notices made comparable: no accents, no case, abbreviations spelt out."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from data.sources.text import mend

#: "S.A.R.L.", "L.J.": single letters and their dots
_INITIALS = re.compile(r"\b(?:[a-z]\.\s?){2,}")
#: dots that end no sentence: an article of law, a title, a street
_SHORT = re.compile(
    r"\b(l|r|d|art|m|mm|mme|mlle|me|mes|dr|st|ste|av|bd|bld|cf|no|num|ref|sarl|scp|tel)\.(?=\s*\w)"
)
#: what the clerks write for the proceedings; followed by a number it is the mark of a case
_INITIALS_OF = (
    (re.compile(r"\bljs?\b(?! ?\d)"), "liquidation judiciaire"),
    (re.compile(r"\brj\b(?! ?\d)"), "redressement judiciaire"),
)
#: what is said to creditors and parties: never a decision
_ADVICE = re.compile(
    r"\b(?:les |leurs )?(?:declarations? (?:de |des |de leurs )?creances?|creanciers?|creances) "
    r"(?:sont a|sont invites|sont avises|doivent|devront|peuvent|ont)\b[^.]*"
    r"|\bvoies? de recours\b.*"
)
#: words that name a proceeding and open none
_NAMES = (
    (re.compile(r"\bplan de (?:redressement|sauvegarde|continuation|cession)\b"), "plan"),
    (re.compile(r"\bplan de traitement de sortie de crise\b"), "plan"),
    (
        re.compile(
            r"\b(?:mandataires?|administrateurs?|liquidateurs?)(?: judiciaires?)?"
            r"(?: au redressement(?: judiciaire)?)?(?: (?:ou|et))?"
            r"(?: a la liquidation(?: judiciaire)?)?(?: des entreprises)?\b"
        ),
        "mandataire",
    ),
    (
        re.compile(
            r"\b(?:avec |par |sous )?(?:l |fait )?(?:application|benefice)? ?"
            r"(?:des regles|des dispositions|les dispositions|du regime|le regime|au regime) "
            r"de (?:la )?liquidation(?: judiciaire)?(?: simplifiee)?"
        ),
        "",
    ),
    (re.compile(r"\bsans liquidation(?: judiciaire)?\b"), ""),
)


@lru_cache(maxsize=65536)
def plain(text: str) -> str:
    """Return `text` mended, in lower case without accents; sentence ends become " . "."""
    text = mend(text).replace("œ", "oe").replace("Œ", "OE").replace("’", "'")
    text = unicodedata.normalize("NFKD", text)
    text = "".join(letter for letter in text if not unicodedata.combining(letter)).lower()
    text = (
        re.sub(r"n[°º]", "n ", text).replace("judicair", "judiciair").replace("jugment", "jugement")
    )
    text = _INITIALS.sub(lambda found: re.sub(r"[.\s]", "", found[0]) + " ", text)
    text = _SHORT.sub(r"\1 ", text)
    text = re.sub(r"(?<=\d)[.](?=\d)", "", text)
    text = re.sub(r"[.;:]+", " . ", text)
    text = re.sub(r"(?:^|\s)[-–—]+\s*|\s[-–—]+(?=\s|$)", " . ", text)
    return re.sub(r"\s+", " ", re.sub(r"[^a-z0-9.]+", " ", text)).strip()


def decided(text: str) -> str:
    """Return the plain text of a judgment without advice to creditors, its initials spelt out.

    Titles of officers and names of plans no longer hold the name of a proceeding.
    """
    text = plain(text)
    for pattern, said in _INITIALS_OF:
        text = pattern.sub(said, text)
    text = _ADVICE.sub("", text)
    for pattern, said in _NAMES:
        text = pattern.sub(said, text)
    return re.sub(r"\s+", " ", text).strip()
