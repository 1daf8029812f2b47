"""A made-up publication (fictitious SIREN, invented names), an application, its accounts."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import polars as pl
import pytest
from fastapi import FastAPI

from serving.access.accounts import create_user
from serving.access.keys import create_key
from serving.access.sessions import create_session
from serving.access.web_session import LOCAL_COOKIE
from serving.publication import write_publication
from serving.services import Services
from serving.settings import ServingSettings
from serving.state import State, open_state
from tests.loops import finished
from tests.postgres import DATABASES, empty_database
from tests.serving.live_model import live_folders

#: région and département of the made-up structures, in turn
PLACES = (("32", "59"), ("32", "62"), ("93", "13"), ("93", "06"), ("53", "35"), ("76", "31"))
WORDS = ("Éclaireurs", "Ateliers", "Jardins", "Cœur", "Relais", "Maison", "Étape", "Fabrique")
PLACE_NAMES = ("du Nuage", "des Brumes", "de l'Île", "du Grand Pré", "des Trois Lunes")
HORIZONS = (6, 12, 18)


def siren(number: int) -> str:
    """Return a fictitious SIREN: prefix 99, then a number, then the check digit."""
    body = f"99{number:06d}"
    digits = [int(d) * (2 if place % 2 else 1) for place, d in enumerate(body)]
    total = sum(d - 9 if d > 9 else d for d in digits)
    return body + str(-total % 10)


@dataclass
class Frames:
    """What `write_publication` takes."""

    scores: pl.DataFrame
    reasons: pl.DataFrame
    history: pl.DataFrame
    unknown: pl.DataFrame
    manifest: dict[str, Any] = field(default_factory=dict)
    profile: pl.DataFrame | None = None

    def write(self, home: Path, target: str = "failure", *, live: bool = False) -> str:
        frames = (self.scores, self.reasons, self.history, self.unknown)
        folders = live_folders() if live else None
        return write_publication(
            home, target, self.manifest, *frames, profile=self.profile, folders=folders
        )


def make_frames(
    count: int = 120, *, as_of: date = date(2026, 6, 30), seed: int = 1, distinct: int = 15
) -> Frames:
    """Return a made-up publication; `distinct` probabilities, so that ranks are full of ties."""
    rng = np.random.default_rng(seed)
    numbers = range(1, count + 1)
    sirens = [siren(number) for number in numbers]
    p12 = rng.integers(1, distinct + 1, count) / (distinct * 4)
    unknown_level = np.array([number % 17 == 0 for number in numbers], dtype=bool)
    level = np.where(p12 > 0.2, "high", np.where(p12 > 0.1, "moderate", "low"))
    scores = pl.DataFrame(
        {
            "siren": sirens,
            "name": [
                f"Les {WORDS[i % len(WORDS)]} {PLACE_NAMES[i % len(PLACE_NAMES)]} {i}"
                for i in numbers
            ],
            "ess_family": [("association", "cooperative", "foundation")[i % 3] for i in numbers],
            "sector": [("social", "culture", "sport")[i % 3] for i in numbers],
            "sector_label": [("Action sociale", "Culture", "Sport")[i % 3] for i in numbers],
            "naf": "88.99B",
            "commune": "59350",
            "departement": [PLACES[i % len(PLACES)][1] for i in numbers],
            "region": [PLACES[i % len(PLACES)][0] for i in numbers],
            "employees_band": "11",
            "employees": pl.Series(
                [None if i % 10 == 0 else i * 3 % 40 for i in numbers], dtype=pl.Int32
            ),
            "p_6m": p12 / 2,
            "p_12m": p12,
            "p_18m": p12 * 1.5,
            "low_12m": p12 * 0.8,
            "high_12m": p12 * 1.2,
            "level": np.where(unknown_level, "unknown", level),
            "coverage": 0.75,
        }
    ).with_columns(
        pl.when(pl.col("level") != "unknown").then(pl.col(f"p_{h}m")).alias(f"p_{h}m")
        for h in HORIZONS
    )
    ranks = scores.sort("p_12m", "siren", descending=[True, False], nulls_last=True)
    scores = scores.join(
        ranks.select("siren", rank=pl.int_range(1, count + 1, dtype=pl.Int32)),
        on="siren",
        maintain_order="left",
    )
    return Frames(
        scores=scores,
        reasons=_reasons(sirens, rng),
        history=pl.DataFrame(
            {
                "siren": [s for s in sirens for _ in (2024, 2025)],
                "fiscal_year": [year for _ in sirens for year in (2025, 2024)],
                "funder_id": "slug:conseil-des-brumes",
                "funder_name": "Conseil des Brumes",
                "funder_level": "region",
                "amount_eur": 12_000.5,
            }
        ),
        unknown=pl.DataFrame(
            {
                "siren": sirens[::2],
                "theme": "debt",
                "message": "Les dettes sociales ne sont pas connues : aucun fichier.",
            }
        ),
        manifest={
            "as_of": as_of,
            "horizons_months": list(HORIZONS),
            "model": {"name": "fictif", "version": "3", "run_id": "essai-gris-perle"},
            "input_hash": f"entrées-{seed}",
            "synthetic": True,
            "base_values": {str(h): math.log(0.05 / 0.95) for h in HORIZONS},
            "levels": {"rule": "capacity"},
            "thresholds": {"high": 0.2, "moderate": 0.1, "horizon": 12},
        },
    )


def _reasons(sirens: list[str], rng: np.random.Generator) -> pl.DataFrame:
    lines = [
        (s, horizon, name, theme)
        for s in sirens
        for horizon in HORIZONS
        for name, theme in INDICATORS
    ]
    columns = ["siren", "horizon_months", "indicator", "theme"]
    frame = pl.DataFrame(lines, schema=columns, orient="row")
    return frame.with_columns(
        label=pl.lit("Libellé inventé"),
        unit=pl.lit("%"),
        value=pl.Series(rng.normal(size=len(lines))),
        text=pl.lit(None, dtype=pl.String),
        contribution=pl.Series(rng.normal(size=len(lines)).round(3)),
        sentence=pl.format("Raison inventée sur {}.", pl.col("indicator")),
    ).sample(fraction=1, shuffle=True, seed=4)


INDICATORS = (
    ("grants_change", "funding"),
    ("grants_funders", "funding"),
    ("payment_mean_delay", "payment"),
    ("employees", "structure"),
)


class Browser:
    """A synchronous client of the real application, without a network."""

    def __init__(self, app: FastAPI, headers: dict[str, str] | None = None) -> None:
        self.app = app
        self.headers = headers or {}

    def get(self, url: str, headers: dict[str, str] | None = None) -> httpx.Response:
        return self.request("GET", url, headers=headers)

    def request(
        self,
        method: str,
        url: str,
        headers: dict[str, str] | None = None,
        data: dict[str, str] | None = None,
        json: str = "",
    ) -> httpx.Response:
        more = {"Content-Type": "application/json"} if json else {}

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as c:
                return await c.request(
                    method,
                    url,
                    headers=self.headers | more | (headers or {}),
                    data=data,
                    content=json or None,
                )

        return finished(send())


@dataclass
class House:
    """A running application with accounts of every role."""

    home: Path
    app: FastAPI
    publication: str
    frames: Frames

    @property
    def services(self) -> Services:
        return self.app.state.services

    @property
    def state(self) -> State:
        return self.services.state

    def anonymous(self) -> Browser:
        return Browser(self.app)

    def person(self, role: str, **territory: tuple[str, ...]) -> Browser:
        login = f"{role}.{secrets.token_hex(4)}"
        user = create_user(self.state, login, name="Personne fictive", role=role, **territory)
        token = create_session(self.state, user.id, hours=1)
        return Browser(self.app, {"Cookie": f"{LOCAL_COOKIE}={token}"})

    def tool(self, *scopes: str, **territory: tuple[str, ...]) -> Browser:
        wanted = scopes or ("read:scores",)
        key = create_key(self.state, "outil fictif", scopes=wanted, **territory)
        return Browser(self.app, {"Authorization": f"Bearer {key.secret}"})

    def first(self, **wanted: str) -> dict[str, Any]:
        """Return the first made-up structure with these values."""
        found = self.frames.scores.filter(**wanted).sort("siren")
        return found.row(0, named=True)


@pytest.fixture(scope="session")
def frames_factory() -> Callable[..., Frames]:
    return make_frames


@pytest.fixture(scope="session")
def fictitious_siren() -> Callable[[int], str]:
    return siren


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    with empty_database(request) as address:
        yield address


@pytest.fixture
def state(tmp_path: Path, database_url: str | None) -> Iterator[State]:
    opened = open_state(tmp_path, database_url)
    yield opened
    opened.close()


@pytest.fixture
def house(tmp_path: Path, database_url: str | None) -> Iterator[House]:
    from serving.app import create_app

    frames = make_frames()
    publication = frames.write(tmp_path)
    app = create_app(ServingSettings(tmp_path, database_url))
    yield House(tmp_path, app, publication, frames)
    app.state.services.state.close()


@pytest.fixture
def empty_house(tmp_path: Path, database_url: str | None) -> Iterator[House]:
    """Nothing is published yet."""
    from serving.app import create_app

    app = create_app(ServingSettings(tmp_path, database_url))
    yield House(tmp_path, app, "", make_frames())
    app.state.services.state.close()


@pytest.fixture(scope="module", params=DATABASES)
def shared_house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """A house for tests that only read."""
    from serving.app import create_app

    home = tmp_path_factory.mktemp("house")
    frames = make_frames()
    publication = frames.write(home)
    with empty_database(request) as address:
        app = create_app(ServingSettings(home, address))
        yield House(home, app, publication, frames)
        app.state.services.state.close()
