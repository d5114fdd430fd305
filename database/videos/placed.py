"""The rows of `file` as records, and those of one host that lead to a video."""

from typing import Any

import sqlalchemy as sa

from database.models import FileStatus
from database.videos.records import FileRecord, Sidecar

_PLACES = sa.text(
    "SELECT path, size_bytes, mtime_ns, status, reason, video_id, sidecars, mount FROM file "
    "WHERE origin = :origin AND video_id = :video ORDER BY seen_at, path LIMIT :limit"
)


def read_places(
    connection: sa.Connection, origin: str, video_id: int, limit: int
) -> list[FileRecord]:
    """The files of a host that lead to a video, the one that was found first before others; some
    may be gone."""
    values = {"origin": origin, "video": video_id, "limit": limit}
    return [file_record(row) for row in connection.execute(_PLACES, values)]


def file_record(row: sa.Row[Any]) -> FileRecord:
    """A row of `file`."""
    return FileRecord(
        row.path,
        row.size_bytes,
        row.mtime_ns,
        FileStatus(row.status),
        row.reason,
        row.video_id,
        tuple(Sidecar(**own) for own in row.sidecars),
        row.mount,
    )
