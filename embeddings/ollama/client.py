"""Ollama's HTTP API, as far as it is used here; every answer is checked, every failure told.

Pictures go as bare base64 of bytes: Ollama's own client opens a text as the path of a file.
"""

import asyncio
import base64
import functools
import json
import re
import ssl
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np

from embeddings.encoder import Vectors
from embeddings.errors import (
    InvalidVector,
    OllamaBusy,
    OllamaFailed,
    OllamaModelMissing,
    OllamaUnreachable,
    TextTooLong,
)
from embeddings.plain_text import plain

CONNECT_S = 5.0
MAX_ANSWER_BYTES = 4 * 1024 * 1024
MAX_TOLD_CHARACTERS = 200
"""Of what Ollama says of an error."""
_TOO_LONG = re.compile("input length exceeds|exceeds maximum context length")


@dataclass(frozen=True)
class OllamaModel:
    """A model that Ollama has."""

    name: str
    """With its tag: `llava:13b`."""
    digest: str
    """Of its files: another after it was pulled anew."""


class OllamaClient:
    """One Ollama. Holds no connection, so any thread and event loop may use it."""

    def __init__(self, base_url: str, timeout_s: float = 120.0) -> None:
        """`timeout_s` is that of an answer, the loading of its model included."""
        self._base_url = base_url.rstrip("/")
        self._timeout_s = timeout_s
        self.shown_url = str(httpx.URL(base_url).copy_with(userinfo=b""))
        """Without user and password."""
        self._can: dict[str, frozenset[str] | None] = {}
        """Capabilities by a model's digest."""

    async def models(self) -> list[OllamaModel]:
        """Those that Ollama has, in its order. Raises OllamaUnreachable, OllamaFailed."""
        answer = await self._ask("GET", "/api/tags", None, self._timeout_s)
        match answer:
            case {"models": [*models]}:
                return [
                    OllamaModel(name, digest)
                    for name, digest in (_name_and_digest(model) for model in models)
                    if name
                ]
        raise OllamaFailed(f"Ollama at {self.shown_url} does not list its models: update it")

    async def capabilities(self, model: OllamaModel) -> frozenset[str] | None:
        """What a model can do, such as `vision`; None of an Ollama that does not say. Asked once.
        Raises OllamaFailed."""
        if model.digest not in self._can:
            answer = await self._ask("POST", "/api/show", {"model": model.name}, self._timeout_s)
            told = answer.get("capabilities")
            can = frozenset(map(str, told)) if isinstance(told, list) else None
            self._can[model.digest] = can
        return self._can[model.digest]

    async def describe(self, model: str, prompt: str, picture: bytes, max_tokens: int) -> str:
        """What a vision model answers of a picture's file, as it says it. Raises OllamaFailed."""
        message = {
            "role": "user",
            "content": prompt,
            "images": [base64.b64encode(picture).decode()],
        }
        body = {
            "model": model,
            "messages": [message],
            "stream": False,
            "options": {"temperature": 0, "num_predict": max_tokens},
        }
        match await self._ask("POST", "/api/chat", body, self._timeout_s):
            case {"message": {"content": str(content)}}:
                return content
        raise OllamaFailed(f"{model} answered without a message")

    async def embed(self, model: str, text: str, picture: bytes | None = None) -> Vectors:
        """The vector of one text, float32 [dim], as the model makes it; never cut silently.

        One at a time: some versions of Ollama hold the length of all texts together against the
        model's. `picture` is a file, for a model that embeds pictures. Raises TextTooLong,
        InvalidVector, OllamaFailed.
        """
        body: dict[str, Any] = {"model": model, "input": text, "truncate": False}
        if picture is not None:
            body["images"] = [base64.b64encode(picture).decode()]
        match await self._ask("POST", "/api/embed", body, self._timeout_s):
            case {"embeddings": [[*numbers]]} if numbers and all(map(_is_number, numbers)):
                with np.errstate(over="ignore"):
                    return np.asarray(numbers, np.float32)
        raise OllamaFailed(f"{model} answered without one vector")

    async def load(self, model: str, *, embeds: bool, timeout_s: float) -> None:
        """Has Ollama load a model into memory. Raises OllamaFailed."""
        path, body = "/api/generate", {"model": model, "stream": False}
        if embeds:
            path, body = "/api/embed", {"model": model, "input": ""}
        await self._ask("POST", path, body, timeout_s)

    async def _ask(self, method: str, path: str, body: Any, timeout_s: float) -> dict[str, Any]:
        """The JSON object that Ollama answers. Whoever gives up hangs up, and Ollama stops."""
        try:
            async with asyncio.timeout(timeout_s):
                status, data = await self._exchange(method, path, body)
        except TimeoutError:
            raise OllamaUnreachable(
                f"Ollama at {self.shown_url} did not answer {path} within {timeout_s:g} s: preload "
                "the model, or allow more time"
            ) from None
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise OllamaUnreachable(
                f"there is no Ollama at {self.shown_url}: start it (ollama serve), or name its "
                "address in OLLAMA_BASE_URL"
            ) from None
        except (httpx.HTTPError, OSError) as error:
            raise OllamaUnreachable(
                f"Ollama at {self.shown_url} broke off while it answered {path} "
                f"({type(error).__name__}): try again; its log says why"
            ) from None
        answer = _object_of(data)
        if status != 200 or (answer and "error" in answer):
            raise _failure(status, answer, (body or {}).get("model", ""))
        if answer is None:
            raise OllamaFailed(
                f"what answers {path} at {self.shown_url} is no Ollama: it sent no JSON object"
            )
        return answer

    async def _exchange(self, method: str, path: str, body: Any) -> tuple[int, bytes]:
        """Status and body. Nothing of the environment, such as a proxy, has a part in it."""
        timeout = httpx.Timeout(None, connect=CONNECT_S)
        async with (
            httpx.AsyncClient(verify=_tls(), trust_env=False, timeout=timeout) as client,
            client.stream(method, f"{self._base_url}{path}", json=body) as answer,
        ):
            data = bytearray()
            async for part in answer.aiter_bytes():
                data += part
                if len(data) > MAX_ANSWER_BYTES:
                    raise OllamaFailed(f"Ollama answered {path} with more than 4 MiB")
            return answer.status_code, bytes(data)


@functools.cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _name_and_digest(model: object) -> tuple[str, str]:
    match model:
        case {"name": str(name), "digest": str(digest)}:
            return name, digest
    return "", ""


def _object_of(data: bytes) -> dict[str, Any] | None:
    """The JSON object of an answer; None if it is none."""
    try:
        found = json.loads(data, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _failure(status: int, answer: dict[str, Any] | None, model: str) -> Exception:
    """What an answer other than 200 means; its `error` is shown as data."""
    told = plain(str((answer or {}).get("error", "")))[:MAX_TOLD_CHARACTERS]
    if _TOO_LONG.search(told):
        return TextTooLong(f"{model} cannot read a text so long: shorten it, or allow it to be cut")
    if status == 404 and model:
        return OllamaModelMissing(f"Ollama has no model {model}: ollama pull {model}")
    if status == 503:
        return OllamaBusy(f"too much waits for Ollama: try again later ({told})")
    if "NaN" in told:
        return InvalidVector(f"{model} computed a vector that is not finite (NaN): pull it again")
    return OllamaFailed(f"Ollama answered with status {status}: {told or 'without a reason'}")
