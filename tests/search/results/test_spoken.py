"""A hit begins at its word: when the words of the query are said in a sentence."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from database.models import MomentKind
from database.queries.hits import MomentInfo
from database.server.connection import Database
from database.spaces.spaces import Spaces
from database.videos.stored import Store
from embeddings.loaded import Encoders
from embeddings.registry.spaces import SPACES
from ingest.library.null_statistics import refresh_null_statistics
from search.multi_modal_search import MultiModalSearchEngine
from search.results.hits import SearchHit
from search.results.json import search_document
from search.results.spoken import LEAD_S, said_s
from search.results.text import answer_text
from tests.helpers import records
from tests.helpers.answers import answer, said

SENTENCE = "Drill bits are cheap, but last spring the fire drill was loud."


def words_of(text: str, start_s: float, each_s: float) -> tuple[tuple[int, float, float], ...]:
    """As if every word were said in the same time."""
    found, at = [], 0
    for number, word in enumerate(text.split()):
        first = text.index(word, at)
        at = first + len(word)
        begin_s = start_s + number * each_s
        found.append((first, begin_s, begin_s + each_s))
    return tuple(found)


def found(store: Store, database: Database, encoders: Encoders, query: str, text: str) -> SearchHit:
    """The first hit in a recording of one sentence, said from 101 s on, a word each second."""
    space, words = SPACES[records.TEXT], words_of(text, 101.0, 1.0)
    talk = records.talk("talk", [text], [encoders.encode_items(space, [text])[0]])
    moment = replace(talk.moments[0], start_s=101.0, end_s=101.0 + len(words), words=words)
    store.save_video(
        replace(talk, scenes=((0.0, 150.0),), moments=(moment,), duration_s=150.0),
        records.file("/v/talk.mp4"),
    )
    refresh_null_statistics(Spaces(database), [space], encoders)
    return MultiModalSearchEngine(database, encoders).search(query).hits[0]


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("cheap", 3),
        ("drills", 0),
        ("fire drill", 8),  # the two together, not the first drill
        ('"fire drill"', 8),
        ("loud", 11),
    ],
)
def test_a_hit_begins_just_before_its_words_are_said(
    query: str, word: int, store: Store, database: Database, encoders: Encoders
) -> None:
    hit = found(store, database, encoders, query, SENTENCE)
    assert hit.start_s == pytest.approx(max(101.0, 101.0 + word - LEAD_S))
    assert hit.end_s == 101.0 + len(SENTENCE.split())
    assert hit.evidence[0].word_s == pytest.approx(101.0 + word)
    assert hit.evidence[0].start_s == hit.start_s


def test_a_sentence_that_has_few_of_the_words_is_heard_from_its_beginning(
    store: Store, database: Database, encoders: Encoders
) -> None:
    query = "alarm exercises for pupils of schools make a loud noise"
    hit = found(store, database, encoders, query, SENTENCE)
    assert hit.start_s == 101.0


def test_a_sentence_without_times_of_words_is_heard_from_its_beginning(
    store: Store, database: Database, encoders: Encoders
) -> None:
    store.save_video(records.video("a", "The fire drill was loud."), records.file("/v/a.mp4"))
    (hit,) = (
        MultiModalSearchEngine(database, encoders).search('"fire drill"', use_vision=False).hits
    )
    assert (hit.start_s, hit.end_s) == (2.5, 3.5)
    assert hit.evidence[0].word_s is None


def test_json_and_text_say_when_the_words_are_said() -> None:
    text = "The crew is drilling."
    heard = said(text, words=words_of(text, 12.0, 1.0), marks=((12, 20),))
    (result,) = search_document(answer(heard))["results"]
    assert result["evidence"][0]["word_s"] == 15.0
    assert result["evidence"][0]["start_s"] == 12.0
    _first, second, _last = answer_text(answer(heard)).split("\n")
    assert second.split("|")[1].strip() == "said at 0:15.0: “The crew is drilling.”"


@given(
    st.lists(st.tuples(st.integers(0, 99), st.floats(-10, 200), st.floats(-10, 200)), max_size=9),
    st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=9),
)
def test_whatever_times_are_stored_a_hit_begins_within_its_sentence(
    words: list[tuple[int, float, float]], marks: list[tuple[int, int]]
) -> None:
    moment = MomentInfo(
        1, MomentKind.SPEECH, 10.0, 20.0, "x" * 99, None, ("x",), tuple(marks), words=tuple(words)
    )
    time_s = said_s(moment)
    assert time_s is None or 10.0 <= time_s < 20.0
