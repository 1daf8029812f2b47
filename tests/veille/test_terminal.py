"""What every command shares: days, JSON, progress, a home that can be made."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from data.errors import VeilleError
from veille import terminal
from veille.terminal import Common, day, fail, home_of, show, steps


def test_a_day_is_year_month_day() -> None:
    assert day("2024-12-31", "--as-of") == date(2024, 12, 31)
    assert day(None, "--as-of") is None


@pytest.mark.parametrize("text", ["31/12/2024", "2024-02-30", "hier", ""])
def test_another_writing_of_a_day_says_what_is_expected(text: str) -> None:
    with pytest.raises(VeilleError) as caught:
        day(text, "--since")
    assert (caught.value.code, caught.value.where) == ("bad-day", "--since")
    assert caught.value.received == text
    assert "AAAA-MM-JJ" in caught.value.expected


def test_json_is_one_line_in_plain_french(capsys: pytest.CaptureFixture[str]) -> None:
    show({"phrase": "Été à Nîmes", "jour": date(2024, 12, 31), "chemin": Path("var")})
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert "Été à Nîmes" in out
    assert json.loads(out) == {"phrase": "Été à Nîmes", "jour": "2024-12-31", "chemin": "var"}


def test_progress_is_plain_lines_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with steps("Lecture") as progress:
        progress("[un]", 0.0)
        progress("[un]", 0.2)
        progress("deux", 0.5)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines() == ["Lecture :   0% [un]", "Lecture :  50% deux"]


def test_a_silent_progress_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with steps("Lecture", silent=True) as progress:
        progress("un", 0.5)
    assert capsys.readouterr() == ("", "")


def test_an_error_is_shown_on_standard_error_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    fail(VeilleError("Rien [gras] ne va.", code="essai", where="[bold]ici[/bold]", todo="attendre"))
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines() == [
        "Rien [gras] ne va. [essai]",
        "  où : [bold]ici[/bold]",
        "  à faire : attendre",
    ]


def test_the_home_of_a_command_wins_over_that_of_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VEILLE_HOME", raising=False)
    monkeypatch.setattr(terminal, "COMMON", Common(home=tmp_path / "programme"))
    assert home_of(None).folder == tmp_path / "programme"
    assert home_of(tmp_path / "commande").folder == tmp_path / "commande"
    assert (tmp_path / "commande").is_dir()


def test_a_home_that_is_a_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "fichier").write_text("")
    for folder in (tmp_path / "fichier", tmp_path / "fichier" / "dessous"):
        with pytest.raises(VeilleError) as caught:
            home_of(folder)
        assert caught.value.code == "bad-home"
        assert caught.value.where == str(folder)
