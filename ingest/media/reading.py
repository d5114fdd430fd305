"""The packets of an open container, decoded: the only decode loop."""

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Generic, TypeVar

import av
from av.container import InputContainer

from ingest.media.clock import Clock
from ingest.media.container import Probe, Track
from ingest.media.damage import Damage, tolerating
from ingest.media.film import FilmDecoder
from ingest.media.frames import Found, Passed, Picture, Sound
from ingest.media.lane import Lane, Stamped
from ingest.media.packets import end_of, end_of_stream, stamp_of
from ingest.media.subtitles import SubtitleReader
from ingest.media.succession import Succession

_MAX_DEMUX_ERRORS = 100
"""In a row: a container that is damaged so often in one place has no more to give."""
_TIME_BASE = Fraction(1, 1000)
_FRAME_S = 0.04
"""How long a frame is shown that does not say it."""
UNSTAMPED = frozenset(("aac", "ac3", "amr", "dts", "eac3", "loas", "mp3", "truehd"))
"""Containers of sound that hold no stamps: what FFmpeg makes up is right only as long as the sound
keeps its first form."""


Frame = TypeVar("Frame", av.VideoFrame, av.AudioFrame)


@dataclass
class Tracks:
    """The film and the sound tracks of a recording, through all containers that it lies in."""

    start_s: float
    """The stamp that is presented at 0."""
    max_pixels: int
    """Larger pictures are a decode error."""
    iframes_only: bool
    """I-frames alone are decoded, and every packet of pictures is told as Passed."""
    pictures: Lane[av.VideoFrame]
    sounds: dict[int, Lane[av.AudioFrame]] = field(default_factory=dict, init=False)
    """Those that are decoded, by their positions in the header."""
    damage: dict[int | None, Damage] = field(default_factory=lambda: {None: Damage()}, init=False)
    """Of each sound track, and of the film under None."""
    notes: list[str] = field(default_factory=list, init=False)
    """What was found on the way, in words; no faults."""
    film_begins_s: float = field(default=math.inf, init=False)
    """When the first packet of the film is presented, decoded or not."""
    film_reached_s: float = field(default=-math.inf, init=False)
    """The same of the last of those that were met: their pictures may still be in the decoder."""
    subtitles: SubtitleReader | None = None
    """What takes the subtitles; None where they are not asked for."""
    last_stamp_s: float = field(default=-math.inf, init=False)
    """The latest end of a packet of any stream, by its own stamp since `start_s`."""

    def add_sounds(self, numbers: Iterable[int], clock: Clock, *, anywhere: bool = False) -> None:
        """Makes ready for more sound tracks, which begin where all others have ended, or anywhere
        after a seek.
        """
        for number in numbers:
            lane: Lane[av.AudioFrame] = Lane(clock, anywhere=anywhere)
            lane.end_s = clock.end_s
            self.damage[number] = Damage()
            self.sounds[number] = lane

    def tolerating_damage(self, track: int | None = None) -> AbstractContextManager[None]:
        """Where a decoder or a filter may fail: what it raises is counted as a damaged packet of
        the sound track, or of the film.

        Whoever works on what a timeline yields does it in here: where one frame of a packet is
        damaged, the rest of the packet is left out.
        """
        return tolerating(self.damage[track].note)


@dataclass
class _Stream(Generic[Frame]):
    """A stream that is decoded: the film, or a sound track."""

    lane: Lane[Frame]
    damage: Damage
    track: int | None
    """Of the sounds; None for the film."""
    last_stamp_s: float | None = None
    decode: "Callable[[av.Packet[Any]], list[Any]]" = av.Packet.decode
    """What makes frames of a packet."""


