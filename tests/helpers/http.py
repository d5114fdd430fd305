"""`python -m api` and `python -m api.embeddings` as a client sees them."""

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

import httpx

from embeddings.settings import EmbeddingSettings
from tests.helpers.commands import start_command

DRAIN_S = 30
Answer = dict[str, Any]


class Log:
    """What a process logs, read all the while: one whose pipe is full would wait for a reader."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read, args=(process.stderr,), daemon=True)
        self._reader.start()

    def text(self) -> str:
        """All of it, once the process has ended."""
        self._reader.join(DRAIN_S)
        return "".join(self._lines)

    def _read(self, pipe: IO[str]) -> None:
        self._lines += pipe


@dataclass(frozen=True)
class Serving:
    """A running server, with a client of it."""

    process: subprocess.Popen[str]
    client: httpx.Client
    log: Log

    def stop(self) -> str:
        """Ends it as systemd and docker do; returns what it has logged."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(DRAIN_S)
        return self.log.text()


@contextmanager
def serving(
    settings: EmbeddingSettings, package: str = "api", **variables: str
) -> Iterator[Serving]:
    """`python -m PACKAGE` on a free port, ready, with further environment variables; without a
    worker, unless they ask for one. It has to stop within 30 s and log no crash."""
    port = free_port()
    variables = {"API_WORKER": "false"} | variables
    process = start_command(package, "--port", port, settings=settings, **variables)
    with process, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        wait_until_ready(process, client)
        running = Serving(process, client, Log(process))
        try:
            yield running
            if process.poll() is None:
                logged = running.stop()
                assert "Traceback" not in logged, logged
        finally:
            if process.poll() is None:
                process.kill()
            running.log.text()


def free_port() -> int:
    """A port that no other worker is given before the server has taken it."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    num_workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    while True:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port: int = free.getsockname()[1]
        if port // 2 % num_workers == worker:  # of each two, Linux gives one to servers
            return port


def wait_until_ready(process: subprocess.Popen[str], client: httpx.Client) -> None:
    """Until it can answer."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            if client.get("/ready").status_code == 200:
                return
        time.sleep(0.05)
    process.kill()
    raise AssertionError(f"the server did not become ready: {process.communicate()[1][-2000:]}")


def assert_problem(answer: httpx.Response, status: int) -> str:
    """Asserts that an answer is a problem document of RFC 9457, and returns its detail."""
    assert answer.status_code == status, answer.text[:500]
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["type"] == "about:blank"
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    return str(document["detail"])


def search(client: httpx.Client, query: str, **body: object) -> Answer:
    """The answer to a search that goes well."""
    return answered(client.post("/search/multimodal", json={"query": query, **body}))


def answered(response: httpx.Response) -> Answer:
    assert response.status_code == 200, response.text
    return dict(response.json())


def starts(answer: Answer) -> list[int]:
    """Where the scenes of the hits begin, best first."""
    return [round(hit["scene"]["start_s"]) for hit in answer["results"]]
