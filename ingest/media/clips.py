"""Clips and keyframes at given times, read from a video again after its decode pass.

An ingest and a backfill read the same way, so both make the same vectors. Runs in a child process.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import av
import numpy as np

from embeddings.encoder import Clip
from ingest.errors import VideoUnreadable
from ingest.media.container import probe
from ingest.media.timeline import Picture, Timeline
from ingest.scenes.keyframes import write_jpeg
from ingest.scenes.picture import shown, shown_size
from ingest.scenes.scene import Span

FRAMES_PER_CLIP = 16
"""What VideoMAE takes; TimeSformer takes every other one of them."""
SHORT_SIDE_PX = 256


def read_clips(
    path: Path,
    spans: Sequence[Span],
    max_pixels: int,
    report: Callable[[float], None],
) -> list[Clip]:
    """A clip of each span, in order of time: the frames shown in the middles of its equal parts,
    RGB uint8 [FRAMES_PER_CLIP, h, w, 3], the shorter side of at most SHORT_SIDE_PX.

    Raises VideoUnreadable.
    """
    times = [time_s for span in spans for time_s in _clip_times(span)]
    frames = frames_shown(path, times, max_pixels)
    clips = []
    for number, _ in enumerate(spans, start=1):
        first = next(frames)
        size = _small_size(first)
        rest = (next(frames) for _ in range(FRAMES_PER_CLIP - 1))
        clips.append(np.stack([shown(first, size), *(shown(frame, size) for frame in rest)]))
        report(number / len(spans))
    return clips


def write_keyframe(
    path: Path, time_s: float, target: Path, max_pixels: int, report: Callable[[float], None]
) -> None:
    """The JPEG of the frame shown at `time_s`, as the decode pass made it. Raises VideoUnreadable,
    OSError.
    """
    write_jpeg(next(frames_shown(path, [time_s], max_pixels)), target)
    report(1.0)


def frames_shown(path: Path, times_s: Sequence[float], max_pixels: int) -> Iterator[av.VideoFrame]:
    """The frame shown at each of the times, which are in order: the last that begins at or before
    it, or else the first there is.

    Raises VideoUnreadable if there is none.
    """
    wanted = list(reversed(times_s))
    shown: av.VideoFrame | None = None
    for picture in _pictures_from(path, times_s[0], max_pixels):
        while shown is not None and wanted and wanted[-1] < picture.time_s:
            wanted.pop()
            yield shown
        if not wanted:
            return
        shown = picture.frame
    if shown is None:
        raise VideoUnreadable(f"no picture could be decoded at {times_s[0]:.1f} s")
    for _ in wanted:
        yield shown


def _pictures_from(path: Path, start_s: float, max_pixels: int) -> Iterator[Picture]:
    """Pictures from one at or before `start_s` on; where the index of a file does not lead there,
    from its beginning.
    """
    header = probe(path, max_pixels)
    for from_s in (start_s, None):
        timeline = Timeline(path, header, max_pixels, with_sound=False, from_s=from_s)
        pictures = (found for found in timeline if isinstance(found, Picture))
        first = next(pictures, None)
        if from_s is not None and (first is None or first.time_s > start_s):
            continue
        if first is not None:
            yield first
            yield from pictures
        return


def _clip_times(span: Span) -> list[float]:
    middles = (np.arange(FRAMES_PER_CLIP) + 0.5) / FRAMES_PER_CLIP
    return [float(time_s) for time_s in span.start_s + middles * (span.end_s - span.start_s)]


def _small_size(frame: av.VideoFrame) -> tuple[int, int]:
    """(width, height) of the frames of a clip, as they are shown."""
    width, height = shown_size(frame)
    scale = min(1.0, SHORT_SIDE_PX / min(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))
