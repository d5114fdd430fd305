"""Clips and keyframes at given times, read from a video again after its decode pass.

An ingest and a backfill read the same way, so both make the same vectors. Runs in a child process.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import av
import cv2
import numpy as np

from embeddings.encoder import Clip, Image
from ingest.errors import VideoUnreadable
from ingest.media.container import probe
from ingest.media.damage import tolerating
from ingest.media.frames import Picture
from ingest.media.timeline import Timeline
from ingest.scenes.keyframes import jpeg_of
from ingest.scenes.picture import shown, shown_size
from ingest.scenes.scene import Span

FRAMES_PER_CLIP = 16
"""What VideoMAE takes; TimeSformer takes every other one of them."""
SHORT_SIDE_PX = 256
_REPORT_EVERY_S = 0.5
Made = TypeVar("Made")


@dataclass(frozen=True)
class Footage:
    """A file that was decoded before, with what was found of its clock."""

    path: Path
    clock: tuple[tuple[float, float], ...] | None
    """As `Decoded` has it: None if the times are those of the file."""
    max_pixels: int

    @property
    def may_be_sought_in(self) -> bool:
        """Whether one clock runs through the whole file, wherever it begins."""
        return self.clock is None or len(self.clock) == 1


def read_clips(
    footage: Footage, spans: Sequence[Span], report: Callable[[float], None]
) -> Iterator[Clip]:
    """A clip of each span, in order of time: the frames shown in the middles of its equal parts,
    RGB uint8 [FRAMES_PER_CLIP, h, w, 3], the shorter side of at most SHORT_SIDE_PX.

    Raises VideoUnreadable.
    """
    times = [time_s for span in spans for time_s in _clip_times(span)]
    pictures = made_of_shown(footage, times, _small, report)
    for _ in spans:
        first = next(pictures)
        height, width = first.shape[:2]
        rest = (next(pictures) for _ in range(FRAMES_PER_CLIP - 1))
        yield np.stack([first, *(fitted(picture, width, height) for picture in rest)])


def write_keyframe(
    footage: Footage, time_s: float, target: Path, report: Callable[[float], None]
) -> None:
    """The JPEG of the frame shown at `time_s`, as the decode pass made it. Raises VideoUnreadable,
    OSError.
    """
    target.write_bytes(next(made_of_shown(footage, [time_s], jpeg_of, report)))


def made_of_shown(
    footage: Footage,
    times_s: Sequence[float],
    make: Callable[[av.VideoFrame], Made],
    report: Callable[[float], None],
    *,
    iframes_only: bool = False,
) -> Iterator[Made]:
    """What `make` makes of the frame shown at each of the times, which are in order: the last that
    begins at or before it, or else the first there is; with `iframes_only`, of the I-frames of the
    whole file. A frame of which nothing can be made is damaged, as those are that do not decode.
    `report` is called now and then on the way to them, with the part of the way to the last of them
    that is done, in [0, 1].

    Raises VideoUnreadable if there is none.
    """
    wanted = list(reversed(times_s))
    last = _LastMade(make)
    reported = time.monotonic()
    for picture in _pictures_from(footage, times_s[0], iframes_only=iframes_only):
        while wanted and wanted[-1] < picture.time_s and (made := last.made()) is not None:
            wanted.pop()
            yield made
        if not wanted:
            return
        last.take(picture.frame)
        if time.monotonic() - reported > _REPORT_EVERY_S:
            reported = time.monotonic()
            report(min(1.0, picture.time_s / max(times_s[-1], 1e-6)))
    made = last.made()
    if made is None:
        raise VideoUnreadable(f"no picture could be decoded at {times_s[0]:.1f} s")
    for _ in wanted:
        yield made


class _LastMade(Generic[Made]):
    """What is made of the last frame, once, and only if it is asked for; of the one before, or what
    was made before that, where the last is damaged.
    """

    def __init__(self, make: Callable[[av.VideoFrame], Made]) -> None:
        self._make = make
        self._frames: deque[av.VideoFrame] = deque(maxlen=2)
        """The last of which nothing was made yet."""
        self._made: Made | None = None

    def take(self, frame: av.VideoFrame) -> None:
        """The next frame is shown."""
        self._frames.append(frame)

    def made(self) -> Made | None:
        """None as long as no frame could be used."""
        while self._frames:
            frame = self._frames.pop()
            with tolerating(lambda _error: None):
                self._made = self._make(frame)
                self._frames.clear()
        return self._made


def _pictures_from(footage: Footage, start_s: float, *, iframes_only: bool) -> Iterator[Picture]:
    """Pictures from one at or before `start_s` on; where the index of a file does not lead there,
    from its beginning.
    """
    header = probe(footage.path, footage.max_pixels)
    if footage.may_be_sought_in and not iframes_only:
        timeline = Timeline(footage.path, header, footage.max_pixels, from_s=start_s)
        pictures = (found for found in timeline if isinstance(found, Picture))
        first = next(pictures, None)
        if first is not None and first.time_s <= start_s:
            yield first
            yield from pictures
            return
    timeline = Timeline(footage.path, header, footage.max_pixels, iframes_only)
    yield from (found for found in timeline if isinstance(found, Picture))


def _clip_times(span: Span) -> list[float]:
    middles = (np.arange(FRAMES_PER_CLIP) + 0.5) / FRAMES_PER_CLIP
    return [float(time_s) for time_s in span.start_s + middles * (span.end_s - span.start_s)]


def _small(frame: av.VideoFrame) -> Image:
    """A frame of a clip, as it is shown."""
    width, height = shown_size(frame)
    scale = min(1.0, SHORT_SIDE_PX / min(width, height))
    return shown(frame, (max(1, round(width * scale)), max(1, round(height * scale))))


def fitted(picture: Image, width: int, height: int) -> Image:
    """A picture of the size of the first; frames may change theirs on the way."""
    if picture.shape[:2] == (height, width):
        return picture
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
