"""What the stages found becomes scenes and moments, each in its place in time."""

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from database.models import MomentKind
from ingest.library.moments import build_moments, build_scenes, main_language
from ingest.media.container import Probe
from ingest.media.decode import Decoded, Keyframe
from ingest.perception.hearing.sentences import Sentence
from ingest.perception.writing.screen_text import Writing, Written
from ingest.scenes.scene import Scene

HEADER = Probe("mov", None, None, (), (), (), 0.0, 12.0)
SCENES = [Scene(0.0, 5.0), Scene(5.0, 12.0)]


def decoded(scenes: list[Scene], *keyframes: Keyframe, duration_s: float = 12.0) -> Decoded:
    return Decoded(
        probe=HEADER,
        duration_s=duration_s,
        frame_rate=25.0,
        width_px=320,
        height_px=180,
        scenes=scenes,
        keyframes=list(keyframes),
        pages=[],
        voices=[],
        partial_reason=None,
        notes=[],
        clock=None,
    )


def passing(*writing: Writing | None) -> Written:
    """Text that stands nowhere longer than its keyframe does."""
    return Written([], list(writing), None)


def writing_of(
    keyframes: list[Keyframe], texts: list[str | None]
) -> list[tuple[int, float, float, str | None]]:
    writing = [Writing(text, [(0.1, 0.2, 0.5, 0.3)]) if text else None for text in texts]
    moments = build_moments(decoded(SCENES, *keyframes), SCENES, [], passing(*writing), "ab/abc")
    return [(m.scene, m.start_s, m.end_s, m.text) for m in moments if m.kind is MomentKind.OCR]


def test_a_keyframe_is_a_moment_with_its_picture() -> None:
    moment, *_ = build_moments(
        decoded(SCENES, Keyframe(6.5, "000006500.jpg")), SCENES, [], passing(None), "ab/abc"
    )
    assert (moment.scene, moment.start_s, moment.end_s) == (1, 6.5, 6.5)
    assert moment.kind is MomentKind.KEYFRAME
    assert moment.image_path == "ab/abc/000006500.jpg"


def test_on_screen_text_keeps_where_its_lines_stand_and_a_keyframe_how_it_looks() -> None:
    writing = Writing("EXIT\nNorth", [(0.1, 0.2, 0.5, 0.3), (0.1, 0.4, 0.6, 0.5)])
    keyframe = Keyframe(1.0, "a.jpg", look=-5)
    moments = build_moments(decoded(SCENES, keyframe), SCENES, [], passing(writing), "ab/abc")
    by_kind = {moment.kind: moment for moment in moments}
    assert by_kind[MomentKind.OCR].text == "EXIT\nNorth"
    assert by_kind[MomentKind.OCR].boxes == [[*box] for box in writing.boxes]
    assert by_kind[MomentKind.KEYFRAME].look == -5


def test_a_sentence_that_crosses_a_cut_belongs_to_the_scene_with_most_of_it() -> None:
    sentences = [Sentence(4.0, 7.0, "over the cut", "en"), Sentence(1.0, 2.0, "before it", None)]
    moments = build_moments(decoded(SCENES), SCENES, sentences, passing(), "ab/abc")
    spoken = [m for m in moments if m.kind is MomentKind.SPEECH]
    assert [(m.scene, m.text, m.language) for m in spoken] == [
        (1, "over the cut", "en"),
        (0, "before it", None),
    ]


def test_writing_lasts_to_half_way_between_keyframes() -> None:
    keyframes = [Keyframe(1.0, "a"), Keyframe(3.0, "b"), Keyframe(6.0, "c")]
    assert writing_of(keyframes, ["one", "two", None]) == [
        (0, 0.0, 2.0, "one"),
        (0, 2.0, 5.0, "two"),
    ]


def test_the_same_writing_on_neighbouring_keyframes_is_one_moment() -> None:
    keyframes = [Keyframe(6.0, "a"), Keyframe(8.0, "b"), Keyframe(10.0, "c")]
    assert writing_of(keyframes, ["slide", "slide", "other"]) == [
        (1, 5.0, 9.0, "slide"),
        (1, 9.0, 12.0, "other"),
    ]


def test_the_same_writing_in_two_scenes_is_two_moments() -> None:
    keyframes = [Keyframe(1.0, "a"), Keyframe(6.0, "b")]
    assert writing_of(keyframes, ["slide", "slide"]) == [
        (0, 0.0, 5.0, "slide"),
        (1, 5.0, 12.0, "slide"),
    ]


