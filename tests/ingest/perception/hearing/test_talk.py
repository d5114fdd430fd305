"""Where somebody speaks, and the stretches that are listened to."""

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.media.samples import SAMPLE_RATE
from ingest.perception.hearing.talk import Piece, Stretch, pieces_of, stretches_of
from tests.helpers.speaking import ENGLISH, GERMAN, Mono, said, silence, talk
from tests.helpers.voices import music, noise


def waveform(samples: Mono) -> npt.NDArray[np.float32]:
    return samples.astype(np.float32) / np.float32(32768)


def seconds(samples: Mono) -> float:
    """How long somebody speaks in a sound."""
    return sum(len(piece) for piece in pieces_of(waveform(samples))) / SAMPLE_RATE


def telephone(samples: Mono) -> Mono:
    """Only what passes through one: 300 to 3400 Hz."""
    tones = np.fft.rfft(samples.astype(float))
    rates = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)
    tones[(rates < 300) | (rates > 3400)] = 0
    return np.fft.irfft(tones, len(samples)).astype(np.int16)


def hum() -> Mono:
    times = np.arange(20 * SAMPLE_RATE) / SAMPLE_RATE
    waves = 3000 * np.sin(2 * np.pi * 50 * times) + 800 * np.sin(2 * np.pi * 150 * times)
    return waves.astype(np.int16)


def drums() -> Mono:
    random = np.random.default_rng(4)
    beat = random.standard_normal(SAMPLE_RATE // 4) * np.exp(-np.arange(SAMPLE_RATE // 4) / 400)
    return np.tile((9000 * beat).astype(np.int16), 80)


@pytest.mark.parametrize(
    "sound",
    [
        silence(20),
        noise(20.0, 3000),
        noise(20.0, 20),
        music(20.0),
        music(20.0, 500, 7),
        hum(),
        drums(),
    ],
    ids=["silence", "noise", "soft noise", "music", "soft music", "hum", "drums"],
)
def test_nobody_speaks_in_silence_noise_and_music(sound: Mono) -> None:
    assert seconds(sound) == 0


@pytest.mark.parametrize("voice", ["en-us", "de"])
def test_somebody_is_heard_softly_by_telephone_and_over_music(voice: str) -> None:
    clear = talk((ENGLISH if voice == "en-us" else GERMAN, voice))
    over_music = clear // 2 + music(len(clear) / SAMPLE_RATE + 1, 500)[: len(clear)]
    for sound in (clear // 100, telephone(clear), over_music.astype(np.int16)):
        assert seconds(sound) > 0.85 * seconds(clear)


def test_a_single_word_among_music_is_heard() -> None:
    word = said("Stop!")
    sound = np.concatenate([music(10.0), silence(1), word, silence(1), music(10.0)])
    (piece,) = pieces_of(waveform(sound))
    assert piece.first <= 11.1 * SAMPLE_RATE
    assert len(piece) < len(word) + SAMPLE_RATE


@st.composite
def spoken(draw: st.DrawFn) -> list[Piece]:
    lengths = st.tuples(st.integers(0, 40_000), st.integers(1, 300_000))
    pieces, now = [], 0
    for pause, length in draw(st.lists(lengths, min_size=1, max_size=40)):
        pieces.append(Piece(now + pause, now + pause + length))
        now += pause + length
    return pieces


@settings(deadline=None, max_examples=100)
@given(spoken())
def test_stretches_hold_all_pieces_in_order_and_none_is_too_long_for_whisper(
    pieces: list[Piece],
) -> None:
    stretches = stretches_of(pieces)
    assert [piece for stretch in stretches for piece in stretch.pieces] == pieces
    assert all(len(s) <= 28 * SAMPLE_RATE for s in stretches if len(s.pieces) > 1)
    assert all(len(one) + len(two) > 14 * SAMPLE_RATE for one, two in pairwise(stretches))


def test_a_stretch_ends_at_the_longest_pause_of_its_second_half() -> None:
    starts = (0, 5, 10, 15.5, 20, 25)
    pieces = [Piece(int(s * SAMPLE_RATE), int((s + 4.9) * SAMPLE_RATE)) for s in starts]
    assert [len(stretch.pieces) for stretch in stretches_of(pieces)] == [3, 3]


@settings(deadline=None, max_examples=100)
@given(spoken(), st.floats(0, 700), st.floats(0, 5))
def test_a_word_is_placed_within_one_piece(
    pieces: list[Piece], start_s: float, length_s: float
) -> None:
    first, last = Stretch(tuple(pieces)).place(start_s, start_s + length_s)
    assert any(piece.first <= first <= last <= piece.last for piece in pieces)


def test_what_is_left_out_between_pieces_counts_in_the_times_of_words() -> None:
    stretch = Stretch((Piece(1000, 1000 + SAMPLE_RATE), Piece(90_000, 90_000 + SAMPLE_RATE)))
    assert stretch.place(0.5, 0.6) == (1000 + 8000, 1000 + 9600)
    expected: Any = (90_000 + 8000, pytest.approx(90_000 + 9600))
    assert stretch.place(1.5, 1.6) == expected
