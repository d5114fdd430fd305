"""Recordings of several streams, and transport streams of several programmes, made by code."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from tests.helpers.media import AUDIO_RATE, Picture, drawn, tone

_TS_PACKET = 188


@dataclass(frozen=True)
class Pictures:
    """A stream of pictures that shows one after the other, again and again."""

    size: tuple[int, int] = (320, 180)
    begin_s: float = 0.0
    seconds: float = 2.0
    fps: int = 10
    codec: str = "mpeg4"
    pixels: str = "yuv420p"
    disposition: int = 0
    seed: int = 1
    key_every: int = 5
    """Pictures from one that can be decoded by itself to the next, at most."""
    options: dict[str, str] = field(default_factory=dict)

    def packets(self, stream: Any) -> "list[av.Packet[Any]]":
        """The stream, encoded."""
        stream.width, stream.height, stream.pix_fmt = *self.size, self.pixels
        stream.codec_context.gop_size = self.key_every
        stream.options = self.options
        shown: list[Picture] = [drawn(self.seed + n, self.size) for n in range(4)]
        packets = []
        for number in range(max(1, round(self.seconds * self.fps))):
            frame = av.VideoFrame.from_ndarray(shown[number % 4], "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, self.fps)
            packets += stream.encode(frame)
        return [*packets, *stream.encode(None)]


@dataclass(frozen=True)
class Tone:
    """A stream of a tone."""

    begin_s: float = 0.0
    seconds: float = 2.0
    codec: str = "mp2"
    rate: int = 48_000
    layout: str = "mono"
    disposition: int = 0
    metadata: dict[str, str] = field(default_factory=dict)

    def packets(self, stream: Any) -> "list[av.Packet[Any]]":
        """The stream, encoded."""
        samples = tone(self.seconds)[np.newaxis]
        frame = av.AudioFrame.from_ndarray(samples, "s16", "mono")
        frame.sample_rate, frame.pts, frame.time_base = AUDIO_RATE, 0, Fraction(1, AUDIO_RATE)
        stream.metadata.update(self.metadata)
        if self.codec.startswith("wma"):
            stream.bit_rate = 64_000
        return [*stream.encode(frame), *stream.encode(None)]


def write_tracks(
    path: Path,
    tracks: Sequence[Pictures | Tone],
    options: dict[str, str] | None = None,
    container_format: str | None = None,
) -> Path:
    """A recording of these streams in this order, interleaved by time."""
    with av.open(str(path), "w", format=container_format, options=options or {}) as container:
        packets: list[Any] = []
        for track in tracks:
            if isinstance(track, Pictures):
                stream: Any = container.add_stream(track.codec, track.fps)
            else:
                stream = container.add_stream(track.codec, track.rate, layout=track.layout)
            stream.disposition = track.disposition
            of_track: list[Any] = track.packets(stream)
            for packet in of_track:
                offset = round(track.begin_s / packet.time_base)
                packet.pts, packet.dts = packet.pts + offset, packet.dts + offset
                packets.append(packet)
        for packet in sorted(packets, key=lambda each: each.dts * each.time_base):
            container.mux(packet)
    return path


def write_programmes(path: Path, programmes: Sequence[Sequence[Pictures | Tone]]) -> Path:
    """A transport stream that sends several programmes together, the first one first."""
    parts, entries = [], b""
    for number, tracks in enumerate(programmes, start=1):
        part = path.with_name(f"programme-{number}.ts")
        table = 0x1000 + number
        options = {
            "mpegts_service_id": str(number),
            "mpegts_pmt_start_pid": str(table),
            "mpegts_start_pid": str(0x100 * number),
        }
        data = write_tracks(part, tracks, options).read_bytes()
        part.unlink()
        packets = [data[at : at + _TS_PACKET] for at in range(0, len(data), _TS_PACKET)]
        parts.append([packet for packet in packets if _pid(packet) not in (0, 0x11)])
        entries += number.to_bytes(2, "big") + (0xE000 | table).to_bytes(2, "big")
    together = sorted(
        (at / len(part), number, packet)
        for number, part in enumerate(parts)
        for at, packet in enumerate(part)
    )
    path.write_bytes(_programme_list(entries) + b"".join(packet for *_, packet in together))
    return path


def _pid(packet: bytes) -> int:
    return (packet[1] & 0x1F) << 8 | packet[2]


def _programme_list(entries: bytes) -> bytes:
    """The packet of a transport stream that names its programmes."""
    section = b"\x00" + (0xB000 | len(entries) + 9).to_bytes(2, "big") + b"\x00\x01\xc1\x00\x00"
    section += entries
    section += _checksum(section).to_bytes(4, "big")
    return (b"\x47\x40\x00\x10\x00" + section).ljust(_TS_PACKET, b"\xff")


def _checksum(data: bytes) -> int:
    """CRC-32 of MPEG-2."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)) & 0xFFFFFFFF
    return value
