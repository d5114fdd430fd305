"""Files over HTTP: one range a request, HEAD, and If-None-Match."""

import contextlib
import errno
import functools
import os
import re
import stat
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from anyio import CapacityLimiter, to_thread
from fastapi import HTTPException, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse

from database.errors import NotFound, ObjectGone
from database.objects.bucket import StoredObject, bucket
from database.videos.read import IntactFile, VideoInfo
from ingest.playing.zipped import safe_name
from search.exports.words import ascii_of

_CHUNK_BYTES = 256 * 1024
_READERS = 8
_WEB_CODECS = {"vp8", "vp9", "av1", "libdav1d", "libvpx", "libvpx-vp9", "opus", "vorbis", None}
_MEDIA_TYPES = {
    "mov": "mp4",
    "avi": "x-msvideo",
    "mpegts": "mp2t",
    "mpeg": "mpeg",
    "ogg": "ogg",
    "wav": "wav",
    "mp3": "mpeg",
    "flac": "flac",
    "aac": "aac",
    "flv": "x-flv",
    "asf": "x-ms-wmv",
}


def media_type_of(video: VideoInfo) -> str:
    """The Content-Type that lets a browser play it."""
    kind = "video" if video.video_codec else "audio"
    if video.container == "matroska":
        is_web = {video.video_codec, video.audio_codec} <= _WEB_CODECS
        return f"{kind}/{'webm' if is_web else 'x-matroska'}"
    return f"{kind}/{_MEDIA_TYPES.get(video.container, 'octet-stream')}"


def attachment(stem: str, suffix: str) -> str:
    """The Content-Disposition of a file to be saved under a safe name, which is told in ASCII, too
    (RFC 6266): signs that are like those of a header become them in ASCII."""
    plain = safe_name(ascii_of(stem))
    return f"attachment; filename=\"{plain}{suffix}\"; filename*=UTF-8''{quote(stem + suffix)}"


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """[start, end) in bytes of a Range header with one range; None if it cannot be satisfied.

    Raises ValueError for a header that is to be ignored (RFC 9110, 14.2): another unit, more
    than one range, no number.
    """
    match = re.fullmatch(r"bytes=\s*(\d{0,19})-(\d{0,19})\s*", header, re.IGNORECASE | re.ASCII)
    if match is None or match.group(1) == match.group(2) == "":
        raise ValueError(header)
    first, last = match.groups()
    if first == "":
        length = min(int(last), size)
        return (size - length, size) if length else None
    start = int(first)
    end = min(int(last) + 1, size) if last else size
    if last and int(last) < start:
        raise ValueError(header)
    return (start, end) if start < size else None


_NOT_THERE = {
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.EACCES,
    errno.ELOOP,  # a link
    errno.ENXIO,  # a socket
    errno.ENAMETOOLONG,
}
"""Of errors, those that say something of the file, and not of the server."""
GONE = "the file is no longer there, or cannot be read; ingest its folder again"


def stream_file(
    path: Path,
    media_type: str,
    etag: str,
    request: Request,
    gone: str = GONE,
    ingested: IntactFile | None = None,
) -> Response:
    """The answer to GET or HEAD of a file whose content `etag` names, and which still is what was
    `ingested`, if that is told. Raises NotFound, which says that it is `gone`."""
    headers = _headers(etag)
    with contextlib.ExitStack() as opened:
        # Before a header is sent: afterwards it would be too late to say that it has gone.
        file = opened.enter_context(_open(path, gone))
        if ingested is not None and not _is_still(ingested, file):
            raise NotFound(gone)
        if is_named(request.headers.get("if-none-match"), etag):
            return Response(status_code=304, headers=headers)
        size = os.fstat(file.fileno()).st_size
        status, start, end = _part(request, etag, size, headers)
        if request.method == "HEAD":
            return Response(status_code=status, headers=headers, media_type=media_type)
        opened.pop_all()  # the answer closes it
        return StreamingResponse(
            _chunks(file, start, end), status_code=status, headers=headers, media_type=media_type
        )


