"""I-frames that a player can begin with, told by the bits of the picture: containers' marks lie."""

import re
from collections.abc import Iterator

COPIED = frozenset(("h264", "hevc", "vp9", "av1"))
"""Codecs of pictures that browsers play in an MP4, where they have a decoder."""
_H264_PICTURES, _H264_IDR, _H264_SPS = range(1, 6), 5, 7
_HEVC_PICTURES, _HEVC_IRAP, _HEVC_SPS = range(32), range(16, 24), 33
_AV1_SEQUENCE = 1
_START_CODE = re.compile(b"\x00\x00\x01")


def begins_alone(codec: str, packet: bytes, extradata: bytes) -> bool:
    """Whether decoding can begin with this packet, and what is shown after it is right."""
    if codec == "h264":
        kinds = (nal[0] & 0x1F for nal in nals(codec, packet, extradata))
        return next((kind == _H264_IDR for kind in kinds if kind in _H264_PICTURES), False)
    if codec == "hevc":  # decoders leave out what is shown before one, and leans on others
        kinds = (nal[0] >> 1 & 0x3F for nal in nals(codec, packet, extradata))
        return next((kind in _HEVC_IRAP for kind in kinds if kind in _HEVC_PICTURES), False)
    if codec == "vp9":
        return _is_vp9_key(packet)
    return _AV1_SEQUENCE in _av1_kinds(packet)


def parameters(codec: str, packet: bytes, extradata: bytes) -> bytes | None:
    """What a packet says of the size and kind of pictures from here on; None if it says nothing."""
    if codec == "h264":
        found = (nal for nal in nals(codec, packet, extradata) if nal[0] & 0x1F == _H264_SPS)
    elif codec == "hevc":
        found = (nal for nal in nals(codec, packet, extradata) if nal[0] >> 1 & 0x3F == _HEVC_SPS)
    else:
        return None
    first = next(found, None)
    return None if first is None else first.rstrip(b"\x00")


def nals(codec: str, packet: bytes, extradata: bytes) -> Iterator[bytes]:
    """The parts of a packet up to its first picture, of which it has the beginning, in either way
    that containers keep them."""
    pictures = _H264_PICTURES if codec == "h264" else _HEVC_PICTURES
    has_lengths = extradata[:1] == b"\x01"
    for nal in _by_length(codec, packet, extradata) if has_lengths else _by_code(packet):
        if nal:
            yield nal
            if (nal[0] & 0x1F if codec == "h264" else nal[0] >> 1 & 0x3F) in pictures:
                return


def _by_length(codec: str, packet: bytes, extradata: bytes) -> Iterator[bytes]:
    place = 4 if codec == "h264" else 21
    width = (extradata[place] & 3) + 1 if len(extradata) > place else 4
    at = 0
    while at + width < len(packet):
        length = int.from_bytes(packet[at : at + width], "big")
        yield packet[at + width : at + width + length]
        at += width + max(length, 1)


def _by_code(packet: bytes) -> Iterator[bytes]:
    begin: int | None = None
    for code in _START_CODE.finditer(packet):
        if begin is not None:
            yield packet[begin : code.start()]
        begin = code.end()
    if begin is not None:
        yield packet[begin:]


def _is_vp9_key(packet: bytes) -> bool:
    """By the first byte: marker (2 bits), profile (2), one more bit of profile 3, whether a frame
    of before is shown again, and 0 for a key frame."""
    if not packet or packet[0] >> 6 != 2:
        return False
    bits = packet[0] << 1 if packet[0] >> 4 & 3 == 3 else packet[0]
    return bits & 0x0C == 0


def _av1_kinds(packet: bytes) -> Iterator[int]:
    """The kinds of the units of a packet, as far as each says its size."""
    at = 0
    while at < len(packet):
        head = packet[at]
        yield head >> 3 & 15
        at += 2 if head & 4 else 1
        if not head & 2:
            return
        size = shift = 0
        while at < len(packet) and shift < 56:
            byte = packet[at]
            size |= (byte & 127) << shift
            at, shift = at + 1, shift + 7
            if byte < 128:
                break
        at += size
