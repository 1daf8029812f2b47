"""Commands on access: users, keys, audit."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from serving.access import accounts, audit, identity, keys
from serving.access.key_info import KeyInfo
from serving.access.principal import Role, Territory
from serving.state.store import State, open_state
from veille.terminal import HomeOption, JsonOption, err, home_of, out, settings, show

Regions = Annotated[
    list[str] | None, typer.Option("--region", help="Code INSEE d'une région (répétable).")
]
Departements = Annotated[
    list[str] | None, typer.Option("--departement", help="Code d'un département (répétable).")
]
Sources = Annotated[
    list[str] | None,
    typer.Option("--source", help="Source réservée à montrer : urssaf, bdf ou dgfip (répétable)."),
]
_STANDINGS = {
    "valid": "valable",
    "expires-soon": "échéance proche",
    "replaced": "remplacée par {}, encore valable",
    "expired": "échue",
    "revoked": "révoquée",
}
Port = Annotated[int | None, typer.Option("--port", min=1, max=65535, help="Port d'écoute.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module, and those on rights, to the program."""
    from veille import cli_rights

    users = typer.Typer(help="Comptes des membres de la cellule.", no_args_is_help=True)
    users.command(
        "add", epilog="Exemple : veille users add prefecture --role regional --region 32"
    )(users_add)
    users.command("list")(users_list)
    users.command("link", epilog="Exemple : veille users link prefecture")(users_link)
    users.command("email", epilog="Exemple : veille users email camille camille@exemple.fr")(
        users_email
    )
    users.command("close")(users_close)
    api_keys = typer.Typer(help="Clés des outils qui appellent l'API.", no_args_is_help=True)
    api_keys.command("add", epilog="Exemple : veille keys add tableau-de-bord --region 32")(
        keys_add
    )
    api_keys.command("list")(keys_list)
    api_keys.command("revoke")(keys_revoke)
    cli_rights.register(users, api_keys)
    app.add_typer(users, name="users")
    app.add_typer(api_keys, name="keys")
    log = typer.Typer(help="Journal des accès.", no_args_is_help=True)
    log.command("verify")(audit_verify)
    app.add_typer(log, name="audit")


def state_of(home: Path | None) -> State:
    """Return the mutable state of a home, opened and migrated."""
    found = settings(home)
    return open_state(home_of(home).folder, found.database_url)


def where(territory: Territory) -> str:
    """Return a territory as the tables show it."""
    if territory.national:
        return "France entière"
    return ", ".join(
        [f"région {code}" for code in sorted(territory.regions)]
        + [f"département {code}" for code in sorted(territory.departements)]
    )


def _plain(record: accounts.Account | KeyInfo) -> dict[str, object]:
    """Return a record as JSON values; sets become sorted lists."""
    values = asdict(record)
    if isinstance(record, KeyInfo):
        values["standing"] = record.standing
    place = record.territory
    values["territory"] = {
        "national": place.national,
        "regions": sorted(place.regions),
        "departements": sorted(place.departements),
    }
    return values


def users_add(
    login: Annotated[str, typer.Argument(help="Identifiant de connexion.")],
    role: Annotated[Role, typer.Option("--role", help="Rôle du compte.")],
    name: Annotated[str | None, typer.Option("--name", help="Nom affiché.")] = None,
    region: Regions = None,
    departement: Departements = None,
    source: Sources = None,
    home: HomeOption = None,
    *,
    password: Annotated[
        bool, typer.Option("--password", help="Demander un mot de passe (sinon : par lien).")
    ] = False,
) -> None:
    """Créer un compte ; sans mot de passe, il se connecte par lien à usage unique."""
    secret = (
        typer.prompt("Mot de passe", hide_input=True, confirmation_prompt=True)
        if password
        else None
    )
    state = state_of(home)
    account = accounts.create_user(
        state,
        login,
        name=name or login,
        role=role,
        regions=region or (),
        departements=departement or (),
        sources=source or (),
        password=secret,
    )
    out.print(f"Compte {account.login} créé ({account.role}).", markup=False)


