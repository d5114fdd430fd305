"""Draws what the tiny models know: coloured shapes, and a disc in six motions.

Every edge is soft over one pixel, as if a larger drawing had been shrunk. So the models can be
trained on drawings of their own input size, and know large ones again once those are resized.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""RGB [H, W, 3]."""
Pictures = NDArray[np.uint8]
"""RGB [n, H, W, 3]."""
Floats = NDArray[np.float32]
Place = tuple[float, float, float]
"""Centre x, y and radius, as parts of the side."""

COLOURS = {
    "red": (215, 35, 35),
    "green": (40, 160, 50),
    "blue": (40, 70, 220),
    "yellow": (235, 215, 40),
    "purple": (150, 40, 180),
}
"""RGB."""
SHAPES = {"circle": None, "square": 4, "triangle": 3}
"""The number of corners."""
MOTIONS = {
    "moving left": (-1.0, 0.0, 0.0),
    "moving right": (1.0, 0.0, 0.0),
    "moving up": (0.0, -1.0, 0.0),
    "moving down": (0.0, 1.0, 0.0),
    "growing": (0.0, 0.0, 0.4),
    "shrinking": (0.0, 0.0, -0.4),
}
"""Where the disc goes: x (to the right), y (down) and radius, relative to each other."""


def draw_shape(colour: str, shape: str, size_px: int, rng: np.random.Generator) -> Picture:
    """One of COLOURS and SHAPES, near the middle of a greyish ground: RGB [size_px, size_px, 3]."""
    ground = _ground((40, 215), size_px, rng)
    paint = np.asarray(COLOURS[colour]) + rng.uniform(-20, 20, 3)
    radius = rng.uniform(0.28, 0.42)
    x, y = rng.uniform(0.38, 0.62, 2)
    share = _coverage(SHAPES[shape], (x, y, radius), rng.uniform(-0.1, 0.1), size_px)
    return _painted(ground, paint, share)


def draw_motion(
    name: str,
    num_frames: int,
    size_px: int,
    rng: np.random.Generator,
    distances: tuple[float, float] = (0.35, 0.6),
) -> Pictures:
    """A disc in one of MOTIONS from the first frame to the last: RGB [frames, size_px, size_px, 3].

    How far it goes in that time lies between two `distances`, as parts of the side (its radius
    changes by 0.4 of that); place and colours differ from drawing to drawing too.
    """
    ground = _ground((30, 110), size_px, rng)
    paint = rng.uniform(150, 255, 3)
    frames = np.empty((num_frames, size_px, size_px, 3), np.uint8)
    for frame, place in zip(frames, _track(name, num_frames, distances, rng), strict=True):
        frame[:] = _painted(ground, paint, _coverage(None, place, 0, size_px))
    is_negative = rng.random() < 0.5
    return 255 - frames if is_negative else frames


def write_video(path: Path, frames: Sequence[Picture] | Pictures, frames_per_s: int) -> None:
    """Write frames of one size, even both ways, as H.264; `path`'s suffix chooses the container."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", frames_per_s)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        container.mux(stream.encode(None))


def _track(
    name: str, num_frames: int, distances: tuple[float, float], rng: np.random.Generator
) -> list[Place]:
    """Where the disc is in each frame."""
    middle = np.append(rng.uniform(0.35, 0.65, 2), rng.uniform(0.16, 0.22))
    drift = rng.uniform(-1, 1, 3) * (0.04, 0.04, 0.01)
    way = np.asarray(MOTIONS[name]) * rng.uniform(*distances) + drift
    times = np.linspace(-0.5, 0.5, num_frames)
    return [tuple((middle + time * way).tolist()) for time in times]


def _ground(levels: tuple[int, int], size_px: int, rng: np.random.Generator) -> Floats:
    """A greyish ramp between two brightnesses within `levels`, with grain: [H, W, 3], 0 to 255."""
    ends = rng.uniform(*levels, (2, 1)) + rng.uniform(-15, 15, (2, 3))
    ramp = np.linspace(0, 1, size_px)
    down = rng.random()
    share = (ramp[:, np.newaxis] * down + ramp * (1 - down))[..., np.newaxis]
    grain = rng.uniform(-1, 1, (size_px, size_px, 1)) * rng.uniform(0, 8)
    return np.asarray(ends[0] + share * (ends[1] - ends[0]) + grain, np.float32)


def _coverage(num_corners: int | None, place: Place, turn: float, size_px: int) -> Floats:
    """How much of each pixel lies inside the shape, 0 to 1: [H, W].

    `turn`, in radians, is from standing upright.
    """
    x, y, radius = place
    middles = (np.arange(size_px, dtype=np.float32) + 0.5) / size_px
    right, down = middles - x, middles[:, np.newaxis] - y
    if num_corners is None:
        outside = np.hypot(right, down) - radius
    else:
        half = math.pi / num_corners
        angles = (turn + math.pi / 2 + 2 * half * side for side in range(num_corners))
        sides = [right * math.cos(angle) + down * math.sin(angle) for angle in angles]
        outside = np.max(sides, axis=0) - radius * math.cos(half)
    return np.asarray(np.clip(0.5 - outside * size_px, 0, 1), np.float32)


def _painted(ground: Floats, paint: NDArray[np.float64], share: Floats) -> Picture:
    """The ground [H, W, 3] under as much paint (RGB) as `share` [H, W] says."""
    mixed = ground + share[..., np.newaxis] * (paint.astype(np.float32) - ground)
    return np.clip(mixed, 0, 255).astype(np.uint8)
