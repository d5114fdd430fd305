"""The embedding service at work: its queue and its numbers, clients that hang up, and its end."""

import asyncio
import json
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import httpx
import numpy as np
import pytest
from prometheus_client import REGISTRY

from api.access import Access
from api.app import create_embedding_app
from embeddings.batching import Batcher
from embeddings.jobs import Limits
from embeddings.loaded import Encoders
from embeddings.registry.spaces import SPACES
from embeddings.service import EmbeddingService
from tests.helpers.http import DRAIN_S, Serving, assert_problem
from tests.helpers.openai import (
    EMBEDDINGS,
    JSON,
    MULTIMODAL,
    base64_of,
    embedded,
    metrics,
    refusal,
    serving_embeddings,
    vectors,
)
from tests.helpers.pictures import encoded
from tests.helpers.services import embedding_settings

MODEL = "minilm-l6"
WAITING = f'embedding_queue_items{{kind="text",model="{MODEL}"}}'
COMPUTED = f'embedding_batch_items_sum{{kind="text",model="{MODEL}"}}'
PATIENCE_S = 30


@pytest.fixture
def server(models: Path, model_dir: Path) -> Iterator[Serving]:
    """One for a test alone: its queue and its numbers are nobody else's."""
    with serving_embeddings(models, model_dir) as made:
        yield made


def many(name: str, num: int = 2048) -> dict[str, object]:
    """A request with texts of its own."""
    return {"input": [f"{name} {i}" for i in range(num)]}


