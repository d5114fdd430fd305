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
    """What `work` gives; it is cancelled as soon as the client hangs up, and counts all the same
    where it was done by then. Raises ClientGone, and what the work raises.

    The work is a task of its own: the one that asks is never cancelled, which might reach it only
    when it is at something else.
    """
    await request.body()  # or listening for the client to leave would take it for nothing
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
    finally:
        has_left = leaving.done()
        leaving.cancel()
        if not working.done():
            working.cancel()
            await asyncio.wait((working,))
    if has_left and working.cancelled():
        raise ClientGone
    return working.result()


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
