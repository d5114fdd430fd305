"""The embedding service over the bundled models: the library's vectors, whoever else asks."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from embeddings.encoder import Vectors
from embeddings.errors import (
    BlankText,
    InputRefused,
    ItemFailed,
    NoPictures,
    PictureUnreadable,
    TextTooLong,
    UnknownSpace,
)
from embeddings.loaded import Encoders
from embeddings.pictures import Picture
from embeddings.registry.spaces import SPACES
from embeddings.service import Embedded, EmbeddingService
from tests.helpers.media import drawn, solid
from tests.helpers.pictures import encoded, png_of, saved
from tests.helpers.services import embedding_service, metric

TEXT, VISION = SPACES["minilm-l6"], SPACES["imagenet-concepts"]
TEXTS = [
    "granite",
    "A cat sleeps on the sofa.",
    "Ein Zug fährt ab. 列车晚点了。 🚂",
    "Stock prices fell sharply today after the central bank raised interest rates.",
    "word " * 200,
    "a\x00b",
]
SIZES = [(64, 64), (90, 40), (2, 70)]
PICTURES = [*(drawn(seed, size) for seed, size in enumerate(SIZES)), solid(9, 90, 200, (1, 1))]
LONG = "word " * 300
MARKS = 2
"""Tokens that the model has around every text."""


@pytest.fixture(scope="module")
def service(models: Path) -> Iterator[EmbeddingService]:
    with embedding_service(models) as made:
        yield made


@pytest.fixture(scope="module")
def known(encoders: Encoders) -> dict[str, Vectors]:
    """The library's vectors of TEXTS."""
    return dict(zip(TEXTS, encoders.encode_items(TEXT, TEXTS), strict=True))


def texts(service: EmbeddingService, given: Sequence[str], **options: object) -> Embedded:
    return asyncio.run(service.embed_texts(given, TEXT, **options))  # type: ignore[arg-type]


def assert_same(found: Vectors, expected: Any, apart: float = 1e-6) -> None:
    np.testing.assert_allclose(found, expected, rtol=0, atol=apart)


# The vectors


def test_texts_have_the_vectors_that_the_library_has(
    service: EmbeddingService, encoders: Encoders
) -> None:
    for space in (TEXT, VISION):
        for input_type in ("query", "document"):
            found = asyncio.run(
                service.embed_texts(TEXTS, space, input_type=input_type, use_cache=False)
            )
            assert found.space == space
            assert found.vectors.dtype == np.float32
            assert_same(found.vectors, encoders.encode_queries(space, TEXTS))


def test_pictures_have_the_vectors_that_the_library_has(
    service: EmbeddingService, encoders: Encoders
) -> None:
    for space in (VISION, SPACES["imagenet-labels"]):
        found = asyncio.run(service.embed_images(PICTURES, space, use_cache=False))
        assert_same(found.vectors, encoders.encode_items(space, PICTURES))


def test_files_images_and_arrays_of_one_picture_have_one_vector(service: EmbeddingService) -> None:
    picture = PICTURES[0]
    image = Pillow.fromarray(picture)
    kinds: list[Picture] = [picture, image, saved(image), saved(image, "WEBP", lossless=True)]
    found = asyncio.run(service.embed_images(kinds, VISION)).vectors
    assert_same(found, [found[0]] * 4)


def test_the_methods_of_the_documents_give_one_vector_and_many(
    service: EmbeddingService, encoders: Encoders
) -> None:
    async def ask() -> tuple[Vectors, Vectors, dict[str, Vectors], dict[str, Vectors]]:
        return (
            await service.get_instruction_embedding("granite"),
            await service.get_image_embedding(PICTURES[0]),
            await service.batch_generate_embeddings(TEXTS, PICTURES),
            await service.batch_generate_embeddings(texts=["granite"]),
        )

    text, image, both, only_text = asyncio.run(ask())
    assert_same(text, encoders.encode_query(TEXT, "granite"))
    assert_same(image, encoders.encode_items(VISION, PICTURES[:1])[0])
    assert_same(both["text_embeddings"], encoders.encode_items(TEXT, TEXTS))
    assert_same(both["image_embeddings"], encoders.encode_items(VISION, PICTURES))
    assert only_text["text_embeddings"].shape == (1, 384)
    assert only_text["image_embeddings"].shape == (0, 384)


