"""The edit: selections cut in whole frames, one after the other on a timeline.

Every format is written from it, so that all of them name the same frames.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import PurePosixPath
from types import MappingProxyType

from database.models import MomentKind
from database.server.connection import Database
from database.videos.passages import Passage, read_passages
from database.videos.read import Library, VideoInfo
from search.errors import InvalidQuery
from search.exports.counting import Caveat, FrameCount, count_frames
from search.exports.formats import FileKind
from search.exports.gone import why_gone
from search.exports.selections import Selection, missing_videos
from search.exports.timecode import Rate, write_timecode
from search.exports.words import clock, one_line

RECORD_START_S = 3600
"""Where timelines begin: at 01:00:00:00."""
MAX_PASSAGES = 100_000
"""Of all selections together: a thousand may each be the whole of a long film."""
_NAMED = 3
"""Videos, or rates, that a note names."""
_TEXT_CHARACTERS = 80
_STEM_CHARACTERS = 200
_WORDS = {
    MomentKind.SPEECH: "said",
    MomentKind.SUBTITLE: "in subtitles",
    MomentKind.OCR: "on screen",
    MomentKind.CHAPTER: "chapter",
    MomentKind.TITLE: "named",
    MomentKind.KEYFRAME: "shown",
    MomentKind.SPAN: "done",
    MomentKind.DESCRIPTION: "described",
}


@dataclass(frozen=True)
class Cut:
    """A selection in whole frames of its video, [first, end), with its handles."""

    selection: Selection
    video: VideoInfo
    count: FrameCount
    first: int
    end: int
    start_s: float
    end_s: float
    """[start_s, end_s) of the video, with the handles, as it was asked for."""
    num_frames: int
    """Of the video as a whole."""
    record: int
    """The frame of the timeline that it begins at, from 0."""
    record_frames: int
    """How many frames of the timeline it fills."""
    passages: tuple[Passage, ...]
    """What is said and written in it."""

    @property
    def file_name(self) -> str:
        """Of the video's file, on one line."""
        return one_line(PurePosixPath(self.video.path).name) or f"video {self.video.id}"

    @property
    def name(self) -> str:
        """As somebody has called it, or else by its video and time."""
        named = one_line(self.selection.name or "")
        return named or f"{one_line(self.video.title)} {clock(self.selection.start_s)}"

    def file_stem(self, number: int) -> str:
        """What its clip is called, the so manieth of an export: 001 tour 0-12."""
        return f"{number:03d} {one_line(self.name, _STEM_CHARACTERS).replace(':', '-')}"

    @property
    def why(self) -> str:
        """Why it is there, on one line: drilling: 0.95, said: “The crew is drilling”."""
        selection = self.selection
        parts = [] if selection.score is None else [f"{selection.score:.2f}"]
        if selection.evidence:
            first = selection.evidence[0]
            author = f" (by {one_line(first.made_by)})" if first.made_by else ""
            text = f": “{one_line(first.text, _TEXT_CHARACTERS)}”" if first.text else ""
            parts.append(f"{_WORDS[first.kind]}{author}{text}")
        begin = f"{one_line(selection.query)}: " if selection.query else ""
        return f"{begin}{', '.join(parts)}".removesuffix(": ")

    @property
    def has_picture(self) -> bool:
        """Whether the video has pictures."""
        return self.video.video_codec is not None

    @property
    def num_channels(self) -> int:
        """Of the sound that people hear; one where it is not known how many."""
        if self.video.streams is None:
            return int(self.video.audio_codec is not None)
        return self.video.streams.sounds[0].num_channels if self.video.streams.sounds else 0

    @property
    def hit(self) -> tuple[int, int]:
        """[first, end) in frames of its video, without the handles."""
        first = min(self.count.frame_at(self.selection.start_s), self.end - 1)
        return first, max(first + 1, min(self.count.frame_at(self.selection.end_s), self.end))


