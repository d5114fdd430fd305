"""Where a recording in Matroska ends and another follows in the same file: FFmpeg would read on,
and take the streams of the second for those of the first.
"""

from pathlib import Path
from typing import BinaryIO

_HEADER, _SEGMENT = b"\x1aE\xdf\xa3", b"\x18S\x80g"
"""What a file consists of: each is its kind, its length in 1 to 8 bytes, and its content."""
_LONGEST_HEAD = 12


def end_if_followed(path: Path, first_byte: int) -> int | None:
    """The end of the recording that begins at a byte; None if nothing follows, as of any other
    container, or if it does not say how long it is.
    """
    size, end = path.stat().st_size, first_byte
    with path.open("rb") as file:
        for kind in (_HEADER, _SEGMENT):
            length = _length_of(file, kind, end)
            if length is None or end + length >= size:
                return None
            end += length
        file.seek(end)
        return end if file.read(len(_HEADER)) == _HEADER else None


def _length_of(file: BinaryIO, kind: bytes, first_byte: int) -> int | None:
    """The length of an element with its head; None if it is another one, or does not say it."""
    file.seek(first_byte)
    head = file.read(_LONGEST_HEAD)
    if not head.startswith(kind) or len(head) < _LONGEST_HEAD or not head[4]:
        return None
    num_bytes = 9 - head[4].bit_length()
    unknown = (1 << 7 * num_bytes) - 1
    length = int.from_bytes(head[4 : 4 + num_bytes], "big") & unknown
    return None if length == unknown else 4 + num_bytes + length
