"""Who is heard of several who speak: by the real speech model, in voices made by code."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from embeddings.registry.spaces import PROFILES
from embeddings.runtime import Runtime
from ingest.media.audio import TrackWriter, Voice
from ingest.media.decode import DecodeOptions, decode_file
from ingest.media.samples import SAMPLE_RATE, Room
from ingest.perception.hearing.sentences import Sentence
from ingest.perception.hearing.sound import Sound as Heard
from ingest.perception.hearing.speech import Transcriber
from ingest.perception.hearing.voices import hear
from tests.helpers.voices import (
    DRILLING,
    ORCHESTRA,
    OVEN,
    PLENTY,
    PRICES,
    TRAIN,
    WORDS,
    Part,
    Sound,
    Track,
    frames,
    music,
    noise,
    spoken,
    write_tracks,
)

QUIET = np.zeros(8 * SAMPLE_RATE, np.int16)


class Listener(Transcriber):
    """The speech model, which remembers how long it has listened."""

    listened_s = 0.0

    def transcribe(self, sound: Heard, on_progress: Callable[[float], None]) -> list[Sentence]:
        self.listened_s += len(sound) / SAMPLE_RATE
        return super().transcribe(sound, on_progress)


@pytest.fixture(scope="module")
def model(models: Path) -> Listener:
    return Listener(PROFILES["bundled"].speech, Runtime(models, num_threads=2))


@pytest.fixture
def listener(model: Listener) -> Listener:
    model.listened_s = 0.0
    return model


def heard(folder: Path, listener: Listener, *tracks: Sequence[Part]) -> list[Sentence]:
    """What is heard of sound tracks; all but the first are called "other"."""
    voices = []
    for number, parts in enumerate(tracks):
        writer = TrackWriter(folder, number, Room(PLENTY))
        for time_s, frame in frames(parts):
            writer.write(frame, time_s)
        mix, channels = writer.close()
        assert mix is not None
        voices.append(Voice("other" if number else None, mix, channels))
    return hear(folder, voices, listener, lambda _time_s: None)


def said(sentences: Sequence[Sentence]) -> list[tuple[int, str | None]]:
    """Which sentences of the sample were heard, and on which track; -1 for any other."""
    return sorted(
        (
            next((n for n, words in enumerate(WORDS) if words in s.text.lower()), -1),
            s.track,
        )
        for s in sentences
    )


def stereo(left: Sound, right: Sound) -> list[Part]:
    return [Part(np.stack([left, right]), "stereo", 48_000, "fltp")]


def mono(*sounds: Sound) -> list[Part]:
    return [Part(sound[np.newaxis]) for sound in sounds]


def many(num_channels: int, voices: dict[int, Sound], layout: str | None = None) -> list[Part]:
    """Channels of which all without a voice are of noise, each of its own."""
    channels = [voices.get(n, noise(8.0, seed=n)) for n in range(num_channels)]
    return [Part(np.stack(channels), layout)]


def test_a_voice_in_opposite_phase_is_heard(listener: Listener, tmp_path: Path) -> None:
    turned = -spoken(DRILLING)
    sentences = heard(tmp_path, listener, stereo(spoken(DRILLING), turned))
    assert said(sentences) == [(DRILLING, None)]
    assert (sentences[0].start_s, sentences[0].end_s) == pytest.approx((0.2, 4.7), abs=0.5)


@pytest.mark.parametrize("beside", [noise(8.0, 4000), music(8.0, 10_000)], ids=["noise", "music"])
def test_a_voice_on_one_channel_is_heard_beside_what_is_on_the_other(
    beside: Sound, listener: Listener, tmp_path: Path
) -> None:
    sentences = heard(tmp_path, listener, stereo(beside, spoken(TRAIN) // 3))
    assert said(sentences) == [(TRAIN, None)]


def test_two_who_speak_at_the_same_time_are_both_heard_and_apart_only_there(
    listener: Listener, tmp_path: Path
) -> None:
    """An hour's talk with one minute of two in it is no other recording."""
    parts = [
        *stereo(spoken(PRICES, 20), spoken(PRICES, 20)),
        *stereo(spoken(DRILLING), spoken(ORCHESTRA)),
        *stereo(spoken(OVEN), spoken(OVEN)),
    ]
    sentences = heard(tmp_path, listener, parts)
    assert said(sentences) == [
        (DRILLING, "left channel"),
        (PRICES, None),
        (ORCHESTRA, "right channel"),
        (OVEN, None),
    ]
    assert [int(s.start_s) for s in sentences if s.track is None] == [0, 28]


