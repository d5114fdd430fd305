"""Lines are known again by their pictures, and none is taken for another."""

from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from ingest.perception.ocr.line_pictures import LinePicture, line_picture, same_line


def cut(text: str, at: tuple[int, int], margin: int = 4, size_px: int = 16) -> LinePicture:
    """The picture of a line that stands at (x, y) on a board that was compressed."""
    board = Pillow.new("RGB", (480, 120), (12, 12, 12))
    font = ImageFont.load_default(size_px)
    pen = ImageDraw.Draw(board)
    pen.text(at, text, font=font, fill=(210, 210, 210))
    left, top, right, bottom = (int(edge) for edge in pen.textbbox(at, text, font=font))
    stored = cv2.imencode(".jpg", np.asarray(board), [cv2.IMWRITE_JPEG_QUALITY, 92])[1]
    picture: Any = cv2.imdecode(stored, cv2.IMREAD_COLOR)
    return line_picture(picture[top - margin : bottom + margin, left - margin : right + margin])


@pytest.mark.parametrize("at", [(20, 60), (23, 41), (90, 40)])
def test_a_line_that_moved_is_known_again(at: tuple[int, int]) -> None:
    text = "release v1.2 is out"
    assert same_line(cut(text, (20, 40)), cut(text, at))


def test_a_place_that_was_cut_wider_is_the_same_line() -> None:
    assert same_line(cut("git status", (20, 40), 3), cut("git status", (20, 40), 6))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("release v1.2 is out", "release v1.3 is out"),
        ("port 8080 is open", "port 8060 is open"),
        ("from 3.15 to 3.25", "from 3,15 to 3.25"),
        ("total 45 of 99", "total 46 of 99"),
        ("turn it on", "turn it or"),
        ("git push --force", "git push -force"),
    ],
)
@pytest.mark.parametrize("size_px", [12, 16, 32])
def test_lines_that_differ_in_one_character_are_not_the_same(
    first: str, second: str, size_px: int
) -> None:
    pictures = (cut(text, (20, 40), size_px=size_px) for text in (first, second))
    assert not same_line(*pictures)


def test_a_blank_cut_is_like_no_line() -> None:
    blank = line_picture(np.full((20, 200, 3), 40, np.uint8))
    assert not same_line(blank, cut("git status", (20, 40)))
