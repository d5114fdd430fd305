"""JSON bodies of megabytes, which would keep all other requests waiting while they are parsed.

Python parses while nothing else runs. Long texts are quick; what takes seconds are millions of
values, more than any request may hold: they are counted first, beside the event loop, by numpy,
which lets others run.
"""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np
from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic_core import from_json
from starlette.exceptions import HTTPException

from api.embedding_requests import MAX_ITEMS, MAX_TOKENS

_QUICK_BYTES = 64 * 1024
MAX_VALUES, MAX_NESTED = MAX_TOKENS + 2 * MAX_ITEMS, 2 * MAX_ITEMS
"""Values, and lists or objects."""
_CHUNK_BYTES = 1024 * 1024


class LargeJson(APIRoute):
    """A route whose large bodies are looked at before they are parsed."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """As the route's own, with another way to its JSON."""
        handle = super().get_route_handler()

        async def handle_large(request: Request) -> Response:
            return await handle(_LargeRequest(request.scope, request.receive))

        return handle_large


class _LargeRequest(Request):
    async def json(self) -> Any:
        """The body. Raises JSONDecodeError, and HTTPException (400) for too many values."""
        body = await self.body()
        if len(body) <= _QUICK_BYTES:
            return json.loads(body)
        num_values, num_nested = await asyncio.to_thread(count_values, body)
        if num_values > MAX_VALUES or num_nested > MAX_NESTED:
            raise HTTPException(400, "there are too many values in the request: send fewer at once")
        try:
            return from_json(body)  # ten times as quick with long texts
        except ValueError:
            return json.loads(body)  # which tells where the fault is, and takes lone surrogates


def count_values(body: bytes) -> tuple[int, int]:
    """How many values a JSON holds about, and how many of them are lists or objects."""
    if b"\\" in body:
        body = body.replace(b"\\\\", b"  ").replace(b'\\"', b"  ")
    num_commas, num_nested, within = 0, 0, False
    for start in range(0, len(body), _CHUNK_BYTES):
        part = np.frombuffer(body, np.uint8, min(_CHUNK_BYTES, len(body) - start), start)
        texts = np.logical_xor.accumulate(part == ord('"')) ^ within
        outside = part[~texts]
        num_commas += int(np.count_nonzero(outside == ord(",")))
        num_nested += int(np.count_nonzero((outside == ord("[")) | (outside == ord("{"))))
        within = bool(texts[-1])
    return num_commas + num_nested + 1, num_nested
