"""Pages are turned where writing comes or goes, when it does, and nowhere else."""

from collections.abc import Callable, Iterable
from typing import Any

import av
import cv2
import numpy as np
import pytest

from embeddings.encoder import Image
from ingest.scenes.pages import Change, PageTracker, Turned
from tests.helpers.boards import LINES, board

FPS = 25
SCENERY = cv2.resize(
    np.random.default_rng(7).integers(60, 190, (30, 160, 3), np.uint8),
    (2560, 360),
    interpolation=cv2.INTER_CUBIC,
)


def turned(pictures: Iterable[Image], fps: float = FPS, end_s: float | None = None) -> list[Turned]:
    """The pages of a film of these pictures; the last is shown until `end_s`."""
    tracker, pages, time_s = PageTracker(), [], 0.0
    for number, picture in enumerate(pictures):
        time_s = number / fps
        frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format="yuv420p")
        pages += tracker.feed(time_s, frame)
    return pages + tracker.finish(end_s if end_s is not None else time_s + 1 / fps)


def held(*pictures: Image, seconds: float = 3.0, fps: float = FPS) -> list[Image]:
    return [picture for picture in pictures for _ in range(round(seconds * fps))]


def new(pages: Iterable[Turned]) -> list[Turned]:
    return [page for page in pages if page.is_new]


def since(pages: Iterable[Turned]) -> list[Any]:
    """When what is new on each page came."""
    return [pytest.approx(min(change.since_s for change in p.changes), abs=0.1) for p in pages]


def covers(change: Change, row_px: int, height_px: int = 360) -> bool:
    return change.box[1] <= row_px / height_px <= change.box[3]


def moving_scenery(number: int) -> Image:
    """A film under way, without writing: it moves three pixels a picture."""
    return np.ascontiguousarray(SCENERY[:, 3 * number : 3 * number + 640])


def captioned(picture: Image, text: str) -> Image:
    for colour, width in (((0, 0, 0), 6), ((255, 255, 255), 2)):
        cv2.putText(picture, text, (60, 330), cv2.FONT_HERSHEY_SIMPLEX, 1.0, colour, width)
    return picture


def test_each_line_that_is_added_turns_a_page_at_its_place() -> None:
    boards = [board(*LINES[:count]) for count in (1, 2, 3, 4)]
    pages = turned(held(*boards))
    assert since(pages) == [0.0, 3.0, 6.0, 9.0]
    assert all(page.is_new and page.slide_s is None for page in pages)
    for row_px, page in zip((46, 110, 174, 238), pages, strict=True):
        (change,) = page.changes
        assert covers(change, row_px)
        assert change.box[3] - change.box[1] < 0.25  # the lines before are as they were


def test_captions_over_a_film_under_way_turn_pages_when_they_come() -> None:
    texts = ("We left at dawn", "The storm came soon", "Nobody saw the ice")
    pictures = [
        captioned(moving_scenery(number), text)
        for text, first in zip(texts, (0, 50, 100), strict=True)
        for number in range(first, first + 50)
    ]
    pages = new(turned(pictures))
    came = [change.since_s for p in pages for change in p.changes if covers(change, 322)]
    for start_s in (0.0, 2.0, 4.0):
        assert any(abs(since_s - start_s) < 0.15 for since_s in came)
    assert all(page.slide_s is None for page in pages)


def test_a_film_without_writing_turns_no_page_that_is_to_be_read() -> None:
    assert not new(turned(moving_scenery(number) for number in range(150)))


def test_writing_that_goes_turns_a_page_on_which_nothing_is_new() -> None:
    pages = turned(held(board(LINES[0], LINES[1]), board(LINES[0])))
    assert [page.is_new for page in pages] == [True, False]
    (change,) = pages[1].changes
    assert covers(change, 110)
    assert not covers(change, 46)
    assert change.since_s == pytest.approx(3.0, abs=0.1)


def test_a_line_that_is_typed_is_told_once_it_is_whole() -> None:
    line = LINES[2]
    steps = [board(line[:count]) for count in range(1, len(line) + 1)]
    pages = new(turned(held(*steps, seconds=0.08) + held(steps[-1])))
    assert len(pages) <= 2  # one at the end, and one when it has been typed for two seconds
    assert pages[-1].time_s == pytest.approx(0.08 * len(steps), abs=0.6)


def test_what_is_shown_for_a_fifth_of_a_second_is_a_page() -> None:
    ground = board()
    pictures = held(ground) + held(board(LINES[3]), seconds=0.2) + held(ground)
    (page,) = new(turned(pictures))
    assert 3.0 <= page.time_s < 3.2
    assert since([page]) == [3.0]


