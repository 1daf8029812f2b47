"""Invented debts of contributions: called, paid in part, settled, given up."""

from __future__ import annotations

from pathlib import Path

from tests.data.public_bodies import siret
from tests.fictitious import siren

HEADER = (
    "Urssaf_gestion;Dep;num_cpte;Siren;Siret;Dt_immat;Etat_cpte;Cd_pro_col;Periode;Num_Ecn;"
    "Num_Hist_Ecn;Dt_trt_ecn;Mt_PO;Mt_PP;Cd_op_ecn;Motif_ecn;Recours_en_cours"
)


def line(
    number: int, period: str, debt: str, step: int, day: str, employees: str, employer: str
) -> str:
    """Return the state of a debt of the `number`-th structure after an operation, in cents."""
    who = siren(number)
    return (
        f"999;99;9990000000000{number:05d};{who};{siret(who)};20150708;1;0;{period};{debt};{step};"
        f"{day};{employees};{employer};1;2;0"
    )


def make(folder: Path) -> list[Path]:
    """Write an extract as received, and one kept with the columns that are read alone."""
    lines = [
        line(number, period, "101", step, day, str(amount * number), str(2 * amount * number))
        for number in range(1, 6)
        for period, states in (
            ("201712", ((1, "1170420", 45_000), (2, "1170905", 12_050), (3, "1180110", 0))),
            ("201730", ((1, "1171120", 80_000), (2, "1180220", 80_000))),
            ("201762", ((1, "1180301", 150_001),)),
        )
        for step, day, amount in states
    ]
    received = folder / "sigfaible_debits.csv"
    received.write_text("\n".join([HEADER, *lines]) + "\n", "utf-8")
    kept = folder / "debits.csv"
    kept.write_text(
        "siren,periode,num_ecn,num_hist_ecn,dt_trt_ecn,mt_po,mt_pp\n"
        + "".join(f"{siren(n)},201{n}31,101,1,11{n}0914,{n}00,{n}50\n" for n in range(1, 7)),
        "utf-8",
    )
    return [received, kept]
