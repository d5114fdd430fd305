"""What a timeline gives: pictures and sounds with their times."""

from dataclasses import dataclass

import av


@dataclass(frozen=True)
class Picture:
    """A decoded picture, shown from `time_s` on; one without a stamp follows the one before."""

    time_s: float
    frame: av.VideoFrame


@dataclass(frozen=True)
class Sound:
    """Decoded samples of a sound track, heard from `time_s` on."""

    track: int
    """Its position among the sounds of the probe."""
    time_s: float
    frame: av.AudioFrame


@dataclass(frozen=True)
class Passed:
    """A packet of pictures of which not every one is decoded; it ends at `end_s`."""

    end_s: float


Found = Picture | Sound | Passed
