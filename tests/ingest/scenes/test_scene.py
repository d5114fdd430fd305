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
    assert scenes_at_pauses(Span(0.0, 40.0), speech) == [Scene(0.0, 19.5), Scene(19.5, 40.0)]


def test_a_short_recording_is_one_scene_with_or_without_speech() -> None:
    for speech in ([], [Span(0.0, 1.0), Span(9.0, 10.0)]):
        assert scenes_at_pauses(Span(0.0, 12.0), speech) == [Scene(0.0, 12.0)]


def test_where_several_speak_a_pause_is_one_of_all_of_them() -> None:
    speech = [Span(0.0, 22.0), Span(3.0, 5.0), Span(10.0, 14.0), Span(23.0, 40.0)]
    assert scenes_at_pauses(Span(0.0, 40.0), speech) == [Scene(0.0, 22.5), Scene(22.5, 40.0)]


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
    scenes = scenes_at_pauses(Span(0.0, duration_s), speech)
    assert (scenes[0].start_s, scenes[-1].end_s) == (0.0, duration_s)
    assert all(earlier.end_s == later.start_s for earlier, later in pairwise(scenes))
    assert all(0 < scene.end_s - scene.start_s <= MAX_SCENE_S + 1e-6 for scene in scenes)


@settings(deadline=None, max_examples=200)
@given(recordings())
def test_scenes_at_pauses_are_cut_in_the_longest_pause_that_is_near_enough(
    recording: tuple[float, list[Span]],
) -> None:
    duration_s, speech = recording
    pauses = [(b.start_s - a.end_s, (a.end_s + b.start_s) / 2) for a, b in pairwise(speech)]
    cuts, start_s = [0.0], 0.0
    while duration_s - start_s > MAX_SCENE_S:
        near = [p for p in pauses if start_s + MAX_SCENE_S / 4 < p[1] <= start_s + MAX_SCENE_S]
        start_s = max(near)[1] if near else start_s + MAX_SCENE_S
        cuts.append(start_s)
    scenes = scenes_at_pauses(Span(0.0, duration_s), speech)
    assert scenes == list(map(Scene, cuts, [*cuts[1:], duration_s]))


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


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.integers(0, 40), min_size=2, max_size=20, unique=True),
    st.integers(-5, 45),
    st.integers(0, 20),
)
def test_no_other_scene_is_nearer_to_a_span_than_the_one_that_it_belongs_to(
    edges: list[int], start_s: int, length_s: int
) -> None:
    edges.sort()
    scenes = list(map(Scene, edges, edges[1:]))
    end_s = start_s + length_s
    overlaps = [min(end_s, s.end_s) - max(start_s, s.start_s) for s in scenes]
    assert scene_of(scenes, start_s, end_s) == overlaps.index(max(overlaps))
