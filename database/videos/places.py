"""Where a video lies: of several files with its content, which one is shown, and its URI."""

from urllib.parse import quote

from database.objects.address import SCHEME, is_address

FIRST_PATH = f"""(SELECT CASE WHEN starts_with(origin, '{SCHEME}') THEN origin ELSE '' END || path
    FROM file WHERE video_id = video.id
    ORDER BY missing_since IS NOT NULL, origin <> :origin, seen_at, path LIMIT 1)"""
"""In SQL, the place of a video: of its files one that is there, of this host, the one that was
ingested first. NULL of a video that no file leads to."""


def place_of(origin: str, path: str) -> str:
    """What people know a file by, and python -m ingest takes: its path, or the address of an
    object."""
    return f"{origin}{path}" if is_address(origin) else path


def uri_of(origin: str, path: str) -> str:
    """The URI of a file at a path, or of an object at a path or address, as Path.as_uri writes it,
    with the host: file://host/a%20film.mp4."""
    return origin + quote(path.removeprefix(origin))
