"""A vision-language model over HTTP: a text and a picture in one pass, pooled as is asked for."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from embeddings.encoders.vlm import VisionLanguageEncoder
from embeddings.loaded import Encoders
from embeddings.pictures import read_picture
from embeddings.pooling import Pooling, VlmInput
from embeddings.runtime import Runtime
from tests.helpers.openai import (
    EMBEDDINGS,
    JSON,
    MULTIMODAL,
    assert_same,
    base64_of,
    embedded,
    metrics,
    ok,
    refusal,
    serving_embeddings,
    vectors,
)
from tests.helpers.pictures import encoded
from tests.helpers.tiny_vlm import declare_tiny_vlm

KEY = "my-vlm"
TEXT = "A red square image"
FILE, OTHER = encoded("PNG", (64, 48)), encoded("JPEG", (40, 80))
PICTURE = base64_of(FILE)
INPUT = VlmInput(TEXT, (read_picture(FILE),))


@pytest.fixture(scope="module")
def own_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return declare_tiny_vlm(tmp_path_factory.mktemp("own"), KEY)


@pytest.fixture(scope="module")
def client(models: Path, own_models: Path) -> Iterator[httpx.Client]:
    with serving_embeddings(models, own_models) as server:
        yield server.client


@pytest.fixture(scope="module")
def encoder(models: Path, own_models: Path) -> VisionLanguageEncoder:
    """The library's own, to hold answers to."""
    encoders = Encoders(Runtime(models, 1, model_dir=own_models, precision="float32"))
    return encoders.vision_language(encoders.spaces[KEY])


def asked(client: httpx.Client, body: Any) -> dict[str, Any]:
    items = body if isinstance(body, list) else [body]
    answer = ok(client.post(MULTIMODAL, json=[{"model": KEY, **item} for item in items]))
    assert answer["model"] == "tiny-vlm"
    return answer


def refused(client: httpx.Client, body: dict[str, Any], status: int = 400) -> dict[str, Any]:
    content = json.dumps({"model": KEY, "text": TEXT, **body})
    return refusal(client.post(MULTIMODAL, content=content, headers=JSON), status)


@pytest.mark.parametrize(
    ("options", "pooling", "name"),
    [
        ({}, Pooling(), KEY),
        ({"embedding_type": "last"}, Pooling(), KEY),
        ({"embedding_type": "mean"}, Pooling("mean"), f"{KEY}:mean"),
        ({"embedding_type": "mean_image"}, Pooling("mean_image"), f"{KEY}:mean_image"),
        ({"embedding_type": "mean_text"}, Pooling("mean_text"), f"{KEY}:mean_text"),
        ({"embedding_type": "echo"}, Pooling("echo"), f"{KEY}:echo"),
        ({"embedding_type": "multi_layer"}, Pooling("multi_layer"), f"{KEY}:multi_layer"),
        (
            {"embedding_type": "multi_layer", "layers": [-1, 2]},
            Pooling("multi_layer", (-1, 2)),
            f"{KEY}:multi_layer:",
        ),
        (
            {"embedding_type": "multi_layer", "layers": [4, 5], "combine": "concat"},
            Pooling("multi_layer", (4, 5), "concat"),
            f"{KEY}:multi_layer:",
        ),
        ({"prompt": "What is it?"}, Pooling(prompt="What is it?"), f"{KEY}:last:"),
        ({"prompt": ""}, Pooling(prompt=""), f"{KEY}:last:"),
        ({"max_length": 300}, Pooling(), KEY),
    ],
    ids=str,
)
def test_a_text_and_a_picture_are_read_in_one_pass_and_pooled_as_asked(
    client: httpx.Client,
    encoder: VisionLanguageEncoder,
    options: dict[str, Any],
    pooling: Pooling,
    name: str,
) -> None:
    (expected,) = encoder.embed([INPUT], pooling)
    item = {"text": TEXT, "image": PICTURE, **options}
    for _ in ("computed", "cached"):
        answer = asked(client, item)
        assert_same(vectors(answer), [expected.vector])
        assert answer["space"].startswith(name)
        assert (answer["space"] == KEY) == (name == KEY)
        assert answer["usage"]["prompt_tokens"] == expected.num_tokens
        assert (answer["truncated"], answer["warnings"]) == ([], [])
    in_bytes = asked(client, {**item, "encoding_format": "base64"})
    assert_same(vectors(in_bytes), [expected.vector])


