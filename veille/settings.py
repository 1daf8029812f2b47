"""Settings: one commented ``veille.toml``, then ``VEILLE_*`` variables, then the command line.

Only what changes where and how the work runs stands here. What can change an answer (horizons,
seeds, cohort, dates) is an option of its command and is hashed into the run.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from data.errors import VeilleError
from veille.mail_settings import MailSettings
from veille.setting_field import setting

PREFIX = "VEILLE_"
FILE = "veille.toml"
#: a setting that the service has not filled in
TO_FILL = "à renseigner"

#: under TLS, or on the machine itself
ADDRESS = (
    r"^$|^https://[^/?#@\s]+(/[^?#\s]*)?$|^http://(127\.0\.0\.1|localhost)(:\d+)?(/[^?#\s]*)?$"
)

#: settings whose value is shown nowhere
SECRETS = {"oidc_client_secret", "smtp_password"}

#: variables with our prefix that are not settings -> what they are for
OTHER_VARIABLES: dict[str, str] = {
    "VEILLE_CONFIG": "chemin du fichier de réglages, au lieu de `./veille.toml`",
    "VEILLE_SHARED_DATA": "dossier des fichiers publiés que lisent certains tests",
}


class SettingsError(VeilleError):
    """A setting that does not exist, or whose value cannot be used."""


class Settings(BaseSettings, MailSettings):
    """Every setting, with its default. Immutable; built by `load_settings`."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_prefix=PREFIX, hide_input_in_errors=True
    )

    home: Path = setting(
        Path("var"),
        "Dossier de tout l'état : faits, panels, modèles, publications, comptes.",
        "un chemin de dossier ; relatif, il part du dossier du fichier de réglages",
    )
    log_level: Literal["debug", "info", "warning", "error"] = setting(
        "info", "Niveau de détail du journal.", "debug, info, warning ou error"
    )
    request_log: bool = setting(
        default=True,
        description="Une ligne JSON par demande, sans nom ni adresse, sur la sortie d'erreur.",
        expected="true ou false",
    )
    host: str = setting(
        "127.0.0.1",
        "Adresse d'écoute du serveur. Derrière un mandataire TLS, la laisser locale.",
        "une adresse ou un nom d'hôte",
        min_length=1,
    )
    port: int = setting(
        8000, "Port d'écoute du serveur.", "un entier de 1 à 65535", ge=1, le=65_535
    )
    workers: int = setting(1, "Nombre de processus du serveur.", "un entier de 1 à 64", ge=1, le=64)
    session_hours: int = setting(
        12, "Durée de vie d'une session ouverte, en heures.", "un entier de 1 à 168", ge=1, le=168
    )
    idle_hours: int = setting(
        2,
        "Fin d'une session sans aucune requête, en heures.",
        "un entier de 1 à 168",
        ge=1,
        le=168,
    )
    rate_per_minute: int = setting(
        600,
        "Demandes par minute qu'un compte ou une clé peut faire à un processus du serveur ; "
        "0 : sans limite.",
        "un entier de 0 à 1000000",
        ge=0,
        le=1_000_000,
    )
    rate_burst: int = setting(
        200,
        "Demandes qu'un compte ou une clé peut faire d'un coup, avant que cette limite n'agisse.",
        "un entier de 1 à 1000000",
        ge=1,
        le=1_000_000,
    )
    insecure: bool = setting(
        default=False,
        description="Envoyer le cookie de session sans TLS ailleurs que sur l'adresse locale. "
        "Pour un essai sur un réseau fermé, jamais en service.",
        expected="true ou false",
    )
    database_url: str | None = setting(
        None,
        "Base des comptes, dossiers, signalements et du journal des accès. "
        "Par défaut, un fichier SQLite sous `home` ; en service, PostgreSQL.",
        "une adresse SQLAlchemy, par exemple postgresql+psycopg://hote/veille",
        pattern=r"^[a-z0-9+]+://",
    )
    mlflow_uri: str | None = setting(
        None,
        "Suivi des entraînements et registre des modèles. "
        "Par défaut, un fichier SQLite sous `home` ; en service, un serveur MLflow.",
        "une adresse MLflow, par exemple https://mlflow.exemple.fr",
        pattern=r"^[a-z0-9+]+:",
    )

    contact: str = setting(
        TO_FILL,
        "À qui écrire au sujet d'un modèle : imprimé sur sa fiche.",
        "un service, une adresse",
    )

    public_url: str = setting(
        "",
        "Adresse du service telle que les navigateurs la voient, sans barre finale.",
        "https://…, ou http:// sur l'adresse locale",
        pattern=ADDRESS,
    )
    oidc_issuer: str = setting(
        "",
        "Fournisseur d'identité OpenID Connect (ProConnect) : son « issuer », à la lettre. "
        "Vide, il n'y en a pas.",
        "https://…, ou http:// sur l'adresse locale",
        pattern=ADDRESS,
        max_length=300,
    )
    oidc_client_id: str = setting(
        "", "Identifiant que le fournisseur a donné à ce service.", "un texte"
    )
    oidc_client_secret: SecretStr = setting(
        SecretStr(""),
        "Secret que le fournisseur a donné à ce service ; par variable plutôt que par fichier.",
        "un texte",
    )
    oidc_scopes: str = setting(
        "openid email",
        "Ce qui est demandé au fournisseur.",
        "des mots séparés par une espace, dont openid",
        pattern=r"^(\S+ )*openid( \S+)*$",
    )
    oidc_label: str = setting(
        "ProConnect",
        "Nom du fournisseur sur le bouton « Se connecter avec … ».",
        "un nom",
        min_length=1,
    )
    oidc_email_trusted: bool = setting(
        default=False,
        description="Tenir pour vérifiées les adresses d'un fournisseur qui ne le dit pas "
        "(email_verified absent), ce qui est le cas de ProConnect.",
        expected="true ou false",
    )
    local_passwords: bool = setting(
        default=True,
        description="Laisser les comptes se connecter par mot de passe. Les liens à usage unique "
        "restent, pour le jour où le fournisseur ne répond pas.",
        expected="true ou false",
    )

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        """Fix the folder once: a later change of directory must not move the state."""
        return home.expanduser().absolute()

    @property
    def state_url(self) -> str:
        """Return the SQLAlchemy address of the mutable state."""
        return self.database_url or f"sqlite:///{self.home / 'state' / 'state.db'}"

    @property
    def tracking_uri(self) -> str:
        """Return the MLflow address of runs and models."""
        return self.mlflow_uri or f"sqlite:///{self.home / 'mlflow' / 'mlflow.db'}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take values from `load_settings` only, which knows where each one came from."""
        return (init_settings,)


