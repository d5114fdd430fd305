"""Packets of streams of a file, from a time on."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

import av
from av.stream import Discard

from ingest.errors import VideoUnreadable
from ingest.media.container import open_media
from ingest.playing.iframes import begins_alone

_EARLIER_S = (1.0, 30.0)
"""How much before a time it is looked for: indexes lead to about where it is."""


def packets_of(
    path: Path, streams: Sequence[int], from_s: float | None = None
) -> Iterator["av.Packet[Any]"]:
    """The packets with data of the streams of these indexes; with `from_s`, from about that stamp
    on, or where the file's index leads. Those of AVI are shown in the order of decoding.

    Raises VideoUnreadable where the file is damaged.
    """
    with open_media(path) as container:
        for stream in container.streams:
            if stream.index not in streams:
                stream.discard = Discard.all
        is_in_order = container.format.name == "avi"
        if from_s is not None:
            with suppress(av.error.FFmpegError):  # no index: then it is read from its beginning
                container.seek(round(from_s * 1e6))
        try:
            for packet in container.demux([container.streams[index] for index in streams]):
                if is_in_order:  # where FFmpeg makes up a delay of H.264 that is not there
                    packet.pts = packet.dts
                if packet.size:
                    yield packet
        except (av.error.FFmpegError, IndexError) as error:
            raise VideoUnreadable(f"its packets cannot be read: {error}") from None


def packets_before(path: Path, stream: int, stamp_s: float | None) -> Iterator["av.Packet[Any]"]:
    """The packets of a stream from one on that begins at or before a stamp; all under None."""
    if stamp_s is not None:
        for earlier_s in _EARLIER_S:
            packets = packets_of(path, [stream], stamp_s - earlier_s)
            first = next(packets, None)
            if first is not None and shown_s(first) <= stamp_s:
                yield from chain([first], packets)
                return
    yield from packets_of(path, [stream])


def film_packets(path: Path, stream: int, stamp_s: float | None) -> Iterator["av.Packet[Any]"]:
    """The packets of a film from one at or before a stamp on, or, under None, all of which a
    decoder can make something: neither those before the first I-frame to begin with, nor those that
    are shown before it.
    """
    if stamp_s is not None:
        yield from packets_before(path, stream, stamp_s)
        return
    beginning = Beginning()
    yield from (each for each in packets_of(path, [stream]) if beginning.has(each))


class Beginning:
    """Where a film can be decoded from; its packets are told as they come."""

    def __init__(self) -> None:
        self._first: int | None = None

    def has(self, packet: "av.Packet[Any]") -> bool:
        """Whether it has begun, with this one or before."""
        if self._first is None and packet.is_keyframe and is_first(packet):
            self._first = packet.pts
        return self._first is not None and (packet.pts is None or packet.pts >= self._first)


def shown_s(packet: "av.Packet[Any]") -> Fraction:
    """The stamp of a packet, exactly, in seconds. Raises VideoUnreadable if it has none."""
    if packet.pts is None:
        raise VideoUnreadable("its packets have no time stamps")
    return packet.pts * packet.time_base


def is_first(packet: "av.Packet[Any]") -> bool:
    """Whether decoding can begin with a packet of pictures."""
    context = packet.stream.codec_context
    return begins_alone(context.codec.canonical_name, bytes(packet), context.extradata or b"")
