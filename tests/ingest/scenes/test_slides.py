"""Another slide is another scene, as little as it may differ; what is added to one, or runs below a
picture, is not."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from embeddings.encoder import Image
from ingest.media.decode import DecodeOptions, decode_file
from tests.helpers.boards import LINES, board
from tests.helpers.media import dissolve, drawn, make_video, write_video


def boundaries(path: Path, folder: Path) -> list[float]:
    """Where scenes begin, after the first."""
    options = DecodeOptions(max_pixels=10**6, max_duration_s=1000)
    decoded = decode_file(path, folder / "out", options, lambda _part: None)
    return [scene.start_s for scene in decoded.scenes[1:]]


def slide(title: str, *bullets: str) -> Image:
    """A slide of a template: head and foot are the same on all."""
    picture = board("Introduction to brewing", title, *bullets, size_px=28).copy()
    picture[-30:, :] = (30, 60, 120)
    picture[:12, :] = (30, 60, 120)
    return picture


SLIDES = (
    slide("Yeast", "Lives on sugar", "Likes the warmth", "Makes bubbles"),
    slide("Barley", "Is soaked first", "Sprouts for days", "Goes to the kiln"),
    slide("Hops", "Grow on tall poles", "Are bitter", "Keep beer fresh"),
)


@pytest.mark.parametrize("fps", [1, 5, 25])
def test_another_slide_of_one_template_is_another_scene(tmp_path: Path, fps: int) -> None:
    film = make_video(tmp_path / "talk.mp4", SLIDES, 6.0, fps=fps)
    assert boundaries(film, tmp_path) == pytest.approx([6.0, 12.0], abs=0.05)


def test_slides_that_dissolve_are_scenes_each_once(tmp_path: Path) -> None:
    frames: list[Image] = []
    for before, after in pairwise(SLIDES):
        frames += [before] * 100 + dissolve(before, after, 25)
    film = write_video(tmp_path / "talk.mp4", [*frames, *[SLIDES[-1]] * 100])
    assert boundaries(film, tmp_path) == pytest.approx([4.5, 9.5], abs=0.6)


def texts_below(pictures: Sequence[Image], texts: Sequence[str]) -> list[Image]:
    captioned = []
    for picture, text in zip(pictures, texts, strict=True):
        below = picture.copy()
        below[300:340, 60:580] = board(text)[25:65, 20:540]
        captioned.append(below)
    return captioned


def test_captions_are_no_scenes(tmp_path: Path) -> None:
    pictures = texts_below([drawn(3, (640, 360))] * 5, LINES)
    assert boundaries(make_video(tmp_path / "film.mp4", pictures, 3.0), tmp_path) == []


def test_captions_alone_on_a_ground_are_no_scenes(tmp_path: Path) -> None:
    pictures = texts_below([np.full((360, 640, 3), 40, np.uint8)] * 5, LINES)
    assert boundaries(make_video(tmp_path / "film.mp4", pictures, 3.0), tmp_path) == []


def test_bullets_are_no_scenes(tmp_path: Path) -> None:
    bullets = ("Lives on sugar", "Likes the warmth", "Makes bubbles")
    builds = [slide("Yeast", *bullets[:count]) for count in range(4)]
    assert boundaries(make_video(tmp_path / "talk.mp4", builds, 3.0), tmp_path) == []


def test_lines_that_scroll_are_no_scenes(tmp_path: Path) -> None:
    lines = [f"{number} {LINES[number % 5]}" for number in range(9)]
    screens = [board(*lines[first : first + 5]) for first in range(5)]
    assert boundaries(make_video(tmp_path / "shell.mp4", screens, 3.0), tmp_path) == []
