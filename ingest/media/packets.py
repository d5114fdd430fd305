"""Packets of a container: their stamps, and those that end a stream."""

from typing import Any

import av


def end_of_stream(stream: Any) -> "av.Packet[Any]":
    """A packet without data or stamp: a decoder gives what it still holds."""
    packet: av.Packet[Any] = av.Packet()
    packet.stream = stream
    packet.time_base = stream.time_base
    return packet


def stamp_of(packet: "av.Packet[Any]") -> float | None:
    """The stamp of a packet; of some containers the decoding order alone."""
    stamp = packet.pts if packet.pts is not None else packet.dts
    return None if stamp is None else float(stamp * packet.time_base)


def end_of(packet: "av.Packet[Any]") -> float | None:
    """Where a packet ends by its stamp."""
    stamp_s = stamp_of(packet)
    return None if stamp_s is None else stamp_s + float((packet.duration or 0) * packet.time_base)