def test_scenes_are_those_of_the_pictures_or_those_between_pauses() -> None:
    assert build_scenes(decoded(SCENES), []) == SCENES
    assert build_scenes(decoded([]), []) == [Scene(0.0, 12.0)]


def said(*times: tuple[float, float]) -> list[Sentence]:
    return [Sentence(start_s, end_s, "words", "en") for start_s, end_s in times]


STILL = [Scene(0.0, 2.0), Scene(2.0, 62.0), Scene(62.0, 70.0)]
SPEECH = said((0.0, 14.0), (16.0, 24.0), (24.2, 40.0), (43.0, 70.0))


def test_under_a_picture_that_stands_still_scenes_end_in_pauses() -> None:
    found = decoded(STILL, Keyframe(1.0, "a"), Keyframe(32.0, "b"), Keyframe(65.0, "c"))
    scenes = build_scenes(found, SPEECH)
    assert [scene.start_s for scene in scenes] == [0.0, 2.0, 15.0, 41.5, 62.0]
    assert scenes[-1].end_s == 70.0


def test_a_picture_that_stands_still_without_speech_is_one_scene() -> None:
    found = decoded(STILL, Keyframe(1.0, "a"), Keyframe(32.0, "b"), Keyframe(65.0, "c"))
    assert build_scenes(found, said((0.0, 1.5), (63.0, 70.0))) == STILL


def test_every_scene_of_a_still_picture_has_it_as_its_keyframe_and_its_writing() -> None:
    found = decoded(STILL, Keyframe(1.0, "a"), Keyframe(32.0, "b"), Keyframe(65.0, "c"))
    scenes = build_scenes(found, SPEECH)
    writing = [None, Writing("The hour", [(0.1, 0.2, 0.5, 0.3)]), None]
    moments = build_moments(found, scenes, SPEECH, passing(*writing), "k")
    stills = [m for m in moments if m.kind is MomentKind.KEYFRAME]
    assert [(m.scene, m.image_path) for m in stills] == [
        (0, "k/a"),
        (1, "k/b"),
        (2, "k/b"),
        (3, "k/b"),
        (4, "k/c"),
    ]
    for moment in stills:
        scene = scenes[moment.scene]
        assert scene.start_s <= moment.start_s == moment.end_s < scene.end_s
    assert [(m.scene, m.start_s, m.end_s) for m in moments if m.kind is MomentKind.OCR] == [
        (1, 2.0, 15.0),
        (2, 15.0, 41.5),
        (3, 41.5, 62.0),
    ]


@pytest.mark.parametrize(("first_s", "starts"), [(3.0, [0.0, 20.0]), (9.0, [0.0, 9.0, 20.0])])
def test_sound_before_the_first_picture_is_in_a_scene(first_s: float, starts: list[float]) -> None:
    pictures = [Scene(first_s, 20.0), Scene(20.0, 30.0)]
    found = decoded(pictures, Keyframe(10.0, "a"), Keyframe(25.0, "b"), duration_s=30.0)
    scenes = build_scenes(found, said((0.0, 2.0)))
    assert [scene.start_s for scene in scenes] == starts
    assert scenes[-1].end_s == 30.0
    text = Writing("text", [(0.1, 0.2, 0.5, 0.3)])
    moments = build_moments(found, scenes, [], passing(text, None), "k")
    begins = {moment.kind: moment.start_s for moment in reversed(moments)}
    assert begins[MomentKind.SPAN] == begins[MomentKind.OCR] == first_s


def test_long_sound_before_the_first_picture_is_cut_at_pauses() -> None:
    found = decoded([Scene(50.0, 60.0)], Keyframe(55.0, "a"), duration_s=60.0)
    scenes = build_scenes(found, said((0.0, 20.0), (22.0, 49.0)))
    assert [scene.start_s for scene in scenes] == [0.0, 21.0, 50.0]


