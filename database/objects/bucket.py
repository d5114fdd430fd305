"""A bucket of S3, through obstore, which reads the usual variables AWS_* by itself, as libpq reads
those of PostgreSQL. Nothing of them stands in an error."""

import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from database.errors import ObjectGone, ObjectsUnreachable
from database.objects.address import Address
from database.objects.failures import translated

if TYPE_CHECKING:
    from obstore import GetOptions, ObjectMeta

_PIECE_BYTES = 4 * 2**20
_RETRIES = 6
_RETRY_S = 20.0
"""As long as a request is tried again, the last time after some 6 s of waiting; by default obstore
does so for three minutes."""
_CONNECT_S, _SILENT_S = 5.0, 30.0
_NOT_INSTALLED = (
    'files of s3:// need the package obstore: run pip install -c constraints.txt -e ".[bundled,s3]"'
)


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as its bucket shows it."""

    address: Address
    size_bytes: int
    etag: str | None
    modified_at: datetime
    """In a listing perhaps to the millisecond, and else to the second."""

    @property
    def mark(self) -> int:
        """A number in [0, 2^63) that is another once the object has been written anew: it stands
        where a file has the time of its last change, `file.mtime_ns`. Of the ETag, since the time
        of an object has seconds only; of that where a server gives none."""
        told = self.etag or self.modified_at.isoformat(timespec="seconds")
        digest = hashlib.sha256(told.encode()).digest()
        return int.from_bytes(digest[:8], "big") >> 1


class Bucket:
    """One bucket; threads may share it. Everything raises ObjectGone, ObjectRefused or
    ObjectsUnreachable."""

    def __init__(self, name: str) -> None:
        try:
            from obstore.store import S3Store
        except ImportError:
            raise ObjectsUnreachable(_NOT_INSTALLED) from None
        self.name = name
        self._place = Address(name, "")
        with translated(self._place):
            self._store: S3Store = S3Store(
                name,
                client_options={
                    "allow_http": True,  # of an AWS_ENDPOINT_URL that says so; else it is https
                    "connect_timeout": timedelta(seconds=_CONNECT_S),
                    "read_timeout": timedelta(seconds=_SILENT_S),
                    "timeout": timedelta(days=1),
                },
                retry_config={
                    "max_retries": _RETRIES,
                    "retry_timeout": timedelta(seconds=_RETRY_S),
                },
            )

    def under(self, folder: str) -> Iterator[StoredObject]:
        """The objects in a folder, "" for all, in the order of their keys, which are looked for
        while they are asked for, without the empty ones that consoles make for folders."""
        import obstore

        with translated(Address(self.name, folder)):
            for page in obstore.list(self._store, f"{folder}/" if folder else None):
                for meta in page:
                    # Of a key that ends in a slash obstore tells all but that.
                    if meta["size"] or "." in meta["path"].rpartition("/")[2]:
                        yield self._stored(meta)

    def folders(self, folder: str) -> list[str]:
        """The names of the folders in a folder."""
        import obstore

        with translated(Address(self.name, folder)):
            found = obstore.list_with_delimiter(self._store, f"{folder}/")
        return [prefix.rstrip("/").rpartition("/")[2] for prefix in found["common_prefixes"]]

    def look(self, key: str) -> StoredObject:
        """An object as it is now."""
        import obstore

        with translated(Address(self.name, key)):
            return self._stored(obstore.head(self._store, key))

    def read(self, stored: StoredObject, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes [start, end) of an object, piece by piece, as long as it is this one: one that
        was written anew is ObjectGone. The first piece has come when this is back."""
        import obstore

        options: GetOptions = {"if_match": stored.etag} if stored.etag else {}
        if start or end is not None:
            options["range"] = (start, stored.size_bytes if end is None else end)
        with translated(stored.address):
            got = obstore.get(self._store, stored.address.key, options=options)
            pieces = iter(got.stream(_PIECE_BYTES))
            first = next(pieces, b"")
        return self._pieces(stored.address, first, pieces)

    def _pieces(self, address: Address, first: bytes, others: Iterator[bytes]) -> Iterator[bytes]:
        yield bytes(first)
        with translated(address):
            for piece in others:
                yield bytes(piece)

    def put(self, key: str, file: Path) -> None:
        """Writes a file as an object, whole or not at all, whatever was there."""
        import obstore

        with translated(Address(self.name, key)):
            obstore.put(self._store, key, file)

    def remove(self, keys: Sequence[str]) -> None:
        """Removes objects; those that are not there are no fault."""
        import obstore

        with translated(self._place):
            if keys:
                obstore.delete(self._store, list(keys))

    def signed(self, key: str, valid: timedelta) -> str:
        """A URL by which anybody may read an object for a while: it is as good as a key."""
        import obstore

        with translated(Address(self.name, key)):
            return obstore.sign(self._store, "GET", key, valid)

    def _stored(self, meta: "ObjectMeta") -> StoredObject:
        address = Address(self.name, meta["path"])
        return StoredObject(address, meta["size"], meta["e_tag"], meta["last_modified"])


@lru_cache(64)
def bucket(name: str) -> Bucket:
    """The bucket of a name, opened once: its connections are kept. Raises ObjectsUnreachable."""
    return Bucket(name)


def find_object(address: Address) -> StoredObject | None:
    """An object as it is now; None where it is known that there is none. Raises ObjectRefused,
    ObjectsUnreachable."""
    with contextlib.suppress(ObjectGone):
        return bucket(address.bucket).look(address.key)
    return None
