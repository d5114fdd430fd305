"""The sample film, really ingested: what is said, shown and written is found where it is."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from database.errors import NotFound
from database.models import MomentKind
from database.queries.filters import Filters
from database.queries.statement import FULL_TEXT
from database.videos.contents import Contents
from database.videos.read import Library
from embeddings.loaded import Encoders
from search.errors import InvalidQuery
from search.multi_modal_search import MultiModalSearchEngine
from search.query.query import MODES, Shape
from search.query.syntax import parse_words
from search.results.hits import SearchAnswer, SearchHit
from search.semantic_search import SemanticSearchEngine
from tests.helpers.fixtures import Ingested

CAT, COFFEE, SLIDE, ROCKET = (0.0, 7.0), (7.0, 14.0), (14.0, 21.0), (34.0, 42.0)


@pytest.fixture(scope="module")
def engine(ingested: Ingested, encoders: Encoders) -> MultiModalSearchEngine:
    return MultiModalSearchEngine(ingested.database, encoders)


@pytest.fixture(scope="module")
def texts(ingested: Ingested, encoders: Encoders) -> SemanticSearchEngine:
    return SemanticSearchEngine(MultiModalSearchEngine(ingested.database, encoders))


def lies_in(hit: SearchHit, span: tuple[float, float]) -> bool:
    """Whether the scene of a hit is the one of the script, give or take a few frames."""
    return (hit.scene.start_s, hit.scene.end_s) == pytest.approx(span, abs=0.2)


def kinds(hit: SearchHit) -> list[MomentKind]:
    return [evidence.moment.kind for evidence in hit.evidence]


def legs(answer: SearchAnswer) -> set[str]:
    return {evidence.found.leg for hit in answer.hits for evidence in hit.evidence}


def test_what_is_said_is_found_though_another_thing_is_shown(
    engine: MultiModalSearchEngine,
) -> None:
    answer = engine.search("drilling")
    best = answer.hits[0]
    assert lies_in(best, CAT)
    assert best.video.title == "tour"
    assert set(kinds(best)) == {MomentKind.SPEECH}
    assert "drilling" in (best.evidence[0].moment.text or "")
    assert {"minilm-l6", FULL_TEXT} == {evidence.found.leg for evidence in best.evidence}
    # What to play is the sentence, not the scene.
    assert (best.start_s, best.end_s) == pytest.approx((1.0, 4.7), abs=0.3)  # from the word on
    assert best.scores["text"] > 0.8
    assert best.scores["vision"] < 0.5
    assert not answer.degraded


@pytest.mark.parametrize("mode", MODES)
def test_what_is_shown_is_found_though_nobody_says_it(
    engine: MultiModalSearchEngine, mode: str
) -> None:
    best = engine.search("a cup of coffee", mode=mode).hits[0]
    assert lies_in(best, COFFEE)
    assert kinds(best) == [MomentKind.KEYFRAME]
    assert 7 <= best.evidence[0].moment.start_s < 14
    assert (best.start_s, best.end_s) == (best.scene.start_s, best.scene.end_s)
    assert best.scores["vision"] > 0.6
    assert best.scores["text"] < 0.2


@pytest.mark.parametrize(
    "query", ["site safety checklist", "torque limit 42 Nm", "assembly point north gate"]
)
def test_what_is_written_on_a_slide_is_found(engine: MultiModalSearchEngine, query: str) -> None:
    best = engine.search(query).hits[0]
    assert lies_in(best, SLIDE)
    assert best.evidence[0].moment.kind is MomentKind.OCR
    words = next(evidence for evidence in best.evidence if evidence.found.leg == FULL_TEXT)
    assert words.found.raw == pytest.approx(1), "all words of the query stand there"


def test_a_paraphrase_finds_speech_that_shares_no_word(engine: MultiModalSearchEngine) -> None:
    best = engine.search("a delayed railway journey").hits[0]
    assert lies_in(best, SLIDE)
    assert best.evidence[0].moment.kind is MomentKind.SPEECH
    assert "train" in (best.evidence[0].moment.text or "")


def test_a_semantic_search_knows_nothing_of_pictures(
    engine: MultiModalSearchEngine, texts: SemanticSearchEngine
) -> None:
    coffee = texts.search("a cup of coffee")
    assert not legs(coffee) - {"minilm-l6", FULL_TEXT}
    assert all(set(hit.scores) == {"text"} for hit in coffee.hits)
    assert not lies_in(coffee.hits[0], COFFEE)
    assert lies_in(texts.search("drilling").hits[0], CAT)
    shown = engine.search("a cup of coffee", weights=(1, 0))
    assert coffee.hits[0].scores["text"] == pytest.approx(shown.hits[0].scores["text"])


@pytest.mark.parametrize("asked", [{"mode": mode} for mode in MODES] + [{"weights": (0, 1)}])
def test_without_vision_only_texts_are_searched_whatever_the_weights(
    engine: MultiModalSearchEngine, texts: SemanticSearchEngine, asked: dict[str, object]
) -> None:
    for query, scene in (("potatoes with garlic", ROCKET), ("a cup of coffee", None)):
        answer = engine.search(query, use_vision=False, **asked)  # type: ignore[arg-type]
        assert not legs(answer) - {"minilm-l6", FULL_TEXT}
        expected = [hit.scene.scene_id for hit in texts.search(query).hits]
        assert [hit.scene.scene_id for hit in answer.hits] == expected
        assert scene is None or lies_in(answer.hits[0], scene)


def test_heavier_weights_of_vision_never_lower_what_is_shown_best(
    engine: MultiModalSearchEngine,
) -> None:
    ranks = []
    for vision in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        hits = engine.search("a rocket on its pad", weights=(1 - vision, vision)).hits
        ranks.append(next(hit.rank for hit in hits if lies_in(hit, ROCKET)))
    assert ranks == sorted(ranks, reverse=True)
    assert ranks[-1] == 1


def test_hits_are_ranked_from_1_by_falling_score_each_scene_once(
    engine: MultiModalSearchEngine,
) -> None:
    hits = engine.search("drilling", shape=Shape(limit=100)).hits
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
    assert all(a.score >= b.score for a, b in itertools.pairwise(hits))
    assert len({hit.scene.scene_id for hit in hits}) == len(hits)
    for hit in hits:
        strength = [evidence.score for evidence in hit.evidence]
        assert strength == sorted(strength, reverse=True)
        assert 0 <= hit.score < 1


def test_a_smaller_limit_is_the_beginning_of_a_larger_one(engine: MultiModalSearchEngine) -> None:
    all_hits = engine.search("drilling", shape=Shape(limit=100)).hits
    assert engine.search("drilling", shape=Shape(limit=3)).hits == all_hits[:3]


def test_nothing_is_as_sure_of_a_query_that_nothing_answers(
    engine: MultiModalSearchEngine,
) -> None:
    for query in ("a zebra in a bathtub", "quantum chromodynamics", "the of and"):
        assert engine.search(query).hits[0].score < 0.35
    for query in ("drilling", "a cup of coffee", "site safety checklist"):
        assert engine.search(query).hits[0].score > 0.4


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(from_s=7.0, to_s=21.0), [COFFEE, SLIDE]),
        (Filters(from_s=41.0), [ROCKET]),
        (Filters(to_s=0.5), [CAT]),
        (Filters(from_s=6.9, to_s=7.1), [CAT, COFFEE]),
        (Filters(from_s=1000.0), []),
        (Filters(video_ids=()), []),
        (Filters(language="de"), []),
    ],
)
def test_a_filter_leaves_all_scenes_that_satisfy_it(
    engine: MultiModalSearchEngine, filters: Filters, expected: list[tuple[float, float]]
) -> None:
    hits = sorted(
        engine.search("drilling", filters=filters).hits, key=lambda hit: hit.scene.start_s
    )
    assert len(hits) == len(expected)
    assert all(lies_in(hit, span) for hit, span in zip(hits, expected, strict=True))


def test_a_filter_by_a_video_that_is_not_there_says_so(engine: MultiModalSearchEngine) -> None:
    with pytest.raises(NotFound, match="there is no video 1000000000"):
        engine.search("drilling", filters=Filters(video_ids=(1, 10**9)))


def test_a_filter_that_all_satisfy_changes_nothing(
    ingested: Ingested, engine: MultiModalSearchEngine
) -> None:
    (video,) = Library(ingested.database).list_videos(limit=10)
    filters = Filters(video_ids=(video.id,), from_s=0.0, to_s=100.0, language="en")
    assert engine.search("drilling", filters=filters).hits == engine.search("drilling").hits


@pytest.mark.parametrize(
    "query",
    [
        "\\",
        "'",
        '"',
        "''' \\' \\\\",
        "drilling & !granite | (rock <-> solid):*AB",
        "| & ! : * < > ( )",
        "a:b c:* <2>",
        "%s %(words)s :words :leg_0 {} $1",
        "'; DROP TABLE moment; --",
        "http://example.com/a?b=c&d=e user@example.com 1.5e-10 C:\\temp\\x",
        "http://example.com/it's/'quoted'?b='c' example.com/'",
        "the of and",
        "…",
        "🚀🚀",
        "\u202e\u200b\ufeff\u0301",
        "漢" * 1000,
        "x" * 1000,
        "-" * 1000,
        "\x01\x1f\x7f",
    ],
    ids=lambda query: ascii(query[:20]),
)
def test_odd_characters_are_only_characters(engine: MultiModalSearchEngine, query: str) -> None:
    answer = engine.search(query)
    assert len(answer.hits) > 0
    assert not answer.degraded


@settings(deadline=None, max_examples=80)
@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)
    | st.text("\\'\"|&!:*<>()- \tab1", min_size=1, max_size=20)
)
def test_any_text_is_answered_or_refused(engine: MultiModalSearchEngine, text: str) -> None:
    words = parse_words(text)
    try:
        hits = engine.search(text, shape=Shape(limit=1)).hits
    except InvalidQuery:
        assert not words.meaning or words.phrases or words.excluded
    else:
        assert len(hits) == 1 or words.phrases or words.excluded


@pytest.mark.parametrize("query", ["the of and", "!!! &&& |||", "…"])
def test_a_query_without_a_word_worth_matching_matches_no_words(
    engine: MultiModalSearchEngine, query: str
) -> None:
    assert FULL_TEXT not in legs(engine.search(query))


def test_words_match_whatever_punctuation_stands_around_them(
    engine: MultiModalSearchEngine,
) -> None:
    best = engine.search("\"drilling\" & (granite | 'granite')!").hits[0]
    assert lies_in(best, CAT)
    words = next(evidence for evidence in best.evidence if evidence.found.leg == FULL_TEXT)
    assert words.found.raw == pytest.approx(1)


def test_similar_scenes_are_other_scenes_nearest_first(
    ingested: Ingested, engine: MultiModalSearchEngine
) -> None:
    scenes = Contents(ingested.database).scenes(1)
    for scene in scenes:
        hits = engine.similar(scene.id).hits
        assert {hit.scene.scene_id for hit in hits} == {s.id for s in scenes} - {scene.id}
        assert all(a.score >= b.score for a, b in itertools.pairwise(hits))
        assert all(kinds(hit) == [MomentKind.KEYFRAME] for hit in hits)
        assert engine.similar(scene.id, shape=Shape(limit=1)).hits == hits[:1]


def test_scenes_like_one_that_does_not_exist_are_not_found(engine: MultiModalSearchEngine) -> None:
    with pytest.raises(NotFound, match="no scene 999"):
        engine.similar(999)


def test_threads_that_share_an_engine_get_the_same_answers(engine: MultiModalSearchEngine) -> None:
    queries = ["drilling", "a cup of coffee", "torque limit 42 Nm", "an orchestra"] * 4
    alone = [engine.search(query).hits for query in queries[:4]] * 4
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda query: engine.search(query).hits, queries))
    assert together == alone
