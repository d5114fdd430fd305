"""Texts, pictures, or both over HTTP: vectors in one space."""

from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image as Pillow

from embeddings.encoder import fuse
from embeddings.loaded import Encoders
from embeddings.pictures import read_picture
from embeddings.registry.spaces import SPACES
from tests.helpers.openai import (
    EMBEDDINGS,
    MULTIMODAL,
    assert_same,
    base64_of,
    embedded,
    ok,
    refusal,
    vectors,
)
from tests.helpers.pictures import encoded, png_of, saved
from tests.helpers.tiny_models import THINGS, drawings

CONCEPTS = SPACES["imagenet-concepts"]
FILES = {kind: encoded(kind, (64, 48)) for kind in ("PNG", "JPEG", "WEBP")}
PNG = base64_of(FILES["PNG"])
TINY = base64_of(saved(Pillow.new("RGB", (1, 1), (200, 30, 30))))
MARK = "someinput"


def asked(client: httpx.Client, body: object) -> dict[str, Any]:
    return ok(client.post(MULTIMODAL, json=body))


def refused(client: httpx.Client, body: object, status: int = 400) -> dict[str, Any]:
    return refusal(client.post(MULTIMODAL, json=body), status)


def test_a_text_a_picture_and_both_have_the_librarys_vectors(
    embeddings: httpx.Client, encoders: Encoders
) -> None:
    text = encoders.encode_query(CONCEPTS, "a cup of coffee")
    (picture,) = encoders.encode_items(CONCEPTS, [read_picture(FILES["PNG"])])
    items: list[dict[str, Any]] = [
        {"text": "a cup of coffee"},
        {"image": PNG},
        {"text": "a cup of coffee", "image": PNG},
        {"image": PNG, "text": None},
    ]
    expected = [text, picture, fuse(text, picture), picture]
    together = asked(embeddings, items)
    assert_same(vectors(together), expected)
    assert together["space"] == "imagenet-concepts"
    assert together["usage"]["prompt_tokens"] == 2 * 6
    for item, vector in zip(items, expected, strict=True):
        assert_same(vectors(asked(embeddings, item)), [vector])
        as_base64 = {**item, "encoding_format": "base64", "dimensions": 384}
        assert_same(vectors(asked(embeddings, as_base64)), [vector])


def test_a_text_has_the_vector_that_the_other_route_gives(embeddings: httpx.Client) -> None:
    body = {"text": "granite", "model": "minilm-l6"}
    assert_same(vectors(asked(embeddings, body)), vectors(embedded(embeddings, "granite")))


@pytest.mark.parametrize("kind", FILES)
def test_files_come_as_base64_or_as_data_uris_of_any_media_type(
    embeddings: httpx.Client, encoders: Encoders, kind: str
) -> None:
    expected = encoders.encode_items(CONCEPTS, [read_picture(FILES[kind])])
    text = base64_of(FILES[kind])
    starts = ["", f"data:image/{kind.lower()};base64,", "data:application/x;name=a;base64,"]
    found = vectors(asked(embeddings, [{"image": start + text} for start in starts]))
    assert_same(found, np.repeat(expected, 3, axis=0))


def test_the_smallest_picture_is_one_and_harms_no_other(embeddings: httpx.Client) -> None:
    for model in ("imagenet-concepts", "tiny-clip", "my-resnet"):
        items = [{"image": each, "model": model} for each in (TINY, PNG)]
        found = vectors(asked(embeddings, items))
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)


def test_clip_finds_what_a_picture_shows(embeddings: httpx.Client) -> None:
    items = [{"text": f"a {colour} {shape}", "model": "tiny-clip"} for colour, shape in THINGS]
    files = [base64_of(saved(Pillow.fromarray(each))) for each in drawings()]
    items += [{"image": each, "model": "tiny-clip"} for each in files]
    found = vectors(asked(embeddings, items))
    assert (found[:4] @ found[4:].T).argmax(axis=1).tolist() == [0, 1, 2, 3]


def test_a_model_says_what_it_cannot_do(embeddings: httpx.Client) -> None:
    assert vectors(asked(embeddings, {"image": PNG, "model": "my-resnet"})).shape == (1, 2048)
    for body in (
        {"text": "a red circle", "model": "my-resnet"},
        {"text": "a red circle", "image": PNG, "model": "my-resnet"},
        {"image": PNG, "model": "minilm-l6"},
    ):
        error = refused(embeddings, body)
        assert error["code"] == "unsupported_input"
        assert body["model"] in error["message"]
    answer = embeddings.post(EMBEDDINGS, json={"input": "a red circle", "model": "my-resnet"})
    assert refusal(answer, 400)["code"] == "unsupported_input"


