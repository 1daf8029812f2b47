"""Who is who: certain links only, known from the day both facts were, reviewed, never lost."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from data import identity, names
from data.contracts import TABLES
from data.errors import VeilleError
from data.lake import Lake
from data.rejects import reject
from data.sources.base import Parsed, ReadOptions
from tests.fictitious import siren

RNA = "W751000001"
OLD, NEW = date(2020, 3, 1), date(2022, 6, 1)


def rows(table: str, *lines: dict[str, Any]) -> pl.DataFrame:
    """Return rows of a table from their few columns that matter."""
    usual: dict[str, Any] = {
        "source": "fictif",
        "known_on": OLD,
        "funder_id": "etat",
        "funder_level": "state",
        "amount_eur": Decimal(1000),
        "stage": "awarded",
        "fiscal_year": 2020,
        "instrument": "grant",
        "dataset": "liste-inventee",
        "kind": "dissolution",
        "occurred_on": OLD,
        "severity": 2,
        "raised_on": OLD,
        "payment_id": "p1",
        "due_on": OLD,
    }
    columns = TABLES[table].columns
    full = [
        {name: line.get(name, usual.get(name)) for name in columns} | {"source_row": at}
        for at, line in enumerate(lines, 1)
    ]
    return pl.DataFrame(full, schema=TABLES[table].schema())


class World:
    """A lake to which tables are brought, one file a call."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.lake = Lake(home)
        self._files = 0

    def bring(self, table: str, *lines: dict[str, Any]) -> None:
        frame = rows(table, *lines)
        self._commit(Parsed(frame.height, {table: frame}, _none()))

    def name(self, *lines: dict[str, Any]) -> None:
        """Bring grants whose list says a name alone."""
        frame = rows("grants", *lines)
        self._commit(Parsed(frame.height, {}, reject(frame, "no_identifier"), named=frame))

    def _commit(self, parsed: Parsed) -> None:
        self._files += 1
        file = self.home / f"fichier-{self._files}"
        file.write_text(str(self._files), "utf-8")
        self.lake.commit(parsed, source="fictif", file=file, options=ReadOptions())

    def known(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        return sorted(self.lake.scan(table).select(columns).collect().rows(), key=str)


def _none() -> pl.DataFrame:
    return reject(pl.DataFrame({"source_row": []}, schema={"source_row": pl.Int64}), "empty_line")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_an_rna_number_finds_its_unit_from_the_day_both_are_known(world: World) -> None:
    world.bring("grants", {"rna": RNA}, {"siren": siren(9)})
    assert world.known("grants", "siren", "matched_by") == [(siren(9), None), (None, None)]
    world.bring("structures", {"siren": siren(1), "rna": RNA, "known_on": NEW})
    assert world.known("grants", "siren", "matched_by", "known_on") == [
        (siren(1), "rna", NEW),
        (siren(9), None, OLD),
        (None, None, OLD),
    ]


def test_an_rna_number_of_two_units_is_no_link(world: World) -> None:
    world.bring("structures", {"siren": siren(1), "rna": RNA}, {"siren": siren(2), "rna": RNA})
    world.bring("grants", {"rna": RNA})
    assert world.known("grants", "siren") == [(None,)]


def test_the_order_of_the_files_changes_nothing(tmp_path: Path) -> None:
    found = []
    for order in (0, 1):
        (tmp_path / str(order)).mkdir()
        world = World(tmp_path / str(order))
        steps = [
            lambda w: w.bring("structures", {"siren": siren(1), "rna": RNA}),
            lambda w: w.bring("alerts", {"rna": RNA}),
            lambda w: w.bring("events", {"rna": RNA}),
        ]
        for step in steps if order else reversed(steps):
            step(world)
        found.append((world.known("alerts", "siren", "rna"), world.known("events", "siren", "rna")))
    assert found[0] == found[1]
    assert found[0] == ([(siren(1), RNA), (None, RNA)], [(siren(1), RNA)])


def test_a_name_is_matched_only_where_one_structure_of_the_place_bears_it(world: World) -> None:
    world.bring(
        "structures",
        {"siren": siren(1), "name": "LES AMIS DE L'ETANG", "departement": "44"},
        {"siren": siren(2), "name": "Les Amis de l’Étang", "departement": "75"},
        {"siren": siren(3), "name": "CLUB DU PHARE", "departement": "44"},
        {"siren": siren(4), "name": "Club du phare", "departement": "44"},
    )
    world.name(
        {"beneficiary_name": "Association « Les amis de l'étang »", "departement": "44"},
        {"beneficiary_name": "Les amis de l'étang", "departement": None},
        {"beneficiary_name": "Club du Phare", "departement": "44"},
        {"beneficiary_name": "Les amis de l'étang bleu", "departement": "44"},
    )
    assert world.known("grants", "siren", "matched_by", "source_row") == [(siren(1), "name", 1)]
    shown = identity.describe(world.lake).select("status", "siren", "lines").rows()
    assert sorted(shown, key=str) == [
        ("ambiguous_name", None, 1),
        ("matched", siren(1), 1),
        ("no_place", None, 1),
        ("unknown_name", None, 1),
    ]
    assert world.lake.rejects()["reason"].to_list() == ["no_identifier"] * 4


def test_a_refused_match_is_no_match(world: World) -> None:
    world.bring("structures", {"siren": siren(1), "name": "Le Relais", "departement": "44"})
    world.name({"beneficiary_name": "LE RELAIS", "departement": "44"})
    assert world.known("grants", "siren") == [(siren(1),)]
    review = world.home / identity.REVIEW
    review.write_text(f"name;departement;siren;decision\nLe Relais;44;{siren(1)};refuse\n", "utf-8")
    assert world.known("grants", "siren") == []
    assert identity.describe(world.lake)["status"].to_list() == ["refused"]
    review.write_text("name;departement;siren;decision\nLe Relais;44;;peut-être\n", "utf-8")
    with pytest.raises(VeilleError) as error:
        world.known("grants", "siren")
    assert error.value.code == "identity-review"
    assert "ligne 2" in error.value.where


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Maison de l'Œuvre & Cie", "MAISON DE L OEUVRE ET CIE", True),
        ("Foyer St-Jean", "FOYER SAINT JEAN", True),
        ("Asso Le Nuage", "LE NUAGE", True),
        ("Le Nuage", "Les Nuages", False),
        ("Club 44", "Club 45", False),
    ],
)
def test_names_are_compared_letter_by_letter(one: str, other: str, *, same: bool) -> None:
    keys = pl.DataFrame({"name": [one, other]}).select(names.key("name"))["name"]
    assert (keys[0] == keys[1]) is same


