"""Which streams of a container are the recording: what comes of them decides, before what is
claimed of them.

The first packets are looked at: a film is what delivers pictures over time, the larger before the
smaller; a cover delivers one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.subtitles.stream import SubtitleStream
from av.video.stream import VideoStream

from ingest.media.formats import ENCRYPTED, TRANSMITTED, is_encrypted_asf, why_undecodable
from ingest.media.seen import TOGETHER_S, Seen
from ingest.media.transport import Transport

_LOOK_PACKETS = 2000
_LOOK_BYTES = 32 << 20
"""More is not looked at to tell streams from each other; 2000 packets are 20 to 30 s of a film."""
_ENOUGH_STAMPS = 3
"""So many packets of each stream are enough where there is nothing to choose."""
_PHONE_COPY = 8
"""A programme with pictures so many times smaller than another's is its copy for phones."""
_SAME_SIZE = 0.9
_SAME_RATE = 0.5
"""Streams whose pictures, or packets a second, are at least this part of the most are alike."""
_START_S = 10.0
"""The first stamps are at most so far behind the beginning that a container claims."""
_UNKNOWN_PIXELS = 1 << 40
_STILL_CODECS = frozenset(("mjpeg", "png", "bmp", "tiff", "webp", "jpeg2000", "targa"))
_FAR_SLOWER = 10
"""Thumbnails of chapters come so many times less often than pictures of a film, or more."""
_COVERS = Disposition.attached_pic
_ASIDE_PICTURES = Disposition.timed_thumbnails | Disposition.still_image | Disposition.dependent
_ASIDE_SOUNDS = (
    Disposition.comment
    | Disposition.visual_impaired
    | Disposition.hearing_impaired
    | Disposition.descriptions
    | Disposition.karaoke
    | Disposition.lyrics
    | Disposition.clean_effects
    | Disposition.non_diegetic
    | Disposition.dependent
)
_SPEECH_RATE = 16_000
"""Of sounds that are alike in all else, one for slow connections, below this, is not the first: the
speech model hears up to half of it."""


@dataclass(frozen=True)
class Choice:
    """The streams of a recording."""

    film: VideoStream | None
    sounds: tuple[AudioStream, ...]
    """Of the film's programme; the one that people would hear first comes first."""
    subtitles: tuple[SubtitleStream, ...]
    """Of the film's programme, in the order of the file."""
    later: tuple[VideoStream, ...]
    """Pictures of the programme that had not begun when those of the film had."""
    left_out: tuple[str, ...]
    """Streams that cannot be decoded, in words."""
    start_s: float
    """The stamp at which the recording begins."""


def choose(container: InputContainer, max_pixels: int, head: bytes) -> Choice:
    """The recording among the streams of a container, whose first packets are read.

    `head` is the beginning of the file.
    """
    looked = _Look(container, max_pixels, head)
    looked.read()
    film, pictures_left_out = looked.film()
    sounds, sounds_left_out = looked.sounds(film)
    later = () if film is None else looked.later(film)
    later_left_out = () if film is None else looked.later_left_out(film)
    chosen: list[Stream] = [*sounds] if film is None else [film, *sounds]
    left_out = (*pictures_left_out, *later_left_out, *sounds_left_out)
    subtitles = looked.subtitles(chosen)
    return Choice(film, sounds, subtitles, later, left_out, looked.start_s(chosen))


