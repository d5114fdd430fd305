"""Requests under /v1 that cannot be answered: an error as OpenAI has them, and the server lives."""

import json
import time
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.http import assert_problem
from tests.helpers.openai import (
    EMBEDDINGS,
    JSON,
    MULTIMODAL,
    RERANK,
    embedded,
    ok,
    refusal,
    vectors,
)

MARK = "someinput"


def refused(client: httpx.Client, content: str | bytes, status: int = 400) -> dict[str, Any]:
    return refusal(client.post(EMBEDDINGS, content=content, headers=JSON), status)


def of_input(given: str) -> str:
    """A body whose input is this JSON."""
    return f'{{"input": {given}}}'


@pytest.mark.parametrize(
    ("given", "place", "said"),
    [
        ('""', None, "blank"),
        ('" \\n\\t"', None, "blank"),
        ('[""]', None, "blank"),
        ('["someinput", " "]', 1, "blank"),
        ("[]", None, "empty"),
        ("[[]]", None, "empty"),
        ("[[15339], []]", 1, "empty"),
        ('["someinput", [15339]]', 1, "mixes"),
        ('[[15339], "someinput"]', 1, "mixes"),
        ('[15339, "someinput"]', 0, "mixes"),
        ('["someinput", null]', 1, "mixes"),
        ("[null]", 0, "mixes"),
        ("[true]", 0, "mixes"),
        ("[1.0]", 0, "mixes"),
        ("[15339, 1.5]", 0, "mixes"),
        ("[NaN]", 0, "mixes"),
        ("[1e999]", 0, "mixes"),
        ('[{"text": "someinput"}]', 0, "mixes"),
        ("[[true]]", None, "whole numbers"),
        ("[[15339], [15339, 1.0]]", 1, "whole numbers"),
        ("[[15339], [null]]", 1, "whole numbers"),
        ('[[15339], ["someinput"]]', 1, "whole numbers"),
        ("[[[15339]]]", None, "whole numbers"),
        ("[100256]", None, "no token"),
        ("[-1]", None, "no token"),
        ("[15339, 200000]", None, "no token"),
        ("[99999999999999999999999]", None, "no token"),
        ("[[15339], [15339, 100277]]", 1, "no token"),
        ('"\\ud800"', None, "half a character"),
        ('["someinput", "a\\udfff"]', 1, "half a character"),
        ("5", None, "send a text"),
        ("null", None, "send a text"),
        ("true", None, "send a text"),
        ("NaN", None, "send a text"),
        ('{"text": "someinput"}', None, "send a text"),
    ],
)
def test_an_input_that_cannot_be_read_is_400_and_named_by_its_place(
    embeddings: httpx.Client, given: str, place: int | None, said: str
) -> None:
    error = refused(embeddings, of_input(given))
    assert error["code"] == "invalid_input"
    assert said in error["message"]
    assert error["param"] == ("input" if place is None else f"input[{place}]")
    assert MARK not in error["message"]


def test_more_items_or_tokens_than_openai_takes_are_400(embeddings: httpx.Client) -> None:
    error = refused(embeddings, json.dumps({"input": ["granite"] * 2049}))
    assert (error["code"], error["param"]) == ("invalid_input", "input")
    assert "2049 items, and 2048 at most" in error["message"]
    error = refused(embeddings, json.dumps({"input": [[15339], [15339] * 8193]}))
    assert (error["code"], error["param"]) == ("context_length_exceeded", "input[1]")
    assert "8193 tokens, and 8192 at most" in error["message"]
    error = refused(embeddings, json.dumps({"input": ["word " * 200] * 1500}))
    assert (error["code"], error["param"]) == ("context_length_exceeded", "input")
    assert "303000 tokens, and 300000 at most" in error["message"]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ("", "body"),
        ("{", "body"),
        ("nonsense", "body"),
        ('{"input": "a",}', "body"),
        ("null", "body"),
        ("5", "body"),
        ('"someinput"', "body"),
        ("[]", "body"),
        ('["someinput"]', "body"),
        ("{}", "input"),
        ('{"inputs": "a"}', "input"),
        ('{"input": "a", "colour": "someinput"}', "colour"),
        ('{"input": "a", "encoding_format": "someinput"}', "encoding_format"),
        ('{"input": "a", "encoding_format": 5}', "encoding_format"),
        ('{"input": "a", "input_type": "someinput"}', "input_type"),
        ('{"input": "a", "truncate": "someinput"}', "truncate"),
        ('{"input": "a", "dimensions": 0}', "dimensions"),
        ('{"input": "a", "dimensions": -1}', "dimensions"),
        ('{"input": "a", "dimensions": 383}', "dimensions"),
        ('{"input": "a", "dimensions": 1.5}', "dimensions"),
        ('{"input": "a", "dimensions": NaN}', "dimensions"),
        ('{"input": "a", "dimensions": ' + "9" * 400 + "}", "dimensions"),
        ('{"input": "a", "model": ""}', "model"),
        ('{"input": "a", "model": 5}', "model"),
        ('{"input": "a", "model": "' + "x" * 201 + '"}', "model"),
        ('{"input": "a", "model": "\\ud800"}', "model"),
        ('{"input": "a", "user": "\\ud800"}', "user"),
        ('{"input": "a", "user": "' + "x" * 1001 + '"}', "user"),
        ('{"input": "a", "\\ud800": "someinput"}', None),
    ],
    ids=lambda value: ascii(value)[:50],
)
def test_a_body_that_cannot_be_read_is_400_and_names_the_field(
    embeddings: httpx.Client, body: str, param: str | None
) -> None:
    error = refused(embeddings, body)
    if param is not None:
        assert error["param"] == param
        assert param in error["message"] or param == "body"
    assert MARK not in json.dumps(error)
    assert "99999" not in error["message"]


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe",
        b'{"input": "\xff"}',
        b"[" * 100_000,
        b'{"input": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        b'{"input": [' + b"9" * 5000 + b"]}",
        b'{"input": "a"}\x00',
    ],
    ids=lambda content: ascii(content)[:20],
)
def test_what_is_hardly_json_is_400(embeddings: httpx.Client, content: bytes) -> None:
    refused(embeddings, content)
    assert embeddings.get("/health").status_code == 200


