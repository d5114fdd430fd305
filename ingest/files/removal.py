"""What goes when a content is no longer in the library: its keyframes, and work left behind."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from database.videos.records import FileRecord
from database.videos.stored import Store
from ingest.checkpoint import GONE


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
    for folder in work_dir.glob("*-*-*"):
        digest = folder.name.split("-")[0]
        if folder.suffix == GONE or store.find_video_by_content(digest) is not None:
            shutil.rmtree(folder, ignore_errors=True)
    for images in keyframes_dir.glob("*/*"):
        digest = images.name.split(".")[0]
        if store.find_video_by_content(digest) is None:
            with store.claim(digest):  # nobody is storing it just now
                if store.find_video_by_content(digest) is None:
                    shutil.rmtree(images, ignore_errors=True)