def stream_object(stored: StoredObject, media_type: str, etag: str, request: Request) -> Response:
    """The same of an object, whose bytes are passed on as its bucket sends them. Raises NotFound
    where it is another one by now, ObjectRefused, ObjectsUnreachable."""
    headers = _headers(etag)
    if is_named(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    status, start, end = _part(request, etag, stored.size_bytes, headers)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=media_type)
    try:
        pieces = bucket(stored.address.bucket).read(stored, start, end)
    except ObjectGone:
        raise NotFound(GONE) from None
    return StreamingResponse(
        _pieces(pieces), status_code=status, headers=headers, media_type=media_type
    )


def lent(stored: StoredObject, valid: timedelta) -> Response:
    """The answer that sends a player to the bucket itself, by a URL that is good for a while."""
    url = bucket(stored.address.bucket).signed(stored.address.key, valid)
    return RedirectResponse(url, headers={"Cache-Control": "no-store"})


def _part(request: Request, etag: str, size: int, headers: dict[str, str]) -> tuple[int, int, int]:
    """The status of an answer, and which bytes [start, end) it holds, which its headers then tell.
    Raises HTTPException (416)."""
    part = _wanted_part(request, etag, size)
    start, end = part or (0, size)
    headers["Content-Length"] = str(end - start)
    if part is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return 200 if part is None else 206, start, end


def unless_had(request: Request, etag: str) -> Response | None:
    """The answer to who has the file of this ETag, which then need not be there any more; None for
    who has not. Whether there is one at all (`*`) is not said."""
    header = request.headers.get("if-none-match", "*")
    if header.strip() == "*" or not is_named(header, etag):
        return None
    return Response(status_code=304, headers=_headers(etag))


def _headers(etag: str) -> dict[str, str]:
    return {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=3600",
        "X-Content-Type-Options": "nosniff",
    }


def _open(path: Path, gone: str) -> BinaryIO:
    """A regular file, to be read; the path itself is no link, nor is a pipe waited for. Raises
    NotFound, and OSError if that is no matter of the file."""
    with contextlib.ExitStack() as opened:
        try:
            file = opened.enter_context(open(path, "rb", opener=_without_links))
        except OSError as error:
            if error.errno not in _NOT_THERE:
                raise
            raise NotFound(gone) from None
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise NotFound(gone)
        opened.pop_all()
        return file


def _without_links(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def _is_still(ingested: IntactFile, file: BinaryIO) -> bool:
    """Whether an open file is the one that was looked at: neither it nor a folder above it has been
    exchanged for another, or for a link, since."""
    status = os.fstat(file.fileno())
    with contextlib.suppress(OSError):
        is_there = os.path.samestat(ingested.real.lstat(), status)
        is_real = ingested.real.resolve() == ingested.real
        return is_there and is_real and ingested.is_as_ingested(status)
    return False


def _wanted_part(request: Request, etag: str, size: int) -> tuple[int, int] | None:
    """[start, end) in bytes; None for the whole file. Raises HTTPException (416)."""
    # RFC 9110, 14.2: a range has a meaning for GET alone.
    wanted = request.headers.get("range") if request.method == "GET" else None
    if wanted is None or request.headers.get("if-range", etag) != etag:
        return None
    try:
        chosen = parse_range(wanted, size)
    except ValueError:
        return None  # a header that asks for nothing this server knows is as if absent
    if chosen is None:
        raise HTTPException(
            416,
            f"the range lies outside the file of {size} bytes",
            {"Content-Range": f"bytes */{size}"},
        )
    return chosen


def is_named(header: str | None, etag: str) -> bool:
    """Whether an If-None-Match header names this ETag."""
    if header is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in header.split(",")]
    return etag in tags or "*" in tags


async def _chunks(file: BinaryIO, start: int, end: int) -> AsyncIterator[bytes]:
    with file:
        file.seek(start)
        left = end - start
        while left > 0:
            size = min(_CHUNK_BYTES, left)
            chunk = await to_thread.run_sync(file.read, size, limiter=_readers())
            if not chunk:
                return
            left -= len(chunk)
            yield chunk


async def _pieces(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """What comes from a bucket; where that stops to answer, the answer is cut off."""
    while piece := await to_thread.run_sync(next, pieces, b"", limiter=_readers()):
        yield piece


@functools.cache
def _readers() -> CapacityLimiter:
    """The threads that read files, of their own: a film plays on while searches wait."""
    return CapacityLimiter(_READERS)
