"""Files that have taken their workers along, as outcomes that later runs and jobs are told."""

from pathlib import Path

from database.jobs.sweep import GIVEN_UP
from database.models import FileStatus
from database.videos.records import FileRecord, modified_ns
from ingest.files.presence import mount_of
from ingest.work.bench import Bench


def record_given_up(bench: Bench, path: Path) -> None:
    """Enters that a file failed, unless it is gone or the library has a video of it."""
    from database.videos.stored import Store

    store = Store(bench.database)
    try:
        status = path.stat()
    except OSError:
        return
    known = store.find_files([str(path)]).get(str(path))
    if known is None or known.video is None:
        store.save_file(
            FileRecord(
                str(path),
                status.st_size,
                modified_ns(status),
                FileStatus.FAILED,
                GIVEN_UP,
                mount=mount_of(path),
            )
        )
