"""Sound on disk: its form may change, its times stay."""

import wave
from collections.abc import Iterable
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.subtitles import plays
from ingest.media.audio import TrackWriter, Voices
from ingest.media.container import Track
from ingest.media.decode import DecodeOptions, decode_file
from ingest.media.samples import SAMPLE_RATE, Room, Samples, Stretch
from tests.helpers.media import audio_frame, silence, tone
from tests.helpers.voices import PLENTY, Part, frames, noise, spoken

Times = Iterable[tuple[float, av.AudioFrame]]


def written(folder: Path, heard: Times) -> tuple[Samples, dict[str, Samples]]:
    writer = TrackWriter(folder, 0, Room(PLENTY))
    for time_s, frame in heard:
        writer.write(frame, time_s)
    mix, channels = writer.close()
    assert mix is not None
    return mix, channels


def samples_of(folder: Path, samples: Samples) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    heard = np.fromfile(folder / samples.file, np.int16)
    assert len(heard) == samples.num_samples
    return heard


def test_sound_without_gaps_is_one_stretch(tmp_path: Path) -> None:
    mix, _ = written(tmp_path, [(0.5 + second, audio_frame(tone(1.0))) for second in range(3)])
    assert mix.stretches == [Stretch(0, 0.5)]
    assert mix.end_s == pytest.approx(3.5, abs=0.01)


def test_a_short_gap_is_filled_with_silence(tmp_path: Path) -> None:
    mix, _ = written(tmp_path, [(0.0, audio_frame(tone(1.0))), (2.5, audio_frame(tone(1.0)))])
    assert mix.stretches == [Stretch(0, 0.0)]
    assert mix.end_s == pytest.approx(3.5, abs=0.01)
    heard = samples_of(tmp_path, mix)
    assert not heard[round(1.1 * SAMPLE_RATE) : round(2.4 * SAMPLE_RATE)].any()
    assert heard[round(2.6 * SAMPLE_RATE) :].any()


@pytest.mark.parametrize("later_s", [60.0, 10 * 3600.0])
def test_a_long_gap_starts_a_new_stretch_and_takes_no_room(later_s: float, tmp_path: Path) -> None:
    mix, _ = written(tmp_path, [(0.0, audio_frame(tone(1.0))), (later_s, audio_frame(tone(1.0)))])
    assert [stretch.time_s for stretch in mix.stretches] == [0.0, later_s]
    assert mix.end_s == pytest.approx(later_s + 1, abs=0.01)
    assert len(samples_of(tmp_path, mix)) == pytest.approx(2 * SAMPLE_RATE, rel=0.01)


def test_sound_that_lasts_longer_than_its_stamps_say_does_not_drift(tmp_path: Path) -> None:
    mix, _ = written(tmp_path, [(0.7 * n, audio_frame(tone(1.0))) for n in range(20)])
    assert mix.end_s == pytest.approx(0.7 * 19 + 1, abs=0.1)


def test_silence_is_sound(tmp_path: Path) -> None:
    mix, _ = written(tmp_path, [(0.0, audio_frame(silence(1.0)))])
    assert mix.num_samples == SAMPLE_RATE


def test_no_sound_is_no_voice(tmp_path: Path) -> None:
    voices = Voices(tmp_path, PLENTY)
    assert (voices.end_s, voices.close([Track(0, "aac")])) == (0.0, [])


@pytest.mark.parametrize("num_samples", [1, 20, 100])
def test_a_sound_of_a_few_samples_is_heard_or_is_none(num_samples: int, tmp_path: Path) -> None:
    writer = TrackWriter(tmp_path, 0, Room(PLENTY))
    writer.write(audio_frame(np.ones(num_samples, np.int16), rate=48_000), 0.0)
    mix, _ = writer.close()
    assert mix is None or (mix.stretches and len(samples_of(tmp_path, mix)))


