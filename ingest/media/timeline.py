"""The decoded frames of a recording with their times."""

import math
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, replace
from mmap import ACCESS_READ, mmap
from pathlib import Path

import av

from ingest.errors import NotMedia, StillImage, VideoUnreadable
from ingest.media.chapters import Chapter
from ingest.media.clock import Clock
from ingest.media.container import Probe, open_media, read_header
from ingest.media.damage import Damage
from ingest.media.frames import Found, Picture, Sound
from ingest.media.lane import Lane
from ingest.media.reading import Reading, Tracks
from ingest.media.subtitles import SubtitleReader

_MIN_REST_BYTES = 4 << 10
"""Less at the end of a file is no further recording."""
_BEGINNINGS = {
    "mpegts": b"\x47\x40\x00",
    "mpeg": b"\x00\x00\x01\xba",
    "matroska": b"\x1aE\xdf\xa3",
    "flv": b"FLV\x01",
    "avi": b"RIFF",
    "ogg": b"OggS\x00\x02",
}
"""Containers that people join by putting one file after the other, and what each begins with."""
_MAX_BEGINNINGS = 100
"""Places of a file that are tried: its data may hold the same bytes."""


@dataclass
class Timeline:
    """Pictures and sounds in the order of their packets, in presented time (ingest/media/clock.py).

    A damaged packet is left out and counted, for each stream. A recording that goes on behind the
    end of its streams, as those do that were joined, is opened again there.
    """

    path: Path
    header: Probe
    """Of the first recording of the file, and what those that follow have besides."""
    max_pixels: int
    """Larger pictures are a decode error."""
    iframes_only: bool = False
    """I-frames alone are decoded, and every packet of pictures is told as Passed."""
    from_s: float | None = None
    """The time before which reading begins, where the file's stamps are known to be presented
    times; None for all. What cannot be sought in gives nothing."""
    sounds: frozenset[int] = frozenset()
    """With `from_s`, the tracks of the header that are read beside the pictures, by position."""
    reads_words: bool = False
    """Whether subtitles and chapters are read as well."""
    clock: Clock = field(init=False)
    tracks: Tracks = field(init=False)
    chapters: list[Chapter] = field(default_factory=list, init=False)
    """As they come, in presented time."""

    def __post_init__(self) -> None:
        header = self.header
        if self.from_s is None:
            num_streams = len(header.sounds) + (header.video is not None)
            self.clock = Clock.of(header.container, header.start_s, header.declared_s, num_streams)
        else:
            self.clock = Clock(header.start_s, math.inf, declared_s=header.declared_s or 0.0)
        self.tracks = Tracks(
            start_s=self.header.start_s,
            max_pixels=self.max_pixels,
            iframes_only=self.iframes_only,
            pictures=Lane(self.clock, anywhere=self.from_s is not None),
            subtitles=SubtitleReader(self.clock) if self.reads_words else None,
        )
        self._add_chapters(header)
        self._add_sounds(range(len(header.sounds)))

    @property
    def video_end_s(self) -> float:
        """The end of the pictures so far."""
        return self.tracks.pictures.end_s

    @property
    def damage(self) -> dict[int | None, Damage]:
        """Of each sound track, and of the film under None."""
        return self.tracks.damage

    def tolerating_damage(self, track: int | None = None) -> AbstractContextManager[None]:
        """As `Tracks` has it."""
        return self.tracks.tolerating_damage(track)

    def __iter__(self) -> Iterator[Found]:
        first_byte = 0
        header: Probe | None = self.header
        while header is not None:
            with open_media(self.path, first_byte) as container:
                if self.from_s is not None:
                    try:
                        container.seek(round((self.from_s + self.tracks.start_s) * 1e6))
                    except av.error.FFmpegError:
                        return
                reading = Reading(self.tracks, container, header)
                yield from reading.found()
            yield from self._settled()
            first_byte, header = self._rest(first_byte + max(reading.last_byte, 1))
            if header is not None:
                self._go_on_with(header)
        self.tracks.pictures.end(self.header.declared_s if len(self.clock.epochs) == 1 else None)

    def _header_at(self, first_byte: int) -> Probe | None:
        """The header of a recording that begins there. Raises NotMedia, StillImage."""
        try:
            header = read_header(self.path, self.max_pixels, first_byte)
        except (NotMedia, StillImage):
            raise
        except VideoUnreadable as error:
            self._leave_out([f"a recording that follows cannot be opened: {error}"])
            return None
        return header if header.is_readable or header.left_out else None

    def _settled(self) -> Iterator[Found]:
        """The frames that had still to be given a time at the end of a container."""
        for placed in self.tracks.pictures.finish():
            yield Picture(placed.time_s, placed.item)
        for track, lane in self.tracks.sounds.items():
            for heard in lane.finish():
                yield Sound(track, heard.time_s, heard.item)

    def _go_on_with(self, header: Probe) -> None:
        """Takes in what the next recording has that those before had not."""
        more = header.sounds[len(self.header.sounds) :]
        self._add_sounds(range(len(self.header.sounds), len(header.sounds)))
        if header.is_readable:
            self.clock.follow_with(header.start_s)
        self.header = replace(
            self.header,
            video=self.header.video or header.video,
            sounds=(*self.header.sounds, *more),
        )
        self._add_chapters(header)
        self._leave_out(header.left_out)

    def _add_sounds(self, numbers: Iterable[int]) -> None:
        """Makes ready for more sound tracks, as far as they are to be read."""
        if self.from_s is None:
            self.tracks.add_sounds(numbers, self.clock)
        else:
            self.tracks.add_sounds(self.sounds.intersection(numbers), self.clock, anywhere=True)

    def _add_chapters(self, header: Probe) -> None:
        """Takes in the chapters of the recording that begins now."""
        offset_s = self.clock.epochs[-1].offset_s
        self.chapters += [chapter.moved(offset_s) for chapter in header.chapters]

    def _leave_out(self, reasons: Iterable[str]) -> None:
        """Tells what is missing from here on, unless it was told before."""
        told = self.header.left_out
        at = f"from {self.clock.end_s:.1f} s on: "
        new = (at + why for why in reasons if not any(each.endswith(why) for each in told))
        self.header = replace(self.header, left_out=(*told, *new))

    def _rest(self, last_byte: int) -> tuple[int, Probe | None]:
        """The next recording in the file after a byte, and where it begins."""
        size = self.path.stat().st_size
        beginning = _BEGINNINGS.get(self.header.container)
        if beginning is None or size - last_byte < _MIN_REST_BYTES:
            return size, None
        with self.path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
            first_byte = data.find(beginning, last_byte)
            for _ in range(_MAX_BEGINNINGS):
                if first_byte < 0:
                    break
                with suppress(NotMedia, StillImage):  # data may hold the same bytes
                    if (header := self._header_at(first_byte)) is not None:
                        return first_byte, header
                first_byte = data.find(beginning, first_byte + 1)
        return size, None
