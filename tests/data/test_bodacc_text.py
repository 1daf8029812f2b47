"""BODACC: what the text of a notice decides."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from data.sources.bodacc_plain import decided, plain
from data.sources.bodacc_text import (
    CLASSES,
    class_of,
    decision_of,
    kind_of,
    kind_of_change,
    kind_of_removal,
)
from tests.data.bodacc_sets import FAMILY, NATURE, confusion, labelled, matrix

SHORT = {
    "E": "Extrait de jugement",
    "A": "Autre jugement et ordonnance",
    "P": "Jugement prononçant",
    "AP": "Autre jugement prononçant",
}
PAGE = Path(__file__).parents[2] / "docs" / "sources" / "bodacc.md"


def truth() -> list[tuple[str, str, str, str]]:
    """Return the notices that the rules were written on: label, family, nature, text."""
    rows = labelled("bodacc_truth", 4)
    return [(a, SHORT.get(b, b), SHORT.get(c, c), d) for a, b, c, d in rows]


def test_kinds_against_the_labels_the_rules_were_written_on() -> None:
    rows = truth()
    found = Counter((label, kind_of(f, n, text) or "other") for label, f, n, text in rows)
    assert len(rows) >= 150
    assert {label for label, _, _, _ in rows} == {
        "liquidation", "receivership", "safeguard", "plan", "closure", "other",
    }  # fmt: skip
    assert {pair: n for pair, n in found.items() if pair[0] != pair[1]} == {}


@pytest.mark.parametrize(("name", "count"), [("bodacc_heldout", 100), ("bodacc_window", 40)])
def test_the_page_shows_the_confusion_of_the_held_out_sets(name: str, count: int) -> None:
    counts = confusion(name)
    assert counts.total() == count
    assert {label for label, _ in counts} <= set(CLASSES)
    assert matrix(counts) in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["bodacc_heldout", "bodacc_window"])
def test_nearly_all_of_the_held_out_sets_is_found(name: str) -> None:
    counts = confusion(name)
    right = sum(n for (label, found), n in counts.items() if label == found)
    assert right >= 0.97 * counts.total()


@pytest.mark.parametrize(
    ("act", "kind", "text"), labelled("bodacc_wordings", 3), ids=lambda text: text[:40]
)
def test_wordings_of_other_courts(act: str, kind: str, text: str) -> None:
    assert class_of(FAMILY, NATURE, text) == act
    assert (kind_of(FAMILY, NATURE, text) or "") == kind


def test_nothing_depends_on_accents_case_or_encoding() -> None:
    labels = [(label, f, n, text) for label, f, n, text in truth()]
    for label, family, nature, text in labels:
        variants = [text.upper(), "  " + text.replace(" ", "  ")]
        damaged = text.encode("utf-8").decode("cp1252", "ignore")
        whole = damaged.encode("cp1252", "ignore") == text.encode("utf-8")
        if whole and "Ã" not in text:
            variants.append(damaged)
        for variant in variants:
            assert (kind_of(family, nature, variant) or "other") == label, variant


@pytest.mark.parametrize(
    ("nature", "act", "kind"),
    [
        ("Jugement d'ouverture de liquidation judiciaire", "opening", "liquidation"),
        ("Jugement d'extension de liquidation judiciaire", "opening", "liquidation"),
        ("Jugement d'extension d'une procédure de sauvegarde", "opening", "safeguard"),
        ("Jugement de conversion en liquidation judiciaire", "conversion", "liquidation"),
        (
            "Jugement mettant fin à la sauvegarde et ouvrant une liquidation judiciaire",
            "conversion",
            "liquidation",
        ),
        (
            "Jugement mettant fin à la sauvegarde et ouvrant un redressement judiciaire",
            "conversion",
            "receivership",
        ),
        (
            "Jugement de conversion en redressement judiciaire de la procédure de sauvegarde",
            "conversion",
            "receivership",
        ),
        (
            "Jugement prononçant la résolution du plan de sauvegarde et la liquidation judiciaire",
            "opening",
            "liquidation",
        ),
        ("Jugement prononçant la résolution du plan de redressement", "other", None),
        ("Jugement de plan de redressement", "plan", "plan"),
        ("Jugement arrêtant le plan de sauvegarde accélérée", "plan", "plan"),
        (
            "Jugement de clôture pour insuffisance d'actif et autorisant la reprise des poursuites",
            "closure",
            "closure",
        ),
        ("Jugement autorisant la reprise des poursuites individuelles des créanciers", "other",
         None),
        ("Autre jugement de clôture", "closure", "closure"),
        ("Autre jugement d'ouverture", "other", None),
        ("Jugement de résolution de l'accord homologué", "other", None),
        ("Jugement modifiant le plan de continuation", "other", None),
        ("Ordonnance statuant sur les contestations du projet de répartition", "other", None),
    ],
)  # fmt: skip
def test_natures_as_the_clerks_of_commercial_courts_choose_them(
    nature: str, act: str, kind: str | None
) -> None:
    found = decision_of("Jugement prononçant", nature, "")
    assert (found.act, found.kind) == (act, kind)


@pytest.mark.parametrize(
    ("text", "clear"),
    [
        ("Ouvre la procédure de redressement", True),
        ("Dépôt de l'état des créances", True),
        ("Proroge la période d'observation", True),
        ("Jugement de rectification d'une erreur matérielle. Mandataire judiciaire : Me X", False),
        ("- Mandataire : X, 1 rue du Lac, 00000 VILLE - N° RG : 00/00001", False),
        ("", False),
    ],
)
def test_a_notice_that_does_not_say_what_is_decided(text: str, clear: bool) -> None:
    assert decision_of(FAMILY, NATURE, text).clear is clear


def test_texts_made_comparable() -> None:
    assert plain("Clôturé par la S.A.R.L. « Œuvre » ; n° 3") == "cloture par la sarl oeuvre . n 3"
    assert plain("l'art. L.631-15 II") == "l art l 631 15 ii"
    assert decided("Ouverture L.J. simplifiée") == "ouverture liquidation judiciaire simplifiee"
    assert decided("état des créances sous la référence LJ 367/23").endswith("reference lj 367 23")
    assert decided("Mandataire judiciaire au redressement et à la liquidation : X").startswith(
        "mandataire . x"
    )


def test_removals_and_changes() -> None:
    assert kind_of_removal("radiation d'office") == "cessation"
    assert kind_of_removal("") == "cessation"
    assert kind_of_removal("Transfert du siège hors du ressort") is None
    assert kind_of_removal("Fusion absorption par la société LE PONT") == "merger"
    assert kind_of_change("Dissolution anticipée à compter du 1er mars 2021") == "dissolution"
    assert kind_of_change("dissolution sans liquidation, transmission universelle") == "merger"
    assert kind_of_change("Fusion : LE PONT absorbe LA RUCHE") is None
    assert kind_of_change("Modification de la dénomination") is None
