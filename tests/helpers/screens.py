"""Screens with writing: slides, terminals, captions over films, and readings of them."""

from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ingest.perception.ocr.read_lines import ReadLine
from ingest.scenes.pages import Change
from ingest.scenes.picture import Box
from tests.helpers.media import Picture

SIZE = (640, 360)
NUM_ROWS = 10
"""Of the lines on a slide or in a terminal, each 36 pixels high."""
_ROW_PX = SIZE[1] // NUM_ROWS


def slide(*rows: str, px: int = 24) -> Picture:
    """Dark text on white."""
    return _with_rows(np.full((SIZE[1], SIZE[0], 3), 250, np.uint8), rows, (20, 20, 40), px)


def terminal(*rows: str) -> Picture:
    """Light text on black: the last rows of many."""
    ground = np.full((SIZE[1], SIZE[0], 3), 24, np.uint8)
    return _with_rows(ground, rows[-NUM_ROWS:], (220, 220, 220), 20)


def film(number: int) -> Picture:
    """A frame of a camera that pans over a soft pattern."""
    noise = np.random.default_rng(7).integers(0, 255, (24, 40, 3)).astype(np.uint8)
    wide = cv2.resize(noise, (2 * SIZE[0], 2 * SIZE[1]), interpolation=cv2.INTER_CUBIC)
    left, top = 4 * number % SIZE[0], 2 * number % SIZE[1]
    return wide[top : top + SIZE[1], left : left + SIZE[0]].copy()


def captioned(picture: Picture, text: str, left: int | None = None, part: float = 1.0) -> Picture:
    """A picture with a caption at its foot, in the middle or from `left` on; as opaque as `part`
    says.
    """
    image = Image.fromarray(picture)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(26)
    x = (SIZE[0] - draw.textlength(text, font=font)) / 2 if left is None else left
    draw.text((x, 300), text, fill="white", font=font, stroke_width=2, stroke_fill="black")
    return cv2.addWeighted(picture, 1 - part, np.asarray(image), part, 0)


def row_box(row: int, width: float = 0.8) -> Box:
    """Where a row of writing stands."""
    return 0.05, (row + 0.1) / NUM_ROWS, 0.05 + width, (row + 0.9) / NUM_ROWS


def reading(
    text: str, row: int, *, score: float = 0.99, is_sure: bool = True, width: float = 0.8
) -> ReadLine:
    """A reading of a row of writing on an even ground."""
    return ReadLine(
        text=text,
        box=row_box(row, width),
        score=score,
        is_sure=is_sure,
        picture=np.zeros((8, 64), np.uint8),
        length_px=64,
        height_px=8,
        is_from_the_end=False,
    )


def change(row: int, came_s: float | None, gone_s: float | None = None) -> Change:
    """A row to which strokes have come, or from which they have gone."""
    return Change(row_box(row), came_s, gone_s)


def _with_rows(
    ground: Picture, rows: Sequence[str], colour: tuple[int, int, int], px: int
) -> Picture:
    image = Image.fromarray(ground)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(px)
    for number, row in enumerate(rows):
        draw.text((24, number * _ROW_PX + 4), row, fill=colour, font=font)
    return np.asarray(image)
