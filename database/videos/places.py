"""Where a video lies: of several files with its content, which one is shown, and its URI."""

from urllib.parse import quote

FIRST_PATH = """(SELECT path FROM file WHERE video_id = video.id
    ORDER BY missing_since IS NOT NULL, origin <> :origin, seen_at, path LIMIT 1)"""
"""In SQL, the path of a video: of its files one that is there, of this host, the one that was
ingested first. NULL of a video that no file leads to."""


def uri_of(origin: str, path: str) -> str:
    """The URI of a file, as Path.as_uri writes it, with the host: file://host/a%20film.mp4."""
    return origin + quote(path)
