"""Clips that are encoded anew: from the very frame on, and in a form that plays everywhere.

Runs in a child process.
"""

import math
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from embeddings.runtime import num_cores
from ingest.errors import NotClippable
from ingest.media.clips import Footage
from ingest.media.clock import LAG_S
from ingest.media.container import Probe, open_media
from ingest.media.damage import tolerating
from ingest.media.frames import Picture, Sound
from ingest.playing.clip_sound import ClipSound
from ingest.playing.converted_picture import mark_colours
from ingest.playing.passages import read_from
from ingest.scenes.picture import shown_frame, shown_size

_MAX_LONG_PX, _MAX_SHORT_PX = 4096, 2304
"""Of H.264's level 5.1, which players and editors decode."""
_MIN_PX = 16
_X264 = {"preset": "veryfast", "crf": "18", "profile": "high"}
_MAX_THREADS = 4
"""Each holds frames, which are large, in the memory of a child."""
_FINEST = 12_000
"""Ticks of a second, at least, in a whole number for each frame of the declared rate."""
_ROUNDED_S = 0.0011
"""Containers that count milliseconds are off by this much between two frames."""
_SAME_S = 0.001
"""Who asks for a time may have rounded it."""
_LEAST_S = 3 * _SAME_S
"""A shorter part lies within what is rounded: it has the frame that is shown there."""
_WHOLE_S = 0.1
"""A frame that is shown for no longer than this is not cut into: a clip has all of it."""
_REPORT_EVERY_S = 0.5


def convert_clip(
    footage: Footage,
    header: Probe,
    target: Path,
    start_s: float,
    end_s: float,
    sounds: tuple[int, ...],
    report: Callable[[float], None],
) -> tuple[float, float]:
    """Writes [start_s, end_s), in whole frames, as an MP4 of H.264 and AAC; where it begins and
    ends. Raises NotClippable, VideoUnreadable, OSError.
    """
    end_s = max(end_s, start_s + _LEAST_S)
    _, found = read_from(footage, header, start_s, sounds)
    with av.open(f"file:{target}", "w", format="mp4", options={"movflags": "faststart"}) as file:
        film = None if header.video is None else _Film(file, _declared_rate(footage, header))
        heard = {sound: ClipSound(file, header.sounds[sound]) for sound in sounds}
        clip = _Clip(start_s, end_s, film, heard)
        reported = time.monotonic()
        for each in found:
            if isinstance(each, Picture):
                clip.take_picture(each.time_s, each.frame)
            elif isinstance(each, Sound):
                clip.take_sound(each.track, each.time_s, each.frame)
            if clip.is_over:
                break
            if time.monotonic() - reported > _REPORT_EVERY_S:
                reported = time.monotonic()
                report(min(1.0, clip.reached_s / end_s))
        clip.finish()
    return clip.start_s, clip.end_s


def _declared_rate(footage: Footage, header: Probe) -> Fraction:
    """Frames per second, as the header of a film has it."""
    assert header.video is not None
    with open_media(footage.path) as container:
        stream: Any = container.streams[header.video.index]
        rate = stream.guessed_rate or stream.average_rate
    return Fraction(rate) if rate and 1 <= rate <= 240 else Fraction(25)


