"""Edit decision lists: CMX 3600, and Resolve's timeline markers, which have its form."""

from collections.abc import Iterator

from search.exports.edit import Cut, Edit
from search.exports.formats import FORMATS
from search.exports.words import Reels, one_line

_FCM = {False: "FCM: NON-DROP FRAME", True: "FCM: DROP FRAME"}
_COLOR = "ResolveColorBlue"
_MARKER_CHARACTERS = 200


def write_edl(edit: Edit) -> str:
    """The cuts with picture and sound; comments say of what file, and why."""
    reels = Reels()
    lines = [f"TITLE: {edit.title}", _FCM[edit.is_drop], ""]
    is_drop = edit.is_drop
    for number, cut in enumerate(edit.cuts, 1):
        if cut.count.is_drop != is_drop:
            is_drop = cut.count.is_drop
            lines.append(_FCM[is_drop])
        reel = reels.name_of(cut.video.id, cut.video.path)
        source = (cut.count.timecode_of(cut.first), cut.count.timecode_of(cut.end))
        lines.append(_event(number, reel, _channels(cut), *source, *_record(edit, cut)))
        lines += _comments(edit, cut)
        if number == 1:  # readers take nothing but events after the head
            lines += [f"* NOTE: {note}" for note in edit.notes_for(FORMATS["edl"])]
        lines.append("")
    return "\n".join(lines)


def write_markers(edit: Edit) -> str:
    """A marker at each hit, to be imported onto a timeline: of one video, onto the whole of it, by
    its own timecode or else from 01:00:00:00 on; of several, onto the timeline of `write_edl`."""
    lines = [f"TITLE: {edit.title}", _FCM[edit.is_drop], ""]
    for number, cut in enumerate(edit.cuts, 1):
        start, num_frames = _marked(edit, cut)
        at, after = edit.timecode_at(start), edit.timecode_at(start + 1)
        lines.append(_event(number, "001", "V", at, after, at, after))
        name = one_line(": ".join(filter(None, (cut.name, cut.why))), _MARKER_CHARACTERS)
        lines += [f" |C:{_COLOR} |M:{name.replace('|', '¦')} |D:{num_frames}", ""]
    return "\n".join(lines)


def _marked(edit: Edit, cut: Cut) -> tuple[int, int]:
    """Where a marker lies, in frames of timecode, and over how many."""
    first, end = cut.hit
    if edit.single_video is None:
        before = round((first - cut.first) / cut.count.rate.exact * edit.rate.exact)
        num_frames = round((end - first) / cut.count.rate.exact * edit.rate.exact)
        return edit.record_start + cut.record + before, max(1, num_frames)
    streams = cut.video.streams
    has_own = streams is not None and streams.timecode is not None
    return (cut.count.start if has_own else edit.record_start) + first, end - first


def _record(edit: Edit, cut: Cut) -> tuple[str, str]:
    return edit.timecode_of(cut.record), edit.timecode_of(cut.record + cut.record_frames)


def _event(number: int, reel: str, channels: str, *timecodes: str) -> str:
    return f"{number:03d}  {reel:<8} {channels:<4}  C        {' '.join(timecodes)}"


def _channels(cut: Cut) -> str:
    """The picture and the first two channels of the sound, as far as there are such."""
    if cut.has_picture:
        return ("V", "B")[cut.num_channels] if cut.num_channels < 2 else "AA/V"
    return "A" if cut.num_channels < 2 else "AA"


def _comments(edit: Edit, cut: Cut) -> Iterator[str]:
    yield f"* FROM CLIP NAME: {cut.file_name}"
    yield f"* SOURCE FILE: {one_line(cut.video.path)}"
    if cut.selection.name:
        yield f"* COMMENT: {cut.name}"
    if cut.why:
        yield f"* COMMENT: {cut.why}"
    if cut.count.rate != edit.rate:
        yield f"* SOURCE RATE: {cut.count.rate}, TIMELINE RATE: {edit.rate}"
    for caveat in cut.count.caveats:
        yield f"* NOTE: {caveat}"