def test_items_of_every_kind_have_the_librarys_vectors_in_their_order(
    client: httpx.Client, encoder: VisionLanguageEncoder
) -> None:
    pictures = [read_picture(file) for file in (FILE, OTHER)]
    expected = encoder.embed(
        [
            VlmInput("granite"),
            VlmInput(None, (pictures[0],)),
            VlmInput("granite", (pictures[1],)),
            VlmInput("granite", (pictures[0],)),
        ]
    )
    items = [
        {"text": "granite"},
        {"image": PICTURE},
        {"text": "granite", "image": base64_of(OTHER)},
        {"text": "granite", "image": PICTURE},
        {"text": "granite"},
    ]
    answer = asked(client, items)
    np.testing.assert_allclose(
        vectors(answer), [each.vector for each in (*expected, expected[0])], rtol=0, atol=1e-5
    )
    tokens = [each.num_tokens for each in (*expected, expected[0])]
    assert answer["usage"]["prompt_tokens"] == sum(tokens)
    for padding in ("left", "right", True, False):
        again = asked(client, [{**item, "padding": padding, "prompt": "?"} for item in items])
        alone = encoder.embed([VlmInput("granite")], Pooling(prompt="?"))
        np.testing.assert_allclose(vectors(again)[0], alone[0].vector, rtol=0, atol=1e-5)


def test_texts_have_the_same_vectors_on_both_routes_and_share_the_cache(
    client: httpx.Client,
) -> None:
    for options in ({}, {"embedding_type": "mean"}):
        first = embedded(client, ["basalt", "gneiss"], model=KEY, **options)
        hits = metrics(client)['embedding_cache_hits_total{kind="instruction"}']
        other = asked(client, [{"text": text, **options} for text in ("basalt", "gneiss")])
        assert metrics(client)['embedding_cache_hits_total{kind="instruction"}'] == hits + 2
        assert_same(vectors(other), vectors(first))
        assert (first["space"], first["usage"]) == (other["space"], other["usage"])


def test_cls_is_answered_with_a_warning_and_is_the_same_for_all(client: httpx.Client) -> None:
    answer = embedded(client, ["basalt", "a cat on a sofa"], model=KEY, embedding_type="cls")
    first, second = vectors(answer)
    assert_same(first, second)
    assert answer["space"] == f"{KEY}:cls"
    assert len(answer["warnings"]) == 1
    assert "the same for every input" in answer["warnings"][0]


def test_last_layer_has_a_vector_for_each_token_and_says_its_shape(
    client: httpx.Client, encoder: VisionLanguageEncoder
) -> None:
    body = {"input": ["a", "a much longer text"], "model": KEY, "embedding_type": "last_layer"}
    expected = encoder.embed([VlmInput(text) for text in body["input"]], Pooling("last_layer"))
    answer = ok(client.post(EMBEDDINGS, json=body))
    assert answer["space"] == f"{KEY}:last_layer"
    packed = ok(client.post(EMBEDDINGS, json={**body, "encoding_format": "base64"}))
    for entry, in_bytes, each in zip(answer["data"], packed["data"], expected, strict=True):
        assert entry["shape"] == in_bytes["shape"] == [each.num_tokens, 32]
        np.testing.assert_allclose(entry["embedding"], each.vector, rtol=0, atol=1e-5)
        states = np.frombuffer(base64.b64decode(in_bytes["embedding"]), "<f4")
        np.testing.assert_allclose(
            states.reshape(in_bytes["shape"]), each.vector, rtol=0, atol=1e-5
        )
    assert "shape" not in embedded(client, "a", model=KEY)["data"][0]


def test_last_layer_is_bounded_by_the_tokens_of_a_request(client: httpx.Client) -> None:
    body = {"input": ["word " * 90] * 20, "model": KEY, "embedding_type": "last_layer"}
    error = refusal(client.post(EMBEDDINGS, json=body), 400)
    assert (error["code"], error["param"]) == ("context_length_exceeded", "input")
    assert "8192 at most" in error["message"]


def test_layers_one_after_the_other_are_bounded_however_alike_the_items(
    client: httpx.Client,
) -> None:
    body = {"model": KEY, "embedding_type": "multi_layer", "layers": [1, -1] * 50}
    answer = client.post(EMBEDDINGS, json={**body, "input": ["a"] * 82, "combine": "concat"})
    error = refusal(answer, 400)
    assert error["param"] == "layers"
    assert "8192 at most" in error["message"]
    assert len(embedded(client, ["a"] * 81, **body, combine="concat")["data"]) == 81
    assert len(embedded(client, ["a"] * 200, **body)["data"]) == 200


