"""A missing video in every kind of search: none finds it, and its scenes may still be examples."""

import numpy as np
import pytest

from database.server.connection import Database
from database.spaces.spaces import Spaces
from database.videos.stored import Store
from embeddings.loaded import Encoders
from search.multi_modal_search import MultiModalSearchEngine
from search.query.query import make_query
from search.results.hits import SearchAnswer
from search.semantic_search import SemanticSearchEngine
from search.sequences import search_sequence
from tests.helpers.records import file, film, talk, unit_vector
from tests.helpers.sql import execute

TALK, GONE_TALK, FILM, GONE_FILM = 1, 2, 3, 4
PICTURE = np.full((64, 64, 3), 90, dtype=np.uint8)
SENTENCES = ["The lighthouse keeper rows.", "Then the harbour freezes."]


@pytest.fixture
def engine(database: Database, encoders: Encoders) -> MultiModalSearchEngine:
    """Over two talks that say the same, and two films that look the same."""
    said = [unit_vector(1), unit_vector(2)]
    made = [*(talk(name, SENTENCES, said) for name in "ab"), *(film(name, 2, 1) for name in "cd")]
    for record in made:
        Store(database).save_video(record, file(f"/library/{record.title}.mp4"))
    for space in ("minilm-l6", "imagenet-concepts"):
        null = {"mean": 0.0, "std": 0.051}
        Spaces(database).save_null_statistics(space, {**null, "alike": null})
    return MultiModalSearchEngine(database, encoders)


def lose(database: Database) -> None:
    execute(
        database,
        f"UPDATE video SET missing_since = now() WHERE id IN ({GONE_TALK}, {GONE_FILM})",
    )


def videos(answer: SearchAnswer) -> set[int]:
    return {hit.video.id for hit in answer.hits}


def test_a_search_of_any_kind_finds_no_missing_video(
    engine: MultiModalSearchEngine, database: Database
) -> None:
    texts = SemanticSearchEngine(engine)

    def found() -> list[set[int]]:
        steps = [make_query(sentence) for sentence in SENTENCES]
        sequences = search_sequence(engine, steps, within_s=30.0, limit=10)
        return [
            videos(engine.search("a lighthouse keeper")),
            videos(texts.search("lighthouse")),
            videos(engine.search_image(PICTURE)),
            {step.video.id for hit in sequences.hits for step in hit.steps},
        ]

    for answer, needed in zip(found(), (GONE_TALK, GONE_TALK, GONE_FILM, GONE_TALK), strict=True):
        assert needed in answer
    lose(database)
    for answer, needed in zip(found(), (TALK, TALK, FILM, TALK), strict=True):
        assert needed in answer
        assert not answer & {GONE_TALK, GONE_FILM}


def test_scenes_like_one_of_a_missing_video_are_found_without_it(
    engine: MultiModalSearchEngine, database: Database
) -> None:
    lose(database)
    of_talk, of_film = (2 * video - 1 for video in (GONE_TALK, GONE_FILM))
    assert videos(engine.similar(of_talk)) == {TALK}
    assert videos(engine.similar(of_film)) == {FILM}
    bent = engine.search("rowing", like=(of_talk,))
    assert TALK in videos(bent)
    assert not videos(bent) & {GONE_TALK, GONE_FILM}
