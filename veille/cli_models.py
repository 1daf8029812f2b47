"""Commands on models: train, score, explain."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from data.errors import VeilleError
from features.catalogue import INDICATORS
from training.targets import TARGETS
from veille.terminal import HomeOption, JsonOption, day, err, home_of, out, settings, show, steps

#: reasons shown on a terminal; --json gives them all
SHOWN_REASONS = 12

Target = Annotated[str, typer.Option("--target", help=f"Cible : {' ou '.join(TARGETS)}.")]
OptionalTarget = Annotated[
    str | None, typer.Option("--target", help=f"Cible : {' ou '.join(TARGETS)}, ou nom d'un panel.")
]
#: trials of a search that is bounded by its minutes alone
MANY_TRIALS = 1_000
KINDS = {"numeric": "nombre", "categorical": "catégorie"}


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    app.command(
        epilog='Exemple : veille train --target failure --note "premier essai" ; '
        "pour un autre champ : veille train --panel entreprises.csv --catalogue entreprises.toml"
    )(train)
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
    tune: Annotated[
        int, typer.Option("--tune", min=0, help="Essais de réglages, hors des dates de test.")
    ] = 0,
    minutes: Annotated[
        float | None,
        typer.Option("--tune-minutes", min=0.1, help="Durée de la recherche, au plus."),
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
        missing = "--target" if target is None else "--panel, avec --catalogue"
        raise typer.BadParameter(f"il manque {missing}")
    bounds = modelling.Tuning(tune or MANY_TRIALS, minutes) if tune or minutes else None
    said: dict[str, Any] = {"name": name, "note": note, "tune": bounds}
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


def score(
    target: OptionalTarget = None,
    model: Annotated[
        str | None,
        typer.Option("--model", help="Modèle à appliquer : champion ; challenger avec --shadow."),
    ] = None,
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
    shadow: Annotated[
        bool,
        typer.Option("--shadow", help="Noter la liste courante à côté, sans rien publier."),
    ] = False,
    digest: Annotated[
        bool,
        typer.Option(
            "--digest/--no-digest", help="Prévenir les abonnés de la lettre, s'il y en a."
        ),
    ] = True,
    json: JsonOption = False,
) -> None:
    """Noter la cohorte d'une date et publier la liste, ou noter un panel dans un fichier.

    Avec --shadow, le challenger note les structures de la liste courante dans un fichier à part, et
    la commande dit en quoi les deux listes diffèrent. Une fois la liste publiée, les abonnés de la
    lettre sont prévenus ; ne pas y parvenir n'y change rien.
    """
    from veille import announcing, scoring, shadows

    if (panel is None) != (output is None):
        raise VeilleError(
            "--panel et --output vont ensemble.",
            code="one-option",
            where="veille score",
            expected="--panel FICHIER --output FICHIER, ou aucun des deux",
        )
    if shadow and (panel is not None or as_of is not None):
        raise VeilleError(
            "--shadow note la liste courante, à sa date.",
            code="one-option",
            where="veille score --shadow",
            expected="--shadow sans --panel ni --as-of",
        )
    with steps("Notation", silent=json) as progress:
        place = home_of(home)
        if shadow:
            result = shadows.shadow(
                place, target or "failure", reference=model or "challenger", progress=progress
            )
        elif panel is not None and output is not None:
            result = scoring.score_panel(
                place, panel, output, model or "champion", target, progress
            )
        else:
            result = scoring.score(
                place,
                target or "failure",
                reference=model or "champion",
                as_of=day(as_of, "--as-of"),
                progress=progress,
            )
    if not shadow and panel is None and digest:
        published, of = str(result["publication"]), target or "failure"
        told = announcing.announce(settings(home), place.folder, of, published)
        result |= {"digest": told} if told["asked"] or told["why"] else {}
    if json:
        show(result)
        return
    if shadow:
        lists: Any = result["lists"]
        out.print(
            f"{result['rows']} structures notées par {result['model']}, rien de publié : "
            f"{result['output']}\n{lists['common']} des {lists['k']} premières en commun avec la "
            f"liste {result['against']}, corrélation des rangs {lists['rank_correlation']:.3f}.",
            markup=False,
        )
        return
    if panel is not None:
        out.print(f"{result['rows']} lignes notées : {result['output']}", markup=False)
        return
    out.print(f"Publication {result['publication']} : {result['rows']} structures.", markup=False)
    if "digest" in result:
        _announced(result["digest"])


def _announced(told: Any) -> None:  # noqa: ANN401 - JSON values
    if told["sent"]:
        out.print(f"Lettre : {told['sent']} abonnés prévenus.", markup=False)
    if told["why"] and told["asked"]:
        err.print(
            f"Lettre pas encore remise à tous ({told['why']}) : « veille digest send » la reprend.",
            markup=False,
        )
    elif told["why"]:
        err.print(f"Lettre non envoyée : {told['why']}.", markup=False)


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
