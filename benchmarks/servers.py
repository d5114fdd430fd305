"""Servers that are compared: each alone, in a process of its own, with a number of threads."""

import asyncio
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.load import HOST, Answer, Connection, get

START_S = 300
"""A peer that optimises its model at its first start takes a minute or two."""
STOP_S = 30


class ServerFailed(RuntimeError):
    """A server does not start, or ended."""


@dataclass(frozen=True)
class Contender:
    """A server that can be started."""

    name: str
    command: tuple[str, ...]
    """`{port}` and `{threads}` stand for their numbers."""
    ready: str
    """Its path that answers 200 when it serves."""
    thread_counts: tuple[int, ...] = (1, 2)
    """Numbers of threads to try; the best one counts."""
    variables: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Of its environment; `{threads}` as above."""
    path: str = "/v1/embeddings"
    tolerance: float = 1e-3
    """The largest difference from the library's vectors that passes."""


@dataclass(frozen=True)
class Running:
    """A server that serves."""

    port: int
    process: "subprocess.Popen[bytes]"
    log: Path

    def said(self) -> str:
        """What it has logged so far."""
        return self.log.read_text(errors="replace")

    @property
    def is_alive(self) -> bool:
        """Whether its process runs."""
        return self.process.poll() is None


@contextmanager
def running(server: Contender, num_threads: int) -> Iterator[Running]:
    """A server that is ready; it is stopped at the end. Raises ServerFailed."""
    port = free_port()
    words = {"port": str(port), "threads": str(num_threads)}
    variables = {name: value.format(**words) for name, value in server.variables.items()}
    with tempfile.NamedTemporaryFile(prefix="sceneseek-server-", suffix=".log") as log:
        process = subprocess.Popen(
            [part.format(**words) for part in server.command],
            env={**os.environ, "HF_HUB_OFFLINE": "1", **variables},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        found = Running(port, process, Path(log.name))
        try:
            if not _becomes_ready(found, server.ready):
                raise ServerFailed(f"{server.name} does not start:\n{found.said()[-3000:]}")
            yield found
        finally:
            stop(process)


def stop(process: "subprocess.Popen[bytes]") -> None:
    """Ends a server as systemd does, and at last as the kernel does."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.create_server((HOST, 0)) as free:
        port: int = free.getsockname()[1]
        return port


def fetch(port: int, path: str, limit_s: float = 10.0) -> Answer:
    """The answer to one GET on a connection of its own. Raises OSError, TimeoutError."""

    async def one() -> Answer:
        connection = await Connection.open(port)
        try:
            return await connection.exchange(get(path))
        finally:
            connection.close()

    async def limited() -> Answer:
        return await asyncio.wait_for(one(), limit_s)

    return asyncio.run(limited())


def _becomes_ready(server: Running, path: str) -> bool:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and server.is_alive:
        with suppress(OSError, EOFError):
            if fetch(server.port, path).status == 200:
                return True
        time.sleep(0.1)
    return False
