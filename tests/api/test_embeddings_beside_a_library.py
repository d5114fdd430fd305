"""`python -m api`: embeddings beside the library, and the library where they are switched off."""

from collections.abc import Iterator
from contextlib import closing

import httpx
import numpy as np
import pytest

from database.opening import open_database
from embeddings.loaded import Encoders
from embeddings.registry.spaces import SPACES
from ingest.settings import IngestSettings
from tests.helpers.drilling import NUM_HITS, QUERY, fill
from tests.helpers.fixtures import NewSettings
from tests.helpers.http import assert_problem, search, serving
from tests.helpers.openai import (
    EMBEDDINGS,
    MULTIMODAL,
    RERANK,
    embedded,
    metrics,
    refusal,
    vectors,
)
from tests.helpers.openapi import assert_documented, assert_documented_error


@pytest.fixture(scope="module")
def library(
    new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory, encoders: Encoders
) -> Iterator[IngestSettings]:
    with new_settings(tmp_path_factory.mktemp("beside") / "home") as settings:
        with closing(open_database(settings)) as database:
            fill(database, encoders)
        yield settings


@pytest.fixture(scope="module")
def client(library: IngestSettings) -> Iterator[httpx.Client]:
    with serving(library) as server:
        yield server.client


@pytest.fixture(scope="module")
def disabled(library: IngestSettings) -> Iterator[httpx.Client]:
    with serving(library, EMBEDDING_ENABLE_EMBEDDINGS="false") as server:
        yield server.client


ROUTES = [
    ("POST", EMBEDDINGS, {"input": "granite"}),
    ("POST", EMBEDDINGS, {"input": []}),
    ("POST", MULTIMODAL, {"text": "granite"}),
    ("POST", RERANK, {"query": "a", "documents": ["b"]}),
    ("GET", "/v1/models", None),
    ("GET", "/v1/models/minilm-l6", None),
]


def test_the_vectors_are_those_that_the_library_searches_with(
    client: httpx.Client, encoders: Encoders
) -> None:
    answer = embedded(client, [QUERY, "granite"], encoding_format="base64")
    expected = encoders.encode_queries(SPACES["minilm-l6"], [QUERY, "granite"])
    np.testing.assert_allclose(vectors(answer), expected, rtol=0, atol=1e-6)
    assert len(search(client, QUERY, limit=100)["results"]) == NUM_HITS


def test_errors_are_openais_under_v1_and_problems_elsewhere(client: httpx.Client) -> None:
    assert refusal(client.post(EMBEDDINGS, json={"input": []}), 400)["param"] == "input"
    refusal(client.get("/v1/nowhere"), 404)
    refusal(client.post(EMBEDDINGS, content=b" " * (9 << 20)), 413)
    assert_problem(client.get("/search/quick"), 422)
    assert_problem(client.get("/nowhere"), 404)
    assert_problem(client.post("/search/multimodal", content=b" " * (1 << 20)), 413)


def test_one_document_tells_of_all_routes(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    assert {"/search/multimodal", EMBEDDINGS, "/metrics"} <= document["paths"].keys()
    answer = client.post(EMBEDDINGS, json={"input": "granite"}).json()
    assert_documented(answer, "post", EMBEDDINGS, document)
    errors = (
        (client.post(EMBEDDINGS, json={"input": []}), 400, "post", EMBEDDINGS),
        (client.post("/search/multimodal", json={}), 422, "post", "/search/multimodal"),
    )
    for error, status, method, path in errors:
        assert error.status_code == status
        assert_documented_error(error.json(), status, method, path, document)


SEARCHES = 'similarity_search_seconds_count{kind="library"}'
FOUND = 'similarity_search_results_sum{kind="library"}'


def test_searches_are_counted_and_the_library_is_measured(client: httpx.Client) -> None:
    before = metrics(client)
    search(client, QUERY, limit=100)
    after = metrics(client)
    assert after[SEARCHES] == before.get(SEARCHES, 0) + 1
    assert after[FOUND] == before.get(FOUND, 0) + NUM_HITS
    assert after["library_up"] == 1
    assert after['library_rows{table="video"}'] == 5
    route = 'http_requests_total{method="POST",route="/search/multimodal",status="200"}'
    assert after[route] == before.get(route, 0) + 1


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
def test_embeddings_that_are_switched_off_are_503_and_say_so(
    disabled: httpx.Client, method: str, path: str, body: object
) -> None:
    answer = disabled.request(method, path, json=body)
    error = refusal(answer, 503)
    assert error["code"] == "embeddings_disabled"
    assert "EMBEDDING_ENABLE_EMBEDDINGS" in error["message"]
    assert answer.headers["x-should-retry"] == "false"
    assert "retry-after" not in answer.headers


def test_the_library_is_untouched_where_embeddings_are_switched_off(
    client: httpx.Client, disabled: httpx.Client
) -> None:
    for query in (QUERY, "a train leaves"):
        answers = [search(each, query, limit=100) for each in (client, disabled)]
        assert answers[0]["results"] == answers[1]["results"]
    assert disabled.get("/ready").status_code == 200
    assert disabled.get("/health").status_code == 200
    assert metrics(disabled)["library_up"] == 1
