"""How a test drives a program: a call a line, an answer a line, and no way to any other machine."""

import json
import os
import sys
from collections.abc import Callable
from typing import Any

reached: list[str] = []
"""What was asked for beyond this machine, which is nothing that a client needs."""


def serve(*functions: Callable[..., Any]) -> None:
    """Calls the functions by their names until the test has nothing more to ask."""
    named = {function.__name__: function for function in functions}
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints is no answer
    sys.addaudithook(_stay_here)
    for line in sys.stdin:
        call = json.loads(line)
        try:
            answer = {"result": named[call["name"]](**call["arguments"])}
        except Exception as error:
            answer = {"error": _told(error)}
        print(json.dumps({**answer, "reached": reached}), file=answers, flush=True)


def _told(error: Exception) -> dict[str, Any]:
    """An error as those see it who catch it."""
    return {
        "kind": type(error).__name__,
        "status": getattr(error, "status_code", None),
        "code": getattr(error, "code", None),
        "param": getattr(error, "param", None),
        "message": str(error),
        "headers": dict(error.response.headers) if hasattr(error, "response") else {},
    }


def _stay_here(event: str, arguments: tuple[Any, ...]) -> None:
    host = None
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    if host is not None and host not in ("127.0.0.1", b"127.0.0.1"):
        reached.append(str(host))
        raise OSError(f"{host} is beyond this machine")