@pytest.mark.parametrize(
    "name", ["text-embedding-3-small", "videomae-b", "embed-", "../../etc", "\n"]
)
def test_an_unknown_model_is_404_and_none_answers_in_its_place(
    embeddings: httpx.Client, name: str
) -> None:
    error = refused(embeddings, json.dumps({"input": "a", "model": name}), 404)
    assert (error["code"], error["param"]) == ("model_not_found", "model")


def test_a_model_that_is_not_on_the_machine_is_404_and_says_how_to_get_it(
    embeddings: httpx.Client,
) -> None:
    error = refused(embeddings, json.dumps({"input": "a", "model": "bge-m3"}), 404)
    assert (error["code"], error["param"]) == ("model_not_found", "model")
    assert "python -m embeddings pull" in error["message"]


def test_a_model_whose_weights_are_not_the_pinned_is_503_and_tells_no_paths(
    embeddings: httpx.Client,
) -> None:
    for _again in range(2):
        answer = embeddings.post(EMBEDDINGS, json={"input": "a", "model": "resnet-50"})
        assert refusal(answer, 400)["code"] == "unsupported_input"
        image = {"image": "iVBORw0KGgo=", "model": "resnet-50"}
        answer = embeddings.post(MULTIMODAL, json=image)
        error = refusal(answer, 503)
        assert error["code"] == "model_unavailable"
        assert answer.headers["x-should-retry"] == "false"
        assert "/" not in error["message"]
        assert "SHA" not in error["message"]
    assert vectors(embedded(embeddings, "granite")).shape == (1, 384)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/nowhere", 404),
        ("POST", "/v1/chat/completions", 404),
        ("GET", "/v1", 404),
        ("GET", EMBEDDINGS, 405),
        ("DELETE", MULTIMODAL, 405),
        ("PUT", RERANK, 405),
        ("POST", "/v1/models", 405),
        ("PATCH", EMBEDDINGS, 405),
        ("GET", "/v1/models?limt=3", 400),
        ("POST", EMBEDDINGS + "?model=someinput", 400),
    ],
)
def test_every_error_under_v1_is_as_openai_has_them(
    embeddings: httpx.Client, method: str, path: str, status: int
) -> None:
    answer = embeddings.request(method, path, content=b'{"input": "a"}', headers=JSON)
    assert MARK not in refusal(answer, status)["message"]


def test_elsewhere_errors_are_problem_documents(embeddings: httpx.Client) -> None:
    for path in ("/", "/v2/embeddings", "/v1x", "/search/quick?q=drill", "/docs"):
        answer = embeddings.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"


def test_there_are_no_pages_not_even_for_browsers(embeddings: httpx.Client) -> None:
    for path in ("/", "/library", "/watch/1", "/nowhere", "/static/main.js"):
        assert_problem(embeddings.get(path, headers={"Accept": "text/html"}), 404)


