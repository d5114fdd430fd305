"""Ollama's failures, each with the body that it really sends, and what a person is told."""

import asyncio
import socket
import threading
from collections.abc import Awaitable

import pytest

from embeddings.errors import (
    EmbeddingError,
    InvalidVector,
    OllamaBusy,
    OllamaFailed,
    OllamaModelMissing,
    OllamaUnreachable,
    TextTooLong,
)
from embeddings.ollama.client import MAX_ANSWER_BYTES, OllamaClient, OllamaModel
from tests.helpers.ollama import Ollama, plain_picture

EMBED = "nomic-embed-text"


def failure(asking: Awaitable[object]) -> EmbeddingError:
    """What a person is told, on one line."""

    async def ask() -> None:
        await asking

    with pytest.raises(EmbeddingError) as raised:
        asyncio.run(ask())
    assert str(raised.value).isprintable()
    return raised.value


def embed_failure(ollama: Ollama, model: str = EMBED, timeout_s: float = 20) -> EmbeddingError:
    return failure(OllamaClient(ollama.url, timeout_s).embed(model, "a text"))


def test_a_model_that_is_not_there_is_named_with_the_command(ollama: Ollama) -> None:
    error = embed_failure(ollama, "bge-m3")
    assert isinstance(error, OllamaModelMissing)
    assert "ollama pull bge-m3" in str(error)


def test_a_full_queue_says_to_try_again(ollama: Ollama) -> None:
    ollama.busy("/api/embed")
    error = embed_failure(ollama)
    assert isinstance(error, OllamaBusy)
    assert "maximum pending requests exceeded" in str(error)


def test_nan_is_an_error_of_its_own(ollama: Ollama) -> None:
    ollama.fail("/api/embed", 500, "failed to encode response: json: unsupported value: NaN")
    error = embed_failure(ollama)
    assert isinstance(error, InvalidVector)
    assert "not finite" in str(error)


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (400, "the input length exceeds the context length"),
        (413, "the input length exceeds the context length"),
        (500, "input length exceeds maximum context length"),
    ],
)
def test_too_long_a_text_is_one_whatever_the_version(
    ollama: Ollama, status: int, told: str
) -> None:
    ollama.fail("/api/embed", status, told)
    assert isinstance(embed_failure(ollama), TextTooLong)


def test_an_error_of_a_model_is_shown_as_data(ollama: Ollama) -> None:
    ollama.fail("/api/embed", 500, "llama runner\nprocess \x1b[31mhas terminated" + "!" * 9999)
    error = embed_failure(ollama)
    assert "status 500: llama runner process [31mhas terminated!!!" in str(error)
    assert len(str(error)) < 300


def test_an_error_that_comes_with_status_200_is_one(ollama: Ollama) -> None:
    ollama.fail("/api/embed", 200, "model runner has unexpectedly stopped")
    assert "model runner has unexpectedly stopped" in str(embed_failure(ollama))


@pytest.mark.parametrize(
    "body",
    [
        b"<html>a router</html>",
        b"",
        b"[]",
        b"null",
        b'{"embeddings": [[NaN]]}',
        b'{"embeddings": [[Infinity]]}',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_an_answer_that_is_no_json_object_is_told(ollama: Ollama, body: bytes) -> None:
    ollama.raw["/api/embed"] = (200, body)
    error = embed_failure(ollama)
    assert isinstance(error, OllamaFailed)
    assert "is no Ollama" in str(error)


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"embeddings": []}',
        b'{"embeddings": [[]]}',
        b'{"embeddings": [["1"]]}',
        b'{"embeddings": [[true, 1]]}',
        b'{"embeddings": [[0.1], [0.2]]}',
        b'{"embeddings": null}',
    ],
)
def test_what_is_no_vector_is_told(ollama: Ollama, body: bytes) -> None:
    ollama.raw["/api/embed"] = (200, body)
    assert "without one vector" in str(embed_failure(ollama))


@pytest.mark.parametrize("path", ["/api/embed", "/api/chat", "/api/tags"])
def test_a_break_in_the_middle_of_an_answer_is_told(ollama: Ollama, path: str) -> None:
    ollama.breaks.add(path)
    client = OllamaClient(ollama.url)
    asking = {
        "/api/embed": lambda: client.embed(EMBED, "a text"),
        "/api/chat": lambda: client.describe("llava", "?", plain_picture("red"), 10),
        "/api/tags": client.models,
    }
    error = failure(asking[path]())
    assert isinstance(error, OllamaUnreachable)
    assert f"broke off while it answered {path}" in str(error)


def test_nobody_at_the_address_says_how_to_start_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    error = failure(OllamaClient(f"http://somebody:secret@127.0.0.1:{port}").models())
    assert isinstance(error, OllamaUnreachable)
    assert "ollama serve" in str(error)
    assert "OLLAMA_BASE_URL" in str(error)
    assert "secret" not in str(error)


def test_a_server_that_says_nothing_is_not_waited_for(ollama: Ollama) -> None:
    ollama.answer_s = 20
    error = embed_failure(ollama, timeout_s=0.2)
    assert isinstance(error, OllamaUnreachable)
    assert "within 0.2 s" in str(error)
    assert ollama.abandoned.wait(5)


def test_a_model_that_loads_for_seconds_is_waited_for(ollama: Ollama) -> None:
    ollama.load_s = 1.5
    vector = asyncio.run(OllamaClient(ollama.url).embed(EMBED, "a text"))
    assert vector.shape == (768,)


def test_an_endless_answer_is_cut_off(ollama: Ollama) -> None:
    ollama.raw["/api/chat"] = (200, b'{"message": "' + b"a" * (MAX_ANSWER_BYTES + 1) + b'"}')
    error = failure(OllamaClient(ollama.url).describe("llava", "?", plain_picture("red"), 10))
    assert "more than 4 MiB" in str(error)


def test_a_redirect_is_not_followed(ollama: Ollama) -> None:
    ollama.raw["/api/embed"] = (307, b"{}")
    assert "status 307" in str(embed_failure(ollama))


def test_a_proxy_of_the_environment_has_no_part(
    ollama: Ollama, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert len(asyncio.run(OllamaClient(ollama.url).models())) == 2


def test_a_path_before_the_api_is_kept(ollama: Ollama) -> None:
    ollama.raw["/ollama/api/tags"] = (200, b'{"models": [{"name": "a:b", "digest": "c"}, 7]}')
    found = asyncio.run(OllamaClient(f"{ollama.url}/ollama/").models())
    assert found == [OllamaModel("a:b", "c")]


def test_a_connection_that_is_reset_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def hang_up() -> None:
            connection, _ = listening.accept()
            connection.recv(65536)
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        error = failure(OllamaClient(f"http://127.0.0.1:{listening.getsockname()[1]}").models())
        thread.join()
    assert "broke off" in str(error)
