"""Invented collective proceedings as a creditor knows them."""

from __future__ import annotations

from pathlib import Path

from tests.data.public_bodies import siret
from tests.fictitious import siren

HEADER = "Siret;Siren;Dt_effet;Cat_v2;Lib_actx_stdx"


def line(number: int, day: str, label: str, place: int = 1) -> str:
    """Return an event of the `number`-th structure, told of one of its places."""
    who = siren(number)
    return f"{siret(who, place)};{who};{day};1;{label}"


def make(folder: Path) -> list[Path]:
    """Write an extract as received."""
    lines = [
        line(number, f"{day}201{number}", label, place)
        for number in range(1, 6)
        for day, label, place in (
            ("26MAY", "ouverture_redressement", 1),
            ("26MAY", "ouverture_redressement", 2),
            ("04OCT", "plan_continuation_redressement", 1),
            ("17DEC", "Solde_procedure_redressement", 1),
            ("18DEC", "inclusion_autre_procedure_sauvegarde", 1),
        )
    ]
    path = folder / "sigfaible_pcoll.csv"
    path.write_text("\n".join([HEADER, *lines]) + "\n", "utf-8")
    return [path]