@pytest.mark.parametrize(
    ("image", "said"),
    [
        ("", "empty"),
        ("/etc/passwd", "base64"),
        ("file:///etc/passwd", "no base64"),
        ("../../sample/tour.mp4", "no base64"),
        ("data:image/png,x", "data URI"),
        (base64_of(b"no picture"), "no picture"),
        (base64_of(encoded("BMP")), "no picture"),
        (base64_of(encoded("GIF")), "no picture"),
        (base64_of(png_of(19_000, 19_000)), "50,000,000 pixels"),
        (base64_of(png_of(2**31 - 1, 2**31 - 1)), "pixels"),
        (base64_of(FILES["PNG"][:300]), "damaged"),
        (PNG[:-1], "base64"),
        (PNG + "\n", "one line"),
        ("http://127.0.0.1/a.png", "EMBEDDING_IMAGE_HOSTS"),
        ("https://pictures.example/a.png", "EMBEDDING_IMAGE_HOSTS"),
        ("HTTPS://169.254.169.254/latest/meta-data", "EMBEDDING_IMAGE_HOSTS"),
    ],
)
def test_what_is_no_picture_is_400_and_named_by_its_place(
    embeddings: httpx.Client, image: str, said: str
) -> None:
    error = refused(embeddings, {"image": image})
    assert error["code"] == "invalid_image"
    assert error["param"] == "image"
    assert said in error["message"]
    assert "root:" not in error["message"]
    among = refused(embeddings, [{"text": "a"}, {"image": PNG}, {"text": "b", "image": image}])
    assert (among["code"], among["param"]) == ("invalid_image", "items[2]")
    assert vectors(asked(embeddings, {"image": PNG})).shape == (1, 384)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "neither text nor image"),
        ([{"text": "a"}, {}], "neither text nor image"),
        ([{"text": "a"}, {"text": None, "image": None}], "neither text nor image"),
        ([{"text": "a"}, {"text": " "}], "blank"),
        ([], "at least 1"),
        ([{"text": "a"}] * 65, "at most 64"),
        ([{"text": "a"}, 5], "1: this is no JSON object"),
        (MARK, "send a JSON object"),
        (None, "send a JSON object"),
        ({"text": 5}, "text: "),
        ([{"text": 5}], "0.text: "),
        ({"image": 5}, "image: "),
        ({"image": [PNG]}, "image: "),
        ({"text": "a", "url": MARK}, "url"),
        ({"text": "a", "encoding_format": "int8"}, "encoding_format"),
        ({"text": "a", "dimensions": 128}, "dimensions"),
        ([{"text": "a"}, {"text": "b", "model": "minilm-l6"}], "same model"),
        ([{"text": "a"}, {"text": "b", "truncate": True}], "same model"),
        ([{"text": "a"}, {"text": "b", "encoding_format": "base64"}], "same model"),
        ([{"text": "a", "dimensions": 384}, {"text": "b"}], "same model"),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_items_that_cannot_be_read_are_400(
    embeddings: httpx.Client, body: object, said: str
) -> None:
    error = refused(embeddings, body)
    assert said in error["message"]
    assert MARK not in error["message"]


def test_texts_that_are_cut_are_told_by_their_place(embeddings: httpx.Client) -> None:
    long = {"text": "word " * 300, "truncate": True}
    assert asked(embeddings, [{"image": PNG, "truncate": True}, long])["truncated"] == [1]
    error = refused(embeddings, [{"image": PNG}, {"text": "word " * 300}])
    assert (error["code"], error["param"]) == ("context_length_exceeded", "items[1]")


def test_an_unknown_model_is_404_and_none_answers_in_its_place(embeddings: httpx.Client) -> None:
    error = refused(embeddings, {"text": "a", "model": "clip-b64"}, 404)
    assert (error["code"], error["param"]) == ("model_not_found", "model")
    missing = refused(embeddings, {"text": "a", "model": "clip-b32"}, 404)
    assert missing["code"] == "model_not_found"
    assert "python -m embeddings pull" in missing["message"]