class _Look:
    """The first packets of a container, and what they say of its streams."""

    def __init__(self, container: InputContainer, max_pixels: int, head: bytes) -> None:
        self._container = container
        self._max_pixels = max_pixels
        self._transport = Transport.of(head)
        self._is_encrypted = is_encrypted_asf(head)
        self._videos = [s for s in container.streams.video if not s.disposition & _COVERS]
        self._sounds = list(container.streams.audio)
        self._seen = {s.index: Seen() for s in (*self._videos, *self._sounds)}
        self._saw_all = False
        """Whether the container has ended."""

    def read(self) -> None:
        """Reads as many packets as are needed. Damage is left to those who decode."""
        num_packets = num_bytes = 0
        try:
            for packet in self._container.demux():
                num_bytes += packet.size
                if not packet.is_discard:  # of a film that was trimmed: it is not shown
                    if packet.size and packet.stream_index in self._seen:
                        self._note(packet, num_packets)
                    num_packets += 1
                if num_packets >= _LOOK_PACKETS or num_bytes >= _LOOK_BYTES or self._is_plain():
                    return
            self._saw_all = True
        except (av.error.FFmpegError, IndexError):
            return  # IndexError: PyAV stumbles at the end over streams that it did not know

    def _note(self, packet: "av.Packet[Any]", position: int) -> None:
        seen = self._seen[packet.stream_index]
        seen.positions.append(position)
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is not None and packet.time_base:
            seen.stamps.append(float(stamp * packet.time_base))

    def _is_plain(self) -> bool:
        """Whether there is nothing to choose, and every stream has begun."""
        return len(self._videos) <= 1 and all(
            seen.num_packets >= _ENOUGH_STAMPS for seen in self._seen.values()
        )

    def film(self) -> tuple[VideoStream | None, tuple[str, ...]]:
        """The film, and what better one cannot be decoded.

        Where several programmes are sent together, it is of the first that has pictures, unless
        that is the copy for phones of another.
        """
        readable = [v for v in self._videos if self._why_not(v) is None]
        moving = [v for v in readable if self._seen[v.index].is_moving]
        most_pixels = max(map(_num_pixels, moving), default=0)
        first = next(
            (v for v in moving if _num_pixels(v) * _PHONE_COPY > most_pixels),
            next(iter(readable or self._videos), None),
        )
        if first is None:
            return None, ()
        together = [v for v in self._videos if self._share_programme(v, first)]
        ranked = self._ranked([v for v in together if not self._goes_on_from_any(v, together)])
        film = next((v for v in ranked if v in readable), None)
        if film is ranked[0]:
            return film, ()
        name = "the pictures" if film is None else "the best track of pictures"
        others = "" if film is None else " (another one was read instead)"
        return film, (f"{name} cannot be decoded: {self._why_not(ranked[0])}{others}",)

    def sounds(self, film: VideoStream | None) -> tuple[tuple[AudioStream, ...], tuple[str, ...]]:
        """The sounds that belong to the film, and those that cannot be decoded."""
        sounds = [s for s in self._sounds if self._belongs(s, film or self._sounds[0])]
        sounds.sort(key=self._sound_order)
        left_out = []
        for number, sound in enumerate(sounds, start=1):
            why = self._why_not(sound)
            if why is not None and (self._seen[sound.index].num_packets or not self._saw_all):
                name = "the sound" if len(sounds) == 1 else f"the sound of track {number}"
                left_out.append(f"{name} cannot be decoded: {why}")
        return tuple(s for s in sounds if self._why_not(s) is None), tuple(left_out)

    def subtitles(self, chosen: Sequence[Stream]) -> tuple[SubtitleStream, ...]:
        """Subtitles of the programme of a film, or of a sound."""
        return tuple(
            stream
            for stream in self._container.streams.subtitles
            if not chosen or self._share_programme(stream, chosen[0])
        )

    def later(self, film: VideoStream) -> tuple[VideoStream, ...]:
        """Pictures in which the film may go on."""
        if not self._seen[film.index].num_packets:
            return ()
        return tuple(
            video
            for video in self._videos
            if self._belongs(video, film)
            and self._why_not(video) is None
            and (not self._seen[video.index].num_packets or self._goes_on_from(video, film))
        )

    def later_left_out(self, film: VideoStream) -> tuple[str, ...]:
        """Pictures that follow those of the film, and cannot be decoded."""
        return tuple(
            f"pictures that follow others cannot be decoded: {why}"
            for video in self._videos
            if self._is_after(video, film) and (why := self._why_not(video)) is not None
        )

    def start_s(self, chosen: list[Stream]) -> float:
        """The stamp that is presented at 0: what the container claims, unless the streams that
        were chosen begin elsewhere.
        """
        claimed_s = (self._container.start_time or 0) / 1e6
        begun = [s for s in chosen if not any(self._is_after(s, other) for other in chosen)]
        firsts = [seen.first_s for s in begun if (seen := self._seen[s.index]).stamps]
        if not firsts or abs(min(firsts) - claimed_s) <= _START_S:
            return claimed_s
        return min(first for first in firsts if abs(first - firsts[0]) <= TOGETHER_S)

    def _ranked(self, videos: list[VideoStream]) -> list[VideoStream]:
        """The most film-like first. Default flags come late: they are often set on whatever is
        first in a file.
        """
        moving = [v for v in videos if self._seen[v.index].is_moving]
        films = [v for v in moving if not self._is_aside(v)]
        most_pixels = max((_num_pixels(v) for v in films), default=0)
        alike = [v for v in films if _num_pixels(v) >= _SAME_SIZE * most_pixels]
        most_rate = max((self._seen[v.index].rate for v in alike), default=0.0)

        def order(video: VideoStream) -> tuple[object, ...]:
            seen = self._seen[video.index]
            pixels = _num_pixels(video)
            return (
                not seen.is_moving,
                not seen.num_packets,
                self._is_aside(video),
                -min(pixels, _SAME_SIZE * most_pixels) if video in films else -pixels,
                seen.rate < _SAME_RATE * most_rate,
                not video.disposition & Disposition.default,
                -pixels,
                video.index,
            )

        return sorted(videos, key=order)

    def _is_aside(self, video: VideoStream) -> bool:
        """Whether pictures are shown now and then beside a film: by their flag, or as stills that
        come far less often than the pictures of another stream.
        """
        if video.disposition & _ASIDE_PICTURES:
            return True
        fastest = max(self._seen[other.index].rate for other in self._videos)
        context: Any = video.codec_context
        is_still = context is not None and context.codec.canonical_name in _STILL_CODECS
        return is_still and self._seen[video.index].rate * _FAR_SLOWER < fastest

    def _sound_order(self, sound: AudioStream) -> tuple[object, ...]:
        context: Any = sound.codec_context
        return (
            not self._seen[sound.index].num_packets,
            bool(sound.disposition & _ASIDE_SOUNDS),
            not sound.disposition & Disposition.default,
            bool(sound.disposition & Disposition.dub),
            context is not None and context.sample_rate < _SPEECH_RATE,
            sound.index,
        )

    def _share_programme(self, one: Stream, other: Stream) -> bool:
        return self._transport.share_programme(one.id, other.id)

    def _belongs(self, stream: Stream, film: Stream) -> bool:
        """Whether a stream is of the film's programme, or goes on where the film has ended."""
        return self._share_programme(stream, film) or self._is_after(stream, film)

    def _goes_on_from(self, stream: Stream, other: Stream) -> bool:
        """Whether a recording may be in one stream, and then in another one."""
        by_stamps = self._container.format.name not in TRANSMITTED
        one, two = self._seen[stream.index], self._seen[other.index]
        return self._is_after(stream, other) or one.is_in_gap_of(two, by_stamps=by_stamps)

    def _goes_on_from_any(self, stream: Stream, others: Sequence[Stream]) -> bool:
        return any(self._goes_on_from(stream, other) for other in others if other is not stream)

    def _is_after(self, stream: Stream, other: Stream) -> bool:
        by_stamps = self._container.format.name not in TRANSMITTED
        return self._seen[stream.index].is_after(self._seen[other.index], by_stamps=by_stamps)

    def _why_not(self, stream: Any) -> str | None:
        """Why a stream is not decoded; None if it is."""
        if self._is_encrypted or stream.id in self._transport.scrambled:
            return ENCRYPTED
        why = why_undecodable(stream)
        if why is None and stream.type == "video" and _num_pixels(stream) > self._max_pixels:
            size = f"{stream.codec_context.width}×{stream.codec_context.height} pixels"
            most = f"{self._max_pixels:,}"
            if self._max_pixels >= 1_000_000:
                most = f"{self._max_pixels / 1e6:.1f} million"
            why = f"{size} are more than the {most} that INGEST_MAX_PIXELS allows"
        return why


def _num_pixels(video: VideoStream) -> int:
    """The size of its pictures; large if no decoder knows it."""
    context: Any = video.codec_context
    if context is None or context.type != "video":
        return _UNKNOWN_PIXELS
    return int(context.width * context.height)
