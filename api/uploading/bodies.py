"""Bodies of any size, piece by piece: only what is being written is in memory.

The bounds of time are those of other bodies (api/limits.py). What has come of one that does not go
on is given out before that is told: an upload goes on from there.
"""

import asyncio
import time
from collections.abc import AsyncGenerator

from fastapi import Request
from starlette.exceptions import HTTPException

from api.hang_up import ClientGone
from api.limits import MIN_BYTES_PER_S, PATIENCE_S

PIECE_BYTES = 1024 * 1024
"""Written at once: each writing is a call of a thread."""


async def pieces(request: Request, max_bytes: int, too_large: str) -> AsyncGenerator[bytes, None]:
    """What is in a body. Raises HTTPException (413) for more than `max_bytes`, saying `too_large`,
    and 408 for one that does not go on; ClientGone."""
    if declared_bytes(request) > max_bytes:
        raise HTTPException(413, too_large)
    gathered, num_bytes, waited_s = bytearray(), 0, 0.0
    more_body = True
    try:
        while more_body:
            left_s = PATIENCE_S + num_bytes / MIN_BYTES_PER_S - waited_s
            began = time.monotonic()  # until the piece before is written, nobody waits for this one
            piece, more_body = await _next(request, min(left_s, PATIENCE_S))
            waited_s += time.monotonic() - began
            num_bytes += len(piece)
            if num_bytes > max_bytes:
                raise HTTPException(413, too_large)
            gathered += piece
            if len(gathered) >= PIECE_BYTES:
                yield bytes(gathered)
                gathered.clear()
    except (HTTPException, ClientGone):
        if gathered:
            yield bytes(gathered)
        raise
    if gathered:
        yield bytes(gathered)


async def _next(request: Request, patience_s: float) -> tuple[bytes, bool]:
    """What comes next, and whether there is more to come."""
    try:
        async with asyncio.timeout(patience_s):
            message = await request.receive()
    except TimeoutError:
        detail = "the body did not go on, or too slowly: send the rest"
        raise HTTPException(408, detail) from None
    if message["type"] == "http.disconnect":
        raise ClientGone
    return message.get("body", b""), message.get("more_body", False)


def declared_bytes(request: Request) -> int:
    """What a body is said to have; 0 where nothing is said."""
    return int(request.headers.get("content-length", "0"))
