"""What is written on pages and keyframes of a recording, read by the real models."""

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
import pytest

from embeddings.encoder import Image
from ingest.media.decode import Keyframe
from ingest.perception.ocr.engine import TextEngine
from ingest.perception.ocr.read_lines import ReadLine
from ingest.perception.writing.screen_text import Written, read_screen
from ingest.scenes.pages import Change, Page
from ingest.scenes.picture import Box
from tests.helpers.media import blend
from tests.helpers.screens import SIZE, captioned, film, slide

END_S = 60.0
EVERYWHERE = (0.0, 0.0, 1.0, 1.0)
EMPTY = slide()


class CountingEngine(TextEngine):
    """An engine that says how often it was asked."""

    num_read = 0

    def read(
        self,
        image: Image,
        places: Sequence[Box] | None = None,
        known: Sequence[ReadLine] = (),
    ) -> list[ReadLine]:
        self.num_read += 1
        return super().read(image, places, known)


@pytest.fixture(scope="module")
def engine() -> CountingEngine:
    return CountingEngine(1)


def read(
    engine: TextEngine,
    pages: Sequence[tuple[float, Image]] = (),
    keyframes: Sequence[tuple[float, Image]] = (),
) -> Written:
    """What is read of pages, each there from a time on and read 0.4 s later, and of keyframes."""
    files = {f"{time_s}.page": image for time_s, image in pages}
    files |= {f"{time_s}.jpg": image for time_s, image in keyframes}
    return read_screen(
        [
            Page(at + 0.4, f"{at}.page", (Change(EVERYWHERE, at, at),), is_new=True)
            for at, _ in pages
        ],
        [Keyframe(at, f"{at}.jpg") for at, _ in keyframes],
        END_S,
        engine,
        files.__getitem__,
        lambda _part: None,
    )


def lines(written: Written) -> list[tuple[str, float, float]]:
    return [(line.text, line.start_s, line.end_s) for line in written.lines]


def passing(written: Written) -> list[str | None]:
    return [writing.text if writing else None for writing in written.passing]


def test_lines_stand_from_page_to_page(engine: CountingEngine) -> None:
    first, second = slide("Copper lantern", "Garden gate"), slide("Copper lantern", "Violin case")
    assert lines(read(engine, [(0.0, first), (10.0, second), (20.0, EMPTY)])) == [
        ("Copper lantern", 0.0, 20.0),
        ("Garden gate", 0.0, 10.0),
        ("Violin case", 10.0, 20.0),
    ]


def test_slides_that_differ_in_a_digit_or_a_word_are_not_one(engine: CountingEngine) -> None:
    pictures = (
        slide("Release notes v1.2", "Slide 4", "The cat in the garden"),
        slide("Release notes v1.3", "Slide 5", "The car in the garden"),
    )
    assert lines(read(engine, list(zip((0.0, 10.0), pictures, strict=True)))) == [
        ("Release notes v1.2", 0.0, 10.0),
        ("Slide 4", 0.0, 10.0),
        ("The cat in the garden", 0.0, 10.0),
        ("Release notes v1.3", 10.0, END_S),
        ("Slide 5", 10.0, END_S),
        ("The car in the garden", 10.0, END_S),
    ]


def test_a_caption_over_a_film_is_one_line_on_all_pages(engine: CountingEngine) -> None:
    caption = "We must leave the harbour before dawn"
    pages = [(float(n), captioned(film(9 * n), caption)) for n in range(5)]
    assert lines(read(engine, pages)) == [(caption, 0.0, END_S)]


def test_a_pointer_over_a_line_makes_no_other(engine: CountingEngine) -> None:
    title = slide("Quarterly results for harbour traffic")
    pointed = title.copy()
    cv2.fillPoly(pointed, [np.array([[108, 8], [108, 34], [116, 28], [124, 27]])], (0, 0, 0))
    assert lines(read(engine, [(0.0, title), (10.0, pointed), (20.0, title)])) == [
        ("Quarterly results for harbour traffic", 0.0, END_S)
    ]


def test_a_keyframe_that_shows_the_page_is_not_read_again(engine: CountingEngine) -> None:
    page = slide("Copper lantern", "Garden gate")
    before = engine.num_read
    written = read(engine, [(5.0, page)], [(5.1, page), (30.0, page)])
    assert passing(written) == [None, None]
    assert engine.num_read == before + 1


def test_what_moves_is_read_on_keyframes_beside_what_stands(engine: CountingEngine) -> None:
    page = slide("Copper lantern")
    moving = slide("Copper lantern", "", "", "", "Breaking news")
    written = read(engine, [(0.0, page)], [(30.0, moving)])
    assert lines(written) == [("Copper lantern", 0.0, END_S)]
    assert passing(written) == ["Breaking news"]


def test_a_line_that_comes_or_goes_on_a_keyframe_is_told_once(engine: CountingEngine) -> None:
    page = slide("", "", "Copper lantern and violin")
    half = blend(EMPTY, page, 0.5)
    moved = np.roll(page, 40, axis=0)
    cut = np.roll(page, 300 - SIZE[0], axis=1)
    cut[:, 300:] = EMPTY[:, 300:]
    keyframes = list(zip((9.0, 9.5, 9.8, 20.5), (cut, moved, half, half), strict=True))
    written = read(engine, [(0.0, EMPTY), (10.0, page), (20.0, EMPTY)], keyframes)
    assert lines(written) == [("Copper lantern and violin", 10.0, 20.0)]
    assert passing(written) == [None] * 4


def test_without_pages_keyframes_are_read_as_they_are(engine: CountingEngine) -> None:
    keyframes = [(1.0, slide("Copper lantern")), (2.0, film(1)), (3.0, slide("Garden gate"))]
    written = read(engine, keyframes=keyframes)
    assert written.lines == []
    assert passing(written) == ["Copper lantern", None, "Garden gate"]


def test_progress_is_told_to_the_end(engine: CountingEngine) -> None:
    pages = [Page(float(n), None, (), is_new=True) for n in range(5)]
    told: list[float] = []
    no_files: dict[str, Image] = {}
    read_screen(pages, [], 5.0, engine, no_files.__getitem__, told.append)
    assert told[-1] == 1.0
    assert all(before < after for before, after in pairwise(told))
