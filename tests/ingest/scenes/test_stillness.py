"""A picture stands still as long as nothing in it changes for good."""

import numpy as np
import pytest

from ingest.scenes.scene import Span
from ingest.scenes.stillness import Stillness
from ingest.scenes.thumbnails import Picture
from tests.helpers.media import blend, solid

SIZE = (48, 27)
BEFORE, AFTER = solid(60, 90, 120, SIZE), solid(60, 130, 120, SIZE)


def watched(pictures: list[Picture], fps: float) -> Stillness:
    stillness = Stillness()
    for number, picture in enumerate(pictures):
        stillness.feed(number / fps, picture)
    return stillness


@pytest.mark.parametrize("fps", [0.1, 1, 5, 25])
def test_a_picture_stands_still_until_another_comes(fps: float) -> None:
    stillness = watched([BEFORE] * round(40 * fps) + [AFTER] * round(40 * fps), fps)
    assert stillness.last == Span(0.0, 40.0)
    assert stillness.since_s == 40.0


def test_of_pictures_that_are_all_others_each_stands_still_for_itself() -> None:
    pictures = [solid(60, 40 * number, 120, SIZE) for number in range(1, 5)]
    stillness = watched(pictures, 1 / 40)
    assert (stillness.last, stillness.since_s) == (Span(40.0, 80.0), 80.0)


def test_a_short_time_without_a_change_is_none_that_counts() -> None:
    stillness = watched([BEFORE] * 20 + [AFTER] * 20, 1)
    assert (stillness.last, stillness.since_s) == (None, 20.0)


def test_a_frame_that_is_coded_anew_or_flashes_changes_nothing() -> None:
    coarser = np.clip(BEFORE.astype(int) + 20, 0, 255).astype(np.uint8)
    stillness = watched(([BEFORE] * 124 + [coarser]) * 8, 25)
    assert (stillness.last, stillness.since_s) == (None, 0.0)


def test_one_cell_that_changes_is_a_change() -> None:
    line = BEFORE.copy()
    line[20, 10:14] += 30
    assert watched([BEFORE] * 50 + [line] * 50, 1).last == Span(0.0, 50.0)


def test_what_changes_slowly_does_not_stand_still() -> None:
    slow = [blend(solid(0, 0, 0, SIZE), solid(200, 200, 200, SIZE), n / 1500) for n in range(1500)]
    stillness = watched(slow, 25)
    assert stillness.last is None
    assert stillness.since_s > 50
