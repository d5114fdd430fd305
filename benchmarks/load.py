"""A light load generator: raw HTTP/1.1 over keep-alive sockets of this machine, one event loop.

It shares the cores with the server that it measures: requests are bytes made beforehand, and of an
answer only the head is read while the clock runs.
"""

import asyncio
import gc
import json
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

HOST = "127.0.0.1"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)


@dataclass(frozen=True)
class Answer:
    """An answer of a server, and how long it took."""

    status: int
    head: bytes
    body: bytes
    seconds: float


class Connection:
    """The keep-alive connection of one client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> Self:
        """To a server on this machine. Raises OSError."""
        return cls(*await asyncio.open_connection(HOST, port))

    async def send(self, data: bytes) -> None:
        """A request, or a part of one."""
        self._writer.write(data)
        await self._writer.drain()

    async def exchange(self, request: bytes) -> Answer:
        """The answer to one request. Raises OSError, asyncio.IncompleteReadError."""
        started = time.perf_counter()
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        body = await self._body(head)
        return Answer(int(head[9:12]), head, body, time.perf_counter() - started)

    async def _body(self, head: bytes) -> bytes:
        if length := _LENGTH.search(head):
            return await self._reader.readexactly(int(length[1]))
        if not _CHUNKED.search(head):
            raise ConnectionError(f"an answer without a length: {head!r}")
        parts = []
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            parts.append(await self._reader.readexactly(size))
            await self._reader.readexactly(2)
        await self._reader.readexactly(2)
        return b"".join(parts)

    def close(self) -> None:
        """At once, whatever is under way."""
        self._writer.transport.abort()


def get(path: str) -> bytes:
    """The bytes of a GET."""
    return f"GET {path} HTTP/1.1\r\nhost: {HOST}\r\n\r\n".encode()


def post(path: str, body: object) -> bytes:
    """The bytes of a POST of JSON; bytes are sent as they are."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nhost: {HOST}\r\naccept: application/json\r\n"
        f"content-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n"
    )
    return head.encode() + data


def in_turn(port: int, requests: Sequence[bytes]) -> list[Answer]:
    """One client: the answer to each request, one after the other."""
    return [answer for _number, answer in at_once(port, requests, 1)]


def at_once(
    port: int, requests: Sequence[bytes], num_clients: int, limit_s: float | None = None
) -> list[tuple[int, Answer]]:
    """Clients that each take the next request when they have an answer: (number, answer).

    Ends when there are no more requests, or after `limit_s` seconds with those under way.
    """
    return asyncio.run(_clients(port, enumerate(requests), num_clients, limit_s))


async def _clients(
    port: int, requests: Iterator[tuple[int, bytes]], num_clients: int, limit_s: float | None
) -> list[tuple[int, Answer]]:
    answers: list[tuple[int, Answer]] = []
    connections = [await Connection.open(port) for _ in range(num_clients)]
    until = time.perf_counter() + (limit_s or float("inf"))

    async def client(connection: Connection) -> None:
        for number, request in requests:
            answers.append((number, await connection.exchange(request)))
            if time.perf_counter() > until:
                return

    gc.collect()
    gc.disable()
    try:
        await asyncio.gather(*map(client, connections))
    finally:
        gc.enable()
        for connection in connections:
            connection.close()
    return answers
