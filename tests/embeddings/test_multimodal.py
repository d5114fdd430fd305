"""Items of a text, a picture, or both: vectors in one space, by the place of each item."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embeddings.encoder import Vectors, fuse
from embeddings.errors import (
    BlankText,
    InputRefused,
    ItemFailed,
    NoPictures,
    PictureUnreadable,
    TextTooLong,
)
from embeddings.multimodal import Item, embed_items
from embeddings.service import Embedded, EmbeddingService
from tests.helpers.pictures import encoded, png_of
from tests.helpers.services import embedding_service
from tests.helpers.tiny_models import tiny_models

ONE, OTHER = encoded("PNG"), encoded("JPEG", (64, 64))
DAMAGED = encoded("PNG", (200, 200))[:500]
WORDS, MORE, BOTH, PICTURE = (
    Item(text="a red circle"),
    Item(text="a blue square"),
    Item("a green triangle", ONE),
    Item(image=OTHER),
)


@pytest.fixture(scope="module")
def service(models: Path) -> Iterator[EmbeddingService]:
    with embedding_service(models, model_dir=tiny_models()) as made:
        yield made


def embedded(
    service: EmbeddingService, items: Sequence[Item], space: str = "tiny-clip", **options: Any
) -> Embedded:
    return asyncio.run(embed_items(service, items, service.find_space(space), **options))


def refusal(
    service: EmbeddingService, items: Sequence[Item], space: str = "tiny-clip"
) -> InputRefused:
    with pytest.raises(InputRefused) as refused:
        embedded(service, items, space)
    return refused.value


def test_items_of_every_kind_have_their_vectors_in_their_order(service: EmbeddingService) -> None:
    space = service.find_space("tiny-clip")
    texts: Vectors = service.encoders.encode_queries(
        space, ["a red circle", "a blue square", "a green triangle"]
    )
    pictures = asyncio.run(service.embed_images([ONE, OTHER], space)).vectors
    found = embedded(service, [PICTURE, WORDS, BOTH, MORE, PICTURE])
    expected = [pictures[1], texts[0], fuse(texts[2], pictures[0]), texts[1], pictures[1]]
    np.testing.assert_allclose(found.vectors, expected, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), 1, atol=1e-5)
    assert found.space == space


def test_an_item_has_the_vector_that_it_has_alone(service: EmbeddingService) -> None:
    items = [PICTURE, WORDS, BOTH, MORE]
    alone = np.concatenate([embedded(service, [each]).vectors for each in items])
    np.testing.assert_allclose(embedded(service, items).vectors, alone, atol=1e-5)


def test_both_are_as_near_to_the_text_as_to_the_picture(service: EmbeddingService) -> None:
    words, picture = Item(text=BOTH.text), Item(image=BOTH.image)
    text, image, both = embedded(service, [words, picture, BOTH]).vectors
    assert both @ text == pytest.approx(both @ image, abs=1e-5)
    assert both @ text > text @ image


def test_the_bundled_space_takes_both(service: EmbeddingService) -> None:
    found = embedded(service, [WORDS, PICTURE, BOTH], "imagenet-concepts")
    assert found.vectors.shape == (3, 384)
    assert found.num_tokens == 5 + 5


def test_an_item_of_nothing_is_refused_by_its_place(service: EmbeddingService) -> None:
    assert refusal(service, [WORDS, Item()]).position == 1
    assert refusal(service, [Item()]).position is None


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        (Item(text=" "), BlankText),
        (Item("\ud800", ONE), InputRefused),
        (Item("word " * 500, ONE), TextTooLong),
        (Item("a red circle", b"no picture"), PictureUnreadable),
        (Item(image=b""), PictureUnreadable),
        (Item(image=png_of(19_000, 19_000)), PictureUnreadable),
        (Item("a red circle", DAMAGED), ItemFailed),
    ],
    ids=["blank", "half a character", "long", "no picture", "empty", "bomb", "damaged"],
)
def test_an_item_that_cannot_be_embedded_is_refused_by_its_place_among_all(
    service: EmbeddingService, wrong: Item, kind: type[InputRefused]
) -> None:
    # As many pictures before it as texts: neither place would be right by chance.
    for before in ([PICTURE, WORDS], [WORDS, MORE, PICTURE, PICTURE, PICTURE]):
        error = refusal(service, [*before, wrong, PICTURE, WORDS])
        assert isinstance(error, kind)
        assert error.position == len(before)
    assert refusal(service, [wrong]).position is None


def test_texts_that_are_cut_are_told_by_their_place_among_all(service: EmbeddingService) -> None:
    long = Item("word " * 500, ONE)
    found = embedded(service, [PICTURE, WORDS, long, PICTURE, long], truncate=True)
    assert found.truncated == (2, 4)


def test_a_picture_for_a_model_of_texts_is_refused(service: EmbeddingService) -> None:
    with pytest.raises(NoPictures, match="minilm-l6"):
        embedded(service, [WORDS, BOTH], "minilm-l6")
    assert embedded(service, [WORDS], "minilm-l6").vectors.shape == (1, 384)
