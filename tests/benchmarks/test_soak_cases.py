"""The checks of `make soak-embeddings` notice what they are there for."""

import base64
import json
import random
from typing import Any

import numpy as np
import pytest

from benchmarks.load import Answer
from benchmarks.soak_cases import Wrong, check_error, good_case
from benchmarks.soak_known import Known, Stock

TEXTS = [
    Known(f"text {n}", None, np.eye(12, dtype=np.float32)[n], num_tokens=n + 3, tokens=(n,))
    for n in range(12)
]
STOCK = Stock(TEXTS, TEXTS, TEXTS, TEXTS[0])
ERROR = {"message": "no", "type": "invalid_request_error", "param": None, "code": "invalid_input"}


def _answer(document: object, status: int = 200) -> Answer:
    return Answer(status, b"", json.dumps(document).encode(), 0.1)


def _right_answer(request: bytes) -> dict[str, Any]:
    """What a server answers to a batch of these texts, in base64."""
    body = json.loads(request.partition(b"\r\n\r\n")[2])
    chosen = [TEXTS[int(text.split()[1])] for text in body["input"]]
    num_tokens = sum(known.num_tokens for known in chosen)
    return {
        "data": [
            {"index": index, "embedding": base64.b64encode(known.vector.tobytes()).decode()}
            for index, known in enumerate(chosen)
        ],
        "usage": {"prompt_tokens": num_tokens, "total_tokens": num_tokens},
        "truncated": [],
    }


def _batch() -> tuple[Any, dict[str, Any]]:
    """The check of a batch of eight texts in base64, and the right answer."""
    for seed in range(10_000):
        case = good_case(STOCK, random.Random(seed))
        if case.name == "texts, some twice" and b'"base64"' in case.request:
            answer = _right_answer(case.request)
            if len({item["embedding"] for item in answer["data"]}) == 7:
                return case.check, answer
    raise AssertionError("no such batch was drawn")


def test_a_right_answer_passes() -> None:
    check, answer = _batch()
    check(_answer(answer))


def _mixed(answer: dict[str, Any]) -> None:
    embeddings = [item["embedding"] for item in answer["data"]]
    for item, other in zip(answer["data"], embeddings[1:] + embeddings[:1], strict=True):
        item["embedding"] = other


def _in_another_order(answer: dict[str, Any]) -> None:
    answer["data"].reverse()


def _without_the_last(answer: dict[str, Any]) -> None:
    answer["data"].pop()


def _as_floats(answer: dict[str, Any]) -> None:
    answer["data"][0]["embedding"] = [1.0] + [0.0] * 11


def _with_the_usage_of_others(answer: dict[str, Any]) -> None:
    answer["usage"]["prompt_tokens"] += 1


def _with_nan(answer: dict[str, Any]) -> None:
    nothing = np.full(12, np.nan, np.float32)
    answer["data"][0]["embedding"] = base64.b64encode(nothing.tobytes()).decode()


@pytest.mark.parametrize(
    "spoil",
    [
        _mixed,
        _in_another_order,
        _without_the_last,
        _as_floats,
        _with_the_usage_of_others,
        _with_nan,
    ],
)
def test_a_spoiled_answer_is_noticed(spoil: Any) -> None:
    check, answer = _batch()
    spoil(answer)
    with pytest.raises(Wrong):
        check(_answer(answer))


@pytest.mark.parametrize(
    ("document", "status"),
    [
        ({"error": ERROR}, 500),
        ({"error": {**ERROR, "code": "other"}}, 400),
        ({"error": {**ERROR, "message": ""}}, 400),
        ({"error": {"message": "no"}}, 400),
        ({"error": ERROR, "status": 400}, 400),
        ({"detail": "no"}, 400),
    ],
)
def test_an_error_of_another_shape_or_status_is_noticed(document: object, status: int) -> None:
    check_error(400, "invalid_input", _answer({"error": ERROR}, 400))
    with pytest.raises(Wrong):
        check_error(400, "invalid_input", _answer(document, status))
