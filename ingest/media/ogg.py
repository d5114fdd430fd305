"""Where a film in Ogg ends and another one follows in the same file: FFmpeg reads on through sounds
that are chained like this, and not through pictures.
"""

from mmap import ACCESS_READ, mmap
from pathlib import Path

_MAGIC, _BEGINS = b"OggS", 2
_HEAD_BYTES = 27
"""Of a page, with the number of its segments at the end; their lengths follow, a byte each."""
_FILMS = (b"\x80theora", b"OVP80", b"BBCD")
"""How streams of pictures begin: Theora, VP8, Dirac."""


def end_if_followed(path: Path, first_byte: int) -> int | None:
    """The end of the film that begins at a byte; None if nothing follows, or if it is none."""
    if path.stat().st_size <= first_byte + _HEAD_BYTES:
        return None
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        page, is_film, has_begun = first_byte, False, False
        while data[page : page + 4] == _MAGIC and page + _HEAD_BYTES <= len(data):
            begins = bool(data[page + 5] & _BEGINS)
            if begins and has_begun:
                return page
            lengths = data[page + _HEAD_BYTES : page + _HEAD_BYTES + data[page + _HEAD_BYTES - 1]]
            content = page + _HEAD_BYTES + len(lengths)
            is_film |= begins and data[content : content + 8].startswith(_FILMS)
            has_begun = not begins
            if has_begun and not is_film:
                return None
            page = content + sum(lengths)
    return None
