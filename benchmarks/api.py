"""Live scoring over HTTP beside a constant answer and other servers of models, in one run.

``python -m benchmarks.api [--home HOME]`` takes the current publication of a home (else of a
synthetic France made for it), and asks each server in turn for the probabilities of the same
structure, from its indicators, with `wrk` on the same machine:

- ``constant``: uvicorn and an ASGI application that always answers the same bytes: the limit;
- ``veille``: ``POST /api/v1/scores``, key, limit, audit and headers included;
- ``mlflow``: ``mlflow models serve`` with the registered model;
- with ``--peers FOLDER``, ``mlserver`` and ``bentoml`` (see `benchmarks.peers`).
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.servers import Rate, Side, measured, running

CONNECTIONS = (1, 16)
CONSTANT = """
import sys, uvicorn
BODY = sys.argv[2].encode()
HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="critical",
    access_log=False, server_header=False)
"""
VEILLE = """
import sys, uvicorn
from pathlib import Path
from serving.app import ServingSettings, create_app
app = create_app(ServingSettings(Path(sys.argv[2]), rate_per_minute=0))
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="critical",
    access_log=False, server_header=False)
"""


def sides(home: Path, peers: Path | None = None, work: Path | None = None) -> list[Side]:
    """Return the servers, each with the same structure of the current list.

    `peers` is the environment of other servers, whose files go in `work`.
    """
    import polars as pl

    from benchmarks.peers import peers as others
    from serving.access.keys import create_key
    from serving.live.scorer import LiveScorer
    from serving.publication import Publication
    from serving.publication_files import MODEL_FOLDER
    from serving.state import open_state
    from veille.home import Home
    from veille.line import latest_panel

    live = LiveScorer.load(Publication.load(home, "failure"))
    day = live.context.as_of
    panel = latest_panel(home)[1].filter(pl.col("as_of") == day)
    row = panel.select(live.single.names).row(len(panel) // 2, named=True)
    call = json.dumps({"structures": [{"indicators": row}]})
    answer = json.dumps({"items": [{"p": 0.0123456789} for _ in range(3)]})
    state = open_state(home)
    secret = create_key(state, "banc d'essai", scopes=("score:live",)).secret
    state.close()
    registry = Home(home).registry
    stored = registry.resolve(str(live.publication.manifest.model.run_id))
    split = {"columns": list(row), "data": [list(row.values())]}
    python = [sys.executable, "-c"]
    mlflow = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(_packed(stored))]
    model = live.publication.folder / MODEL_FOLDER
    more = (
        others(peers.resolve(), work, model.resolve(), _packed(stored).resolve(), row)
        if peers and work
        else []
    )
    return [
        Side("constant", [*python, CONSTANT, "PORT", answer], "/", call, {}),
        Side(
            "veille",
            [*python, VEILLE, "PORT", str(home)],
            "/api/v1/scores",
            call,
            {"Authorization": f"Bearer {secret}"},
        ),
        Side(
            "mlflow",
            [*mlflow, "--env-manager", "local", "-p", "PORT", "-h", "127.0.0.1"],
            "/invocations",
            json.dumps({"dataframe_split": split}),
            {},
        ),
        *more,
    ]


def _packed(stored: Path) -> Path:
    """Return the folder of MLflow's model that holds ours."""
    return next(folder for folder in (stored, *stored.parents) if (folder / "MLmodel").exists())


def main() -> int:
    """Measure every server and print its rate as a part of the constant answer's."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks.api", description=__doc__)
    asked.add_argument("--home", type=Path, help="a home with a publication")
    asked.add_argument("--structures", type=int, default=5_000, help="of the one made else (5000)")
    asked.add_argument("--peers", type=Path, help="an environment for MLServer and BentoML")
    asked.add_argument("--seconds", type=int, default=3, help="of each measure (3)")
    asked.add_argument("--rounds", type=int, default=2, help="the better one counts (2)")
    given = asked.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not here: make setup-bench, or apt-get install wrk")
    with ExitStack() as stack:
        home = given.home or Path(stack.enter_context(TemporaryDirectory(prefix="veille-bench-")))
        if given.home is None:
            _made(home, given.structures)
        work = Path(stack.enter_context(TemporaryDirectory(prefix="veille-peers-")))
        _compare(sides(home, given.peers, work), given.rounds, given.seconds)
    return 0


def _made(home: Path, structures: int) -> None:
    from features.progress import quiet
    from veille import demo
    from veille.home import Home

    silent = dict.fromkeys(("facts", "features", "train", "score"), quiet)
    demo.run(Home(home), structures, 1, silent, targets=("failure",))


def _compare(every: list[Side], rounds: int, seconds: int) -> None:
    found: dict[str, dict[int, Rate]] = {}
    for _ in range(rounds):
        for side in every:
            with running(side) as address:
                for connections in CONNECTIONS:
                    rate = measured(address, side, connections, seconds)
                    best: Any = found.setdefault(side.name, {}).get(connections)
                    if best is None or rate.per_second > best.per_second:
                        found[side.name][connections] = rate
    for connections in CONNECTIONS:
        print(f"{connections} connection(s)")
        limit = found["constant"][connections]
        for name, rates in found.items():
            rate = rates[connections]
            print(
                f"  {name:9} {rate.per_second:8.0f}/s ({rate.per_second / limit.per_second:.1%})"
                f"   p50 {rate.p50_us:7.0f} us   p99 {rate.p99_us:7.0f} us"
                f"   refused {rate.refused}"
            )


if __name__ == "__main__":
    sys.exit(main())