def test_a_text_has_the_same_vector_alone_in_a_batch_and_among_strangers(
    service: EmbeddingService,
) -> None:
    async def ask(given: list[str]) -> Vectors:
        return (await service.embed_texts(given, TEXT, use_cache=False)).vectors

    async def ask_at_once() -> list[Vectors]:
        strangers = [f"{i} " + "stone " * (i % 120) for i in range(80)]
        return await asyncio.gather(ask(strangers), *(ask([each]) for each in TEXTS))

    alone = np.concatenate([asyncio.run(ask([each])) for each in TEXTS])
    together = asyncio.run(ask(TEXTS))
    _strangers, *among = asyncio.run(ask_at_once())
    assert_same(together, alone, 1e-5)
    assert_same(np.concatenate(among), alone, 1e-5)


def test_several_threads_and_event_loops_get_the_vectors_that_one_gets(
    service: EmbeddingService, known: dict[str, Vectors]
) -> None:
    together = threading.Barrier(4)

    def ask(number: int) -> list[tuple[list[str], Vectors]]:
        async def ask_at_once() -> list[tuple[list[str], Vectors]]:
            orders = [TEXTS[i:] + TEXTS[:i] for i in range(number, number + 3)]
            found = await asyncio.gather(*(service.embed_texts(each, TEXT) for each in orders))
            return [(order, each.vectors) for order, each in zip(orders, found, strict=True)]

        together.wait()
        return asyncio.run(ask_at_once())

    asyncio.run(service.cache.clear_pattern("*"))
    with ThreadPoolExecutor(4) as threads:
        for answers in threads.map(ask, range(4)):
            for order, vectors in answers:
                assert_same(vectors, [known[text] for text in order])


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.lists(st.sampled_from(TEXTS), max_size=8), min_size=1, max_size=3),
    st.lists(st.sampled_from(TEXTS), max_size=4),
)
def test_order_is_kept_among_what_is_cached_what_is_not_and_duplicates(
    service: EmbeddingService,
    known: dict[str, Vectors],
    requests: list[list[str]],
    cached: list[str],
) -> None:
    async def ask() -> list[Embedded]:
        await service.cache.clear_pattern("*")
        await service.embed_texts(cached, TEXT)
        return await asyncio.gather(*(service.embed_texts(each, TEXT) for each in requests))

    for request, found in zip(requests, asyncio.run(ask()), strict=True):
        assert_same(found.vectors, np.array([known[each] for each in request]).reshape(-1, 384))


def test_inputs_that_are_none_have_no_vectors(service: EmbeddingService) -> None:
    assert texts(service, []).vectors.shape == (0, 384)
    assert asyncio.run(service.embed_images([], VISION)).vectors.shape == (0, 384)


# Texts that are refused, or cut


def test_a_text_that_is_too_long_is_refused_by_its_place(service: EmbeddingService) -> None:
    with pytest.raises(TextTooLong, match=r"item 1: .*302 tokens.*reads 256") as refused:
        texts(service, ["short", LONG, "short"])
    assert refused.value.position == 1
    with pytest.raises(TextTooLong) as refused:
        texts(service, [LONG])
    assert refused.value.position is None


def test_a_text_that_may_be_cut_is_cut_as_the_library_does_and_it_is_told(
    service: EmbeddingService, encoders: Encoders
) -> None:
    found = texts(service, ["granite", LONG, "granite", LONG + "more"], truncate=True)
    assert found.truncated == (1, 3)
    assert found.num_tokens == 3 + 256 + 3 + 256
    assert_same(found.vectors[1], encoders.encode_query(TEXT, "word " * 254))


def test_a_text_that_just_fits_is_not_cut(service: EmbeddingService) -> None:
    found = texts(service, ["word " * (256 - MARKS)], truncate=True)
    assert (found.truncated, found.num_tokens) == ((), 256)


def test_the_tokens_of_all_texts_have_a_limit_where_one_is_set(service: EmbeddingService) -> None:
    assert texts(service, ["granite"] * 4, max_tokens=12).num_tokens == 12
    with pytest.raises(TextTooLong, match="12 tokens, and 11 at most") as refused:
        texts(service, ["granite"] * 4, max_tokens=11)
    assert refused.value.position is None


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ("", BlankText),
        (" \n\u3000", BlankText),
        ("\ud800", InputRefused),
        ("a\udfff", InputRefused),
    ],
    ids=ascii,
)
def test_a_text_that_is_none_is_refused_by_its_place(
    service: EmbeddingService, wrong: str, error: type[InputRefused]
) -> None:
    with pytest.raises(error) as refused:
        texts(service, ["granite", "basalt", wrong, wrong])
    assert refused.value.position == 2
    with pytest.raises(error) as refused:
        texts(service, [wrong])
    assert refused.value.position is None


