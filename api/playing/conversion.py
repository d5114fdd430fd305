"""One conversion: a thread that reads from a child, and those who wait for what it makes."""

import asyncio
import contextlib
import math
import threading
import time
from collections.abc import Callable, Hashable
from typing import TypeVar

from ingest.errors import VideoUnreadable

_AHEAD = 3
"""What is made of what follows, before somebody asks for it."""
_REACH = 4
"""What is waited for, and not begun with anew, behind what is made now and was asked for."""
MAX_S = 120.0
"""As long as the next number may take: a damaged film may take long over every frame."""
_LOOK_AGAIN_S = 0.05
Result = TypeVar("Result")


class _Ended(Exception):
    """Nobody needs what is made."""


class Conversion:
    """Makes one number after the other, from `first` on.

    Its methods are called on the event loop, but for `check` and `made`, which its thread calls.
    """

    def __init__(
        self, key: Hashable, content: str, first: int, left_s: float, max_s: float = MAX_S
    ) -> None:
        """It ends when nobody has asked for anything near for `left_s`, or when one number takes
        longer than `max_s`."""
        self.key = key
        self.content = content
        self.next = first
        """What is made now, or will be as soon as it is asked for."""
        self._wanted = first
        self._left_s, self._max_s = left_s, max_s
        self._asked_s = self._began_s = time.monotonic()
        self._num_waiting = 0
        self._is_told_to_end = False
        self._loop = asyncio.get_running_loop()
        self._there: dict[int, asyncio.Future[None]] = {}

    def is_near(self, number: int) -> bool:
        """Whether who asks for this number follows what is made here."""
        return self.next - _AHEAD - 1 <= number <= max(self.next, self._wanted) + _REACH

    def note(self, number: int) -> None:
        """Somebody has asked for a number that is near."""
        self._wanted = max(self._wanted, number)
        self._asked_s = time.monotonic()

    async def wait_for(self, number: int) -> None:
        """Returns when a number is made, or when this has ended without a fault. Raises what has
        gone wrong."""
        self.note(number)
        there = self._there.setdefault(number, self._loop.create_future())
        self._num_waiting += 1
        try:
            await asyncio.shield(there)
        finally:
            self._num_waiting -= 1
            self._asked_s = time.monotonic()

    @property
    def goes_on(self) -> bool:
        """Whether it goes on to its end though nobody asks."""
        return self._left_s == math.inf

    @property
    def is_waited_for(self) -> bool:
        """Whether somebody waits for something now."""
        return self._num_waiting > 0

    def idle_s(self) -> float:
        """Seconds since somebody has waited for it or asked for something near."""
        return 0.0 if self.is_waited_for else time.monotonic() - self._asked_s

    def end(self) -> None:
        """Has it end soon."""
        self._is_told_to_end = True

    async def run(self, make: Callable[["Conversion"], None]) -> Exception | None:
        """Has a thread make it; what has gone wrong."""
        ended: asyncio.Future[Exception | None] = self._loop.create_future()

        def work() -> None:
            error: Exception | None = None
            try:
                make(self)
            except _Ended:
                pass
            except Exception as raised:  # for those who wait: this thread has nobody to tell
                error = raised
            self._tell(_settle, ended, error)

        self._began_s = time.monotonic()
        # A daemon: a server that is told to end does not wait for it, and its child ends with it.
        threading.Thread(target=work, daemon=True).start()
        return await ended

    def close(self, error: Exception | None) -> None:
        """Tells all who wait that it has ended."""
        for there in self._there.values():
            if error is None:
                _settle(there, None)
            elif not there.done():
                there.set_exception(error)
                there.exception()  # those who went away do not look at it
        self._there.clear()

    def check(self, _part: float) -> None:
        """Ends what nobody needs, or what takes too long."""
        if self._is_told_to_end or self.idle_s() > self._left_s:
            raise _Ended
        if time.monotonic() - self._began_s > self._max_s:
            raise VideoUnreadable(f"it took more than {self._max_s:.0f} s")

    def made(self, number: int) -> None:
        """Tells that a number is made, and waits until the next one is needed."""
        self._tell(self._tell_made, number)
        while number >= self._wanted + _AHEAD:
            self._began_s = time.monotonic()
            self.check(0.0)
            time.sleep(_LOOK_AGAIN_S)
        self._began_s = time.monotonic()

    def _tell_made(self, number: int) -> None:
        self.next = number + 1
        if there := self._there.pop(number, None):
            _settle(there, None)

    def _tell(self, act: Callable[..., None], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the server has ended
            self._loop.call_soon_threadsafe(act, *arguments)


def _settle(future: "asyncio.Future[Result]", result: Result) -> None:
    """Unless the server is ending."""
    if not future.done():
        future.set_result(result)
