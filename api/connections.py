"""HTTP/1.1 connections, each within bounds of time and memory, and not more than there is room for.

Whoever sends a head slowly, or takes nothing of an answer, holds a connection for some seconds
only; who takes it slowly gets all. A film is the exception: browsers stop reading while it is
paused and go on later, so such connections are bounded in number. One that is closed is no harm:
players ask for the range from where they are. Browsers also connect before they have anything to
ask, and may show what comes unasked: such a connection is closed without a word.
"""

import asyncio
import json
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar

from prometheus_client import Counter
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_CONNECTIONS = 1000
HEAD_S = 10.0
"""For a head, from its first byte on; for that byte, from the connection on."""
STALL_S = 30.0
"""For a reader that takes nothing of an answer, of a film only if too many of them do; and for what
is left of a body whose request is answered already."""
MAX_STALLED = 64
"""Films that nobody reads at this moment: each holds a piece in memory, and its file open."""
MAX_FRAMING_BYTES = 256 * 1024
"""Of a request, all that is not its body: the head, the sizes of chunks, what follows them."""
CUT_OFF = Counter("connections_cut_off", "Connections that the server ended, by reason", ["reason"])


class BoundedHttp(HttpToolsProtocol):
    """HTTP/1.1 by httptools, which would wait for heads and readers, and take in heads, without
    end. What it refuses itself is a problem document, too."""

    _stalled: ClassVar[dict["BoundedHttp", float]] = {}
    """Since when nobody reads, the longest first."""
    _unread = 0
    """Bytes of the answer that were not taken at the last look."""
    _framing_bytes = 0
    _in_head = _in_body = False
    _head_timer: asyncio.TimerHandle | None = None
    _stall_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Turns it away if there are too many."""
        super().connection_made(transport)
        self._await_head(HEAD_S)
        if len(self.connections) > MAX_CONNECTIONS:
            self._refuse(
                503,
                "too many connections at once; try again in a few seconds",
                "connections",
                {"Retry-After": "5"},
            )

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets its timers."""
        self._head_is_whole()
        self._is_read()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parses what has come; 400, and an end, if that is too much for no body."""
        if self.transport.is_closing():
            return
        if not self._is_answering() and self._head_timer is None:
            self._await_head(STALL_S if self._in_body else HEAD_S)
        self._framing_bytes += len(data)
        super().data_received(data)
        if self._framing_bytes > MAX_FRAMING_BYTES and not self.transport.is_closing():
            self._refuse(400, "the head of the request is too large", "head too large")

    def on_message_begin(self) -> None:
        """A head has its time from here on."""
        super().on_message_begin()
        self._in_head = True
        self._await_head(HEAD_S)

    def on_header(self, name: bytes, value: bytes) -> None:
        """What comes after a body in chunks is no header: nobody could tell it from one."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """A body has its own (api/limits.py)."""
        self._head_is_whole()
        self._in_head, self._in_body = False, True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """What the body's own limit counts."""
        self._framing_bytes -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The next request begins."""
        self._framing_bytes, self._in_body = 0, False
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP."""
        self._refuse(400, msg, "no HTTP")

    def pause_writing(self) -> None:
        """The reader does not keep up."""
        super().pause_writing()
        self._await_reader()
        longest, since_s = next(iter(self._stalled.items()))
        if len(self._stalled) > MAX_STALLED and time.monotonic() - since_s > STALL_S:
            longest.cut_off("too many stalled")

    def resume_writing(self) -> None:
        """The reader has taken most of it."""
        self._is_read()
        super().resume_writing()
        if self.transport.is_closing():
            self._await_end()

    def timeout_keep_alive_handler(self) -> None:
        """Closes an idle connection, whether or not its last answer is taken."""
        super().timeout_keep_alive_handler()
        self._await_end()

    def cut_off(self, reason: str) -> None:
        """Ends the connection without waiting for its reader."""
        CUT_OFF.labels(reason).inc()
        self.transport.abort()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _await_head(self, patience_s: float) -> None:
        self._head_is_whole()
        self._head_timer = self.loop.call_later(patience_s, self._head_is_late)

    def _head_is_whole(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_is_late(self) -> None:
        self._head_timer = None
        if self._is_answering():  # the head of the next request is not waited for yet
            self._await_head(HEAD_S)
        elif self._in_head and not self.transport.is_closing():
            self._refuse(408, f"the head did not come within {HEAD_S:g} s", "slow head")
        elif not self.transport.is_closing():
            self.transport.close()
            self._await_end()

    def _await_reader(self) -> None:
        """Looks after a while at what the reader has taken; who goes on is the last of the
        stalled."""
        self._is_read()
        self._stalled[self] = time.monotonic()
        self._unread = self.transport.get_write_buffer_size()
        self._stall_timer = self.loop.call_later(STALL_S, self._stall)

    def _stall(self) -> None:
        self._stall_timer = None
        if self.transport.get_write_buffer_size() < self._unread:
            self._await_reader()
        elif not (self._is_answering() and self.cycle.scope["path"].endswith("/stream")):
            self.cut_off("slow reader")

    def _await_end(self) -> None:
        """Of a connection that is closed once its reader has taken all, as long as that goes on."""
        unread = self.transport.get_write_buffer_size()
        self.loop.call_later(STALL_S, self._end, unread)

    def _end(self, unread: int) -> None:
        if self.transport.get_write_buffer_size() < unread:
            self._await_end()
        else:
            self.transport.abort()

    def _is_read(self) -> None:
        self._stalled.pop(self, None)
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None

    def _refuse(
        self, status: int, detail: str, reason: str, headers: Mapping[str, str] | None = None
    ) -> None:
        """A problem document and an end; only the end in the middle of another answer."""
        CUT_OFF.labels(reason).inc()
        if not self._is_answering():
            self.transport.write(_problem(status, detail, headers or {}))
        self.transport.close()
        self._await_end()


def _problem(status: int, detail: str, headers: Mapping[str, str]) -> bytes:
    """An answer as bytes, since there is no request that an app could answer."""
    phrase = HTTPStatus(status).phrase
    document = {"type": "about:blank", "title": phrase, "status": status, "detail": detail}
    body = json.dumps(document).encode()
    head = {
        "Content-Type": "application/problem+json",
        "Content-Length": str(len(body)),
        "Connection": "close",
        **headers,
    }
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in head.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body