@contextmanager
def asking(client: httpx.Client, body: object) -> Iterator[None]:
    """A client that has sent a request, and hangs up before it is answered."""
    address = (client.base_url.host, client.base_url.port)
    content = json.dumps(body).encode()
    head = f"POST {EMBEDDINGS} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    with socket.create_connection(address, timeout=PATIENCE_S) as connection:
        connection.sendall(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
        yield


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def waits_more_than(client: httpx.Client, number: float) -> bool:
    return metrics(client).get(WAITING, 0) > number


def test_a_full_queue_is_429_a_single_text_is_answered_and_hanging_up_makes_room(
    server: Serving,
) -> None:
    client = server.client
    with ExitStack() as clients:
        for number in range(4):
            least = metrics(client).get(WAITING, 0) + 1000
            clients.enter_context(asking(client, many(f"waits {number}")))
            wait_until(partial(waits_more_than, client, least))
        answer = client.post(EMBEDDINGS, json=many("too much"))
        assert refusal(answer, 429)["code"] == "rate_limit_exceeded"
        assert 1 <= int(answer.headers["retry-after"]) <= 60
        # Of those who wait, nobody waits for all that came before.
        assert vectors(embedded(client, "granite")).shape == (1, 384)
        assert metrics(client)[WAITING] > 6000
    wait_until(lambda: metrics(client)[WAITING] == 0)
    embedded(client, "gneiss")  # after the last batch, which no longer waits, but is not counted
    after = metrics(client)[COMPUTED]
    assert after < 2000, "of 8192 texts, most had nobody who waited for them any more"
    assert vectors(embedded(client, ["granite", "basalt"])).shape == (2, 384)
    assert metrics(client)[COMPUTED] - after <= 2
    assert client.get("/ready").status_code == 200
    assert metrics(client)['embedding_rejected_total{reason="rate_limit_exceeded"}'] == 1


def test_others_get_what_they_share_with_a_client_that_has_hung_up(
    server: Serving, encoders: Encoders
) -> None:
    body = many("shared", 400)
    answers: list[httpx.Response] = []
    with asking(server.client, body):
        wait_until(lambda: metrics(server.client).get(WAITING, 0) > 100)
        thread = threading.Thread(
            target=lambda: answers.append(server.client.post(EMBEDDINGS, json=body))
        )
        thread.start()
        time.sleep(0.2)
    thread.join(PATIENCE_S)
    expected = encoders.encode_items(SPACES[MODEL], body["input"])  # type: ignore[arg-type]
    np.testing.assert_allclose(vectors(answers[0].json()), expected, atol=1e-5)


def test_the_server_ends_when_it_has_answered_what_it_has_begun(server: Serving) -> None:
    answers: list[httpx.Response] = []
    body = many("last", 300)
    thread = threading.Thread(
        target=lambda: answers.append(server.client.post(EMBEDDINGS, json=body))
    )
    thread.start()
    wait_until(lambda: metrics(server.client).get(WAITING, 0) > 50)
    server.process.send_signal(signal.SIGTERM)
    thread.join(DRAIN_S)
    assert vectors(answers[0].json()).shape == (300, 384)
    server.process.wait(DRAIN_S)


def test_the_numbers_that_prometheus_reads_have_their_names_and_labels(server: Serving) -> None:
    client = server.client
    picture = base64_of(encoded())
    for _again in range(2):
        embedded(client, ["granite", "hello world"])
        client.post(MULTIMODAL, json={"image": picture})
    client.post(EMBEDDINGS, json={"input": []})
    for name in ("a", "b", "c"):
        client.get(f"/v1/{name}")
        client.request(name * 5, EMBEDDINGS)
    content_type = client.get("/metrics").headers["content-type"]
    assert content_type.startswith("text/plain; version=")
    found = metrics(client)
    known = {
        # one of them to become ready
        f'embedding_generation_seconds_count{{kind="text",model="{MODEL}"}}': 2,
        f'embedding_batch_items_sum{{kind="text",model="{MODEL}"}}': 3,
        f'embedding_batch_tokens_count{{model="{MODEL}"}}': 2,
        WAITING: 0,
        'embedding_generation_seconds_count{kind="image",model="imagenet-concepts"}': 1,
        'embedding_cache_hits_total{kind="instruction"}': 2,
        'embedding_cache_misses_total{kind="instruction"}': 2,
        'embedding_cache_hits_total{kind="image"}': 1,
        'embedding_cache_misses_total{kind="image"}': 1,
        'embedding_rejected_total{reason="invalid_input"}': 1,
        f'http_requests_total{{method="POST",route="{EMBEDDINGS}",status="200"}}': 2,
        f'http_requests_total{{method="POST",route="{EMBEDDINGS}",status="400"}}': 1,
        f'http_requests_total{{method="POST",route="{MULTIMODAL}",status="200"}}': 2,
        'http_requests_total{method="GET",route="none",status="404"}': 3,
    }
    assert {name: found.get(name) for name in known} == known
    assert found[f'embedding_generation_seconds_sum{{kind="text",model="{MODEL}"}}'] > 0
    assert not [name for name in found if "aaaaa" in name.lower()], "labels without end"


def test_embeddings_alone_need_no_database_and_start_none(models: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "models").symlink_to(models)
    nowhere = "postgresql://nobody@127.0.0.1:9/x"
    with serving_embeddings(home / "models", DATABASE_URL=nowhere) as made:
        assert vectors(embedded(made.client, "granite")).shape == (1, 384)
        assert made.client.get("/health").json() == {"status": "ok"}
        assert made.client.get("/ready").json() == {"status": "ready"}
        log = made.stop()
    assert [path.name for path in home.iterdir()] == ["models"]
    assert log.startswith("OPENAI_BASE_URL=http://127.0.0.1:")
    assert "Library" not in log


def test_a_model_that_hangs_is_told_by_ready_and_its_callers_are_not_left_waiting(
    models: Path,
) -> None:
    hung = threading.Event()

    def hangs(values: list[str]) -> np.ndarray:
        hung.wait(PATIENCE_S)
        return np.ones((len(values), 384), np.float32)

    async def ask() -> list[httpx.Response]:
        app = create_embedding_app(embedding_settings(models))
        service: EmbeddingService = app.state.embeddings
        limits = Limits(8, 4096, 100, 10_000)
        service.encoders.text_encoder(service.text_space)
        stuck = Batcher(MODEL, hangs, limits, num_workers=1, stall_s=0.3)
        service.queues._batchers[f"{MODEL} text"] = stuck
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            before = await client.get("/ready")
            waited = await client.post(EMBEDDINGS, json={"input": "granite"}, timeout=PATIENCE_S)
            after = [await client.get("/ready"), await client.get("/health")]
            refused = await client.post(EMBEDDINGS, json={"input": "basalt"})
        hung.set()
        await service.cleanup()
        return [before, waited, *after, refused]

    before, waited, ready, health, refused = asyncio.run(ask())
    assert (before.status_code, health.status_code) == (200, 200)
    assert_problem(ready, 503)
    for answer in (waited, refused):
        assert refusal(answer, 503)["code"] == "worker_lost"
        assert int(answer.headers["retry-after"]) > 0


def test_bodies_in_pieces_are_read(server: Serving) -> None:
    content = json.dumps({"input": "granite"}).encode()
    pieces = iter([content[:5], content[5:]])
    answer = server.client.post(EMBEDDINGS, content=pieces, headers=JSON)
    assert vectors(answer.json()).shape == (1, 384)


def test_a_fault_of_the_server_is_counted(models: Path) -> None:
    def counted() -> float:
        labels = {"method": "POST", "route": EMBEDDINGS, "status": "500"}
        return REGISTRY.get_sample_value("http_requests_total", labels) or 0.0

    async def ask() -> httpx.Response:
        app = create_embedding_app(embedding_settings(models))
        del app.state.embeddings.cache  # what no request can do
        transport = httpx.ASGITransport(Access(app))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.post(EMBEDDINGS, json={"input": "granite"}, timeout=PATIENCE_S)

    before = counted()
    refusal(asyncio.run(ask()), 500)
    assert counted() == before + 1
