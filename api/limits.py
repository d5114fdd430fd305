"""Limits of request bodies: of each, and of all together."""

import asyncio
import time

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import FILMS, RETRY_AFTER_S, refuse
from api.hang_up import ClientGone
from embeddings.pictures import MAX_PICTURE_BYTES

PATIENCE_S = 10.0
"""As long as a person waits."""
MAX_BODY_BYTES = 64 * 1024
MIN_BYTES_PER_S = 8 * 1024
"""What a body that takes longer than PATIENCE_S has to come at: a byte now and then is no body."""
MAX_HELD_BYTES = 512 * 1024 * 1024
"""Of all bodies that are being taken in or worked on."""
MAX_BYTES_OF = {
    "/exports": 2 * 1024 * 1024,
    "/search/image": MAX_PICTURE_BYTES + MAX_BODY_BYTES,
    "/search/pictures": MAX_PICTURE_BYTES + MAX_BODY_BYTES,
    "/v1/embeddings": 8 * 1024 * 1024,
    "/v1/embeddings/multimodal": 2 * MAX_PICTURE_BYTES,
    "/v1/rerank": 8 * 1024 * 1024,
}
"""For those paths that take more: selections with names; a picture and what a form adds; texts;
pictures as base64."""
_UPLOADS = "/uploads"


def is_streamed(method: str, path: str) -> bool:
    """Whether a body is a film, which is written to the disk while it comes in, within bounds of
    its own (api/uploading/bodies.py)."""
    if method == "POST":
        return path in (FILMS, _UPLOADS)
    return method == "PATCH" and path.startswith(f"{_UPLOADS}/")


class _Refused(Exception):
    """A body that is not taken in."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


class BodyLimit:
    """ASGI middleware: takes in a request's body before any route sees it. 413 for one that is
    declared larger than its path allows, or turns out to be; 408 for one that does not go on; 503
    when those of all requests are too large together."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._num_held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Takes in the body, and then lets the app answer."""
        if scope["type"] != "http" or is_streamed(scope["method"], scope["path"]):
            await self._app(scope, receive, send)
            return
        body = bytearray()
        try:
            taken_in = [await self._take_in(body, scope, receive)]

            async def next_message() -> Message:
                return taken_in.pop() if taken_in else await receive()

            await self._app(scope, next_message, send)
        except ClientGone:
            pass  # nobody is left to be answered
        except _Refused as refused:
            headers = {"Retry-After": str(RETRY_AFTER_S)} if refused.status == 503 else None
            refusal = refuse(scope, refused.status, refused.detail, headers)
            await refusal(scope, receive, send)
        finally:
            self._num_held -= len(body)

    async def _take_in(self, body: bytearray, scope: Scope, receive: Receive) -> Message:
        """The request's body as one message, whose bytes are counted. Raises _Refused."""
        max_bytes = MAX_BYTES_OF.get(scope["path"], MAX_BODY_BYTES)
        too_large = _Refused(413, f"a request body has {max_bytes} bytes at most here")
        declared = Headers(scope=scope).get("content-length", "").lstrip("0")  # as long as a head
        if int(declared or "0") > max_bytes:
            raise too_large
        more_body, began = True, time.monotonic()
        while more_body:
            late_s = began + PATIENCE_S + len(body) / MIN_BYTES_PER_S - time.monotonic()
            try:
                async with asyncio.timeout(min(late_s, PATIENCE_S)):
                    message = await receive()
            except TimeoutError:
                raise _Refused(
                    408, "the body did not go on, or too slowly: send it again"
                ) from None
            if message["type"] == "http.disconnect":
                raise ClientGone
            piece = message.get("body", b"")
            body += piece
            self._num_held += len(piece)
            if len(body) > max_bytes:
                raise too_large
            if self._num_held > MAX_HELD_BYTES:
                raise _Refused(503, "too much is being sent at once: try again in a few seconds")
            more_body = message.get("more_body", False)
        return {"type": "http.request", "body": bytes(body), "more_body": False}
