"""Put a synthetic France on disk: its facts for the lake, its oracle in a folder apart."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from data.errors import VeilleError
from data.rejects import empty_rejects
from data.sources.base import Parsed
from data.synthetic.world import Progress, World

#: where the oracle stands under a home; nothing below the tests and reports may read it
ORACLE = Path("oracle") / "oracle.parquet"


class OracleError(VeilleError):
    """The oracle cannot be written."""


def describe(world: World) -> dict[str, object]:
    """Return what makes the world again: its seed, size, period, and that it is synthetic."""
    return {
        "synthetic": True,
        "source": "synthetic",
        "structures": len(world.population),
        "seed": world.seed,
        "start": world.start.isoformat(),
        "end": world.end.isoformat(),
        "note": "France simulée : aucune structure, aucun montant, aucune défaillance n'est réel.",
    }


def write(
    home: Path,
    world: World,
    as_of: Sequence[date],
    *,
    horizons_months: Sequence[int] = (6, 12, 18),
    replicates: int = 8,
    progress: Progress | None = None,
) -> Parsed:
    """Write the oracle under `home` and return the facts, ready for `Lake.commit`.

    Writes ``oracle/oracle.parquet`` (siren, as_of, horizon_months, p_true, p_observable) and
    ``oracle/synthetic.json`` (what makes the world again; a stable file to commit the facts
    under). Each is replaced whole, or not at all. With no `as_of`, no oracle is written.

    Returns
    -------
    Parsed
        One source row a fact (`source_row` from 1, over all tables together), no reject.

    Raises
    ------
    OracleError
        The folder cannot be written.
    SyntheticError
        An as_of is not the end of a month of the world.
    """
    tables = world.tables()
    folder = home / ORACLE.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if as_of:
            frame = world.oracle(as_of, horizons_months, replicates=replicates, progress=progress)
            pending = folder / f".{ORACLE.name}.{os.getpid()}"
            frame.write_parquet(pending, compression="zstd", metadata={"synthetic": "true"})
            pending.replace(home / ORACLE)
        pending = folder / f".synthetic.json.{os.getpid()}"
        pending.write_text(json.dumps(describe(world), ensure_ascii=False, indent=1), "utf-8")
        pending.replace(folder / "synthetic.json")
    except OSError as error:
        raise OracleError(
            "L'oracle de la France synthétique n'a pas pu être écrit.",
            code="oracle-write",
            where=str(folder),
            received=error,
            todo="vérifier les droits et la place du dossier",
        ) from error
    rows = sum(frame.height for frame in tables.values())
    return Parsed(rows_in=rows, tables=tables, rejects=empty_rejects())
