"""The identity of a file: its content, so that a copy or a moved file is recognised."""

import dataclasses
import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from database.forms import is_storable
from database.models import FileStatus
from database.objects.bucket import find_object
from database.videos.records import FileRecord, modified_ns
from database.videos.stored import KnownFile, Store, StoredVideo
from ingest.errors import FileChanged, VideoUnreadable
from ingest.files.found import FoundFile
from ingest.files.outcome import (
    Outcome,
    OutcomeStatus,
    printable,
    record_of_refusal,
    refused,
)
from ingest.files.presence import is_as_recorded, is_moved

PARTIAL_AS_BEFORE = "as before; --again reads it anew, after a change of settings or program"
AS_BEFORE = "as before; --retry tries again, after a change of settings or program"
_PIECE_BYTES = 2**21
MAX_LOOKED_AT = 100
"""Other places of a content that are looked at when a file turns out to be one more: of a clip that
lies in thousands of folders, each would be looked at for each."""


def content_hash(path: Path, report: Callable[[float], None] = lambda _part: None) -> str:
    """The SHA-256 of a file, in hex; `report` is told which part is read, and what it raises ends
    the reading. Raises VideoUnreadable."""
    digest, num_read = hashlib.sha256(), 0
    try:
        with path.open("rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            while piece := file.read(_PIECE_BYTES):
                digest.update(piece)
                num_read += len(piece)
                report(min(1.0, num_read / max(size, 1)))
    except OSError as error:
        raise VideoUnreadable(f"cannot be read: {error.strerror}") from error
    return digest.hexdigest()


def content_of(file: FoundFile, store: Store, report: Callable[[float], None]) -> str:
    """The same; of a path that is as a former run has left it, without reading the file. Raises
    VideoUnreadable.
    """
    known = store.find_files([str(file.path)]).get(str(file.path))
    if known is not None and known.video is not None and is_as_before(file, known):
        return known.video.content_hash
    return content_hash(file.content, report)


def require_unchanged(file: FoundFile) -> None:
    """Raises FileChanged if the file was written to, or vanished, since it was found; of an object
    ObjectRefused, ObjectsUnreachable, too."""
    if file.stored is not None:
        found = find_object(file.stored.address)
        if found is None or (found.size_bytes, found.mark) != (file.size_bytes, file.mtime_ns):
            raise FileChanged("changed or vanished while it was read; ingest it again")
        return
    try:
        status = file.path.stat()
    except OSError:
        raise FileChanged("vanished while it was read; ingest it again") from None
    if (status.st_size, modified_ns(status)) != (file.size_bytes, file.mtime_ns):
        raise FileChanged("changed while it was read; ingest it again")


def known_outcomes(
    files: Sequence[FoundFile], store: Store, *, retry: bool, again: bool = False
) -> list[Outcome | None]:
    """The outcome of each file for which nothing is to be done: as a former run has left it, or
    refused as it was then. None for all others.

    It is told by path, size and time of modification: no file is opened. With `retry` a failure
    does not count, and with `again` nothing does but a refusal.
    """
    known = store.find_files([path for file in files if is_storable(path := str(file.path))])
    return [
        _known_outcome(file, known.get(str(file.path)), retry=retry, again=again) for file in files
    ]


def _known_outcome(
    file: FoundFile, known: KnownFile | None, *, retry: bool, again: bool
) -> Outcome | None:
    if known is not None and not is_as_before(file, known):
        known = None
    if file.refusal is not None:
        return _known_refusal(file, VideoUnreadable(file.refusal), known)
    if known is None or again:
        return None
    if known.video is not None:
        is_same = known.file.sidecars == file.sidecars
        is_due = known.is_missing or known.video.again
        return _unchanged(file, known.video) if is_same and not is_due else None
    if retry or known.is_missing:
        return None
    reason = known.file.reason
    if known.file.status is FileStatus.FAILED:
        reason = f"{reason} ({AS_BEFORE})"
    return Outcome(printable(file.place), OutcomeStatus(known.file.status.value), reason)


def is_as_before(file: FoundFile, known: KnownFile) -> bool:
    """Whether a file has the size and time that it was ingested with."""
    before = known.file
    return (file.size_bytes, file.mtime_ns) == (before.size_bytes, before.mtime_ns)


def _known_refusal(
    file: FoundFile, error: VideoUnreadable, known: KnownFile | None
) -> Outcome | None:
    """None if the refusal is news for the library. It is not where the library has the very file
    from a time when it could be opened: what is searched there stays.
    """
    outcome = refused(file, error)
    record = record_of_refusal(file, error, outcome)
    is_told = known is not None and (
        known.video is not None or (known.file == record and not known.is_missing)
    )
    return outcome if record is None or is_told else None


def link_to_known(file: FoundFile, video: StoredVideo, store: Store) -> Outcome:
    """The outcome of a path whose content is in the library: one more place of it, or the new one
    of a file that was moved. Raises ValueRefused.
    """
    path = str(file.path)
    known = store.find_files([path]).get(path)
    own = FileRecord(
        path,
        file.size_bytes,
        file.mtime_ns,
        video.status,
        video.reason,
        video.id,
        # As they were taken up with it: those that are there now may differ.
        known.file.sidecars if known is not None and known.file.video_id == video.id else (),
        file.mount,
    )
    others = [other for other in store.places_of(video.id, MAX_LOOKED_AT) if other.path != path]
    gone = [other.path for other in others if is_moved(other)]
    links = [o.path for o in others if file.stored is None and _is_link_to(path, o.path)]
    store.save_file(own, instead_of=[*gone, *links])
    for link in links:  # come after the file itself from now on
        store.save_file(dataclasses.replace(own, path=link, sidecars=()))
    outcome = _unchanged(file, video)
    same = next(filter(is_as_recorded, others), None)
    if outcome.status is OutcomeStatus.PARTIAL or same is None:
        return outcome
    reason = f"same content as {printable((file.bucket or '') + same.path)}"
    return dataclasses.replace(outcome, status=OutcomeStatus.DONE, reason=reason)


def _is_link_to(path: str, other: str) -> bool:
    """Whether a file that is itself at `path` is also found at `other`, through a link."""
    return os.path.realpath(path) == path != other and os.path.realpath(other) == path


def _unchanged(file: FoundFile, video: StoredVideo) -> Outcome:
    is_partial = video.status is FileStatus.PARTIAL
    reason = f"{video.reason} ({PARTIAL_AS_BEFORE})" if is_partial else video.reason
    return Outcome(
        printable(file.place),
        OutcomeStatus.PARTIAL if is_partial else OutcomeStatus.UNCHANGED,
        reason,
        video.num_scenes,
        video.num_moments,
        notes=video.notes,
    )
