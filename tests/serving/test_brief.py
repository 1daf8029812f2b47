"""The brief: what it says, to whom, on two pages."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zlib
from dataclasses import dataclass, replace
from datetime import date
from html.parser import HTMLParser
from itertools import product
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sqlalchemy import select

from serving.access.errors import AccessError
from serving.access.principal import Principal, Role, Territory
from serving.access.pseudonym import pseudonym
from serving.cell.brief.brief import LISTED, Brief, Means, prepare_brief
from serving.cell.brief.capacity import Room, Rooms
from serving.cell.brief.outlook import Line, Outlook
from serving.cell.brief.page import bars, html_of
from serving.cell.brief.pdf import pdf_of
from serving.cell.brief.scope import Scope
from serving.cell.brief.signs import signs
from serving.cell.brief.stages import STAGES, with_stages
from serving.cell.facts import facts_of
from serving.cell.stages import stage_of
from serving.cursor import RankingError
from serving.publication import Publication, publication_ids
from serving.state.models import AuditEntry
from tests.serving.conftest import Frames, House, make_frames, siren
from tests.serving.servers import ROOT
from tests.serving.web_people import signed_in

SECRET = b"fictif"
NATIONAL = Principal(
    "1", "user", "Nina Fictive", "nina", Role.NATIONAL, Territory.NATIONAL, sources=frozenset()
)
NORTH = replace(NATIONAL, role=Role.REGIONAL, territory=Territory.of(["32"]))
ANALYST = replace(NATIONAL, role=Role.ANALYST)


@dataclass(frozen=True)
class Scheme:
    label: str
    means: str = "Conseil gratuit"
    stages: tuple[str, ...] = ("difficulty", "urgency")
    regions: tuple[str, ...] = ()
    to_confirm: bool = False


def told(lines: list[tuple[int, str, float]]) -> pl.DataFrame:
    """Return reasons at 12 months: (number of the structure, indicator, value)."""
    theme = {"voted": "budget", "cancel": "budget", "debt_o": "debt", "overdu": "payment"}
    return pl.DataFrame(
        [
            {
                "siren": siren(number),
                "horizon_months": 12,
                "indicator": name,
                "theme": theme.get(name[:6], "funding"),
                "label": "Libellé inventé",
                "unit": "%",
                "value": value,
                "text": None,
                "contribution": 0.1,
                "sentence": "Raison inventée.",
            }
            for number, name, value in lines
        ],
        schema_overrides={"horizon_months": pl.Int32, "text": pl.String, "value": pl.Float64},
    )


def profiles(count: int, **known: dict[int, float]) -> pl.DataFrame:
    """Return profiles: values by number of the structure, null elsewhere."""
    numbers = range(1, count + 1)
    columns = {
        name: pl.Series([values.get(n) for n in numbers], dtype=pl.Float64)
        for name, values in known.items()
    }
    return pl.DataFrame({"siren": [siren(n) for n in numbers], **columns})


def published(home: Path, frames: Frames, lines: list[tuple[int, str, float]]) -> Publication:
    if lines:
        frames.reasons = told(lines)
    return Publication.load(home, "failure", frames.write(home))


def prepared(
    publication: Publication,
    reader: Principal = NATIONAL,
    scope: Scope = Scope(),  # noqa: B008 - frozen
    *,
    before: Publication | None = None,
    means: Means | None = None,
) -> Brief:
    return prepare_brief(publication, before, reader, scope, secret=SECRET, means=means)


def objects(pdf: bytes) -> bytes:
    """Return the objects of a PDF, decompressed."""
    assert pdf.startswith(b"%PDF-1.7")
    found = b""
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, flags=re.DOTALL):
        try:
            content = zlib.decompress(stream)
        except zlib.error:
            continue
        found += content
    return found


def pages(pdf: bytes) -> int:
    """Return how many pages a PDF has."""
    return len(re.findall(rb"/Type\s*/Page\b", objects(pdf)))


class TestContent:
    def test_the_figures_are_those_of_the_list(self, tmp_path: Path) -> None:
        before = make_frames(240, as_of=date(2026, 3, 31), seed=1)
        after = make_frames(240, as_of=date(2026, 6, 30), seed=2)
        former, now = published(tmp_path, before, []), published(tmp_path, after, [])
        brief = prepared(now, NORTH, Scope(sector="culture"), before=former)
        inside = after.scores.filter(region="32", sector="culture")
        was = before.scores.filter(region="32", sector="culture")
        for level in ("high", "moderate", "low", "unknown"):
            assert brief.counts[level] == inside.filter(level=level).height
            assert brief.changes[level] == brief.counts[level] - was.filter(level=level).height
        high = set(inside.filter(level="high")["siren"])
        high_before = set(was.filter(level="high")["siren"])
        assert brief.moved == (len(high - high_before), len(high_before - high))
        for total in brief.sums:
            p = f"p_{total.horizon_months}m"
            known = inside.filter(pl.col(p).is_not_null())
            assert total.events == pytest.approx(known[p].sum())
            sized = known.drop_nulls("employees")
            assert total.jobs == pytest.approx((sized[p] * sized["employees"]).sum())
            assert (total.estimated, total.sized) == (known.height, sized.height)
            assert total.low < total.events < total.high
        assert brief.title == "Culture, Hauts-de-France"

    def test_exposure_worked_by_hand(self, tmp_path: Path) -> None:
        """12,000.50 € each in 2025: -20 % voted and 10 % cancelled takes 28 %; 30 %, 30 %."""
        frames = make_frames(20)
        frames.history = frames.history.filter(pl.col("siren") != siren(5))
        lines = [
            (1, "voted_change_ratio", -0.2),
            (1, "cancelled_share_ratio", 0.1),
            (2, "voted_change_ratio", 0.15),
            (3, "voted_change_ratio", -0.3),
            (4, "cancelled_share_ratio", 0.0),
            (5, "voted_change_ratio", -0.5),
            (6, "programme_change_ratio", -0.9),
        ]
        found = prepared(published(tmp_path, frames, lines)).exposure
        assert (found.structures, found.known, found.exposed, found.priced) == (20, 5, 3, 2)
        assert found.funded_eur == pytest.approx(2 * 12_000.5)
        assert found.at_stake_eur == pytest.approx(12_000.5 * (0.28 + 0.3))

    def test_an_unknown_budget_is_said_and_not_a_zero(self, tmp_path: Path) -> None:
        brief = prepared(published(tmp_path, make_frames(20), []))
        assert brief.exposure.known == 0
        assert "Aucun budget voté ni aucune annulation n’est connu" in html_of(brief)

    def test_stages_follow_the_level_and_the_signs_that_are_known(self, tmp_path: Path) -> None:
        """1 and 2 high, 3 to 5 moderate, 6 and 7 low, 8 unknown."""
        frames = make_frames(8)
        levels = ["high"] * 2 + ["moderate"] * 3 + ["low"] * 2 + ["unknown"]
        frames.scores = frames.scores.with_columns(
            level=pl.Series(levels), p_6m=pl.lit(0.1), p_12m=pl.lit(0.1), p_18m=pl.lit(0.1)
        )
        frames.profile = profiles(
            8,
            overdue_eur={1: 900.0, 6: 10.0},
            lost_funders_count={3: 1.0},
            grants_change_1y_ratio={4: -0.19, 8: -0.9},
            debt_outstanding_eur={7: 5_000.0},
        )
        publication = published(tmp_path, frames, [])
        brief = prepared(publication)
        assert brief.stages == {"urgency": 1, "difficulty": 3, "rebound": 0, "anticipation": 3}
        assert brief.unstaged == 1
        assert brief.sirens[0] == siren(1)
        assert set(brief.sirens[1:]) == {siren(2), siren(3), siren(6)}
        trusted = replace(NATIONAL, sources=frozenset({"urssaf"}))
        assert prepared(publication, trusted).stages["difficulty"] == 4

    def test_each_stage_is_that_of_the_orientation(self, tmp_path: Path) -> None:
        """Every level with every proceeding and every sign, one structure each."""
        levels = ("high", "moderate", "low", "unknown")
        proceedings = (None, "none", "plan", "receivership")
        known = ((), ("overdue_eur",), ("debt_outstanding_eur",), ("lost_funders_count",))
        cases = list(product(levels, proceedings, (*known, ("grants_change_1y_ratio",))))
        frames = make_frames(len(cases))
        frames.scores = frames.scores.with_columns(
            level=pl.Series([level for level, _, _ in cases]),
            p_6m=pl.lit(0.1),
            p_12m=pl.lit(0.1),
            p_18m=pl.lit(0.1),
        )
        given = {
            name: {n: value for n, (_, _, told) in enumerate(cases, 1) if name in told}
            for name, value in (
                ("overdue_eur", 1.0),
                ("debt_outstanding_eur", 1.0),
                ("lost_funders_count", 1.0),
                ("grants_change_1y_ratio", -0.2),
            )
        }
        said = {n: one for n, (_, one, _) in enumerate(cases, 1) if one}
        frames.profile = profiles(len(cases), **given).with_columns(
            proceedings=pl.Series([said.get(n) for n in range(1, len(cases) + 1)], dtype=pl.String)
        )
        publication = published(tmp_path, frames, [])
        rows = np.arange(publication.rows, dtype=np.int32)
        for rights in ((), ("urssaf",)):
            found = with_stages(signs(publication, rows, rights))["stage"].to_list()
            expected = [
                stage_of(facts_of(publication, n, rights, None)).name
                for n in range(publication.rows)
            ]
            assert found == expected
            assert set(found) == {*STAGES, None}

    def test_who_may_see_what(self, tmp_path: Path) -> None:
        frames = make_frames(120)
        publication = published(tmp_path, frames, [])
        inside = set(frames.scores.filter(region="32")["siren"])
        assert set(prepared(publication, NORTH).sirens) <= inside
        assert (
            prepared(publication, NORTH).counts
            == prepared(publication, NATIONAL, Scope(region="32")).counts
        )
        local = replace(
            NATIONAL, role=Role.DEPARTMENTAL, territory=Territory.of(departements=["59"])
        )
        for reader, scope in (
            (NORTH, Scope(region="93")),
            (NORTH, Scope(departement="13")),
            (local, Scope(region="32")),
            (local, Scope(departement="62")),
        ):
            with pytest.raises(AccessError) as caught:
                prepared(publication, reader, scope)
            assert caught.value.code == "outside-territory"
        with pytest.raises(AccessError) as caught:
            prepared(publication, replace(NATIONAL, role=Role.ADMIN))
        assert caught.value.code == "role-has-no-lists"
        for scope in (Scope(region="00"), Scope(departement="2C"), Scope(sector="rien")):
            with pytest.raises(RankingError) as bad:
                prepared(publication, NATIONAL, scope)
            assert bad.value.code == "bad-value"
        assert prepared(publication, NORTH, Scope(departement="59")).title == "Nord (59)"

    def test_an_analyst_reads_pseudonyms(self, tmp_path: Path) -> None:
        frames = make_frames(120)
        brief = prepared(published(tmp_path, frames, []), ANALYST)
        text = html_of(brief)
        bare = re.sub(r"\s", "", text)
        assert len(brief.structures) == LISTED
        for code, name in frames.scores.select("siren", "name").iter_rows():
            assert name not in text
            assert code not in bare
            assert (pseudonym(code, SECRET) in text) == (code in brief.sirens)
        named = html_of(prepared(published(tmp_path, frames, [])))
        assert brief.structures[0]["name"] is None
        assert all(code in re.sub(r"\s", "", named) for code in brief.sirens)

    def test_only_the_schemes_of_the_territory(self, tmp_path: Path) -> None:
        publication = published(tmp_path, make_frames(30), [])
        means = Means(
            [Scheme("Partout"), Scheme("Nord", regions=("32",)), Scheme("Sud", regions=("93",))]
        )
        for reader, shown in ((NORTH, {"Partout", "Nord"}), (NATIONAL, {"Partout", "Nord", "Sud"})):
            text = html_of(prepared(publication, reader, means=means))
            assert {s.label for s in means.schemes if f">{s.label}</th>" in text} == shown


class Reading(HTMLParser):
    """What an HTML page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def named(self, *names: str) -> list[tuple[str, dict[str, str | None]]]:
        return [one for one in self.tags if one[0] in names]