def users_list(home: HomeOption = None, *, json: JsonOption = False) -> None:
    """Lister les comptes, leurs rôles et territoires."""
    known = accounts.list_users(state_of(home))
    if json:
        show([_plain(account) for account in known])
        return
    table = Table("Compte", "Nom", "Rôle", "Territoire", "Actif")
    for account in known:
        active = "oui" if account.active else "fermé"
        table.add_row(account.login, account.name, account.role, where(account.territory), active)
    out.print(table)


def users_link(
    login: Annotated[str, typer.Argument(help="Identifiant de connexion.")],
    port: Port = None,
    home: HomeOption = None,
) -> None:
    """Donner un lien de connexion à usage unique, valable une heure."""
    found = settings(home)
    base = f"http://{found.host}:{port or found.port}"
    out.print(accounts.create_login_link(state_of(home), login, base_url=base), markup=False)


def users_email(
    login: Annotated[str, typer.Argument(help="Identifiant de connexion.")],
    address: Annotated[str | None, typer.Argument(help="Adresse ; rien la retire.")] = None,
    home: HomeOption = None,
) -> None:
    """Donner l'adresse de la première connexion par le fournisseur d'identité (ProConnect).

    Le rattachement d'avant est oublié et les sessions du compte sont fermées.
    """
    identity.set_email(state_of(home), login, address)
    done = "reçoit une adresse" if address else "n'a plus d'adresse"
    out.print(f"Le compte {login} {done}.", markup=False)


def users_close(
    login: Annotated[str, typer.Argument(help="Identifiant de connexion.")],
    home: HomeOption = None,
) -> None:
    """Fermer un compte et ses sessions."""
    accounts.deactivate_user(state_of(home), login)
    out.print(f"Compte {login} fermé.", markup=False)


def keys_add(
    name: Annotated[str, typer.Argument(help="À quoi sert la clé.")],
    region: Regions = None,
    departement: Departements = None,
    scope: Annotated[
        list[str] | None, typer.Option("--scope", help="Droit accordé (répétable).")
    ] = None,
    source: Sources = None,
    days: Annotated[int, typer.Option("--days", min=1, help="Jours de validité.")] = 365,
    home: HomeOption = None,
) -> None:
    """Créer une clé d'API ; elle n'est montrée qu'une fois."""
    options = {"scopes": scope} if scope else {}
    made = keys.create_key(
        state_of(home),
        name,
        regions=region or (),
        departements=departement or (),
        sources=source or (),
        days=days,
        **options,  # type: ignore[arg-type]
    )
    out.print(made.secret, markup=False)


def keys_list(home: HomeOption = None, *, json: JsonOption = False) -> None:
    """Lister les clés (jamais leur secret), leur dernière utilisation et leur échéance."""
    known = keys.list_keys(state_of(home))
    if json:
        show([_plain(key) for key in known])
        return
    columns = ("Préfixe", "Usage", "Droits", "Sources", "Territoire", "Échéance", "Dernier usage")
    table = Table(*columns, "État")
    for key in known:
        used = f"{key.last_used_at:%Y-%m-%d}" if key.last_used_at else "jamais"
        table.add_row(
            key.prefix,
            key.name,
            ", ".join(key.scopes),
            ", ".join(key.sources) or "aucune",
            where(key.territory),
            f"{key.expires_at:%Y-%m-%d}",
            used,
            _STANDINGS[key.standing].format(key.replaced_by),
        )
    out.print(table)
    if any(key.standing == "expires-soon" for key in known):
        err.print("Des clés arrivent à échéance : « veille keys rotate PRÉFIXE ».", markup=False)


def keys_revoke(
    prefix: Annotated[str, typer.Argument(help="Préfixe de la clé (« veille keys list »).")],
    home: HomeOption = None,
) -> None:
    """Révoquer une clé, sans délai."""
    keys.revoke_key(state_of(home), prefix)
    out.print(f"Clé {prefix} révoquée.", markup=False)


def audit_verify(home: HomeOption = None, *, json: JsonOption = False) -> None:
    """Vérifier que le journal des accès n'a pas été touché."""
    report = audit.verify(state_of(home))
    if json:
        show(asdict(report))
    else:
        out.print(str(report), markup=False)
    if not report.intact:
        raise typer.Exit(1)