def test_a_text_that_is_too_long_is_refused_or_cut_as_asked(client: httpx.Client) -> None:
    long = {"text": "word " * 300, "image": PICTURE}
    error = refused(client, long)
    assert (error["code"], error["param"]) == ("context_length_exceeded", "text")
    assert "truncate" in error["message"]
    short = {"text": "word", "image": PICTURE}
    for word in ("truncate", "truncation"):
        cut = asked(client, [{**each, word: True} for each in (short, long)])
        assert cut["truncated"] == [1]
    error = refused(client, {"max_length": 60})
    assert "there is room for" in error["message"]
    assert asked(client, {**short, "max_length": 60})["truncated"] == []
    error = refused(client, {"max_length": 5})
    assert "a larger max_length" in error["message"]
    among = client.post(MULTIMODAL, json=[{"model": KEY, **each} for each in (short, long)])
    assert refusal(among, 400)["param"] == "items[1]"


@pytest.mark.parametrize(
    ("body", "param", "said"),
    [
        ({"embedding_type": "pooler"}, "embedding_type", "last_layer"),
        ({"embedding_type": "multi_layer", "layers": [6]}, "layers", "has 5, there is no 6"),
        ({"embedding_type": "multi_layer", "layers": [0]}, "layers", "no 0"),
        ({"embedding_type": "multi_layer", "layers": []}, "layers", "at least 1"),
        ({"layers": [1]}, "layers", "multi_layer alone"),
        ({"combine": "concat"}, "combine", "multi_layer alone"),
        ({"prompt": "a\ud800"}, "prompt", "unicode"),
        ({"prompt": "a" * 2001}, "prompt", "2000"),
        ({"max_length": 0}, "max_length", "greater than or equal to 1"),
        ({"padding": "both"}, "padding", "left"),
        ({"truncate": True, "truncation": False}, "truncation", "opposite of truncate"),
        ({"dimensions": 33}, "dimensions", f"{KEY} has 32"),
        ({"embedding_type": "mean_image"}, "text", "there is none"),
        ({"text": None, "image": PICTURE, "embedding_type": "echo"}, "text", "there is none"),
        ({"text": " ", "image": PICTURE}, "text", "blank"),
        ({"image": PICTURE[:400]}, "image", "damaged"),
    ],
    ids=lambda value: ascii(value)[:60],
)
def test_what_cannot_be_pooled_or_read_is_400_by_name(
    client: httpx.Client, body: dict[str, Any], param: str, said: str
) -> None:
    error = refused(client, body)
    assert error["param"] == param
    assert said in error["message"]


def test_the_dimension_of_layers_one_after_the_other_is_that_of_all(client: httpx.Client) -> None:
    body = {"text": TEXT, "embedding_type": "multi_layer", "combine": "concat", "layers": [1, -1]}
    assert vectors(asked(client, {**body, "dimensions": 64})).shape == (1, 64)
    assert "has 64" in refused(client, {**body, "dimensions": 32})["message"]


@pytest.mark.parametrize(
    "option",
    [
        {"embedding_type": "mean"},
        {"layers": [1]},
        {"combine": "mean"},
        {"prompt": "?"},
        {"max_length": 100},
        {"padding": True},
    ],
    ids=str,
)
def test_a_model_of_another_kind_refuses_what_it_cannot_use_by_name(
    client: httpx.Client, option: dict[str, Any]
) -> None:
    (name,) = option
    for route, body in (
        (EMBEDDINGS, {"input": "a", "model": "minilm-l6"}),
        (MULTIMODAL, {"text": "a", "model": "imagenet-concepts"}),
    ):
        error = refusal(client.post(route, json={**body, **option}), 400)
        assert error["param"] == name
        assert f"{body['model']} has no vision-language model" in error["message"]


def test_smolvlm_says_how_its_weights_are_got(client: httpx.Client) -> None:
    body = {
        "text": TEXT,
        "image": PICTURE,
        "model": "HuggingFaceTB/SmolVLM2-256M-Video-Instruct",
        "embedding_type": "cls",
    }
    error = refused(client, body, 404)
    assert (error["code"], error["param"]) == ("model_not_found", "model")
    assert "python -m embeddings pull" in error["message"]
