"""The lines of a picture: small ones, only those that changed, and those that were read before."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont
from rapidfuzz import fuzz

from embeddings.encoder import Image
from ingest.perception.ocr.engine import TextEngine
from ingest.perception.ocr.read_lines import ReadLine

ROW_PX = 22
COMMANDS = [
    "worker %d started at nine",
    "copied the folder to disk %d",
    "error in line %d of the report",
    "downloading part %d of forty",
    "test number %d has passed",
]


@pytest.fixture(scope="module")
def engine() -> TextEngine:
    return TextEngine(1)


def screen(lines: Sequence[str], *, first: int = 0, size_px: int = 15) -> Image:
    """A dark terminal of 1280 by 720 pixels with its lines from row `first` on, RGB."""
    picture = Pillow.new("RGB", (1280, 720), "#0c0c0c")
    pen = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size_px)
    for row, line in enumerate(lines, first):
        pen.text((12, 10 + row * ROW_PX), line, font=font, fill="#cccccc")
    return np.asarray(picture)


def small_letters(lines: Sequence[str], ground: str, ink: str) -> Image:
    """The same with letters of 12 pixels, all as wide, in rows close together."""
    picture = Pillow.new("RGB", (1280, 720), ground)
    pen = ImageDraw.Draw(picture)
    font = ImageFont.load_default(12)
    for row, line in enumerate(lines):
        for place, character in enumerate(line):
            pen.text((12 + place * 7.5, 10 + row * 18), character, font=font, fill=ink)
    return np.asarray(picture)


def sure(lines: Sequence[ReadLine]) -> list[str]:
    return [line.text for line in lines if line.is_sure]


@pytest.mark.parametrize(("ground", "ink"), [("#0c0c0c", "#cccccc"), ("#ffffff", "#111111")])
def test_small_letters_are_read_line_by_line(engine: TextEngine, ground: str, ink: str) -> None:
    lines = [COMMANDS[row % 5] % (row + 20) for row in range(38)]
    texts = sure(engine.read(small_letters(lines, ground, ink)))
    assert len(texts) == len(lines)
    for line, text in zip(lines, texts, strict=True):
        assert fuzz.ratio(line.replace(" ", ""), text.replace(" ", "")) > 90


def test_lines_that_the_look_sees_a_part_of_are_read_whole(engine: TextEngine) -> None:
    lines = [COMMANDS[row % 5] % (row + 20) for row in range(36)]
    picture = Pillow.new("RGB", (1280, 720), "#ffffff")
    pen = ImageDraw.Draw(picture)
    for row, line in enumerate(lines):
        for place, character in enumerate(line):
            corner = (9 + place * 6.5, 30 + row * 14)
            pen.text(corner, character, font=ImageFont.load_default(11), fill="#111111")
    texts = sure(engine.read(np.asarray(picture)))
    assert len(texts) == len(lines)
    for line, text in zip(lines, texts, strict=True):
        assert fuzz.ratio(line.replace(" ", ""), text.replace(" ", "")) > 80


def test_a_photograph_in_the_dark_is_not_taken_for_writing(engine: TextEngine) -> None:
    noise = np.random.default_rng(1).normal(40, 25, (720, 1280, 3))
    assert engine.read(np.clip(noise, 0, 255).astype(np.uint8)) == []


def test_an_even_picture_has_no_lines(engine: TextEngine) -> None:
    assert engine.read(np.full((360, 640, 3), 90, np.uint8)) == []


@pytest.mark.parametrize("shape", [(1, 1), (5, 2000), (2000, 5), (31, 33), (40, 3000)])
def test_a_picture_may_have_any_shape(engine: TextEngine, shape: tuple[int, int]) -> None:
    assert engine.read(np.full((*shape, 3), 90, np.uint8)) == []


def test_a_picture_as_low_as_its_line_is_read(engine: TextEngine) -> None:
    strip = screen(["copied the folder to disk 7"], size_px=24)[6:46]
    assert sure(engine.read(np.ascontiguousarray(strip))) == ["copied the folder to disk 7"]


def test_a_line_that_changed_at_its_end_is_read_from_its_beginning(engine: TextEngine) -> None:
    lines = [COMMANDS[row % 5] % (row + 20) for row in range(12)]
    changed = (0.12, (10 + 5 * ROW_PX + 6) / 720, 0.13, (10 + 5 * ROW_PX + 12) / 720)
    found = engine.read(screen(lines), [changed])
    assert sure(found) == [lines[5]]


def test_a_line_that_was_read_before_is_not_recognised_again(engine: TextEngine) -> None:
    lines = ["release v1.2 is out", "copied the folder to disk 7"]
    before = [
        replace(line, text="as read before") for line in engine.read(screen(lines, size_px=18))
    ]
    scrolled = ["worker 3 started at nine", *lines]
    found = engine.read(screen(scrolled, size_px=18, first=7), known=before)
    assert [line.text for line in found] == [scrolled[0], "as read before", "as read before"]
    assert found[2].box != before[1].box


def test_a_line_with_another_digit_is_recognised(engine: TextEngine) -> None:
    before = engine.read(screen(["release v1.2 is out"], size_px=18))
    found = engine.read(screen(["release v1.3 is out"], size_px=18), known=before)
    assert sure(found) == ["release v1.3 is out"]


def test_boxes_are_places_in_the_whole_picture(engine: TextEngine) -> None:
    (line,) = engine.read(screen(["copied the folder to disk 7"], first=20, size_px=24))
    left, top, right, bottom = line.box
    assert left * 1280 == pytest.approx(12, abs=8)
    assert top * 720 == pytest.approx(10 + 20 * ROW_PX, abs=10)
    assert bottom * 720 == pytest.approx(10 + 20 * ROW_PX + 28, abs=10)
    assert 0.2 < right < 0.3
