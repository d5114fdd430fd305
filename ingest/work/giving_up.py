"""Files that have taken their workers along, as outcomes that later runs and jobs are told."""

from pathlib import Path

from database.errors import ObjectRefused, ObjectsUnreachable
from database.jobs.sweep import GIVEN_UP
from database.models import FileStatus
from database.objects.address import Address, is_address
from database.objects.bucket import find_object
from database.server.connection import Database
from database.videos.records import FileRecord, modified_ns
from ingest.files.presence import mount_of
from ingest.work.bench import Bench


def record_given_up(bench: Bench, place: str) -> None:
    """Enters that a file, or an object by its address, failed, unless it is gone or the library has
    a video of it."""
    from database.videos.stored import Store

    try:
        database, record = _as_it_is(bench.database, place)
    except (OSError, LookupError, ObjectRefused, ObjectsUnreachable):
        return
    store = Store(database)
    known = store.find_files([record.path]).get(record.path)
    if known is None or known.video is None:
        store.save_file(record)


def _as_it_is(database: Database, place: str) -> tuple[Database, FileRecord]:
    """The record of what failed, and the library of its origin. Raises OSError, LookupError,
    ObjectRefused, ObjectsUnreachable."""
    if not is_address(place):
        status = Path(place).stat()
        seen = (place, status.st_size, modified_ns(status))
        mount = mount_of(Path(place))
    else:
        address = Address.parse(place)
        stored = find_object(address)
        if stored is None:
            raise LookupError
        seen = (address.path, stored.size_bytes, stored.mark)
        mount, database = address.origin, database.of_origin(address.origin)
    return database, FileRecord(*seen, FileStatus.FAILED, GIVEN_UP, mount=mount)
