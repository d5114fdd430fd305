"""Films in any codec whose every frame says its number, and whose sound says its time."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.uint8]
"""Luma [H, W]."""
Wave = npt.NDArray[np.float32]
"""Mono samples in [-1, 1] at SOUND_RATE."""

SOUND_RATE = 48_000
_BITS = 12
_START_HZ, _RISE_HZ = 300.0, 40.0
_LOUDNESS = 0.3


@dataclass(frozen=True)
class Recipe:
    """A film that is to be made; the suffix of its path names the container."""

    picture: str | None = "libx264"
    """An encoder of FFmpeg; None for a recording of sound alone."""
    sounds: Sequence[str] = ("aac",)
    """The encoder of each sound track; the second one is the first, an octave higher."""
    seconds: float = 8.0
    rate: Fraction = Fraction(25)
    size: tuple[int, int] = (320, 180)
    """Width and height in pixels, as coded."""
    pixel_format: str = "yuv420p"
    iframe_every: int = 50
    frame_times_s: Sequence[float] | None = None
    """Of a film with a varying rate: when each frame begins; by default they follow at `rate`."""
    turned: int = 0
    """Degrees, 90, 180 or 270, that a player turns the picture by, clockwise."""
    timecode: str | None = None
    """Of the first frame, such as 01:00:00:00, or 01:00:00;00 for drop frame."""
    languages: Sequence[str] = ()
    """Of the sound tracks, such as eng."""
    options: dict[str, str] = field(default_factory=dict)
    """Of the picture's encoder."""

    @property
    def num_frames(self) -> int:
        """How many pictures there are."""
        if self.frame_times_s is not None:
            return len(self.frame_times_s)
        return round(self.seconds * self.rate)

    def time_of(self, number: int) -> float:
        """When a frame begins, in seconds."""
        return (
            float(number / self.rate) if self.frame_times_s is None else self.frame_times_s[number]
        )


def write_marked(path: Path, recipe: Recipe | None = None) -> Path:
    """Makes the film, and returns its path."""
    recipe = recipe or Recipe()
    with _as_scheduled(), av.open(str(path), "w") as container:
        picture = _add_picture(container, recipe) if recipe.picture else None
        sounds = [_add_sound(container, name) for name in recipe.sounds]
        for stream, language in zip(sounds, recipe.languages, strict=False):
            stream.metadata["language"] = language
        packets = [*_pictures(picture, recipe)] if picture else []
        for number, stream in enumerate(sounds):
            packets += _sounds(stream, recipe.seconds, number)
        # Interleaved, as recorders do; a muxer holds back only so much.
        for packet in sorted(packets, key=lambda each: each.dts * each.time_base):
            container.mux(packet)
    return path


@contextlib.contextmanager
def _as_scheduled() -> Iterator[None]:
    """The place of this process among others, kept: SVT-AV1 gives root's real-time priority, which
    all that the tests start later would have, and the machine would stand still."""
    policy, priority = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, priority)


def write_joined(path: Path, *films: Path) -> Path:
    """All streams of some films side by side in one file, those of the first film first."""
    with contextlib.ExitStack() as opened:
        target = opened.enter_context(av.open(str(path), "w"))
        packets: list[tuple[Any, Any]] = []
        for film in films:
            source = opened.enter_context(av.open(str(film)))
            streams = {s.index: target.add_stream_from_template(s) for s in source.streams}
            for packet in source.demux():
                if packet.dts is not None:
                    packets.append((packet, streams[packet.stream.index]))
        for packet, stream in sorted(packets, key=lambda each: each[0].dts * each[0].time_base):
            packet.stream = stream
            target.mux(packet)
    return path


