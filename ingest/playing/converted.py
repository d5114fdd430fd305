"""Segments of a recording that browsers cannot play, as H.264 and AAC, made on demand."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import av

from ingest.errors import VideoUnreadable
from ingest.media.clips import Footage, made_of_shown
from ingest.media.clock import LAG_S, LONGEST_GAP_S
from ingest.media.container import probe
from ingest.media.frames import Picture, Sound
from ingest.media.timeline import Timeline
from ingest.playing import converted_picture, converted_sound
from ingest.playing.converted_picture import PictureTrack, size_of
from ingest.playing.converted_sound import SoundTrack
from ingest.playing.fmp4 import nowhere, write_segment
from ingest.playing.passages import read_from
from ingest.scenes.picture import shown_frame

SEGMENT_S = 2.0
_REPORT_EVERY_S = 0.5
_SAME_S = 0.001
"""Stamps of packets and of pictures differ by less."""


def num_segments(duration_s: float) -> int:
    """How many segments a recording has; the last one ends with it."""
    return max(1, math.ceil(round(duration_s / SEGMENT_S, 6)))


def convert(
    footage: Footage,
    sound: int | None,
    lines: int,
    duration_s: float,
    first: int,
    report: Callable[[float], None],
) -> Iterator[bytes]:
    """The segments from `first` on to the end, each whole: ftyp and moov, and a fragment. Number n
    has what is shown and heard in [n, n + 1) * SEGMENT_S of presented time, the pictures as they
    are shown, the shorter side of at most `lines`; what cannot be decoded is left out.

    Raises VideoUnreadable.
    """
    header = probe(footage.path, footage.max_pixels)
    start_s, end_s = first * SEGMENT_S, max(duration_s, 1e-3)
    with nowhere() as templates:
        pictures, sounds = None, None
        if header.video is not None:
            make = partial(_beginning, lines=lines)
            size, before = next(made_of_shown(footage, [0.0], make, report))
            converted_picture.form_encoder(templates.add_stream("libx264"), size)
            pictures = PictureTrack(before, size, first, SEGMENT_S, end_s)
        if sound is not None:
            stream = templates.add_stream("aac")
            converted_sound.form_encoder(stream)
            sounds = SoundTrack(stream.codec_context, first, SEGMENT_S, end_s)
        if pictures is None and sounds is None:
            raise VideoUnreadable("has neither a picture nor the sound that is asked for")
        templates.start_encoding()
        timeline, found = read_from(footage, header, start_s, () if sound is None else (sound,))
        conversion = _Conversion(timeline, found, pictures, sounds, end_s, report)
        numbers = range(first, num_segments(duration_s))
        for number, packets in zip(numbers, conversion.segments(), strict=False):
            yield write_segment(number, [*templates.streams], packets)


def _beginning(frame: av.VideoFrame, *, lines: int) -> tuple[tuple[int, int], av.VideoFrame]:
    """The size of all pictures of a film by its first one, and that one, which is shown until the
    film begins.
    """
    size = size_of(frame, lines)
    return size, shown_frame(frame, size)


@dataclass
class _Conversion:
    """A recording on its way into segments."""

    timeline: Timeline
    found: Iterator[Picture | Sound]
    pictures: PictureTrack | None
    sounds: SoundTrack | None
    end_s: float
    report: Callable[[float], None]

    def __post_init__(self) -> None:
        self._tracks = [each for each in (self.pictures, self.sounds) if each is not None]
        self._reported = time.monotonic()

    def segments(self) -> Iterator[list[list[Any]]]:
        """The packets of each track, segment by segment."""
        for found in self.found:
            self._tell_progress(found)
            for track in self._tracks:
                if self._is_over(track, found):
                    yield from self._held(track, found.time_s - LAG_S)
            self._take(found)
            yield from self._whole()
        while any(track.reached_s < self.end_s - SEGMENT_S for track in self._tracks):
            until_s = min(track.reached_s for track in self._tracks) + SEGMENT_S
            for track in self._tracks:
                yield from self._held(track, until_s)
        for track in self._tracks:
            track.finish()
        yield from self._whole()

    def _take(self, found: Picture | Sound) -> None:
        if isinstance(found, Picture):
            if self.pictures is not None:
                self.pictures.take(found.time_s, found.frame)
        elif self.sounds is not None:
            self.sounds.take(found.time_s, found.frame)

    def _is_over(self, track: PictureTrack | SoundTrack, found: Picture | Sound) -> bool:
        """Whether all of a track has come that begins before what was found, and streams lie so
        far apart in a file. Its decoder may have pictures yet, which are held for long.
        """
        if track is not self.pictures or isinstance(found, Picture):
            return True
        is_awaited = self.timeline.tracks.film_reached_s > self.pictures.last_s + _SAME_S
        return not is_awaited or found.time_s > self.pictures.last_s + LONGEST_GAP_S

    def _held(self, track: PictureTrack | SoundTrack, until_s: float) -> Iterator[list[list[Any]]]:
        """Lets a track go on with what it has up to a time, if it has not come so far."""
        until_s, reached_s = min(until_s, self.end_s), track.reached_s
        while reached_s < until_s:
            reached_s = min(reached_s + SEGMENT_S, until_s)  # the track rounds it
            track.hold_until(reached_s)
            yield from self._whole()

    def _whole(self) -> Iterator[list[list[Any]]]:
        """The segments that are whole in all tracks."""
        while all(track.segments for track in self._tracks):
            yield [track.segments.popleft() for track in self._tracks]

    def _tell_progress(self, found: Picture | Sound) -> None:
        if time.monotonic() - self._reported > _REPORT_EVERY_S:
            self._reported = time.monotonic()
            self.report(min(1.0, found.time_s / self.end_s))
