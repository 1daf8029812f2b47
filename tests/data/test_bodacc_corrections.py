"""BODACC: notices that later ones cancel, withdraw or replace, and from which day."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from tests.data.bodacc_files import RECEIVERSHIP, A, B, C, judgment, notice, parse, previous
from tests.data.bodacc_sets import FAMILY, NATURE

LATER = {"dateparution": "2021-03-01", "parution": "20210040"}
BACK = date(2021, 3, 1)


def test_a_correction_with_a_reference(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path,
        notice(1),
        notice(2, registre=[B]),
        notice(
            3,
            typeavis="rectificatif",
            jugement=judgment(nature=RECEIVERSHIP),
            parutionavisprecedent=previous(1),
            **LATER,
        ),
        notice(4, typeavis="annulation", registre=[B], parutionavisprecedent=previous(2), **LATER),
    )
    # What is taken back was believed until that day.
    assert parsed.tables["events"].select("siren", "kind", "notice_id").rows() == [
        (A, "liquidation", "A202100301"),
        (B, "liquidation", "A202100302"),
        (A, "receivership", "A202100403"),
    ]
    assert parsed.tables["retractions"].select("notice_id", "source_row", "known_on").rows() == [
        ("A202100301", 3, BACK),
        ("A202100302", 4, BACK),
    ]
    assert parsed.rejects.height == 0


def test_a_correction_of_a_notice_of_another_file(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path,
        notice(
            1,
            typeavis="annulation",
            registre=None,
            parutionavisprecedent=previous(77, "20200199", "B"),
        ),
    )
    assert parsed.tables["retractions"]["notice_id"].to_list() == ["B2020019977"]
    assert parsed.tables["events"].height == 0
    assert parsed.rejects.height == 0


def test_a_removal_that_is_reported_never_took_place(tmp_path: Path) -> None:
    reported = {"radiationPM": {"commentaire": "Rapport de la radiation d'office"}}
    parsed = parse(
        tmp_path,
        notice(5, familleavis="radiation", radiationaurcs="{}"),
        notice(
            6,
            familleavis="radiation",
            typeavis="rectificatif",
            radiationaurcs=json.dumps(reported),
            parutionavisprecedent=previous(5),
        ),
    )
    assert parsed.tables["events"]["kind"].to_list() == ["cessation"]
    assert parsed.tables["retractions"]["notice_id"].to_list() == ["A202100305"]


def test_a_correction_without_reference(tmp_path: Path) -> None:
    withdrawn = judgment(famille="Rétractation sur tierce opposition")
    parsed = parse(
        tmp_path,
        notice(1),
        notice(2, registre=[B]),
        notice(3, registre=[C]),
        notice(4, typeavis="rectificatif", jugement=judgment(date="2021-02-05"), **LATER),
        notice(5, typeavis="annulation", registre=[B], **LATER),
        notice(6, registre=[C], jugement=withdrawn, **LATER),
        # Nothing earlier to take back: an event, or nothing.
        notice(7, registre=[C], typeavis="rectificatif", dateparution="2020-01-01"),
        notice(8, registre=[C], typeavis="annulation", dateparution="2020-01-01"),
    )
    events = parsed.tables["events"].select("siren", "occurred_on", "source_row").rows()
    assert events == [
        (A, date(2021, 2, 4), 1),
        (B, date(2021, 2, 4), 2),
        (C, date(2021, 2, 4), 3),
        (A, date(2021, 2, 5), 4),
        (C, date(2020, 1, 1), 7),
    ]
    assert parsed.tables["retractions"].select("notice_id", "source_row", "known_on").rows() == [
        ("A202100301", 4, BACK),
        ("A202100302", 5, BACK),
        ("A202100303", 6, BACK),
    ]
    assert parsed.rejects.select("source_row", "reason").rows() == [(8, "out_of_scope")]


def test_a_withdrawn_judgment_is_not_a_removal_from_the_register(tmp_path: Path) -> None:
    withdrawn = judgment(famille="Rétractation sur tierce opposition")
    parsed = parse(
        tmp_path,
        notice(1),
        notice(2, familleavis="radiation", jugement=None, dateparution="2021-02-20"),
        notice(3, jugement=withdrawn, **LATER),
    )
    assert parsed.tables["retractions"]["notice_id"].to_list() == ["A202100301"]


def test_a_replacement_must_say_what_is_decided(tmp_path: Path) -> None:
    def replaced(number: int, text: str) -> dict[str, object]:
        said = judgment(famille=FAMILY, nature=NATURE, complementJugement=text)
        return notice(
            number, typeavis="rectificatif", jugement=said, parutionavisprecedent=previous(1)
        )

    parsed = parse(
        tmp_path,
        notice(1),
        replaced(2, "Rectifie l'erreur matérielle : lire 3 rue du Lac"),
        replaced(3, "Dépôt de l'état des créances"),
    )
    assert parsed.tables["events"]["source_row"].to_list() == [1]
    assert parsed.tables["retractions"].select("notice_id", "source_row").rows() == [
        ("A202100301", 3)
    ]
    assert parsed.rejects["source_row"].to_list() == [2]
    assert "conservée" in parsed.rejects["message"][0]


def test_a_notice_does_not_take_itself_back(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path,
        notice(1, typeavis="rectificatif", parutionavisprecedent=previous(1)),
        notice(2, typeavis="annulation", parutionavisprecedent=previous(2)),
    )
    assert parsed.tables["events"]["source_row"].to_list() == [1]
    assert parsed.tables["retractions"].height == 0
    assert parsed.rejects["source_row"].to_list() == [2]