FULL = Means(
    [Scheme(f"Dispositif {n}", means="Conseil gratuit et confidentiel, " * 4) for n in range(20)]
)
ROOMS = Rooms(
    "trimestre",
    to_confirm=True,
    rooms=tuple(
        Room(
            f"Équipe {n} " + "très occupée " * 5,
            "101 départements",
            3030,
            120 if n else None,
            n == 2,
        )
        for n in range(20)
    ),
)
#: as many lines as a scenario may have: three horizons, measures, every note
WIDE = (12_345.0, -11_000.0, 13_999.0)
SCENARIO = Outlook(
    "Baisse de 30 % d'un programme " * 4,
    tuple(
        Line("Ce que les mesures changent au scénario, à 18 mois", 54_321.0, 66_666.0, WIDE)
        for _ in range(7)
    ),
    ("Une note de trois lignes, comme celles que dit un scénario, assez longue. " * 4,) * 4,
)


class TestPages:
    @pytest.fixture(scope="class")
    @staticmethod
    def brief(tmp_path_factory: pytest.TempPathFactory) -> Brief:
        frames = make_frames(200)
        home = tmp_path_factory.mktemp("brief")
        frames.profile = profiles(200, overdue_eur=dict.fromkeys(range(1, 90), 5.0))
        publication = published(home, frames, [])
        return replace(prepared(publication, means=FULL), rooms=ROOMS, outlook=SCENARIO)

    def test_the_html_is_accessible_and_fetches_nothing(self, brief: Brief) -> None:
        text = html_of(brief)
        page = Reading(text)
        assert page.named("html") == [("html", {"lang": "fr"})]
        assert [tag for tag, _ in page.named("h1")] == ["h1"]
        assert len(page.named("h2")) == 7
        assert page.named("h3", "h4", "script", "img", "link", "a", "iframe") == []
        assert len(page.named("caption")) == len(page.named("table")) == 7
        assert all("scope" in found for _, found in page.named("th"))
        drawing = dict(page.named("svg"))["svg"]
        assert drawing["role"] == "img"
        assert drawing["aria-label"]
        assert not [f for _, f in page.tags if {"src", "href", "style"} & set(f)]
        assert "http" not in re.sub(r"<style>.*</style>", "", text, flags=re.DOTALL)

    def test_it_says_who_when_and_that_data_are_synthetic(self, brief: Brief) -> None:
        text = html_of(brief)
        assert "Établie pour Nina Fictive (nina)" in text
        assert f"{brief.made_at:%H:%M} UTC" in text
        assert '<p class="watermark-strong">Données synthétiques</p>' in text
        manifest = brief.publication.manifest.model_copy(update={"synthetic": False})
        real = replace(brief, publication=_like(brief.publication, manifest))
        assert "synthétiques" not in html_of(real)
        assert "Nina Fictive (nina)" in html_of(real)
        assert (brief.file_name("pdf"), real.file_name("pdf")) == (
            "veille-ess-note-failure-2026-06-30-donnees-fictives.pdf",
            "veille-ess-note-failure-2026-06-30.pdf",
        )

    def test_a_name_is_text_whatever_it_holds(self, tmp_path: Path) -> None:
        frames = make_frames(20)
        frames.scores = frames.scores.with_columns(
            name=pl.lit("<img src='file:///etc/hostname'>"), level=pl.lit("high")
        ).with_columns(pl.lit(0.3).alias(f"p_{h}m") for h in (6, 12, 18))
        brief = prepared(published(tmp_path, frames, []))
        assert "&lt;img src=" in html_of(brief)
        assert Reading(html_of(brief)).named("img") == []
        assert pages(pdf_of(brief)) == 2

    @pytest.mark.parametrize("rows", ["full", "empty", "long"])
    def test_the_pdf_has_exactly_two_pages(self, brief: Brief, tmp_path: Path, rows: str) -> None:
        if rows == "empty":
            brief = prepared(
                published(tmp_path, make_frames(20), []), NATIONAL, Scope(departement="2A")
            )
            assert brief.structures == ()
        if rows == "long":
            long = "Fédération départementale des associations d'éducation populaire " * 4
            wide = tuple(r | {"name": long, "sector_label": long} for r in brief.structures)
            brief = replace(brief, structures=wide, title=long[:200])
        made = pdf_of(brief)
        assert pages(made) == 2
        assert re.search(rb"/Lang\s*\(fr\)", objects(made))
        assert b"/StructTreeRoot" in objects(made)

    def test_the_drawing_adds_up(self) -> None:
        found = bars({"high": 1, "moderate": 0, "low": 2, "unknown": 1})
        assert [(b.level, b.x, b.width) for b in found] == [
            ("high", 0.0, 25.0),
            ("low", 25.0, 50.0),
            ("unknown", 75.0, 25.0),
        ]
        assert bars({"high": 0, "low": 0}) == []

    @pytest.mark.parametrize(
        ("before", "code"),
        [
            ("cffi.FFI.dlopen = missing; pdf.html_of = lambda *a, **k: ''", "no-pango"),
            ("pdf.html_of = lambda *a, **k: '<img src=http://127.0.0.1:9/x>'", "brief-fetches"),
            ("pdf.html_of = lambda *a, **k: '<img src=file:///etc/hostname>'", "brief-fetches"),
            ("pdf.html_of = lambda *a, **k: '<p>un</p>' * 300", "brief-too-long"),
        ],
    )
    def test_what_stops_a_pdf_is_said(self, before: str, code: str) -> None:
        done = subprocess.run(
            [sys.executable, "-c", STOPPED.format(before=before)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == code


STOPPED = """
import cffi
from data.errors import VeilleError
from serving.cell.brief import pdf
def missing(*_):
    raise OSError("cannot load library")
{before}
try:
    pdf.pdf_of(None)
except Exception as error:
    while error and not isinstance(error, VeilleError):
        error = error.__cause__
    print(error.code)
"""


def _like(publication: Publication, manifest: object) -> Publication:
    made = object.__new__(Publication)
    made.__dict__.update(publication.__dict__ | {"manifest": manifest})
    return made


class TestApi:
    def test_a_file_and_its_line_in_the_audit_log(self, house: House) -> None:
        reader = signed_in(house, "regional", regions=("32",))
        for ending, kind in (("html", "text/html; charset=utf-8"), ("pdf", "application/pdf")):
            answer = reader.get(f"/api/v1/briefs?sector=culture&format={ending}")
            assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
            name = f"veille-ess-note-failure-2026-06-30-donnees-fictives.{ending}"
            assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
            assert answer.headers["x-publication"] == house.publication
            with house.state.read() as session:
                lines = session.scalars(select(AuditEntry).order_by(AuditEntry.seq)).all()
            subject = json.loads(lines[-1].subject)
            assert (lines[-1].action, lines[-1].publication_id) == ("brief", house.publication)
            assert (subject["format"], subject["asked"]) == (ending, {"sector": "culture"})
            assert subject["sirens"]
        assert pages(answer.content) == 2
        assert ">Médiateur des entreprises</th>" in reader.get("/api/v1/briefs").text
        inside = set(house.frames.scores.filter(region="32", sector="culture")["siren"])
        assert set(subject["sirens"]) <= inside

    def test_a_refused_brief_leaves_no_line_of_a_reading(self, house: House) -> None:
        reader = signed_in(house, "regional", regions=("32",))
        answer = reader.get("/api/v1/briefs?region=93")
        assert (answer.status_code, answer.json()["code"]) == (403, "outside-territory")
        assert house.person("national").get("/api/v1/briefs").json()["code"] == "notice-due"
        with house.state.read() as session:
            assert "brief" not in set(session.scalars(select(AuditEntry.action)))

    def test_another_site_does_not_have_one_downloaded(self, house: House) -> None:
        reader = signed_in(house, "national")
        answer = reader.get("/api/v1/briefs", headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.json()["code"] == "cross-site"

    def test_the_former_list_is_compared(self, house: House) -> None:
        make_frames(as_of=date(2026, 9, 30), seed=3).write(house.home)
        assert len(publication_ids(house.home, "failure")) == 2
        text = signed_in(house, "national").get("/api/v1/briefs").text
        assert "comparée à celle du 30\xa0juin\xa02026" in text
