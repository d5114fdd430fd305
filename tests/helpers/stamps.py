"""Recordings whose stamps are not what they should be, made from sound ones."""

from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

_HEADER_BYTES, _TAG_BYTES = 9, 11
_KINDS = {8: "sound", 9: "pictures"}


def joined(path: Path, parts: Sequence[Path]) -> Path:
    """The files one after the other, byte by byte, as people join recordings."""
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def restamped(film: Path, path: Path, change: Callable[[str, int, int], int]) -> Path:
    """An FLV film with other stamps: `change` is told "sound" or "pictures", the packet's number in
    its stream and its stamp in ms, and gives the new one.
    """
    data = bytearray(film.read_bytes())
    at = _HEADER_BYTES + 4
    numbers = {kind: count() for kind in _KINDS.values()}
    while at + _TAG_BYTES <= len(data):
        size = int.from_bytes(data[at + 1 : at + 4], "big")
        kind = _KINDS.get(data[at])
        is_header = size > 1 and data[at + _TAG_BYTES + 1] == 0  # of the codec: no packet
        if kind is not None and not is_header:
            stamp = int.from_bytes(bytes([data[at + 7], *data[at + 4 : at + 7]]), "big")
            new = change(kind, next(numbers[kind]), stamp) & 0xFFFFFFFF
            data[at + 4 : at + 8] = [*(new & 0xFFFFFF).to_bytes(3, "big"), new >> 24]
        at += _TAG_BYTES + size + 4
    path.write_bytes(data)
    return path
