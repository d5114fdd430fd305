"""Requests that cannot be answered: a problem document that says why, and nothing of the input."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.fixtures import Ingested
from tests.helpers.http import assert_problem, serving

MARK = "someinput"
POST = "/search/multimodal"


@pytest.fixture(scope="module")
def client(ingested: Ingested) -> Iterator[httpx.Client]:
    with serving(ingested.settings) as server:
        yield server.client


def post(client: httpx.Client, content: str | bytes) -> httpx.Response:
    return client.post(POST, content=content, headers={"Content-Type": "application/json"})


@pytest.mark.parametrize("path", ["/search/quick", "/search/multimodal/quick"])
@pytest.mark.parametrize(
    "params",
    [
        {},
        {"q": ""},
        {"q": "   "},
        {"q": MARK.ljust(1001, "x")},
        {"q": MARK * 5000},
        {"q": MARK + "\x00"},
        {"q": MARK, "limit": -1},
        {"q": MARK, "limit": 0},
        {"q": MARK, "limit": 101},
        {"q": MARK, "limit": 10**9},
        {"q": MARK, "limit": "9" * 400},
        {"q": MARK, "limit": "-" + "9" * 5000},
        {"q": MARK, "limit": "1.5"},
        {"q": MARK, "limit": "NaN"},
        {"q": MARK, "limit": MARK},
        {"q": MARK, "limit": ""},
    ],
    ids=lambda params: ascii(params)[:40],
)
def test_a_quick_search_that_cannot_be_answered_is_422(
    client: httpx.Client, path: str, params: dict[str, Any]
) -> None:
    answer = client.get(path, params=params)
    assert_problem(answer, 422)
    assert MARK not in answer.text
    assert "99999" not in answer.text


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/search/quick?q=drill&mode=auto", "mode"),
        ("/search/multimodal/quick?q=drill&limt=3", "limt"),
        ("/scenes/1/similar?limt=3", "limt"),
    ],
)
def test_a_mistyped_parameter_is_422_with_the_known_ones(
    client: httpx.Client, path: str, name: str
) -> None:
    said = assert_problem(client.get(path), 422)
    assert f"no parameter '{name}'" in said
    assert "limit" in said


@pytest.mark.parametrize("mode", ["", MARK, "BALANCED", "balanced\x00"])
def test_an_unknown_mode_is_422_with_the_known_ones(client: httpx.Client, mode: str) -> None:
    answer = client.get("/search/multimodal/quick", params={"q": "drill", "mode": mode})
    assert "'text_heavy', 'balanced', 'vision_heavy' or 'auto'" in assert_problem(answer, 422)
    assert MARK not in answer.text


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{}", "query"),
        ('{"query": ""}', "query"),
        ('{"query": "\\u3000 \\n"}', "empty"),
        ('{"query": null}', "query"),
        ('{"query": 5}', "query"),
        ('{"query": "someinput\\u0000"}', "null character"),
        ('{"query": "someinput\\ud800"}', "query"),
        ('{"query": "' + MARK * 200 + '"}', "1000"),
        ('{"query": "someinput", "limit": 0}', "limit"),
        ('{"query": "someinput", "limit": -1}', "limit"),
        ('{"query": "someinput", "limit": 1e9}', "limit"),
        ('{"query": "someinput", "limit": ' + "9" * 400 + "}", "limit"),
        ('{"query": "someinput", "limit": NaN}', "limit"),
        ('{"query": "someinput", "mode": "someinput"}', "mode"),
        ('{"query": "someinput", "weights": {"text": NaN, "vision": 1}}', "weights.text"),
        ('{"query": "someinput", "weights": {"text": 1, "vision": Infinity}}', "weights.vision"),
        ('{"query": "someinput", "weights": {"text": 1e999, "vision": 1}}', "weights.text"),
        ('{"query": "someinput", "weights": {"text": -1, "vision": 1}}', "weights.text"),
        ('{"query": "someinput", "weights": {"text": 0, "vision": 0}}', "weight"),
        ('{"query": "someinput", "weights": {"text": 1e308, "vision": 1e308}}', "weight"),
        ('{"query": "someinput", "weights": {"text": 1}}', "weights.vision"),
        ('{"query": "someinput", "weights": [1, 1]}', "weights"),
        (
            '{"query": "someinput", "mode": "balanced", "weights": {"text": 1, "vision": 1}}',
            "not both",
        ),
        ('{"query": "x", "colour": "someinput"}', "colour"),
        ('{"query": "x", "filters": {"colour": "someinput"}}', "filters.colour"),
        ('{"query": "x", "\\ud800": "someinput"}', "unicode"),
        ('{"query": "someinput", "filters": {"from_s": 5, "to_s": 5}}', "time range"),
        ('{"query": "someinput", "filters": {"from_s": NaN}}', "from_s"),
        ('{"query": "someinput", "filters": {"to_s": -1}}', "to_s"),
        ('{"query": "someinput", "filters": {"video_ids": [0]}}', "video_ids"),
        ('{"query": "someinput", "filters": {"video_ids": [9223372036854775808]}}', "video_ids"),
        ('{"query": "someinput", "filters": {"language": "someinput"}}', "language"),
        ('{"query": "someinput", "filters": {"language": "en\\u0000"}}', "language"),
        ("", "body"),
        ("someinput", "JSON"),
        ('{"query": "someinput"', "JSON"),
        ('{"query": tunnel}', "no JSON: Expecting value, at character 11"),
        ("[NaN]", "JSON object"),
        ('"someinput"', "Content-Type: application/json"),
        ("null", ""),
    ],
    ids=lambda text: ascii(text)[:60],
)
def test_a_search_that_cannot_be_answered_is_422_and_says_what_is_wrong(
    client: httpx.Client, body: str, said: str
) -> None:
    answer = post(client, body)
    assert said in assert_problem(answer, 422)
    assert MARK not in answer.text
    assert "99999" not in answer.text


@pytest.mark.parametrize(
    "body", [b"\xff\xfe\x00", b"[" * 60_000, b'{"query": "x", "limit": ' + b"9" * 10_000 + b"}"]
)
def test_a_body_that_no_parser_takes_is_refused(client: httpx.Client, body: bytes) -> None:
    answer = post(client, body)
    assert answer.status_code in (400, 422)
    assert_problem(answer, answer.status_code)


any_text = st.text(st.characters(codec=None), max_size=8)  # lone surrogates, too
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=6,
)
any_body = st.fixed_dictionaries(
    {"query": any_text},
    optional={
        "mode": st.sampled_from(["balanced", "text_heavy"]) | json_values,
        "weights": st.fixed_dictionaries({"text": st.floats(), "vision": st.floats()})
        | json_values,
        "use_vision": json_values,
        "limit": st.integers(0, 5) | json_values,
        "filters": st.fixed_dictionaries(
            {},
            optional={
                "video_ids": st.lists(st.integers(-1, 2), max_size=2) | json_values,
                "from_s": json_values,
                "to_s": json_values,
                "language": st.sampled_from(["en", "de"]) | json_values,
            },
        )
        | json_values,
    },
) | json_values  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(any_body)
def test_any_body_is_answered_or_refused(client: httpx.Client, body: object) -> None:
    answer = post(client, json.dumps(body))
    if answer.status_code == 200:
        assert answer.json()["results"] is not None
    else:  # 404 for a video that is not there
        assert_problem(answer, 404 if "there is no video" in answer.text else 422)


@pytest.mark.parametrize(
    "path",
    [
        "/videos/999",
        "/videos/999/stream",
        "/videos/999/transcript.json",
        "/videos/999/transcript.srt",
        "/videos/999/transcript.vtt",
        "/scenes/999/keyframe.jpg",
        "/scenes/999/similar",
        f"/videos/{2**63 - 1}",
        f"/scenes/{2**63 - 1}/similar",
    ],
)
def test_what_is_not_in_the_library_is_404(client: httpx.Client, path: str) -> None:
    assert "there is no" in assert_problem(client.get(path), 404)


@pytest.mark.parametrize(
    "path",
    [
        "/someinput",
        "/videos/1/someinput",
        "/scenes/1",
        "/search",
        "/videos/%2e%2e/%2e%2e/etc/passwd",
        "/videos/..%2f..%2fetc%2fpasswd/stream.mp4",
        "/scenes/1/keyframe.png",
        "/docs",  # it would load its scripts from the network, and so would the next
        "/redoc",
    ],
)
def test_an_unknown_route_is_404(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert_problem(answer, 404)
    assert MARK not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/videos", "GET, POST"),
        ("POST", "/search/quick", "GET"),
        ("GET", "/search/multimodal", "POST"),
        ("PUT", "/videos/1/stream", "GET, HEAD"),
        ("POST", "/health", "GET, HEAD"),
        ("OPTIONS", "/videos/1", "DELETE, GET"),
        ("GET", "/search/feedback", "DELETE, POST, PUT"),
    ],
)
def test_another_method_is_405_with_those_that_are_allowed(
    client: httpx.Client, method: str, path: str, allowed: str
) -> None:
    answer = client.request(method, path)
    assert_problem(answer, 405)
    assert answer.headers["allow"] == allowed


@pytest.mark.parametrize(
    "path",
    [
        f"/videos/{2**63}",
        f"/videos/{'9' * 400}/stream",
        "/videos/0",
        "/videos/-1",
        "/videos/1.5",
        "/videos/one/transcript.vtt",
        f"/scenes/{2**64}/keyframe.jpg",
        "/scenes/0/similar",
        "/scenes/1/similar?limit=0",
        "/scenes/1/similar?limit=101",
        "/scenes/1/similar?recorded_to=0.5",
        "/scenes/1/similar?recorded_from=1747474200",
        "/scenes/1/keyframe.jpg?at_s=NaN",
        "/scenes/1/keyframe.jpg?at_s=-1",
        "/scenes/1/keyframe.jpg?at_s=1e999",
        "/videos?limit=0",
        "/videos?limit=501",
        "/videos?after=-1",
        f"/videos?after={2**63}",
        "/videos/1/transcript.exe",
    ],
)
def test_an_id_or_a_number_out_of_range_is_422(client: httpx.Client, path: str) -> None:
    assert_problem(client.get(path), 422)


@pytest.mark.parametrize("path", ["/search/multimodal", "/search/sequence", "/search/feedback"])
def test_parameters_beside_a_body_are_refused(client: httpx.Client, path: str) -> None:
    answer = client.post(path, params={"limit": 1}, json={"query": "drilling"})
    assert "there is no parameter 'limit': there are none" in assert_problem(answer, 422)


def test_each_fault_of_a_request_is_told_at_its_place(client: httpx.Client) -> None:
    body = {"query": "x", "limit": 0, "spaces": ["A B"], "filters": {"video_ids": 1}, "zz": 1}
    answer = client.post("/search/multimodal", json=body)
    assert_problem(answer, 422)
    told = {error["where"]: error["message"] for error in answer.json()["errors"]}
    assert set(told) == {"limit", "spaces.0", "filters.video_ids", "zz"}
    assert told["zz"] == "there is nothing of this name here"
    assert told["filters.video_ids"] == "Input should be a valid list"


def test_a_fault_of_the_whole_url_is_not_told_of_the_query(client: httpx.Client) -> None:
    answer = client.get("/search/quick?q=x&min_score=0.3&fusion=rrf")
    assert assert_problem(answer, 422).startswith("URL: min_score means nothing with fusion=rrf")


def test_only_a_search_by_text_is_reranked(client: httpx.Client) -> None:
    assert "reranked" in assert_problem(client.get("/scenes/1/similar?rerank=true"), 422)
