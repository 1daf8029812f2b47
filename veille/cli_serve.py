"""Commands that serve: demo, serve, users, keys, audit."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from data.errors import VeilleError
from serving.access import accounts, audit, keys
from serving.access.principal import Role, Territory
from serving.settings import ServingSettings
from serving.state.store import State, open_state
from veille import demo as demonstration
from veille.line import Progress
from veille.terminal import HomeOption, JsonOption, home_of, out, settings, show, steps

Regions = Annotated[
    list[str] | None, typer.Option("--region", help="Code INSEE d'une région (répétable).")
]
Departements = Annotated[
    list[str] | None, typer.Option("--departement", help="Code d'un département (répétable).")
]
Port = Annotated[int | None, typer.Option("--port", min=1, max=65535, help="Port d'écoute.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    app.command(epilog="Exemple : veille demo --structures 5000 --no-serve")(demo)
    app.command(epilog="Exemple : veille serve --port 8000")(serve)
    users = typer.Typer(help="Comptes des membres de la cellule.", no_args_is_help=True)
    users.command(
        "add", epilog="Exemple : veille users add prefecture --role regional --region 32"
    )(users_add)
    users.command("list")(users_list)
    users.command("link", epilog="Exemple : veille users link prefecture")(users_link)
    users.command("close")(users_close)
    app.add_typer(users, name="users")
    api_keys = typer.Typer(help="Clés des outils qui appellent l'API.", no_args_is_help=True)
    api_keys.command("add", epilog="Exemple : veille keys add tableau-de-bord --region 32")(
        keys_add
    )
    api_keys.command("list")(keys_list)
    api_keys.command("revoke")(keys_revoke)
    app.add_typer(api_keys, name="keys")
    log = typer.Typer(help="Journal des accès.", no_args_is_help=True)
    log.command("verify")(audit_verify)
    app.add_typer(log, name="audit")


def _state(home: Path | None) -> State:
    found = settings(home)
    return open_state(home_of(home).folder, found.database_url)


def demo(
    structures: Annotated[
        int, typer.Option("--structures", min=500, help="Nombre de structures simulées.")
    ] = 20_000,
    port: Port = None,
    seed: Annotated[int, typer.Option("--seed", help="Graine de la simulation.")] = 1,
    home: HomeOption = None,
    *,
    serve_it: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Ouvrir le service à la fin.")
    ] = True,
    json: JsonOption = False,
) -> None:
    """Toute la ligne sur une France synthétique : faits, indicateurs, modèle, liste, service."""
    place = home_of(home)
    titles = {
        "facts": "France synthétique",
        "features": "Indicateurs",
        "train": "Entraînement",
        "score": "Notation",
    }
    with ExitStack() as stack:
        found = demonstration.run(place, structures, seed, _bars(stack, titles, silent=json))
    state = _state(home)
    if not any(a.login == "demo" for a in accounts.list_users(state)):
        accounts.create_user(state, "demo", name="Démonstration", role=Role.NATIONAL)
    address = settings(home).host, port or settings(home).port
    base = f"http://{address[0]}:{address[1]}"
    link = accounts.create_login_link(state, "demo", base_url=base)
    state.close()
    if json:
        show({"publications": found.publications, "link": link, "synthetic": True})
    else:
        out.print("\n[bold]Données synthétiques : aucune structure réelle.[/bold]")
        out.print(f"Liste : {link}", markup=False)
        out.print("(lien à usage unique, valable une heure ; « veille users link demo » en refait)")
        if not serve_it:
            out.print(f"Pour l'ouvrir : veille serve --home {place.folder} --port {address[1]}")
    if serve_it:
        _run(home, address[0], address[1], 1)


def _bars(stack: ExitStack, titles: dict[str, str], *, silent: bool) -> dict[str, Progress]:
    """Return one progress display a step, opened when the step first reports."""
    shown: dict[str, Progress] = {}

    def reporter(name: str) -> Progress:
        def tell(step: str, share: float) -> None:
            if name not in shown:  # a step may come back: training, for the second target
                stack.close()
                shown.clear()
                shown[name] = stack.enter_context(steps(titles[name], silent=silent))
            shown[name](step, share)

        return tell

    return {name: reporter(name) for name in titles}


def serve(
    host: Annotated[str | None, typer.Option("--host", help="Adresse d'écoute.")] = None,
    port: Port = None,
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="Processus.")] = None,
    home: HomeOption = None,
) -> None:
    """Servir les pages et l'API sur les publications courantes."""
    found = settings(home)
    _run(home, host or found.host, port or found.port, workers or found.workers)


