"""Commands on rights: reserved sources, review every six months, replacement of keys."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from serving.access import keys
from serving.access import review as reviews
from veille.cli_access import Sources, state_of, where
from veille.terminal import HomeOption, JsonOption, out, show


def register(users: typer.Typer, api_keys: typer.Typer) -> None:
    """Add the commands of this module to `veille users` and `veille keys`."""
    users.command(
        "sources", epilog="Exemple : veille users sources prefecture --source urssaf --source bdf"
    )(users_sources)
    users.command("review", epilog="Exemple : veille users review --done prefecture")(users_review)
    api_keys.command("rotate", epilog="Exemple : veille keys rotate 1a2b3c4d --grace-days 14")(
        keys_rotate
    )


def users_sources(
    login: Annotated[str, typer.Argument(help="Identifiant de connexion.")],
    source: Sources = None,
    home: HomeOption = None,
    *,
    none: Annotated[
        bool, typer.Option("--none", help="Retirer tous les droits sur les sources.")
    ] = False,
) -> None:
    """Remplacer les droits d'un compte sur les sources réservées (URSSAF, Banque de France…)."""
    if bool(source) is none:
        raise typer.BadParameter("donner --source (répétable), ou --none")
    reviews.set_sources(state_of(home), login, source or ())
    out.print(
        f"Sources réservées de {login} : {', '.join(source or ()) or 'aucune'}.", markup=False
    )


def users_review(
    logins: Annotated[
        list[str] | None, typer.Argument(help="Comptes à montrer ; tous sinon.")
    ] = None,
    home: HomeOption = None,
    *,
    done: Annotated[
        bool, typer.Option("--done", help="Noter ces comptes comme revus aujourd'hui.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Revoir les droits, tous les six mois : dernière connexion, territoire, dernière revue."""
    state = state_of(home)
    if done:
        reviews.mark_reviewed(state, logins or [r.account.login for r in reviews.review(state)])
    found = reviews.review(state, logins or ())
    if json:
        show([_plain(one) for one in found])
        return
    table = Table("Compte", "Rôle", "Territoire", "Sources", "Connexion", "Revue", "À revoir")
    for one in found:
        account = one.account
        seen, past = one.last_sign_in, one.reviewed_at
        table.add_row(
            account.login,
            account.role,
            where(account.territory),
            ", ".join(account.sources) or "aucune",
            f"{seen:%Y-%m-%d}" if seen else "jamais",
            f"{past:%Y-%m-%d}" if past else f"jamais (créé il y a {one.days} jours)",
            ("oui" if one.due else "non") if account.active else "fermé",
        )
    out.print(table)


def keys_rotate(
    prefix: Annotated[str, typer.Argument(help="Préfixe de la clé (« veille keys list »).")],
    grace_days: Annotated[
        int, typer.Option("--grace-days", min=0, help="Jours pendant lesquels l'ancienne sert.")
    ] = 7,
    days: Annotated[int, typer.Option("--days", min=1, help="Jours de validité.")] = 365,
    home: HomeOption = None,
) -> None:
    """Remplacer une clé : la nouvelle n'est montrée qu'une fois, l'ancienne sert encore un peu."""
    made = keys.rotate_key(state_of(home), prefix, grace_days=grace_days, days=days)
    out.print(made.secret, markup=False)


def _plain(one: reviews.Review) -> dict[str, object]:
    account = one.account
    return {
        "login": account.login,
        "role": account.role,
        "territory": {
            "national": account.territory.national,
            "regions": sorted(account.territory.regions),
            "departements": sorted(account.territory.departements),
        },
        "sources": list(account.sources),
        "active": account.active,
        "last_sign_in": one.last_sign_in,
        "reviewed_at": one.reviewed_at,
        "days": one.days,
        "due": one.due,
    }
