"""The cache of the embedding service: what is asked again is not computed, and nothing wrong in it
is ever an answer."""

import asyncio
import base64
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import redis

from embeddings.cache import EmbeddingCache
from embeddings.encoder import Vectors
from embeddings.loaded import Encoders
from embeddings.registry.spaces import SPACES
from embeddings.service import EmbeddingService
from tests.helpers.media import drawn
from tests.helpers.redis import RedisServer
from tests.helpers.services import embedding_service, metric

TEXT, VISION = SPACES["minilm-l6"], SPACES["imagenet-concepts"]
TEXTS = ["granite", "basalt", "granite"]


@pytest.fixture
def service(models: Path) -> Iterator[EmbeddingService]:
    with embedding_service(models) as made:
        yield made


def num_computed(space: str) -> float:
    return metric("embedding_batch_items_sum", model=space, kind=SPACES[space].input.value)


def test_what_was_computed_is_not_computed_again(service: EmbeddingService) -> None:
    async def ask() -> list[Vectors]:
        return [
            (await service.embed_texts(TEXTS, TEXT)).vectors,
            (await service.embed_images([drawn(1)], VISION)).vectors,
        ]

    first, computed = asyncio.run(ask()), [num_computed(s.key) for s in (TEXT, VISION)]
    hits = metric("embedding_cache_hits_total", kind="instruction")
    again = asyncio.run(ask())
    assert [num_computed(s.key) for s in (TEXT, VISION)] == computed
    assert metric("embedding_cache_hits_total", kind="instruction") - hits == 3
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)


def test_who_wants_no_cache_neither_reads_nor_fills_it(service: EmbeddingService) -> None:
    async def ask(use_cache: bool) -> int:
        await service.get_instruction_embedding("granite", use_cache=use_cache)
        await service.get_image_embedding(drawn(1), use_cache=use_cache)
        return (await service.cache.get_stats())["total_keys"]

    assert asyncio.run(ask(False)) == 0
    assert asyncio.run(ask(True)) == 2
    before = num_computed("minilm-l6")
    asyncio.run(ask(False))
    assert num_computed("minilm-l6") == before + 1


def test_a_text_for_pictures_shares_its_vector_with_the_space_of_texts(
    service: EmbeddingService,
) -> None:
    asyncio.run(service.embed_texts(["granite"], TEXT))
    before = num_computed("minilm-l6")
    found = asyncio.run(service.embed_texts(["granite"], VISION, input_type="query"))
    assert found.space == VISION
    assert num_computed("minilm-l6") == before


def value(array: object, dim: int) -> bytes:
    """As the cache keeps a vector, whatever it is."""
    data = base64.b64encode(np.asarray(array, "<f4").tobytes()).decode()
    return json.dumps({"dim": dim, "vector": data}).encode()


NONSENSE = {
    "no JSON": b"\x00\xff",
    "a list": b"[1, 2]",
    "NaN": value([float("nan")] * 384, 384),
    "too short": value(np.eye(8)[0], 8),
    "the dimension of another": value(np.eye(768)[0], 768),
    "a lie about its length": value(np.eye(8)[0], 384),
    "not of unit length": value(np.ones(384), 384),
    "zero": value(np.zeros(384), 384),
}


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("wrong", NONSENSE.values(), ids=NONSENSE)
def test_what_is_wrong_in_the_cache_is_no_answer(
    models: Path, encoders: Encoders, tmp_path: Path, wrong: bytes
) -> None:
    server = RedisServer(tmp_path)
    server.start()
    expected = encoders.encode_items(TEXT, TEXTS)
    with (
        embedding_service(models, EmbeddingCache(server.url)) as service,
        redis.Redis.from_url(server.url) as inside,
    ):
        asyncio.run(service.embed_texts(TEXTS, TEXT))
        (*keys,) = inside.scan_iter("embedding:*")
        assert len(keys) == 2
        for key in keys:
            inside.set(key, wrong)
        for _put_right in range(2):
            before = num_computed("minilm-l6")
            found = asyncio.run(service.embed_texts(TEXTS, TEXT))
            np.testing.assert_allclose(found.vectors, expected, atol=1e-6)
        assert num_computed("minilm-l6") == before, "the right vectors have taken their place"
    server.stop()
