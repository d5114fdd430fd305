"""The sound of a file as 16 kHz mono samples on disk, with the time of every stretch.

Of each track a mix is written, and, page by page, those of its channels that the mix does not hold
(ingest/media/channels.py).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np

from ingest.media.channels import Apart
from ingest.media.container import Track
from ingest.media.languages import is_channel, track_name
from ingest.media.resampler import Resampler
from ingest.media.samples import SAMPLE_RATE, Channels, Room, Samples, SamplesFile

_FILL_S = 2.0
"""Gaps up to this long are filled with silence; longer ones start a new stretch."""
_TOLERANCE_S = 0.1
"""Stamps are this inexact: gaps up to this long are none."""
NO_PLACE = ("NONE", "AMBI", "USR", "UNK", "UNSD")
"""How FFmpeg names channels begin of which it does not know where they are heard."""


@dataclass(frozen=True)
class Voice:
    """A sound track of a recording."""

    track: str | None
    """Its name, in words; None for the one that people hear first, and for those that go on with
    it."""
    mix: Samples
    channels: dict[str, Samples] = field(default_factory=dict)
    """By their names, those that hold something else than the mix, where they do."""


class Voices:
    """The sounds of a recording, written as they are decoded."""

    def __init__(self, folder: Path, file_bytes: int) -> None:
        self._folder, self._room = folder, Room(file_bytes)
        self._writers: dict[int, TrackWriter] = {}

    @property
    def end_s(self) -> float:
        """The time after the last sample of any track; 0 if there is none."""
        return max((writer.end_s for writer in self._writers.values()), default=0.0)

    def write(self, track: int, frame: av.AudioFrame, time_s: float) -> None:
        """Adds decoded audio of a track, by its position, as TrackWriter does."""
        if track not in self._writers:
            self._writers[track] = TrackWriter(self._folder, track, self._room)
        self._writers[track].write(frame, time_s)

    @property
    def left_out(self) -> list[str]:
        """What there was no room for, in words."""
        from_s, limit = self._room.lost_from_s, self._room.num_bytes >> 20
        if math.isinf(from_s):
            return []
        return [
            f"from {from_s:.1f} s on, not all tracks and channels of the sound are heard: they need"
            f" more than {limit} MB of disk, too much for a file of this size"
        ]

    def close(self, tracks: Sequence[Track]) -> list[Voice]:
        """What is to be heard of these tracks; those without a sample are left out."""
        voices: list[Voice] = []
        names = _names_of(tracks)
        for track in sorted(self._writers):
            name, (mix, channels) = names[track], self._writers[track].close()
            if mix is not None:
                goes_on = all(apart_in_time(mix, v.mix) for v in voices if v.track is None)
                voices.append(Voice(None if goes_on else name, mix, channels))
        return voices


def apart_in_time(one: Samples, other: Samples) -> bool:
    """Whether one of two sounds begins when the other has ended."""
    return min(one.end_s, other.end_s) <= max(one.start_s, other.start_s) + _TOLERANCE_S


class TrackWriter:
    """The samples of a sound track, resampled from decoded audio as it comes."""

    def __init__(self, folder: Path, track: int, room: Room) -> None:
        name = f"sound-{track}"
        self._mix = SamplesFile(folder, f"{name}.s16", room if track else None)
        self._apart = Apart(folder, name, room)
        self._resampled: _Resampled | None = None

    @property
    def end_s(self) -> float:
        """The time after the last sample; 0 if there is none."""
        return self._mix.end_s

    def write(self, frame: av.AudioFrame, time_s: float) -> None:
        """Adds decoded audio that is heard from `time_s` on: at the end, after silence, or, where
        its time jumps, as a new stretch. Raises ValueError, av.error.FFmpegError, OSError.
        """
        gap_s = time_s - self.end_s
        if not self._mix.has_begun or not -_TOLERANCE_S <= gap_s <= _FILL_S:
            self._mix.begin(time_s)
            self._apart.begin(time_s)
        elif gap_s > _TOLERANCE_S:
            silence = np.zeros(round(gap_s * SAMPLE_RATE), np.int16)
            self._mix.append(silence)
            self._apart.add_silence(silence)
        if self._resampled is not None and self._resampled.form != _form_of(frame):
            self._finish_form()
        resampled, self._resampled = self._resampled, None  # one that fails is not used again
        if resampled is None:
            resampled = _Resampled(frame)
            self._apart.name_channels(resampled.channel_names)
        self._take(resampled.feed(frame))
        self._resampled = resampled

    def close(self) -> tuple[Samples | None, dict[str, Samples]]:
        """The mix, None if there is no sample, and the channels that differ from it."""
        self._finish_form()
        return self._mix.close(), self._apart.close()

    def _finish_form(self) -> None:
        """Takes what the resampler still holds of audio of the form so far."""
        resampled, self._resampled = self._resampled, None
        if resampled is not None:
            self._take(resampled.feed(None))

    def _take(self, resampled: tuple[Channels, Channels]) -> None:
        mix, channels = resampled
        self._mix.append(mix[0])
        self._apart.add(mix, channels)


Form = tuple[str, str, int]
"""Sample format, layout and rate."""


def _form_of(frame: av.AudioFrame) -> Form:
    return frame.format.name, frame.layout.name, frame.sample_rate


class _Resampled:
    """Audio of one form at SAMPLE_RATE: its mix and, where there are several, its channels."""

    def __init__(self, first: av.AudioFrame) -> None:
        self.form = _form_of(first)
        layout = first.layout
        kinds = [channel.name for channel in layout.channels]
        self.channel_names: list[str] = []
        if len(kinds) > 1:
            self.channel_names = [
                f"channel {n}" if c.name.startswith(NO_PLACE) else f"{c.description} channel"
                for n, c in enumerate(layout.channels, 1)
            ]
        if len(kinds) == 2:
            self.channel_names = ["left channel", "right channel"]
        # FFmpeg would guess places for channels without one, and leave out those of low tones.
        self._has_places = len(kinds) <= 2 or not any(k.startswith(NO_PLACE) for k in kinds)
        self._to_mix = Resampler(first, "mono") if self._has_places else None
        self._to_channels = Resampler(first, layout.name) if self.channel_names else None

    def feed(self, frame: av.AudioFrame | None) -> tuple[Channels, Channels]:
        """The mix [1, n] and the channels [c, m] that come out for a frame, or at the end."""
        channels = np.zeros((0, 0), np.int16)
        if self._to_channels is not None:
            channels = self._to_channels.feed(frame)
        if self._to_mix is not None:
            return self._to_mix.feed(frame), channels
        return channels.mean(axis=0, keepdims=True).astype(np.int16), channels


def _names_of(tracks: Sequence[Track]) -> list[str]:
    """A name for each track, none twice, none like a channel's."""
    names: list[str] = []
    for number, track in enumerate(tracks, 1):
        name = track_name(track.title, track.language)
        if name is None:
            name = f"track {number}"
        elif name in names or is_channel(name):
            name = f"{name}, track {number}"
        names.append(name)
    return names
