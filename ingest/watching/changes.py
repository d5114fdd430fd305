"""What the system tells of a folder. It may tell too little, of a disk on a network nothing, and is
never relied on: all of a folder is looked at every now and then."""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import structlog
from watchfiles import Change, watch
from watchfiles.main import FileChange

from ingest.files.outcome import printable

TICK_S = 1.0
SWEEP_S = 15 * 60.0
"""All of a folder is looked at after so long, and where nothing could be told in the beginning, it
is tried again."""
AGAIN_S = 5.0
"""The same, where something was told before."""
_TICK_MS = round(TICK_S * 1000)
_STEP_MS = 100


def changes(folder: Path, stopped: threading.Event) -> Iterator[set[Path]]:
    """Paths below a folder that have changed, as they do, and nothing after each second in which
    none has; also where the system cannot tell. The folder itself means that all of it may have."""
    reasons: set[str] = set()
    missed: set[Path] = set()
    while not stopped.is_set():
        pause_s = SWEEP_S
        try:
            for changed in _told(folder, stopped):
                yield _paths(changed) | missed
                missed = set()
                pause_s = AGAIN_S
        except (OSError, RuntimeError) as error:  # a limit of inotify, a name that is no UTF-8
            missed = {folder}
            _tell_once(folder, str(error), reasons)
        again_at = time.monotonic() + pause_s
        while time.monotonic() < again_at and not stopped.wait(TICK_S):
            yield set()


def _paths(changed: set[FileChange]) -> set[Path]:
    """Without folders of which only the time has changed."""
    paths = ((change, Path(name)) for change, name in changed)
    return {path for change, path in paths if change is not Change.modified or not path.is_dir()}


def _tell_once(folder: Path, reason: str, reasons: set[str]) -> None:
    if reason not in reasons:
        reasons.add(reason)
        structlog.get_logger().warning(
            "changes were not told: all of the folder is looked at, every 15 minutes at least",
            folder=printable(folder),
            reason=printable(reason),
        )


def _told(folder: Path, stopped: threading.Event) -> Iterator[set[FileChange]]:
    """Raises OSError, RuntimeError."""
    for ignores_faults in (False, True):
        with suppress(PermissionError):  # of a folder in it, of which nothing can be told then
            yield from watch(
                folder,
                watch_filter=None,
                debounce=_TICK_MS,
                step=_STEP_MS,
                rust_timeout=_TICK_MS,
                yield_on_timeout=True,
                stop_event=stopped,
                raise_interrupt=False,
                # It ignores every other fault, too: that there are too many folders, for one.
                ignore_permission_denied=ignores_faults,
            )
            return
