"""Clients that hang up: what they have asked for is given up."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from fastapi import Request

CLIENT_GONE = 499
"""What nginx calls a request whose client hung up."""
Answer = TypeVar("Answer")


class ClientGone(Exception):
    """The client has closed its connection."""


async def unless_gone(request: Request, work: Awaitable[Answer]) -> Answer:
    """What `work` gives; it is cancelled as soon as the client hangs up. Raises ClientGone, and
    what the work raises."""
    await request.body()  # or listening for the client to leave would take it for nothing
    asking = asyncio.current_task()
    assert asking is not None
    leaving = asyncio.ensure_future(_give_up_when_left(request, asking))
    try:
        return await work
    except asyncio.CancelledError:
        if leaving.done() and asking.uncancel() == 0:
            raise ClientGone from None
        raise
    finally:
        leaving.cancel()


async def _give_up_when_left(request: Request, asking: "asyncio.Task[object]") -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    asking.cancel()
