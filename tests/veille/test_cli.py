"""The command line on a real synthetic home: JSON keys, exit codes, errors that can be acted on."""

from __future__ import annotations

import json
import math
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import polars as pl
import pytest

from data.lake import Lake
from serving.publication import Publication
from tests.fictitious import siren
from tests.veille.conftest import Run
from training.evaluate import METRICS
from veille import demo

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = (sys.executable, "-c", "from veille.cli import main; main()")
HEADER = "nomAttribuant;idAttribuant;dateConvention;nomBeneficiaire;idBeneficiaire;objet;montant"


def listing(path: Path, *amounts: str) -> Path:
    """Write a published list of one line an amount."""
    lines = [
        f"Ville des Brumes;{siren(900)}00017;2023-03-2{n};Atelier {n};{siren(n)}00015;Aide;{amount}"
        for n, amount in enumerate(amounts)
    ]
    path.write_text("\n".join([HEADER, *lines]) + "\n", "utf-8")
    return path


def files(folder: Path) -> dict[str, int]:
    return {str(p): p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()}


# --- keys ---------------------------------------------------------------------------------------


def test_ingest_keys_and_accounting(run: Run, tmp_path: Path) -> None:
    paths = [listing(tmp_path / "a.csv", "100", "abc", "300"), listing(tmp_path / "b.csv", "40")]
    found = run("ingest", "scdl", *paths, "--home", tmp_path / "home", "--json").json
    assert [m["file"] for m in found] == ["a.csv", "b.csv"]
    for m in found:
        assert set(m) == {"file", "source", "rows_in", "rows_kept", "rows_rejected", "reasons"}
        assert m["rows_in"] == m["rows_kept"] + m["rows_rejected"]
        assert sum(m["reasons"].values()) == m["rows_rejected"]
    assert found[0]["rows_kept"] == 2
    assert found[0]["reasons"] == {"bad_amount": 1}


def test_ingesting_twice_changes_nothing(run: Run, tmp_path: Path) -> None:
    path, home = listing(tmp_path / "a.csv", "100", "abc"), tmp_path / "home"
    first = run("ingest", "scdl", path, "--home", home, "--json").json
    before, digest = files(home), Lake(home).hash()
    assert run("ingest", "scdl", path, path, "--home", home, "--json").json == first * 2
    assert (files(home), Lake(home).hash()) == (before, digest)
    assert run("--home", home, "ingest", "scdl", path, "--json").json == first


def test_quality_shows_the_line_and_the_reason(run: Run, tmp_path: Path) -> None:
    home = tmp_path / "home"
    run("ingest", "scdl", listing(tmp_path / "a.csv", "100", "abc"), "--home", home)
    found = run("quality", "--home", home, "--json").json
    (example,) = found["examples"]
    assert (example["file"], example["value"]) == ("a.csv", "abc")
    assert (example["source_row"], example["reason"]) == (3, "bad_amount")
    shown = run("quality", "--home", home)
    assert shown.code == 0
    assert "abc" in shown.out


def test_features_explain_shows_file_and_line_of_what_made_a_number(
    run: Run, own_home: Path
) -> None:
    computed = run("features", "--as-of", "2024-12-31", "--home", own_home, "--json").json
    panel = pl.read_parquet(computed["panel"])
    who = panel.filter(pl.col("grants_eur") > 0)["structure_id"][0]
    asked = ("features", "--explain", "grants_eur", who, "--as-of", "2024-12-31")
    found = run(*asked, "--home", own_home, "--json").json
    assert set(found) == {
        *("indicator", "siren", "as_of", "value", "unit", "sentence", "in_panel", "facts"),
        *("inputs", "steps", "synthetic"),
    }
    counted = [row for row in found["facts"] if row["counts"]]
    total = sum(float(row["values"]["amount_eur"]) for row in counted)
    assert (found["siren"], found["synthetic"], round(total, 2)) == (who, True, found["value"])
    assert all(row["file"] and row["source_row"] and row["known_on"] for row in counted)
    shown = run(*asked, "--home", own_home).out
    assert "France synthétique" in shown
    for row in counted:
        assert f"{row['file']}, ligne {row['source_row']}, connu le {row['known_on']}" in shown


