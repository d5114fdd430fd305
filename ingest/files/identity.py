"""The identity of a file: its content, so that a copy or a moved file is recognised."""

import dataclasses
import hashlib
from pathlib import Path

from database.models import FileStatus
from database.videos.records import FileRecord
from database.videos.stored import Store, StoredVideo
from ingest.errors import FileChanged, VideoUnreadable
from ingest.files.discover import FoundFile
from ingest.files.outcome import Outcome, OutcomeStatus, printable
from ingest.files.removal import save_outcome


def content_hash(path: Path) -> str:
    """The SHA-256 of a file, in hex. Raises VideoUnreadable."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise VideoUnreadable(f"cannot be read: {error.strerror}") from error


def require_unchanged(file: FoundFile) -> None:
    """Raises FileChanged if the file was written to, or vanished, since it was found."""
    try:
        status = file.path.stat()
    except OSError:
        raise FileChanged("vanished while it was read; ingest it again") from None
    if (status.st_size, status.st_mtime_ns) != (file.size_bytes, file.mtime_ns):
        raise FileChanged("changed while it was read; ingest it again")


def known_outcome(file: FoundFile, store: Store, *, retry: bool) -> Outcome | None:
    """The outcome of a former run; None if there is none, or the file has changed since.

    It is told by path, size and time of modification: the file is not opened. With `retry` a
    failure does not count.
    """
    if file.refusal is not None:
        return None
    row = store.find_file(str(file.path))
    if row is None or (row.size_bytes, row.mtime_ns) != (file.size_bytes, file.mtime_ns):
        return None
    if row.video_id is not None:
        video = store.find_video(row.video_id)
        return _unchanged(file, video) if video is not None else None
    if retry:
        return None
    reason = row.reason
    if row.status is FileStatus.FAILED:
        reason = f"{row.reason} (as before; --retry tries again)"
    return Outcome(printable(file.path), OutcomeStatus(row.status.value), reason)


def link_to_known(
    file: FoundFile, digest: str, keyframes_dir: Path, store: Store
) -> Outcome | None:
    """The outcome of a path whose content is in the library: one more place of it, or the new one
    of a file that was moved. None if the content is not there. Raises ValueRefused.
    """
    video = store.find_video_by_content(digest)
    if video is None:
        return None
    path = str(file.path)
    save_outcome(
        FileRecord(path, file.size_bytes, file.mtime_ns, video.status, video.reason, video.id),
        keyframes_dir,
        store,
    )
    gone = [p for p in store.paths_of(video.id) if p != path and not Path(p).exists()]
    store.forget_files(gone)
    others = [p for p in store.paths_of(video.id) if p != path]
    outcome = _unchanged(file, video)
    if outcome.status is OutcomeStatus.PARTIAL or not others:
        return outcome
    reason = f"same content as {printable(others[0])}"
    return dataclasses.replace(outcome, status=OutcomeStatus.DONE, reason=reason)


def _unchanged(file: FoundFile, video: StoredVideo) -> Outcome:
    is_partial = video.status is FileStatus.PARTIAL
    return Outcome(
        printable(file.path),
        OutcomeStatus.PARTIAL if is_partial else OutcomeStatus.UNCHANGED,
        video.reason,
        video.num_scenes,
        video.num_moments,
    )
