"""What every request gets: an id, one line of the log, its place in the numbers of /metrics; and
every answer the headers that keep pages of other sites from it.

The query of a URL is what people look for, so it is in neither.
"""

import re
import secrets
import time

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from api.hang_up import CLIENT_GONE
from api.metrics import note_request

HEADER = "X-Request-Id"
KEY_NAME = "key_name"
"""In a request's state: the name of the API key with which it came in."""
_SANE = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_REQUEST_ID = "request_id"
_KEPT_FROM_OTHERS = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
"""Another site's page could show stills and films of a server that needs no key, and learn their
sizes and durations."""


def request_id_of(scope: Scope) -> str | None:
    """The id that a request's log lines carry."""
    found: str | None = scope.get("state", {}).get(_REQUEST_ID)
    return found


class Access:
    """ASGI middleware around a whole app, errors that nobody foresaw included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets the app answer, and notes how it went."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        request_id = given if _SANE.fullmatch(given) else secrets.token_hex(8)
        scope.setdefault("state", {})[_REQUEST_ID] = request_id
        answer = _Answer(send, request_id)
        with bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, answer.send)
            except Exception:  # which was answered, but is to be in the log with its id
                structlog.get_logger().exception("request failed")
            finally:
                answer.note(scope)


class _Answer:
    """An answer on its way to the client."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send, self._request_id = send, request_id
        self._began = time.perf_counter()
        self._status: int | None = None
        self._num_bytes = 0
        self._first_byte_s: float | None = None

    async def send(self, message: Message) -> None:
        """Passes a part on."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._first_byte_s = time.perf_counter() - self._began
            MutableHeaders(scope=message).update({HEADER: self._request_id, **_KEPT_FROM_OTHERS})
        self._num_bytes += len(message.get("body", b""))
        await self._send(message)

    def note(self, scope: Scope) -> None:
        """Logs and counts it, once it has ended."""
        took_s = time.perf_counter() - self._began
        status = self._status or CLIENT_GONE
        key = scope["state"].get(KEY_NAME)
        structlog.get_logger().info(
            "request",
            method=_plain(scope["method"]),
            path=_plain(scope["path"]),
            status=status,
            ms=round(took_s * 1000, 1),
            bytes=self._num_bytes,
            **({} if key is None else {"key": _plain(key)}),
        )
        note_request(scope, status, took_s if self._first_byte_s is None else self._first_byte_s)


def _plain(text: str) -> str:
    """A client's own words, on one line and without what would command a terminal."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[:1000])
