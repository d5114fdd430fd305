"""Processor time of commands with all that they start: what is left of a comparison on a machine
that others use, too."""

import threading
from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType
from typing import Self

import psutil

_EVERY_S = 0.1
"""Of a process that ends, no more than this is not counted."""


class ProcessorTime:
    """The processor seconds of some processes and of all below them, while the block lasts."""

    def __init__(self, pids: Iterable[int]) -> None:
        self._roots = [psutil.Process(pid) for pid in pids]
        self._taken: dict[tuple[int, float], float] = {}
        """By process, its time so far: those that have ended are in it, too."""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._look()
        self._before = dict(self._taken)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def seconds(self) -> float:
        """Taken since the block began."""
        taken = dict(self._taken)
        return sum(own - self._before.get(process, 0.0) for process, own in taken.items())

    def _watch(self) -> None:
        while not self._ended.wait(_EVERY_S):
            self._look()
        self._look()

    def _look(self) -> None:
        for root in self._roots:
            with suppress(psutil.NoSuchProcess):
                for process in [root, *root.children(recursive=True)]:
                    with suppress(psutil.NoSuchProcess):
                        times = process.cpu_times()
                        self._taken[process.pid, process.create_time()] = times.user + times.system