@pytest.mark.parametrize(("num_channels", "layout", "channel"), [(8, None, 3), (8, "7.1", 6)])
def test_a_voice_on_any_of_many_channels_is_heard(
    num_channels: int, layout: str | None, channel: int, listener: Listener, tmp_path: Path
) -> None:
    parts = many(num_channels, {channel: spoken(PRICES)}, layout)
    assert said(heard(tmp_path, listener, parts)) == [(PRICES, None)]


def test_a_voice_on_the_channel_of_low_tones_is_heard(listener: Listener, tmp_path: Path) -> None:
    """Mixes leave it out; some recorders put a microphone there."""
    parts = many(6, dict.fromkeys(range(6), QUIET) | {3: spoken(PRICES)}, "5.1")
    assert said(heard(tmp_path, listener, parts)) == [(PRICES, None)]


def wide_music() -> tuple[Sound, Sound]:
    voice = spoken(DRILLING) // 2
    return voice + music(8.0, 500, seed=1), voice + music(8.0, 500, seed=2)


def two_microphones(echo: float = 0.02) -> tuple[Sound, Sound]:
    """A voice in a room with echoes, from a little left of the middle."""
    random = np.random.default_rng(1)
    decay = np.exp(-np.arange(4000) / 600) * echo
    sides = []
    for delay in (0, 5):
        echoes = decay * random.standard_normal(4000)
        echoes[delay] = 1.0
        full = np.convolve(spoken(DRILLING) / 2.0, echoes)[: 8 * SAMPLE_RATE]
        sides.append((full + random.normal(0, 60, len(full))).astype(np.int16))
    return sides[0], sides[1]


@pytest.mark.parametrize("make", [wide_music, two_microphones])
def test_ordinary_stereo_is_listened_to_once(
    make: Callable[[], tuple[Sound, Sound]], listener: Listener, tmp_path: Path
) -> None:
    sentences = heard(tmp_path, listener, stereo(*make()))
    assert said(sentences) == [(DRILLING, None)]
    assert listener.listened_s == pytest.approx(8.0, abs=0.1)


def test_a_voice_in_a_church_is_on_no_channel_of_its_own(
    listener: Listener, tmp_path: Path
) -> None:
    """Two microphones that have little in common but the words."""
    sentences = heard(tmp_path, listener, stereo(*two_microphones(echo=0.08)))
    assert said(sentences) == [(DRILLING, None)]


