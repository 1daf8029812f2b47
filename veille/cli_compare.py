"""Command `compare`: two models on the same test rows."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table

from veille.cli_checks import Reference
from veille.terminal import HomeOption, JsonOption, home_of, out, show, steps

METRICS = {
    "roc_auc": "AUC",
    "average_precision": "Précision moyenne",
    "brier": "Brier",
    "log_loss": "Log-loss",
    "ece": "ECE",
    "precision_at_k": "Précision des premiers",
}


def register(app: typer.Typer) -> None:
    """Add the command of this module to the program."""
    app.command(epilog="Exemple : veille compare champion essai-2 --target failure --folds 2")(
        compare
    )


def compare(
    a: Reference,
    b: Reference,
    target: Annotated[str | None, typer.Option("--target", help="Cible d'un alias.")] = None,
    folds: Annotated[int, typer.Option("--folds", min=1, help="Dates de test.")] = 2,
    home: HomeOption = None,
    *,
    json: JsonOption = False,
) -> None:
    """Comparer deux modèles hors du temps, sur les mêmes lignes de test.

    Les deux recettes sont réapprises avant chaque date de test. La différence est A moins B, sur
    les mêmes rééchantillonnages de structures : un intervalle qui contient zéro n'établit rien.
    """
    from veille import comparing

    with steps("Comparaison", silent=json) as progress:
        result = comparing.compare(
            home_of(home), a, b, target=target, folds=folds, progress=progress
        )
    if json:
        show(result)
        return
    if result["synthetic"]:
        out.print("[bold]Données synthétiques[/bold]")
    out.print(f"A : {result['a']}\nB : {result['b']}", markup=False)
    for fold in result["folds"]:
        when = fold["test_as_of"] or "structures mises de côté, sans rien dire du temps"
        _say(fold, f"{when}, {fold['horizon_months']} mois")
        lists, ranks = fold["lists"], fold["lists"]["rank_correlation"]
        said = f"{lists['common']} des {lists['k']} premières structures en commun"
        out.print(said + (f", corrélation des rangs {ranks:.3f}." if ranks is not None else "."))
    for pooled in result["pooled"]:
        if pooled["folds"] > 1:
            _say(pooled, f"Ensemble, {pooled['horizon_months']} mois")


def _cell(found: dict[str, float | None]) -> str:
    if found["value"] is None:
        return "–"
    low, high = found["low"], found["high"]
    span = "" if low is None or high is None else f" [{low:.3f} – {high:.3f}]"
    return f"{found['value']:.3f}{span}"


def _say(found: dict[str, Any], when: str) -> None:
    """Print the figures, then what they establish."""
    counts = f"{found['positives']} événements sur {found['n']}, intervalles à 95 %"
    table = Table("", "A", "B", "A – B", title=f"{when} : {counts}")
    for name, label in METRICS.items():
        table.add_row(label, *(_cell(found[part][name]) for part in ("a", "b", "difference")))
    out.print(table)
    for name, label in METRICS.items():
        out.print(f"{label} : {found['verdict'][name]}.", markup=False)
