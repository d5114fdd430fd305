"""The time of every sample on disk."""

import time

from ingest.media.samples import SAMPLE_RATE, Stretch, time_of


def test_time_runs_on_within_a_stretch_and_jumps_to_the_next() -> None:
    stretches = [Stretch(0, 1.0), Stretch(SAMPLE_RATE, 10.0)]
    assert time_of(stretches, 0) == 1.0
    assert time_of(stretches, SAMPLE_RATE / 2) == 1.5
    assert time_of(stretches, SAMPLE_RATE) == 10.0
    assert time_of(stretches, 3 * SAMPLE_RATE) == 12.0


def test_a_day_with_a_gap_each_second_takes_no_time() -> None:
    stretches = [Stretch(n * SAMPLE_RATE, 3.0 * n) for n in range(86_400)]
    started = time.process_time()
    times = [time_of(stretches, n * SAMPLE_RATE) for n in range(86_400)]
    assert time.process_time() - started < 5
    assert times[-1] == 3.0 * 86_399
