"""HTTP/1.1 connections, each within bounds of time and memory, and not more than there is room for.

Whoever sends a head slowly, or takes nothing of an answer, holds a connection for some seconds
only; who takes it slowly gets all. A film is the exception: browsers stop reading while it is
paused and go on later, so such connections are bounded in number. One that is closed is no harm:
players ask for the range from where they are. Browsers also connect before they have anything to
ask, and may show what comes unasked: such a connection is closed without a word.

What is refused here is told after the answers to what was asked before, and read on for a while:
a connection that is closed while its client still sends is reset, and the client sees no answer.
"""

import asyncio
import time
from collections import Counter as Counts
from collections.abc import Mapping
from typing import ClassVar

import httptools
from prometheus_client import Counter
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from api.doors.hosts import is_loopback
from api.doors.rates import network_of
from api.framing import Answering, Framed, problem_bytes

MAX_CONNECTIONS = 1000
MAX_OF_ONE = 100
"""Connections of one address beyond loopback, which is for all who ask through a proxy there."""
MAX_TURNED_AWAY = 100
"""Connections beyond the last place that are told so; the others are reset."""
TURN_AWAY_S = 2.0
"""As long as such a one is waited for to ask something."""
LINGER_S = 1.0
"""As long as what comes after a refusal is read, and thrown away."""
HEAD_S = 10.0
"""For a head, from its first byte on; for that byte, from the connection on."""
STALL_S = 30.0
"""For a reader that takes nothing of an answer, of a film only if too many of them do; and for what
is left of a body whose request is answered already."""
MAX_STALLED = 64
"""Films that nobody reads at this moment: each holds a piece in memory, and its file open."""
DRAIN_STALL_S = 5.0
"""For a reader that takes nothing, once the server is told to end."""
DRAIN_S = 25.0
"""For all connections then."""
MAX_FRAMING_BYTES = 256 * 1024
"""Of a request, all that is not its body: the head, the sizes of chunks, what follows them."""
CUT_OFF = Counter("connections_cut_off", "Connections that the server ended, by reason", ["reason"])