@dataclass
class Reading:
    """One open container of a recording."""

    tracks: Tracks
    container: InputContainer
    header: Probe
    last_byte: int = 0
    """After the last packet of any stream that is known."""

    def __post_init__(self) -> None:
        self._streams: dict[int, _Stream[Any]] = {}
        self._films: dict[int, FilmDecoder] = {}
        self._succession = Succession(
            None if self.header.video is None else self.header.video.index,
            self.header.later_videos,
            self.header.container,
        )
        reader = self.tracks.subtitles
        self._subtitles = {} if reader is None else reader.begin(self.header.subtitles)
        if self.header.video is not None:
            self._add(self.header.video, None)
        for number, track in enumerate(self.header.sounds):
            if number in self.tracks.sounds:
                self._add(track, number)

    def _add(self, track: Track, number: int | None) -> None:
        """Has a stream decoded as a sound track, or as the film under None."""
        source: Any = self.container.streams[track.index]
        lane = self.tracks.pictures if number is None else self.tracks.sounds[number]
        stream: _Stream[Any] = _Stream(lane, self.tracks.damage[number], number)
        if number is None:
            film = self._films.get(track.index)
            if film is None:
                film = self._films[track.index] = FilmDecoder(
                    source, self.tracks.max_pixels, iframes_only=self.tracks.iframes_only
                )
            else:
                film.context.flush_buffers()  # it was told that nothing follows
            stream.decode = film.decode
        else:
            source.codec_context.thread_count = 1  # so that many tracks fit in the memory
        self._streams[track.index] = stream

    def found(self) -> Iterator[Found]:
        """What the container holds from here to its end."""
        for packet in self._packets():
            if (subtitles := self._subtitles.get(packet.stream.index)) is not None:
                subtitles(packet)
                continue
            before = self._succession.film
            packets = self._succession.take(packet)
            if self._succession.film != before:
                yield from self._go_on(before, packets[0])
            for each in packets:
                # `stream_index` is 0 in the packets that empty decoders, whatever their stream.
                stream = self._streams.get(each.stream.index)
                if stream is not None and not stream.damage.is_hopeless:
                    yield from self._decoded(each, stream)

    def _go_on(self, before: int | None, first: "av.Packet[Any]") -> Iterator[Found]:
        """Goes on with the film in the stream of a packet: what is left of the stream before."""
        if before is not None:
            yield from self._decoded(
                end_of_stream(self.container.streams[before]), self._streams.pop(before)
            )
            stamp_s = stamp_of(first)
            at_s = self.tracks.pictures.time_of(stamp_s) if stamp_s is not None else 0.0
            self.tracks.notes.append(f"the pictures go on in another stream from {at_s:.1f} s on")
        self._add(Track(first.stream.index, first.stream.codec_context.name), None)

    def _packets(self) -> Iterator["av.Packet[Any]"]:
        """All packets, and at the end one without data for each stream, which empties its
        decoder. Where the container is damaged, reading goes on behind the damage.
        """
        streams = [s for s in self.container.streams if s.type in ("video", "audio", "subtitle")]
        num_errors = 0
        while streams and num_errors < _MAX_DEMUX_ERRORS:
            try:
                for packet in self.container.demux(streams):
                    num_errors = 0
                    self._note(packet)
                    yield packet
                return
            except (av.error.EOFError, IndexError):
                return  # PyAV stumbles at the end over streams that were not there at the beginning
            except av.error.FFmpegError as error:
                num_errors += 1
                if num_errors == 1:  # of one place
                    for stream in self._streams.values():
                        stream.damage.note(error)
        yield from map(end_of_stream, streams)

    def _note(self, packet: "av.Packet[Any]") -> None:
        if packet.pos is not None and packet.pos >= 0:
            self.last_byte = max(self.last_byte, packet.pos + packet.size)
        end_s = end_of(packet)
        if end_s is not None and not packet.is_discard:
            tracks = self.tracks
            tracks.last_stamp_s = max(tracks.last_stamp_s, end_s - tracks.start_s)

    def _decoded(self, packet: "av.Packet[Any]", stream: "_Stream[Any]") -> Iterator[Found]:
        """What a packet holds, up to the first frame that is damaged."""
        end_s = end_of(packet)
        is_last = packet.size == 0 and end_s is None
        if self.tracks.iframes_only and stream.track is None and not is_last:
            if not packet.is_discard:  # of a film that was trimmed: others need it, nobody sees it
                yield self._passed(packet, stream)
        elif packet.size == 0 and end_s is not None:
            # Without data: the picture before is shown on. Decoders would take it for the end.
            stream.lane.hold(end_s)
        if packet.size == 0 and not is_last:
            return
        stamp_s = stamp_of(packet)
        time_s = None if stamp_s is None else stream.lane.time_of(stamp_s)
        if stream.track is None and time_s is not None and not packet.is_discard:
            self.tracks.film_begins_s = min(self.tracks.film_begins_s, time_s)
            self.tracks.film_reached_s = max(self.tracks.film_reached_s, time_s)
        stream.damage.meet(time_s, stream.lane.end_s)
        num_errors = stream.damage.num_errors
        with self.tracks.tolerating_damage(stream.track):
            try:
                frames = stream.decode(packet)
            except av.error.EOFError:
                return
            for frame in frames:
                for placed in stream.lane.place(self._stamped(frame, stream)):
                    yield _found(stream.track, placed.time_s, placed.item)
                    if stream.damage.num_errors > num_errors:
                        return

    def _stamped(self, frame: Frame, stream: "_Stream[Frame]") -> Stamped[Frame]:
        """A frame with what is known of its time; of old containers the decoding order alone."""
        base = frame.time_base or _TIME_BASE
        ticks = frame.pts if frame.pts is not None else frame.dts
        stamp_s = None if ticks is None else float(ticks * base)
        if isinstance(frame, av.VideoFrame):
            length_s = float(frame.duration * base) if frame.duration else _FRAME_S
            return Stamped(stamp_s, length_s, frame)
        # Samples follow each other: a stamp that stands still says nothing.
        is_new = stamp_s != stream.last_stamp_s and self.header.container not in UNSTAMPED
        stream.last_stamp_s = stamp_s
        length_s = frame.samples / max(frame.sample_rate, 1)
        return Stamped(stamp_s if is_new else None, length_s, frame)

    def _passed(self, packet: "av.Packet[Any]", stream: "_Stream[Any]") -> Passed:
        """A packet of pictures in passing. One without a stamp follows the one before."""
        base = packet.time_base or _TIME_BASE
        lane = stream.lane
        end_s = end_of(packet)
        if end_s is None:
            packet.pts = round((lane.end_s + self.tracks.start_s) / base)
            lane.end_s += float(packet.duration * base) if packet.duration else _FRAME_S
        else:
            lane.hold(end_s)
        return Passed(lane.end_s)


def _found(track: int | None, time_s: float, frame: Any) -> Found:
    return Picture(time_s, frame) if track is None else Sound(track, time_s, frame)
