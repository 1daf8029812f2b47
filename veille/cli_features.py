"""Commands on indicators: compute a panel, say what made one number."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import polars as pl
import typer

from data.contracts import TABLES
from data.errors import VeilleError
from features.engines import ENGINES
from features.explained import Explanation
from features.wording import sentence
from veille import line
from veille.terminal import HomeOption, JsonOption, day, home_of, out, settings, show, steps

_TABLES = {
    "grants": "Subventions et marchés",
    "structures": "Répertoires",
    "events": "Événements",
    "payments": "Paiements",
    "debts": "Dettes",
    "accounts": "Comptes déposés",
    "alerts": "Signalements",
    "budgets": "Budgets publics",
    "funder_delays": "Délais publiés des financeurs",
}
_PROVENANCE = ["file", "source_row", "known_on", "counts", "decisive"]
#: written once above the tables, or said by none of them
_NOT_SHOWN = {"siren", "rna", "source", *_PROVENANCE}


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    app.command(
        epilog="Exemple : veille features --as-of 2024-12-31 --since 2018-12-31 --every quarter ; "
        "veille features --explain grants_eur SIREN --as-of 2024-12-31"
    )(features)


def features(
    as_of: Annotated[str, typer.Option("--as-of", help="Date d'observation (AAAA-MM-JJ).")],
    since: Annotated[
        str | None, typer.Option("--since", help="Première date, pour un panel de plusieurs.")
    ] = None,
    every: Annotated[
        str | None,
        typer.Option("--every", help="Pas : month, quarter, half ou year. [default: quarter]"),
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option("--engine", help=f"Moteur : {', '.join(ENGINES)}. [default: polars]"),
    ] = None,
    master: Annotated[
        str | None,
        typer.Option(
            "--master", help="Où tourne Spark : local[*], spark://hôte:7077 (SPARK_MASTER)."
        ),
    ] = None,
    explain: Annotated[
        tuple[str, str] | None,
        typer.Option(
            "--explain",
            metavar="INDICATEUR SIREN",
            help="Montrer les faits qui ont fait un nombre, avec fichier et ligne.",
        ),
    ] = None,
    home: HomeOption = None,
    *,
    json: JsonOption = False,
) -> None:
    """Calculer les indicateurs à une ou plusieurs dates, sur les faits connus à chacune."""
    from veille.alerts import send_if_any

    at: date = day(as_of, "--as-of")  # type: ignore[assignment]
    folder = home_of(home).folder
    if explain is not None:
        names = ("--since", "--every", "--engine", "--master")
        for name, given in zip(names, (since, every, engine, master), strict=True):
            if given is not None:
                raise VeilleError(
                    "Un nombre s'explique à une seule date, sans autre option de calcul.",
                    code="one-option",
                    where=f"--explain, {name}",
                    received=given,
                    expected="--explain INDICATEUR SIREN --as-of JOUR",
                    todo=f"retirer {name}",
                )
        with steps("Explication", silent=json) as progress:
            found = line.explained(folder, *explain, at, progress=progress)
        synthetic = line.is_synthetic(folder)
        if json:
            show({**as_dict(found), "synthetic": synthetic})
        else:
            _print(found, synthetic=synthetic)
        return
    send_if_any(folder, settings(home).database_url)
    with steps("Indicateurs", silent=json) as progress:
        manifest = line.features(
            folder,
            at,
            since=day(since, "--since"),
            every=every or "quarter",
            engine=engine or line.ENGINE,
            master=master,
            progress=progress,
        )
    if json:
        show(
            {
                "panel": manifest.panel,
                "rows": manifest.rows,
                "indicators": manifest.indicators,
                "as_of": manifest.as_of,
                "input_hash": manifest.input_hash,
            }
        )
        return
    out.print(
        f"{manifest.rows} lignes, {manifest.indicators} indicateurs, "
        f"{len(manifest.as_of)} date(s) : {manifest.panel}",
        markup=False,
    )


def said(found: Explanation) -> str:
    """Return the number of an explanation as a sentence in French."""
    if isinstance(found.value, str):
        return sentence(found.indicator, None, found.value)
    return sentence(found.indicator, found.value)


def as_dict(found: Explanation) -> dict[str, Any]:
    """Return an explanation as one JSON object."""
    return {
        "indicator": found.indicator.name,
        "siren": found.siren,
        "as_of": found.as_of.isoformat(),
        "value": found.value,
        "unit": found.indicator.unit,
        "sentence": said(found),
        "in_panel": found.in_panel,
        "facts": [
            {
                "table": table,
                **{name: row[name] for name in ("source", *_PROVENANCE)},
                "values": {name: row[name] for name in _named(rows) if row[name] is not None},
            }
            for table, rows in found.facts.items()
            for row in rows.iter_rows(named=True)
        ],
        "inputs": found.inputs,
        "steps": {grain: _dated(rows).to_dicts() for grain, rows in found.steps.items()},
    }


def _named(rows: pl.DataFrame) -> list[str]:
    """Return the columns of the contracts that say something in these facts."""
    canonical = {column for table in TABLES.values() for column in table.columns}
    return [
        name
        for name in rows.columns
        if name in canonical - _NOT_SHOWN and rows[name].null_count() < rows.height
    ]


def _dated(rows: pl.DataFrame) -> pl.DataFrame:
    """Return day numbers as dates."""
    days = [name for name in rows.columns if name.endswith("_day")]
    return rows.with_columns(pl.col(days).cast(pl.Int32).cast(pl.Date)).rename(
        {name: f"{name.removesuffix('_day')}_on" for name in days}
    )


def _words(row: dict[str, Any], names: list[str]) -> str:
    """Return the values of a row that are not missing, each after its name."""
    return ", ".join(f"{name} {row[name]}" for name in names if row[name] is not None)


def _print(found: Explanation, *, synthetic: bool) -> None:
    where = " (France synthétique)" if synthetic else ""
    out.print(
        f"{found.indicator.label}, {found.siren}, au {found.as_of}{where}",
        style="bold",
        markup=False,
    )
    out.print(said(found), markup=False)
    if not found.in_panel:
        out.print("Cette structure n'est pas dans le panel de ce jour (arrêt ou défaillance).")
    if not found.facts:
        out.print("Aucun fait connu ce jour-là ne change ce nombre.")
    for table, rows in found.facts.items():
        counting = rows.filter("counts")
        names = _named(counting)
        out.print(f"\n{_TABLES[table]}", style="bold")
        for row in counting.iter_rows(named=True):
            mark = "●" if row["decisive"] else "○"
            place = f"{row['file']}, ligne {row['source_row']}, connu le {row['known_on']}"
            out.print(f"{mark} {place} : {_words(row, names)}", markup=False)
        others = rows.height - counting.height
        if others:
            out.print(f"  et {others} autre(s) fait(s) connu(s), sans effet sur ce nombre")
    for grain, rows in found.steps.items():
        dated = _dated(rows)
        out.print(f"\nCalcul : {grain} (montants en centimes, parts en millionièmes)", style="bold")
        for row in dated.iter_rows(named=True):
            out.print(f"  {_words(row, dated.columns)}", markup=False)
    if found.inputs:
        out.print("\nFormule", style="bold")
        out.print(f"  {_words(found.inputs, list(found.inputs))}", markup=False)
    if found.facts:
        out.print("\n● sans ce fait, le nombre serait autre ; ○ il entre dans le calcul.")
