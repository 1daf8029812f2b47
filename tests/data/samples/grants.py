"""A small file of the national harvest, sound but for a few lines of each kind of reject."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from tests.fictitious import siren

_LISTS = ("plf-jaune-2018", "ville-inventee", "region-inventee")


def make(folder: Path) -> list[Path]:
    """Write the sample into `folder`."""
    rows = range(30)
    benefs = [
        f"S{siren(at)}" if at % 5 else ("N" + "0" * 16 if at % 2 else f"RW75{at:07d}")
        for at in rows
    ]
    path = folder / "moisson.parquet"
    pl.DataFrame(
        {
            "benef_id": benefs,
            "year": [2012 + at % 6 if at % 13 else None for at in rows],
            "amount_eur": [1000.0 + at * 12.345 if at % 7 else None for at in rows],
            "amount_rejected_eur": [5.0 if at % 14 == 0 else None for at in rows],
            "donor_level": ["etat", "commune", "region"] * 10,
            "donor_name_raw": ["État — 163 - Jeunesse", "Ville inventée", "Région inventée"] * 10,
            "donor_program": ["163 - Jeunesse", None, "Culture"] * 10,
            "purpose_raw": [None, "Fonctionnement", "Festival"] * 10,
            "granularity": ["individual" if at % 11 else "aggregate" for at in rows],
            "measure": ["attribue" if at % 4 else "verse" for at in rows],
            "concours": ["don" if at % 9 else "prestation" for at in rows],
            "source_id": [_LISTS[at % 3] for at in rows],
        },
        schema_overrides={"year": pl.Int32},
    ).write_parquet(path)
    return [path]
