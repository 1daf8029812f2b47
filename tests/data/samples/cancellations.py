"""An invented table of cancelled credits, as someone would keep it."""

from __future__ import annotations

from pathlib import Path

HEADER = "date;nor;programme;ae_annule;cp_annule"


def make(folder: Path) -> list[Path]:
    """Write the table with semicolons, and with commas without the number of the decree."""
    rows = [
        (
            *(f"{day:02d}/0{month}/2024", f"ZZZZ24{month:02d}{day:03d}D", programme),
            *(f"{month} 250 000", f"{month} 125 000"),
        )
        for day, month in ((21, 2), (7, 6), (28, 9))
        for programme in ("163", "0219", "P147", "104.0")
    ]
    kept = folder / "annulations.csv"
    kept.write_text("\n".join([HEADER, *(";".join(row) for row in rows)]) + "\n", "utf-8")
    short = folder / "annulations-sans-nor.csv"
    short.write_text(
        "date,programme,cp_annule\n"
        + "".join(f"{day},{programme},{cp}\n" for day, _, programme, _, cp in rows),
        "utf-8",
    )
    return [kept, short]
