"""The channels of a sound track that its mix does not hold: written, page by page, beside it.

A mix loses what is in opposite phase, drowns a voice on one channel in the noise of another, and
makes a muddle of two speeches at the same time. What the mix holds is cheap to tell: half a second
of a channel is in it if both are correlated. Whether it is speech is decided later, by
ingest/perception/hearing/voices.py, in these pages alone.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ingest.media.samples import SAMPLE_RATE, Channels, Mono, Room, Samples, SamplesFile

_BLOCK = SAMPLE_RATE // 2
_BLOCKS_PER_PAGE = 20
_PAGE = _BLOCK * _BLOCKS_PER_PAGE
_MIN_APART_BLOCKS = 2
"""A page with so many blocks of which a channel is not in the mix is written: a second of speech
is the least that is worth hearing."""
_MAX_SHARED = 0.75
"""The part of a channel's energy that is the mix's, up to which it counts as not in it. Two equal
channels with nothing in common have a half of theirs in the mix; a voice in the middle of wide
music has nearly all. What is heard in the end is decided more strictly."""
_MAX_DAMPING = 64
"""A channel whose energy in the mix is a smaller part than this is too faint there."""
_SILENT = 30.0
"""Samples that are on average no louder than this (-60 dB) are silence."""


@dataclass
class _Page:
    time_s: float
    channels: Channels
    names: list[str]
    is_apart: bool
    is_written: bool = False


class Apart:
    """The pages of the channels that differ from the mix, and those before and after them, so that
    no sentence begins or ends outside.
    """

    def __init__(self, folder: Path, track: str, room: Room) -> None:
        self._folder, self._track, self._room = folder, track, room
        self._files: dict[str, SamplesFile] = {}
        self._names: list[str] = []
        self._mix: list[Channels] = []
        self._channels: list[Channels] = []
        self._length = 0
        """Of the samples of channels that are in no page yet."""
        self._time_s = 0.0
        self._before: _Page | None = None

    def begin(self, time_s: float) -> None:
        """A new stretch, as SamplesFile has it."""
        self._flush()
        self._time_s = time_s

    def name_channels(self, names: list[str]) -> None:
        """The names of the channels that are added from now on; none for a single one."""
        self._flush()
        self._names = names

    def add_silence(self, silence: Mono) -> None:
        """Adds silence of all channels."""
        channels = np.broadcast_to(silence, (len(self._names), len(silence)))
        self.add(silence[np.newaxis], channels)

    def add(self, mix: Channels, channels: Channels) -> None:
        """Adds samples of the mix [1, n] and the channels [c, m]; one may be some ahead of the
        other.
        """
        if not self._names:
            self._time_s += mix.shape[1] / SAMPLE_RATE
            return
        self._mix.append(mix)
        self._channels.append(channels)
        self._length += channels.shape[1]
        if self._length >= _PAGE + _BLOCK:
            self._cut(_PAGE)

    def close(self) -> dict[str, Samples]:
        """What was written, by the names of the channels."""
        self._flush()
        closed = {name: file.close() for name, file in self._files.items()}
        return {name: samples for name, samples in closed.items() if samples is not None}

    def _flush(self) -> None:
        """A page of what is left."""
        if self._channels:
            mix_length = sum(piece.shape[1] for piece in self._mix)
            length = min(mix_length, self._length)
            if length:
                self._cut(length)
            self._time_s += (mix_length - length) / SAMPLE_RATE
        self._mix, self._channels, self._length = [], [], 0

    def _cut(self, length: int) -> None:
        """A page of so many samples from the beginning of what was added."""
        mix = np.concatenate(self._mix, axis=1)
        channels = np.concatenate(self._channels, axis=1)
        self._mix, self._channels = [mix[:, length:]], [channels[:, length:]]
        self._length -= length
        is_apart = _num_apart(mix[:, :length], channels[:, :length]) >= _MIN_APART_BLOCKS
        self._turn(_Page(self._time_s, channels[:, :length].copy(), self._names, is_apart))
        self._time_s += length / SAMPLE_RATE

    def _turn(self, page: _Page) -> None:
        """Writes a page, and the one before, if it or its neighbour is apart."""
        before, self._before = self._before, page
        if before is not None and page.is_apart and not before.is_written:
            self._write(before)
        if page.is_apart or (before is not None and before.is_apart):
            self._write(page)

    def _write(self, page: _Page) -> None:
        page.is_written = True
        for name, samples in zip(page.names, page.channels, strict=True):
            file = self._files.get(name)
            if file is None:
                own_name = f"{self._track}-channel-{len(self._files)}.s16"
                file = SamplesFile(self._folder, own_name, self._room)
                self._files[name] = file
            if not file.has_begun or abs(file.end_s - page.time_s) > 1 / SAMPLE_RATE:
                file.begin(page.time_s)
            file.append(samples)


def _num_apart(mix: Channels, channels: Channels) -> int:
    """The number of blocks of which a channel, the one with most, is not in the mix."""
    num_blocks = mix.shape[1] // _BLOCK
    if num_blocks == 0:
        return 0
    blocks = [
        part[:, : num_blocks * _BLOCK].astype(np.float32).reshape(-1, num_blocks, _BLOCK)
        for part in (mix, channels)
    ]
    shared = np.einsum("xbn,cbn->cb", blocks[0], blocks[1])
    energies = [np.einsum("cbn,cbn->cb", part, part) for part in blocks]
    apart = is_apart(shared, energies[0], energies[1], _MAX_SHARED)
    loud = energies[1] > _SILENT**2 * _BLOCK
    return int((apart & loud).sum(axis=1).max(initial=0))


def is_apart(
    shared: npt.NDArray[np.floating],
    mix: npt.NDArray[np.floating],
    channel: npt.NDArray[np.floating],
    max_shared: float,
) -> npt.NDArray[np.bool_]:
    """Whether a channel is not in a mix: by the energies of both and the sum of their products."""
    differs = np.square(shared) < max_shared * mix * channel
    faint: npt.NDArray[np.bool_] = differs | (mix * _MAX_DAMPING <= channel)
    return faint
