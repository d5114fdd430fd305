"""Whether files are there. A disk that is away takes its files along, and they are not gone; nor
are the objects of a bucket that does not answer."""

import os
from pathlib import Path

from database.errors import ObjectRefused, ObjectsUnreachable
from database.objects.address import Address, is_address
from database.objects.bucket import StoredObject, bucket, find_object
from database.videos.records import FileRecord, modified_ns


def is_gone(path: Path, mount: str | None = None) -> bool:
    """Whether nothing is at a path, or in the bucket that stands for its mount; not where nobody
    may look just now."""
    if mount is not None and is_address(mount):
        try:
            return find_object(Address.of_place(mount, str(path))) is None
        except (ObjectRefused, ObjectsUnreachable):
            return False
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def is_as_recorded(file: FileRecord) -> bool:
    """Whether what is at the path of a file is still what the library has seen there."""
    if file.mount is not None and is_address(file.mount):
        stored = _found(Address.of_place(file.mount, file.path))
        return stored is not None and (stored.size_bytes, stored.mark) == _seen(file)
    try:
        status = Path(file.path).stat()
    except OSError:
        return False
    return (status.st_size, modified_ns(status)) == _seen(file)


def _seen(file: FileRecord) -> tuple[int, int]:
    return file.size_bytes, file.mtime_ns


def _found(address: Address) -> StoredObject | None:
    """None also where nobody may look just now."""
    try:
        return find_object(address)
    except (ObjectRefused, ObjectsUnreachable):
        return None


def is_moved(file: FileRecord) -> bool:
    """Whether a file whose content is found elsewhere has gone from its path, and not with its
    disk."""
    return is_gone(Path(file.path), file.mount) and not is_unmounted(file.mount)


def is_unmounted(mount: str | None) -> bool:
    """Whether the disk that a file lay on is away."""
    return mount is not None and not is_address(mount) and not os.path.ismount(mount)


def mount_of(path: Path) -> str:
    """The mount point of the file system that a file lies on, wherever links lead to it."""
    folder = Path(os.path.realpath(path)).parent
    while folder.parent != folder and not os.path.ismount(folder):
        folder = folder.parent
    return str(folder)


def why_away(path: Path, mount: str | None) -> str | None:
    """Why a file that is not at its path may be away rather than gone; None if it is gone."""
    if mount is None:
        return (
            "it was gone before the library knew on which disk it lay; python -m database forget "
            "removes its video"
        )
    if is_address(mount):
        return _why_bucket_away(Address.of_place(mount, ""))
    if is_unmounted(mount):
        return f"nothing is mounted at {mount}; mount it, and ingest again"
    folder = path.parent
    while not folder.is_dir() and folder.parent != folder:
        folder = folder.parent
    try:
        with os.scandir(folder) as entries:
            if not any(entries):
                return (
                    f"the folder {folder} is empty, as that of a disk that is not mounted; if "
                    "everything in it was deleted, remove the folder, too"
                )
    except OSError as error:
        return f"the folder {folder} cannot be read: {error.strerror}"
    return None


def _why_bucket_away(place: Address) -> str | None:
    try:
        next(bucket(place.bucket).under(""), None)
    except (ObjectRefused, ObjectsUnreachable) as error:
        return str(error)
    return None