def load_settings(
    *,
    home: Path | None = None,
    config: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Return the settings of this run; the most particular source wins.

    Parameters
    ----------
    home : pathlib.Path, optional
        The command line's ``--home``: wins over all.
    config : pathlib.Path, optional
        The settings file; default ``VEILLE_CONFIG``, else ``./veille.toml`` when it exists.
    environ : mapping of str to str, optional
        Environment variables; default those of the process.

    Raises
    ------
    SettingsError
        ``settings-unreadable``: the file is absent or is not TOML; ``unknown-setting``: a key or a
        ``VEILLE_*`` variable that no setting bears; ``bad-setting``: a value that is not accepted.
    """
    environ = os.environ if environ is None else environ
    named = config or (Path(environ["VEILLE_CONFIG"]) if environ.get("VEILLE_CONFIG") else None)
    path = named or Path(FILE)
    values: dict[str, object] = {}
    origin: dict[str, str] = {}
    if named or path.is_file():
        for key, value in _read(path).items():
            # a file speaks of folders from where it stands, not from where the command is typed
            beside = path.absolute().parent / Path(str(value)).expanduser()
            values[key] = beside if key == "home" else value
            origin[key] = f"{path}, clé {key}"
    for variable in sorted(environ):
        if variable.startswith(PREFIX) and variable not in OTHER_VARIABLES:
            key = variable.removeprefix(PREFIX).lower()
            values[key] = environ[variable]
            origin[key] = f"variable d'environnement {variable}"
    if home is not None:
        values["home"] = home
        origin["home"] = "option --home"
    for key in values:
        if key not in Settings.model_fields:
            raise _unknown(key, origin[key])
    try:
        return Settings(**values)  # type: ignore[arg-type]
    except ValidationError as error:
        key = str(error.errors()[0]["loc"][0])
        raise SettingsError(
            f"La valeur du réglage « {key} » n'est pas acceptée.",
            code="bad-setting",
            where=origin[key],
            received="(secret)" if key in SECRETS else repr(values[key]),
            expected=expected(key),
            todo="Corriger cette valeur ; chaque réglage est décrit dans docs/settings.md.",
        ) from error


def expected(key: str) -> str:
    """Return what a setting accepts, in French."""
    extra = Settings.model_fields[key].json_schema_extra
    return str(extra["expected"]) if isinstance(extra, dict) else ""


def _read(path: Path) -> dict[str, Any]:
    """Read a settings file as a flat table of keys."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = "le fichier n'existe pas ou n'est pas lisible"
        cause: Exception = error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        reason = str(error)
        cause = error
    raise SettingsError(
        "Le fichier de réglages ne se lit pas.",
        code="settings-unreadable",
        where=str(path),
        received=reason,
        expected="un fichier TOML en UTF-8",
        todo="Partir de veille.example.toml, qui porte chaque réglage et son explication.",
    ) from cause


def _unknown(key: str, where: str) -> SettingsError:
    """Build the error of a key that no setting bears, naming the nearest one."""
    near = difflib.get_close_matches(key, Settings.model_fields, n=1)
    return SettingsError(
        f"Le réglage « {key} » n'existe pas.",
        code="unknown-setting",
        where=where,
        expected="l'un de : " + ", ".join(sorted(Settings.model_fields)),
        todo=f"Écrire « {near[0]} »." if near else "Retirer ce réglage.",
    )
