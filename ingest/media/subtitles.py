"""Subtitles within a recording: which streams have text, and what their packets say.

Packets come by in the one decode pass. Their stamps are mapped to presented time when all of it was
read, since a clock that jumps is known a few frames later than the first packet after the jump.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import av
from av.stream import Disposition
from av.subtitles.stream import SubtitleStream
from av.subtitles.subtitle import AssSubtitle

from database.videos.records import Subtitles
from ingest.media.clock import EARLY_S, LAG_S, Clock
from ingest.media.cues import MAX_LINES, Cue, settle
from ingest.media.languages import language_of, track_name
from ingest.media.markup import lines_of_ass
from ingest.media.packets import stamp_of

_KEPT = 4 * MAX_LINES
"""Packets of a track that are kept until the end: layers and repetitions become fewer lines."""
_EPOCHS_BACK, _EPOCHS_AHEAD = 8, 3
"""A packet is of one of the epochs before the newest when it was read, or of one that opened when
the frames that lay beside it were decoded."""
_MS = 1000
_FOREVER_MS = 2**32 - 1
"""What decoders say of a line that is shown until the next."""


@dataclass(frozen=True)
class SubtitleTrack:
    """A stream of subtitles, as its header names it."""

    index: int
    name: str | None
    language: str | None
    """ISO 639-1."""
    why_not: str | None = None
    """Why it is not read."""


def subtitle_tracks(streams: Sequence[SubtitleStream]) -> tuple[SubtitleTrack, ...]:
    """The tracks of some streams, with names that tell them apart."""
    names = [_name(stream) for stream in streams]
    times = Counter(names)
    if len(streams) > 1:
        for number, name in enumerate(names, start=1):
            if times[name] > 1 or name is None:
                names[number - 1] = ", ".join(filter(None, (name, f"subtitles {number}")))
    languages = [language_of(stream.language) for stream in streams]
    return tuple(
        SubtitleTrack(stream.index, name, language and language[0], _why_not(stream))
        for stream, name, language in zip(streams, names, languages, strict=True)
    )


def _name(stream: Any) -> str | None:
    title = " ".join(stream.metadata.get("title", "").replace("\x00", "").split())[:100] or None
    name = track_name(title, stream.language)
    marks = {Disposition.forced: "forced", Disposition.hearing_impaired: "SDH"}
    told = [
        mark
        for flag, mark in marks.items()
        if stream.disposition & flag and mark.lower() not in (name or "").lower()
    ]
    return ", ".join(filter(None, (name, *told))) or None


def _why_not(stream: Any) -> str | None:
    """None for one of text."""
    context = stream.codec_context
    if context is None or context.type != "subtitle":
        return "no decoder here knows their codec"
    if context.codec.bitmap_sub:
        return "they are pictures, not text"
    if not context.codec.text_sub or context.name == "cc_dec":
        return f"they are in another form ({context.name})"
    return None


@dataclass(frozen=True)
class _Stamped:
    """A cue by the stamps of its file, and where it lay there."""

    stamp_s: float
    length_s: float | None
    lines: tuple[str, ...]
    near_s: float
    """How much of the recording had been presented when it came by."""
    epoch: int
    """The newest one then."""


@dataclass
class _Told:
    """What came of the packets of one track."""

    cues: list[_Stamped] = field(default_factory=list)
    num_left: int = 0
    """Beyond _KEPT."""
    num_damaged: int = 0


@dataclass
class SubtitleReader:
    """The subtitles of a recording while its packets come by, through all containers that it lies
    in: tracks of one name and language are one.
    """

    clock: Clock
    _told: dict[tuple[str | None, str | None], _Told] = field(default_factory=dict)
    _unread: dict[str, list[str]] = field(default_factory=dict)
    """Names of tracks by why they are not read."""

    def begin(
        self, tracks: Iterable[SubtitleTrack]
    ) -> "dict[int, Callable[[av.Packet[Any]], None]]":
        """What takes the packets of the tracks of a container, by stream; tracks that are not read
        are noted."""
        for track in tracks:
            if track.why_not is not None:
                names = self._unread.setdefault(track.why_not, [])
                name = track.name or "subtitles"
                if name not in names:
                    names.append(name)
        return {
            track.index: partial(self._take, track) for track in tracks if track.why_not is None
        }

    def _take(self, track: SubtitleTrack, packet: "av.Packet[Any]") -> None:
        stamp_s = stamp_of(packet)
        if not packet.size or stamp_s is None:
            return
        told = self._told.setdefault((track.name, track.language), _Told())
        if len(told.cues) >= _KEPT:
            told.num_left += 1
            return
        try:
            length_s, lines = _decoded(packet)
        except (av.error.FFmpegError, ValueError):
            told.num_damaged += 1
            return
        if lines:
            clock = self.clock
            told.cues.append(_Stamped(stamp_s, length_s, lines, clock.end_s, len(clock.epochs) - 1))

    def tracks(self, duration_s: float) -> tuple[list[Subtitles], list[str]]:
        """All that was read, in presented time, and what was left out, in words."""
        found, notes = [], [_unread(why, names) for why, names in self._unread.items()]
        for (name, language), told in self._told.items():
            settled = settle((_placed(cue, self.clock) for cue in told.cues), duration_s)
            if settled.lines:
                found.append(Subtitles(name, language, None, settled.lines))
            whose = f"of the subtitles ({name})" if name else "of the subtitles"
            notes += what_was_left_out(
                whose,
                outside=settled.num_outside,
                damaged=told.num_damaged,
                too_many=settled.num_too_many + told.num_left,
            )
        return found, notes


def what_was_left_out(whose: str, *, outside: int, damaged: int, too_many: int) -> list[str]:
    """What was left out of some subtitles, in words."""
    told = {
        "outside the recording's time": outside,
        "damaged": damaged,
        f"more than the {MAX_LINES:,} that are read": too_many,
    }
    return [
        f"{num} {'line' if num == 1 else 'lines'} {whose} left out: {why}"
        for why, num in told.items()
        if num
    ]


def _unread(why: str, names: Sequence[str]) -> str:
    return f"subtitles that were not read, since {why}: {', '.join(names)}"


def _decoded(packet: "av.Packet[Any]") -> tuple[float | None, tuple[str, ...]]:
    """How long a packet is shown, and its lines. Raises FFmpegError, ValueError."""
    stream: Any = packet.stream
    context = stream.codec_context
    if not context.is_open:
        # Texts in other encodings would be errors; they are told apart here.
        context.options = {"sub_charenc_mode": "ignore"}
    found = context.decode2(packet)
    if found is None:
        return None, ()
    lines = [line for rect in found if isinstance(rect, AssSubtitle) for line in _lines(rect.ass)]
    length_s = float(packet.duration * packet.time_base) if packet.duration else None
    if length_s is None and 0 < found.end_display_time < _FOREVER_MS:
        length_s = found.end_display_time / _MS
    return length_s, tuple(dict.fromkeys(lines))


def _lines(dialogue: bytes) -> tuple[str, ...]:
    """The lines of an event of ASS: the text is the last of its nine fields."""
    try:
        text = dialogue.decode()
    except UnicodeDecodeError:
        text = dialogue.decode("cp1252", "replace")
    return lines_of_ass(text.split(",", 8)[-1])


def _placed(cue: _Stamped, clock: Clock) -> Cue:
    """A cue in presented time: in the epoch in which its stamp lies, and if it lies in several, in
    the one that is nearest to where it lay in the file.
    """
    first = max(0, cue.epoch - _EPOCHS_BACK)
    epochs = clock.epochs[first : cue.epoch + 1 + _EPOCHS_AHEAD]
    ends = [epoch.begin_s for epoch in clock.epochs[first + 1 :]] + [float("inf")]
    times = [
        cue.stamp_s + epoch.offset_s
        for epoch, end_s in zip(epochs, ends, strict=False)
        if epoch.begin_s - EARLY_S <= cue.stamp_s + epoch.offset_s < end_s + LAG_S
    ] or [cue.stamp_s + epochs[-1].offset_s]
    start_s = min(times, key=lambda time_s: abs(time_s - cue.near_s))
    return Cue(start_s, None if cue.length_s is None else start_s + cue.length_s, cue.lines)
