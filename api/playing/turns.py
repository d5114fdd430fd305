"""Turns of what is converted: every child that makes a video play takes one."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import HTTPException

MAX_AT_ONCE = 2
_PATIENCE_S = 3.0
"""As long as a request waits for a turn."""
_LOOK_AGAIN_S = 0.25


class Turns:
    """The turns of one event loop."""

    def __init__(self, make_way: Callable[[], None]) -> None:
        """`make_way` is told that somebody waits: who has a turn that nobody needs ends."""
        self._places = asyncio.Semaphore(MAX_AT_ONCE)
        self._make_way = make_way
        self._is_over = False

    @property
    def is_free(self) -> bool:
        """Whether a turn could be had at once."""
        return not self._places.locked()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Holds one of two. Raises HTTPException (503) if none becomes free in time."""
        await self._take()
        try:
            yield
        finally:
            self._places.release()

    def end(self) -> None:
        """Gives no more turns."""
        self._is_over = True

    async def _take(self) -> None:
        deadline_s = asyncio.get_running_loop().time() + _PATIENCE_S
        while not self._is_over and asyncio.get_running_loop().time() < deadline_s:
            if self._places.locked():
                self._make_way()
            try:
                async with asyncio.timeout(_LOOK_AGAIN_S):
                    await self._places.acquire()
            except TimeoutError:
                continue
            return
        raise try_again("other videos are being converted")


def try_again(why: str) -> HTTPException:
    """The answer to a request that came at a bad time."""
    return HTTPException(503, f"{why}; try again in a few seconds", {"Retry-After": "2"})