def test_a_body_that_is_too_large_is_413(embeddings: httpx.Client) -> None:
    for path, limit in ((EMBEDDINGS, 8 << 20), (MULTIMODAL, 32 << 20), ("/v1/models", 64 << 10)):
        answer = embeddings.post(path, content=b" " * (limit + 1), headers=JSON)
        assert f"{limit} bytes" in refusal(answer, 413)["message"]


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(alphabet=st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
INPUTS = (
    st.lists(st.integers(-2, 100_300), max_size=5)
    | st.lists(st.lists(st.integers(0, 100_300), max_size=3), max_size=3)
    | st.lists(st.text(alphabet=st.characters(exclude_categories=())), max_size=3)
    | JSON_VALUES
)
PICTURES = st.sampled_from(["iVBORw0KGgo=", "data:image/png;base64,", "/etc/passwd", "https://a/"])
MODELS = st.sampled_from(
    ["minilm-l6", "imagenet-concepts", "fast", "tiny-clip", "embed-", "bge-m3"]
)
OPTIONS = {
    "model": MODELS | JSON_VALUES,
    "encoding_format": st.sampled_from(["float", "base64", None]) | JSON_VALUES,
    "truncate": st.booleans() | JSON_VALUES,
    "dimensions": st.just(384) | JSON_VALUES,
    "input_type": st.sampled_from(["query", "document"]) | JSON_VALUES,
}
EMBEDDINGS_BODIES = (
    st.fixed_dictionaries({"input": INPUTS}, optional=OPTIONS)
    | st.fixed_dictionaries({"input": INPUTS})
    | JSON_VALUES
)
ITEMS = st.fixed_dictionaries(
    {}, optional={"text": st.text() | JSON_VALUES, "image": PICTURES | JSON_VALUES, **OPTIONS}
)
ITEMS_BODIES = ITEMS | st.lists(ITEMS, max_size=3) | JSON_VALUES
RERANK_BODIES = st.fixed_dictionaries(
    {"query": st.text() | JSON_VALUES, "documents": st.lists(st.text(), max_size=3) | JSON_VALUES},
    optional={"model": MODELS | JSON_VALUES, "top_n": st.integers() | JSON_VALUES},
)


@settings(deadline=None, max_examples=250)
@given(
    st.tuples(st.just(EMBEDDINGS), EMBEDDINGS_BODIES)
    | st.tuples(st.just(MULTIMODAL), ITEMS_BODIES)
    | st.tuples(st.just(RERANK), RERANK_BODIES)
)
def test_whatever_is_sent_is_answered_or_refused_and_never_a_fault(
    embeddings: httpx.Client, sent: tuple[str, object]
) -> None:
    path, body = sent
    answer = embeddings.post(path, content=json.dumps(body), headers=JSON)
    if answer.status_code == 200:
        answer_of = ok(answer)
        if path != RERANK:
            found = vectors(answer_of)
            assert abs((found * found).sum(axis=1) - 1).max() < 1e-4
    else:
        assert answer.status_code in (400, 404)
        refusal(answer, answer.status_code)


def test_the_server_is_well_after_all_this(embeddings: httpx.Client) -> None:
    assert embeddings.get("/ready").json() == {"status": "ready"}
    assert vectors(embedded(embeddings, "granite")).shape == (1, 384)


@pytest.mark.parametrize(
    ("path", "content"),
    [
        (RERANK, '{"query": "a", "documents": [' + "1," * 500_000 + "1]}"),
        (EMBEDDINGS, "{" + ",".join(f'"k{n}": 0' for n in range(200_000)) + "}"),
        (MULTIMODAL, "{" + ",".join(f'"k{n}": 0' for n in range(200_000)) + "}"),
        (EMBEDDINGS, '{"input": [' + "1.5," * 500_000 + "1]}"),
    ],
    ids=["documents", "fields", "fields of an item", "numbers"],
)
def test_a_body_that_is_wrong_in_many_places_is_refused_at_once(
    embeddings: httpx.Client, path: str, content: str
) -> None:
    started = time.monotonic()
    error = refusal(embeddings.post(path, content=content, headers=JSON), 400)
    assert time.monotonic() - started < 3
    assert len(error["message"]) < 2000


def test_blanks_before_a_text_do_not_count_as_the_text(embeddings: httpx.Client) -> None:
    far = " " * 300_000 + "drilling rig in granite"
    answer = embedded(embeddings, far, truncate=True)
    assert answer["truncated"] == []
    np.testing.assert_allclose(
        vectors(answer), vectors(embedded(embeddings, far.strip())), atol=1e-6
    )


def test_a_text_of_megabytes_is_cut_and_that_is_told(embeddings: httpx.Client) -> None:
    answer = embedded(embeddings, ["granite", "basalt " * 100_000], truncate=True)
    assert answer["truncated"] == [1]
    assert answer["usage"]["prompt_tokens"] < 300


def test_the_model_whose_weights_are_not_here_is_named(embeddings: httpx.Client) -> None:
    body = {"input": "granite", "model": "embed-bge-m3"}
    error = refusal(embeddings.post(EMBEDDINGS, json=body), 404)
    assert "python -m embeddings pull BAAI/bge-m3" in error["message"]


def test_a_field_of_control_characters_is_named_on_one_line(embeddings: httpx.Client) -> None:
    error = refused(embeddings, json.dumps({"input": "granite", "a\nb\u001b[31m": None}))
    assert error["param"] == "a\ufffdb\ufffd[31m"
