"""Parts of several words: found from the index as reading every name finds them."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.phrases import Phrases, index_phrases
from serving.publication import Publication
from serving.publication_files import FILES, MANIFEST, PLACES, SPACES, TOKENS
from serving.ranking import Filters, query
from serving.search import index_words
from tests.serving.conftest import make_frames

WORD = st.sampled_from(["a", "b", "ab", "ba", "aab", "bab", "abab", "7", "b7"])
NAMES = st.lists(st.lists(WORD, max_size=6).map(" ".join), min_size=1, max_size=20)


@given(names=NAMES, parts=st.lists(WORD, min_size=2, max_size=5))
def test_several_words_are_found_where_they_follow_each_other(
    names: list[str], parts: list[str]
) -> None:
    column = pl.Series("name", names, dtype=pl.String)
    words = index_words(column)[0]["word"]
    spaces, tokens, places = index_phrases(column, words)
    phrases = Phrases(words, spaces, tokens["word"].to_numpy(), places)
    found = phrases.find(parts, len(names)).tolist()
    assert found == [" ".join(parts) in name for name in names]


def test_a_publication_made_before_phrases_finds_the_same(tmp_path: Path) -> None:
    frames = make_frames(count=120)
    texts = [
        "s des",
        "les r",
        "x brumes 1",
        "s de la",
        "es rel",
        "e 1",
        "des brumes",
        "s ateliers d",
    ]
    frames.write(tmp_path)
    publication = Publication.load(tmp_path, "failure")
    now = [query(publication, Filters(q=text), limit=200).positions for text in texts]
    assert publication.phrases is not None
    for name in (SPACES, TOKENS, PLACES):
        (publication.folder / name).unlink()
    written = json.loads((publication.folder / MANIFEST).read_text(encoding="utf-8"))
    for name in (SPACES, TOKENS, PLACES):
        del written["files"][name]
    (publication.folder / MANIFEST).write_text(json.dumps(written), encoding="utf-8")
    before = Publication.load(tmp_path, "failure")
    assert before.phrases is None
    assert set(FILES) <= set(before.manifest.files)
    assert [query(before, Filters(q=text), limit=200).positions for text in texts] == now
    assert any(now)


@pytest.mark.parametrize("names", [[""], ["seul"], ["un deux", "deux un", ""]])
def test_the_end_of_a_name_is_no_space(names: list[str]) -> None:
    column = pl.Series("name", names, dtype=pl.String)
    words = index_words(column)[0]["word"]
    spaces, tokens, places = index_phrases(column, words)
    phrases = Phrases(words, spaces, tokens["word"].to_numpy(), places)
    assert phrases.find(["deux", "deux"], len(names)).tolist() == [False] * len(names)
    assert phrases.find(["n", "deux"], len(names)).tolist() == ["un deux" in n for n in names]
