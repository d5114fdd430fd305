"""The file's own clock: stamps by times, as far as a stamp is of one moment."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from database.videos.file_clock import PRESENTED, FileClock

EPOCH_S, DAY_S = 1_700_000_000.0, 86_400.0


def test_stamps_follow_the_clock_from_where_it_begins_and_where_it_jumps() -> None:
    assert FileClock.of([(0.0, EPOCH_S)]).stamp_of(4.5) == EPOCH_S + 4.5
    jumps = FileClock.of([(0.0, 5.0), (9.0, DAY_S), (20.0, 3 * DAY_S)])
    times = [jumps.stamp_of(time_s) for time_s in (0.0, 8.5, 9.0, 10.0, 21.0)]
    assert times == [5.0, 13.5, DAY_S, DAY_S + 1, 3 * DAY_S + 1]
    assert jumps.clear_until_s == math.inf


def test_a_moment_ends_before_the_clock_jumps() -> None:
    jumps = FileClock.of([(0.0, 0.0), (9.0, DAY_S)])
    assert jumps.stamp_of(9.0, is_end=True) == 9.0
    assert jumps.stamp_of(9.5, is_end=True) == DAY_S + 0.5
    assert jumps.stamp_of(0.0, is_end=True) == 0.0


@pytest.mark.parametrize(
    ("pairs", "until_s"),
    [
        ([(0.0, 0.0), (9.0, 0.0)], 9.0),
        ([(0.0, 0.0), (5.0, DAY_S), (9.0, 3.0)], 9.0),
        ([(0.0, 100.0), (9.0, 108.5)], 9.0),
        ([(0.0, 0.0), (0.0, DAY_S)], 0.0),
        ([(0.0, 100.0), (9.0, 108.95)], math.inf),
    ],
)
def test_where_stamps_come_again_the_clock_is_not_clear(
    pairs: list[tuple[float, float]], until_s: float
) -> None:
    assert FileClock.of(pairs).clear_until_s == until_s


def test_players_count_from_zero_where_stamps_begin_below_it() -> None:
    assert FileClock.of([(0.0, -30.0), (9.0, DAY_S)]).pairs == ((0.0, 0.0), (9.0, DAY_S + 30))


def test_a_file_whose_stamps_are_the_times_has_nothing_to_tell() -> None:
    assert FileClock.of(None) == PRESENTED
    assert PRESENTED.to_json() is None
    assert PRESENTED.stamp_of(4.7404) == 4.7404


steps = st.lists(st.tuples(st.floats(0.5, 1e4), st.floats(-1e5, 1e5)), min_size=1, max_size=6)


@given(steps, st.floats(0, 1e5))
def test_later_moments_have_later_stamps_as_long_as_the_clock_is_clear(
    given_steps: list[tuple[float, float]], start_s: float
) -> None:
    pairs = [(0.0, start_s)]
    for length_s, jump_s in given_steps:
        time_s, stamp_s = pairs[-1]
        pairs.append((time_s + length_s, max(0.0, stamp_s + length_s + jump_s)))
    clock = FileClock.of(pairs)
    until_s = min(clock.clear_until_s, pairs[-1][0] + 1e3)
    times = [until_s * part / 50 for part in range(50)]
    stamps = [clock.stamp_of(time_s) for time_s in times]
    assert all(after > before - 0.11 for before, after in pairwise(stamps))
