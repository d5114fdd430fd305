"""What is missing of a recording, and what was corrected in it, in words for people."""

from collections.abc import Iterator

from ingest.media.damage import COPY_AGAIN
from ingest.media.timeline import Timeline

_BEGINS_LATE_S = 1.0
"""Pictures that are missing at the beginning are told from this length on."""


def faults(timeline: Timeline, first_picture_s: float | None, duration_s: float) -> Iterator[str]:
    """What is missing of what the file holds, stream by stream, when all of it was read.

    `first_picture_s` is None where no picture could be decoded.
    """
    yield from timeline.header.left_out
    for track, damage in timeline.damage.items():
        if missing := damage.fault(_name_of(timeline, track)):
            yield missing
    has_film = timeline.header.video is not None
    if has_film and first_picture_s is None and not timeline.damage[None].num_errors:
        yield "no picture could be decoded: no frames"
    if cut_off := _cut_off(timeline, duration_s):
        yield cut_off


def notes(timeline: Timeline, first_picture_s: float | None) -> list[str]:
    """What was corrected, or is too little to be a fault."""
    slight = (each.slight(_name_of(timeline, track)) for track, each in timeline.damage.items())
    told = [*timeline.clock.notes, *timeline.tracks.notes, *filter(None, slight)]
    begins_s = timeline.tracks.film_begins_s
    if first_picture_s is not None and first_picture_s - begins_s >= _BEGINS_LATE_S:
        told.append(
            f"the pictures before {first_picture_s:.1f} s could not be decoded: the recording "
            "begins in the middle of pictures that need those before them"
        )
    return told


def _name_of(timeline: Timeline, track: int | None) -> str:
    if track is None:
        return "the pictures"
    has_several = len(timeline.header.sounds) > 1
    return f"the sound of track {track + 1}" if has_several else "the sound"


def _cut_off(timeline: Timeline, duration_s: float) -> str | None:
    """That the header claims more than any packet has shown; None if it does not.

    Headers lie, and a decoder that runs out of memory looks like one that reached the end.
    """
    declared_s = timeline.header.declared_s
    reached_s = max(duration_s, timeline.tracks.last_stamp_s)
    if declared_s is not None and reached_s < declared_s - max(1.0, 0.05 * declared_s):
        only = f"only {duration_s:.1f} s of {declared_s:.1f} s could be decoded"
        return f"{only}: it was cut off, or its header is wrong; {COPY_AGAIN}"
    return None
