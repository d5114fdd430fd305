"""Pages of channels: none that differs from the mix is lost, and each has its time."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.media.audio import TrackWriter
from ingest.media.samples import SAMPLE_RATE, Room
from ingest.perception.hearing.sound import Sound
from tests.helpers.voices import PLENTY, Part, frames, noise

Step = tuple[bool, float, float]
"""Whether the channels differ, for how long, and the gap before."""


def stereo(*, differs: bool, seconds: float, seed: int) -> Part:
    left = noise(seconds, seed=2 * seed)
    return Part(np.stack([left, noise(seconds, seed=2 * seed + 1) if differs else left]), "stereo")


@settings(deadline=None, max_examples=20)
@given(
    st.lists(
        st.tuples(st.booleans(), st.floats(0.3, 25), st.sampled_from([0.0, 0.05, 1.0, 5.0])),
        min_size=1,
        max_size=8,
    )
)
def test_no_channel_that_differs_for_two_seconds_is_lost(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Step]
) -> None:
    folder = tmp_path_factory.mktemp("sound")
    writer = TrackWriter(folder, 0, Room(PLENTY))
    right: list[tuple[float, Part]] = []
    for seed, (differs, seconds, gap_s) in enumerate(steps):
        start_s = writer.end_s + gap_s
        part = stereo(differs=differs, seconds=seconds, seed=seed)
        for time_s, frame in frames([part], length=1777):
            writer.write(frame, start_s + time_s)
        if differs and seconds >= 2:
            right.append((start_s if gap_s > 0.1 or seed == 0 else start_s - gap_s, part))
    _, channels = writer.close()
    assert set(channels) == ({"left channel", "right channel"} if channels else set())
    for start_s, part in right:
        for name, sound in zip(("left channel", "right channel"), part.sound, strict=True):
            whole = Sound.of(folder, channels[name])
            heard = whole.between(start_s, start_s + len(sound) / SAMPLE_RATE)
            size = min(len(heard), len(sound)) - 2
            offsets = [
                int(np.abs(heard[1 : 1 + size].astype(int) - sound[n : n + size]).max())
                for n in range(3)
                if n + size <= len(sound)
            ]
            assert min(offsets) <= 1


def test_an_hour_of_channels_that_differ_takes_no_more_memory_than_a_minute(
    tmp_path: Path,
) -> None:
    frame = next(iter(frames([stereo(differs=True, seconds=1, seed=1)], length=16_000)))[1]
    peaks = []
    for num_seconds in (60, 3600):
        writer = TrackWriter(tmp_path, num_seconds, Room(PLENTY))
        tracemalloc.start()
        for second in range(num_seconds):
            writer.write(frame, float(second))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        mix, channels = writer.close()
        assert mix is not None
        assert channels["left channel"].end_s == pytest.approx(num_seconds)
    assert peaks[1] < peaks[0] + 1_000_000