def test_writing_on_a_picture_that_is_held_begins_with_it() -> None:
    keyframes = [Keyframe(5.0, "a", None, 8.0), Keyframe(8.0, "b", None, 10.0), Keyframe(11.0, "c")]
    assert writing_of(keyframes, ["one", "two", "three"]) == [
        (1, 5.0, 8.0, "one"),
        (1, 8.0, 10.5, "two"),
        (1, 10.5, 12.0, "three"),
    ]


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(0, 400), min_size=2, max_size=12, unique=True), st.data())
def test_every_keyframe_is_named_and_every_scene_with_pictures_has_one(
    edges: list[int], data: st.DataObject
) -> None:
    edges.sort()
    pictures = [Scene(float(a), float(b)) for a, b in pairwise(edges)]
    keyframes = [
        Keyframe(time_s, f"{time_s}.jpg", None, data.draw(st.sampled_from([None, scene.end_s])))
        for scene in pictures
        for time_s in sorted(
            data.draw(
                st.sets(
                    st.floats(scene.start_s, scene.end_s, exclude_max=True), min_size=1, max_size=3
                )
            )
        )
    ]
    times = sorted(data.draw(st.lists(st.integers(0, edges[-1]), max_size=40)))
    speech = said(*zip(times[::2], times[1::2], strict=False))
    found = decoded(pictures, *keyframes, duration_s=float(edges[-1]))
    scenes = build_scenes(found, speech)
    assert (scenes[0].start_s, scenes[-1].end_s) == (0.0, edges[-1])
    assert all(before.end_s == after.start_s for before, after in pairwise(scenes))
    assert all(scene.start_s < scene.end_s for scene in scenes)
    moments = build_moments(found, scenes, speech, passing(*[None] * len(keyframes)), "k")
    stills = [m for m in moments if m.kind is MomentKind.KEYFRAME]
    assert {m.image_path for m in stills} == {f"k/{keyframe.name}" for keyframe in keyframes}
    shown = {n for n, s in enumerate(scenes) if s.end_s > pictures[0].start_s}
    assert {m.scene for m in stills} == shown
    assert all(scenes[m.scene].start_s <= m.start_s < scenes[m.scene].end_s for m in stills)


def built_in_s(num_scenes: int) -> float:
    """The processor time in which a film with sentences and texts becomes moments."""
    pictures = [Scene(4.0 * n, 4.0 * n + 4) for n in range(num_scenes)]
    keyframes = [Keyframe(4.0 * n + 2, f"{n}.jpg") for n in range(num_scenes)]
    speech = said(*((2.0 * n, 2.0 * n + 1.5) for n in range(2 * num_scenes)))
    text = Writing("text", [(0.1, 0.2, 0.5, 0.3)])
    found = decoded(pictures, *keyframes, duration_s=4.0 * num_scenes)
    silent = decoded([], duration_s=4.0 * num_scenes)
    began = time.process_time()
    scenes = build_scenes(found, speech)
    moments = build_moments(found, scenes, speech, passing(*[text] * num_scenes), "k")
    heard = build_moments(silent, build_scenes(silent, speech), speech, passing(), "k")
    taken_s = time.process_time() - began
    assert len(moments) == 5 * num_scenes
    assert len(heard) == 2 * num_scenes
    return taken_s


def test_a_day_of_film_becomes_moments_in_seconds_and_in_proportion_to_its_length() -> None:
    quarter_s, whole_s = built_in_s(5_000), built_in_s(20_000)
    assert whole_s < 10
    assert whole_s < 10 * max(quarter_s, 0.02)  # 16 times as long if it were quadratic


def test_the_language_of_a_video_is_that_of_most_sentences() -> None:
    sentences = [Sentence(0, 1, "a", code) for code in ("de", None, "en", "de", None, None)]
    assert main_language(sentences) == "de"
    assert main_language([Sentence(0, 1, "a", None)]) is None


def test_scenes_with_pictures_fall_into_spans_that_a_video_model_sees_at_once() -> None:
    scenes = [Scene(0.0, 5.0), Scene(5.0, 25.0)]
    moments = build_moments(decoded(scenes), scenes, [], passing(), "ab/abc")
    spans = [(m.scene, m.start_s, m.end_s) for m in moments if m.kind is MomentKind.SPAN]
    third = 20 / 3
    assert spans == [
        (0, 0.0, 5.0),
        (1, 5.0, pytest.approx(5 + third)),
        (1, pytest.approx(5 + third), pytest.approx(5 + 2 * third)),
        (1, pytest.approx(5 + 2 * third), 25.0),
    ]


def test_a_recording_without_pictures_has_no_spans() -> None:
    moments = build_moments(decoded([]), [Scene(0.0, 12.0)], [], passing(), "ab/abc")
    assert moments == []
