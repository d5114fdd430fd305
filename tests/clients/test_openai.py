"""OpenAI's own client gets the library's vectors, and errors that it can tell apart."""

import base64
import contextlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.client import HTTPConnection
from importlib.metadata import distributions
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
import tiktoken
from packaging.utils import canonicalize_name

from embeddings.encoder import Vectors
from embeddings.loaded import Encoders
from embeddings.registry.spaces import SPACES
from tests.helpers.clients import (
    ENVIRONMENT,
    REQUIREMENTS,
    Client,
    Refused,
    VectorsOf,
    assert_same,
    running,
    url_of,
)
from tests.helpers.http import Serving
from tests.helpers.texts import SCRIPTS, hundred

MODEL = "sentence-transformers/all-MiniLM-L6-v2"
TOO_LONG = "drilling mud " * 200


@pytest.fixture(scope="module")
def openai(served: Serving, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with running("use_openai", served, tmp_path_factory.mktemp("openai")) as client:
        yield client


def _vectors(answer: dict[str, Any]) -> Vectors:
    assert [each["index"] for each in answer["data"]] == list(range(len(answer["data"])))
    vectors = [each["embedding"] for each in answer["data"]]
    if isinstance(vectors[0], str):  # whoever names base64 is given it as it is
        return np.stack([np.frombuffer(base64.b64decode(each), "<f4") for each in vectors])
    return np.array(vectors)


def test_the_clients_are_installed_as_they_are_pinned() -> None:
    lines = REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    pins = [line.split("==") for line in lines if line and not line.startswith("#")]
    folders = [str(folder) for folder in ENVIRONMENT.glob("lib/python*/site-packages")]
    found = {canonicalize_name(d.name): d.version for d in distributions(path=folders)}
    assert found == {canonicalize_name(name): version for name, version in pins}


@pytest.mark.parametrize("options", [{}, {"encoding_format": "float"}], ids=["base64", "float"])
def test_vectors_are_those_of_the_library(
    openai: Client, vectors_of: VectorsOf, options: dict[str, str]
) -> None:
    texts = hundred()
    answer = openai("create", model="minilm-l6", input=texts, **options)
    assert_same(_vectors(answer), vectors_of(texts))


@pytest.mark.parametrize(
    ("options", "kind"), [({}, str), ({"encoding_format": "float"}, list)], ids=["default", "float"]
)
def test_vectors_are_sent_as_they_were_asked_for(
    openai: Client, options: dict[str, str], kind: type
) -> None:
    wire = openai("sent", model="minilm-l6", input="drilling mud", **options)
    assert wire["request"]["encoding_format"] == options.get("encoding_format", "base64")
    assert isinstance(wire["answer"]["data"][0]["embedding"], kind)


@pytest.mark.parametrize("name", ["minilm-l6", "embed-minilm-l6", MODEL, "fast"])
def test_a_text_alone_is_answered_under_every_name_of_its_model(
    openai: Client, vectors_of: VectorsOf, name: str
) -> None:
    answer = openai("create", model=name, input="drilling mud", user="somebody")
    assert answer["model"] == MODEL
    assert_same(_vectors(answer), vectors_of(["drilling mud"]))


def test_usage_is_the_tokens_that_the_model_read(openai: Client, encoders: Encoders) -> None:
    texts = list(SCRIPTS)
    usage = openai("create", model="minilm-l6", input=texts)["usage"]
    read = sum(encoders.text_encoder(SPACES["minilm-l6"]).num_tokens(texts, "document"))
    assert (usage["prompt_tokens"], usage["total_tokens"]) == (read, read)


def test_many_requests_at_once_get_each_its_own_vectors(
    openai: Client, vectors_of: VectorsOf
) -> None:
    texts = hundred()
    parts = [texts[i : i + 1 + i % 4] for i in range(0, 96, 2)]
    formats = ["float", "base64"]
    requests = [
        {"model": "minilm-l6", "input": part, "encoding_format": formats[i % 2]}
        for i, part in enumerate(parts)
    ]
    answers = openai("create_at_once", requests=requests)
    own = dict(zip(texts, vectors_of(texts), strict=True))
    for part, answer in zip(parts, answers, strict=True):
        assert_same(_vectors(answer), np.stack([own[text] for text in part]))


def test_tokens_get_the_vector_of_the_text_that_they_spell(
    openai: Client, vectors_of: VectorsOf, cl100k: tiktoken.Encoding
) -> None:
    alone = openai("create", model="minilm-l6", input=cl100k.encode_ordinary(SCRIPTS[0]))
    assert_same(_vectors(alone), vectors_of(SCRIPTS[:1]))
    several = [cl100k.encode_ordinary(text) for text in SCRIPTS]
    for options in ({}, {"encoding_format": "float"}):
        answer = openai("create", model="minilm-l6", input=several, **options)
        assert_same(_vectors(answer), vectors_of(SCRIPTS))


def test_tokens_that_begin_and_end_inside_a_character_spell_the_rest(
    openai: Client, vectors_of: VectorsOf, cl100k: tiktoken.Encoding
) -> None:
    whole = ["🛢️ drilling mud🙂", "钻井平台在海上钻探石油钻"]
    cut = [cl100k.encode_ordinary(text)[1:-1] for text in whole]
    for tokens in cut:
        with pytest.raises(UnicodeDecodeError):
            cl100k.decode(tokens, errors="strict")
    rest = ["️ drilling mud", "井平台在海上钻探石油"]
    assert [cl100k.decode_bytes(tokens).decode(errors="ignore") for tokens in cut] == rest
    assert_same(_vectors(openai("create", model="minilm-l6", input=cut)), vectors_of(rest))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (
            {"model": "minilm-l6", "input": "mud", "dimensions": 128},
            ("BadRequestError", 400, None, "dimensions"),
        ),
        (
            {"model": "text-embedding-3-small", "input": "mud"},
            ("NotFoundError", 404, "model_not_found", "model"),
        ),
        (
            {"model": "minilm-l6", "input": ["mud", TOO_LONG]},
            ("BadRequestError", 400, "context_length_exceeded", "input[1]"),
        ),
        (
            {"model": "minilm-l6", "input": ["mud", " \n"]},
            ("BadRequestError", 400, "invalid_input", "input[1]"),
        ),
        ({"model": "minilm-l6", "input": ""}, ("BadRequestError", 400, "invalid_input", "input")),
        ({"model": "minilm-l6", "input": []}, ("BadRequestError", 400, "invalid_input", "input")),
        (
            {"model": "minilm-l6", "input": [[8000, 100_257_000]]},
            ("BadRequestError", 400, "invalid_input", "input"),
        ),
    ],
    ids=["dimensions", "model", "too-long", "blank", "empty", "no-texts", "no-token"],
)
def test_what_cannot_be_embedded_is_an_error_of_its_kind(
    openai: Client, asked: dict[str, object], expected: tuple[object, ...]
) -> None:
    with pytest.raises(Refused) as refused:
        openai("create", **asked)
    error = refused.value
    assert (error.kind, error.status, error.code, error.param) == expected


