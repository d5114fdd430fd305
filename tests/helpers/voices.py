"""Recordings of several voices, made by code of the five sentences of the sample."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from tests.helpers.commands import TOUR
from tests.helpers.media import AUDIO_RATE

Sound = npt.NDArray[np.int16]
"""Samples [channels, n] at AUDIO_RATE."""

PLENTY = 1 << 30
"""Bytes of a file that may take any room on disk."""
DRILLING, PRICES, TRAIN, ORCHESTRA, OVEN = range(5)
"""What is said in the sample."""
WORDS = ("granite", "stock prices", "train to the coast", "orchestra", "potatoes")
"""Of each sentence, in small letters."""
_PARTS_S = ((0.0, 5.3), (6.7, 13.4), (13.8, 19.0), (20.8, 26.4), (33.8, 40.0))


@cache
def _whole() -> npt.NDArray[np.int16]:
    resampler = av.AudioResampler(format="s16", layout="mono", rate=AUDIO_RATE)
    with av.open(str(TOUR)) as film:
        heard = [resampled for f in film.decode(audio=0) for resampled in resampler.resample(f)]
    return np.concatenate([frame.to_ndarray()[0] for frame in heard])


def spoken(sentence: int, seconds: float = 8.0) -> npt.NDArray[np.int16]:
    """A sentence of the sample [n], and silence after it."""
    start_s, end_s = _PARTS_S[sentence]
    said = _whole()[round(start_s * AUDIO_RATE) : round(end_s * AUDIO_RATE)]
    heard = np.zeros(round(seconds * AUDIO_RATE), np.int16)
    heard[: len(said)] = said[: len(heard)]
    return heard


def noise(seconds: float = 8.0, level: float = 2500.0, seed: int = 1) -> npt.NDArray[np.int16]:
    """White noise [n]."""
    random = np.random.default_rng(seed)
    return (level * random.standard_normal(round(seconds * AUDIO_RATE))).astype(np.int16)


def music(seconds: float = 8.0, level: float = 2500.0, seed: int = 1) -> npt.NDArray[np.int16]:
    """Chords of four notes [n], another each half second."""
    random = np.random.default_rng(seed)
    times = np.arange(AUDIO_RATE // 2) / AUDIO_RATE
    chords = []
    for _ in range(round(2 * seconds)):
        notes = 110.0 * 2 ** (random.choice(24, 4, replace=False) / 12)
        waves = [
            np.sin(2 * np.pi * note * times * part) / part for note in notes for part in (1, 2, 3)
        ]
        chords.append(np.sum(waves, axis=0) * np.exp(-3 * times))
    return (level * np.concatenate(chords)).clip(-32000, 32000).astype(np.int16)


@dataclass(frozen=True)
class Part:
    """Sound of one form; `layout` None is that of as many channels without places."""

    sound: Sound
    layout: str | None = "mono"
    rate: int = AUDIO_RATE
    format: str = "s16p"


def frames(parts: Iterable[Part], length: int = 1000) -> Iterable[tuple[float, av.AudioFrame]]:
    """Frames as a decoder gives them, one part after the other, and their times."""
    time_s = 0.0
    for part in parts:
        layout = part.layout or f"{len(part.sound)} channels"
        resampler = av.AudioResampler(format=part.format, layout=layout, rate=part.rate)
        resampled: list[av.AudioFrame] = []
        for first in range(0, part.sound.shape[1], length):
            piece = np.ascontiguousarray(part.sound[:, first : first + length].T).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(piece, "s16", layout)
            frame.sample_rate = AUDIO_RATE
            frame.time_base = Fraction(1, AUDIO_RATE)
            resampled += resampler.resample(frame)
        for frame in [*resampled, *(f for f in resampler.resample(None) if f is not None)]:
            yield time_s, frame
            time_s += frame.samples / frame.sample_rate


@dataclass(frozen=True)
class Track:
    """A sound track of a file."""

    sound: Sound
    layout: str = "mono"
    codec: str = "aac"
    title: str | None = None
    language: str | None = None


def write_tracks(path: Path, tracks: Sequence[Track]) -> Path:
    """A recording without pictures, of several sound tracks."""
    with av.open(str(path), "w") as container:
        streams = []
        for track in tracks:
            stream: Any = container.add_stream(track.codec, 48_000, layout=track.layout)
            if track.title:
                stream.metadata["title"] = track.title
            if track.language:
                stream.metadata["language"] = track.language
            streams.append(stream)
        for stream, track in zip(streams, tracks, strict=True):
            for _, frame in frames([Part(track.sound, track.layout)]):
                frame.pts = None
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    return path
