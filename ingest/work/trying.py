"""What a task does about errors: those that pass by themselves are waited for, those of one file
are its outcome, and all others end the job.
"""

import time
from collections.abc import Callable
from typing import TypeVar

import structlog

from database.errors import (
    ClaimLost,
    DatabaseOverloaded,
    DatabaseUnreachable,
    DiskFull,
    ObjectsUnreachable,
    SpaceBusy,
    SpaceGone,
    SpacesChanged,
    TooSlow,
    TransactionConflict,
)
from database.jobs.sweep import MAX_ATTEMPTS
from embeddings.errors import SceneseekError

PASSING = (
    ClaimLost,
    DatabaseOverloaded,
    DatabaseUnreachable,
    ObjectsUnreachable,
    SpaceBusy,
    SpaceGone,
    SpacesChanged,
    TooSlow,
    TransactionConflict,
)
_AGAIN_S = 1.0
Answer = TypeVar("Answer")


class TryLater(Exception):
    """A task that is given back, to be done again in a while."""


def insist(enter: Callable[[], Answer]) -> Answer:
    """What `enter` answers, once the database is there: what became of a file is not lost because
    that was away at its end."""
    while True:
        try:
            return enter()
        except PASSING:
            time.sleep(_AGAIN_S)


def passes(error: Exception, attempt: int) -> bool:
    """Whether an error passes by itself. What takes too long each time does not."""
    if isinstance(error, TooSlow):
        return attempt < MAX_ATTEMPTS
    return isinstance(error, PASSING)


def reason_of(error: Exception) -> str:
    """An error in the words of an outcome; one that is a fault of this program is logged with its
    place, too."""
    if isinstance(error, SceneseekError):
        return str(error)
    if isinstance(error, OSError) and error.errno in DiskFull.ERRNOS:
        return str(DiskFull("the disk of SCENESEEK_HOME"))
    structlog.get_logger().error("a fault of this program", exc_info=error)
    return f"a fault of this program, which its log tells more of ({type(error).__name__}: {error})"


def ends_job(error: Exception) -> bool:
    """Whether an error concerns all that a job does."""
    is_full = isinstance(error, OSError) and error.errno in DiskFull.ERRNOS
    return isinstance(error, SceneseekError) or is_full