class BoundedHttp(Framed):
    """HTTP/1.1 by httptools, which would wait for heads and readers, and take in heads, without
    end. What it refuses itself is a problem document, too."""

    _stalled: ClassVar[dict["BoundedHttp", float]] = {}
    """Since when nobody reads, the longest first."""
    _unread = 0
    """Bytes of the answer that were not taken at the last look."""
    _turned_away: ClassVar[set["BoundedHttp"]] = set()
    _num_of: ClassVar[Counts[str]] = Counts()
    """Connections that have a place, by whose they are."""
    _framing_bytes = 0
    _refusal: bytes | None = None
    """What is said last, and then no more; nothing else is read once there is one."""
    _has_left = False
    _head_timer: asyncio.TimerHandle | None = None
    _stall_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Has a place for it, or turns it away when it asks."""
        super().connection_made(transport)
        num_placed = len(self.connections) - len(self._turned_away)
        if num_placed <= MAX_CONNECTIONS and self._num_of[self._whose()] < self._share():
            self._num_of[self._whose()] += 1
            self._await_head(HEAD_S)
            return
        self._turned_away.add(self)
        self._await_head(TURN_AWAY_S)
        if len(self._turned_away) > MAX_TURNED_AWAY:
            self.cut_off("connections")

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets its timers and its place; the answer that is being made has nobody left."""
        self._head_is_whole()
        self._is_read()
        if self in self._turned_away:
            self._turned_away.remove(self)
        else:
            self._num_of.subtract([self._whose()])
            if not self._num_of[self._whose()]:
                del self._num_of[self._whose()]
        self._give_up(self.running)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parses what has come; 400, and an end, if that is too much for no body."""
        if self.transport.is_closing() or self._refusal is not None:
            return
        if self in self._turned_away:
            detail = "too many connections at once; try again in a few seconds"
            self._refuse(503, detail, "connections", {"Retry-After": "5"})
            return
        if not self.is_answering() and self._head_timer is None:
            self._await_head(STALL_S if self.in_body else HEAD_S)
        self._framing_bytes += len(data)
        self._unset_keepalive_if_required()
        try:
            self.parse(memoryview(data))
        except httptools.HttpParserError:
            self._refuse(400, "this is no HTTP/1.1 as it has to be", "no HTTP")
        if self._framing_bytes > MAX_FRAMING_BYTES and self._refusal is None:
            self._refuse(400, "the head of the request is too large", "head too large")

    def on_message_begin(self) -> None:
        """A head has its time from here on."""
        super().on_message_begin()
        self._await_head(HEAD_S)

    def on_headers_complete(self) -> None:
        """A body has its own (api/limits.py)."""
        super().on_headers_complete()
        if self.in_body:
            self._head_is_whole()
            self.cycle.transport = Answering(self.transport.write, self.leave, self.has_left)  # type: ignore[assignment]

    def on_body(self, body: bytes) -> None:
        """What the body's own limit counts."""
        self._framing_bytes -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The next request begins."""
        if self.in_body:
            self._framing_bytes = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The next answer begins, or the end."""
        if self._has_left:
            return
        super().on_response_complete()
        if self._refusal is not None and not self.is_answering():
            self.leave()

    def shutdown(self) -> None:
        """Ends when what was asked is answered, and in time even if nobody takes that."""
        super().shutdown()
        self._end_if_stalled(0)
        self.loop.call_later(DRAIN_S, self._abort)

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
        self._abort()

    def _abort(self) -> None:
        self._give_up(self.running)  # what is written from here on would be complained of
        self.transport.abort()

    def leave(self) -> None:
        """Says what is left to be said, and closes the connection; what the client still sends is
        read for a while."""
        if self.transport.is_closing() or self._has_left:
            return
        self._has_left = True
        if self._refusal is None and not self.in_body:
            self.transport.close()
            self._await_end()
            return
        self.transport.write(self._refusal or b"")
        self._refusal = b""
        self.transport.write_eof()
        self.flow.resume_reading()
        self.loop.call_later(STALL_S if self.in_body else LINGER_S, self.transport.close)
        self._await_end()

    def has_left(self) -> bool:
        """Whether there is nothing more to say."""
        return self._has_left or self.transport.is_closing()

    def _whose(self) -> str:
        return network_of(self.client[0]) if self.client else ""

    def _share(self) -> int:
        return MAX_CONNECTIONS if is_loopback(self._whose() or "localhost") else MAX_OF_ONE

    def _await_head(self, patience_s: float) -> None:
        self._head_is_whole()
        self._head_timer = self.loop.call_later(patience_s, self._head_is_late)

    def _head_is_whole(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_is_late(self) -> None:
        self._head_timer = None
        if self._refusal is not None:
            return
        if self.is_answering():  # the head of the next request is not waited for yet
            self._await_head(HEAD_S)
        elif self.in_head and not self.transport.is_closing():
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
        elif not self._is_film():
            self.cut_off("slow reader")

    def _is_film(self) -> bool:
        if self.running is None or self.running.response_complete:
            return False
        return self.running.scope["path"].endswith("/stream")

    def _end_if_stalled(self, unread: int) -> None:
        left = self.transport.get_write_buffer_size()
        if left >= unread > 0:
            self._abort()
        elif self in self.connections:
            self.loop.call_later(DRAIN_STALL_S, self._end_if_stalled, left)

    def _await_end(self) -> None:
        """Of a connection that is closed once its reader has taken all, as long as that goes on."""
        unread = self.transport.get_write_buffer_size()
        self.loop.call_later(STALL_S, self._end, unread)

    def _end(self, unread: int) -> None:
        if self.transport.get_write_buffer_size() < unread:
            self._await_end()
        else:
            self._abort()

    def _is_read(self) -> None:
        self._stalled.pop(self, None)
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None

    def _refuse(
        self, status: int, detail: str, reason: str, headers: Mapping[str, str] | None = None
    ) -> None:
        """A problem document and an end, after what was asked before it is answered. A request of
        which a bad body has come is not answered any more, unless that has begun."""
        CUT_OFF.labels(reason).inc()
        self._refusal = problem_bytes(status, detail, headers or {})
        self._head_is_whole()
        if self.in_body and self.cycle is not self.running:
            self.pipeline.popleft()
        elif self.in_body and self.cycle.response_started:
            self._refusal = b""
        elif self.in_body:
            self._give_up(self.cycle)
            self.running = None
        self.in_body = False
        if not self.is_answering():
            self.leave()

    @staticmethod
    def _give_up(cycle: RequestResponseCycle | None) -> None:
        """Nobody is to hear of it."""
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
