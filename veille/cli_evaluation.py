"""The command that evaluates a model, and its table."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from veille.cli_checks import Reference
from veille.terminal import HomeOption, JsonOption, home_of, out, show, steps

#: names of the baselines, short enough for a table of 80 columns
SHORT = {
    "prior": "fréquence",
    "last_change": "variation",
    "amount": "montant",
    "logistic": "logistique",
    "random_forest": "forêt",
    "rules": "points",
    "champion": "champion",
    "oracle_observable": "oracle",
}


def register(app: typer.Typer) -> None:
    """Add the command of this module to the program."""
    app.command(epilog="Exemple : veille evaluate champion --target failure")(evaluate)


def evaluate(
    model: Reference,
    target: Annotated[str | None, typer.Option("--target", help="Cible d'un alias.")] = None,
    folds: Annotated[int, typer.Option("--folds", min=1, help="Dates de test.")] = 2,
    home: HomeOption = None,
    *,
    apart: Annotated[
        bool, typer.Option("--apart", help="Ne rien apprendre des structures testées.")
    ] = False,
    ablation: Annotated[
        bool, typer.Option("--ablation", help="Mesurer aussi ce que vaut chaque thème.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Évaluer hors du temps : la recette est réapprise avant chaque date de test."""
    from veille import modelling

    with steps("Évaluation", silent=json) as progress:
        result = modelling.evaluate(
            home_of(home),
            model,
            target=target,
            folds=folds,
            apart=apart,
            ablation=ablation,
            progress=progress,
        )
    if json:
        show(result)
        return
    if result["synthetic"]:
        out.print("[bold]Données synthétiques[/bold]")
    for fold in result["folds"]:
        out.print(fold_table(fold))
    if ablation and result["ablation"]:
        out.print(theme_table(result["ablation"]))
    elif ablation:
        out.print("Un seul thème : nommez ceux des indicateurs dans le catalogue (theme = …).")


def theme_table(themes: list[dict[str, Any]]) -> Table:
    """Return what the model loses without each theme, within 80 columns."""
    table = Table(
        "thème",
        "date de test",
        "indicateurs",
        "AUC",
        "Préc. moy.",
        box=SIMPLE_HEAD,
        pad_edge=False,
        title="Ce que chaque thème ajoute aux autres, intervalles à 95 %",
    )
    for one in themes:
        figures = (_cell(one["roc_auc"]), _cell(one["average_precision"]))
        when = one["test_as_of"] or "–"
        table.add_row(one["theme"], when, str(one["indicators"]), *figures)
    return table


def _cell(estimate: dict[str, float | None] | None) -> str:
    if not estimate or estimate["value"] is None:
        return "–"
    low, high = estimate["low"], estimate["high"]
    span = "" if low is None or high is None else f"\n{low:.3f}–{high:.3f}"
    return f"{estimate['value']:.3f}{span}"


def fold_table(fold: dict[str, Any]) -> Table:
    """Return the figures of a fold, within 80 columns."""
    day, until = fold["test_as_of"], fold["train_until"]
    when = "Structures mises de côté, sans rien dire du temps"
    if day:
        when = f"{day}, {fold['horizon_months']} mois, appris jusqu'au {until}"
    table = Table(
        "",
        "AUC",
        "Préc. moy.",
        "Brier",
        "ECE",
        "100 prem.",
        box=SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
        title=f"{when} : {fold['positives']} événements sur {fold['n']}, intervalles à 95 %",
    )
    names = ("roc_auc", "average_precision", "brier", "ece", "precision_at_k")
    for name, found in {"modèle": fold["metrics"], **fold["baselines"]}.items():
        table.add_row(SHORT.get(name, name), *(_cell(found.get(metric)) for metric in names))
    return table
