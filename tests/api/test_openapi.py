"""One declaration of every answer: what /openapi.json says is what HTTP and `--json` give."""

import json
import os
from collections.abc import Iterator
from difflib import unified_diff
from importlib import metadata
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import httpx
import pytest
from jsonschema import Draft202012Validator

from tests.helpers.commands import run_command
from tests.helpers.fixtures import Ingested
from tests.helpers.http import serving
from tests.helpers.media import drawn
from tests.helpers.openapi import assert_documented, response_of

SNAPSHOT = Path(__file__).with_name("openapi.json")


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


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def test_every_operation_tells_who_may_ask_what_it_answers_and_how_it_fails(
    document: dict[str, Any],
) -> None:
    told = {tag["name"]: tag["description"] for tag in document["tags"]}
    assert document["info"]["version"] == metadata.version("sceneseek")
    assert set(document["components"]["securitySchemes"]) == {"bearer", "cookie"}
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names))
    for method, path, operation in operations(document):
        where = f"{method} {path}"
        assert operation["summary"], where
        assert operation["description"], where
        assert all(told[tag] for tag in operation["tags"]), where
        assert "security" in operation, where
        for status in operation["responses"]:
            response = response_of(document, operation, status)
            own = "application/json" if path.startswith("/v1/") else "application/problem+json"
            if int(status) >= 400:
                assert list(response["content"]) == [own], where
            elif status not in ("204", "304"):
                assert response["content"], where
            if status in ("429", "503"):
                assert "Retry-After" in response["headers"], where
        assert {"421", "429"} <= set(operation["responses"]), where
        assert path in ("/health", "/ready") or "401" in operation["responses"], where
    streamed = document["paths"]["/videos/{video_id}/stream"]["get"]
    assert {"200", "206", "304", "416"} <= set(streamed["responses"])
    assert {header["name"] for header in streamed["parameters"]} >= {"Range", "If-None-Match"}


def test_every_answer_in_json_has_an_example_that_is_one(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        for status in operation["responses"]:
            response = response_of(document, operation, status)
            for media, content in response.get("content", {}).items():
                if not media.endswith("json") or path.startswith("/v1/"):
                    continue
                assert "example" in content, f"{method} {path} {status}"
                schema = {**content["schema"], "components": document["components"]}
                Draft202012Validator(schema).validate(content["example"])
        for parameter in operation.get("parameters", ()):
            if "example" in parameter:
                schema = {**parameter["schema"], "components": document["components"]}
                Draft202012Validator(schema).validate(parameter["example"])


def test_the_document_is_the_snapshot(document: dict[str, Any]) -> None:
    """`make openapi` renews it where it is meant to change: programs are made from it."""
    text = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    if os.environ.get("PYTEST_OPENAPI") == "renew":
        SNAPSHOT.write_text(text)
    kept = SNAPSHOT.read_text()
    changes = unified_diff(kept.splitlines(), text.splitlines(), "kept", "now", n=8, lineterm="")
    shown = "\n".join(islice(changes, 200))
    assert text == kept, f"the API has changed; if it should, `make openapi` keeps it:\n{shown}"
