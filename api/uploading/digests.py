"""The digest by which a client asks, before it sends a file, whether the library has it.

A browser's SHA-256 takes only what is in memory as a whole, so a file is taken in slices: the
digest is the SHA-256 of the SHA-256 of each. Files of one content have one digest, and others
another.
"""

import hashlib
from functools import lru_cache
from pathlib import Path

SLICE_BYTES = 8 * 1024 * 1024


@lru_cache(maxsize=10_000)
def digest_of(path: Path, _size_bytes: int, _mtime_ns: int) -> str:
    """The digest of a file, in hex; kept for as long as it has this size and time. Raises
    OSError."""
    slices = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(SLICE_BYTES):
            slices.update(hashlib.sha256(piece).digest())
    return slices.hexdigest()
