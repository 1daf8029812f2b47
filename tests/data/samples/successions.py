"""A few links of succession."""

from __future__ import annotations

from pathlib import Path

from stdnum import luhn

_HEADER = (
    "siretEtablissementPredecesseur,siretEtablissementSuccesseur,dateLienSuccession,"
    "transfertSiege,continuiteEconomique,dateDernierTraitementLienSuccession\n"
)


def _siret(number: int, nic: int = 1) -> str:
    start = f"990{number:05d}"
    start += luhn.calc_check_digit(start) + f"{nic:04d}"
    return start + luhn.calc_check_digit(start)


def make(folder: Path) -> list[Path]:
    """Write the samples into `folder`."""
    path = folder / "StockEtablissementLiensSuccession_utf8.csv"
    path.write_text(
        _HEADER
        + "".join(
            f"{_siret(at)},{_siret(at + (at % 3 > 0), 2)},2023-01-{at + 1:02d},"
            f"{'false' if at % 4 == 3 else 'true'},{'false' if at % 5 == 4 else 'true'},"
            f"{'' if at == 2 else f'2023-02-{at + 1:02d}T09:30:00.000'}\n"
            for at in range(20)
        ),
        encoding="utf-8",
    )
    return [path]