def test_features_keys_and_same_inputs_same_panel(run: Run, demo_home: Path) -> None:
    days = ("--as-of", str(demo.LAST), "--since", str(demo.SINCE), "--every", "half")
    before = files(demo_home / "panels")
    found = run("features", *days, "--home", demo_home, "--json").json
    assert set(found) == {"panel", "rows", "indicators", "as_of", "input_hash"}
    assert len(found["as_of"]) == 19
    panel = pl.read_parquet(found["panel"])
    assert panel.height == found["rows"]
    assert panel.width == found["indicators"] + 2
    assert files(demo_home / "panels") == before


def test_the_same_facts_in_another_home_give_the_same_panel_hash(
    run: Run, demo_home: Path, own_home: Path
) -> None:
    found = [
        run("features", "--as-of", "2019-12-31", "--home", home, "--json").json
        for home in (demo_home, own_home)
    ]
    assert found[0]["input_hash"] == found[1]["input_hash"]
    panels = [pl.read_parquet(one["panel"]) for one in found]
    assert found[0]["panel"] != found[1]["panel"]
    assert panels[0].equals(panels[1])


def test_train_keys_names_and_roles(run: Run, own_home: Path) -> None:
    command = ("train", "--target", "funding_loss", "--home", own_home)
    found = run(*command, "--name", "essai", "--note", "deuxième", "--json").json
    assert {"model", "run_id", "target", "horizons_months"} <= set(found)
    assert (found["model"], found["target"], found["horizons_months"]) == (
        "essai",
        "funding_loss",
        [12],
    )
    assert found["champion"] is False  # the first one keeps its role
    models = run("models", "--home", own_home, "--json").json
    (mine,) = [m for m in models if m["model"] == "essai"]
    assert (mine["aliases"], mine["tags"]["note"], mine["run_id"]) == (
        [],
        "deuxième",
        found["run_id"],
    )
    run(*command, "--name", "essai", "--json").refused("run-name-taken")
    promoted = run("promote", "essai", "--home", own_home, "--json").json
    assert promoted == {"model": "essai", "target": "funding_loss", "alias": "champion"}
    roles = {m["model"]: m["aliases"] for m in run("models", "--home", own_home, "--json").json}
    assert roles["essai"] == ["champion"]
    assert sum("champion" in aliases for aliases in roles.values()) == 2  # one a target


def test_evaluate_keys(run: Run, demo_home: Path) -> None:
    command = ("evaluate", "champion", "--target", "funding_loss", "--folds", "1")
    found = run(*command, "--home", demo_home, "--json").json
    assert {"model", "target", "folds", "stability", "synthetic"} == set(found)
    assert found["synthetic"] is True
    (fold,) = found["folds"]
    assert {"horizon_months", "test_as_of", "n", "positives", "metrics", "baselines"} <= set(fold)
    assert set(fold["metrics"]) == set(METRICS)
    for estimates in (fold["metrics"], *fold["baselines"].values()):
        for estimate in estimates.values():
            assert set(estimate) == {"value", "low", "high"}
    kept = json.loads((demo_home / "evaluations" / f"{found['model']}.json").read_text("utf-8"))
    assert kept == found


def test_score_keys_and_same_inputs_same_publication(run: Run, made: Path) -> None:
    home = made / "home"
    before = json.loads((made / "made.json").read_text("utf-8"))["publications"]["failure"]
    found = run("score", "--as-of", "2024-12-31", "--home", home, "--json").json
    assert set(found) == {"publication", "rows", "output"}
    assert found["publication"] == before
    served = Publication.load(home, "failure")
    assert (served.id, served.rows) == (before, found["rows"])
    assert Path(found["output"]).is_dir()


@pytest.mark.parametrize("target", ["failure", "funding_loss"])
def test_explain_adds_up(run: Run, demo_home: Path, target: str) -> None:
    command = ("explain", "top", "--target", target, "--home", demo_home)
    found = run(*command, "--json").json
    assert {"siren", "base_value", "contributions", "score_logit", "probability"} <= set(found)
    total = found["base_value"] + math.fsum(found["contributions"].values())
    assert total == pytest.approx(found["score_logit"], abs=1e-6)
    assert found["probability"] == pytest.approx(1 / (1 + math.exp(-total)), abs=1e-9)
    assert len(found["sentences"]) >= 3
    assert len(set(found["sentences"])) == len(found["sentences"])
    served = Publication.load(demo_home, target)
    top = served.row(served.position(found["siren"]) or 0)
    assert top["rank"] == 1
    assert top["p_12m"] == pytest.approx(found["probability"], abs=1e-9)
    by_siren = run("explain", found["siren"], *command[2:], "--json").json
    assert by_siren == found


