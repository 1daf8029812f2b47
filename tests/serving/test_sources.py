"""What comes from a reserved source is shown to who has the right on it, and nobody else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

import serving
from features.catalogue import INDICATORS as CATALOGUE
from serving.access.errors import AccessError
from serving.access.pseudonym import pseudonym
from serving.access.sources import Source, check_sources, source_of
from serving.app import create_app
from serving.cell.neighbours import FUNDING
from serving.settings import ServingSettings
from tests.serving.conftest import Browser, House, make_frames
from tests.serving.web_people import signed_in

#: indicator, theme, source; each bears a mark of its own in its label, value, text and sentence
HELD = (
    ("debt_ratio", "debt", Source.URSSAF),
    ("rating_grade", "structure", Source.BDF),
    ("tax_delay_days", "structure", Source.DGFIP),
    ("age_years", "structure", None),
)
MARKS = {name: (f"libellé-{name}", 1234567.0 + i) for i, (name, _, _) in enumerate(HELD)}
NOT_KNOWN = "Rien n'est venu des cotisations de cette structure."


@pytest.fixture(scope="module")
def reserved_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home: Path = tmp_path_factory.mktemp("house")
    frames = make_frames(24)
    sirens = frames.scores["siren"].to_list()
    lines = [
        {
            "siren": siren,
            "horizon_months": horizon,
            "indicator": name,
            "theme": theme,
            "label": MARKS[name][0],
            "unit": "days",
            "value": MARKS[name][1],
            "text": None,
            "contribution": contribution,
            "sentence": f"phrase-{name}",
        }
        for siren in sirens
        for horizon in (6, 12, 18)
        for (name, theme, _), contribution in zip(HELD, (0.71, 0.52, -0.33, 0.24), strict=True)
    ]
    schema = frames.reasons.schema
    frames.reasons = pl.DataFrame(lines, schema=schema)
    frames.unknown = frames.unknown.with_columns(message=pl.lit(NOT_KNOWN))
    publication = frames.write(home)
    app = create_app(ServingSettings(home))
    yield House(home, app, publication, frames)
    app.state.services.state.close()


def marks_in(text: str) -> set[str]:
    plain = text.replace("\u202f", "").replace("\xa0", "").replace("&nbsp;", "").replace(" ", "")
    return {
        name
        for name, (label, value) in MARKS.items()
        if name in text or label in text or f"phrase-{name}" in text or str(int(value)) in plain
    }


RIGHTS = [(), ("urssaf",), ("bdf",), ("dgfip",), ("urssaf", "bdf"), tuple(s.value for s in Source)]


def open_to(rights: tuple[str, ...]) -> set[str]:
    return {name for name, _, source in HELD if source is None or source.value in rights}


def readers(house: House, rights: tuple[str, ...]) -> dict[str, Browser]:
    return {
        "national": signed_in(house, "national", sources=rights),
        "regional": signed_in(house, "regional", regions=("32",), sources=rights),
        "departmental": signed_in(house, "departmental", departements=("59",), sources=rights),
        "analyst": signed_in(house, "analyst", sources=rights),
        "tool": house.tool("read:scores", sources=rights),
    }


@pytest.mark.parametrize("rights", RIGHTS)
def test_nothing_reserved_leaks_from_the_api_nor_the_pages(
    reserved_house: House, rights: tuple[str, ...]
) -> None:
    row = reserved_house.first(departement="59")
    lacking = {source.value for source in Source} - set(rights)
    for reader, browser in readers(reserved_house, rights).items():
        code = row["siren"]
        if reader == "analyst":
            code = pseudonym(code, reserved_house.state.secret)
        answer = browser.get(f"/api/v1/structures/{code}")
        assert answer.status_code == 200, reader
        assert marks_in(answer.text) == open_to(rights), reader
        body = answer.json()
        assert {line["source"] for line in body["reserved"]} == lacking
        assert all(line["message"].startswith("Donnée réservée") for line in body["reserved"])
        assert (NOT_KNOWN in answer.text) <= ("urssaf" in rights), reader
        page = browser.get(f"/structures/{code}")
        assert page.status_code == 200, reader
        # a page names an indicator by its label only; the rest is the same
        assert marks_in(page.text) == open_to(rights), reader
        assert page.text.count("Donnée réservée") == len(lacking)
        assert ("cotisations de cette structure" in page.text) <= ("urssaf" in rights), reader
        assert marks_in(browser.get("/api/v1/structures").text) == set()
        listed = browser.get("/").text
        assert "phrase-" in listed
        assert marks_in(listed) <= open_to(rights), reader


@pytest.mark.parametrize("rights", RIGHTS)
def test_what_is_shown_still_adds_up_and_the_risk_stays(
    reserved_house: House, rights: tuple[str, ...]
) -> None:
    row = reserved_house.first(departement="59")
    browser = reserved_house.tool("read:scores", sources=rights)
    body = browser.get(f"/api/v1/structures/{row['siren']}").json()
    assert body["structure"]["p"] == row["p_12m"]
    reasons = body["reasons"]
    shown = sum(r["contribution"] for t in reasons["themes"] for r in t["reasons"])
    total = reasons["base_value"] + shown + reasons["other_contribution"]
    assert total == pytest.approx(reasons["score_logit"], abs=1e-12)


def test_what_is_withheld_does_not_tell_whether_there_was_something(reserved_house: House) -> None:
    browser = reserved_house.tool("read:scores")
    rows = reserved_house.frames.scores["siren"].to_list()
    told = set(reserved_house.frames.unknown["siren"])
    answers = [browser.get(f"/api/v1/structures/{s}").json() for s in rows]
    assert 0 < len(told) < len(rows)
    assert len({str(answer["reserved"]) for answer in answers}) == 1
    assert all(answer["unknown"] == [] for answer in answers)


def test_an_etag_of_another_right_is_not_fresh(reserved_house: House) -> None:
    from serving.access.review import set_sources
    from tests.serving.web_people import principal_of

    browser = signed_in(reserved_house, "national", sources=("urssaf",))
    url = f"/api/v1/structures/{reserved_house.first(level='high')['siren']}"
    tag = browser.get(url).headers["etag"]
    assert browser.get(url, {"If-None-Match": tag}).status_code == 304
    set_sources(reserved_house.state, principal_of(reserved_house, browser).login, ())
    again = browser.get(url, {"If-None-Match": tag})
    assert again.status_code == 200
    assert marks_in(again.text) == {"age_years"}


def test_each_indicator_of_the_catalogue_is_where_it_must_be() -> None:
    found = {name: source_of(name, one.theme) for name, one in CATALOGUE.items()}
    reserved = {name for name, source in found.items() if source is not None}
    assert reserved == {name for name, one in CATALOGUE.items() if one.theme == "debt"}
    assert {found[name] for name in reserved} == {Source.URSSAF}


def test_a_source_that_does_not_exist_is_refused() -> None:
    assert check_sources(["dgfip", "bdf", "bdf"]) == ["bdf", "dgfip"]
    with pytest.raises(AccessError) as caught:
        check_sources(["insee"])
    assert caught.value.code == "bad-account"


def test_who_reads_reasons_or_gaps_of_a_publication_goes_through_the_rights() -> None:
    root = Path(serving.__file__).parent
    readers = {
        path.relative_to(root).as_posix(): text
        for path in root.rglob("*.py")
        if re.search(r"\bpublication\.(reasons|unknown)\(", text := path.read_text("utf-8"))
    }
    assert {"detail.py", "web/list_page.py"} <= set(readers)
    for name, text in readers.items():
        for what in re.findall(r"\bpublication\.(reasons|unknown)\(", text):
            assert f"open_{what}(" in text, f"{name} shows what may be reserved"


def test_profiles_are_read_by_the_rights_or_for_what_is_public() -> None:
    root = Path(serving.__file__).parent
    readers = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if re.search(r"\bpublication\.profiles?\b", path.read_text("utf-8"))
    }
    by_rights = {"cell/facts.py", "cell/neighbours.py", "cell/brief/signs.py"}
    assert readers == {*by_rights, "cell/priorities/eligibility.py"}
    # the plan is the same for every reader: it reads profiles with no right at all
    planned = (root / "cell/priorities/eligibility.py").read_text("utf-8")
    assert "facts_in(row, profile, frozenset())" in planned
    assert all(source_of(name, None) is None for name in FUNDING)
