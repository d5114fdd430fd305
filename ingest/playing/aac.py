"""Frames of AAC that are copied. As it is broadcast, each has a header (ADTS), in place of one
configuration for all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av

from ingest.errors import VideoUnreadable
from ingest.media.container import open_media
from ingest.playing.fmp4 import nowhere
from ingest.playing.streams import packets_of

_SAMPLES = 1024
"""Of a frame, or twice as many where the band is doubled (HE-AAC)."""
_BYTES, _CHECKED_BYTES = 7, 9
"""Of a header, without and with the sum that proves it."""


def is_described(packet: "av.Packet[Any]") -> bool:
    """Whether the configuration of a sound is known, or told by its frame."""
    return bool(packet.stream.codec_context.extradata) or _config_of(bytes(packet)) is not None


def frame_length(packet: "av.Packet[Any]") -> int:
    """The samples of a frame, by the rate that its stream tells."""
    rate: int = packet.stream.codec_context.sample_rate
    return max(1, round((packet.duration or 0) * packet.time_base * rate / _SAMPLES)) * _SAMPLES


@contextmanager
def described(path: Path, index: int) -> Iterator[Any]:
    """A stream of AAC that has a configuration, as an MP4 wants it; its packets have no headers.

    Raises VideoUnreadable.
    """
    with open_media(path) as source:
        track: Any = source.streams[index]
        if track.codec_context.extradata:
            yield track
            return
        first = next(packets_of(path, [index]), None)
        config = None if first is None else _config_of(bytes(first))
        if config is None:
            raise VideoUnreadable("its sound does not say what it is")
        with nowhere() as container:
            stream = container.add_stream_from_template(track)
            stream.codec_context.extradata = config
            container.start_encoding()
            yield stream


def without_header(packet: "av.Packet[Any]") -> "av.Packet[Any]":
    """A frame alone. Where there is no header, it is the packet itself."""
    if packet.stream.codec_context.extradata:
        return packet
    data = bytes(packet)
    return av.Packet(data[_BYTES if data[1:2] and data[1] & 1 else _CHECKED_BYTES :])


def _config_of(frame: bytes) -> bytes | None:
    """The AudioSpecificConfig that a header tells: kind, rate, and channels (ISO/IEC 14496-3)."""
    if len(frame) < _BYTES or frame[0] != 0xFF or frame[1] & 0xF6 != 0xF0:
        return None
    kind, rate = (frame[2] >> 6) + 1, frame[2] >> 2 & 15
    channels = (frame[2] & 1) << 2 | frame[3] >> 6
    if rate > 12 or not channels:  # the channels of a 0 stand in the frame
        return None
    return (kind << 11 | rate << 7 | channels << 3).to_bytes(2, "big")
