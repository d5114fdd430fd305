"""Which text stands in films of each kind, from when to when, from the file on."""

from collections.abc import Iterable, Iterator
from itertools import repeat
from pathlib import Path

import pytest

from ingest.library.embed import read_image
from ingest.media.decode import DecodeOptions, decode_file
from ingest.perception.ocr.engine import TextEngine
from ingest.perception.writing.screen_text import Written, read_screen
from tests.helpers.media import Picture, write_video
from tests.helpers.screens import NUM_ROWS, captioned, film, slide, terminal

FPS = 10
OPTIONS = DecodeOptions(max_pixels=10_000_000, max_duration_s=3600.0)


@pytest.fixture(scope="module")
def engine() -> TextEngine:
    return TextEngine(1)


def read(folder: Path, engine: TextEngine, frames: Iterable[Picture], fps: int = FPS) -> Written:
    path, media = write_video(folder / "film.mp4", frames, fps=fps), folder / "media"
    decoded = decode_file(path, media, OPTIONS, lambda _part: None)
    return read_screen(
        decoded.pages,
        decoded.keyframes,
        decoded.duration_s,
        engine,
        lambda name: read_image(media / name),
        lambda _part: None,
    )


def held(picture: Picture, seconds: float) -> Iterator[Picture]:
    return repeat(picture, round(seconds * FPS))


def assert_told(written: Written, *expected: tuple[str, float, float]) -> None:
    """The lines are these, to a third of a second, and keyframes have none of them once more."""
    told = [(line.text, line.start_s, line.end_s) for line in written.lines]
    assert [text for text, *_ in told] == [text for text, *_ in expected], told
    for (_, *times), (text, *right) in zip(told, expected, strict=True):
        assert times == pytest.approx(right, abs=0.35), (text, times)
    assert set(written.passing) <= {None}


def test_bullets_come_one_by_one(tmp_path: Path, engine: TextEngine) -> None:
    rows = ("Agenda for Monday", "", "Opening remarks", "", "Budget review")
    pictures = [slide(*rows[:shown]) for shown in (1, 3, 5)]
    frames = [frame for picture in pictures for frame in held(picture, 3)]
    assert_told(
        read(tmp_path, engine, frames),
        ("Agenda for Monday", 0, 9),
        ("Opening remarks", 3, 9),
        ("Budget review", 6, 9),
    )


def test_slides_that_differ_in_a_digit_are_two_and_one_may_come_back(
    tmp_path: Path, engine: TextEngine
) -> None:
    slides = {n: slide("Release notes", "", f"Version 1.{n}") for n in (2, 3)}
    frames = [frame for n in (2, 3, 2) for frame in held(slides[n], 3)]
    assert_told(
        read(tmp_path, engine, frames),
        ("Release notes", 0, 9),
        ("Version 1.2", 0, 3),
        ("Version 1.3", 3, 6),
        ("Version 1.2", 6, 9),
    )


def typing(done: tuple[str, ...], command: str) -> Iterator[Picture]:
    """A command that is typed below what was there, a letter each 0.2 s."""
    for length in range(len(command) + 1):
        yield from repeat(terminal(*done, "$ " + command[:length]), 2)


def test_of_a_command_that_is_typed_twice_there_are_two_whole_lines(
    tmp_path: Path, engine: TextEngine
) -> None:
    first = ("$ make harbour", "harbour is built")
    both = (*first, *first)
    frames = [
        *typing((), "make harbour"),
        *held(terminal(*first), 2),
        *typing(first, "make harbour"),
        *held(terminal(*both), 2),
    ]
    written = read(tmp_path, engine, frames)
    whole = [line for line in written.lines if line.text in both]
    assert [line.text for line in whole] == [*both]
    assert [line.end_s for line in whole] == pytest.approx([len(frames) / FPS] * 4)
    parts = [line.text for line in written.lines if line.text not in both]
    assert all(both[0].startswith(part) for part in parts)
    assert len(parts) <= 2


def test_lines_of_a_terminal_stand_until_they_scroll_off(
    tmp_path: Path, engine: TextEngine
) -> None:
    things = ("harbour", "lantern", "violin", "copper", "garden", "envelope", "window")
    rows = [f"{things[n % 7]} {things[(3 * n + 1) % 7]} {n + 10}" for n in range(NUM_ROWS + 5)]
    steps = range(1, len(rows) + 1)
    frames = [frame for n in steps for frame in held(terminal(*rows[:n]), 1.5)]
    frames += held(terminal(*rows), 1)
    end_s = 1.5 * len(rows) + 1
    assert_told(
        read(tmp_path, engine, frames),
        *((row, 1.5 * n, 1.5 * (n + NUM_ROWS) if n < 5 else end_s) for n, row in enumerate(rows)),
    )


def test_captions_over_a_film_stand_while_they_are_shown(
    tmp_path: Path, engine: TextEngine
) -> None:
    shown = (
        ("We must leave the harbour", 0.5, 3.0),
        ("Nobody saw the envelope", 3.0, 5.5),
        ("Close the garden gate", 6.5, 9.0),
        ("Close the garden gate", 11.0, 13.0),
    )

    def frames() -> Iterator[Picture]:
        for number in range(14 * 25):
            text = next((t for t, a, b in shown if a <= number / 25 < b), None)
            yield captioned(film(number), text) if text else film(number)

    assert_told(read(tmp_path, engine, frames(), fps=25), *shown)


def test_a_name_that_slides_in_is_told_as_a_whole(tmp_path: Path, engine: TextEngine) -> None:
    name, ground = "Dr. Martina Kessler", film(0)

    def frames() -> Iterator[Picture]:
        yield from repeat(ground, 25)
        for step in range(25):
            yield captioned(ground, name, left=40 - 12 * (25 - step))
        yield from repeat(captioned(ground, name, left=40), 75)
        yield from repeat(ground, 50)

    assert_told(read(tmp_path, engine, frames(), fps=25), (name, 2, 5))


def test_a_text_that_fades_in_and_out_is_one_line(tmp_path: Path, engine: TextEngine) -> None:
    ground = film(0)

    def frames() -> Iterator[Picture]:
        for number in range(8 * 25):
            part = min(1.0, max(0.0, (number / 25 - 1) / 1.5), max(0.0, (7 - number / 25) / 1.5))
            yield captioned(ground, "Harbour Museum, Bremen", part=part)

    (line,) = read(tmp_path, engine, frames(), fps=25).lines
    assert line.text == "Harbour Museum, Bremen"
    assert 1 < line.start_s < 2.5
    assert 5.5 < line.end_s < 7.1


def test_a_bar_of_progress_leaves_few_texts(tmp_path: Path, engine: TextEngine) -> None:
    frames = [
        frame
        for part in range(0, 100, 4)
        for frame in held(terminal("$ fetch harbour", f"fetched {part}% of the lantern"), 1)
    ]
    texts = [line.text for line in read(tmp_path, engine, frames).lines]
    assert texts[0] == "$ fetch harbour"
    assert 3 <= len(texts) <= 10
