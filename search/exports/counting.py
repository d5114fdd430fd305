"""How the frames of a video are counted: its rate, its first frame, and its own timecode."""

import math
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from database.videos.read import VideoInfo
from search.exports.timecode import MAX_NOMINAL, Rate, read_timecode, write_timecode

STANDARD = (
    Rate(24000, 1001),
    Rate(24, 1),
    Rate(25, 1),
    Rate(30000, 1001),
    Rate(30, 1),
    Rate(48, 1),
    Rate(50, 1),
    Rate(60000, 1001),
    Rate(60, 1),
)
_NEAR = 0.02
_ROUNDED = 0.1
"""Of a frame: times are kept to the millisecond by some containers."""
_OF_SOUND = Rate(25, 1)
"""By which recordings without pictures are counted."""


class Caveat(StrEnum):
    """Why the frame numbers of a video may not be exact."""

    AVERAGE_RATE = (
        "frames are counted at the average rate and from 00:00:00:00, since the exact rate and the "
        "timecode of the file were not kept when it was ingested: open the video once in the page, "
        "or ingest it anew, and export again"
    )
    VARYING_RATE = "the frame rate varies: frames are counted at its average"
    TOO_FAST = "timecode has no more than 60 frames a second: frames are counted at a part of it"
    NO_PICTURE = "there is no picture: frames are counted at 25 a second"
    ODD_TIMECODE = "its timecode does not go with its frame rate: frames are counted from 00:00:00"


@dataclass(frozen=True)
class FrameCount:
    """The frames of a video, numbered from 0."""

    rate: Rate
    first_s: float
    """The presented time of frame 0."""
    start: int
    """The number that its timecode gives to frame 0."""
    is_drop: bool
    caveats: tuple[Caveat, ...] = ()

    def frame_at(self, time_s: float) -> int:
        """The frame that begins nearest to a time; cuts are where frames begin."""
        return max(0, math.floor(self._frames_before(time_s) + 0.5))

    def num_until(self, time_s: float) -> int:
        """How many whole frames there are up to a time; at least one."""
        return max(1, math.floor(self._frames_before(time_s) + _ROUNDED))

    def _frames_before(self, time_s: float) -> float:
        return (time_s - self.first_s) * float(self.rate.exact)

    def timecode_of(self, frame: int) -> str:
        """The source's own timecode of a frame."""
        return write_timecode(self.start + frame, self.rate, is_drop=self.is_drop)


def count_frames(video: VideoInfo) -> FrameCount:
    """How the frames of a video are counted, as far as that is known."""
    streams = video.streams
    if video.video_codec is None or (streams is not None and streams.picture is None):
        return FrameCount(_OF_SOUND, 0.0, 0, False, (Caveat.NO_PICTURE,))
    if streams is None or streams.picture is None:
        rate, caveats = _slower(_average(video))
        return FrameCount(rate, 0.0, 0, rate.may_drop, (Caveat.AVERAGE_RATE, *caveats))
    picture = streams.picture
    if picture.rate is None:
        rate, caveats = _slower(_average(video))
        caveats = (Caveat.VARYING_RATE, *caveats)
    else:
        rate, caveats = _slower(Fraction(*picture.rate))
    start, is_drop = 0, rate.may_drop
    if streams.timecode is not None:
        try:
            start, is_drop = read_timecode(streams.timecode, rate)
        except ValueError:
            caveats = (*caveats, Caveat.ODD_TIMECODE)
    return FrameCount(rate, picture.first_s, start, is_drop, caveats)


def _average(video: VideoInfo) -> Fraction:
    """The average frame rate as the nearest standard one, or else as it is."""
    average = video.frame_rate or float(_OF_SOUND.exact)
    nearest = min(STANDARD, key=lambda rate: abs(float(rate.exact) - average))
    if abs(float(nearest.exact) - average) <= _NEAR:
        return nearest.exact
    return max(Fraction(average).limit_denominator(1001), Fraction(1))


def _slower(exact: Fraction) -> tuple[Rate, tuple[Caveat, ...]]:
    """A rate that timecode can count: the film's own, or a whole part of it."""
    parts = 1
    while Rate(*(exact / parts).as_integer_ratio()).nominal > MAX_NOMINAL:
        parts += 1
    rate = Rate(*(exact / parts).as_integer_ratio())
    return rate, () if parts == 1 else (Caveat.TOO_FAST,)