def numbered(number: int, size: tuple[int, int] = (320, 180)) -> Plane:
    """The luma of a frame: its number in bits, as columns of the upper half, over a wall of grey
    that gets brighter with the number."""
    width, height = size
    plane = np.full((height, width), 60 + number * 7 % 120, np.uint8)
    for bit in range(_BITS):
        left, right = bit * width // _BITS, (bit + 1) * width // _BITS
        plane[: height // 2, left:right] = 235 if number >> bit & 1 else 16
    return plane


def number_of(luma: Plane) -> int:
    """The number of a decoded frame, whatever its size; it lies as it was made."""
    height, width = luma.shape
    row = luma[height // 8 : height * 3 // 8]
    middles = [int((bit + 0.5) * width / _BITS) for bit in range(_BITS)]
    reach = max(1, width // _BITS // 5)
    bits = [row[:, middle - reach : middle + reach].mean() > 125 for middle in middles]
    return sum(1 << bit for bit in range(_BITS) if bits[bit])


def wave(start_s: float, num_samples: int, track: int = 0) -> Wave:
    """What is heard from `start_s` on: a tone that rises all the time, so that no two places sound
    the same."""
    times = (start_s + np.arange(num_samples) / SOUND_RATE) * (1 if track == 0 else 2)
    phase = 2 * np.pi * (_START_HZ * times + _RISE_HZ / 2 * times**2)
    return (_LOUDNESS * np.sin(phase)).astype(np.float32)


def frames_of(source: Any) -> list[tuple[float, int]]:
    """(time_s by its stamp, number) of each frame of a path or an open file, in order of time."""
    with av.open(source) as container:
        frames = [*container.decode(video=0)]
        return sorted(
            (float(frame.pts * frame.time_base), number_of(_luma(frame))) for frame in frames
        )


def sound_of(source: Any, track: int = 0) -> tuple[float, Wave]:
    """(time_s of the first sample by its stamp, all samples) of a path or an open file; gaps and
    overlaps between frames are an error."""
    resampler = av.AudioResampler("flt", "mono", SOUND_RATE)
    pieces: list[Wave] = []
    start_s = next_s = None
    with av.open(source) as container:
        for frame in container.decode(audio=track):
            time_s = float(cast(int, frame.pts) * frame.time_base)
            start_s = time_s if start_s is None else start_s
            assert next_s is None or abs(time_s - next_s) < 0.001, (time_s, next_s)
            next_s = time_s + frame.samples / frame.sample_rate
            pieces += [each.to_ndarray()[0] for each in resampler.resample(frame)]
        pieces += [each.to_ndarray()[0] for each in resampler.resample(None)]
    assert start_s is not None
    return start_s, np.concatenate(pieces)


def lag_s(heard: Wave, start_s: float, track: int = 0, reach_s: float = 0.3) -> float:
    """How much later than it should a piece of sound is heard that claims to begin at `start_s`:
    where it fits best, within `reach_s` of there."""
    reach = round(reach_s * SOUND_RATE)
    wanted = wave(start_s - reach_s, len(heard) + 2 * reach, track)
    fits = np.correlate(wanted, heard, "valid")
    return (reach - int(np.argmax(fits))) / SOUND_RATE


def _luma(frame: av.VideoFrame) -> Plane:
    return cast(Plane, frame.to_ndarray(format="gray"))


def _add_picture(container: Any, recipe: Recipe) -> Any:
    stream = container.add_stream(recipe.picture, rate=recipe.rate, options=recipe.options)
    stream.width, stream.height = recipe.size
    stream.pix_fmt = recipe.pixel_format
    stream.gop_size = recipe.iframe_every
    if recipe.frame_times_s is not None:
        stream.codec_context.time_base = Fraction(1, 90_000)
    if recipe.turned:
        turns = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}
        a, b, c, d = (each << 16 for each in turns[recipe.turned])
        stream.set_display_matrix([a, b, 0, c, d, 0, 0, 0, 1 << 30])
    if recipe.timecode:
        stream.metadata["timecode"] = recipe.timecode
    return stream


def _add_sound(container: Any, name: str) -> Any:
    stream = container.add_stream(name, rate=SOUND_RATE)
    stream.layout = "stereo"
    return stream


def _pictures(stream: Any, recipe: Recipe) -> list[Any]:
    packets = []
    base = Fraction(stream.codec_context.time_base or 1 / recipe.rate)
    for number in range(recipe.num_frames):
        frame = av.VideoFrame.from_ndarray(numbered(number, recipe.size), format="gray")
        frame = frame.reformat(format=recipe.pixel_format)
        frame.pts, frame.time_base = round(recipe.time_of(number) / base), base
        packets += stream.encode(frame)
    return [*packets, *stream.encode(None)]


def _sounds(stream: Any, seconds: float, track: int) -> list[Any]:
    samples = np.repeat(wave(0.0, round(seconds * SOUND_RATE), track)[None], 2, axis=0)
    resampler = av.AudioResampler(
        stream.format, stream.layout, SOUND_RATE, frame_size=stream.frame_size
    )
    packets = []
    for start in range(0, samples.shape[1], 1024):
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples[:, start : start + 1024]), "fltp", "stereo"
        )
        frame.sample_rate, frame.pts, frame.time_base = SOUND_RATE, start, Fraction(1, SOUND_RATE)
        for each in resampler.resample(frame):
            packets += stream.encode(each)
    for each in resampler.resample(None):
        packets += stream.encode(each)
    return [*packets, *stream.encode(None)]
