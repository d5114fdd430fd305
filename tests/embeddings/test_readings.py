"""The embedding service over a vision-language model, from Python."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from embeddings.encoder import Vectors
from embeddings.errors import InputRefused, ItemFailed, TextTooLong, UnknownSpace
from embeddings.multimodal import Item, embed_items
from embeddings.pictures import Picture
from embeddings.pooling import Padding, Pooling, VlmInput
from embeddings.service import Embedded, EmbeddingService
from tests.helpers.media import drawn
from tests.helpers.pictures import encoded
from tests.helpers.services import embedding_service
from tests.helpers.tiny_vlm import declare_tiny_vlm

KEY = "my-vlm"
PIXELS = drawn(1, (64, 48))
FILE = encoded("PNG")
DAMAGED = encoded("PNG", (200, 200))[:500]


@pytest.fixture(scope="module")
def service(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddingService]:
    own = declare_tiny_vlm(tmp_path_factory.mktemp("own"), KEY)
    with embedding_service(models, model_dir=own) as made:
        yield made


def read(
    service: EmbeddingService,
    *inputs: tuple[str | None, Picture | None],
    pooling: Pooling | None = None,
    padding: Padding | None = "right",
    use_cache: bool = False,
) -> Embedded:
    space = service.find_space(KEY)
    return asyncio.run(
        service.read(list(inputs), space, pooling, padding=padding, use_cache=use_cache)
    )


def own_vectors(service: EmbeddingService, *inputs: VlmInput) -> list[Vectors]:
    """The encoder's, each computed alone."""
    encoder = service.encoders.vision_language(service.find_space(KEY))
    return [encoder.embed([each])[0].vector for each in inputs]


def assert_near(found: Vectors | list[Vectors], expected: Vectors | list[Vectors]) -> None:
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


def test_pictures_are_arrays_images_of_pil_or_files_and_texts_go_with_them(
    service: EmbeddingService,
) -> None:
    expected = own_vectors(
        service, VlmInput("granite", (PIXELS,)), VlmInput(None, (PIXELS,)), VlmInput("granite")
    )
    pictures: list[Picture] = [PIXELS, Pillow.fromarray(PIXELS)]
    for picture in pictures:
        found = read(service, ("granite", picture), (None, picture), ("granite", None))
        assert found.name == KEY
        assert_near(found.vectors, expected)


def test_however_texts_and_pictures_are_asked_for_their_vectors_are_the_same(
    service: EmbeddingService,
) -> None:
    space = service.find_space(KEY)
    expected = own_vectors(service, VlmInput("granite"), VlmInput(None, (PIXELS,)))
    assert_near(asyncio.run(service.embed_texts(["granite"], space)).vectors, expected[:1])
    assert_near(asyncio.run(service.embed_images([PIXELS], space)).vectors, expected[1:])
    both = asyncio.run(embed_items(service, [Item("granite", FILE)], space))
    assert_near(both.vectors, read(service, ("granite", FILE)).vectors)


def test_callers_at_once_with_poolings_of_their_own_get_theirs(service: EmbeddingService) -> None:
    poolings = [Pooling(), Pooling("mean"), Pooling("multi_layer"), Pooling("last_layer")]
    alone = [read(service, ("granite", FILE), pooling=each).vectors for each in poolings]

    async def ask() -> list[Embedded]:
        space = service.find_space(KEY)
        asked = [
            service.read([("granite", FILE), (f"{i}", None)], space, each, use_cache=False)
            for i, each in enumerate(poolings * 6)
        ]
        return await asyncio.gather(*asked)

    for found, expected in zip(asyncio.run(ask()), alone * 6, strict=True):
        first = found.vectors if found.num_states is None else found.vectors[: found.num_states[0]]
        assert_near(first[: len(expected)], expected)


def test_what_is_large_is_not_kept(service: EmbeddingService) -> None:
    async def num_kept() -> int:
        return (await service.cache.get_stats())["total_keys"]

    asked = [("gabbro", None)]
    before = asyncio.run(num_kept())
    read(service, *asked, pooling=Pooling("last_layer"), use_cache=True)
    read(service, *asked, pooling=Pooling("multi_layer", combine="concat"), use_cache=True)
    assert asyncio.run(num_kept()) == before
    read(service, *asked, pooling=Pooling("multi_layer"), use_cache=True)
    assert asyncio.run(num_kept()) == before + 1


def test_a_damaged_picture_fails_alone_and_is_named(service: EmbeddingService) -> None:
    with pytest.raises(ItemFailed) as failed:
        read(service, ("a", None), ("b", DAMAGED), ("c", FILE))
    assert failed.value.position == 1
    assert read(service, ("c", FILE)).vectors.shape == (1, 32)


def test_without_padding_and_with_it_on_either_side_vectors_are_the_same(
    service: EmbeddingService,
) -> None:
    texts = [("word " * number, None) for number in (1, 7, 30)]
    expected = own_vectors(service, *(VlmInput(text) for text, _ in texts))
    sides: list[Padding | None] = ["left", "right", None]
    for side in sides:
        assert_near(read(service, *texts, padding=side).vectors, expected)


def test_attention_weights_for_some_change_no_vector_of_others(service: EmbeddingService) -> None:
    encoder = service.encoders.vision_language(service.find_space(KEY))
    items = [VlmInput("granite", (PIXELS,)), VlmInput("a longer text than the other")]
    expected = [encoder.embed([each])[0].vector for each in items]
    with ThreadPoolExecutor(1) as threads:
        weighing = threads.submit(
            lambda: [encoder.embed(items, attentions=True) for _ in range(20)]
        )
        for _ in range(20):
            assert_near([each.vector for each in encoder.embed(items)], expected)
        for made in weighing.result():
            assert made[0].attentions is not None
            assert_near([each.vector for each in made], expected)


def test_what_cannot_be_read_is_refused_before_anything_is_computed(
    service: EmbeddingService,
) -> None:
    with pytest.raises(TextTooLong, match=r"item 1: .*room for"):
        read(service, ("a", None), ("word " * 300, FILE))
    with pytest.raises(InputRefused, match=r"the prompt: .*half a character"):
        read(service, ("a", None), pooling=Pooling(prompt="\ud800"))
    with pytest.raises(InputRefused, match="the model has 5"):
        read(service, ("a", None), pooling=Pooling("multi_layer", (9,)))
    with pytest.raises(UnknownSpace, match=f"minilm-l6 has no vision-language model.*{KEY}"):
        asyncio.run(service.read([("a", None)], service.find_space("minilm-l6")))
    assert read(service).vectors.shape == (0, 32)
