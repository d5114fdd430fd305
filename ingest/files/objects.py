"""The objects of buckets that an ingest looks at, as `discover` has the files of folders."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from database.forms import is_storable
from database.objects.address import Address, is_address
from database.objects.bucket import StoredObject, bucket, find_object
from ingest.errors import UsageError
from ingest.files.found import EMPTY, MAX_PATH_BYTES, FoundFile
from ingest.files.presence import is_gone
from ingest.files.rubbish import is_rubbish
from ingest.files.sidecars import is_subtitles

_SUBTITLES = "subtitles in a bucket are not read: ingest the video from a disk to have them"
_RENAMED = "its key has empty parts, or dots for parts: copy it to another key"


def objects_at(places: Iterable[Address]) -> Iterator[FoundFile]:
    """The objects at and in some places of buckets, each in the order of keys. Raises
    ObjectRefused, ObjectsUnreachable where a bucket cannot be listed."""
    for place in places:
        yield from (_found(stored) for stored in stored_at(place) if not _is_hidden(stored))


def places_of(arguments: Sequence[str]) -> tuple[Address, ...]:
    """The places that arguments name, without those in others. Raises UsageError."""
    places: list[Address] = []
    for argument in filter(is_address, arguments):
        try:
            place = Address.parse(argument)
        except ValueError as error:
            raise UsageError(str(error)) from None
        if not any(other.holds(place) for other in places):
            places = [*(other for other in places if not place.holds(other)), place]
    return tuple(places)


def require_some(places: Iterable[Address]) -> None:
    """Raises UsageError for a place where nothing is; ObjectRefused, ObjectsUnreachable."""
    for place in places:
        if is_place_gone(str(place)):
            raise UsageError(
                f"no such object or folder: {place}; where all of it was removed, name the folder "
                "above it or the bucket, and it is missing"
            )


def is_place_gone(place: str) -> bool:
    """Whether nothing is at a path, or at a place of a bucket; an empty bucket is there, as an
    empty folder is. Raises ObjectRefused, ObjectsUnreachable."""
    if not is_address(place):
        return is_gone(Path(place))
    address = Address.parse(place)
    return next(stored_at(address), None) is None and address.key != ""


def stored_at(place: Address) -> Iterator[StoredObject]:
    """The object of this key, and those in the folder of this name."""
    if place.key and (stored := find_object(place)) is not None:
        yield stored
    yield from bucket(place.bucket).under(place.key)


def _is_hidden(stored: StoredObject) -> bool:
    return any(part.startswith(".") or is_rubbish(part) for part in stored.address.key.split("/"))


def _found(stored: StoredObject) -> FoundFile:
    key, refusal, left_out, seen = stored.address.key, None, False, True
    if len(key.encode(errors="surrogatepass")) >= MAX_PATH_BYTES:
        refusal, seen = "its key is too long for the library: copy it to a shorter one", False
    elif str(PurePosixPath(stored.address.path)) != stored.address.path or not is_storable(key):
        refusal, seen = _RENAMED, False
    elif is_subtitles(key):
        refusal, left_out = _SUBTITLES, True
    elif stored.size_bytes == 0:
        refusal = EMPTY
    return FoundFile(
        Path(stored.address.path),
        stored.size_bytes,
        stored.mark,
        refusal,
        left_out=left_out,
        seen=seen,
        stored=stored,
    )
