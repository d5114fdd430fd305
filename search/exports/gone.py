"""Videos whose files are not where an export says that they are."""

from collections.abc import Iterable
from datetime import UTC

from database.errors import NotFound
from database.server.connection import Database
from database.videos.read import Library, VideoInfo


def why_gone(database: Database, videos: Iterable[VideoInfo]) -> dict[int, str]:
    """Why editors will not find the files of videos, by their ids, as far as this host knows."""
    library = Library(database)
    gone: dict[int, str] = {}
    for video in videos:
        if video.missing_since is not None:
            since = video.missing_since.astimezone(UTC)
            gone[video.id] = f"its file has been missing since {since:%Y-%m-%d %H:%M} UTC"
        elif video.origin == database.origin:
            try:
                library.get_intact_file(video.id)
            except NotFound:
                gone[video.id] = "its file was moved, changed or removed; ingest its folder again"
    return gone