def test_explain_agrees_with_the_published_reasons(run: Run, demo_home: Path) -> None:
    served = Publication.load(demo_home, "failure")
    siren_code = served.frame["siren"][served.rows // 2]
    found = run("explain", siren_code, "--home", demo_home, "--json").json
    published = {r["indicator"]: r["contribution"] for r in served.reasons(siren_code, 12)}
    assert published
    for name, value in published.items():
        assert found["contributions"][name] == pytest.approx(value, abs=1e-9)


def test_plain_output_says_that_the_data_are_synthetic(run: Run, demo_home: Path) -> None:
    shown = run("explain", "top", "--home", demo_home)
    assert shown.code == 0
    assert "Données synthétiques" in shown.out
    assert "•" in shown.out


def test_users_keys_and_audit(run: Run, tmp_path: Path) -> None:
    at = ("--home", tmp_path / "home")
    assert run("users", "add", "essai", "--role", "regional", "--region", "32", *at).code == 0
    (account,) = run("users", "list", "--json", *at).json
    assert (account["login"], account["role"]) == ("essai", "regional")
    link = run("users", "link", "essai", "--port", "8123", *at).out
    assert link.startswith("http://127.0.0.1:8123/connexion/lien/")
    secret = run("keys", "add", "outil fictif", *at).out.strip()
    listed = run("keys", "list", "--json", *at)
    (key,) = listed.json
    assert key["prefix"] in secret
    assert secret not in listed.out
    assert run("keys", "revoke", key["prefix"], *at).code == 0
    assert run("audit", "verify", "--json", *at).json["intact"] is True
    assert run("users", "email", "essai", "essai@exemple.invalid", *at).code == 0
    (account,) = run("users", "list", "--json", *at).json
    assert (account["email"], account["linked"]) == ("essai@exemple.invalid", False)
    assert run("users", "email", "essai", *at).code == 0
    assert run("users", "list", "--json", *at).json[0]["email"] is None
    assert run("users", "email", "essai", "sans arobase", *at).code == 1
    assert run("users", "close", "essai", *at).code == 0


# --- exit codes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "hint"),
    [
        (("ingest", "gazette", "x.csv"), "unknown-source", "veille sources"),
        (("quality", "--source", "gazette"), "unknown-source", "veille sources"),
        (("ingest", "scdl", "absent.csv"), "no-file", "absent.csv"),
        (("ingest", "scdl", "x.csv", "--known-on", "hier"), "bad-day", "AAAA-MM-JJ"),
        (("features", "--as-of", "31/12/2024"), "bad-day", "AAAA-MM-JJ"),
        (("features", "--as-of", "2024-12-31", "--engine", "abaque"), "unknown-engine", "duckdb"),
        (
            ("features", "--as-of", "2024-12-31", "--since", "2023-12-31", "--every", "siècle"),
            "bad-every",
            "quarter",
        ),
        (("features", "--as-of", "2020-12-31", "--since", "2021-12-31"), "bad-since", "2020-12-31"),
        (("features", "--as-of", "2020-12-31"), "empty-panel", "veille sources"),
        (("features", "--as-of", "2020-12-31", "--master", "local[*]"), "one-option", "spark"),
        (
            ("features", "--explain", "grants_eur", "1", "--as-of", "2020-12-31"),
            "nothing-known",
            "veille quality",
        ),
        (
            ("features", "--explain", "inconnu", "1", "--as-of", "2020-12-31"),
            "unknown-indicator",
            "docs/indicators.md",
        ),
        (
            ("features", "--explain", "esus", "1", "--as-of", "2020-12-31", "--every", "year"),
            "one-option",
            "--every",
        ),
        (("train", "--target", "failure"), "no-panel", "veille features"),
        (("score", "--as-of", "2024-12-31"), None, ""),
        (("evaluate", "champion"), None, ""),
        (("explain", "top"), "no-publication", ""),
        (("users", "close", "personne"), None, ""),
        (("keys", "revoke", "personne"), None, ""),
    ],
)
def test_an_impossible_command_fails_clearly(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], code: str | None, hint: str
) -> None:
    found = run(*arguments, "--home", tmp_path / "home")
    assert found.code == 1, found
    assert "Traceback" not in found.err
    assert hint in found.err
    if code:
        found.refused(code)
    else:  # a stable code all the same
        assert found.err.splitlines()[0].endswith("]")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("train", "--target", "ruine"), "unknown-target"),
        (("score", "--target", "funding_loss", "--as-of", "2024-06-30"), "empty-cohort"),
        (("explain", "990000008"), "not-in-list"),
    ],
)
def test_an_impossible_command_on_a_sound_home_fails_clearly(
    run: Run, demo_home: Path, arguments: tuple[str, ...], code: str
) -> None:
    before = Publication.load(demo_home, "failure").id
    run(*arguments, "--home", demo_home).refused(code)
    assert Publication.load(demo_home, "failure").id == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("inconnue",),
        ("ingest", "scdl"),
        ("ingest", "scdl", "x.csv", "--option", "sansvaleur"),
        ("train",),
        ("evaluate", "champion", "--folds", "0"),
        ("demo", "--structures", "10"),
        ("serve", "--port", "99999"),
        ("users", "add", "essai", "--role", "roi"),
        ("features", "--as-of", "2024-12-31", "--moteur", "duckdb"),
    ],
)
def test_a_wrong_usage_exits_2(run: Run, arguments: tuple[str, ...]) -> None:
    found = run(*arguments)
    assert found.code == 2
    assert "Traceback" not in found.err
    assert "Usage" in found.err