@dataclass(frozen=True)
class Edit:
    """Cuts on a timeline, which has the rate of the first one's video."""

    title: str
    cuts: tuple[Cut, ...]
    rate: Rate
    is_drop: bool
    notes: tuple[str, ...]
    """What whoever takes it further should know."""
    timeline_notes: tuple[str, ...]
    """The same of what is on its timeline: the rates, and files that are not there."""

    @property
    def record_start(self) -> int:
        """The frame that the timeline's timecode begins with: 01:00:00:00."""
        if not self.is_drop:
            return RECORD_START_S * self.rate.nominal
        return RECORD_START_S * self.rate.nominal - 54 * (self.rate.nominal // 15)

    def notes_for(self, kind: FileKind) -> tuple[str, ...]:
        """What is to be said with a file of a format."""
        return (*self.notes, *self.timeline_notes) if kind.has_timeline else self.notes

    @property
    def num_frames(self) -> int:
        """Of the whole timeline."""
        return self.cuts[-1].record + self.cuts[-1].record_frames

    def timecode_of(self, frame: int) -> str:
        """The timeline's timecode of one of its frames."""
        return self.timecode_at(self.record_start + frame)

    def timecode_at(self, frame: int) -> str:
        """A frame counted from 00:00:00:00 as the timeline writes it."""
        return write_timecode(frame, self.rate, is_drop=self.is_drop)

    @property
    def single_video(self) -> VideoInfo | None:
        """The video that all cuts are of; None of several."""
        first = self.cuts[0].video
        return first if all(cut.video.id == first.id for cut in self.cuts) else None


def make_edit(
    database: Database, selections: Sequence[Selection], *, title: str, handles_s: float = 0.0
) -> Edit:
    """The selections one after the other, with so many seconds before and after each. Raises
    NotFound for a video that does not exist, InvalidQuery for a time that lies outside of one, and
    where too much is said."""
    ids = list(dict.fromkeys(selection.video_id for selection in selections))
    videos = {video.id: video for video in Library(database).videos(ids)}
    if missing := [video_id for video_id in ids if video_id not in videos]:
        raise missing_videos(missing)
    parts = [(s.video_id, s.start_s, s.end_s) for s in selections]
    passages = read_passages(database, parts, MAX_PASSAGES + 1)
    if sum(map(len, passages)) > MAX_PASSAGES:
        raise InvalidQuery(
            f"more than {MAX_PASSAGES:,} sentences are said and written in these selections: "
            "export fewer at a time, or shorter ones"
        )
    gone = why_gone(database, videos.values())
    return lay_out(selections, videos, passages, title=title, handles_s=handles_s, gone=gone)


def lay_out(
    selections: Sequence[Selection],
    videos: Mapping[int, VideoInfo],
    passages: Sequence[tuple[Passage, ...]],
    *,
    title: str,
    handles_s: float = 0.0,
    gone: Mapping[int, str] = MappingProxyType({}),
) -> Edit:
    """The same of videos by their ids, with what is said and written in each selection, and why the
    files of some are not there. Raises InvalidQuery."""
    if not selections:
        raise InvalidQuery("there is nothing to export: no hit, no selection")
    for number, selection in enumerate(selections, 1):
        _require_inside(number, selection, videos[selection.video_id])
    counts = {video_id: count_frames(video) for video_id, video in videos.items()}
    films = (counts[s.video_id] for s in selections if videos[s.video_id].video_codec)
    timeline = next(films, counts[selections[0].video_id])
    cuts: list[Cut] = []
    record = 0
    for selection, said in zip(selections, passages, strict=True):
        video = videos[selection.video_id]
        cut = _cut(selection, video, counts[video.id], timeline.rate, handles_s, record, said)
        cuts.append(cut)
        record += cut.record_frames
    return Edit(
        one_line(title, 200) or "hits",
        tuple(cuts),
        timeline.rate,
        timeline.is_drop,
        notes=(*_caveat_notes(cuts), *_weak_notes(selections)),
        timeline_notes=(*_rate_notes(cuts, timeline.rate), *_gone_notes(cuts, gone)),
    )


def _require_inside(number: int, selection: Selection, video: VideoInfo) -> None:
    if selection.end_s <= selection.start_s:
        raise InvalidQuery(f"selection {number} ends before it begins")
    if selection.start_s >= video.duration_s:
        raise InvalidQuery(
            f"selection {number} begins after the end of video {video.id}, "
            f"{one_line(video.title, 60)}, which has {video.duration_s:.3f} s"
        )


def _cut(
    selection: Selection,
    video: VideoInfo,
    count: FrameCount,
    timeline: Rate,
    handles_s: float,
    record: int,
    passages: tuple[Passage, ...],
) -> Cut:
    start_s = max(0.0, selection.start_s - handles_s)
    end_s = min(video.duration_s, selection.end_s + handles_s)
    num_frames = count.num_until(video.duration_s)  # its sound may end a little later
    first = min(count.frame_at(start_s), num_frames - 1)
    end = min(max(first + 1, count.frame_at(end_s)), num_frames)
    record_frames = max(1, round(Fraction(end - first) / count.rate.exact * timeline.exact))
    return Cut(
        selection,
        video,
        count,
        first,
        end,
        start_s,
        end_s,
        num_frames,
        record,
        record_frames,
        _of_one_track(passages),
    )


def _of_one_track(passages: Iterable[Passage]) -> tuple[Passage, ...]:
    """Without the speech of other tracks than the one that people hear, if anything is said on
    that."""
    kept = list(passages)
    spoken = [each for each in kept if each.kind is MomentKind.SPEECH]
    if any(each.track is None for each in spoken):
        kept = [each for each in kept if each not in spoken or each.track is None]
    return tuple(kept)


def _caveat_notes(cuts: Iterable[Cut]) -> list[str]:
    by_caveat: dict[Caveat, dict[int, str]] = defaultdict(dict)
    for cut in cuts:
        for caveat in cut.count.caveats:
            by_caveat[caveat][cut.video.id] = cut.file_name
    return [f"{_named(list(names.values()))}: {caveat}" for caveat, names in by_caveat.items()]


def _gone_notes(cuts: Iterable[Cut], gone: Mapping[int, str]) -> list[str]:
    by_reason: dict[str, dict[int, str]] = defaultdict(dict)
    for cut in cuts:
        if (why := gone.get(cut.video.id)) is not None:
            by_reason[why][cut.video.id] = cut.file_name
    told = "not to be found by an editor"
    return [f"{_named(list(names.values()))}: {told}: {why}" for why, names in by_reason.items()]


def _rate_notes(cuts: Iterable[Cut], timeline: Rate) -> tuple[str, ...]:
    others = list(dict.fromkeys(str(c.count.rate) for c in cuts if c.count.rate != timeline))
    if not others:
        return ()
    return (
        f"the timeline has {timeline} frames a second, as its first video has; timecodes of "
        f"sources are in their own rate, which is also {_named(others)}",
    )


def _weak_notes(selections: Sequence[Selection]) -> list[str]:
    num_weak = sum(selection.weak for selection in selections)
    if num_weak == 0:
        return []
    return [f"{num_weak} of {len(selections)} are weak matches; a min_score of 0.4 leaves them out"]


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(one_line(name, 60) for name in names[:_NAMED])
    more = len(names) - _NAMED
    return shown if more <= 0 else f"{shown} and {more} more"
