"""A Python program's door: the library of the environment, opened, searched and closed."""

import pytest

from database.errors import DatabaseUnreachable
from embeddings.errors import InvalidSettings
from embeddings.loaded import Encoders
from search.errors import InvalidQuery
from search.library import open_library
from search.multi_modal_search import MultiModalSearchEngine
from search.query.query import Weights
from tests.helpers.commands import environment
from tests.helpers.fixtures import Ingested


@pytest.fixture
def environ(ingested: Ingested, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The variables of this process, which name the library of the sample film."""
    for name, value in environment(ingested.settings).items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.fixture
def engine(ingested: Ingested, encoders: Encoders) -> MultiModalSearchEngine:
    return MultiModalSearchEngine(ingested.database, encoders, text_weight=0.3, vision_weight=0.7)


def test_without_a_database_the_library_of_the_environment_is_searched(
    environ: pytest.MonkeyPatch, engine: MultiModalSearchEngine
) -> None:
    with MultiModalSearchEngine(text_weight=0.3, vision_weight=0.7) as opened:
        answer = opened.search(query="a cup of coffee", use_vision=True)
    expected = engine.search("a cup of coffee", weights=(0.3, 0.7))
    assert not answer.degraded
    scores = {hit.scene.scene_id: hit.score for hit in answer.hits}
    assert list(scores) == [hit.scene.scene_id for hit in expected.hits]
    assert scores == pytest.approx({hit.scene.scene_id: hit.score for hit in expected.hits})


def test_a_library_is_opened_by_what_the_environment_says(
    environ: pytest.MonkeyPatch, ingested: Ingested
) -> None:
    with open_library() as library:
        assert library.database.description == ingested.database.description
        assert library.encoders.runtime == ingested.settings.runtime()


def test_what_an_engine_has_opened_it_closes_and_what_it_was_given_it_leaves(
    environ: pytest.MonkeyPatch,
) -> None:
    with open_library() as library:
        with MultiModalSearchEngine(library.database, library.encoders) as engine:
            engine.search("drilling")
        assert library.database.engine.pool.checkedin() == 1  # type: ignore[attr-defined]
        assert engine.search("drilling").hits
    assert library.database.engine.pool.checkedin() == 0  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("variable", "value", "error", "said"),
    [
        ("DATABASE_URL", "postgresql://localhost:1/none", DatabaseUnreachable, "localhost:1"),
        ("EMBEDDING_DEVICE", "abacus", InvalidSettings, "EMBEDDING_DEVICE"),
    ],
)
def test_a_library_that_cannot_be_opened_says_which_and_why(
    variable: str, value: str, error: type[Exception], said: str, environ: pytest.MonkeyPatch
) -> None:
    environ.setenv(variable, value)
    with pytest.raises(error, match=said):
        MultiModalSearchEngine()


def test_the_weights_of_an_engine_are_those_of_searches_that_name_none(
    engine: MultiModalSearchEngine,
) -> None:
    assert engine.search("cat").query.weights == Weights(0.3, 0.7)
    assert engine.search("cat", mode="text_heavy").query.weights == Weights(0.7, 0.3)
    assert engine.search("cat", weights=(1, 1)).query.weights == Weights(0.5, 0.5)
    assert engine.search("cat", use_vision=False).query.weights == Weights(1, 0)


def test_an_engine_without_weights_of_its_own_is_balanced(
    ingested: Ingested, encoders: Encoders
) -> None:
    query = MultiModalSearchEngine(ingested.database, encoders).search("cat").query
    assert (query.mode, query.weights) == ("balanced", Weights(0.5, 0.5))


@pytest.mark.parametrize(
    ("text", "vision", "said"),
    [
        (-0.1, 1.0, "finite and not negative"),
        (float("nan"), 1.0, "finite and not negative"),
        (0.0, 0.0, "at least one weight"),
        (0.3, None, "or neither"),
        (None, 0.7, "or neither"),
    ],
)
def test_weights_that_cannot_be_used_are_refused_before_anything_is_opened(
    text: float | None, vision: float | None, said: str
) -> None:
    with pytest.raises(InvalidQuery, match=said):
        MultiModalSearchEngine(text_weight=text, vision_weight=vision)


def test_a_database_goes_with_its_encoders(ingested: Ingested, encoders: Encoders) -> None:
    for given in ((ingested.database, None), (None, encoders)):
        with pytest.raises(TypeError, match="or neither"):
            MultiModalSearchEngine(*given)
