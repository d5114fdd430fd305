"""Films of what the tiny models know."""

from pathlib import Path

import numpy as np

from scripts.tiny.drawing import MOTIONS, draw_motion, draw_shape
from tests.helpers.media import write_video

THINGS = (("red", "circle"), ("blue", "square"), ("green", "triangle"))


def draw_films(folder: Path) -> None:
    """A film of 4 s of each motion, and one of 2 s of each thing; named by what they show."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(11)
    for name in MOTIONS:
        write_video(folder / f"{name}.mp4", list(draw_motion(name, 100, 240, rng)))
    for thing in THINGS:
        write_video(folder / f"{' '.join(thing)}.mp4", [draw_shape(*thing, 240, rng)] * 50)
