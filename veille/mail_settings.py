"""The settings of what leaves: e-mail and webhooks."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, SecretStr

from veille.setting_field import setting


class MailSettings(BaseModel):
    """A part of `veille.settings.Settings`."""

    smtp_host: str = setting(
        "",
        "Serveur de courriel par lequel la lettre part. Vide, aucun courriel ne part.",
        "un nom d'hôte ou une adresse",
        pattern=r"^[^\s/@]*$",
    )
    smtp_port: int = setting(
        587, "Port du serveur de courriel.", "un entier de 1 à 65535", ge=1, le=65_535
    )
    smtp_security: Literal["starttls", "tls", "none"] = setting(
        "starttls",
        "Protection de la connexion : starttls (587), tls (465), ou none vers 127.0.0.1 seulement.",
        "starttls, tls ou none",
    )
    smtp_login: str = setting("", "Identifiant auprès du serveur de courriel.", "un texte")
    smtp_password: SecretStr = setting(
        SecretStr(""),
        "Mot de passe auprès du serveur de courriel ; par variable plutôt que par fichier.",
        "un texte",
    )
    smtp_sender: str = setting(
        "",
        "Adresse d'où la lettre part.",
        "une adresse, par exemple veille@cellule.exemple.fr",
        pattern=r"^$|^[^@\s<>]+@[^@\s<>]+$",
    )
    smtp_ca_file: str = setting(
        "",
        "Certificats d'une autorité interne, en PEM. Vide, ceux du système.",
        "un chemin absolu",
        pattern=r"^$|^/",
    )
    webhook_private_networks: bool = setting(
        default=False,
        description="Laisser un webhook appeler une adresse d'un réseau privé.",
        expected="true ou false",
    )
