"""Videos that leave the library, with all pictures and sounds that were made of them on this host:
those that somebody forgets, and those that no file leads to any more."""

import shutil
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial
from pathlib import Path

from database.objects.shared import Shared
from database.videos.records import require_content_hash
from database.videos.removal import ForgottenVideo, Removal
from database.videos.stored import Store

SEGMENTS, SPRITES, CLIPS = "segments", "sprites", "clips"
"""The folders, beside the one of all keyframes, of what is made of a video when it is watched."""


class _Busy(Exception):
    """Somebody is working on a content just now."""


def keyframe_folder(digest: str) -> str:
    """The folder of the keyframes of a content, relative to the one of all keyframes. Raises
    DatabaseError for a hash that is none."""
    require_content_hash(digest)
    return f"{digest[:2]}/{digest}"


def remove_made(digest: str, keyframes_dir: Path, shared: Shared | None = None) -> None:
    """Removes from disk what was made of a content: its keyframes, segments, sheets of stills and
    clips, and what is `shared` of it. Raises DatabaseError for a hash that is none, ObjectRefused,
    ObjectsUnreachable."""
    folder = keyframe_folder(digest)
    sheets = keyframes_dir.with_name(SPRITES).glob(f"*/{digest}")
    clips = keyframes_dir.with_name(CLIPS).glob(f"*/{digest}-*")
    in_folders = (keyframes_dir / folder, keyframes_dir.with_name(SEGMENTS) / folder)
    for made in (*in_folders, *sheets, *clips):
        shutil.rmtree(made, ignore_errors=True)
    if shared is not None:
        sprites = keyframes_dir.with_name(SPRITES)
        shared_sheets = (sprites / name / digest for name in shared.names_in(sprites))
        shared.remove([*in_folders, *shared_sheets])


def forget_videos(
    video_ids: Collection[int],
    keyframes_dir: Path,
    removal: Removal,
    store: Store,
    while_waiting: Callable[[], None] = lambda: None,
) -> list[ForgottenVideo]:
    """Removes videos from the library, whatever files lead to them: their next ingest makes them
    anew, under other ids. Raises NotFound, and forgets none, if one does not exist; and what
    `while_waiting` raises while an ingest is at work on one, which is not forgotten then."""
    forgotten = removal.to_forget(video_ids)
    for video in forgotten:
        with store.claim(video.content_hash, while_waiting):
            removal.forget(video.id)
            remove_made(video.content_hash, keyframes_dir, removal.shared)
    return forgotten


def remove_orphans(keyframes_dir: Path, removal: Removal, store: Store) -> int:
    """Removes the videos that no file leads to; how many. While an ingest is running anywhere they
    are left to its end: it may not have come to the file that leads to one by now."""
    with removal.between_runs() as is_alone:
        return sum(
            unless_busy(store, content, partial(_remove_orphan, content, keyframes_dir, removal))
            for content in (removal.orphans() if is_alone else ())
        )


def unless_busy(store: Store, content: str, act: Callable[[], bool]) -> bool:
    """What `act` answers under the claim of a content; False if somebody else has it."""

    def give_up() -> None:
        raise _Busy

    with suppress(_Busy), store.claim(content, give_up):
        return act()
    return False


def _remove_orphan(content: str, keyframes_dir: Path, removal: Removal) -> bool:
    is_gone = removal.remove_orphan(content)
    if is_gone:
        remove_made(content, keyframes_dir, removal.shared)
    return is_gone
