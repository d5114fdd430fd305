"""How both commands serve: an address that can be had, and an end that loses no answer."""

import asyncio
import os
import resource
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import typer
import uvicorn
from fastapi import FastAPI

from api.access import Access
from api.connections import MAX_CONNECTIONS, BoundedHttp
from embeddings.cli import fail

_DRAIN_S = 30
_OPEN_FILES = 4 * MAX_CONNECTIONS
_SWITCH_S = 0.001
"""A thread that computes gives way to others after so long: the event loop, which every request
needs several times, would wait for each of them five times as long otherwise."""
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""What listens on every address is called by one of this machine's."""
Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")]
Debug = Annotated[bool, typer.Option("--debug", help="Log what is looked up in the cache, too.")]


def url_of(host: str, port: int) -> str:
    """The address of a server, as its own machine calls it."""
    host = _EVERYWHERE.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@dataclass(frozen=True)
class AtEnd:
    """What a server does when it ends, beside answering what has begun."""

    begin: Callable[[], None]
    """At once: what has no end of its own would be waited for."""
    finish: Callable[[], None]
    """After the last answer; it may take a while."""


class _Server(uvicorn.Server):
    """uvicorn raises the signal again that it was ended by, which ends the process: nothing can be
    done after it."""

    def __init__(self, config: uvicorn.Config, at_end: AtEnd) -> None:
        super().__init__(config)
        self._at_end = at_end

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Ends when all that has begun is answered."""
        self._at_end.begin()
        await super().shutdown(sockets)
        await asyncio.to_thread(self._at_end.finish)


def serve(app: FastAPI, listener: socket.socket, at_end: AtEnd | None = None) -> None:
    """Answers requests until the process is told to end, then those that it has begun."""
    config = uvicorn.Config(
        Access(app),
        http=BoundedHttp,
        ws="none",
        log_level="warning",
        timeout_graceful_shutdown=_DRAIN_S,
    )
    sys.setswitchinterval(_SWITCH_S)
    allow_open_files()
    server = _Server(config, at_end) if at_end else uvicorn.Server(config)
    server.run(sockets=[listener])


def allow_open_files() -> None:
    """As many as connections and films need, where the system lets this process have them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def listen(host: str, port: int) -> socket.socket:
    """Exits with a sentence if the address cannot be had."""
    if not host:
        fail("--host is empty, which would be every address: name one")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        number = error.errno or 0
        if number <= 0:  # numbers of the lookup of names
            fail(
                f"cannot listen on {host}, which is no address of this machine: try another --host"
            )
        reason = os.strerror(number).lower()
        fail(f"cannot listen on {host}:{port} ({reason}): try another --port")
    # Connections inherit it. Without it a second answer on one waits 40 ms for the client's
    # acknowledgement of the first.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
