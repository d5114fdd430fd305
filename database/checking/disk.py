"""What lies in this host's home folder, against the rows: keyframes, and unfinished work."""

import os
import re
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from database.checking.checked import Checked
from database.checking.faults import Finding, Kind
from database.checking.rows import named_video
from database.videos.forgetting import keyframe_folder, unless_busy
from database.videos.stored import Store

GIVEN_UP_S = 7 * 86_400.0
"""Work that nobody has gone on with for so long is given up."""
_HASH = re.compile("[0-9a-f]{64}")
_AT_ONCE = 100
"""Videos whose keyframes are compared at a time; of a long one there are thousands."""
_JPEG = b"\xff\xd8\xff"
_KEYFRAME_FILES = (".jpg", ".part")
"""Suffixes of what ingests write; whatever else lies there is somebody else's."""
_VIDEOS = """
    SELECT id, content_hash, (SELECT path FROM file WHERE file.video_id = video.id
        AND origin = :origin AND missing_since IS NULL ORDER BY seen_at, path LIMIT 1) AS path
    FROM video WHERE id > :video AND EXISTS (SELECT FROM file WHERE file.video_id = video.id
        AND origin = :origin AND missing_since IS NULL)
    ORDER BY id LIMIT :limit"""
_NAMED = """
    SELECT video_id, image_path FROM moment
    WHERE video_id = ANY(:videos) AND kind = 'keyframe' AND image_path IS NOT NULL"""
_NAMED_OF_CONTENTS = """
    SELECT content_hash, image_path FROM video JOIN moment ON moment.video_id = video.id
    WHERE content_hash = ANY(:contents) AND image_path IS NOT NULL"""


def lost_keyframes(checked: Checked) -> Iterator[Finding]:
    """The videos of files of this host with keyframes whose JPEG is not there, or is none."""
    pages = checked.pages(_VIDEOS, {"video": 0}, lambda row: {"video": row.id}, _AT_ONCE)
    for page in pages:
        named = checked.rows(_NAMED, videos=[row.id for row in page])
        lost = {row.video_id for row in named if _is_lost(checked, row.image_path)}
        for row in (row for row in page if row.id in lost):
            number = _num_lost(checked, row.id, row.content_hash)
            if number:
                name = named_video(row.id, row.path, number)
                yield Finding(Kind.KEYFRAME_LOST, name, number, row.id, row.path, row.content_hash)


def stray_keyframes(checked: Checked) -> Iterator[Finding]:
    """The JPEGs, and what was to become some, that no row names."""
    for batch in _batches(_keyframe_folders(checked.keyframes_dir)):
        named = named_keyframes(checked, {content for _, content in batch})
        for folder, content in batch:
            if any(_stray_in(checked, folder, named)):
                yield from _still_stray(checked, folder, content)


def given_up_work(checked: Checked) -> Iterator[Finding]:
    """The folders of work on contents that nobody has gone on with."""
    for folder in sorted(checked.work_dir.glob("*-*-*")):
        content = _HASH.match(folder.name)
        if content and is_given_up(folder):
            name = f"work/{folder.name}"
            yield Finding(Kind.GIVEN_UP, name, path=str(folder), content=content[0])


def _is_lost(checked: Checked, image_path: str) -> bool:
    """Whether a keyframe is neither on this host's disk nor where hosts share theirs."""
    shared = checked.database.shared
    is_there = is_jpeg(checked.keyframes_dir, image_path)
    return not is_there and (shared is None or not shared.has(checked.keyframes_dir / image_path))


def is_jpeg(keyframes_dir: Path, image_path: str) -> bool:
    """Whether a keyframe is there, and begins as it should."""
    try:
        with (keyframes_dir / image_path).open("rb") as file:
            return file.read(len(_JPEG)) == _JPEG
    except OSError:
        return False


def named_keyframes(checked: Checked, contents: Collection[str]) -> set[str]:
    """The image paths that rows of these contents name."""
    rows = checked.rows(_NAMED_OF_CONTENTS, contents=sorted(contents))
    return {row.image_path for row in rows}


def is_given_up(folder: Path) -> bool:
    """Whether nothing in a folder of work has changed for long."""
    try:
        latest = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
    except OSError:  # somebody is removing it
        return False
    return time.time() - latest > GIVEN_UP_S


def _num_lost(checked: Checked, video_id: int, content: str) -> int:
    """How many keyframes of a video are lost, when nobody works on it; none while somebody does,
    who replaces them."""
    numbers: list[int] = []

    def look() -> bool:
        rows = checked.rows(_NAMED, videos=[video_id])
        lost = (row for row in rows if _is_lost(checked, row.image_path))
        numbers.append(sum(1 for _ in lost))
        return True

    unless_busy(Store(checked.database), content, look)
    return sum(numbers)


def _still_stray(checked: Checked, folder: Path, content: str) -> list[Finding]:
    """What is stray in a folder when nobody works on the content: keyframes come before rows."""
    strays: list[str] = []

    def look() -> bool:
        strays.extend(_stray_in(checked, folder, named_keyframes(checked, [content])))
        return True

    unless_busy(Store(checked.database), content, look)
    return [
        Finding(Kind.KEYFRAME_STRAY, path, path=path, content=content) for path in sorted(strays)
    ]


def _stray_in(checked: Checked, folder: Path, named: Collection[str]) -> Iterator[str]:
    with suppress(OSError), os.scandir(folder) as entries:  # it may have gone
        for entry in entries:
            path = f"{folder.relative_to(checked.keyframes_dir)}/{entry.name}"
            if entry.name.endswith(_KEYFRAME_FILES) and path not in named:
                yield path


def _keyframe_folders(keyframes_dir: Path) -> Iterator[tuple[Path, str]]:
    """The folders of contents, and those that were to become one, with the content."""
    for folder in keyframes_dir.glob("*/*"):
        content = _HASH.match(folder.name)
        if content and folder.parent.name == keyframe_folder(content[0]).partition("/")[0]:
            yield folder, content[0]


def _batches(items: Iterable[tuple[Path, str]]) -> Iterator[list[tuple[Path, str]]]:
    left = iter(items)
    while batch := list(islice(left, _AT_ONCE)):
        yield batch
