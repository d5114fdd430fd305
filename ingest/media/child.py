"""Child processes with limits, in which media files are read: they are hostile input.

A child that crashes, hangs or runs out of memory fails its own file and nothing else. Children
are forked from a small server process that has imported the decoder once.
"""

import contextlib
import multiprocessing
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Self, TypeVar

from database.errors import DiskFull
from ingest.errors import VideoUnreadable
from ingest.settings import IngestSettings

Result = TypeVar("Result")
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(
    ["ingest.media.decode", "ingest.media.clips", "ingest.media.sprites"]
)


@dataclass(frozen=True)
class Isolation:
    """The limits of a child process."""

    memory_mb: int
    """MiB of memory that it may take; on Linux only."""
    stall_s: float
    """Seconds that it may go without telling progress."""

    @classmethod
    def of(cls, settings: IngestSettings) -> Self:
        """The limits that the settings give."""
        return cls(settings.ingest_decode_memory_mb, settings.ingest_decode_stall_s)

    def run(
        self,
        function: Callable[..., Result],
        *arguments: object,
        on_progress: Callable[[float], None],
    ) -> Result:
        """The result of `function(*arguments, report)` in a child, which tells its progress, in
        [0, 1], with `report(part)`.

        What `on_progress` raises ends the child. Raises VideoUnreadable, DiskFull, or what the
        function raised.
        """
        receiver, sender = _context.Pipe(duplex=False)
        child = _context.Process(
            target=_child_main, args=(sender, function, arguments, self.memory_mb), daemon=True
        )
        child.start()
        sender.close()
        try:
            while True:
                if not receiver.poll(self.stall_s):
                    raise VideoUnreadable(f"decoding made no progress for {self.stall_s:.0f} s")
                try:
                    kind, value = receiver.recv()
                except EOFError:
                    child.join()
                    raise VideoUnreadable(_cause_of_death(child.exitcode)) from None
                if kind == "progress":
                    on_progress(value)
                elif kind == "error":
                    raise value
                else:
                    result: Result = value
                    return result
        finally:
            receiver.close()
            child.kill()
            child.join()


def _child_main(
    sender: Connection,
    function: Callable[..., Any],
    arguments: tuple[object, ...],
    memory_mb: int,
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    if sys.platform == "linux":
        limit = memory_mb << 20
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    # The parent may be gone; then there is nobody to tell, and the child just ends.
    with contextlib.suppress(BrokenPipeError):
        try:
            result = function(*arguments, lambda part: sender.send(("progress", part)))
        except VideoUnreadable as error:
            sender.send(("error", error))
        except MemoryError:
            sender.send(
                ("error", VideoUnreadable(f"needs more than {memory_mb} MB of memory to decode"))
            )
        except OSError as error:
            sender.send(("error", _system_error(error)))
        else:
            sender.send(("result", result))


def _system_error(error: OSError) -> Exception:
    """What the parent raises: a full disk concerns the run, all else the file."""
    if isinstance(error, BrokenPipeError):
        raise error
    if error.errno in DiskFull.ERRNOS:
        return DiskFull("the disk of SCENESEEK_HOME")
    return VideoUnreadable(f"cannot be read: {error.strerror or error}")


def _cause_of_death(exitcode: int | None) -> str:
    """The reason for a child that ended without a result."""
    if exitcode is not None and exitcode < 0:
        return f"the decoder crashed ({signal.Signals(-exitcode).name})"
    return f"the decoder ended without a result (exit {exitcode})"
