"""Commands on the digest: who is told of a new publication, and the sending."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from training.targets import TARGETS
from veille.cli_access import Departements, Regions, state_of, where
from veille.terminal import HomeOption, JsonOption, home_of, out, settings, show

if TYPE_CHECKING:
    from serving.cell.digest.send import Told
    from serving.cell.digest.settings import DigestSettings
    from serving.cell.digest.subscriptions import Recipient

Target = Annotated[str, typer.Option("--target", help=f"Cible : {' ou '.join(TARGETS)}.")]
Who = Annotated[str, typer.Argument(help="Numéro de l'abonnement, ou identifiant du compte.")]
_KINDS = {"email": "courriel", "webhook": "webhook"}
_STATUSES = {
    "sent": "envoyé",
    "already": "déjà envoyé",
    "pending": "à reprendre",
    "given-up": "abandonné",
    "held": "retenu",
    "dry-run": "à envoyer",
}
#: what leaves somebody untold
_FAILED = {"pending", "given-up", "held"}


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    digest = typer.Typer(
        help="Lettre à chaque publication : des nombres, aucun nom.", no_args_is_help=True
    )
    digest.command("send", epilog="Exemple : veille digest send --dry-run")(digest_send)
    digest.command(
        "subscribe",
        epilog="Exemples : veille digest subscribe prefecture ; "
        "veille digest subscribe --webhook https://outil.exemple.fr/veille --region 32",
    )(digest_subscribe)
    digest.command("list")(digest_list)
    digest.command("unsubscribe", epilog="Exemple : veille digest unsubscribe prefecture")(
        digest_unsubscribe
    )
    digest.command("test", epilog="Exemple : veille digest test prefecture")(digest_test)
    app.add_typer(digest, name="digest")


def digest_send(
    target: Target = "failure",
    home: HomeOption = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Montrer ce qui partirait, sans rien envoyer.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Dire la publication courante à chaque abonné, une seule fois (après « veille score »)."""
    from serving.cell.digest.send import send_digest
    from serving.cell.digest.settings import DigestError
    from veille.digest_options import digest_settings

    options = digest_settings(settings(home))
    state = state_of(home)
    told = list(send_digest(state, home_of(home).folder, target, options, dry_run=dry_run))
    if json:
        show({"target": target, "dry_run": dry_run, "messages": [_plain(one) for one in told]})
    else:
        _print(told, options, target)
    failed = [one for one in told if one.status in _FAILED]
    if failed and not dry_run:
        raise DigestError(
            "La lettre n'est pas parvenue à tous les abonnés.",
            code="digest-incomplete",
            where=", ".join(one.recipient.name for one in failed),
            received=" ; ".join(one.detail for one in failed),
            todo="Corrigez la cause et relancez « veille digest send » : seuls ceux-là seront "
            "rappelés, sauf les messages abandonnés.",
        )


def digest_subscribe(
    login: Annotated[str | None, typer.Argument(help="Compte à prévenir par courriel.")] = None,
    webhook: Annotated[
        str | None, typer.Option("--webhook", help="Adresse https à appeler.")
    ] = None,
    region: Regions = None,
    departement: Departements = None,
    home: HomeOption = None,
    *,
    json: JsonOption = False,
) -> None:
    """Abonner un compte (par courriel) ou un outil (par webhook, dont le secret est montré)."""
    from serving.cell.digest import subscriptions
    from veille.digest_options import digest_settings

    if (login is None) is (webhook is None):
        raise typer.BadParameter("donner un compte, ou --webhook")
    if login is not None and (region or departement):
        raise typer.BadParameter("le territoire d'un compte est le sien : ni région ni département")
    state, secret = state_of(home), None
    if login is not None:
        found = subscriptions.subscribe_account(state, login)
    else:
        found, secret = subscriptions.subscribe_webhook(
            state,
            str(webhook),
            digest_settings(settings(home)),
            regions=region or (),
            departements=departement or (),
        )
    if json:
        show(_shown(found) | ({"secret": secret} if secret else {}))
        return
    out.print(f"Abonnement {found.id} : {found.name}, {where(found.territory)}.", markup=False)
    if secret:
        out.print(f"Secret de signature : {secret}", markup=False)


def digest_list(home: HomeOption = None, *, json: JsonOption = False) -> None:
    """Montrer les abonnements et leur dernier message."""
    from serving.cell.digest.subscriptions import recipients

    found = recipients(state_of(home))
    if json:
        show([_shown(one) for one in found])
        return
    table = Table("Numéro", "Par", "À", "Territoire", "Dernier message", "Empêchement")
    for one in found:
        last = f"{_STATUSES[one.last[0]]}, {one.last[1]:%Y-%m-%d %H:%M}" if one.last else "aucun"
        table.add_row(one.id, _KINDS[one.kind], one.name, where(one.territory), last, one.held)
    out.print(table)


def digest_unsubscribe(who: Who, home: HomeOption = None) -> None:
    """Mettre fin à un abonnement."""
    from serving.cell.digest.subscriptions import unsubscribe

    found = unsubscribe(state_of(home), who)
    out.print(f"{found.name} ne recevra plus la lettre.", markup=False)


def digest_test(who: Who, home: HomeOption = None) -> None:
    """Envoyer un message d'essai, qui ne dit rien d'aucune liste."""
    from serving.cell.digest.send import send_test
    from serving.cell.digest.subscriptions import find_recipient
    from veille.digest_options import digest_settings

    state = state_of(home)
    found = find_recipient(state, who)
    send_test(state, found, digest_settings(settings(home)))
    out.print(f"Message d'essai remis pour {found.name}.", markup=False)


def _print(told: list[Told], options: DigestSettings, target: str) -> None:
    from serving.cell.digest import wording
    from serving.cell.digest.send import list_address

    link = list_address(options, target)

    if not told:
        out.print("Personne n'est abonné : « veille digest subscribe ».", markup=False)
    for one in told:
        about = f" ({one.detail})" if one.detail else ""
        line = f"{one.recipient.name}, {where(one.recipient.territory)} : {_STATUSES[one.status]}"
        out.print(line + about, markup=False)
        if one.status == "dry-run" and one.figures:
            out.print(wording.text(one.figures, link=link, contact=options.contact), markup=False)


def _plain(one: Told) -> dict[str, object]:
    return {
        "subscription": one.recipient.id,
        "kind": one.recipient.kind,
        "recipient": one.recipient.name,
        "status": one.status,
        "message_id": one.message_id,
        "attempts": one.attempts,
        "detail": one.detail,
        "figures": one.figures.model_dump(mode="json") if one.figures else None,
    }


def _shown(one: Recipient) -> dict[str, object]:
    place = one.territory
    return {
        "subscription": one.id,
        "kind": one.kind,
        "recipient": one.name,
        "territory": {
            "national": place.national,
            "regions": sorted(place.regions),
            "departements": sorted(place.departements),
        },
        "held": one.held,
        "last_status": one.last[0] if one.last else None,
        "last_at": one.last[1] if one.last else None,
    }
