"""What hits show of the moments that put them there: the query's words are marked."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from database.queries.filters import Conditions, Scan
from database.queries.hits import HitReader, MomentInfo
from database.queries.statement import search_legs
from database.queries.terms import WordLeg, WordReader, lexemes_of
from database.server.connection import Database
from database.videos.stored import Store
from tests.helpers import records


def found(database: Database, words: str) -> MomentInfo:
    """The moment that the words find, with its marks."""
    terms = WordReader(database).terms(words)
    matches, _ = search_legs(database, [], WordLeg(terms), Conditions(), Scan.INDEX, 10)
    best = max(matches, key=lambda match: match.raw)
    lexemes = lexemes_of(terms)
    (moment,) = HitReader(database).moments({best.moment_id}, lexemes).values()
    return moment


def marked(moment: MomentInfo) -> list[str]:
    """The words that the marks stand at."""
    return [(moment.text or "")[start:end] for start, end in moment.marks]


@pytest.mark.parametrize(
    ("language", "text", "words", "expected"),
    [
        (
            "en",
            "The crew is drilling; drills, a drill!",
            "drilled",
            ["drilling", "drills", "drill"],
        ),
        ("de", "Die alten Häuser am Fluss", "haus fluss", ["Häuser", "Fluss"]),
        ("en", '<b>Drill</b> & "drill" <img src=x>', "drill", ["Drill", "drill"]),
        ("en", "A state-of-the-art drill", "art", ["art"]),
        ("en", "Line one\nline\ttwo drill", "drill", ["drill"]),
        ("ja", "東京 drill 東京", "東京", ["東京", "東京"]),
    ],
)
def test_the_words_of_the_query_are_marked_in_every_form(
    language: str, text: str, words: str, expected: list[str], store: Store, database: Database
) -> None:
    store.save_video(records.video("a", text, language), records.file("/v/a.mp4"))
    moment = found(database, words)
    assert moment.text == text
    assert marked(moment) == expected


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    parts=st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12),
        min_size=1,
        max_size=6,
    )
)
def test_whatever_stands_around_it_the_word_is_marked_and_nothing_else(
    parts: list[str], store: Store, database: Database
) -> None:
    text = " drilling ".join(parts) + " drilling"
    video = records.video(f"v{hash(text)}", text, "en")
    store.save_video(video, records.file(f"/v/{hash(text)}.mp4"))
    for moment in HitReader(database).moments(range(1, 10_000), ["drill"]).values():
        assert bool(moment.marks) == bool(moment.matched)
        assert all(word.lower() == "drilling" for word in marked(moment))
