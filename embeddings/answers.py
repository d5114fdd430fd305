"""Futures of worker threads, awaited on event loops.

`asyncio.wrap_future` wakes the loop for each of them; here one wake-up does for all that end
together, as those of a batch do. Measured in docs/benchmarks.md.
"""

import asyncio
import contextlib
import threading
from collections import deque
from concurrent.futures import Future
from functools import partial
from typing import Generic, TypeVar

Result = TypeVar("Result")


class Answers(Generic[Result]):
    """The futures that one event loop waits for; it may go before they end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ended: deque[tuple[asyncio.Future[Result], Future[Result]]] = deque()
        self._is_called = False

    def of(self, source: "Future[Result]") -> "asyncio.Future[Result]":
        """The future of the running loop that ends as `source` does, or is cancelled."""
        target: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        source.add_done_callback(partial(self._note, target))
        return target

    def _note(self, target: "asyncio.Future[Result]", source: "Future[Result]") -> None:
        loop = target.get_loop()
        with self._lock:
            if loop.is_closed():
                self._ended.clear()
                return
            self._ended.append((target, source))
            if self._is_called:
                return
            self._is_called = True
        with contextlib.suppress(RuntimeError):  # closed in this moment
            loop.call_soon_threadsafe(self._pass_on)

    def _pass_on(self) -> None:
        with self._lock:
            ended = list(self._ended)
            self._ended.clear()
            self._is_called = False
        for target, source in ended:
            if target.done():
                continue
            if source.cancelled():
                target.cancel()
            elif error := source.exception():
                target.set_exception(error)
            else:
                target.set_result(source.result())
