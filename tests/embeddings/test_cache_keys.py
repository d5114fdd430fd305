"""Keys of cached vectors: one key never stands for two vectors that may differ."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from embeddings.cache_keys import identity_of, image_key, instruction_key, reading_key
from embeddings.pooling import Pooling
from embeddings.registry.spaces import SPACES
from embeddings.space import BROAD, CONSE, Input, Modality, Space
from embeddings.weights.hub import HubWeights
from embeddings.weights.packages import PackageWeights
from tests.helpers.media import drawn
from tests.helpers.pictures import encoded

E5, MINILM = SPACES["e5-large"], SPACES["minilm-l6"]
CONCEPTS, LABELS = SPACES["imagenet-concepts"], SPACES["imagenet-labels"]


def key_of(space: Space, kind: str = "document", text: str = "granite") -> str:
    return instruction_key(identity_of(space, None, None), space, kind, text)  # type: ignore[arg-type]


OTHERWISE: dict[str, Any] = {
    "key": "another",
    "slot": "another",
    "modality": Modality.VISION,
    "input": Input.IMAGE,
    "dim": 512,
    "model": "somebody/another",
    "weights": HubWeights("somebody/another", "0000000"),
    "encoder": "clip",
    "query_space": "minilm-l6",
    "projection": BROAD,
    "query_prompts": ("search: {}",),
    "item_prompt": "text: {}",
    "prompt_in_mean": False,
    "pooling": Pooling("mean"),
    "answers_text": False,
}


@pytest.mark.parametrize("name", [field.name for field in fields(Space)])
def test_whatever_differs_between_two_spaces_they_share_no_key(name: str) -> None:
    other = replace(E5, **{name: OTHERWISE[name]})
    assert key_of(other) != key_of(E5)
    theirs, ours = (identity_of(space, None, None) for space in (other, E5))
    assert image_key(theirs, b"file") != image_key(ours, b"file")


@pytest.mark.parametrize(
    "weights",
    [
        replace(E5.hub_weights, revision="another"),
        replace(E5.hub_weights, sha256="0" * 64),
        replace(E5.hub_weights, sha256=None),
        PackageWeights(E5.revision, E5.hub_weights.sha256 or "", ()),
    ],
)
def test_another_revision_or_file_of_the_weights_has_other_keys(
    weights: HubWeights | PackageWeights,
) -> None:
    assert key_of(replace(E5, weights=weights)) != key_of(E5)


def test_pictures_have_other_keys_by_another_projection_or_into_another_space() -> None:
    assert (CONCEPTS.projection, LABELS.projection) == (BROAD, CONSE)
    identities = {
        identity_of(CONCEPTS, MINILM, None),
        identity_of(LABELS, MINILM, None),
        identity_of(replace(CONCEPTS, projection=CONSE), MINILM, None),
        identity_of(CONCEPTS, replace(MINILM, weights=E5.weights), None),
    }
    assert len(identities) == 4


def test_queries_and_documents_have_keys_of_their_own_where_prompts_tell_them_apart() -> None:
    assert key_of(E5, "query") != key_of(E5, "document")
    assert key_of(MINILM, "query") == key_of(MINILM, "document")
    clip = SPACES["clip-b32"]
    assert key_of(clip, "query") == key_of(clip, "document")


def test_a_text_cannot_spell_the_key_of_another_with_its_prompt() -> None:
    assert key_of(E5, text='x"], "y') != key_of(E5, text="x")
    assert key_of(MINILM, text="query: granite") != key_of(E5, "query", "granite")


def test_keys_say_what_kind_they_are_and_nothing_of_the_input() -> None:
    for key in (
        key_of(E5, text="my secret"),
        image_key(identity_of(CONCEPTS, MINILM, None), b"secret"),
    ):
        kind, digest = key.removeprefix("embedding:").split(":")
        assert kind in ("instruction", "image")
        assert len(digest) == 64
        assert "secret" not in key
    assert key_of(E5) == key_of(E5)


def test_pictures_that_differ_have_keys_that_differ() -> None:
    identity = identity_of(CONCEPTS, MINILM, None)
    picture = drawn(1, (40, 20))
    turned = np.ascontiguousarray(picture.reshape(40, 20, 3))  # the same bytes
    other = picture.copy()
    other[0, 0, 0] ^= 1
    keys = {
        image_key(identity, each)
        for each in (picture, turned, other, picture.tobytes(), encoded("PNG"), encoded("JPEG"))
    }
    assert len(keys) == 6
    assert image_key(identity, picture.copy()) == image_key(identity, picture)


READ = Pooling()
"""What the model of a vision-language space is asked by default."""


@pytest.mark.parametrize(
    "pooling",
    [
        Pooling("mean"),
        Pooling("cls"),
        Pooling("multi_layer"),
        Pooling("multi_layer", (-1, -2)),
        Pooling("multi_layer", (-2, -1)),
        Pooling("multi_layer", (-1, -2), "concat"),
        Pooling(prompt="What is it?"),
        Pooling(prompt=""),
        Pooling(max_length=100),
    ],
    ids=str,
)
def test_what_is_pooled_otherwise_has_other_keys(pooling: Pooling) -> None:
    every = [
        reading_key("identity", each, text, image)
        for each in (READ, pooling)
        for text, image in (("granite", None), (None, b"file"), ("granite", b"file"))
    ]
    assert len(set(every)) == 6


def test_what_is_read_in_one_pass_has_a_key_of_its_text_and_its_picture() -> None:
    pixels = drawn(1, (4, 4))
    every = [
        reading_key("identity", READ, text, image)
        for text in (None, "", "granite", "basalt")
        for image in (None, b"file", b"another", pixels, pixels.reshape(2, 8, 3))
    ]
    assert len(set(every)) == len(every)
    assert reading_key("another", READ, "granite", None) not in every
