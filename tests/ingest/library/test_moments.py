"""What the stages found becomes scenes and moments, each in its place in time."""

import pytest

from database.models import MomentKind
from ingest.library.moments import build_moments, build_scenes, main_language
from ingest.media.container import Probe
from ingest.media.decode import Decoded, Keyframe
from ingest.perception.screen_text import Writing
from ingest.perception.speech import Sentence
from ingest.scenes.scene import Scene

HEADER = Probe("mov", None, 0, 1, "h264", "aac", 0.0, 12.0)
SCENES = [Scene(0.0, 5.0), Scene(5.0, 12.0)]


def decoded(scenes: list[Scene], *keyframes: Keyframe) -> Decoded:
    return Decoded(HEADER, 12.0, 25.0, 320, 180, scenes, list(keyframes), [], 0, None)


def writing_of(
    keyframes: list[Keyframe], texts: list[str | None]
) -> list[tuple[int, float, float, str | None]]:
    writing = [Writing(text, [[0.1, 0.2, 0.5, 0.3]]) if text else None for text in texts]
    moments = build_moments(decoded(SCENES, *keyframes), SCENES, [], writing, "ab/abc")
    return [(m.scene, m.start_s, m.end_s, m.text) for m in moments if m.kind is MomentKind.OCR]


def test_a_keyframe_is_a_moment_with_its_picture() -> None:
    moment, *_ = build_moments(
        decoded(SCENES, Keyframe(1, 6.5, "000006500.jpg")), SCENES, [], [None], "ab/abc"
    )
    assert (moment.scene, moment.start_s, moment.end_s) == (1, 6.5, 6.5)
    assert moment.kind is MomentKind.KEYFRAME
    assert moment.image_path == "ab/abc/000006500.jpg"


def test_on_screen_text_keeps_where_its_lines_stand_and_a_keyframe_how_it_looks() -> None:
    writing = Writing("EXIT\nNorth", [[0.1, 0.2, 0.5, 0.3], [0.1, 0.4, 0.6, 0.5]])
    keyframe = Keyframe(0, 1.0, "a.jpg", look=-5)
    moments = build_moments(decoded(SCENES, keyframe), SCENES, [], [writing], "ab/abc")
    by_kind = {moment.kind: moment for moment in moments}
    assert by_kind[MomentKind.OCR].text == "EXIT\nNorth"
    assert by_kind[MomentKind.OCR].boxes == writing.boxes
    assert by_kind[MomentKind.KEYFRAME].look == -5


def test_a_sentence_that_crosses_a_cut_belongs_to_the_scene_with_most_of_it() -> None:
    said = [Sentence(4.0, 7.0, "over the cut", "en"), Sentence(1.0, 2.0, "before it", None)]
    moments = build_moments(decoded(SCENES), SCENES, said, [], "ab/abc")
    spoken = [m for m in moments if m.kind is MomentKind.SPEECH]
    assert [(m.scene, m.text, m.language) for m in spoken] == [
        (1, "over the cut", "en"),
        (0, "before it", None),
    ]


def test_writing_lasts_to_half_way_between_keyframes() -> None:
    keyframes = [Keyframe(0, 1.0, "a"), Keyframe(0, 3.0, "b"), Keyframe(1, 6.0, "c")]
    assert writing_of(keyframes, ["one", "two", None]) == [
        (0, 0.0, 2.0, "one"),
        (0, 2.0, 5.0, "two"),
    ]


def test_the_same_writing_on_neighbouring_keyframes_is_one_moment() -> None:
    keyframes = [Keyframe(1, 6.0, "a"), Keyframe(1, 8.0, "b"), Keyframe(1, 10.0, "c")]
    assert writing_of(keyframes, ["slide", "slide", "other"]) == [
        (1, 5.0, 9.0, "slide"),
        (1, 9.0, 12.0, "other"),
    ]


def test_the_same_writing_in_two_scenes_is_two_moments() -> None:
    keyframes = [Keyframe(0, 1.0, "a"), Keyframe(1, 6.0, "b")]
    assert writing_of(keyframes, ["slide", "slide"]) == [
        (0, 0.0, 5.0, "slide"),
        (1, 5.0, 12.0, "slide"),
    ]


def test_scenes_are_those_of_the_pictures_or_those_between_pauses() -> None:
    assert build_scenes(decoded(SCENES), []) == SCENES
    assert build_scenes(decoded([]), []) == [Scene(0.0, 12.0)]


def test_the_language_of_a_video_is_that_of_most_sentences() -> None:
    said = [Sentence(0, 1, "a", language) for language in ("de", None, "en", "de", None, None)]
    assert main_language(said) == "de"
    assert main_language([Sentence(0, 1, "a", None)]) is None


def test_scenes_with_pictures_fall_into_spans_that_a_video_model_sees_at_once() -> None:
    scenes = [Scene(0.0, 5.0), Scene(5.0, 25.0)]
    moments = build_moments(decoded(scenes), scenes, [], [], "ab/abc")
    spans = [(m.scene, m.start_s, m.end_s) for m in moments if m.kind is MomentKind.SPAN]
    third = 20 / 3
    assert spans == [
        (0, 0.0, 5.0),
        (1, 5.0, pytest.approx(5 + third)),
        (1, pytest.approx(5 + third), pytest.approx(5 + 2 * third)),
        (1, pytest.approx(5 + 2 * third), 25.0),
    ]


def test_a_recording_without_pictures_has_no_spans() -> None:
    moments = build_moments(decoded([]), [Scene(0.0, 12.0)], [], [], "ab/abc")
    assert moments == []