class _Clip:
    """A clip as it grows, and where it begins and ends."""

    def __init__(
        self, start_s: float, end_s: float, film: "_Film | None", heard: dict[int, ClipSound]
    ) -> None:
        self.start_s, self.end_s = start_s, end_s
        self._wanted_end_s = end_s
        self._film, self._heard = film, heard
        self._shown: tuple[float, av.VideoFrame] | None = None
        """The picture that is shown now, and since when."""
        self.reached_s = 0.0
        """The latest time of what was taken."""
        self._has_begun = False
        self._needs_film = film is not None
        self._awaited = set(heard)
        """The sound tracks of which more belongs to the clip."""

    def take_picture(self, time_s: float, frame: av.VideoFrame) -> None:
        """The next picture, shown from a time on; those before the clip, too."""
        if self._film is None or time_s == math.inf:
            return
        self.reached_s = max(self.reached_s, time_s)
        if not self._needs_film:
            return
        self._show_until(time_s)
        self._shown = time_s, frame
        self._needs_film = time_s < self._wanted_end_s - _SAME_S

    def take_sound(self, track: int, time_s: float, frame: av.AudioFrame) -> None:
        """The next samples of a sound track, heard from a time on."""
        if track not in self._heard or time_s == math.inf:
            return
        self.reached_s = max(self.reached_s, time_s)
        if self._film is None and not self._has_begun:
            self._begin(None)
        with tolerating(lambda _error: None):
            self._heard[track].take(time_s, frame, from_s=self.start_s - _WHOLE_S)
        if time_s >= self._wanted_end_s + _WHOLE_S:
            self._awaited.discard(track)

    @property
    def is_over(self) -> bool:
        """Whether nothing that belongs to the clip is still to come."""
        is_late = self.reached_s > self._wanted_end_s + LAG_S
        return is_late or not (self._needs_film or self._awaited)

    def finish(self) -> None:
        """Writes what is left. Raises NotClippable if there is nothing."""
        if self._needs_film:
            self._show_until(self._wanted_end_s)
        if not self._has_begun and any(heard.has_samples for heard in self._heard.values()):
            self._begin(None)
        if not self._has_begun:
            raise NotClippable("nothing is shown or heard there: ask for another part")
        if self._film is not None and self._film.has_begun:
            self._film.finish()
        for heard in self._heard.values():
            heard.finish(self.end_s)

    def _show_until(self, until_s: float) -> None:
        """Takes the picture that is shown now into the clip, if it is shown there."""
        if self._shown is None or self._film is None or until_s <= self.start_s + _SAME_S:
            return
        (begin_s, frame), self._shown = self._shown, None
        if begin_s >= self._wanted_end_s - _SAME_S:
            return
        if not self._has_begun:
            if self.start_s - _WHOLE_S <= begin_s <= self.start_s + _SAME_S:
                self.start_s = begin_s
            self._begin(frame)
        if until_s > self._wanted_end_s - _SAME_S:
            self.end_s = until_s if until_s <= self._wanted_end_s + _WHOLE_S else self.end_s
            until_s = self.end_s
        self._film.show(max(begin_s, self.start_s) - self.start_s, until_s - self.start_s, frame)

    def _begin(self, frame: av.VideoFrame | None) -> None:
        """Begins the file, whose first picture is known, if it has one."""
        self._has_begun = True
        if frame is not None and self._film is not None:
            self._film.begin(frame)
        for heard in self._heard.values():
            heard.declare()
        for heard in self._heard.values():
            heard.begin(self.start_s, self._wanted_end_s)


class _Film:
    """The pictures of a clip, encoded with their own times."""

    def __init__(self, file: Any, rate: Fraction) -> None:
        self._file, self._rate = file, rate
        self._base = Fraction(1, rate.numerator * math.ceil(_FINEST / rate.numerator))
        self._ready: av.VideoFrame | None = None
        self._last = -1
        """Ticks at which the last picture begins."""
        self._lengths: dict[int, int] = {}
        """Of pictures that are being encoded, by when they begin."""

    @property
    def has_begun(self) -> bool:
        """Whether the file has a stream for it."""
        return self._last >= 0

    def begin(self, frame: av.VideoFrame) -> None:
        """Adds the stream of a film whose first picture is this."""
        self._stream = self._file.add_stream("libx264", rate=self._rate)
        context = self._stream.codec_context
        context.width, context.height = self._size = _size_of(frame)
        context.pix_fmt = "yuv420p"
        context.thread_count = min(num_cores(), _MAX_THREADS)
        context.time_base = self._base
        context.gop_size = max(1, round(2 * self._rate))
        mark_colours(context)
        context.options = _X264

    def show(self, begin_s: float, until_s: float, frame: av.VideoFrame) -> None:
        """A picture in the clip's own time; of a damaged one, that before it."""
        begin = max(self._ticks(begin_s), self._last + 1)
        with tolerating(lambda _error: None):
            self._ready = shown_frame(frame, self._size)
        if self._ready is None:
            return
        self._last = begin
        self._lengths[begin] = max(1, self._ticks(until_s) - begin)
        self._ready.pts, self._ready.time_base = begin, self._base
        self._write(self._ready)

    def finish(self) -> None:
        """Writes what the encoder still holds."""
        self._write(None)

    def _write(self, frame: av.VideoFrame | None) -> None:
        for packet in self._stream.encode(frame):
            packet.duration = self._lengths.pop(packet.pts)
            self._file.mux(packet)

    def _ticks(self, time_s: float) -> int:
        """A time in ticks: that of a frame at the film's rate, if it is as near as stamps are."""
        number = round(time_s * self._rate)
        if abs(time_s - number / self._rate) <= _ROUNDED_S:
            return round(number / self._rate / self._base)
        return round(time_s / self._base)


def _size_of(frame: av.VideoFrame) -> tuple[int, int]:
    """(width, height) of a clip: that of the picture as it is shown, in even numbers."""
    width, height = shown_size(frame)
    scale = min(1.0, _MAX_LONG_PX / max(width, height), _MAX_SHORT_PX / min(width, height))
    across, down = (max(_MIN_PX, 2 * math.ceil(side * scale / 2)) for side in (width, height))
    return across, down
