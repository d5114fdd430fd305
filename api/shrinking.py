"""What takes videos out of the library, or has them made anew, over the API and on the page."""

import shlex
import time
from collections.abc import Callable
from datetime import timedelta

from fastapi import HTTPException

from api.deps import State
from api.limits import PATIENCE_S
from database.videos.forgetting import forget_videos, remove_orphans
from database.videos.read import VideoInfo
from database.videos.removal import Removal
from database.videos.stored import Store
from ingest.files.missing import Forgotten, forget_missing, to_forget


def forget_video(state: State, video_id: int) -> None:
    """Removes a video from the library, whatever files lead to it. Raises NotFound, and
    HTTPException (503) while an ingest is at work on it."""
    database = state.database
    forget_videos(
        [video_id], state.settings.keyframes_dir, Removal(database), Store(database), _patience()
    )


def set_again(state: State, video_id: int, *, again: bool) -> VideoInfo:
    """The video, whose next ingest makes it anew, or does so no longer. Raises NotFound."""
    state.library.require_videos([video_id])
    Store(state.database).set_again([video_id], again=again)
    return state.library.get_video(video_id)


def ingest_command(path: str) -> str:
    """What ingests a file, as a shell takes it."""
    return f"python -m ingest {shlex.quote(path)}"


def missing_files(state: State) -> Forgotten:
    """What `forget_missing_files` would do now."""
    return to_forget((), _grace(state), Removal(state.database))


def forget_missing_files(state: State) -> Forgotten:
    """Forgets the missing files of this host, and removes the videos that no other file leads
    to."""
    removal, store = Removal(state.database), Store(state.database)
    forgotten = forget_missing((), _grace(state), removal)
    removal.settle()
    remove_orphans(state.settings.keyframes_dir, removal, store)
    return forgotten


def _grace(state: State) -> timedelta:
    return timedelta(days=state.settings.ingest_forget_after_days)


def _patience() -> Callable[[], None]:
    """To be called while somebody waits: gives up when that has taken too long."""
    until = time.monotonic() + PATIENCE_S

    def wait() -> None:
        if time.monotonic() > until:
            raise HTTPException(
                503,
                "an ingest is at work on this video just now: forget it when that has ended",
                {"Retry-After": "60"},
            )

    return wait
