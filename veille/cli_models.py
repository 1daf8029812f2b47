"""Commands on models: train, evaluate, models, promote, score, explain."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from data.errors import VeilleError
from features.catalogue import INDICATORS
from training.targets import TARGETS
from veille.terminal import HomeOption, JsonOption, day, home_of, out, show, steps

#: reasons shown on a terminal; --json gives them all
SHOWN_REASONS = 12

Target = Annotated[str, typer.Option("--target", help=f"Cible : {' ou '.join(TARGETS)}.")]
OptionalTarget = Annotated[
    str | None, typer.Option("--target", help=f"Cible : {' ou '.join(TARGETS)}, ou nom d'un panel.")
]
#: names of the baselines, short enough for a table of 80 columns
SHORT = {
    "prior": "fréquence",
    "last_change": "variation",
    "amount": "montant",
    "logistic": "logistique",
    "random_forest": "forêt",
    "oracle_observable": "oracle",
}
KINDS = {"numeric": "nombre", "categorical": "catégorie"}
Reference = Annotated[
    str, typer.Argument(help="Nom du modèle, numéro de version, ou champion / challenger.")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    app.command(
        epilog='Exemples : veille train --target failure --note "premier essai" ; '
        "veille train --panel entreprises.csv --catalogue entreprises.toml"
    )(train)
    app.command(epilog="Exemple : veille evaluate champion --target failure")(evaluate)
    app.command(epilog="Exemple : veille models")(models)
    app.command(epilog="Exemple : veille promote failure-20250101-120000 --as champion")(promote)
    app.command(epilog="Exemple : veille score --target failure --as-of 2024-12-31")(score)
    app.command(epilog="Exemple : veille explain top --target failure")(explain)


def train(
    target: OptionalTarget = None,
    panel: Annotated[
        Path | None,
        typer.Option("--panel", help="Panel à apprendre (Parquet, CSV), plutôt que le lac."),
    ] = None,
    catalogue: Annotated[
        Path | None,
        typer.Option("--catalogue", help="Indicateurs du panel (TOML) ; déduits sinon."),
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="Nom lisible et unique.")] = None,
    note: Annotated[str, typer.Option("--note", help="Pourquoi cet entraînement.")] = "",
    home: HomeOption = None,
    *,
    json: JsonOption = False,
) -> None:
    """Entraîner un modèle sur le dernier panel, le calibrer hors du temps, l'enregistrer.

    Avec --panel, sur un fichier de n'importe quel champ : structure_id, as_of (absent : une coupe,
    sans rien dire du temps), event (0 ou 1) ou event_on (un jour), et des indicateurs ; --target
    lui donne alors un nom.
    """
    from veille import modelling

    if panel is None and (target is None or catalogue is not None):
        raise VeilleError(
            "Il manque ce qui est à apprendre.",
            code="one-option",
            where="--catalogue" if catalogue else "--target",
            expected="--target avec les faits du lac, ou --panel avec un fichier",
            todo=f"veille train --target {' ou '.join(TARGETS)}",
        )
    said: dict[str, Any] = {"name": name, "note": note}
    with steps("Entraînement", silent=json) as progress:
        place = home_of(home)
        if panel is None:
            result = modelling.train(place, str(target), **said, progress=progress)
        else:
            said |= {"catalogue": catalogue, "target": target}
            result = modelling.train_panel(place, panel, **said, progress=progress)
    if json:
        show(result)
        return
    if panel is not None:
        out.print(_understood(result["panel"]))
    role = " (champion)" if result["champion"] else ""
    out.print(f"Modèle {result['model']}{role}, run {result['run_id']}.", markup=False)


def _understood(panel: Any) -> Table:  # noqa: ANN401 - JSON values
    """Return what was read of a panel: what to check before any figure."""
    title = f"{panel['rows']} lignes, {panel['structures']} structures, étiquette {panel['label']}"
    title += (
        f", {panel['days']} dates" if panel["days"] else ", sans date : aucun test dans le temps"
    )
    table = Table("colonne", "lue comme", title=title)
    for said in panel["indicators"]:
        name, _, kind = said.rpartition(" (")
        table.add_row(name, KINDS[kind.rstrip(")")])
    for name, why in panel["left_out"].items():
        table.add_row(name, f"laissée de côté : {why}")
    return table


def evaluate(
    model: Reference,
    target: Annotated[str | None, typer.Option("--target", help="Cible d'un alias.")] = None,
    folds: Annotated[int, typer.Option("--folds", min=1, help="Dates de test.")] = 2,
    home: HomeOption = None,
    *,
    apart: Annotated[
        bool, typer.Option("--apart", help="Ne rien apprendre des structures testées.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Évaluer hors du temps : la recette est réapprise avant chaque date de test."""
    from veille import modelling

    with steps("Évaluation", silent=json) as progress:
        result = modelling.evaluate(
            home_of(home), model, target=target, folds=folds, apart=apart, progress=progress
        )
    if json:
        show(result)
        return
    if result["synthetic"]:
        out.print("[bold]Données synthétiques[/bold]")
    for fold in result["folds"]:
        out.print(_fold_table(fold))


