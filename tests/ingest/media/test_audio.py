"""Sound on disk, and the time of every sample of it."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from ingest.media.audio import SAMPLE_RATE, AudioWriter, Stretch, time_of
from tests.helpers.media import audio_frame, silence, tone


def samples_of(path: Path) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    return np.fromfile(path, np.int16)


def test_time_runs_on_within_a_stretch_and_jumps_to_the_next() -> None:
    stretches = [Stretch(0, 1.0), Stretch(SAMPLE_RATE, 10.0)]
    assert time_of(stretches, 0) == 1.0
    assert time_of(stretches, SAMPLE_RATE / 2) == 1.5
    assert time_of(stretches, SAMPLE_RATE) == 10.0
    assert time_of(stretches, 3 * SAMPLE_RATE) == 12.0


def test_sound_without_gaps_is_one_stretch(tmp_path: Path) -> None:
    path = tmp_path / "audio.s16"
    with AudioWriter(path) as audio:
        for second in range(3):
            audio.write(audio_frame(tone(1.0)), 0.5 + second)
    assert audio.stretches == [Stretch(0, 0.5)]
    assert audio.end_s == pytest.approx(3.5, abs=0.01)
    assert len(samples_of(path)) == audio.num_samples


def test_a_short_gap_is_filled_with_silence(tmp_path: Path) -> None:
    path = tmp_path / "audio.s16"
    with AudioWriter(path) as audio:
        audio.write(audio_frame(tone(1.0)), 0.0)
        audio.write(audio_frame(tone(1.0)), 2.5)
    assert audio.stretches == [Stretch(0, 0.0)]
    assert audio.end_s == pytest.approx(3.5, abs=0.01)
    heard = samples_of(path)
    assert not heard[round(1.1 * SAMPLE_RATE) : round(2.4 * SAMPLE_RATE)].any()
    assert heard[round(2.6 * SAMPLE_RATE) :].any()


@pytest.mark.parametrize("later_s", [60.0, 10 * 3600.0])
def test_a_long_gap_starts_a_new_stretch_and_takes_no_room(later_s: float, tmp_path: Path) -> None:
    path = tmp_path / "audio.s16"
    with AudioWriter(path) as audio:
        audio.write(audio_frame(tone(1.0)), 0.0)
        audio.write(audio_frame(tone(1.0)), later_s)
    assert [stretch.time_s for stretch in audio.stretches] == [0.0, later_s]
    assert audio.end_s == pytest.approx(later_s + 1, abs=0.01)
    assert path.stat().st_size == pytest.approx(2 * 2 * SAMPLE_RATE, rel=0.01)


def test_any_rate_and_layout_becomes_mono_at_sixteen_kilohertz(tmp_path: Path) -> None:
    path = tmp_path / "audio.s16"
    stereo = np.zeros((2, 48_000), np.float32)
    stereo[0] = 0.5
    frame = av.AudioFrame.from_ndarray(stereo, "fltp", "stereo")
    frame.sample_rate = 48_000
    frame.time_base = Fraction(1, 48_000)
    with AudioWriter(path) as audio:
        audio.write(frame, 0.0)
    heard = samples_of(path)
    assert len(heard) == pytest.approx(SAMPLE_RATE, rel=0.01)
    assert heard[SAMPLE_RATE // 2] == pytest.approx(0.25 * 32768, rel=0.02)


def test_silence_is_sound(tmp_path: Path) -> None:
    with AudioWriter(tmp_path / "audio.s16") as audio:
        audio.write(audio_frame(silence(1.0)), 0.0)
    assert audio.num_samples == SAMPLE_RATE


def test_no_sound_ends_at_zero(tmp_path: Path) -> None:
    with AudioWriter(tmp_path / "audio.s16") as audio:
        pass
    assert (audio.end_s, audio.stretches) == (0.0, [])


@pytest.mark.parametrize("num_samples", [1, 20, 100])
def test_a_sound_of_a_few_samples_is_heard_or_is_none(num_samples: int, tmp_path: Path) -> None:
    path = tmp_path / "audio.s16"
    with AudioWriter(path) as audio:
        audio.write(audio_frame(np.ones(num_samples, np.int16), rate=48_000), 0.0)
    assert len(samples_of(path)) == audio.num_samples
    assert bool(audio.num_samples) == bool(audio.stretches)
