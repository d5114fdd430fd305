"""What a model said of pictures is found as what is shown, and never as what is said."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from database.models import MomentKind
from database.opening import open_database
from database.queries.filters import Filters
from embeddings.loaded import Encoders
from search.multi_modal_search import ONLY_PICTURES, MultiModalSearchEngine
from search.query.query import Shape
from search.results.hits import SearchAnswer, SearchHit
from search.results.json import search_document
from search.results.text import answer_text
from search.retrieval.spaces import Likeness
from search.semantic_search import SemanticSearchEngine
from tests.helpers.described import MADE_BY, MARKUP, SPACE, fill
from tests.helpers.fixtures import NewSettings
from tests.helpers.records import TEXT, VISION

WORDS = "description-words"


@pytest.fixture(scope="module")
def engine(
    new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory, encoders: Encoders
) -> Iterator[MultiModalSearchEngine]:
    """Over a library with descriptions, which is not written to."""
    folder = tmp_path_factory.mktemp("described")
    with made(new_settings, folder, encoders, described=True) as engine:
        yield engine


@pytest.fixture(scope="module")
def undescribed(
    new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory, encoders: Encoders
) -> Iterator[MultiModalSearchEngine]:
    """Over the same without descriptions."""
    folder = tmp_path_factory.mktemp("undescribed")
    with made(new_settings, folder, encoders, described=False) as engine:
        yield engine


@contextlib.contextmanager
def made(
    new_settings: NewSettings, folder: Path, encoders: Encoders, *, described: bool
) -> Iterator[MultiModalSearchEngine]:
    with (
        new_settings(folder / "home") as settings,
        contextlib.closing(open_database(settings)) as database,
    ):
        fill(database, encoders, described=described)
        yield MultiModalSearchEngine(database, encoders)


def place(hit: SearchHit) -> tuple[str, float]:
    """The video of a hit, and where its scene begins."""
    return hit.video.title, hit.scene.start_s


def places(answer: SearchAnswer) -> list[tuple[str, float]]:
    return [place(hit) for hit in answer.hits]


def legs(hit: SearchHit) -> set[str]:
    return {each.found.leg for each in hit.evidence}


@pytest.mark.parametrize("mode", ["balanced", "vision_heavy", "text_heavy", "auto"])
def test_a_scene_is_found_by_its_description(engine: MultiModalSearchEngine, mode: str) -> None:
    first = engine.search("tugboats in the fog", mode=mode).hits[0]
    assert place(first) == ("harbour", 10.0)
    assert not first.weak
    assert legs(first) == {SPACE, WORDS}
    assert set(first.scores) == {"vision"}
    for each in first.evidence:
        assert (each.moment.kind, each.moment.made_by) == (MomentKind.DESCRIPTION, MADE_BY)


def test_other_words_of_the_same_meaning_find_it_too(engine: MultiModalSearchEngine) -> None:
    first = engine.search("a cook cuts vegetables").hits[0]
    assert place(first) == ("kitchen", 0.0)
    assert legs(first) == {SPACE}


def test_what_is_said_and_written_is_searched_as_if_there_were_no_descriptions(
    engine: MultiModalSearchEngine, undescribed: MultiModalSearchEngine
) -> None:
    for query in ("tugboats", "crane", "lighthouse", '"red crane"', "lighthouse -fog", "tomatos"):
        before = SemanticSearchEngine(undescribed).search(query)
        for now in (
            SemanticSearchEngine(engine).search(query),
            engine.search(query, use_vision=False),
        ):
            assert places(now) == places(before), query
            assert [h.score for h in now.hits] == pytest.approx([h.score for h in before.hits])
            kinds = {each.moment.kind for hit in now.hits for each in hit.evidence}
            assert MomentKind.DESCRIPTION not in kinds


def test_what_is_said_comes_first_where_text_counts_most_and_what_is_described_where_vision_does(
    engine: MultiModalSearchEngine,
) -> None:
    said, described = ("auction", 0.0), ("harbour", 0.0)
    assert places(engine.search("red crane", weights=(1, 0)))[0] == said
    assert places(engine.search("red crane", weights=(0, 1)))[0] == described
    both = engine.search("red crane").hits[:2]
    assert {place(hit): hit.weak for hit in both} == {said: False, described: False}


def test_quoted_words_may_be_those_of_a_description(engine: MultiModalSearchEngine) -> None:
    assert set(places(engine.search('"red crane"'))) == {("harbour", 0.0), ("auction", 0.0)}
    quick = SemanticSearchEngine(engine).search('"red crane"')
    assert places(quick) == [("auction", 0.0)]


def test_an_excluded_word_excludes_what_is_described_with_it(
    engine: MultiModalSearchEngine,
) -> None:
    assert places(engine.search("lighthouse"))[:2] != places(engine.search("lighthouse -fog"))[:2]
    assert ("harbour", 10.0) not in places(engine.search("lighthouse -fog"))


def test_scenes_are_filtered_by_whether_they_are_described(engine: MultiModalSearchEngine) -> None:
    described = Filters(kinds=(MomentKind.DESCRIPTION,))
    found = places(engine.search("lighthouse", filters=described))
    assert len(found) == 6
    assert ("auction", 0.0) not in found


def test_the_words_of_a_query_are_marked_in_a_description(engine: MultiModalSearchEngine) -> None:
    moment = engine.search("pulling ferries").hits[0].evidence[0].moment
    text = moment.text or ""
    assert [text[start:end] for start, end in moment.marks] == ["pull", "ferry"]


def test_scenes_are_alike_in_what_is_described(engine: MultiModalSearchEngine) -> None:
    crane = engine.search("a crane with a container").hits[0]
    found = engine.similar(crane.scene.scene_id, by=Likeness.DESCRIPTION)
    assert place(found.hits[0]) == ("harbour", 10.0)
    assert legs(found.hits[0]) == {SPACE}


def test_a_search_of_other_spaces_leaves_descriptions_out(engine: MultiModalSearchEngine) -> None:
    by_texts = engine.search("tugboats in the fog", spaces=[TEXT])
    assert ("harbour", 10.0) not in places(by_texts)
    by_descriptions = engine.search("red crane", spaces=[SPACE])
    assert place(by_descriptions.hits[0]) == ("harbour", 0.0)
    assert legs(by_descriptions.hits[0]) == {SPACE, WORDS}


def test_a_picture_is_not_searched_by_descriptions(engine: MultiModalSearchEngine) -> None:
    chosen = engine.ranker.choice.choose(ONLY_PICTURES)
    assert [space.key for space in chosen.spaces] == [VISION]
    assert not chosen.with_descriptions


def test_the_answer_names_the_model_and_explains_its_words(engine: MultiModalSearchEngine) -> None:
    answer = engine.search("ferry", shape=Shape(explain=True))
    document = search_document(answer)
    evidence = document["results"][0]["evidence"][0]
    assert (evidence["kind"], evidence["made_by"]) == ("description", MADE_BY)
    assert [term["lexeme"] for term in document["explain"]["words"]["described"]["terms"]] == [
        "ferri"
    ]
    by_words = [leg for leg in document["results"][0]["explain"]["legs"] if leg["leg"] == WORDS]
    assert by_words[0]["modality"] == "vision"
    assert by_words[0]["keyframe_url"] == "/scenes/2/keyframe.jpg?at_s=15.0"


def test_a_terminal_is_told_who_says_it(engine: MultiModalSearchEngine) -> None:
    lines = answer_text(engine.search("a sign above a stove")).splitlines()
    assert f"described (by {MADE_BY}): “A sign above a stove reads {MARKUP}.”" in lines[1]


def test_a_library_without_descriptions_has_no_leg_of_their_words(
    undescribed: MultiModalSearchEngine,
) -> None:
    answer = undescribed.search("red crane", shape=Shape(explain=True))
    assert answer.ranking.described == ()
    assert WORDS not in {leg for hit in answer.hits for leg in legs(hit)}


def test_words_that_are_written_of_many_pictures_make_no_answer_sure(
    engine: MultiModalSearchEngine,
) -> None:
    """Two of the six have somebody or something that stands; none has a walrus."""
    answer = engine.search("a walrus stands")
    assert not answer.confident
