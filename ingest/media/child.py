"""Child processes with limits, in which media files are read: they are hostile input.

A child that crashes, hangs or runs out of memory fails its own file and nothing else. Children
are forked from a small server process that has imported the decoder once. They end with the process
that started them, however that ends, and when it decides so: not by a signal that was meant for it.
"""

import contextlib
import multiprocessing
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from typing import Any, Self, TypeVar

import cv2

from database.errors import DiskFull
from ingest.errors import DecoderKilled, VideoUnreadable
from ingest.settings import IngestSettings

Result = TypeVar("Result")
Item = TypeVar("Item")
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(
    [
        "ingest.media.fork_server",  # first
        *("ingest.media.decode", "ingest.media.clips", "ingest.media.sprites"),
        *("ingest.playing.facts", "ingest.playing.converted", "ingest.playing.copied"),
        "ingest.playing.clip",
    ]
)
_FORK_SERVER_GONE = 255
"""The exit code of a child of which nobody knows how it ended."""
_PAUSES_S = (0.0, 0.1, 1.0)
"""Before each try to start a child. Of a process that is killed the connections are closed before
it has ended, and until then no other is started in its place."""
_NOT_MEANT = frozenset((signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
"""Signals that a terminal or a service manager sends to all processes of a command at once."""


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
        with contextlib.closing(self._messages(function, arguments, on_progress)) as messages:
            result: Result = next(messages)[1]
            return result

    def stream(
        self,
        function: Callable[..., Iterator[Item]],
        *arguments: object,
        on_progress: Callable[[float], None],
    ) -> Generator[Item, None, None]:
        """What the generator `function(*arguments, report)` yields in a child, as it is asked for;
        the child ends with this iterator. All else is as for `run`.
        """
        for kind, value in self._messages(function, arguments, on_progress):
            if kind == "item":
                yield value

    def _messages(
        self,
        function: Callable[..., object],
        arguments: tuple[object, ...],
        on_progress: Callable[[float], None],
    ) -> Generator[tuple[str, Any], None, None]:
        """All that a child sends but progress and errors, up to its result."""
        receiver, child = self._started(function, arguments)
        kind = ""
        try:
            while kind != "result":
                if not receiver.poll(self.stall_s):
                    raise VideoUnreadable(f"decoding made no progress for {self.stall_s:.0f} s")
                try:
                    kind, value = receiver.recv()
                except EOFError:
                    child.join()
                    raise _death(child.exitcode) from None
                if kind == "progress":
                    on_progress(value)
                elif kind == "error":
                    raise value
                else:
                    yield kind, value
        finally:
            receiver.close()
            child.kill()
            child.join()

    def _started(
        self, function: Callable[..., object], arguments: tuple[object, ...]
    ) -> tuple[Connection, ForkServerProcess]:
        """A child and what it sends; tried again, since the server that it is forked from may be
        killed meanwhile."""
        for pause_s in _PAUSES_S:
            time.sleep(pause_s)
            receiver, sender = _context.Pipe(duplex=False)
            child = _context.Process(
                target=_child_main, args=(sender, function, arguments, self.memory_mb), daemon=True
            )
            with sender, contextlib.ExitStack() as opened:
                opened.enter_context(receiver)
                with (
                    contextlib.suppress(EOFError, ConnectionError),
                    _signals_held(),  # by the child, and by the server, for as long as they live
                ):
                    child.start()
                    opened.pop_all()
                    return receiver, child
        raise DecoderKilled("the process that decoders are started from was killed")


def begin_without_main() -> None:
    """Lets the children of this process begin without its main module, which they would import
    first: a second each, where that is a worker of Ray and of no use to them."""
    main = sys.modules["__main__"]
    main.__spec__ = main.__file__ = None  # what multiprocessing goes by


@contextlib.contextmanager
def _signals_held() -> Iterator[None]:
    """Where processes are started that do not take signals that are not meant for them."""
    resource_tracker.ensure_running()  # which would let them through, were it started in here
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _NOT_MEANT)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _child_main(
    sender: Connection,
    function: Callable[..., Any],
    arguments: tuple[object, ...],
    memory_mb: int,
) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if sys.platform == "linux":
        limit = memory_mb << 20
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    # The parent may be gone; then there is nobody to tell, and the child just ends.
    with contextlib.suppress(BrokenPipeError):
        try:
            result = function(*arguments, lambda part: sender.send(("progress", part)))
            if isinstance(result, Iterator):
                for item in result:
                    sender.send(("item", item))
                result = None
        except VideoUnreadable as error:
            sender.send(("error", error))
        except (MemoryError, cv2.error) as error:
            if isinstance(error, cv2.error) and error.code != cv2.Error.StsNoMem:
                raise
            sender.send(
                ("error", VideoUnreadable(f"needs more than {memory_mb} MB of memory to decode"))
            )
        except OSError as error:
            sender.send(("error", _system_error(error)))
        else:
            sender.send(("result", result))


def _end_with_parent() -> None:
    """Ends this process when the one that wanted its result is gone, killed for example."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGKILL)


def _system_error(error: OSError) -> Exception:
    """What the parent raises: a full disk concerns the run, all else the file."""
    if isinstance(error, BrokenPipeError):
        raise error
    if error.errno in DiskFull.ERRNOS:
        return DiskFull("the disk of SCENESEEK_HOME")
    return VideoUnreadable(f"cannot be read: {error.strerror or error}")


def _death(exitcode: int | None) -> VideoUnreadable:
    """The reason for a child that ended without a result."""
    if exitcode in (-signal.SIGKILL, _FORK_SERVER_GONE):
        return DecoderKilled("the decoder was killed, as a machine does that runs out of memory")
    if exitcode is not None and exitcode < 0:
        return VideoUnreadable(f"the decoder crashed ({signal.Signals(-exitcode).name})")
    return VideoUnreadable(f"the decoder ended without a result (exit {exitcode})")
