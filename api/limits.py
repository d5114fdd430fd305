"""Limits of a server: the size of request bodies, and the number of searches at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Busy, refuse
from embeddings.pictures import MAX_PICTURE_BYTES

PATIENCE_S = 10.0
"""As long as a person waits."""
MAX_BODY_BYTES = 64 * 1024
MAX_BYTES_OF = {
    "/search/image": MAX_PICTURE_BYTES + MAX_BODY_BYTES,
    "/v1/embeddings": 8 * 1024 * 1024,
    "/v1/embeddings/multimodal": 2 * MAX_PICTURE_BYTES,
    "/v1/rerank": 8 * 1024 * 1024,
}
"""For those paths that take more: a picture and what a form adds; texts; pictures as base64."""


class Turns:
    """The places for searches that run at once; more wait, and are refused after a while."""

    def __init__(self, num_places: int) -> None:
        self._places = threading.BoundedSemaphore(num_places)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Holds a place. Raises Busy if none is free for PATIENCE_S."""
        if not self._places.acquire(timeout=PATIENCE_S):
            raise Busy
        try:
            yield
        finally:
            self._places.release()


class BodyLimit:
    """ASGI middleware: 413 for a body that is declared larger, or turns out to be, before any
    route sees it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Takes in the body, which is small, and then lets the app answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        max_bytes = MAX_BYTES_OF.get(scope["path"], MAX_BODY_BYTES)
        request = await _take_in(scope, receive, max_bytes)
        if request is None:
            detail = f"a request body has {max_bytes} bytes at most here"
            refusal = refuse(scope["path"], 413, detail)
            await refusal(scope, receive, send)
            return
        taken_in = [request]

        async def next_message() -> Message:
            return taken_in.pop() if taken_in else await receive()

        await self._app(scope, next_message, send)


async def _take_in(scope: Scope, receive: Receive, max_bytes: int) -> Message | None:
    """The request's body as one message; None as soon as it is too large."""
    if int(Headers(scope=scope).get("content-length", "0")) > max_bytes:
        return None
    body, more_body = bytearray(), True
    while more_body:
        message = await receive()
        if message["type"] == "http.disconnect":
            return message
        body += message.get("body", b"")
        if len(body) > max_bytes:
            return None
        more_body = message.get("more_body", False)
    return {"type": "http.request", "body": bytes(body), "more_body": False}
