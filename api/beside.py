"""What runs beside the server: the worker that does its jobs, and the watcher of folders.

They are processes of their own, so that no ingest takes the server's interpreter, at a lower
priority: of the process, and on Linux of its session, too, since that of a process counts only
within its session, where neither the server nor PostgreSQL is. Each has a pipe whose other end only
the server holds: however that ends, kill -9 included, the pipe does, and with it the process.

`python -m api.beside MODULE` is such a process.
"""

import contextlib
import os
import runpy
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import structlog

_NICENESS = 10
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 60.0
"""Before a process that has ended is started again: twice as long each time, from the first one on
again once it has lived for the longest."""
GRACE_S = 20.0
"""For what is at work to end, and be told to whoever does it instead."""


class Beside:
    """Processes that are started again whenever they end."""

    def __init__(self, modules: Sequence[str]) -> None:
        self._ending = threading.Event()
        self._lock = threading.Lock()  # of the starts, and of the end
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._threads = [
            threading.Thread(target=self._keep, args=(name,), daemon=True) for name in modules
        ]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Has them end; to be called at the beginning of the server's own end, which takes as
        long."""
        with self._lock:
            self._ending.set()
            for process in self._processes.values():
                process.terminate()

    def wait(self) -> None:
        """Waits for their end, and ends those that take too long."""
        until_s = time.monotonic() + GRACE_S
        for thread in self._threads:
            thread.join(max(until_s - time.monotonic(), 0))
        for process in self._processes.values():
            process.kill()
        for thread in self._threads:
            thread.join()

    def _keep(self, module: str) -> None:
        pause_s = _FIRST_PAUSE_S
        while (process := self._start(module)) is not None:
            began_s = time.monotonic()
            code = process.wait()
            process.stdin.close() if process.stdin else None
            if self._ending.is_set():
                return
            if time.monotonic() - began_s > _LONGEST_PAUSE_S:
                pause_s = _FIRST_PAUSE_S
            structlog.get_logger().warning(
                f"python -m {module} has ended", exit_code=code, again_in_s=pause_s
            )
            self._ending.wait(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _start(self, module: str) -> subprocess.Popen[bytes] | None:
        """The process; None once they are to end. Ctrl-C in a terminal is for the server, which
        ends it."""
        with self._lock:
            if self._ending.is_set():
                return None
            process = self._processes[module] = subprocess.Popen(
                [sys.executable, "-m", "api.beside", module],
                stdin=subprocess.PIPE,
                stdout=sys.stderr.fileno(),
                start_new_session=True,
            )
            return process


def _end_with_the_server(pipe: int) -> None:
    """Waits until the other end of the pipe is gone."""
    with contextlib.suppress(OSError):
        while os.read(pipe, 1):
            pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_S)
    os._exit(1)


def _give_way() -> None:
    os.nice(_NICENESS)
    with contextlib.suppress(OSError):  # where there are no groups by session
        Path("/proc/self/autogroup").write_text(str(_NICENESS))


def _main(module: str) -> None:
    _give_way()
    pipe = os.dup(sys.stdin.fileno())
    with Path(os.devnull).open() as nothing:
        os.dup2(nothing.fileno(), sys.stdin.fileno())  # children get no end of the pipe
    threading.Thread(target=_end_with_the_server, args=(pipe,), daemon=True).start()
    sys.argv = [module]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main(sys.argv[1])
