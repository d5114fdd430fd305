"""Scenes of real recordings: pictures that are held or stand still, and sound without pictures."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from ingest.library.embed import read_image
from ingest.media.decode import Decoded, DecodeOptions, decode_file
from tests.helpers.held import Shown, at_rate, write_held
from tests.helpers.media import SIZE, Picture, drawn, make_video, solid, tone, write_video

WIDE = drawn(1, (SIZE[0] * 4, SIZE[1]))


def decoded(path: Path, *, keyframes_only: bool = False) -> Decoded:
    options = DecodeOptions(8192 * 4352, 24 * 3600.0, keyframes_only)
    return decode_file(path, path.parent / "out", options, lambda _part: None)


def pan(num_pictures: int, step_px: int, first_px: int = 0) -> list[Picture]:
    """What a camera sees that turns."""
    lefts = (first_px + step_px * number for number in range(num_pictures))
    return [WIDE[:, left : left + SIZE[0]] for left in lefts]


def edges(found: Decoded) -> list[float]:
    assert all(before.end_s == after.start_s for before, after in pairwise(found.scenes))
    return [scene.start_s for scene in found.scenes] + [found.scenes[-1].end_s]


def times(found: Decoded) -> list[float]:
    return [keyframe.time_s for keyframe in found.keyframes]


FOUR: list[Shown] = [(drawn(1), 15.0), (drawn(2), 25.0), (drawn(3), 10.0), (drawn(4), 30.0)]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("keyframes_only", [False, True])
def test_pictures_that_are_held_are_each_a_scene_with_its_keyframe(
    suffix: str, keyframes_only: bool, tmp_path: Path
) -> None:
    path = write_held(tmp_path / f"a{suffix}", FOUR, iframe_every=1)
    found = decoded(path, keyframes_only=keyframes_only)
    assert edges(found) == pytest.approx([0, 15, 40, 50, 80], abs=0.01)
    assert times(found) == pytest.approx([0, 15, 40, 50], abs=0.01)
    for keyframe, (picture, _) in zip(found.keyframes, FOUR, strict=True):
        shown = read_image(tmp_path / "out" / keyframe.name).astype(int)
        assert np.abs(shown - picture).mean() < 12
    if not keyframes_only:
        ends = [keyframe.held_until_s for keyframe in found.keyframes]
        assert ends == pytest.approx([15, 40, 50, 80], abs=0.01)


def test_iframes_alone_tell_how_long_few_pictures_are_shown(tmp_path: Path) -> None:
    path = write_held(tmp_path / "a.mkv", FOUR, iframe_every=100, num_b_frames=2)
    assert edges(decoded(path, keyframes_only=True)) == pytest.approx([0, 80], abs=0.01)


def test_the_last_picture_is_a_scene_though_nobody_knows_for_how_long_it_is_shown(
    tmp_path: Path,
) -> None:
    found = decoded(write_held(tmp_path / "a.mkv", [*FOUR[:3], (drawn(4), 0.04)]))
    assert [scene.start_s for scene in found.scenes] == pytest.approx([0, 15, 40, 50], abs=0.01)
    assert times(found) == pytest.approx([0, 15, 40, 50], abs=0.01)


def test_a_slide_is_one_scene_for_as_long_as_it_is_shown(tmp_path: Path) -> None:
    found = decoded(write_held(tmp_path / "a.mp4", [(drawn(1), 70.0)]))
    assert edges(found) == pytest.approx([0, 70], abs=0.01)
    assert times(found) == [0]


@pytest.mark.parametrize("fps", [0.2, 1 / 3, 0.5])
def test_slides_at_a_slow_rate_are_scenes(fps: float, tmp_path: Path) -> None:
    pictures = [drawn(seed) for seed in range(1, 5)]
    found = decoded(write_held(tmp_path / "a.mp4", at_rate(pictures, fps)))
    assert edges(found) == pytest.approx([n / fps for n in range(5)], abs=0.01)
    assert times(found) == pytest.approx([n / fps for n in range(4)], abs=0.01)


@pytest.mark.parametrize("fps", [1, 2])
def test_a_camera_that_sends_few_pictures_is_not_cut_at_each(fps: int, tmp_path: Path) -> None:
    found = decoded(write_held(tmp_path / "a.mp4", at_rate(pan(24, 40), fps)))
    assert len(found.scenes) == 1


def test_a_screen_on_which_nothing_comes_for_long_is_a_scene_from_when_it_stands_still(
    tmp_path: Path,
) -> None:
    before, after = at_rate(pan(100, 4), 10), at_rate(pan(100, 4, 400), 10)
    path = write_held(tmp_path / "a.mkv", [*before, (pan(1, 0, 400)[0], 40.0), *after])
    found = decoded(path)
    assert edges(found) == pytest.approx([0, 10, 50, 60], abs=0.2)
    (still,) = (k for k in found.keyframes if k.held_until_s is not None)
    assert (still.time_s, still.held_until_s) == pytest.approx((10, 50), abs=0.01)


@pytest.mark.parametrize("fps", [1, 25])
def test_a_picture_that_stands_still_is_one_scene_in_spite_of_noise(
    fps: int, tmp_path: Path
) -> None:
    random = np.random.default_rng(0)
    picture = drawn(1)
    noisy = [
        np.clip(picture + random.normal(0, 6, picture.shape), 0, 255).astype(np.uint8)
        for _ in range(8)
    ]
    frames = [noisy[number % 8] for number in range(40 * fps)]
    found = decoded(write_video(tmp_path / "a.mp4", frames, fps=fps))
    assert edges(found) == pytest.approx([0, 40], abs=0.1)
    assert len(found.keyframes) == 1


def test_a_still_picture_ends_where_it_moves(tmp_path: Path) -> None:
    frames = [pan(1, 0)[0]] * 10 * 45 + pan(10 * 20, 4)
    found = decoded(write_video(tmp_path / "a.mp4", frames, fps=10))
    assert edges(found) == pytest.approx([0, 45, 65], abs=0.5)


def test_a_take_that_moves_is_split(tmp_path: Path) -> None:
    found = decoded(write_video(tmp_path / "a.mp4", pan(5 * 70, 2), fps=5))
    assert edges(found) == pytest.approx([0, 15, 30, 45, 70], abs=0.3)


def test_the_last_picture_is_shown_until_the_sound_ends(tmp_path: Path) -> None:
    found = decoded(write_held(tmp_path / "a.mp4", at_rate([drawn(1)] * 25, 25), audio=tone(60.0)))
    assert edges(found) == [0, found.duration_s]
    assert found.duration_s == pytest.approx(60, abs=0.2)
    assert found.frame_rate == pytest.approx(25, rel=0.05)


def test_a_film_and_the_picture_on_which_it_ends_are_two_scenes(tmp_path: Path) -> None:
    film = at_rate(pan(200, 2), 10)
    found = decoded(write_held(tmp_path / "a.mp4", film, audio=tone(100.0)))
    assert edges(found) == pytest.approx([0, 19.9, found.duration_s], abs=0.4)
    assert times(found)[-1] == pytest.approx(19.9, abs=0.05)


def test_scenes_begin_with_the_first_picture(tmp_path: Path) -> None:
    film = at_rate(pan(50, 2), 10)
    found = decoded(write_held(tmp_path / "a.mp4", film, audio=tone(8.0), begin_s=3.0))
    assert edges(found) == pytest.approx([3, 8.1], abs=0.1)
    assert found.frame_rate == pytest.approx(10, rel=0.05)


def test_no_scene_is_without_length(tmp_path: Path) -> None:
    shown = [(drawn(1), 0.04), (drawn(2), 40.0), (solid(0, 0, 0), 0.04), (drawn(3), 0.04)]
    for found in (
        decoded(write_held(tmp_path / "a.mp4", shown)),
        decoded(make_video(tmp_path / "b.mp4", [drawn(1)], 0.04)),
    ):
        assert all(scene.start_s < scene.end_s for scene in found.scenes)
        assert edges(found)[-1] == found.duration_s
