"""Segments that were made, on disk: as many as fit, and those of videos converted at ingest."""

import contextlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from database.errors import DiskFull
from database.objects.shared import Shared
from database.videos.forgetting import SEGMENTS, keyframe_folder
from ingest.atomic import atomically
from ingest.errors import VideoUnreadable
from ingest.playing.fmp4 import split
from ingest.settings import IngestSettings

FORMAT = "v1"
"""Of the segments: those of another format are made anew."""
INIT = "init.mp4"
_LAYOUT = "layout.json"
_WHOLE = "whole"
"""The mark of what stays until the video is forgotten."""
_BEGUN = "begun"
"""The folder of marks, beside those of contents."""
_LEFTOVER_S = 3600.0
_LOOK_EVERY = 50
"""How often, in parts of its bytes, the folder is looked through while it is written to."""
_LEFT_FREE = 0.05
"""The part of its bytes that is made free at once."""
_ROOM_BYTES = 256 << 20
"""What is made free where the disk is full, if so much was kept."""
Kind = Literal["copied", "converted"]


@dataclass(frozen=True)
class Variant:
    """A way in which a content is played: its segments are always the same."""

    content_hash: str
    kind: Kind
    sound: int
    """Which sound track, counted from 0; 0 where there is none."""
    lines: int
    """Of a converted picture, at most; of no meaning for a copied one."""

    @property
    def name(self) -> str:
        """Of its folder, and in ETags."""
        size = f"-{self.lines}" if self.kind == "converted" else ""
        return f"{FORMAT}-{self.kind}-{self.sound}{size}"


