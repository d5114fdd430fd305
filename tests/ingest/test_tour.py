"""The sample film, ingested: every scene, sentence and slide is where sample/README.md says."""

import pytest
import sqlalchemy as sa

from database.check import find_faults
from database.spaces.spaces import Spaces
from database.videos.contents import Contents
from database.videos.read import Library, VideoInfo
from embeddings.loaded import Encoders
from embeddings.registry.spaces import SPACES
from tests.helpers.commands import TOUR
from tests.helpers.fixtures import Ingested

CUTS = (7.0, 14.0, 21.0, 28.0, 34.0)


@pytest.fixture
def contents(ingested: Ingested) -> Contents:
    return Contents(ingested.database)


@pytest.fixture
def tour(ingested: Ingested) -> VideoInfo:
    (video,) = Library(ingested.database).list_videos(limit=10)
    return video


def test_the_outcome_is_done(ingested: Ingested) -> None:
    assert ingested.outcome["status"] == "done"
    assert ingested.outcome["reason"] is None
    assert ingested.outcome["path"] == str(TOUR)


def test_the_film_is_described_as_it_was_decoded(tour: VideoInfo) -> None:
    assert (tour.title, tour.path, tour.status) == ("tour", str(TOUR), "done")
    assert (tour.width_px, tour.height_px) == (960, 540)
    assert tour.frame_rate == pytest.approx(25.0, abs=0.1)
    assert tour.duration_s == pytest.approx(42.0, abs=0.1)
    assert (tour.video_codec, tour.audio_codec, tour.language) == ("h264", "aac", "en")


def test_every_cut_ends_a_scene_and_each_scene_has_a_keyframe(
    contents: Contents, tour: VideoInfo
) -> None:
    scenes = contents.scenes(tour.id)
    assert [scene.start_s for scene in scenes] == pytest.approx([0.0, *CUTS], abs=0.041)
    assert all(scene.keyframes for scene in scenes)


@pytest.mark.parametrize(
    ("start_s", "end_s", "words"),
    [
        (0.0, 7.0, ["drilling", "granite"]),
        (7.0, 14.0, ["Stock prices", "interest rates"]),
        (14.0, 21.0, ["train", "two hours late"]),
        (21.0, 28.0, ["orchestra", "symphony"]),
        (34.0, 42.0, ["potatoes", "oven"]),
    ],
)
def test_each_sentence_is_heard_over_its_scene(
    start_s: float, end_s: float, words: list[str], contents: Contents, tour: VideoInfo
) -> None:
    spoken = [
        piece
        for piece in contents.spoken(tour.id)
        if start_s - 0.5 <= piece.start_s and piece.end_s <= end_s + 0.5
    ]
    text = " ".join(piece.text for piece in spoken)
    assert all(word in text for word in words), text


def test_nothing_is_heard_over_the_silent_scene(contents: Contents, tour: VideoInfo) -> None:
    assert [p.text for p in contents.spoken(tour.id) if 28.0 <= p.start_s < 33.9] == []


def test_the_slide_is_read_and_nothing_is_read_on_photographs(
    contents: Contents, tour: VideoInfo
) -> None:
    texts = {
        round(s.start_s): s.on_screen_text for s in contents.scenes(tour.id) if s.on_screen_text
    }
    assert texts.keys() == {14}
    for line in ("Site Safety Checklist", "Torque limit: 42 Nm", "Report leaks to extension 318"):
        assert line in texts[14][0]


@pytest.mark.parametrize(
    ("name", "start_s"), [("espresso", 7.0), ("a cat", 0.0), ("missile on a launch pad", 34.0)]
)
def test_a_picture_is_found_by_the_name_of_what_it_shows(
    name: str, start_s: float, ingested: Ingested, encoders: Encoders
) -> None:
    query = encoders.encode_query(SPACES["imagenet-concepts"], name)
    with ingested.database.session() as session:
        nearest = session.scalar(
            sa.text(
                "SELECT scene.start_s FROM visual_embeddings JOIN scene ON scene.id = scene_id "
                "ORDER BY embedding <#> CAST(:query AS halfvec) LIMIT 1"
            ),
            {"query": str(query.tolist())},
        )
    assert nearest == pytest.approx(start_s, abs=0.1)


def test_every_space_has_statistics_of_background_queries(ingested: Ingested) -> None:
    spaces = Spaces(ingested.database)
    statistics = {key: info.null_statistics for key, info in spaces.all().items()}
    assert statistics.keys() == {"minilm-l6", "imagenet-concepts"}
    for key, known in statistics.items():
        assert known is not None
        assert known["count"] == spaces.coverage(key).embedded > 0
        assert -0.5 < known["mean"] < 0.5
        assert 0.01 < known["std"] < 0.3


def test_the_library_is_sound(ingested: Ingested) -> None:
    assert find_faults(ingested.database, ingested.settings.keyframes_dir) == []
