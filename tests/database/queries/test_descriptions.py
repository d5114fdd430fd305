"""Words of what a model wrote of pictures: matched in a leg of their own, weighed among themselves,
and of no weight for what is said and written."""

from dataclasses import replace

import pytest

from database.models import MomentKind
from database.queries import frequencies
from database.queries.filters import Conditions, Scan
from database.queries.hits import HitReader
from database.queries.statement import DESCRIPTION_WORDS, FULL_TEXT, LegMatch, search_legs
from database.queries.terms import NO_WORDS, Term, WordReader, rarity
from database.server.connection import Database
from database.videos.contents import Contents
from database.videos.facets import read_facets
from database.videos.records import MomentRecord, VideoRecord
from database.videos.stored import Store
from tests.helpers import records
from tests.helpers.described import MADE_BY, film
from tests.helpers.sql import execute
from tests.helpers.statements import plan_of_search


def found(
    database: Database, words: str, conditions: Conditions | None = None
) -> tuple[list[LegMatch], WordReader]:
    """What both legs of words find, and the reader of their words."""
    reader = WordReader(database)
    matches, _ = search_legs(
        database,
        [],
        reader.leg(words),
        conditions or Conditions(),
        Scan.INDEX,
        10,
        reader.described_leg(words),
    )
    return matches, reader


def texts(database: Database, matches: list[LegMatch], leg: str) -> dict[str, float]:
    """The texts that a leg has found, with the part of the words that each has."""
    raws = {match.moment_id: match.raw for match in matches if match.leg == leg}
    moments = HitReader(database).moments(raws)
    return {moment.text or "": round(raws[key], 2) for key, moment in moments.items() if raws[key]}


def weights(terms: tuple[Term, ...]) -> dict[str, float]:
    return {term.lexeme: term.weight for term in terms if term.language == "en"}


def many(num: int, described: str) -> VideoRecord:
    """A film of which a model says the same of many pictures."""
    return film("many", [(None, described)] * num)


def test_each_leg_finds_words_where_they_stand(store: Store, database: Database) -> None:
    scenes = [("The crane was sold.", "A crane over a harbour."), (None, "A ship in a harbour.")]
    store.save_video(film("a", scenes), records.file("/v/a.mp4"))
    matches, _ = found(database, "cranes")
    assert texts(database, matches, DESCRIPTION_WORDS) == {"A crane over a harbour.": 1.0}
    assert texts(database, matches, FULL_TEXT) == {"The crane was sold.": 1.0}
    matches, _ = found(database, "harbour")
    assert len(texts(database, matches, DESCRIPTION_WORDS)) == 2
    assert texts(database, matches, FULL_TEXT) == {}


def test_a_word_weighs_otherwise_in_descriptions_than_in_what_is_said(
    store: Store, database: Database
) -> None:
    store.save_video(film("said", [("A person spoke.", None)]), records.file("/v/said.mp4"))
    store.save_video(many(40, "A person stands in a room."), records.file("/v/many.mp4"))
    _, reader = found(database, "person")
    assert rarity(reader.described_leg("person").terms) < 0.1
    before = weights(reader.terms("person"))
    execute(database, "ANALYZE moment")
    assert weights(WordReader(database).terms("person")) == pytest.approx(before)
    execute(database, "DELETE FROM moment WHERE made_by IS NOT NULL")
    execute(database, "ANALYZE moment")
    assert weights(WordReader(database).terms("person")) == pytest.approx(before)