class SegmentStore:
    """A folder with the segments of each content; what was asked for longest ago goes first. It may
    be shared by threads and by processes."""

    def __init__(self, folder: Path, max_bytes: int, shared: Shared | None = None) -> None:
        self._shared = shared
        self._folder = folder
        self._max_bytes = max_bytes
        self._num_unseen = max_bytes
        """Bytes written since the folder was looked through; at first that is not known."""

    @classmethod
    def of(cls, settings: IngestSettings) -> Self:
        """That of a home folder."""
        max_bytes = round(settings.ingest_segments_gb * 1e9)
        return cls(settings.home / SEGMENTS, max_bytes, settings.shared)

    def find(self, variant: Variant, number: int) -> Path | None:
        """The file of a segment, which counts as asked for last; None if it is not there."""
        return self._asked_for(self.folder_of(variant) / _name(number))

    def find_init(self, variant: Variant) -> Path | None:
        """The file of what all segments of a variant begin with; None if none was made yet."""
        return self._asked_for(self.folder_of(variant) / INIT)

    def has(self, variant: Variant, number: int) -> bool:
        """Whether a segment is there."""
        return (self.folder_of(variant) / _name(number)).is_file()

    def put(self, variant: Variant, number: int, segment: bytes) -> None:
        """Keeps a whole segment. Raises OSError."""
        folder = self.folder_of(variant)
        head, media = split(segment)
        if not (folder / INIT).is_file():
            self._write(folder / INIT, head)
        self._write(folder / _name(number), media)
        self._saw(len(media))

    def find_layout(self, variant: Variant) -> Any | None:
        """What `put_layout` was given; None if it is not there."""
        path = self._asked_for(self.folder_of(variant) / _LAYOUT)
        return None if path is None else json.loads(path.read_bytes())

    def put_layout(self, variant: Variant, layout: Any) -> None:
        """Keeps how a content is cut into segments, as JSON. Raises OSError."""
        self._write(self.folder_of(variant) / _LAYOUT, json.dumps(layout).encode())

    @contextlib.contextmanager
    def kept(self, variant: Variant) -> Iterator[None]:
        """While and after this the segments of a variant stay; but not if they cannot be made.
        Raises OSError."""
        mark = self.folder_of(variant) / _WHOLE
        self._write(mark, b"")
        try:
            yield
        except VideoUnreadable:
            mark.unlink(missing_ok=True)
            raise

    def begin(self, content_hash: str) -> None:
        """Marks a content whose segments are to be made at once. Raises OSError."""
        (self._folder / _BEGUN / content_hash).mkdir(parents=True, exist_ok=True)

    def begun(self) -> set[str]:
        """The contents that are marked."""
        with contextlib.suppress(FileNotFoundError):
            return {path.name for path in (self._folder / _BEGUN).iterdir()}
        return set()

    def finish(self, content_hash: str) -> None:
        """Takes the mark away."""
        with contextlib.suppress(FileNotFoundError):
            (self._folder / _BEGUN / content_hash).rmdir()

    def folder_of(self, variant: Variant) -> Path:
        """The folder of a variant. Raises DatabaseError for a content hash that is none."""
        return self._folder / keyframe_folder(variant.content_hash) / variant.name

    def _write(self, path: Path, content: bytes) -> None:
        """Where the disk is full, what was asked for longest ago goes first. Raises OSError."""
        try:
            _write(path, content)
        except OSError as error:
            if error.errno not in DiskFull.ERRNOS or not self._make_room(at_least=_ROOM_BYTES):
                raise
            _write(path, content)
        if self._shared is not None and path.name != _WHOLE:
            self._shared.send({path: path})

    def _asked_for(self, path: Path) -> Path | None:
        """A file that is there, or has come from where another host has shared it."""
        found = _asked_for(path)
        if found is None and self._shared is not None and self._shared.bring(path):
            self._saw(path.stat().st_size)
            found = _asked_for(path)
        return found

    def _saw(self, num_bytes: int) -> None:
        """Counts what was written, and now and then looks whether it is too much."""
        self._num_unseen += num_bytes
        if self._num_unseen > self._max_bytes / _LOOK_EVERY:
            self._num_unseen = 0
            self._make_room()

    def _make_room(self, *, at_least: int = 0) -> bool:
        """Removes what was asked for longest ago until the others fit, but so many bytes at least
        if there are, and what killed processes or another version have left; whether it was
        something."""
        self._remove_leftovers()
        kept = {path.parent for path in self._folder.glob(f"*/*/*/{_WHOLE}")}
        found = [
            (status.st_mtime, status.st_size, path)
            for path in self._folder.glob("*/*/*/*.m4s")
            if path.parent not in kept and (status := _status(path)) is not None
        ]
        too_many = sum(size for _, size, _ in found) - self._max_bytes
        too_many += round(self._max_bytes * _LEFT_FREE) if too_many > 0 else 0
        too_many = max(too_many, at_least)
        if too_many <= 0 or not found:
            return False
        for _, size, path in sorted(found):
            path.unlink(missing_ok=True)
            too_many -= size
            if too_many <= 0:
                break
        for folder in {path.parent for _, _, path in found}:
            if next(folder.glob("*.m4s"), None) is None:
                _remove_folder(folder)
        return True

    def _remove_leftovers(self) -> None:
        old_s = time.time() - _LEFTOVER_S
        for path in self._folder.glob("*/*/*/*.part"):
            if (status := _status(path)) is not None and status.st_mtime < old_s:
                path.unlink(missing_ok=True)
        for folder in self._folder.glob("*/*/*"):
            if not folder.name.startswith(f"{FORMAT}-"):
                _remove_folder(folder)


def missing_in(store: SegmentStore, variant: Variant, num_segments: int) -> Iterator[int]:
    """The numbers of segments that are not there."""
    return (number for number in range(num_segments) if not store.has(variant, number))


def _name(number: int) -> str:
    return f"{number}.m4s"


def _write(path: Path, content: bytes) -> None:
    with atomically(path) as partial:
        partial.write_bytes(content)


def _asked_for(path: Path) -> Path | None:
    try:
        os.utime(path)
    except FileNotFoundError:
        return None
    return path


def _status(path: Path) -> os.stat_result | None:
    """None for what another process has just removed."""
    with contextlib.suppress(FileNotFoundError):
        return path.stat()
    return None


def _remove_folder(folder: Path) -> None:
    """With those above it that are empty then."""
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):  # there is another way in which it is played
        folder.parent.rmdir()
        folder.parent.parent.rmdir()
