"""Sound as it is listened to: passages, their times, and the windows of a long one."""

import time

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.media.samples import SAMPLE_RATE
from ingest.perception.hearing.sound import WINDOW_S, Passage, Sound, windows


def of(samples: np.ndarray[tuple[int], np.dtype[np.int16]]) -> Sound:
    return Sound([Passage(samples, 0.0)])


def counted(*parts: tuple[float, float]) -> Sound:
    """A sound of which every sample is its time in hundredths of a second."""
    return Sound(
        Passage((np.arange(round(100 * s), round(100 * e)).repeat(160)).astype(np.int16), s)
        for s, e in parts
    )


def test_a_short_recording_is_one_window() -> None:
    assert list(windows(of(np.ones(10 * SAMPLE_RATE, np.int16)))) == [(0, 10 * SAMPLE_RATE)]


def test_a_window_ends_in_the_quietest_place_near_its_end() -> None:
    sound = np.full(round((WINDOW_S + 60) * SAMPLE_RATE), 1000, np.int16)
    quiet_s = WINDOW_S - 8
    sound[round(quiet_s * SAMPLE_RATE) : round((quiet_s + 0.8) * SAMPLE_RATE)] = 0
    sound[: round(5 * SAMPLE_RATE)] = 0
    _, end = next(windows(of(sound)))
    assert quiet_s < end / SAMPLE_RATE < quiet_s + 0.8


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 2**32 - 1), st.floats(1, 1000))
def test_windows_cover_a_recording_and_are_never_longer_than_their_limit(
    seed: int, seconds: float
) -> None:
    random = np.random.default_rng(seed)
    sound = of(np.repeat(random.integers(-9000, 9000, round(seconds * 10), np.int16), 1600))
    reached = 0
    for first, last in windows(sound):
        assert first == reached
        assert first < last <= first + WINDOW_S * SAMPLE_RATE
        reached = last
    assert reached == len(sound)


def test_passages_follow_one_another_and_keep_their_times() -> None:
    sound = counted((1.0, 2.0), (10.0, 12.0))
    assert len(sound) == 3 * SAMPLE_RATE
    assert sound.time_of(0.5 * SAMPLE_RATE) == 1.5
    assert sound.time_of(SAMPLE_RATE) == 10.0
    assert sound.time_of(3 * SAMPLE_RATE) == 12.0
    assert (
        sound.samples(SAMPLE_RATE - 160, SAMPLE_RATE + 160).tolist() == [199] * 160 + [1000] * 160
    )


def test_where_nothing_is_heard_is_silence() -> None:
    heard = counted((1.0, 2.0), (10.0, 12.0)).between(0.5, 11.0).reshape(-1, 160)[:, 0]
    assert not heard[:50].any()
    assert heard[50:150].tolist() == list(range(100, 200))
    assert not heard[150:950].any()
    assert heard[950:].tolist() == list(range(1000, 1100))


def test_a_span_never_goes_over_a_gap() -> None:
    spans = list(counted((1.0, 2.0), (3600.0, 3603.0)).spans(8000, 3 * SAMPLE_RATE, 1.5))
    assert spans == [(1.5, 2.0), (3600.0, 3601.5), (3601.5, 3602.0)]


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.integers(1, 20), min_size=2, max_size=12),
    st.lists(st.integers(1, 20), min_size=2, max_size=12),
)
def test_what_is_cut_is_all_that_is_heard_in_the_spans(gaps: list[int], cuts: list[int]) -> None:
    edges, marks = (np.cumsum(lengths) / 10 for lengths in (gaps, cuts))
    parts = list(zip(edges[::2], edges[1::2], strict=False))
    spans = list(zip(marks[::2], marks[1::2], strict=False))
    whole = counted(*parts).between(0.0, 30.0)
    right = np.zeros_like(whole)
    for start_s, end_s in spans:
        inside = slice(round(start_s * SAMPLE_RATE), round(end_s * SAMPLE_RATE))
        right[inside] = whole[inside]
    assert np.array_equal(Sound(counted(*parts).cut(spans)).between(0.0, 30.0), right)


def test_a_day_with_a_gap_each_second_takes_no_time() -> None:
    second = np.ones(100, np.int16)
    started = time.process_time()
    sound = Sound(Passage(second, float(n)) for n in range(86_400))
    cut = Sound(sound.cut([(float(n), n + 0.5) for n in range(86_400)]))
    for n in range(0, len(cut), 100):
        assert cut.time_of(n) == n / 100
        cut.samples(n, n + 100)
        cut.between(n / 100, n / 100 + 0.01)
    assert time.process_time() - started < 10
