"""Addresses of objects: s3://bucket/key, as people and other programs write them."""

import re
from dataclasses import dataclass
from typing import Self

SCHEME = "s3://"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def is_address(text: str) -> bool:
    """Whether a text names a bucket or what is in one, rather than a file."""
    return text.startswith(SCHEME)


@dataclass(frozen=True, slots=True)
class Address:
    """An object, or the objects whose keys begin with a folder of this name; of an empty key, all
    of a bucket."""

    bucket: str
    key: str
    """As it stands: nothing in it is escaped."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """The address that was written so. Raises ValueError, which says what is wrong."""
        bucket, _, key = text.removeprefix(SCHEME).partition("/")
        if not is_address(text) or not _BUCKET.fullmatch(bucket):
            raise ValueError(f"{text[:80]!r} names no bucket: write s3://bucket/folder")
        return cls(bucket, key.rstrip("/"))

    @classmethod
    def of_place(cls, origin: str, path: str) -> Self:
        """The address of a row of `file`."""
        return cls(origin.removeprefix(SCHEME), path.removeprefix("/"))

    @property
    def origin(self) -> str:
        """The bucket, as `file.origin` has it."""
        return f"{SCHEME}{self.bucket}"

    @property
    def path(self) -> str:
        """The key, as `file.path` has it: with the origin before it, the address."""
        return f"/{self.key}"

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rpartition("/")[2]

    def holds(self, other: "Address") -> bool:
        """Whether another address is this one, or in the folder of this name."""
        is_below = not self.key or other.key.startswith(f"{self.key}/")
        return self.bucket == other.bucket and (is_below or self.key == other.key)

    def __str__(self) -> str:
        return f"{self.origin}{self.path}"
