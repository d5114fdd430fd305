"""Words find texts by the stems of their language, and never as SQL."""

import pytest

from database.models import MomentKind
from database.queries.filters import Conditions, Scan
from database.queries.hits import HitReader, MomentInfo
from database.queries.statement import search_legs
from database.queries.terms import WordReader
from database.server.connection import Database
from database.videos.stored import Store
from tests.helpers import records


def save(store: Store, name: str, text: str, language: str | None = "en") -> None:
    store.save_video(records.video(name, text, language), records.file(f"/v/{name}.mp4"))


def words_find(database: Database, words: str) -> list[MomentInfo]:
    leg = WordReader(database).leg(words)
    found, _ = search_legs(database, [], leg, Conditions(), Scan.INDEX, 10)
    matching = {match.moment_id for match in found if match.raw > 0}
    return list(HitReader(database).moments(matching).values())


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("en", "The crew was drilling.", "drills"),
        ("de", "Die alten Häuser stehen am Fluss.", "Haus am Fluß"),
        ("fr", "Les chevaux galopaient.", "cheval galopait"),
        ("xx", "Unbekannte Sprache", "unbekannte"),
        (None, "The crew was drilling.", "drills"),
    ],
)
def test_words_find_speech_by_the_stems_of_its_language(
    language: str | None, text: str, words: str, store: Store, database: Database
) -> None:
    save(store, "a", text, language)
    save(store, "b", "Nothing of the kind")
    (match,) = words_find(database, words)
    assert (match.text, match.kind) == (text, MomentKind.SPEECH)


def test_a_word_of_one_language_is_not_cut_down_by_the_rules_of_another(
    store: Store, database: Database
) -> None:
    save(store, "a", "Häuser", "de")
    save(store, "b", "Häuser")
    assert {m.text for m in words_find(database, "Haus")} == {"Häuser"}
    assert len(words_find(database, "Haus")) == 1


@pytest.mark.parametrize("words", ["", "the", "'", "\\", "a & b | !c <-> (", "' OR 1=1 --", ":*"])
def test_words_that_mean_nothing_or_mean_harm_find_nothing(
    words: str, store: Store, database: Database
) -> None:
    save(store, "a", "A train leaves.")
    assert words_find(database, words) == []
