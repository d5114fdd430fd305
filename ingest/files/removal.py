"""What goes when a content is no longer in the library: its keyframes, and work left behind."""

import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from database.videos.records import FileRecord
from database.videos.stored import Store
from ingest.checkpoint import GONE
from ingest.files.batches import batches

_HASH = re.compile("[0-9a-f]{64}")


def keyframe_folder(digest: str) -> str:
    """The folder of the keyframes of a content, relative to the one of all keyframes."""
    return f"{digest[:2]}/{digest}"


def remove_keyframes(digests: Iterable[str], keyframes_dir: Path) -> None:
    """Removes the keyframes of these contents from disk."""
    for digest in digests:
        shutil.rmtree(keyframes_dir / keyframe_folder(digest), ignore_errors=True)


def save_outcome(file: FileRecord, keyframes_dir: Path, store: Store) -> None:
    """Records what a path has come to; a content that no path leads to any more goes.

    Raises ValueRefused for a path that the database cannot hold.
    """
    remove_keyframes(store.save_file(file), keyframes_dir)


def remove_leftovers(work_dir: Path, keyframes_dir: Path, store: Store) -> None:
    """Removes what killed runs left: work on contents that are stored by now, and keyframes of
    contents that are not.
    """
    for folder, _, is_stored in _of_contents(work_dir.glob("*-*-*"), store):
        if folder.suffix == GONE or is_stored:
            shutil.rmtree(folder, ignore_errors=True)
    for images, content, is_stored in _of_contents(keyframes_dir.glob("*/*"), store):
        if not is_stored:
            with store.claim(content):  # nobody is storing it just now
                if not store.stored_contents([content]):
                    shutil.rmtree(images, ignore_errors=True)


def _of_contents(folders: Iterable[Path], store: Store) -> Iterator[tuple[Path, str, bool]]:
    """Each folder whose name begins with a content's hash, the hash, and whether it is stored."""
    named = ((folder, _HASH.match(folder.name)) for folder in folders)
    for batch in batches((folder, found[0]) for folder, found in named if found):
        stored = store.stored_contents([content for _, content in batch])
        for folder, content in batch:
            yield folder, content, content in stored
