"""Invented staff by month: by structure, and by place."""

from __future__ import annotations

from pathlib import Path

from tests.data.public_bodies import siret
from tests.fictitious import siren

MONTHS = [f"eff2023{quarter}{rank}" for quarter in range(1, 5) for rank in range(1, 4)]


def make(folder: Path) -> list[Path]:
    """Write one extract of each layout."""
    units = folder / "sigfaible_effectif_siren.csv"
    units.write_text(
        ";".join(["siren", *MONTHS, "rais_soc"])
        + "\n"
        + "".join(
            ";".join(
                [siren(n), *(str((n + m) * (m != 3)) for m in range(12)), f"STRUCTURE FICTIVE {n}"]
            )
            + "\n"
            for n in range(1, 13)
        ),
        "utf-8",
    )
    sites = folder / "sigfaible_effectif_siret.csv"
    sites.write_text(
        ";".join(["compte", "siret", "rais_soc", "ape_ins", "dep", *MONTHS, "base", "UR_EMET"])
        + "\n"
        + "".join(
            ";".join(
                [
                    f"9990000000000{n:05d}",
                    siret(siren(n), place),
                    f"STRUCTURE FICTIVE {n}",
                    "9499Z",
                    "99",
                    *("" if m > 9 else f"{n + m + place:03d}" for m in range(12)),
                    "999",
                    "999999",
                ]
            )
            + "\n"
            for n in range(1, 6)
            for place in (1, 2)
        ),
        "utf-8",
    )
    return [units, sites]
