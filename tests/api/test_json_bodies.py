"""Bodies of megabytes do not hold up others: what is too many values is not parsed."""

import asyncio
import gzip
import json
import time

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.access import Access
from api.app import create_embedding_app
from api.json_bodies import MAX_VALUES, count_values
from api.settings import EmbeddingServerSettings
from tests.helpers.openai import EMBEDDINGS

LARGE = 8 * 1024 * 1024 - 1000
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def of_many(value: bytes) -> bytes:
    """As many of a value as a body has room for."""
    return b'{"input": [' + b",".join([value] * (LARGE // (len(value) + 1))) + b"]}"


def num_in(value: object) -> tuple[int, int]:
    """The values in a value, itself included, and the lists and objects among them."""
    if not isinstance(value, list | dict):
        return 1, 0
    inner = [num_in(each) for each in (value.values() if isinstance(value, dict) else value)]
    return 1 + sum(all_ for all_, _ in inner), 1 + sum(nested for _, nested in inner)


@given(VALUES)
def test_values_are_counted_as_they_are(value: object) -> None:
    num_values, num_nested = count_values(json.dumps(value).encode())
    expected, nested = num_in(value)
    assert num_nested == nested
    assert expected <= num_values <= expected + nested + 1, "an empty list counts as if it had one"


@pytest.mark.parametrize("text", ['[],{}"', '\\"[,[', "\\\\", '\\\\\\",', "é[,"])
def test_what_is_within_texts_is_no_value(text: str) -> None:
    assert count_values(json.dumps([text] * 100_000).encode()) == (100_001, 1)


def answer_to(body: bytes) -> tuple[httpx.Response, float]:
    """The answer to a body, and how long the event loop stood still at most."""

    async def ask() -> tuple[httpx.Response, float]:
        stood_still = 0.0

        async def watch() -> None:
            nonlocal stood_still
            while True:
                began = time.perf_counter()
                await asyncio.sleep(0.005)
                stood_still = max(stood_still, time.perf_counter() - began)

        watching = asyncio.ensure_future(watch())
        transport = httpx.ASGITransport(Access(create_embedding_app(EmbeddingServerSettings())))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            headers = {"Content-Type": "application/json"}
            answer = await client.post(EMBEDDINGS, content=body, headers=headers)
        watching.cancel()
        return answer, stood_still

    return asyncio.run(ask())


@pytest.mark.parametrize("value", [b"[1]", b"[]", b"{}", b"1", b'"a"'])
def test_millions_of_values_are_refused_before_they_are_parsed(value: bytes) -> None:
    answer, stood_still = answer_to(of_many(value))
    assert answer.status_code == 400
    assert "too many values" in answer.json()["error"]["message"]
    assert stood_still < 1.0, "to parse lists of this length takes seconds"


def test_as_many_values_as_a_request_may_hold_are_parsed() -> None:
    body = json.dumps({"input": [[1] * 8000] * 37, "model": "none", "x": "\ud800"}).encode()
    assert count_values(body)[0] < MAX_VALUES
    answer, _ = answer_to(body)
    assert answer.status_code == 400
    assert "x: there is nothing of this name here" in answer.json()["error"]["message"]


def test_where_a_large_body_is_no_json_is_told() -> None:
    answer, _ = answer_to(b'{"input": "' + b"a" * 100_000 + b'", }')
    assert answer.status_code == 400
    assert "at character 1000" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (b"[" * 30_000, "lists and objects are within each other too deep"),
        (b"1" * 5000, "a number has more than 4,300 digits"),
        (b"\xff\xfe1", "send UTF-8, not compressed"),
        (gzip.compress(b"{}", mtime=0), "send UTF-8, not compressed"),
    ],
)
def test_what_cannot_be_read_as_json_is_refused_for_its_true_reason(value: bytes, why: str) -> None:
    answer, _ = answer_to(value)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == f"body: this cannot be read as JSON: {why}"
