"""Videos and sounds made by code, with known content."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import repeat
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
"""RGB [H, W, 3]."""
Sound = npt.NDArray[np.int16]
"""Mono samples at AUDIO_RATE."""

AUDIO_RATE = 16_000
SIZE = (320, 180)
_CODECS = {
    ".mp4": ("libx264", "aac"),
    ".mkv": ("libx264", "aac"),
    ".webm": ("libvpx", "libopus"),
    ".m4a": ("", "aac"),
    ".wav": ("", "pcm_s16le"),
}


def solid(red: int, green: int, blue: int, size: tuple[int, int] = SIZE) -> Picture:
    """One colour."""
    return np.full((size[1], size[0], 3), (red, green, blue), np.uint8)


def drawn(seed: int, size: tuple[int, int] = SIZE) -> Picture:
    """Overlapping blocks of random colours; each seed is another picture."""
    random = np.random.default_rng(seed)
    red, green, blue = random.integers(0, 256, 3).tolist()
    picture = solid(red, green, blue, size)
    for _ in range(12):
        left, top = (int(random.integers(0, side)) for side in size)
        width, height = (int(random.integers(side // 8, side // 2)) for side in size)
        colour = random.integers(0, 256, 3).tolist()
        cv2.rectangle(picture, (left, top), (left + width, top + height), colour, -1)
    return picture


def blend(first: Picture, second: Picture, share: float) -> Picture:
    """`share` (0 to 1) of the way from `first` to `second`."""
    return cv2.addWeighted(first, 1 - share, second, share, 0)


def dissolve(first: Picture, second: Picture, num_frames: int) -> list[Picture]:
    """The frames of a dissolve."""
    return [blend(first, second, (i + 1) / (num_frames + 1)) for i in range(num_frames)]


def tone(seconds: float, hertz: float = 440.0) -> Sound:
    """A sine wave."""
    times = np.arange(round(seconds * AUDIO_RATE)) / AUDIO_RATE
    return (8000 * np.sin(2 * np.pi * hertz * times)).astype(np.int16)


def silence(seconds: float) -> Sound:
    """Digital silence."""
    return np.zeros(round(seconds * AUDIO_RATE), np.int16)


def make_video(
    path: Path, pictures: Sequence[Picture], seconds_each: float = 1.0, **options: object
) -> Path:
    """A film that shows each picture for `seconds_each`; options as `write_video` takes them."""
    fps = options.get("fps", 25)
    assert isinstance(fps, int)
    frames = [frame for p in pictures for frame in repeat(p, round(seconds_each * fps))]
    return write_video(path, frames, **options)  # type: ignore[arg-type]


def write_video(
    path: Path,
    frames: Iterable[Picture],
    *,
    fps: int = 25,
    iframe_every: int = 12,
    audio: Sound | None = None,
    title: str | None = None,
    codecs: tuple[str, str] | None = None,
) -> Path:
    """A film of these frames; the suffix of `path` chooses container and codecs, if these are not
    given."""
    video_codec, audio_codec = codecs or _CODECS[path.suffix]
    with av.open(str(path), "w") as container:
        if title is not None:
            container.metadata["title"] = title
        frames = list(frames)
        if frames:
            video: Any = container.add_stream(video_codec, fps)
            video.height, video.width = frames[0].shape[:2]
            video.pix_fmt = "yuv420p"
            video.gop_size = iframe_every
            video.options = {"preset": "ultrafast", "threads": "1", "cpu-used": "8"}
            if video_codec == "libx265":
                video.codec_context.codec_tag = "hvc1"
                video.options = {"preset": "ultrafast", "x265-params": "log-level=none:pools=1"}
        if audio is not None:
            rate = 48_000 if audio_codec == "ac3" else AUDIO_RATE
            sound: Any = container.add_stream(audio_codec, rate, layout="mono")
        for frame in frames:
            container.mux(video.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        if frames:
            container.mux(video.encode(None))
        if audio is not None:
            samples = av.AudioFrame.from_ndarray(audio[np.newaxis], "s16", "mono")
            samples.sample_rate = AUDIO_RATE
            container.mux(sound.encode(samples))
            container.mux(sound.encode(None))
    return path


def write_sound(path: Path, audio: Sound) -> Path:
    """A recording without pictures."""
    return write_video(path, [], audio=audio)


def cut(source: Path, path: Path, start_s: float, end_s: float) -> Path:
    """The part of a film from an I-frame on, its packets as they are."""
    with av.open(str(source)) as film, av.open(str(path), "w") as part:
        streams = {s.index: part.add_stream_from_template(s) for s in film.streams}
        packets: Any = film.demux()
        for packet in packets:
            if packet.dts is None or not start_s <= packet.pts * packet.time_base < end_s:
                continue
            offset = round(start_s / packet.time_base)
            packet.pts, packet.dts = packet.pts - offset, packet.dts - offset
            packet.stream = streams[packet.stream.index]
            part.mux(packet)
    return path


def frames_at(path: Path, times_s: Sequence[float]) -> list[Picture]:
    """The frames of a film that are shown at these times, which are in order."""
    pictures: list[Any] = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            if len(pictures) < len(times_s) and frame.time >= times_s[len(pictures)] - 1e-6:
                pictures.append(frame.to_ndarray(format="rgb24"))
    return pictures


def audio_frame(sound: Sound, rate: int = AUDIO_RATE) -> av.AudioFrame:
    """Samples as a decoder gives them."""
    frame = av.AudioFrame.from_ndarray(sound[np.newaxis], "s16", "mono")
    frame.sample_rate = rate
    frame.time_base = Fraction(1, rate)
    return frame
