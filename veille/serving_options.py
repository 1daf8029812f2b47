"""What the server is told, from the settings."""

from __future__ import annotations

from serving.settings import OidcSettings, ServingSettings
from veille.settings import TO_FILL, Settings, SettingsError


def serving_settings(found: Settings) -> ServingSettings:
    """Return the settings of the server; SettingsError `oidc-incomplete`."""
    return ServingSettings(
        home=found.home,
        database_url=found.database_url,
        insecure=found.insecure,
        session_hours=found.session_hours,
        idle_hours=found.idle_hours,
        rate_per_minute=found.rate_per_minute,
        rate_burst=found.rate_burst,
        request_log=found.request_log,
        oidc=_oidc(found),
        local_passwords=found.local_passwords,
    )


def _oidc(found: Settings) -> OidcSettings | None:
    secret = found.oidc_client_secret.get_secret_value()
    given = {
        "oidc_issuer": bool(found.oidc_issuer),
        "oidc_client_id": bool(found.oidc_client_id),
        "oidc_client_secret": bool(secret),
        "public_url": bool(found.public_url),
    }
    # public_url may serve alone; each of the others asks for all of them.
    asked = any(given[key] for key in given if key != "public_url") or not found.local_passwords
    if not asked:
        return None
    missing = [key for key, present in given.items() if not present]
    if missing:
        raise SettingsError(
            "La connexion par un fournisseur d'identité est réglée à moitié.",
            code="oidc-incomplete",
            where="réglages oidc_…, public_url et local_passwords",
            received="manquent : " + ", ".join(missing),
            expected="oidc_issuer, oidc_client_id, oidc_client_secret et public_url ensemble",
            todo="Donner ceux qui manquent, ou retirer les autres ; docs/proconnect.md les dit.",
        )
    known = {} if found.contact == TO_FILL else {"contact": found.contact}
    return OidcSettings(
        issuer=found.oidc_issuer,
        client_id=found.oidc_client_id,
        client_secret=secret,
        public_url=found.public_url.rstrip("/"),
        scopes=found.oidc_scopes,
        label=found.oidc_label,
        email_trusted=found.oidc_email_trusted,
        **known,
    )
