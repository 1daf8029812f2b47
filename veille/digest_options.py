"""What the digest is told, from the settings."""

from __future__ import annotations

from pathlib import Path

from serving.cell.digest.settings import DigestSettings, SmtpSettings
from veille.settings import TO_FILL, Settings, SettingsError


def digest_settings(found: Settings) -> DigestSettings:
    """Return the settings of the digest; SettingsError `smtp-incomplete`."""
    return DigestSettings(
        smtp=_smtp(found),
        public_url=found.public_url.rstrip("/"),
        contact="" if found.contact == TO_FILL else found.contact,
        insecure=found.insecure,
        private_networks=found.webhook_private_networks,
    )


def _smtp(found: Settings) -> SmtpSettings | None:
    if not found.smtp_host:
        return None
    password = found.smtp_password.get_secret_value()
    if not found.smtp_sender or bool(found.smtp_login) is not bool(password):
        raise SettingsError(
            "Le serveur de courriel est réglé à moitié.",
            code="smtp-incomplete",
            where="réglages smtp_…",
            received="smtp_sender manque" if not found.smtp_sender else "un sur deux",
            expected="smtp_host et smtp_sender ; smtp_login et smtp_password ensemble, ou aucun",
            todo="Donner ceux qui manquent ; docs/digest.md les dit.",
        )
    return SmtpSettings(
        host=found.smtp_host,
        sender=found.smtp_sender,
        port=found.smtp_port,
        security=found.smtp_security,
        login=found.smtp_login,
        password=password,
        ca_file=Path(found.smtp_ca_file) if found.smtp_ca_file else None,
    )