FORMS = [
    ("mono", 44_100, "s16"),
    ("mono", 48_000, "fltp"),
    ("stereo", 24_000, "fltp"),
    ("stereo", 48_000, "s16p"),
    ("5.1", 48_000, "fltp"),
    (None, 32_000, "s32"),
]


@settings(deadline=None, max_examples=15)
@given(st.lists(st.sampled_from(FORMS), min_size=2, max_size=5))
def test_sound_that_changes_its_form_goes_on_at_its_time(
    tmp_path_factory: pytest.TempPathFactory, forms: list[tuple[str | None, int, str]]
) -> None:
    folder = tmp_path_factory.mktemp("sound")
    parts = []
    for layout, rate, kind in forms:
        num_channels = av.AudioLayout(layout).nb_channels if layout else 5
        sound = np.repeat(tone(1.0)[np.newaxis], num_channels, axis=0)
        sound[:, : SAMPLE_RATE // 2] = 0
        parts.append(Part(sound, layout, rate, kind))
    mix, channels = written(folder, frames(parts))
    assert mix.end_s == pytest.approx(len(forms), abs=0.02)
    assert not channels
    heard = samples_of(folder, mix).astype(np.float32)
    loud = np.abs(heard[: len(forms) * SAMPLE_RATE]).reshape(-1, SAMPLE_RATE // 4).mean(axis=1)
    pattern = (loud.reshape(-1, 4) > 500).tolist()
    assert pattern == [[False, False, True, True]] * len(forms)


@pytest.mark.parametrize("layout", ["mono", "stereo", "5.1"])
def test_the_mix_is_that_of_ffmpeg_to_the_bit(layout: str, tmp_path: Path) -> None:
    num_channels = av.AudioLayout(layout).nb_channels
    sound = np.stack([noise(3.0, seed=n) for n in range(num_channels)])
    heard = [frame for _, frame in frames([Part(sound, layout, 48_000, "fltp")])]
    resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
    right = [r.to_ndarray()[0] for frame in [*heard, None] for r in resampler.resample(frame)]
    mix, _ = written(tmp_path, ((n * 1000 / 16000, frame) for n, frame in enumerate(heard)))
    assert np.array_equal(samples_of(tmp_path, mix), np.concatenate(right))


def test_channels_that_the_mix_holds_are_not_written(tmp_path: Path) -> None:
    voice = spoken(0) // 2
    wide = np.stack([voice + noise(8.0, 20, seed=n) for n in range(2)])
    assert written(tmp_path, frames([Part(wide, "stereo")]))[1] == {}
    one_side = np.stack([voice, np.zeros_like(voice)])
    assert written(tmp_path, frames([Part(one_side, "stereo")]))[1] == {}


@pytest.mark.parametrize("num_channels", [2, 3, 4, 6, 8, 9, 16])
def test_channels_that_differ_are_written_at_their_times(num_channels: int, tmp_path: Path) -> None:
    layout = "stereo" if num_channels == 2 else None
    alike = np.repeat(noise(60.0)[np.newaxis], num_channels, axis=0)
    apart = np.stack([noise(5.0, seed=n) for n in range(num_channels)])
    parts = [Part(alike, layout), Part(apart, layout), Part(alike, layout)]
    mix, channels = written(tmp_path, frames(parts))
    assert mix.end_s == pytest.approx(125.0, abs=0.01)
    assert len(channels) == num_channels
    for number, samples in enumerate(channels.values()):
        assert 40 <= samples.start_s <= 60
        assert 65 <= samples.end_s <= 85
        first = round((60 - samples.start_s) * SAMPLE_RATE)
        heard = samples_of(tmp_path, samples)[first : first + 5 * SAMPLE_RATE]
        assert np.abs(heard.astype(int) - apart[number]).max() <= 1


def test_tracks_have_names_for_people_and_those_that_go_on_have_none(tmp_path: Path) -> None:
    tracks = [
        Track(0, "aac"),
        Track(1, "aac", language="eng", title="Commentary"),
        Track(2, "aac", language="ger"),
        Track(3, "aac", language="deu"),
        Track(4, "aac", title="Mic"),
        Track(5, "aac", language="und"),
        Track(6, "aac", language="eng"),
    ]
    voices = Voices(tmp_path, PLENTY)
    for number in range(6):
        voices.write(number, audio_frame(tone(2.0)), 0.0)
    voices.write(6, audio_frame(tone(2.0)), 2.0)
    assert [voice.track for voice in voices.close(tracks)] == [
        None,
        "Commentary (en)",
        "German",
        "German, track 4",
        "Mic",
        "track 6",
        None,
    ]


@pytest.mark.parametrize("title", ["director channel", "right channel", "channel 2"])
def test_no_track_is_called_like_a_channel_of_the_first(title: str, tmp_path: Path) -> None:
    voices = Voices(tmp_path, PLENTY)
    for number in range(2):
        voices.write(number, audio_frame(tone(2.0)), 0.0)
    heard = voices.close([Track(0, "aac"), Track(1, "aac", title=title)])
    assert [voice.track for voice in heard] == [None, f"{title}, track 2"]
    assert [plays(voice.track) for voice in heard] == [True, False]


def test_what_others_than_the_first_track_take_on_disk_is_bounded_and_told(tmp_path: Path) -> None:
    """Of a recording of 20 kB: five minutes of six channels that differ, and a second track."""
    voices = Voices(tmp_path, 20_000)
    loud = Part(np.stack([noise(300.0, seed=n) for n in range(6)]), "5.1")
    for time_s, frame in frames([loud], length=16_000):
        voices.write(0, frame, time_s)
        voices.write(1, audio_frame(tone(1.0)), time_s)
    assert voices.left_out == [
        "from 70.0 s on, not all tracks and channels of the sound are heard: they need more than"
        " 16 MB of disk, too much for a file of this size"
    ]
    first, second = voices.close([Track(0, "pcm"), Track(1, "pcm")])
    assert first.mix.num_samples == pytest.approx(300 * SAMPLE_RATE)
    assert second.mix.end_s == pytest.approx(80.0, abs=10.0)
    written = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert written < 2 * first.mix.num_samples + (16 << 20)


def test_a_long_recording_of_many_channels_is_heard_whole(tmp_path: Path) -> None:
    """Coded as small as speech ever is: 3 kB a second for all channels."""
    voices = Voices(tmp_path, 300 * 3000)
    loud = Part(np.stack([noise(300.0, seed=n) for n in range(6)]), "5.1")
    for time_s, frame in frames([loud], length=16_000):
        voices.write(0, frame, time_s)
        voices.write(1, audio_frame(tone(1.0)), time_s)
    assert not voices.left_out
    first, second = voices.close([Track(0, "opus"), Track(1, "opus")])
    assert all(part.end_s == pytest.approx(300.0) for part in first.channels.values())
    assert second.mix.end_s == pytest.approx(300.0)


def test_a_few_bytes_that_claim_many_channels_do_not_fill_the_disk(tmp_path: Path) -> None:
    path, folder = tmp_path / "tiny.wav", tmp_path / "media"
    with wave.open(str(path), "wb") as file:
        file.setparams((64, 2, 50, 0, "NONE", ""))
        file.writeframes(noise(20 * 50 * 64 / SAMPLE_RATE).tobytes())
    options = DecodeOptions(max_pixels=10**6, max_duration_s=100.0)
    decoded = decode_file(path, folder, options, lambda _part: None)
    assert decoded.duration_s == pytest.approx(20.0, abs=1.0)
    assert sum(path.stat().st_size for path in folder.iterdir()) < 20_000_000
    assert decoded.partial_reason is not None
    assert "not all tracks and channels of the sound are heard" in decoded.partial_reason