@pytest.mark.parametrize("fps", [0.2, 1, 2, 5, 30])
def test_slides_are_pages_at_any_rate_of_pictures(fps: float) -> None:
    boards = [board(*LINES[:3]), board(*LINES[2:]), board(LINES[1], LINES[0], LINES[4])]
    pictures = held(*boards, seconds=5.0, fps=fps)
    pages = new(turned(pictures, fps, end_s=15.0))
    assert since(pages) == [0.0, 5.0, 10.0]
    assert [page.slide_s for page in pages] == [None, pytest.approx(5.0), pytest.approx(10.0)]


def test_a_clock_that_ticks_turns_no_page_each_second() -> None:
    clocks = [board("", "", f"12:03:{second:02d}", size_px=14) for second in range(12)]
    assert len(turned(held(*clocks, seconds=1.0))) <= 4


def test_compression_and_noise_turn_no_page() -> None:
    noise = np.random.default_rng(3)
    slide = board(*LINES).astype(np.int16)

    def noisy() -> Image:
        return np.clip(slide + noise.normal(0, 2, slide.shape), 0, 255).astype(np.uint8)

    assert len(turned(noisy() for _ in range(150))) <= 2


def rolling(step_px: int) -> Callable[[int], Image]:
    tall = np.vstack([board(), board(*LINES), board(*LINES[::-1]), board()])

    def picture(number: int) -> Image:
        top = min(step_px * number, len(tall) - 360)
        return np.ascontiguousarray(tall[top : top + 360])

    return picture


@pytest.mark.parametrize("step_px", [1, 3, 6])
def test_credits_that_roll_are_read_before_they_are_gone(step_px: int) -> None:
    pictures = map(rolling(step_px), range(1080 // step_px))
    times = [page.time_s for page in new(turned(pictures))]
    crossing_s = 360 / step_px / FPS
    steps = np.diff([0.0, *times, 1080 / step_px / FPS])
    assert steps.max() <= crossing_s
    assert not any(page.slide_s for page in turned(map(rolling(step_px), range(300))))


def test_a_terminal_that_scrolls_is_no_change_of_slides() -> None:
    lines = [f"{number} {LINES[number % 5]}" for number in range(12)]
    boards = [board(*lines[number : number + 5]) for number in range(6)]
    pages = turned(held(*boards, seconds=2.0))
    came = [change.since_s for page in new(pages) for change in page.changes]
    for start_s in (0.0, 2.0, 4.0, 6.0, 8.0, 10.0):
        assert any(abs(since_s - start_s) < 0.25 for since_s in came)
    assert not any(page.slide_s for page in pages)


def test_what_comes_just_before_the_end_is_read() -> None:
    pages = new(turned(held(board(LINES[0])) + held(board(*LINES[:2]), seconds=0.3)))
    assert since(pages) == [0.0, 3.0]


@pytest.mark.parametrize("num_pictures", [1, 2, 5, 8, 20])
def test_pictures_of_another_size_end_what_was_written_before(num_pictures: int) -> None:
    """However shortly before the size something came."""
    came_s, turned_s = 2.0, 2.0 + num_pictures / FPS
    wide = held(board(LINES[0]), seconds=came_s) + [board(*LINES[:2])] * num_pictures
    high = [np.ascontiguousarray(np.vstack([board(LINES[3]), board()])[:, :480])] * 50
    pages = turned([*wide, *high])
    (end,) = (p for p in pages if p.changes[0].box == (0.0, 0.0, 1.0, 1.0) and not p.is_new)
    assert end.changes[0].gone_s == pytest.approx(turned_s, abs=0.08)
    assert since(new(pages))[-1] == turned_s
    assert all(page.time_s < turned_s for page in pages[: pages.index(end)])


def test_a_digit_that_changes_is_new() -> None:
    boards = [board("", f"Page {number} of the album", size_px=48) for number in range(4)]
    assert since(new(turned(held(*boards, seconds=5.0, fps=0.2), 0.2, end_s=20.0))) == [
        0.0, 5.0, 10.0, 15.0,
    ]  # fmt: skip


def test_two_words_after_a_crowded_photograph_have_come_when_they_did() -> None:
    crowd = np.random.default_rng(3).integers(0, 255, (90, 160), np.uint8)
    crowd = cv2.resize(crowd, (640, 360), interpolation=cv2.INTER_NEAREST)
    slide = np.full((360, 640, 3), 200, np.uint8)
    cv2.putText(slide, "Guest network", (45, 54), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (118,) * 3, 2)
    photograph = cv2.cvtColor(crowd, cv2.COLOR_GRAY2RGB)
    pages = turned([*held(photograph), *held(slide)])
    (change,) = (c for page in pages for c in page.changes if page.time_s > 3 and covers(c, 54))
    assert change.came_s == pytest.approx(3.0, abs=0.1)
