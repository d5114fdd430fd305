"""Scenes begin and end where the pictures do: to one frame at cuts, to half a second elsewhere."""

from collections.abc import Iterable, Sequence
from itertools import repeat

import cv2
import numpy as np
import pytest

from ingest.scenes.detector import SceneDetector
from tests.helpers.media import SIZE, Picture, blend, dissolve, drawn, solid

FPS = 25


def cuts_in(frames: Iterable[Picture], fps: float = FPS) -> list[float]:
    """What a SceneDetector tells of small frames at a constant rate."""
    detector = SceneDetector()
    cuts = [cut for n, frame in enumerate(frames) for cut in detector.feed(n / fps, frame)]
    return cuts + detector.finish()


def cuts_of_held(pictures: Sequence[Picture], seconds: float) -> list[float]:
    """What a SceneDetector tells of small frames that are each held."""
    detector, cuts = SceneDetector(), []
    for number, picture in enumerate(pictures):
        cuts += detector.feed(seconds * number, picture)
        cuts += detector.hold(seconds * (number + 1))
    return cuts + detector.finish()


def shots(*pictures: Picture, seconds: float = 2.0) -> list[Picture]:
    return [frame for picture in pictures for frame in repeat(picture, round(seconds * FPS))]


def test_hard_cuts_are_found_to_the_frame() -> None:
    found = cuts_in(shots(*(drawn(seed) for seed in range(1, 6))))
    assert found == pytest.approx([2.0, 4.0, 6.0, 8.0], abs=1 / FPS)


def test_a_short_shot_between_two_cuts_is_a_scene() -> None:
    frames = shots(drawn(1)) + shots(drawn(2), seconds=0.6) + shots(drawn(3))
    assert cuts_in(frames) == pytest.approx([2.0, 2.6], abs=1 / FPS)


@pytest.mark.parametrize("num_frames", [12, 25, 50])
def test_a_dissolve_is_one_cut_near_its_middle(num_frames: int) -> None:
    frames = shots(drawn(2)) + dissolve(drawn(2), drawn(3), num_frames) + shots(drawn(3))
    middle_s = 2.0 + num_frames / FPS / 2
    assert cuts_in(frames) == pytest.approx([middle_s], abs=0.5)


@pytest.mark.parametrize("num_frames", [12, 25])
def test_a_fade_through_black_is_one_cut_near_its_middle(num_frames: int) -> None:
    black = solid(0, 0, 0)
    fade = dissolve(drawn(1), black, num_frames) + dissolve(black, drawn(2), num_frames)
    frames = shots(drawn(1)) + fade + shots(drawn(2))
    middle_s = 2.0 + num_frames / FPS
    assert cuts_in(frames) == pytest.approx([middle_s], abs=0.5)


def test_a_still_picture_has_no_cut() -> None:
    assert cuts_in(shots(drawn(1), seconds=6)) == []


def test_noise_on_a_still_picture_is_no_cut() -> None:
    random = np.random.default_rng(0)
    frames = (
        np.clip(picture + random.normal(0, 8, picture.shape), 0, 255).astype(np.uint8)
        for picture in shots(drawn(1), seconds=4)
    )
    assert cuts_in(frames) == []


def test_a_camera_that_pans_makes_no_cut() -> None:
    wide = drawn(1, (SIZE[0] * 3, SIZE[1]))
    frames = [wide[:, 4 * i : 4 * i + SIZE[0]] for i in range(120)]
    assert cuts_in(frames) == []


