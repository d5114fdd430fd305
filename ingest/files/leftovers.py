"""What runs that were cut off have left on disk."""

import re
import shutil
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from database.checking.disk import is_given_up
from database.videos.forgetting import unless_busy
from database.videos.stored import Store
from ingest.checkpoint import GONE
from ingest.files.batches import batches

_HASH = re.compile("[0-9a-f]{64}")


def remove_leftovers(work_dir: Path, keyframes_dir: Path, store: Store) -> None:
    """Removes work on contents that are stored, or that nobody goes on with, and keyframes of
    contents that the library has no file of on this host."""
    for folder, content, is_own in _of_contents(work_dir.glob("*-*-*"), store):
        if folder.suffix == GONE or is_own or is_given_up(folder):
            unless_busy(store, content, partial(_remove, folder))
    for images, content, is_own in _of_contents(keyframes_dir.glob("*/*"), store):
        if not is_own:
            unless_busy(store, content, partial(_remove_unowned, images, content, store))


def _remove(folder: Path) -> bool:
    shutil.rmtree(folder, ignore_errors=True)
    return True


def _remove_unowned(images: Path, content: str, store: Store) -> bool:
    return not store.own_contents([content]) and _remove(images)


def _of_contents(folders: Iterable[Path], store: Store) -> Iterator[tuple[Path, str, bool]]:
    """Each folder whose name begins with a content's hash, the hash, and whether the library has a
    file of it on this host."""
    named = ((folder, _HASH.match(folder.name)) for folder in folders)
    for batch in batches((folder, found[0]) for folder, found in named if found):
        own = store.own_contents([content for _, content in batch])
        for folder, content in batch:
            yield folder, content, content in own
