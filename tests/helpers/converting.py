"""Segments of a recording put together as a player does, and recordings to make them of."""

from collections.abc import Iterable
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np

from ingest.playing.fmp4 import split
from tests.helpers.marked_films import SOUND_RATE, Wave, wave


def joined(segments: Iterable[bytes]) -> BytesIO:
    """What a player has: the head of the first, and the fragments of all."""
    parts = [split(segment) for segment in segments]
    return BytesIO(parts[0][0] + b"".join(media for _, media in parts))


def noise_of(heard: Wave, start_s: float, piece_s: float = 0.02) -> list[float]:
    """How far each piece of a sound, of volume 0.3, is from what it should be."""
    # A mix of two channels that hold the same is louder than each of them.
    off = np.abs(heard / np.sqrt(2) - wave(start_s, len(heard)))
    piece = round(piece_s * SOUND_RATE)
    return [float(off[at : at + piece].max()) for at in range(0, len(off) - piece, piece)]


def write_sound(
    path: Path,
    *,
    rate: int = SOUND_RATE,
    layout: str = "stereo",
    stretches_s: Iterable[tuple[float, float]] = ((0.0, 6.0),),
    picture_s: float = 0.0,
) -> Path:
    """A recording whose sound is the wave of marked films in each stretch, and nothing between,
    in each channel; with a grey picture at 25 frames a second for so long."""
    with av.open(str(path), "w") as container:
        sound: Any = container.add_stream("pcm_s16le", rate=rate)
        sound.layout = layout
        packets: list[Any] = _greys(container, picture_s) if picture_s else []
        for start_s, end_s in stretches_s:
            packets += _sounds(sound, rate, layout, start_s, end_s)
        for packet in sorted(packets, key=lambda each: each.dts * each.time_base):
            container.mux(packet)
    return path


def _greys(container: Any, seconds: float) -> list[Any]:
    film = container.add_stream("libx264", rate=25, width=320, height=180)
    packets = []
    for number in range(round(seconds * 25)):
        frame = av.VideoFrame.from_ndarray(np.full((180, 320), 90, np.uint8), "gray")
        frame = frame.reformat(format="yuv420p")
        frame.pts, frame.time_base = number, Fraction(1, 25)
        packets += film.encode(frame)
    return [*packets, *film.encode(None)]


def _sounds(stream: Any, rate: int, layout: str, start_s: float, end_s: float) -> list[Any]:
    times = np.arange(round(start_s * rate), round(end_s * rate)) / rate
    steps = wave(0.0, round((end_s + 0.1) * SOUND_RATE))
    samples = np.interp(times * SOUND_RATE, np.arange(len(steps)), steps)
    packets = []
    for at in range(0, len(samples), 1024):
        piece = (samples[at : at + 1024] * 32767).astype(np.int16)
        channels = av.AudioLayout(layout).nb_channels
        frame = av.AudioFrame.from_ndarray(piece.repeat(channels)[None], "s16", layout)
        frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
        frame.pts = round(start_s * rate) + at
        packets += stream.encode(frame)
    return packets