def _cell(estimate: dict[str, float | None] | None) -> str:
    if not estimate or estimate["value"] is None:
        return "–"
    low, high = estimate["low"], estimate["high"]
    span = "" if low is None or high is None else f"\n{low:.3f}–{high:.3f}"
    return f"{estimate['value']:.3f}{span}"


def _fold_table(fold: dict[str, Any]) -> Table:
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


def models(home: HomeOption = None, *, json: JsonOption = False) -> None:
    """Lister les modèles enregistrés et leurs rôles."""
    found = home_of(home).registry.list_models()
    if json:
        show(
            [
                {
                    "model": m.run_name,
                    "target": m.target,
                    "version": m.version,
                    "run_id": m.run_id,
                    "aliases": list(m.aliases),
                    "created_at": m.created_at.isoformat(),
                    "metrics": m.metrics,
                    "tags": {k: v for k, v in m.tags.items() if not k.startswith("mlflow.")},
                }
                for m in found
            ]
        )
        return
    table = Table("Cible", "Version", "Rôle", "Créé le", "Note")
    table.add_column("Modèle", no_wrap=True)
    for m in found:
        created = f"{m.created_at:%Y-%m-%d %H:%M}"
        roles = ", ".join(m.aliases)
        table.add_row(m.target, m.version, roles, created, m.tags.get("note", ""), m.run_name)
    out.print(table)


def promote(
    model: Reference,
    role: Annotated[str, typer.Option("--as", help="champion ou challenger.")] = "champion",
    target: Annotated[str | None, typer.Option("--target", help="Cible d'un alias.")] = None,
    home: HomeOption = None,
    *,
    json: JsonOption = False,
) -> None:
    """Donner à un modèle le rôle de champion (celui qui note) ou de challenger."""
    registry = home_of(home).registry
    found = registry.find(model, target)
    registry.promote(found.name, found.version, role)
    if json:
        show({"model": found.run_name, "target": found.target, "alias": role})
        return
    out.print(f"{found.run_name} est {role} de la cible {found.target}.", markup=False)


def score(
    target: OptionalTarget = None,
    model: Annotated[str, typer.Option("--model", help="Modèle à appliquer.")] = "champion",
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Date d'observation (la dernière du panel).")
    ] = None,
    panel: Annotated[
        Path | None, typer.Option("--panel", help="Panel à noter, avec un modèle de panel.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="Fichier des scores (.parquet ou .csv).")
    ] = None,
    home: HomeOption = None,
    *,
    json: JsonOption = False,
) -> None:
    """Noter la cohorte d'une date et publier la liste, ou noter un panel dans un fichier."""
    from veille import scoring

    if (panel is None) != (output is None):
        raise VeilleError(
            "--panel et --output vont ensemble.",
            code="one-option",
            where="veille score",
            expected="--panel FICHIER --output FICHIER, ou aucun des deux",
        )
    with steps("Notation", silent=json) as progress:
        place = home_of(home)
        if panel is not None and output is not None:
            result = scoring.score_panel(place, panel, output, model, target, progress)
        else:
            result = scoring.score(
                place,
                target or "failure",
                reference=model,
                as_of=day(as_of, "--as-of"),
                progress=progress,
            )
    if json:
        show(result)
        return
    if panel is not None:
        out.print(f"{result['rows']} lignes notées : {result['output']}", markup=False)
        return
    out.print(f"Publication {result['publication']} : {result['rows']} structures.", markup=False)


def explain(
    siren: Annotated[str, typer.Argument(help="SIREN, ou « top » : la première de la liste.")],
    target: Target = "failure",
    home: HomeOption = None,
    *,
    json: JsonOption = False,
) -> None:
    """Expliquer le score d'une structure de la liste courante, en log-cotes et en français."""
    from veille import scoring

    result = scoring.explain(home_of(home), siren, target=target)
    if json:
        show(result)
        return
    if result["synthetic"]:
        out.print("[bold]Données synthétiques[/bold]")
    table = Table(f"{result['siren']}, {result['horizon_months']} mois", "log-cotes", "cumul")
    total = result["base_value"]
    table.add_row("valeur de base", f"{total:+.4f}", f"{total:+.4f}")
    rest = list(result["contributions"].items())
    for name, value in rest[:SHOWN_REASONS]:
        total += value
        table.add_row(INDICATORS[name].label, f"{value:+.4f}", f"{total:+.4f}")
    others = sum(value for _, value in rest[SHOWN_REASONS:])
    total += others
    table.add_row("autres indicateurs", f"{others:+.4f}", f"{total:+.4f}")
    table.add_row("score", f"{result['score_logit']:+.6f}", f"somme {total:+.6f}")
    out.print(table)
    out.print(f"Probabilité : {result['probability']:.2%}")
    for said in result["sentences"]:
        out.print(f"• {said}", markup=False)