def test_a_comment_over_the_softer_film_is_heard_and_the_film_not_again(
    listener: Listener, tmp_path: Path
) -> None:
    film = np.concatenate([spoken(PRICES), spoken(DRILLING), spoken(OVEN)])
    comment = np.concatenate([QUIET, spoken(ORCHESTRA), QUIET])
    with_comment = np.where(comment.any() & (np.arange(len(film)) // len(QUIET) == 1), 0.15, 1.0)
    mixed = (film * with_comment / 2 + comment / 2).astype(np.int16)
    sentences = heard(tmp_path, listener, mono(film), mono(mixed))
    assert said(sentences) == [
        (DRILLING, None),
        (PRICES, None),
        (ORCHESTRA, "other"),
        (OVEN, None),
    ]
    assert listener.listened_s < 24 + 8


def late(sound: Sound) -> list[Part]:
    """As another codec has it: later by its delay, softer, and with loss."""
    shifted = np.concatenate([np.zeros(700, np.int16), sound[:-700]]) // 2
    return mono(shifted + noise(8.0, 40))


def surround(sound: Sound) -> list[Part]:
    voices = {0: sound // 8, 1: sound // 8, 2: sound, 3: QUIET, 4: QUIET, 5: QUIET}
    return many(6, voices, "5.1")


def test_copies_silence_and_music_are_not_listened_to(listener: Listener, tmp_path: Path) -> None:
    voice = spoken(DRILLING)
    others = [late(voice), surround(voice), mono(QUIET), mono(music())]
    sentences = heard(tmp_path, listener, mono(voice), *others)
    assert said(sentences) == [(DRILLING, None)]
    assert listener.listened_s == pytest.approx(8.0, abs=0.1)


def test_the_same_words_at_the_same_time_are_heard_once(listener: Listener, tmp_path: Path) -> None:
    """Another recording of the same: nothing of the signal is the same."""
    faster = spoken(DRILLING)[: 5 * SAMPLE_RATE]
    places = np.arange(0, len(faster) - 1, 1.04)
    other = np.zeros_like(QUIET)
    other[: len(places)] = np.interp(places, np.arange(len(faster)), faster).astype(np.int16)
    sentences = heard(tmp_path, listener, mono(spoken(DRILLING)), mono(other))
    assert said(sentences) == [(DRILLING, None)]
    assert listener.listened_s > 10


def test_nothing_is_invented_of_channels_without_a_voice(
    listener: Listener, tmp_path: Path
) -> None:
    sounds = [noise(8.0, 3000, 5), music(8.0, 3000, 6), music(8.0, 2000, 7), noise(8.0, 500, 8)]
    tone = (8000 * np.sin(np.arange(len(QUIET)) / 7)).astype(np.int16)
    assert heard(tmp_path, listener, [Part(np.stack([*sounds, tone]), None)], mono(tone)) == []


def test_what_is_said_again_and_again_is_heard(listener: Listener, tmp_path: Path) -> None:
    """The speech model takes text that repeats itself for its own going round in circles."""
    again = [TRAIN, DRILLING, TRAIN, DRILLING]
    whole = mono(*(spoken(sentence, 4.7) for sentence in again))
    assert said(heard(tmp_path, listener, whole)) == [(DRILLING, None)] * 2 + [(TRAIN, None)] * 2


def test_sound_that_changes_its_form_is_heard_before_and_after(
    listener: Listener, tmp_path: Path
) -> None:
    voice = {4: spoken(OVEN), 5: spoken(OVEN)}
    parts = [
        Part(spoken(DRILLING)[np.newaxis], "mono", 44_100, "s16"),
        Part(np.repeat(spoken(TRAIN)[np.newaxis], 2, axis=0), "stereo", 48_000, "fltp"),
        *many(6, dict.fromkeys(range(6), QUIET) | voice, "5.1"),
    ]
    sentences = heard(tmp_path, listener, parts)
    assert [said([s]) for s in sentences] == [[(n, None)] for n in (DRILLING, TRAIN, OVEN)]
    assert [s.start_s for s in sentences] == pytest.approx([0.2, 8.8, 16.6], abs=0.7)


def test_a_file_with_two_texts_names_the_second_track(listener: Listener, tmp_path: Path) -> None:
    path = write_tracks(
        tmp_path / "two.mkv",
        [
            Track(spoken(DRILLING)[np.newaxis]),
            Track(
                np.repeat(spoken(DRILLING)[np.newaxis], 2, axis=0), "stereo", "ac3", language="fre"
            ),
            Track(spoken(TRAIN)[np.newaxis], title="Commentary", language="eng"),
        ],
    )
    options = DecodeOptions(max_pixels=10**6, max_duration_s=100.0)
    decoded = decode_file(path, tmp_path / "media", options, lambda _part: None)
    sentences = hear(tmp_path / "media", decoded.voices, listener, lambda _time_s: None)
    assert said(sentences) == [(DRILLING, None), (TRAIN, "Commentary (en)")]
