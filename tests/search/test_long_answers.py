"""Answers that bring back at once what was shown page by page."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from database.server.connection import Database
from database.spaces.spaces import Spaces
from database.videos.stored import Store
from embeddings.loaded import Encoders
from embeddings.registry.spaces import SPACES
from search.errors import InvalidQuery
from search.multi_modal_search import MultiModalSearchEngine
from search.query.query import MAX_AT_ONCE, Shape
from search.ranking.rank import Ranker, Ranking
from search.results.cache import AnswerCache
from search.results.hits import SearchAnswer
from search.results.moments import moments_of, whole
from tests.helpers.answers import answer, said
from tests.helpers.records import TEXT, file, near, talk

NUM = 130
SHAPE = Shape(limit=24)


@pytest.fixture
def engine(database: Database, encoders: Encoders) -> MultiModalSearchEngine:
    direction = encoders.encode_query(SPACES[TEXT], "drilling")
    for name in ("a", "b"):
        vectors = [near(direction, n) for n in range(NUM)]
        made = talk(name, [f"Drilling, part {n}." for n in range(NUM)], vectors)
        Store(database).save_video(made, file(f"/library/{name}.mp4"))
    null = {"mean": 0.0, "std": 0.051}
    Spaces(database).save_null_statistics(TEXT, {**null, "alike": null})
    return MultiModalSearchEngine(database, encoders)


@pytest.fixture
def rankings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A name for each time that something is ranked."""
    made: list[str] = []

    def noted(name: str, rank: Callable[..., Ranking]) -> Callable[..., Ranking]:
        def ranked(*given: object, **named: object) -> Ranking:
            made.append(name)
            return rank(*given, **named)

        return ranked

    for name in ("rank", "rank_alike"):
        monkeypatch.setattr(Ranker, name, noted(name, getattr(Ranker, name)))
    return made


@pytest.mark.parametrize("by_scene", [False, True])
def test_what_pages_show_one_by_one_comes_at_once_from_one_ranking(
    engine: MultiModalSearchEngine, rankings: list[str], by_scene: bool
) -> None:
    def find(shape: Shape, most: int | None = None) -> SearchAnswer:
        if by_scene:
            return engine.similar(1, shape=shape, most=most)
        return engine.search("drilling", shape=shape, most=most)

    pages = [find(SHAPE)]
    while pages[-1].next is not None:
        pages.append(find(SHAPE.model_copy(update={"cursor": pages[-1].next})))
    one_by_one = [hit for page in pages for hit in page.hits]
    num = len(one_by_one)
    assert num > 4 * SHAPE.limit

    rankings.clear()
    at_once = find(SHAPE, MAX_AT_ONCE)
    assert len(rankings) == 1
    assert list(at_once.hits) == one_by_one
    assert (at_once.total, at_once.next) == (num, None)

    some = find(SHAPE, 60)
    assert list(some.hits) == one_by_one[:60]
    after = find(SHAPE.model_copy(update={"cursor": some.next}))
    assert list(after.hits) == one_by_one[60 : 60 + SHAPE.limit]


def test_the_moments_of_a_video_are_its_hits_in_order_of_time(
    engine: MultiModalSearchEngine,
) -> None:
    shape = whole(Shape(limit=3, by_video=True, fold=True))
    answer = engine.search("drilling", shape=shape, most=MAX_AT_ONCE)
    moments = moments_of(answer, 2)
    starts = [hit.start_s for hit in moments]
    assert len(moments) == NUM
    assert starts == sorted(starts)
    assert {hit.video.id for hit in moments} == {2}


@pytest.mark.parametrize("most", [0, -1, MAX_AT_ONCE + 1])
def test_more_than_can_be_given_at_once_is_refused(
    engine: MultiModalSearchEngine, most: int
) -> None:
    with pytest.raises(InvalidQuery, match="most must be between 1 and"):
        engine.search("drilling", most=most)


def test_long_answers_that_are_kept_have_so_many_hits_in_all_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("search.results.cache.MAX_HITS", 1000)
    cache, one = AnswerCache(), answer(said("Drilling."))
    for number in range(30):
        for _ in range(2):  # what comes again under its name counts once
            cache.put(number, 1, replace(one, hits=one.hits * 300))
    kept = [number for number in range(30) if cache.find(number, 1)]
    assert kept == [27, 28, 29]
