"""Frames of a video at given times, read again after its decode pass: what clips are made of.

Used by an ingest and by a backfill alike, so both make the same vectors. Runs in a child process.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer

from embeddings.encoder import Clip, Image
from ingest.errors import VideoUnreadable
from ingest.media.container import open_media, probe
from ingest.scenes.keyframes import upright, write_jpeg

FRAMES_PER_CLIP = 16
"""What VideoMAE takes; TimeSformer takes every other one of them."""
SHORT_SIDE_PX = 256
_MAX_DECODE_ERRORS = 500


def read_clips(
    path: Path,
    spans: Sequence[tuple[float, float]],
    max_pixels: int,
    report: Callable[[float], None],
) -> list[Clip]:
    """For each span [start_s, end_s), in order, the frames in the middles of its equal parts:
    RGB uint8 [FRAMES_PER_CLIP, h, w, 3], the shorter side of at most SHORT_SIDE_PX.

    Raises VideoUnreadable.
    """
    times = [time_s for span in spans for time_s in _clip_times(*span)]
    frames = frames_shown(path, times, max_pixels)
    clips = []
    for number, _ in enumerate(spans, start=1):
        first = next(frames)
        size = _small_size(first)
        rest = (next(frames) for _ in range(FRAMES_PER_CLIP - 1))
        clips.append(np.stack([_small(first, size), *(_small(frame, size) for frame in rest)]))
        report(number / len(spans))
    return clips


def write_keyframe(
    path: Path, time_s: float, target: Path, max_pixels: int, report: Callable[[float], None]
) -> None:
    """The frame shown at a time, as the JPEG that the decode pass made. Raises VideoUnreadable."""
    write_jpeg(next(frames_shown(path, [time_s], max_pixels)), target)
    report(1.0)


def frames_shown(path: Path, times_s: Sequence[float], max_pixels: int) -> Iterator[av.VideoFrame]:
    """For each of the times, in order, the frame that is shown then: the last that begins at or
    before it, or else the first there is.

    Raises VideoUnreadable if there is none.
    """
    wanted = list(reversed(times_s))
    shown: av.VideoFrame | None = None
    for time_s, frame in _frames_from(path, times_s[0], max_pixels):
        while shown is not None and wanted and wanted[-1] < time_s:
            wanted.pop()
            yield shown
        if not wanted:
            return
        shown = frame
    if shown is None:
        raise VideoUnreadable(f"no picture could be decoded at {times_s[0]:.1f} s")
    for _ in wanted:
        yield shown


def _frames_from(
    path: Path, start_s: float, max_pixels: int
) -> Iterator[tuple[float, av.VideoFrame]]:
    """Frames with their times, from one at or before `start_s` on. Where the index of a file does
    not lead there, from its beginning."""
    for seeks in (True, False):
        with open_media(path) as container:
            if seeks and not _seek(container, start_s):
                continue
            frames = _decoded(container, max_pixels, math.inf if seeks else 0.0)
            first = next(frames, None)
            if seeks and (first is None or first[0] > start_s):
                continue
            if first is not None:
                yield first
                yield from frames
            return


def _seek(container: InputContainer, time_s: float) -> bool:
    try:
        container.seek(round(time_s * 1e6) + (container.start_time or 0))
    except av.error.FFmpegError:
        return False
    return True


def _decoded(
    container: InputContainer, max_pixels: int, next_s: float
) -> Iterator[tuple[float, av.VideoFrame]]:
    """Frames with their times, as the decode pass has them: one without a time of its own follows
    on the one before, the first at `next_s`."""
    header = probe(container, max_pixels)
    if header.video_index is None:
        return
    stream = container.streams[header.video_index]
    stream.codec_context.thread_type = "AUTO"
    stream.codec_context.options = {"max_pixels": str(max_pixels)}
    packets = container.demux(stream)
    errors = 0
    while errors < _MAX_DECODE_ERRORS:
        try:
            for frame in next(packets).decode():
                assert isinstance(frame, av.VideoFrame)
                base = frame.time_base or Fraction(1, 1000)
                if frame.pts is not None:
                    next_s = float(frame.pts * base) - header.start_s
                yield next_s, frame
                next_s += min(float(frame.duration * base) if frame.duration else 0.04, 1.0)
        except (StopIteration, av.error.EOFError):
            return
        except MemoryError:
            raise
        except (av.error.FFmpegError, ValueError):
            errors += 1


def _clip_times(start_s: float, end_s: float) -> list[float]:
    middles = (np.arange(FRAMES_PER_CLIP) + 0.5) / FRAMES_PER_CLIP
    return [float(time_s) for time_s in start_s + middles * (end_s - start_s)]


def _small_size(frame: av.VideoFrame) -> tuple[int, int]:
    """(width, height)."""
    scale = min(1.0, SHORT_SIDE_PX / min(frame.width, frame.height))
    return max(1, round(frame.width * scale)), max(1, round(frame.height * scale))


def _small(frame: av.VideoFrame, size: tuple[int, int]) -> Image:
    width, height = size
    small = frame.reformat(width=width, height=height, format="rgb24", interpolation="AREA")
    return upright(np.asarray(small.to_ndarray(), np.uint8), int(frame.rotation))