def test_a_unit_continued_gives_its_grants_to_the_last_of_the_chain(world: World) -> None:
    world.bring(
        "successions",
        {"siren": siren(2), "predecessor": siren(1), "known_on": OLD},
        {"siren": siren(3), "predecessor": siren(2), "known_on": NEW},
    )
    world.bring("grants", {"siren": siren(1), "known_on": date(2019, 1, 1)})
    world.bring("payments", {"siren": siren(2)})
    world.bring(
        "events", {"siren": siren(1), "kind": "cessation", "occurred_on": date(2020, 3, 31)}
    )
    assert world.known("grants", "siren", "matched_by", "known_on") == [
        (siren(1), None, date(2019, 1, 1)),
        (siren(3), "succession", NEW),
    ]
    assert world.known("payments", "siren") == [(siren(2),), (siren(3),)]
    mergers = [
        row for row in world.known("events", "siren", "kind", "occurred_on") if row[1] == "merger"
    ]
    assert (siren(1), "merger", date(2020, 3, 31)) in mergers  # its own end is no failure


def test_successions_that_turn_round_or_part_are_left_out(world: World) -> None:
    world.bring(
        "successions",
        {"siren": siren(2), "predecessor": siren(1)},
        {"siren": siren(1), "predecessor": siren(2)},
        {"siren": siren(5), "predecessor": siren(4)},
        {"siren": siren(6), "predecessor": siren(4)},
    )
    world.bring("grants", {"siren": siren(1)}, {"siren": siren(4)})
    assert world.known("grants", "siren") == [(siren(1),), (siren(4),)]


def test_a_notice_taken_back_says_since_when(world: World) -> None:
    world.bring(
        "events", {"siren": siren(1), "notice_id": "A1"}, {"siren": siren(2), "notice_id": "A2"}
    )
    world.bring("retractions", {"notice_id": "A1", "known_on": NEW})
    world.bring("events", {"siren": siren(3), "notice_id": "A1", "known_on": date(2023, 1, 1)})
    assert world.known("events", "siren", "retracted_on") == [
        (siren(1), NEW),
        (siren(2), None),
        (siren(3), None),  # said again after it was taken back
    ]


def test_what_is_known_later_changes_nothing_before(world: World) -> None:
    world.bring("structures", {"siren": siren(1), "rna": RNA, "known_on": OLD})
    world.bring("grants", {"rna": RNA}, {"siren": siren(3)})
    world.bring("events", {"rna": RNA, "notice_id": "A1"})

    def before(day: date) -> list[list[tuple[Any, ...]]]:
        columns = {"grants": ("siren", "amount_eur"), "events": ("siren", "kind")}
        return [
            sorted(
                world.lake.scan(table)
                .filter(pl.col("known_on") <= day)
                .select(kept)
                .collect()
                .rows(),
                key=str,
            )
            for table, kept in columns.items()
        ]

    day = date(2021, 1, 1)
    first = before(day)
    world.bring("successions", {"siren": siren(4), "predecessor": siren(3), "known_on": NEW})
    world.bring("retractions", {"notice_id": "A1", "known_on": NEW})
    world.bring("structures", {"siren": siren(7), "rna": "W751000007", "known_on": NEW})
    world.bring("grants", {"rna": "W751000007", "known_on": OLD})
    later = before(day)
    assert later[1] == first[1]
    assert [row for row in later[0] if row[0] is not None] == [
        r for r in first[0] if r[0] is not None
    ]