def test_help_gives_an_example_for_the_commands_of_the_line(run: Run) -> None:
    assert run("--help").code == 0
    for name in ("ingest", "features", "train", "evaluate", "score", "explain", "demo", "serve"):
        shown = run(name, "--help")
        assert shown.code == 0
        assert "Exemple : veille" in shown.out


def test_an_unforeseen_error_is_a_message_and_a_trace_only_with_debug(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    (home / "lake").mkdir(parents=True)
    (home / "lake" / "ingests").mkdir()
    broken = home / "lake" / "ingests" / "scdl" / "0000000000000000"
    broken.mkdir(parents=True)
    (broken / "manifest.json").write_text("{", "utf-8")  # a disk that lost the end of a file
    run("quality", "--home", home).refused("unexpected")
    monkeypatch.setattr(sys, "argv", ["veille", "--debug", "quality", "--home", str(home)])
    from veille.cli import main

    with pytest.raises(json.JSONDecodeError):
        main()


def test_a_real_process_says_the_same(tmp_path: Path) -> None:
    command = [*PROGRAM, "ingest", "gazette", "x.csv", "--home", str(tmp_path / "home")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "[unknown-source]" in done.stderr
    assert "à faire" in done.stderr
    assert "Traceback" not in done.stderr


# --- serve --------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_serve_signs_in_by_link_and_says_that_the_data_are_synthetic(
    run: Run, demo_home: Path
) -> None:
    port = free_port()
    command = [*PROGRAM, "serve", "--port", str(port), "--home", str(demo_home)]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("VEILLE_")}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            deadline = time.monotonic() + 60
            ready = 0
            while ready != 200 and time.monotonic() < deadline:
                assert process.poll() is None
                try:
                    ready = client.get("/health/ready").status_code
                except httpx.TransportError:
                    time.sleep(0.2)
            assert ready == 200
            assert client.get("/").status_code in {302, 303, 307}  # nobody is signed in
            run("serve", "--port", port, "--home", demo_home).refused("address-in-use")
            link = run("users", "link", "demo", "--port", port, "--home", demo_home).out.strip()
            page = client.get(link, follow_redirects=True)
            assert page.status_code == 200
            if "/confidentialite" in str(page.url):
                token = page.text.split('name="csrf" value="')[1].split('"')[0]
                page = client.post("/confidentialite", data={"csrf": token}, follow_redirects=True)
            page = client.get("/")
            assert page.status_code == 200
            assert "Données synthétiques" in page.text
            assert Publication.load(demo_home, "failure").frame["siren"][0] in page.text
            # one use only
            assert httpx.get(link, timeout=20).status_code >= 400
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait(20)
    assert code in {0, 130, -signal.SIGINT}
