"""Fragmented MP4: segments that players of HLS and of MediaSource take one by one."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import av
from av.container import OutputContainer

_OPTIONS = {
    "movflags": "empty_moov+default_base_moof+frag_custom+frag_discont+skip_trailer",
    "use_editlist": "0",
    "avoid_negative_ts": "disabled",
    "write_tmcd": "0",
}
_HEAD = (b"ftyp", b"moov")


def nowhere() -> OutputContainer:
    """An MP4 in which streams are declared; nothing is written to it."""
    options = {"movflags": "empty_moov+skip_trailer"}
    return av.open(BytesIO(), "w", format="mp4", container_options=options)


def write_segment(
    number: int, templates: Sequence[Any], packets: "Sequence[Sequence[av.Packet[Any]]]"
) -> bytes:
    """One whole segment: ftyp and moov, which tell of the streams alone and are the same for each
    segment, and a fragment with the packets of each of them.

    Templates are streams of an open container, read or written. The stamps of the packets are
    presented times, and none to decode at is below 0; a packet is changed, and is of no other use.
    Raises av.error.FFmpegError.
    """
    file = BytesIO()
    options = _OPTIONS | {"fragment_index": str(number + 1)}
    with av.open(file, "w", format="mp4", container_options=options) as container:
        streams = [container.add_stream_from_template(each, opaque=True) for each in templates]
        for stream in streams:
            stream.metadata.pop("timecode", None)  # it would become a third track
            if stream.codec_context.codec.canonical_name == "hevc":
                stream.codec_context.codec_tag = "hvc1"  # the only one that Safari plays
        container.start_encoding()
        for stream, its_packets in zip(streams, packets, strict=True):
            for packet in its_packets:
                packet.stream = stream
                container.mux_one(packet)
    return file.getvalue()


def split(segment: bytes) -> tuple[bytes, bytes]:
    """(ftyp and moov, which every segment has and players take first; the fragment)."""
    at = 0
    while segment[at + 4 : at + 8] in _HEAD:
        at += int.from_bytes(segment[at : at + 4], "big")
    return segment[:at], segment[at:]
