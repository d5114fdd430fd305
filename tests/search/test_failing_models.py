"""A model that fails takes its part away from an answer, which says so; it never ends a search."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from database.server.connection import Database
from database.spaces.spaces import Spaces
from database.videos.stored import Store
from embeddings import loaded
from embeddings.encoders import cross_encoder, efficientnet, minilm
from embeddings.loaded import Encoders
from embeddings.runtime import Runtime
from search.errors import SearchUnavailable
from search.multi_modal_search import MultiModalSearchEngine
from search.query.query import Shape
from tests.helpers.records import TEXT, VISION, file, film, talk, unit_vector
from tests.helpers.sql import execute

PICTURE = np.full((64, 64, 3), 90, dtype=np.uint8)
NULL = {"mean": 0.0, "std": 0.051}
VECTORS = [unit_vector(1), unit_vector(2)]


@pytest.fixture
def engine(database: Database, encoders: Encoders) -> Iterator[MultiModalSearchEngine]:
    """Over a talk and a silent film, with models that no other test has loaded."""
    said = talk("talk", ["The lighthouse keeper rows.", "Then the harbour freezes."], VECTORS)
    for record in (said, film("film", 2, 1)):
        Store(database).save_video(record, file(f"/library/{record.title}.mp4"))
    for space in (TEXT, VISION):
        Spaces(database).save_null_statistics(space, {**NULL, "alike": NULL, "count": 2})
    own = Encoders(Runtime(encoders.runtime.cache_dir))
    yield MultiModalSearchEngine(database, own)
    own.close()


class Broken:
    """A model that gives what it should not, or raises."""

    def __init__(self, gives: Callable[[], object]) -> None:
        self._gives = gives

    def encode_items(self, _items: object) -> object:
        return self._gives()

    encode_queries = encode_items


def raises(error: Exception) -> Callable[[], object]:
    def gives() -> object:
        raise error

    return gives


FAULTS = [
    raises(RuntimeError("an error of ONNX Runtime")),
    raises(MemoryError()),
    lambda: np.full((1, 384), np.nan, np.float32),
    lambda: np.ones((1, 3), np.float32),
]


@pytest.mark.parametrize("gives", FAULTS)
def test_words_answer_where_every_model_fails(
    engine: MultiModalSearchEngine,
    gives: Callable[[], object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(minilm, "load", lambda *_: Broken(gives))
    answer = engine.search("lighthouse keeper")
    assert [hit.video.title for hit in answer.hits][:1] == ["talk"]
    assert answer.degraded
    for space in (TEXT, VISION):
        assert any(reason.startswith(f"{space} took no part: ") for reason in answer.reasons)


@pytest.mark.parametrize("gives", FAULTS)
def test_a_search_that_nothing_can_answer_says_why(
    engine: MultiModalSearchEngine,
    gives: Callable[[], object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(efficientnet, "load", lambda *_: Broken(gives))
    with pytest.raises(SearchUnavailable, match=f"^{VISION} took no part: "):
        engine.search_image(PICTURE)


@pytest.mark.parametrize(
    "score",
    [
        raises(RuntimeError("no")),
        lambda: np.array([np.nan, np.nan], np.float32),
        lambda: np.array([np.inf], np.float32),
    ],
)
def test_a_reranker_that_fails_leaves_the_order_as_it_was(
    engine: MultiModalSearchEngine,
    score: Callable[[], object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Reranker:
        def __init__(self, *_given: object) -> None:
            pass

        def score(self, *_given: object) -> object:
            return score()

    monkeypatch.setattr(loaded, "require_present", lambda *_: None)
    monkeypatch.setattr(cross_encoder, "CrossEncoder", Reranker)
    plain = engine.search("the harbour freezes")
    answer = engine.search("the harbour freezes", shape=Shape(rerank=True))
    assert [hit.scene.scene_id for hit in answer.hits] == [hit.scene.scene_id for hit in plain.hits]
    assert any(reason.startswith("nothing was reranked: ") for reason in answer.reasons)


@pytest.mark.parametrize("statistics", ["{}", '{"mean": 0.1}', '{"count": 2}', "null"])
def test_a_space_whose_statistics_are_not_whole_is_left_out_and_named(
    engine: MultiModalSearchEngine, database: Database, statistics: str
) -> None:
    execute(database, f"UPDATE space SET null_statistics = '{statistics}' WHERE key = '{TEXT}'")
    answer = engine.search("lighthouse")
    assert [hit.video.title for hit in answer.hits][:1] == ["talk"]
    assert f"{TEXT} is not ready: run python -m ingest.backfill --spaces {TEXT}" in answer.reasons
