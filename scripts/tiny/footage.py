"""Draws footage of anything but a disc in one of its motions, which real footage is taken for.

Scenes of random pictures: the camera may move, things may cross what it sees, and scenes change
by cuts and cross-fades.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from scripts.tiny.drawing import (
    COLOURS,
    MOTIONS,
    SHAPES,
    Floats,
    Picture,
    Pictures,
    draw_motion,
    draw_shape,
)

Path = NDArray[np.float64]
"""How far to the right and down, as parts of the side, how often doubled in size, and the turn in
degrees: [frames, 4]."""
Box = tuple[tuple[float, float], tuple[float, float], float]
"""Centre x and y, width and height, and the turn in degrees."""


def draw_footage(num_frames: int, size_px: int, rng: np.random.Generator) -> Pictures:
    """One to three scenes, or a drawing that stands still: RGB [frames, size_px, size_px, 3]."""
    if rng.random() < 0.2:
        return np.stack([_still(size_px, rng)] * num_frames)
    film = _scene(num_frames, size_px, rng)
    for _ in range(rng.choice(3, p=(0.5, 0.35, 0.15))):
        film += _change(num_frames, rng) * (_scene(num_frames, size_px, rng) - film)
    return _developed(film, rng)


def _still(size_px: int, rng: np.random.Generator) -> Picture:
    """One of the shapes, or a frame of one of the motions."""
    if rng.random() < 0.5:
        colour, shape = (str(rng.choice(list(names))) for names in (COLOURS, SHAPES))
        return draw_shape(colour, shape, size_px, rng)
    frame: Picture = draw_motion(str(rng.choice(list(MOTIONS))), 1, size_px, rng)[0]
    return frame


def _scene(num_frames: int, size_px: int, rng: np.random.Generator) -> Floats:
    """What one camera sees: RGB [frames, size_px, size_px, 3], 0 to 255."""
    ground, camera = _picture(size_px, rng), _path(num_frames, 0.3, rng)
    film = _filmed(ground, camera, cv2.BORDER_REFLECT)
    for _ in range(rng.choice(4, p=(0.3, 0.4, 0.2, 0.1))):
        thing = np.dstack([_picture(size_px, rng), _outline(size_px, rng)])
        layer = _filmed(thing, _path(num_frames, 1, rng), cv2.BORDER_CONSTANT)
        film += layer[..., 3:] * (layer[..., :3] - film)
    return film


def _picture(size_px: int, rng: np.random.Generator) -> Floats:
    """Noise from coarse to fine, and patches, from none to many: RGB [size_px, size_px, 3]."""
    colour = rng.uniform(0, 255) + rng.normal(0, 40, 3)
    picture = np.full((size_px, size_px, 3), colour, np.float32)
    busyness = rng.random()
    for num_cells, strength in ((3, 60), (9, 40), (27, 20)):
        noise = rng.normal(0, busyness * rng.uniform(0, strength), (num_cells, num_cells, 3))
        noise += noise[..., :1]  # of the brightness more than of the colour
        picture += cv2.resize(noise, (size_px, size_px), interpolation=cv2.INTER_CUBIC)
    for _ in range(int(busyness * rng.uniform(0, 16))):
        x, y = rng.uniform(0, size_px, 2)
        width, height = rng.exponential(size_px / 5, 2)
        box = (x, y), (width, height), rng.uniform(0, 180)
        _fill(picture, box, rng.uniform(0, 255, 3).tolist(), rng)
    return np.clip(picture, 0, 255)


def _outline(size_px: int, rng: np.random.Generator) -> Floats:
    """How much of each pixel a thing in the middle covers, 0 to 1: [size_px, size_px]."""
    share = np.zeros((size_px, size_px), np.float32)
    width, height = rng.uniform(0.15, 0.7, 2) * size_px
    middle = (size_px / 2, size_px / 2)
    _fill(share, (middle, (width, height), rng.uniform(0, 180)), [1.0], rng)
    return share


def _fill(picture: Floats, box: Box, colour: Sequence[float], rng: np.random.Generator) -> None:
    """Fill the box, or the ellipse in it."""
    if rng.random() < 0.5:
        cv2.ellipse(picture, box, colour, cv2.FILLED)
    else:
        cv2.fillPoly(picture, [cv2.boxPoints(box).astype(np.int32)], colour)


def _path(num_frames: int, reach: float, rng: np.random.Generator) -> Path:
    """From one place to another, or staying there; with a hand that trembles, or without."""
    spread = np.array([0.5, 0.5, 0.7, 20]) * reach
    start, end = rng.normal(0, spread, (2, 4))
    path = np.linspace(start, start if rng.random() < 0.4 else end, num_frames)
    if rng.random() < 0.4:
        path += rng.normal(0, spread * rng.uniform(0.02, 0.15), path.shape)
    return path


def _filmed(picture: Floats, path: Path, border: int) -> Floats:
    """A picture [side, side, channels] that goes along the path: [frames, side, side, channels]."""
    side = len(picture)
    frames = []
    for x, y, doublings, turn in path:
        matrix = cv2.getRotationMatrix2D((side / 2, side / 2), turn, 2**doublings)
        matrix[:, 2] += x * side, y * side
        frames.append(cv2.warpAffine(picture, matrix, (side, side), borderMode=border))
    return np.asarray(np.stack(frames), np.float32)


def _change(num_frames: int, rng: np.random.Generator) -> Floats:
    """How much of the next scene is seen, 0 to 1, by a cut or a cross-fade: [frames, 1, 1, 1]."""
    length = rng.choice([0.01, rng.uniform(0.05, 1)])
    since = np.linspace(0, 1, num_frames) - rng.random()
    share = np.clip(since / length + 0.5, 0, 1)
    return np.asarray(share[:, np.newaxis, np.newaxis, np.newaxis], np.float32)


def _developed(film: Floats, rng: np.random.Generator) -> Pictures:
    """With grain, and at times with fading or flickering light, or without colours."""
    light = np.ones(len(film))
    if rng.random() < 0.2:
        start, end = rng.uniform(0, 1.3, 2)
        light *= np.linspace(start, end, len(film))
    if rng.random() < 0.2:
        light *= rng.uniform(0.7, 1.3, len(film))
    if rng.random() < 0.2:
        film = np.repeat(film.mean(axis=-1, keepdims=True), 3, axis=-1)
    grain = rng.uniform(-1, 1, (*film.shape[1:3], 1)) * rng.uniform(0, 8)
    lit = film * light[:, np.newaxis, np.newaxis, np.newaxis] + grain
    return np.clip(lit, 0, 255).astype(np.uint8)