def test_a_long_text_is_cut_when_that_is_asked_for(openai: Client, vectors_of: VectorsOf) -> None:
    body = {"truncate": True}
    answer = openai("create", model="minilm-l6", input=["mud", TOO_LONG], extra_body=body)
    assert answer["truncated"] == [1]
    assert answer["usage"]["prompt_tokens"] == 3 + 256
    assert_same(_vectors(answer), vectors_of(["mud", TOO_LONG]))


def test_models_are_listed_with_what_they_are(openai: Client) -> None:
    models = {model["id"]: model for model in openai("models")}
    assert models["minilm-l6"]["dimension"] == 384
    assert "embed-minilm-l6" in models
    assert all(model["object"] == "model" for model in models.values())


def test_a_model_is_found_by_a_name_with_a_slash(openai: Client) -> None:
    model = openai("model", model=MODEL)
    assert (model["id"], model["space"], model["dimension"]) == (MODEL, "minilm-l6", 384)
    with pytest.raises(Refused) as refused:
        openai("model", model="nobody/nothing")
    assert (refused.value.kind, refused.value.code) == ("NotFoundError", "model_not_found")


def test_a_server_that_is_switched_off_is_asked_once(
    new_server: Callable[..., AbstractContextManager[Serving]], tmp_path: Path
) -> None:
    with (
        new_server(EMBEDDING_ENABLE_EMBEDDINGS="false") as served,
        running("use_openai", served, tmp_path) as openai,
    ):
        with pytest.raises(Refused) as refused:
            openai("create", model="minilm-l6", input="drilling mud")
        counted = served.client.get("/metrics").text
    error = refused.value
    assert (error.kind, error.status, error.code) == (
        "InternalServerError",
        503,
        "embeddings_disabled",
    )
    requests = [line for line in counted.splitlines() if line.startswith("http_requests_total{")]
    assert error.headers["x-should-retry"] == "false"
    assert [line for line in requests if "/v1/" in line] == [
        'http_requests_total{method="POST",route="/v1/embeddings",status="503"} 1.0'
    ]


def test_a_full_queue_is_an_error_that_says_when_to_come_again(
    openai: Client, served: Serving
) -> None:
    with contextlib.ExitStack() as others:
        for number in range(4):
            others.enter_context(_asking_for_much(served, number))
        deadline = time.monotonic() + 30
        while _num_queued(served) < 7000:
            assert time.monotonic() < deadline, _num_queued(served)
        with pytest.raises(Refused) as refused:
            openai("create_without_retries", model="minilm-l6", input=_long_texts("the last"))
        error = refused.value
        assert (error.kind, error.status, error.code) == (
            "RateLimitError",
            429,
            "rate_limit_exceeded",
        )
        assert 1 <= int(error.headers["retry-after"]) <= 60
    answer = openai("create", model="minilm-l6", input="after those that hung up")
    assert len(answer["data"]) == 1


@contextmanager
def _asking_for_much(served: Serving, number: int) -> Iterator[None]:
    """A request of another program, which hangs up at the end."""
    url = urlsplit(url_of(served))
    assert url.hostname is not None
    connection = HTTPConnection(url.hostname, url.port)
    body = json.dumps({"model": "minilm-l6", "input": _long_texts(f"request {number}")})
    connection.request("POST", f"{url.path}/embeddings", body, {"Content-Type": "application/json"})
    yield
    connection.close()


def _long_texts(name: str) -> list[str]:
    """As many as a request may have."""
    return [f"{name}, text {number}" + ", mud" * 40 for number in range(2048)]


def _num_queued(served: Serving) -> float:
    lines = served.client.get("/metrics").text.splitlines()
    return sum(
        float(line.split()[-1]) for line in lines if line.startswith("embedding_queue_items{")
    )
