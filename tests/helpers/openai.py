"""The routes under /v1 as a program of OpenAI's asks them."""

import base64
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from embeddings.encoder import Vectors
from tests.helpers.http import Serving, serving
from tests.helpers.services import embedding_settings

EMBEDDINGS = "/v1/embeddings"
MULTIMODAL = "/v1/embeddings/multimodal"
RERANK = "/v1/rerank"
JSON = {"Content-Type": "application/json"}


@contextmanager
def serving_embeddings(
    models: Path, model_dir: Path | None = None, **variables: str
) -> Iterator[Serving]:
    """`python -m api.embeddings`, ready."""
    settings = embedding_settings(models, model_dir=model_dir)
    with serving(settings, "api.embeddings", **variables) as server:
        yield server


def embedded(client: httpx.Client, given: object, **options: object) -> dict[str, Any]:
    """The answer about texts or tokens."""
    return ok(client.post(EMBEDDINGS, json={"input": given, **options}))


def ok(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text[:500]
    assert answer.headers["content-type"] == "application/json"
    return dict(answer.json())


def vectors(answer: dict[str, Any]) -> Vectors:
    """float32 [n, dim], by position, as clients read them."""
    assert [each["index"] for each in answer["data"]] == list(range(len(answer["data"])))
    found = [each["embedding"] for each in answer["data"]]
    if isinstance(found[0], str):
        return np.stack([np.frombuffer(base64.b64decode(each), "<f4") for each in found])
    return np.array(found, np.float32)


def base64_of(picture: bytes) -> str:
    return base64.b64encode(picture).decode()


def refusal(answer: httpx.Response, status: int) -> dict[str, Any]:
    """Asserts that an answer is an error as OpenAI has them, and returns what it says."""
    assert answer.status_code == status, answer.text[:500]
    assert answer.headers["content-type"] == "application/json"
    document = answer.json()
    assert document.keys() == {"error"}
    error = document["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert error["message"]
    assert "\n" not in error["message"]
    kind = "server_error" if status >= 500 else "invalid_request_error"
    assert error["type"] == ("rate_limit_error" if status == 429 else kind)
    for text in (error["param"], error["code"]):
        assert text is None or isinstance(text, str)
    return dict(error)


def metrics(client: httpx.Client) -> dict[str, float]:
    """What Prometheus reads, by name and labels as they are written."""
    lines = client.get("/metrics").text.splitlines()
    pairs = (line.rsplit(" ", maxsplit=1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def assert_same(found: Vectors, expected: Sequence[Vectors] | Vectors) -> None:
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