def test_tokens_are_those_of_a_request_also_among_others_and_from_the_cache(
    service: EmbeddingService,
) -> None:
    async def ask_at_once() -> list[Embedded]:
        strangers = [f"{i} " + "stone " * (i % 50) for i in range(60)]
        asked = [strangers, ["granite"], ["hello world", "granite"], ["granite"] * 3]
        return await asyncio.gather(*(service.embed_texts(each, TEXT) for each in asked))

    for _cached in (False, True):
        strangers, *others = asyncio.run(ask_at_once())
        assert [found.num_tokens for found in others] == [3, 4 + 3, 9]
        assert strangers.num_tokens == sum(MARKS + 1 + i % 50 for i in range(60))


# Pictures that cannot be


def test_a_picture_for_a_model_of_texts_is_refused(service: EmbeddingService) -> None:
    with pytest.raises(NoPictures, match="minilm-l6"):
        asyncio.run(service.embed_images(PICTURES, TEXT))


@pytest.mark.parametrize(
    "wrong",
    [b"", b"no picture", png_of(19_000, 19_000), encoded("BMP"), np.zeros((4, 4), np.float32)],
    ids=["empty", "text", "bomb", "bmp", "floats"],
)
def test_a_picture_that_is_none_is_refused_by_its_place(
    service: EmbeddingService, wrong: bytes | np.ndarray
) -> None:
    with pytest.raises(PictureUnreadable) as refused:
        asyncio.run(service.embed_images([encoded(), wrong, encoded()], VISION))
    assert refused.value.position == 1


def test_a_picture_that_turns_out_to_be_damaged_fails_alone_and_by_its_place(
    service: EmbeddingService, encoders: Encoders
) -> None:
    whole = encoded("PNG", (200, 200))
    damaged = whole[: len(whole) // 2]

    async def ask_at_once() -> list[object]:
        asked: tuple[Sequence[Picture], ...] = ([PICTURES[0], damaged, PICTURES[1]], PICTURES)
        requests = [service.embed_images(each, VISION, use_cache=False) for each in asked]
        return await asyncio.gather(*requests, return_exceptions=True)

    failed, others = asyncio.run(ask_at_once())
    assert isinstance(failed, ItemFailed)
    assert failed.position == 1
    assert isinstance(failed.__cause__, PictureUnreadable)
    assert isinstance(others, Embedded)
    assert_same(others.vectors, encoders.encode_items(VISION, PICTURES), 1e-5)


# Names


@pytest.mark.parametrize(
    "name",
    [
        "minilm-l6",
        "sentence-transformers/all-MiniLM-L6-v2",
        "all-MiniLM-L6-v2",
        "fast",
        "embed-minilm-l6",
        "embed-fast",
        "embed-all-MiniLM-L6-v2",
    ],
)
def test_a_model_has_several_names(service: EmbeddingService, name: str) -> None:
    assert service.find_space(name) == TEXT


@pytest.mark.parametrize(
    "name", ["text-embedding-3-small", "", "embed-", "MINILM-L6", "videomae-b", "videomae-b-labels"]
)
def test_no_other_model_answers_in_the_place_of_one_that_is_not_there(
    service: EmbeddingService, name: str
) -> None:
    with pytest.raises(UnknownSpace):
        service.find_space(name)


# Those who give up


def test_what_a_caller_has_given_up_is_not_computed(service: EmbeddingService) -> None:
    async def give_up() -> None:
        before = metric("embedding_batch_items_sum", kind="text", model="minilm-l6")
        many = [f"{i} rocks" for i in range(1000)]
        asking = asyncio.create_task(service.embed_texts(many, TEXT, use_cache=False))
        while metric("embedding_queue_items", kind="text", model="minilm-l6") == 0:
            await asyncio.sleep(0.001)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await service.get_instruction_embedding("granite", use_cache=False)
        assert metric("embedding_batch_items_sum", kind="text", model="minilm-l6") - before < 200

    asyncio.run(give_up())


def test_long_texts_do_not_hold_up_the_event_loop(service: EmbeddingService) -> None:
    async def ask() -> float:
        longest, is_done = 0.0, False

        async def tick() -> None:
            nonlocal longest
            loop = asyncio.get_running_loop()
            while not is_done:
                before = loop.time()
                await asyncio.sleep(0)
                longest = max(longest, loop.time() - before)

        ticking = asyncio.create_task(tick())
        await asyncio.sleep(0.01)
        with pytest.raises(TextTooLong):
            await service.embed_texts(["word " * 400_000], TEXT)
        is_done = True
        await ticking
        return longest

    assert asyncio.run(ask()) < 0.5
