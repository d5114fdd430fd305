"""Libraries made for a purpose: empty, multilingual, large for their filter, half embedded."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import sqlalchemy as sa

from database.errors import NotFound
from database.opening import open_database
from database.queries.filters import Filters
from database.queries.statement import FULL_TEXT
from database.server.connection import Database
from database.settings import DatabaseSettings
from database.spaces.spaces import Spaces
from database.videos.contents import Contents
from database.videos.records import VideoRecord
from database.videos.stored import Store
from embeddings.loaded import Encoders
from embeddings.registry.spaces import SPACES
from search.multi_modal_search import MultiModalSearchEngine
from search.query.query import Shape
from search.semantic_search import SemanticSearchEngine
from tests.helpers.fixtures import NewSettings
from tests.helpers.records import file, film, talk, unit_vector

TEXT, VISION = "minilm-l6", "imagenet-concepts"
Vector = npt.NDArray[np.float32]


def save(database: Database, *videos: VideoRecord, spaces: Sequence[str] = (TEXT, VISION)) -> None:
    """Stores videos; `spaces` are those whose statistics are known."""
    store = Store(database)
    for made in videos:
        store.save_video(made, file(f"/library/{made.title}.mp4"))
    for space in spaces:
        null = {"mean": 0.0, "std": 0.051}
        Spaces(database).save_null_statistics(space, {**null, "alike": null})


@pytest.fixture
def engine(database: Database, encoders: Encoders) -> MultiModalSearchEngine:
    return MultiModalSearchEngine(database, encoders)


def test_an_empty_library_says_how_to_fill_it(
    database: Database, engine: MultiModalSearchEngine, encoders: Encoders
) -> None:
    for answer in (
        engine.search("drilling"),
        engine.search("drilling", use_vision=False),
        SemanticSearchEngine(MultiModalSearchEngine(database, encoders)).search("drilling"),
    ):
        assert answer.hits == ()
        assert answer.degraded
        assert len(answer.reasons) == 1
        assert "library is empty" in answer.reasons[0]
        assert "python -m ingest" in answer.reasons[0]


def test_a_space_that_is_not_ready_is_named_as_the_reason(
    database: Database, engine: MultiModalSearchEngine
) -> None:
    speech = talk("speech", ["Drilling in granite."], [unit_vector(1)])
    save(database, speech, film("film", 1, 1), spaces=[TEXT])
    answer = engine.search("drilling")
    assert [hit.video.title for hit in answer.hits] == ["speech"]
    assert answer.degraded
    assert "imagenet-concepts is not ready: run python -m ingest.backfill" in answer.reasons[0]
    assert not engine.search("drilling", use_vision=False).degraded


def test_a_library_without_pictures_is_not_degraded(
    database: Database, engine: MultiModalSearchEngine
) -> None:
    save(database, talk("speech", ["Drilling in granite."], [unit_vector(1)]), spaces=[TEXT])
    answer = engine.search("drilling")
    assert [hit.video.title for hit in answer.hits] == ["speech"]
    assert not answer.degraded


def test_a_library_that_fills_while_it_is_open_answers_soon(
    database: Database, encoders: Encoders
) -> None:
    engine = MultiModalSearchEngine(database, encoders)
    save(database, talk("speech", ["Drilling in granite."], [unit_vector(1)]))
    answer = engine.search("granite")
    assert [hit.video.title for hit in answer.hits] == ["speech"]
    assert not answer.degraded


def test_similar_scenes_before_any_statistics_are_no_crash(
    database: Database, engine: MultiModalSearchEngine
) -> None:
    save(database, film("film", 2, 1), spaces=[])
    with contextlib.suppress(NotFound):
        assert engine.similar(1).degraded


def test_scenes_like_one_without_pictures_say_the_like(
    database: Database, engine: MultiModalSearchEngine
) -> None:
    near = unit_vector(1) + 0.3 * unit_vector(2)
    vectors = [unit_vector(1), unit_vector(3), near / np.linalg.norm(near)]
    save(database, talk("speech", ["One.", "Two.", "Three."], vectors))
    first, second, third = (scene.id for scene in Contents(database).scenes(1))
    hits = engine.similar(first).hits
    assert [hit.scene.scene_id for hit in hits] == [third, second]
    assert hits[0].evidence[0].moment.text == "Three."
    assert hits[0].scores.keys() == {"text"}


def test_the_scene_most_like_another_is_its_near_duplicate(
    database: Database, engine: MultiModalSearchEngine
) -> None:
    save(database, film("film", 4, 3), film("remake", 4, 2))
    for number, scene in enumerate(Contents(database).scenes(1)):
        best, second = engine.similar(scene.id, shape=Shape(limit=2)).hits
        assert (best.video.title, best.scene.start_s) == ("remake", 10.0 * number)
        assert best.score > 0.9
        assert second.score < 0.8


def test_words_are_matched_by_the_stems_of_their_own_language(
    database: Database, engine: MultiModalSearchEngine
) -> None:
    sentence = "Die alten Häuser stehen am Fluss."
    save(
        database,
        talk("german", [sentence], [unit_vector(1)], "de"),
        talk("mislabelled", [sentence], [unit_vector(2)], "en"),
        talk("english", ["The old houses stand by the river."], [unit_vector(3)], "en"),
    )

    def matched(query: str) -> dict[str, float]:
        return {
            hit.video.title: evidence.found.raw
            for hit in engine.search(query).hits
            for evidence in hit.evidence
            if evidence.found.leg == FULL_TEXT
        }

    assert matched("Haus") == {"german": pytest.approx(1)}
    assert matched("house") == {"english": pytest.approx(1)}
    assert matched("Fluss") == {"german": pytest.approx(1), "mislabelled": pytest.approx(1)}


def test_a_rare_word_counts_more_than_a_common_one(database: Database, encoders: Encoders) -> None:
    common = [f"The meeting number {n} is about budgets." for n in range(20)]
    rare = ["Valve QX-7730 was replaced."]
    vectors = [unit_vector(n) for n in range(21)]
    save(database, talk("speech", common + rare, vectors))
    texts = SemanticSearchEngine(MultiModalSearchEngine(database, encoders))
    both = {
        hit.scene.start_s: evidence.found.raw
        for hit in texts.search("meeting QX-7730", shape=Shape(limit=100)).hits
        for evidence in hit.evidence
        if evidence.found.leg == FULL_TEXT
    }
    assert both[200.0] > 0.5
    assert all(coverage < 0.5 for start_s, coverage in both.items() if start_s < 200)


@pytest.fixture
def crowded(database: Database, encoders: Encoders) -> MultiModalSearchEngine:
    """A library in which 300 scenes are nearer to "drilling" than the six of two other videos."""
    query = encoders.encode_query(SPACES[TEXT], "drilling")
    near = [query + 0.2 * unit_vector(n) for n in range(300)]
    near = [(vector / np.linalg.norm(vector)).astype(np.float32) for vector in near]
    save(
        database,
        talk("crowd", [f"Drilling and more drilling, part {n}." for n in range(300)], near),
        talk("far", ["Potatoes.", "Garlic.", "Cream."], [-query] * 3),
        talk("fern", ["Kartoffeln.", "Knoblauch.", "Sahne."], [-query] * 3, "de"),
    )
    return MultiModalSearchEngine(database, encoders)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(video_ids=(2,)), {("far", 0.0), ("far", 10.0), ("far", 20.0)}),
        (Filters(language="de"), {("fern", 0.0), ("fern", 10.0), ("fern", 20.0)}),
        (Filters(video_ids=(2, 3), to_s=10.0), {("far", 0.0), ("fern", 0.0)}),
        (Filters(video_ids=(2,), from_s=10.0, to_s=20.0), {("far", 10.0)}),
        (Filters(from_s=2985.0), {("crowd", 2980.0), ("crowd", 2990.0)}),
        (Filters(video_ids=(1, 3), language="de", from_s=25.0), {("fern", 20.0)}),
    ],
)
def test_a_narrow_filter_loses_nothing_however_far_it_is_from_the_query(
    crowded: MultiModalSearchEngine, filters: Filters, expected: set[tuple[str, float]]
) -> None:
    hits = crowded.search("drilling", filters=filters).hits
    assert {(hit.video.title, hit.scene.start_s) for hit in hits} == expected


def test_a_page_is_full_as_long_as_there_are_scenes(crowded: MultiModalSearchEngine) -> None:
    for limit in (1, 10, 100):
        assert len(crowded.search("drilling", shape=Shape(limit=limit)).hits) == limit
    hits = crowded.search("drilling", shape=Shape(limit=100), filters=Filters(to_s=150.0)).hits
    assert len(hits) == 15 + 3 + 3


def test_a_page_is_full_where_the_index_answers_and_scenes_have_many_keyframes(
    settings: DatabaseSettings, encoders: Encoders
) -> None:
    with contextlib.closing(open_database(settings)) as database:
        save(database, film("film", 60, 5))
        name = sa.make_url(settings.database_url or "").database
        with database.session() as session:
            session.execute(sa.text(f'ALTER DATABASE "{name}" SET enable_seqscan = off'))
    with contextlib.closing(open_database(settings)) as database:
        engine = MultiModalSearchEngine(database, encoders)
        assert len(engine.search("drilling", shape=Shape(limit=50)).hits) == 50
        assert len(engine.similar(1, shape=Shape(limit=50)).hits) == 50


def test_an_answer_does_not_depend_on_the_order_in_which_videos_came(
    new_settings: NewSettings, tmp_path: Path, encoders: Encoders
) -> None:
    sentences = ["Drilling in granite.", "A late train.", "Garlic and cream.", "A drill breaks."]
    videos = [
        talk(f"video {n}", sentences, [unit_vector(10 * n + k) for k in range(4)]) for n in range(4)
    ] + [film(f"film {n}", 3, 2, seed=50_000 * (n + 1)) for n in range(3)]
    answers = []
    for number, order in enumerate((videos, videos[::-1], videos[3:] + videos[:3])):
        with new_settings(tmp_path / str(number)) as settings:
            with contextlib.closing(open_database(settings)) as database:
                save(database, *order)
                hits = (
                    MultiModalSearchEngine(database, encoders)
                    .search("drilling", shape=Shape(limit=100))
                    .hits
                )
            answers.append([(h.video.title, h.scene.start_s, round(h.score, 9)) for h in hits])
    assert len(answers[0]) == 4 * 4 + 3 * 3
    assert answers[1] == answers[0]
    assert answers[2] == answers[0]
