"""HTTP/1.1 by httptools, as the RFCs have it where uvicorn reads or answers otherwise."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

import httptools
from uvicorn._types import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGISendCallable,
    ASGISendEvent,
    Scope,
)
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle


@dataclass(frozen=True)
class Answering:
    """A connection as an answer sees it, which ends only when the client can have heard all."""

    write: Callable[[bytes], None]
    close: Callable[[], None]
    is_closing: Callable[[], bool]


class Framed(HttpToolsProtocol):
    """A connection on which no trailer is a header, no body is lost because another protocol was
    asked for too, and who is refused within a body hears that nothing else is read."""

    in_head = in_body = False
    running: RequestResponseCycle | None = None
    """What is answered; `cycle` is what was asked last, and may wait for it."""
    _without_upgrade = b""
    """The head of a request that is to be read again, since it asks for another protocol."""

    def parse(self, data: memoryview) -> None:
        """A request for another protocol is one for this one (RFC 9110, 7.8): its head is read
        again without what the parser would stop at."""
        while data:
            try:
                self.parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as upgrade:
                head, self._without_upgrade = self._without_upgrade, b""
                if not head:  # CONNECT: what follows is for nobody
                    self.cycle.keep_alive = False
                    return
                data = data[upgrade.args[0] :]
                self.parser = httptools.HttpRequestParser(self)
                self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
                self.parser.feed_data(head)

    def on_message_begin(self) -> None:
        """A head."""
        super().on_message_begin()
        self.in_head = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """What comes after a body in chunks is no header: nobody could tell it from one."""
        if self.in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """A body, unless the head is to be read again."""
        if self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT":
            self._without_upgrade = self._head_without_upgrade()
            return
        self.in_head = False
        super().on_headers_complete()
        self.in_body = True

    def on_message_complete(self) -> None:
        """The next request begins."""
        if self.in_body:
            self.in_body = False
            super().on_message_complete()

    def is_answering(self) -> bool:
        """Whether an answer is on its way."""
        return self.running is not None and not self.running.response_complete

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self.running = cycle

        async def answer(
            scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
        ) -> None:
            async def send_or_close(message: ASGISendEvent) -> None:
                is_refused = message["type"] == "http.response.start" and message["status"] >= 400
                if is_refused and cycle.more_body:
                    cycle.keep_alive = False
                await send(message)

            await app(scope, receive, send_or_close)

        super()._start_asgi_task(cycle, answer)

    def _head_without_upgrade(self) -> bytes:
        first = b"%s %s HTTP/%s" % (
            self.parser.get_method(),
            self.url,
            self.parser.get_http_version().encode(),
        )
        lines = [b"%s: %s" % header for header in self.headers if header[0] != b"upgrade"]
        return b"\r\n".join([first, *lines, b"", b""])


def problem_bytes(status: int, detail: str, headers: Mapping[str, str]) -> bytes:
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