def test_in_many_descriptions_words_weigh_as_in_all_of_them(
    store: Store, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part of them is read, not only that of the first videos; what is rare there is counted."""
    for number in range(20):
        shown = "a harbour" if number < 10 else "a football"
        scenes = [(None, f"A person with {shown}.")] * 6
        if number == 0:
            scenes[0] = (None, "A zeppelin.")
        store.save_video(film(f"{number}", scenes), records.file(f"/v/{number}.mp4"))
    execute(database, "ANALYZE moment")
    words = "person harbour football zeppelin"
    exact = weights(WordReader(database).described_leg(words).terms)
    assert exact["zeppelin"] > 4
    assert exact["harbour"] < 1
    monkeypatch.setattr(frequencies, "_DESCRIPTIONS_READ", 60)
    monkeypatch.setattr(frequencies, "_FEW", 2)
    of_a_part = weights(WordReader(database).described_leg(words).terms)
    assert of_a_part == pytest.approx(exact, abs=0.05)


def test_a_word_that_many_say_and_more_descriptions_have_weighs_as_what_is_said(
    store: Store, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoken = [("A person spoke.", "A person."), ("A bird sang.", "A person.")] * 8
    store.save_video(film("a", spoken), records.file("/v/a.mp4"))
    execute(database, "ANALYZE moment")
    counted = weights(WordReader(database).terms("person"))
    monkeypatch.setattr(frequencies, "_COUNTED", 3)
    assert weights(WordReader(database).terms("person")) == pytest.approx(counted)


def test_a_word_that_only_descriptions_have_is_looked_for_in_nearly_the_same_that_is_said(
    store: Store, database: Database
) -> None:
    if not database.has_trigrams:
        pytest.skip("this server has no trigrams")
    scenes = [("The foreman is Kasurinen.", "A badge reads Kasrinen.")]
    store.save_video(film("a", scenes), records.file("/v/a.mp4"))
    matches, _ = found(database, "kasrinen")
    assert texts(database, matches, FULL_TEXT) == {"The foreman is Kasurinen.": 0.75}
    assert texts(database, matches, DESCRIPTION_WORDS) == {"A badge reads Kasrinen.": 1.0}


def test_phrases_are_looked_for_in_descriptions_where_these_are_searched(
    store: Store, database: Database
) -> None:
    store.save_video(film("a", [("Nothing.", "A red crane.")]), records.file("/v/a.mp4"))
    phrases = tuple(WordReader(database).phrases(["red crane"]))
    for with_descriptions in (True, False):
        asked = Conditions(required=phrases, with_descriptions=with_descriptions)
        unasked = Conditions(excluded=phrases, with_descriptions=with_descriptions)
        assert bool(found(database, "crane", asked)[0]) is with_descriptions
        assert bool(found(database, "crane", unasked)[0]) is not with_descriptions


def test_a_library_without_descriptions_has_no_leg_of_them(
    store: Store, database: Database
) -> None:
    store.save_video(records.video("a"), records.file("/v/a.mp4"))
    matches, reader = found(database, "train")
    assert reader.described_leg("train").terms == ()
    assert {match.leg for match in matches} == {FULL_TEXT}
    assert not read_facets(database).has_descriptions


def test_descriptions_are_found_through_an_index_of_their_own(
    store: Store, database: Database
) -> None:
    spoken = tuple(
        MomentRecord(0, MomentKind.SPEECH, 0.0, 1.0, f"A ferry, the {n}th.", "en")
        for n in range(500)
    )
    store.save_video(
        replace(records.video("spoken"), moments=spoken), records.file("/v/spoken.mp4")
    )
    store.save_video(film("a", [(None, "A ferry.")]), records.file("/v/a.mp4"))

    leg = WordReader(database).described_leg("ferry")

    def search() -> None:
        matches, _ = search_legs(database, [], NO_WORDS, Conditions(), Scan.INDEX, 10, leg)
        assert [match.raw for match in matches] == [1.0]

    plan = plan_of_search(database, search, "enable_seqscan = off")
    assert "moment_description_" in plan
    assert read_facets(database).has_descriptions


def test_a_moment_names_the_model_that_wrote_it(store: Store, database: Database) -> None:
    store.save_video(film("a", [("Said.", "Described.")]), records.file("/v/a.mp4"))
    matches = [match for word in ("said", "described") for match in found(database, word)[0]]
    moments = HitReader(database).moments({match.moment_id for match in matches})
    named = {moment.kind: moment.made_by for moment in moments.values()}
    assert named == {MomentKind.DESCRIPTION: MADE_BY, MomentKind.SPEECH: None}


def test_what_names_no_model_is_no_description(store: Store, database: Database) -> None:
    scenes = [(None, "A ferry."), (None, "A crane.")]
    video_id = store.save_video(film("a", scenes), records.file("/v/a.mp4"))
    execute(database, "UPDATE moment SET made_by = NULL WHERE text = 'A ferry.'")
    described = [scene.descriptions for scene in Contents(database).scenes(video_id)]
    assert [[each.text for each in own] for own in described] == [[], ["A crane."]]
    assert found(database, "ferry")[0] == []
