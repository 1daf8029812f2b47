"""Settings: sources in order, unknown keys refused, errors that say what to do."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from veille.serving_options import serving_settings
from veille.settings import Settings, SettingsError, expected, load_settings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in an empty folder, so that no veille.toml of the developer is read."""
    monkeypatch.chdir(tmp_path)


def write(text: str, path: Path = Path("veille.toml")) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults_keep_everything_under_home(tmp_path: Path) -> None:
    settings = load_settings(environ={})
    assert settings.home == tmp_path / "var"
    assert settings.state_url == f"sqlite:///{tmp_path}/var/state/state.db"
    assert settings.tracking_uri == f"sqlite:///{tmp_path}/var/mlflow/mlflow.db"


def test_the_more_particular_source_wins(tmp_path: Path) -> None:
    write('home = "a"\nport = 8001\nworkers = 3\n')
    settings = load_settings(environ={"VEILLE_PORT": "8002", "VEILLE_HOME": "b"})
    assert (settings.home, settings.port, settings.workers) == (tmp_path / "b", 8002, 3)
    assert load_settings(home=Path("c"), environ={"VEILLE_HOME": "b"}).home == tmp_path / "c"


def test_home_in_a_file_starts_from_the_folder_of_the_file(tmp_path: Path) -> None:
    path = write('home = "etat"\n', tmp_path / "conf" / "veille.toml")
    assert load_settings(config=path, environ={}).home == tmp_path / "conf" / "etat"
    assert load_settings(environ={"VEILLE_CONFIG": str(path)}).home == tmp_path / "conf" / "etat"


def test_home_does_not_move_with_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_settings(environ={})
    monkeypatch.chdir("/")
    assert settings.home == tmp_path / "var"


def test_an_outside_database_and_registry_are_taken_as_they_are() -> None:
    settings = load_settings(
        environ={
            "VEILLE_DATABASE_URL": "postgresql+psycopg://base/veille",
            "VEILLE_MLFLOW_URI": "https://mlflow.exemple.fr",
        }
    )
    assert settings.state_url == "postgresql+psycopg://base/veille"
    assert settings.tracking_uri == "https://mlflow.exemple.fr"


@pytest.mark.parametrize(
    ("text", "environ", "where"),
    [
        ("ports = 9000\n", {}, "veille.toml, clé ports"),
        ("[server]\nport = 9000\n", {}, "veille.toml, clé server"),
        ("", {"VEILLE_PORTS": "9000"}, "variable d'environnement VEILLE_PORTS"),
    ],
)
def test_an_unknown_key_is_an_error(text: str, environ: dict[str, str], where: str) -> None:
    write(text)
    with pytest.raises(SettingsError) as caught:
        load_settings(environ=environ)
    assert caught.value.code == "unknown-setting"
    assert caught.value.where == where
    assert "port" in caught.value.expected


def test_an_unknown_key_names_the_nearest_one() -> None:
    with pytest.raises(SettingsError, match="Écrire « database_url »"):
        load_settings(environ={"VEILLE_DATABASE_ULR": "sqlite://"})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("port", "0"),
        ("port", "http"),
        ("workers", "-1"),
        ("log_level", "bavard"),
        ("database_url", "fichier.db"),
        ("host", ""),
    ],
)
def test_a_bad_value_says_where_what_and_what_is_accepted(key: str, value: str) -> None:
    variable = f"VEILLE_{key.upper()}"
    with pytest.raises(SettingsError) as caught:
        load_settings(environ={variable: value})
    error = caught.value
    assert error.code == "bad-setting"
    assert variable in error.where
    assert value in str(error.received)
    assert error.expected == expected(key)


@pytest.mark.parametrize("content", [b"port = ", b"port = '\xff'"])
def test_a_broken_file_is_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "veille.toml").write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        load_settings(environ={})
    assert (caught.value.code, caught.value.where) == ("settings-unreadable", "veille.toml")


def test_a_named_file_that_is_absent_is_an_error() -> None:
    with pytest.raises(SettingsError, match="settings-unreadable"):
        load_settings(config=Path("absent.toml"), environ={})


def test_the_example_holds_every_setting_and_its_default() -> None:
    example = (ROOT / "veille.example.toml").read_text(encoding="utf-8")
    values = tomllib.loads(re.sub(r"^#(?! )", "", example, flags=re.MULTILINE))
    assert values.keys() == Settings.model_fields.keys()
    for key, value in values.items():
        default = Settings.model_fields[key].default
        assert default is None or default == value or str(default) == value, key
    load_settings(config=write(example), environ={})


def test_a_home_may_start_from_the_users_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/nulle/part")
    write('home = "~/veille"\n')
    assert load_settings(environ={}).home == Path("/nulle/part/veille")


OIDC = {
    "VEILLE_OIDC_ISSUER": "https://fournisseur.invalid/api/v2",
    "VEILLE_OIDC_CLIENT_ID": "client-fictif",
    "VEILLE_OIDC_CLIENT_SECRET": "secret-fictif",
    "VEILLE_PUBLIC_URL": "https://veille.invalid/",
}


def test_a_whole_provider_goes_to_the_server() -> None:
    oidc = serving_settings(load_settings(environ=OIDC)).oidc
    assert oidc is not None
    assert (oidc.issuer, oidc.client_secret) == (OIDC["VEILLE_OIDC_ISSUER"], "secret-fictif")
    assert (oidc.public_url, oidc.label) == ("https://veille.invalid", "ProConnect")
    assert oidc.contact == "l'administration de Veille ESS"
    named = serving_settings(load_settings(environ=OIDC | {"VEILLE_CONTACT": "la cellule"})).oidc
    assert named is not None
    assert named.contact == "la cellule"
    assert serving_settings(load_settings(environ={})).oidc is None


@pytest.mark.parametrize("missing", OIDC)
def test_a_provider_set_by_half_stops_the_start(missing: str) -> None:
    found = load_settings(environ={key: OIDC[key] for key in OIDC if key != missing})
    with pytest.raises(SettingsError) as caught:
        serving_settings(found)
    assert caught.value.code == "oidc-incomplete"
    assert caught.value.received == "manquent : " + missing.removeprefix("VEILLE_").lower()
    assert "secret-fictif" not in str(caught.value)


def test_passwords_are_not_closed_without_another_door() -> None:
    found = load_settings(environ={"VEILLE_LOCAL_PASSWORDS": "false"})
    with pytest.raises(SettingsError, match="à moitié"):
        serving_settings(found)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("VEILLE_OIDC_ISSUER", "http://fournisseur.invalid"),
        ("VEILLE_OIDC_ISSUER", "https://qui@fournisseur.invalid"),
        ("VEILLE_PUBLIC_URL", "veille.invalid"),
        ("VEILLE_PUBLIC_URL", "http://127.0.0.1.invalid"),
        ("VEILLE_OIDC_SCOPES", "email profile"),
        ("VEILLE_OIDC_LABEL", ""),
    ],
)
def test_addresses_without_tls_and_scopes_without_openid_are_refused(
    variable: str, value: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(environ=OIDC | {variable: value})
    assert caught.value.code == "bad-setting"
    assert variable in caught.value.where


def test_the_secret_is_shown_nowhere() -> None:
    found = load_settings(environ=OIDC)
    for shown in (repr(found), str(found.model_dump()), repr(serving_settings(found))):
        assert "secret-fictif" not in shown
    write("oidc_client_secret = 123456789\n")
    with pytest.raises(SettingsError) as caught:
        load_settings(environ={})
    assert "123456789" not in str(caught.value) + str(caught.value.__cause__)
