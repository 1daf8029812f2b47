"""A small history of legal units: ends, a restart, periods that change something else."""

from __future__ import annotations

from pathlib import Path

from stdnum import luhn

_HEADER = (
    "siren,dateFin,dateDebut,etatAdministratifUniteLegale,changementEtatAdministratifUniteLegale,"
    "nomUniteLegale,denominationUniteLegale,categorieJuridiqueUniteLegale,"
    "economieSocialeSolidaireUniteLegale\n"
)


def _siren(number: int) -> str:
    start = f"990{number:05d}"
    return start + luhn.calc_check_digit(start)


def make(folder: Path) -> list[Path]:
    """Write the samples into `folder`."""
    path = folder / "StockUniteLegaleHistorique_utf8.csv"
    lines = []
    for at in range(8):
        category = ("9220", "5710", "5458", "1000")[at % 4]
        rest = f",,LE NUAGE,{category},{'O' if at == 5 else ''}\n"
        if at % 3 == 0:
            lines.append(f"{_siren(at)},,2022-0{at + 1}-01,A,true{rest}")
        lines.append(f"{_siren(at)},2022-0{at}-30,2021-03-{at + 10},C,true{rest}")
        lines.append(f"{_siren(at)},2021-03-{at + 9},1998-05-04,A,false{rest}")
    path.write_text(_HEADER + "".join(lines), encoding="utf-8")
    return [path]