def _run(home: Path | None, host: str, port: int, workers: int) -> None:
    import uvicorn

    found = settings(home)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise VeilleError(
                "Cette adresse est déjà prise ou interdite.",
                code="address-in-use",
                received=f"{host}:{port}",
                todo="choisir un autre port avec --port",
            ) from error
    out.print(f"Service sur http://{host}:{port} (Ctrl-C pour arrêter)", markup=False)
    options = ServingSettings(
        home=found.home,
        database_url=found.database_url,
        insecure=found.insecure,
        session_hours=found.session_hours,
        idle_hours=found.idle_hours,
    )
    if workers == 1:
        from serving.app import create_app

        uvicorn.run(create_app(options), host=host, port=port, log_level=found.log_level)
        return
    import os

    os.environ["VEILLE_HOME"] = str(found.home)
    uvicorn.run(
        "veille.asgi:create",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        log_level=found.log_level,
    )


def _where(territory: Territory) -> str:
    if territory.national:
        return "France entière"
    return ", ".join(
        [f"région {code}" for code in sorted(territory.regions)]
        + [f"département {code}" for code in sorted(territory.departements)]
    )


def _plain(record: accounts.Account | keys.KeyInfo) -> dict[str, object]:
    """Return a record as JSON values; sets become sorted lists."""
    values = asdict(record)
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
    state = _state(home)
    account = accounts.create_user(
        state,
        login,
        name=name or login,
        role=role,
        regions=region or (),
        departements=departement or (),
        password=secret,
    )
    out.print(f"Compte {account.login} créé ({account.role}).", markup=False)


def users_list(home: HomeOption = None, *, json: JsonOption = False) -> None:
    """Lister les comptes, leurs rôles et territoires."""
    known = accounts.list_users(_state(home))
    if json:
        show([_plain(account) for account in known])
        return
    table = Table("Compte", "Nom", "Rôle", "Territoire", "Actif")
    for account in known:
        active = "oui" if account.active else "fermé"
        table.add_row(account.login, account.name, account.role, _where(account.territory), active)
    out.print(table)


def users_link(
    login: Annotated[str, typer.Argument(help="Identifiant de connexion.")],
    port: Port = None,
    home: HomeOption = None,
) -> None:
    """Donner un lien de connexion à usage unique, valable une heure."""
    found = settings(home)
    base = f"http://{found.host}:{port or found.port}"
    out.print(accounts.create_login_link(_state(home), login, base_url=base), markup=False)


def users_close(
    login: Annotated[str, typer.Argument(help="Identifiant de connexion.")],
    home: HomeOption = None,
) -> None:
    """Fermer un compte et ses sessions."""
    accounts.deactivate_user(_state(home), login)
    out.print(f"Compte {login} fermé.", markup=False)


def keys_add(
    name: Annotated[str, typer.Argument(help="À quoi sert la clé.")],
    region: Regions = None,
    departement: Departements = None,
    scope: Annotated[
        list[str] | None, typer.Option("--scope", help="Droit accordé (répétable).")
    ] = None,
    days: Annotated[int, typer.Option("--days", min=1, help="Jours de validité.")] = 365,
    home: HomeOption = None,
) -> None:
    """Créer une clé d'API ; elle n'est montrée qu'une fois."""
    options = {"scopes": scope} if scope else {}
    made = keys.create_key(
        _state(home),
        name,
        regions=region or (),
        departements=departement or (),
        days=days,
        **options,  # type: ignore[arg-type]
    )
    out.print(made.secret, markup=False)


def keys_list(home: HomeOption = None, *, json: JsonOption = False) -> None:
    """Lister les clés (jamais leur secret), leur dernière utilisation et leur échéance."""
    known = keys.list_keys(_state(home))
    if json:
        show([_plain(key) for key in known])
        return
    table = Table("Préfixe", "Usage", "Droits", "Territoire", "Échéance", "Dernier usage", "État")
    for key in known:
        used = f"{key.last_used_at:%Y-%m-%d}" if key.last_used_at else "jamais"
        table.add_row(
            key.prefix,
            key.name,
            ", ".join(key.scopes),
            _where(key.territory),
            f"{key.expires_at:%Y-%m-%d}",
            used,
            "valable" if key.usable else "révoquée ou échue",
        )
    out.print(table)


def keys_revoke(
    prefix: Annotated[str, typer.Argument(help="Préfixe de la clé (« veille keys list »).")],
    home: HomeOption = None,
) -> None:
    """Révoquer une clé, sans délai."""
    keys.revoke_key(_state(home), prefix)
    out.print(f"Clé {prefix} révoquée.", markup=False)


def audit_verify(home: HomeOption = None, *, json: JsonOption = False) -> None:
    """Vérifier que le journal des accès n'a pas été touché."""
    report = audit.verify(_state(home))
    if json:
        show(asdict(report))
    else:
        out.print(str(report), markup=False)
    if not report.intact:
        raise typer.Exit(1)
