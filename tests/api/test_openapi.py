"""One declaration of every answer: what /openapi.json says is what HTTP and `--json` give."""

import json
from collections.abc import Iterator
from typing import Any

import cv2
import httpx
import pytest

from tests.helpers.commands import run_command
from tests.helpers.fixtures import Ingested
from tests.helpers.http import serving
from tests.helpers.media import drawn
from tests.helpers.openapi import assert_documented


@pytest.fixture(scope="module")
def client(ingested: Ingested) -> Iterator[httpx.Client]:
    with serving(ingested.settings) as server:
        yield server.client


@pytest.fixture(scope="module")
def document(client: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/openapi.json").json()
    return found


@pytest.mark.parametrize(
    ("arguments", "method", "path", "url", "body"),
    [
        (
            ("search", "drilling", "--explain"),
            "get",
            "/search/multimodal/quick",
            "/search/multimodal/quick?q=drilling&explain=true",
            None,
        ),
        (
            ("search", "a cup of coffee", "--json", "--min-duration-s", 5, "--kinds", "keyframe"),
            "post",
            "/search/multimodal",
            "/search/multimodal",
            {"query": "a cup of coffee", "filters": {"min_duration_s": 5, "kinds": ["keyframe"]}},
        ),
        (
            ("search.similar", 1, "--json", "--limit", 3),
            "get",
            "/scenes/{scene_id}/similar",
            "/scenes/1/similar?limit=3",
            None,
        ),
        (
            ("search.sequence", "drilling", "a cup of coffee", "--json", "--within-s", 60),
            "post",
            "/search/sequence",
            "/search/sequence",
            {"steps": [{"query": "drilling"}, {"query": "a cup of coffee"}], "within_s": 60},
        ),
    ],
)
def test_command_and_api_give_the_same_answer_as_documented(
    ingested: Ingested,
    client: httpx.Client,
    document: dict[str, Any],
    arguments: tuple[object, ...],
    method: str,
    path: str,
    url: str,
    body: dict[str, object] | None,
) -> None:
    package, *rest = arguments
    done = run_command(str(package), *rest, settings=ingested.settings)
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    answered = client.request(method.upper(), url, json=body).json()
    for answer in (printed, answered):
        assert_documented(answer, method, path, document)
        assert answer["results"]
        answer["took_ms"] = 0
    assert printed == answered


def test_a_search_by_picture_answers_as_documented(
    client: httpx.Client, document: dict[str, Any]
) -> None:
    answer = client.post(
        "/search/image",
        params={"video_ids": [1], "kinds": ["keyframe"], "limit": 2, "query": "coffee"},
        content=cv2.imencode(".png", drawn(1))[1].tobytes(),
    )
    assert answer.status_code == 200, answer.text
    assert_documented(answer.json(), "post", "/search/image", document)
    assert len(answer.json()["results"]) == 2


@pytest.mark.parametrize("path", ["/videos", "/videos/{video_id}"])
def test_videos_are_answered_as_documented(
    client: httpx.Client, document: dict[str, Any], path: str
) -> None:
    answer = client.get(path.replace("{video_id}", "1"))
    assert_documented(answer.json(), "get", path, document)


def test_fields_are_explained_where_their_name_does_not_say_all(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert "weak match" in schemas["SearchDocument"]["properties"]["confident"]["description"]
    assert "quotes" in schemas["SearchIn"]["properties"]["query"]["description"]
    assert "later" in schemas["Filters"]["properties"]["from_s"]["description"]
