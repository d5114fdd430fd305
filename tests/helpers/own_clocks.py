"""Films of two colours whose files go by clocks of their own, made by code, with their rows."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from database.settings import DatabaseSettings
from database.videos.records import FileRecord, VideoRecord
from tests.helpers.media import SIZE, Picture, solid, tone
from tests.helpers.records import file, video
from tests.helpers.stamps import joined
from tests.helpers.strange import put_still

EPOCH_S = 1_700_000_000.0
DAY_S = 86_400.0
RED, BLUE = (200, 30, 30), (30, 30, 200)
"""What is shown from 0 to 2 s, and from 2 to 4 s, when somebody speaks at 2.5 s."""
_FPS, _RATE, _FRAME = 10, 48_000, 960
_Stamp = Callable[[float], float]


def begins_in_1970(folder: Path) -> tuple[Path, VideoRecord]:
    """A live recording that counts from 1970."""
    path = write_at(folder / "epoch.mkv", lambda time_s: EPOCH_S + time_s)
    return path, _row("epoch", (0.0, EPOCH_S))


def jumps_a_day(folder: Path) -> tuple[Path, VideoRecord]:
    """A recording that was left and taken up a day later."""
    path = write_at(folder / "jump.mkv", lambda time_s: time_s + DAY_S * (time_s >= 2))
    return path, _row("jump", (0.0, 0.0), (2.0, DAY_S + 2))


def starts_again(folder: Path) -> tuple[Path, VideoRecord]:
    """Two recordings joined byte by byte."""
    halves = [
        write_at(folder / f"half {number}.mkv", lambda time_s: time_s, [colour], 2.0)
        for number, colour in enumerate((RED, BLUE))
    ]
    return joined(folder / "again.mkv", halves), _row("again", (0.0, 0.0), (2.0, 0.0))


def put_row(settings: DatabaseSettings, path: Path, row: VideoRecord) -> FileRecord:
    """The file of a film as an ingest would have seen it, with its still."""
    put_still(settings.keyframes_dir, row.title)
    status = path.stat()
    return replace(file(path), size_bytes=status.st_size, mtime_ns=status.st_mtime_ns)


def write_at(
    path: Path,
    stamp_of: _Stamp,
    colours: Iterable[tuple[int, int, int]] = (RED, BLUE),
    seconds: float = 4.0,
) -> Path:
    """A film of colours of 2 s each, and of a tone, whose stamps are what `stamp_of` says."""
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("libx264", _FPS)
        pictures.width, pictures.height, pictures.pix_fmt = *SIZE, "yuv420p"
        pictures.gop_size = 5
        pictures.options = {"preset": "ultrafast", "tune": "zerolatency"}
        sound = container.add_stream("libopus", _RATE, layout="mono")
        packets: list[Any] = [
            *_encode(pictures, _frames(colours)),
            *_encode(sound, _sounds(seconds)),
        ]
        for packet in sorted(packets, key=lambda each: each.dts * each.time_base):
            time_s = float(max(packet.pts, 0) * packet.time_base)
            packet.pts = packet.dts = round(stamp_of(time_s) / packet.time_base)
            container.mux(packet)
    return path


def _encode(stream: Any, frames: Iterable[Any]) -> "list[av.Packet[Any]]":
    packets = [packet for frame in frames for packet in stream.encode(frame)]
    return [*packets, *stream.encode(None)]


def _frames(colours: Iterable[tuple[int, int, int]]) -> Iterable[av.VideoFrame]:
    shown: list[Picture] = [solid(*colour) for colour in colours for _ in range(2 * _FPS)]
    for number, picture in enumerate(shown):
        frame = av.VideoFrame.from_ndarray(picture, "rgb24")
        frame.pts, frame.time_base = number, Fraction(1, _FPS)
        yield frame


def _sounds(seconds: float) -> Iterable[av.AudioFrame]:
    samples = np.repeat(tone(seconds), 3)[np.newaxis]
    for at in range(0, samples.shape[1] - _FRAME + 1, _FRAME):
        part = np.ascontiguousarray(samples[:, at : at + _FRAME])
        frame = av.AudioFrame.from_ndarray(part, "s16", "mono")
        frame.sample_rate, frame.pts, frame.time_base = _RATE, at, Fraction(1, _RATE)
        yield frame


def _row(title: str, *clock: tuple[float, float]) -> VideoRecord:
    return replace(
        video(title), container="matroska", audio_codec="libopus", clock=clock, frame_rate=10.0
    )