def test_a_camera_that_zooms_in_makes_no_cut() -> None:
    picture = drawn(5, (960, 540))
    views = [picture[i : 540 - i, 16 * i // 9 : 960 - 16 * i // 9] for i in range(100)]
    assert cuts_in(cv2.resize(view, SIZE) for view in views) == []


def test_a_cut_just_before_the_end_is_found() -> None:
    assert cuts_in(shots(drawn(1)) + shots(drawn(2), seconds=0.2)) == pytest.approx([2.0])


@pytest.mark.parametrize("num_frames", [1, 2, 3])
def test_a_white_flash_is_no_cut(num_frames: int) -> None:
    flash = [solid(255, 255, 255)] * num_frames
    assert cuts_in(shots(drawn(1)) + flash + shots(drawn(1))) == []


def test_a_flash_does_not_hide_the_cut_beside_it() -> None:
    flash = [solid(255, 255, 255)] * 2
    frames = shots(drawn(1)) + flash + shots(drawn(2))
    assert cuts_in(frames) == pytest.approx([2.0], abs=3 / FPS)


@pytest.mark.parametrize("period", [2, 3, 5])
def test_a_strobe_light_makes_no_cut(period: int) -> None:
    dark, lit = drawn(1) // 3, drawn(1)
    strobe = [lit if i // period % 2 else dark for i in range(60)]
    assert cuts_in(shots(dark) + strobe + shots(dark)) == []


@pytest.mark.parametrize("num_frames", [1, 12, 50])
def test_a_light_that_goes_out_makes_no_cut(num_frames: int) -> None:
    dark = cv2.convertScaleAbs(drawn(3), alpha=0.4)
    frames = shots(drawn(3)) + dissolve(drawn(3), dark, num_frames) + shots(dark)
    assert cuts_in(frames) == []


def wipe(first: Picture, second: Picture, num_frames: int, direction: str) -> list[Picture]:
    """The second picture comes in from one side."""
    columns, rows = np.meshgrid(np.linspace(0, 1, SIZE[0]), np.linspace(0, 1, SIZE[1]))
    way = {"right": columns, "left": 1 - columns, "down": rows, "up": 1 - rows}[direction]
    parts = [(i + 1) / (num_frames + 1) for i in range(num_frames)]
    return [np.where(way[..., np.newaxis] < part, second, first) for part in parts]


@pytest.mark.parametrize("direction", ["left", "right", "up", "down"])
@pytest.mark.parametrize("num_frames", [12, 25, 45])
def test_a_wipe_is_one_cut_near_its_middle(direction: str, num_frames: int) -> None:
    frames = wipe(drawn(2), drawn(3), num_frames, direction)
    found = cuts_in(shots(drawn(2)) + frames + shots(drawn(3)))
    assert found == pytest.approx([2.0 + num_frames / FPS / 2], abs=0.5)


def test_a_dissolve_between_moving_cameras_is_one_cut() -> None:
    wide = [drawn(seed, (SIZE[0] * 2, SIZE[1])) for seed in (2, 3)]
    first, second = ([w[:, i : i + SIZE[0]] for i in range(150)] for w in wide)
    mixed = [
        blend(old, new, (i + 1) / 26)
        for i, (old, new) in enumerate(zip(first[-25:], second[:25], strict=True))
    ]
    found = cuts_in(first[:-25] + mixed + second[25:])
    assert found == pytest.approx([5.5], abs=0.5)


@pytest.mark.parametrize("colour", [0, 255])
def test_a_fade_is_told_once_beside_hard_cuts(colour: int) -> None:
    flat = solid(colour, colour, colour)
    fade = dissolve(drawn(1), flat, 12) + dissolve(flat, drawn(2), 12)
    frames = shots(drawn(3)) + shots(drawn(1)) + fade + shots(drawn(2)) + shots(drawn(4))
    assert cuts_in(frames) == pytest.approx([2.0, 4.48, 6.96], abs=0.25)


def test_a_thing_that_passes_before_the_camera_is_no_cut() -> None:
    frames = shots(drawn(1))
    for left in range(-100, SIZE[0], 12):
        picture = drawn(1)
        picture[:, max(left, 0) : max(left + 100, 0)] = (60, 40, 30)
        frames.append(picture)
    assert cuts_in(frames + shots(drawn(1))) == []


def test_a_camera_that_shakes_makes_no_cut() -> None:
    wide = cv2.GaussianBlur(drawn(1, (480, 270)), (0, 0), 2)
    ways = [(80 + 40 * np.sin(i / 4), 45 + 20 * np.cos(i / 3)) for i in range(150)]
    frames = [wide[int(y) : int(y) + 180, int(x) : int(x) + 320] for x, y in ways]
    assert cuts_in(frames) == []


@pytest.mark.parametrize("seconds", [2.0, 5.0, 70.0])
def test_between_two_pictures_that_are_held_there_is_a_cut(seconds: float) -> None:
    found = cuts_of_held([drawn(1), drawn(2), drawn(3)], seconds)
    assert found == pytest.approx([seconds, 2 * seconds])


def test_a_dissolve_between_held_pictures_is_one_cut_near_its_middle() -> None:
    detector = SceneDetector()
    cuts = [*detector.feed(0.0, drawn(2)), *detector.hold(20.0)]
    for number, picture in enumerate([*dissolve(drawn(2), drawn(3), 24), drawn(3)]):
        cuts += detector.feed(20.0 + number / FPS, picture)
    cuts += [*detector.hold(60.0), *detector.finish()]
    assert cuts == pytest.approx([20.5], abs=0.5)


def test_a_picture_that_is_held_and_comes_again_makes_no_cut() -> None:
    assert cuts_of_held([drawn(1)] * 4, 5.0) == []


@pytest.mark.parametrize("fps", [0.5, 1, 2])
def test_a_camera_that_pans_and_sends_few_pictures_makes_no_cut(fps: float) -> None:
    wide = drawn(1, (SIZE[0] * 4, SIZE[1]))
    views = [wide[:, 40 * i : 40 * i + SIZE[0]] for i in range(24)]
    assert (cuts_of_held(views, 1 / fps) if fps < 1 else cuts_in(views, fps)) == []
