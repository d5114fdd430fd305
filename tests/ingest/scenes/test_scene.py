"""Spans of time are what they say; scenes cover a recording, and everything lies in one of them."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.scenes.scene import MAX_SCENE_S, Scene, Span, scene_of, scenes_at_pauses


@pytest.mark.parametrize(
    ("start_s", "end_s"),
    [(1.0, 0.9), (0.0, math.inf), (-math.inf, 0.0), (math.nan, 1.0), (0.0, math.nan)],
)
def test_a_span_ends_at_or_after_its_start_and_both_are_finite(
    start_s: float, end_s: float
) -> None:
    for kind in (Span, Scene):
        with pytest.raises(ValueError, match="is no span of time"):
            kind(start_s, end_s)


def test_a_span_may_be_empty() -> None:
    assert Scene(2.0, 2.0).parts(8.0) == [Scene(2.0, 2.0)]


@settings(deadline=None, max_examples=100)
@given(st.floats(0, 1e5), st.floats(0, 1e4))
def test_a_long_take_is_split_in_equal_pieces_that_cover_it(
    start_s: float, length_s: float
) -> None:
    pieces = Span(start_s, start_s + length_s).parts(MAX_SCENE_S)
    assert (pieces[0].start_s, pieces[-1].end_s) == (start_s, start_s + length_s)
    assert all(earlier.end_s == later.start_s for earlier, later in pairwise(pieces))
    lengths = [piece.end_s - piece.start_s for piece in pieces]
    assert max(lengths) <= MAX_SCENE_S + 1e-6
    assert max(lengths) - min(lengths) < 1e-6


def test_a_recording_without_pictures_is_cut_in_its_longest_pause() -> None:
    speech = [Span(0.0, 10.0), Span(10.5, 18.0), Span(21.0, 24.0), Span(24.4, 40.0)]
    assert scenes_at_pauses(40.0, speech) == [Scene(0.0, 19.5), Scene(19.5, 40.0)]


def test_a_short_recording_is_one_scene_with_or_without_speech() -> None:
    assert scenes_at_pauses(12.0, []) == [Scene(0.0, 12.0)]
    assert scenes_at_pauses(12.0, [Span(0.0, 1.0), Span(9.0, 10.0)]) == [Scene(0.0, 12.0)]


@st.composite
def recordings(draw: st.DrawFn) -> tuple[float, list[Span]]:
    """A duration, and speech within it."""
    duration_s = draw(st.floats(0.1, 500))
    times = sorted(draw(st.lists(st.floats(0, duration_s), max_size=60)))
    return duration_s, list(map(Span, times[::2], times[1::2]))


@settings(deadline=None, max_examples=100)
@given(recordings())
def test_scenes_of_a_recording_without_pictures_cover_it_and_are_short(
    recording: tuple[float, list[Span]],
) -> None:
    duration_s, speech = recording
    scenes = scenes_at_pauses(duration_s, speech)
    assert (scenes[0].start_s, scenes[-1].end_s) == (0.0, duration_s)
    assert all(earlier.end_s == later.start_s for earlier, later in pairwise(scenes))
    assert all(0 < scene.end_s - scene.start_s <= MAX_SCENE_S + 1e-6 for scene in scenes)


SCENES = [Scene(0.0, 5.0), Scene(5.0, 6.0), Scene(6.0, 12.0)]


@pytest.mark.parametrize(
    ("start_s", "end_s", "scene"),
    [
        (1.0, 2.0, 0),
        (4.0, 5.5, 0),
        (4.9, 8.0, 2),
        (5.2, 5.4, 1),
        (4.0, 7.0, 0),
        (12.5, 13.0, 2),
        (12.0, 12.0, 2),
    ],
)
def test_a_span_belongs_to_the_scene_that_it_overlaps_most(
    start_s: float, end_s: float, scene: int
) -> None:
    assert scene_of(SCENES, start_s, end_s) == scene
