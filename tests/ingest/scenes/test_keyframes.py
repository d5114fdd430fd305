"""A scene is represented by one to five stills: sharp, and different from each other."""

from collections.abc import Iterable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from ingest.library.embed import read_image
from ingest.scenes.keyframes import MAX_KEYFRAMES, Candidate, KeyframeCollector, jpeg_of
from tests.helpers.media import Picture, drawn, solid

FPS = 25


def keyframes_of(frames: Iterable[Picture], seconds: float) -> list[Candidate]:
    collector = KeyframeCollector()
    for number, picture in enumerate(frames):
        frame = av.VideoFrame.from_ndarray(picture, "rgb24")
        collector.offer(number / FPS, frame, picture[:, :, ::-1])
    return collector.close_scene(0.0, seconds)


def test_a_still_scene_has_one_keyframe_near_its_middle() -> None:
    (keyframe,) = keyframes_of([drawn(1)] * 8 * FPS, 8.0)
    assert keyframe.time_s == pytest.approx(4.0, abs=1.0)


def test_a_changing_scene_has_several_that_show_all_of_it() -> None:
    frames = [drawn(seed) for seed in (1, 2, 3) for _ in range(4 * FPS)]
    times = [keyframe.time_s for keyframe in keyframes_of(frames, 12.0)]
    assert {int(time_s // 4) for time_s in times} == {0, 1, 2}
    assert times == sorted(times)


def test_no_scene_has_more_keyframes_than_the_limit() -> None:
    frames = [drawn(second) for second in range(60) for _ in range(FPS)]
    assert len(keyframes_of(frames, 60.0)) == MAX_KEYFRAMES


def test_the_sharp_frame_is_chosen_among_blurred_ones() -> None:
    blurred = cv2.GaussianBlur(drawn(1), (0, 0), 4)
    frames = [drawn(1) if 20 <= i <= 30 else blurred for i in range(2 * FPS)]
    (keyframe,) = keyframes_of(frames, 2.0)
    assert 20 <= round(keyframe.time_s * FPS) <= 30


def test_frames_at_the_very_cut_are_left_alone() -> None:
    frames = [drawn(1) if 2 < i < 23 else solid(0, 0, 0) for i in range(FPS)]
    (keyframe,) = keyframes_of(frames, 1.0)
    assert 2 < round(keyframe.time_s * FPS) < 23


def test_a_scene_of_one_frame_has_a_keyframe() -> None:
    assert [k.time_s for k in keyframes_of([drawn(1)], 0.04)] == [0.0]


def test_frames_after_the_cut_belong_to_the_next_scene() -> None:
    collector = KeyframeCollector()
    for number in range(2 * FPS):
        picture = drawn(1) if number < FPS else drawn(2)
        frame = av.VideoFrame.from_ndarray(picture, "rgb24")
        collector.offer(number / FPS, frame, picture[:, :, ::-1])
    (first,) = collector.close_scene(0.0, 1.0)
    (second,) = collector.close_scene(1.0, 2.0)
    assert first.time_s < 1.0 <= second.time_s


def held_keyframes(shown: Iterable[tuple[Picture, float]]) -> list[tuple[float, float | None]]:
    """(time_s, held_until_s) of each keyframe of a scene of pictures that are held."""
    collector, time_s = KeyframeCollector(), 0.0
    for picture, seconds in shown:
        collector.offer(time_s, av.VideoFrame.from_ndarray(picture, "rgb24"), picture[:, :, ::-1])
        time_s += seconds
        collector.hold(time_s)
    return [(k.time_s, k.held_until_s) for k in collector.close_scene(0.0, time_s)]


def page(number: int) -> Picture:
    """A page of which only the number is another."""
    text, font = f"Page {number} of the album", cv2.FONT_HERSHEY_SIMPLEX
    picture = solid(240, 240, 240)
    cv2.putText(picture, text, (30, 90), font, 0.6, (20, 20, 20), 2)
    return picture


def test_each_picture_that_is_held_is_a_keyframe_though_little_in_it_changes() -> None:
    shown = [(page(number), 3.0) for number in range(1, 10)]
    assert held_keyframes(shown) == [(3.0 * n, 3.0 * n + 3) for n in range(9)]


@pytest.mark.parametrize("seconds", [1.5, 2.0, 2.4])
def test_of_pictures_that_are_held_only_shortly_are_no_more_keyframes_than_of_a_film(
    seconds: float,
) -> None:
    shown = [(drawn(number), seconds) for number in range(15)]
    assert len(held_keyframes(shown)) == MAX_KEYFRAMES


def test_of_pictures_that_are_held_shortly_those_that_differ_most_are_keyframes() -> None:
    shown = [(page(number), 2.0) for number in range(12)]
    for number in (1, 4, 7, 10):
        shown[number] = drawn(number), 2.0
    times = [time_s for time_s, _ in held_keyframes(shown)]
    assert len(times) == MAX_KEYFRAMES
    assert {2.0, 8.0, 14.0, 20.0} <= set(times)


def test_a_slide_between_pictures_that_are_held_shortly_is_a_keyframe() -> None:
    shown = [(drawn(number), 2.0) for number in range(12)]
    shown[5] = page(1), 3.0
    assert (10.0, 13.0) in held_keyframes(shown)


def test_a_picture_that_is_held_and_comes_again_is_one_keyframe_to_its_end() -> None:
    assert held_keyframes([(page(1), 5.0), (page(1), 5.0), (page(2), 5.0)]) == [
        (0.0, 10.0),
        (10.0, 15.0),
    ]


def test_black_that_is_held_does_not_represent_the_scene_that_it_ends() -> None:
    assert held_keyframes([(page(1), 1.0), (solid(0, 0, 0), 1.4)]) == [(0.0, 1.0)]


def test_a_jpeg_shows_the_frame_in_its_colours(tmp_path: Path) -> None:
    picture = solid(200, 40, 90, (64, 36))
    (tmp_path / "a.jpg").write_bytes(jpeg_of(av.VideoFrame.from_ndarray(picture, "rgb24")))
    np.testing.assert_allclose(read_image(tmp_path / "a.jpg"), picture, atol=6)


def test_a_large_frame_is_written_smaller_in_its_proportions(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(
        jpeg_of(av.VideoFrame.from_ndarray(drawn(1, (2560, 1440)), "rgb24"))
    )
    assert read_image(tmp_path / "a.jpg").shape == (720, 1280, 3)


def test_a_keyframe_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"gone\.jpg is gone or damaged"):
        read_image(tmp_path / "gone.jpg")
