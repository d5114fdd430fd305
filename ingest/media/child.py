"""Runs a function in a child process with limits: media files are hostile input.

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
from typing import Any, TypeVar

from database.errors import DiskFull
from ingest.errors import VideoUnreadable

Result = TypeVar("Result")
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["ingest.media.decode", "ingest.media.clips"])


@dataclass(frozen=True)
class Isolation:
    """The limits of a child: it may take `memory_mb` of memory and be silent for `stall_s`."""

    memory_mb: int
    stall_s: float

    def run(
        self,
        function: Callable[..., Result],
        *arguments: object,
        on_progress: Callable[[float], None],
    ) -> Result:
        """`function(*arguments, report)` in a child, where `report(part)` tells its progress.

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
    if isinstance(error, BrokenPipeError):
        raise error
    if error.errno in DiskFull.ERRNOS:
        return DiskFull("the disk of SCENESEEK_HOME")
    return VideoUnreadable(f"cannot be read: {error.strerror or error}")


def _cause_of_death(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        return f"the decoder crashed ({signal.Signals(-exitcode).name})"
    return f"the decoder ended without a result (exit {exitcode})"
