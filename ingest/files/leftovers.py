"""What runs that were cut off have left on disk."""

import re
import shutil
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from database.checking.disk import is_given_up
from database.videos.forgetting import SEGMENTS, SPRITES, unless_busy
from database.videos.stored import Store
from ingest.checkpoint import GONE
from ingest.files.batches import batches

_HASH = re.compile("[0-9a-f]{64}")


def remove_leftovers(work_dir: Path, keyframes_dir: Path, store: Store) -> None:
    """Removes work on contents that are done, or that nobody goes on with, and keyframes, segments
    and sheets of stills of contents that are not in the library. Those of a content that only
    another host has a file of now stay: it may come back."""
    for folder, content in _of_contents(work_dir.glob("*-*-*")):
        if folder.suffix == GONE or is_given_up(folder):
            unless_busy(store, content, partial(_remove, folder))
        else:
            unless_busy(store, content, partial(_remove_done, folder, content, store))
    made_dirs = (keyframes_dir, *(keyframes_dir.with_name(name) for name in (SEGMENTS, SPRITES)))
    for batch in batches(_of_contents(each for made in made_dirs for each in made.glob("*/*"))):
        stored = store.stored_contents([content for _, content in batch])
        for folder, content in batch:
            if content not in stored:
                unless_busy(store, content, partial(_remove_unstored, folder, content, store))


def _remove(folder: Path) -> bool:
    shutil.rmtree(folder, ignore_errors=True)
    return True


def _remove_done(work: Path, content: str, store: Store) -> bool:
    return store.stored_contents([content]).get(content) is False and _remove(work)


def _remove_unstored(folder: Path, content: str, store: Store) -> bool:
    return not store.stored_contents([content]) and _remove(folder)


def _of_contents(folders: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    """Each folder whose name begins with a content's hash, and the hash."""
    named = ((folder, _HASH.match(folder.name)) for folder in folders)
    return ((folder, found[0]) for folder, found in named if found)
