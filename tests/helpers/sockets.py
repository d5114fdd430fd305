"""Servers and clients of bytes: what goes over a socket, as it is."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from api.connections import BoundedHttp


@contextmanager
def serving_app(http: type[BoundedHttp], app: ASGIApp) -> Iterator[uvicorn.Server]:
    """A server on loopback, whose sockets hold little."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * 1024)
        config = uvicorn.Config(
            app, http=http, ws="none", lifespan="off", log_level="critical", timeout_keep_alive=1
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
        thread.start()
        server.config.port = listener.getsockname()[1]
        try:
            yield server
        finally:
            server.should_exit = server.force_exit = True
            thread.join(20)


def connect(port: int, sent: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    connection.sendall(sent)
    return connection


def rest(connection: socket.socket) -> bytes:
    """All that comes until the server closes the connection."""
    with connection:
        answer = b""
        try:
            while more := connection.recv(1 << 20):
                answer += more
        except ConnectionResetError:
            pass
        return answer
