"""Models and reranking over HTTP, and what /openapi.json says of the embedding service."""

import json
from typing import Any

import httpx
import numpy as np
import pytest
from jsonschema import Draft202012Validator

from embeddings.registry.pins import MS_MARCO_MINILM
from embeddings.registry.spaces import SPACES
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
from tests.helpers.openapi import Document, assert_documented, assert_documented_error

QUERY = "where is the drill?"
DOCUMENTS = [
    "A cat sleeps on the sofa.",
    "The drill stands by the river.",
    "Stock prices fell.",
    "A cat sleeps on the sofa.",
]


@pytest.fixture(scope="module")
def document(embeddings: httpx.Client) -> Document:
    found: Document = embeddings.get("/openapi.json").json()
    return found


# Models


def listed(client: httpx.Client) -> dict[str, dict[str, Any]]:
    """The models of the list, by id."""
    answer = ok(client.get("/v1/models"))
    assert answer["object"] == "list"
    ids = [model["id"] for model in answer["data"]]
    assert len(ids) == len(set(ids))
    return {model["id"]: model for model in answer["data"]}


def test_the_list_tells_what_each_model_takes_and_whether_it_is_here(
    embeddings: httpx.Client,
) -> None:
    embedded(embeddings, "granite")
    found = listed(embeddings)
    assert found["minilm-l6"] == {
        "id": "minilm-l6",
        "object": "model",
        "created": 0,
        "owned_by": "sentence-transformers",
        "model": "sentence-transformers/all-MiniLM-L6-v2",
        "space": "minilm-l6",
        "revision": SPACES["minilm-l6"].revision,
        "dimension": 384,
        "inputs": ["text"],
        "max_tokens": 256,
        "weights": "pip package",
        "loaded": True,
    }
    facts = {
        name: (found[name]["dimension"], found[name]["inputs"], found[name]["weights"])
        for name in ("imagenet-concepts", "tiny-clip", "my-resnet", "bge-m3")
    }
    assert facts == {
        "imagenet-concepts": (384, ["text", "image"], "pip package"),
        "tiny-clip": (64, ["text", "image"], "folder"),
        "my-resnet": (2048, ["image"], "folder"),
        "bge-m3": (1024, ["text"], None),
    }
    assert not found["my-resnet"]["loaded"]
    assert not [name for name in found if "videomae" in name]


def test_models_that_are_here_and_take_texts_are_listed_for_clients_that_look_for_embed(
    embeddings: httpx.Client,
) -> None:
    found = listed(embeddings)
    aliases = {name for name in found if "embed" in name}
    here = {name for name, model in found.items() if model["weights"] and "text" in model["inputs"]}
    assert aliases == {f"embed-{name}" for name in here - aliases}
    assert "embed-minilm-l6" in aliases
    assert "embed-bge-m3" not in aliases
    for name in aliases - {"embed-mpnet-base"}:
        assert embedded(embeddings, "granite", model=name)["space"] == name.removeprefix("embed-")


@pytest.mark.parametrize(
    "name",
    [
        "minilm-l6",
        "sentence-transformers/all-MiniLM-L6-v2",
        "sentence-transformers%2Fall-MiniLM-L6-v2",
        "embed-minilm-l6",
        "fast",
    ],
)
def test_one_model_is_told_of_by_any_of_its_names(embeddings: httpx.Client, name: str) -> None:
    model = ok(embeddings.get(f"/v1/models/{name}"))
    assert model["id"] == name.replace("%2F", "/")
    assert (model["space"], model["dimension"]) == ("minilm-l6", 384)


@pytest.mark.parametrize("name", ["gpt-4o", "videomae-b", "a/b/c", "", "%00", "..%2F..%2Fetc"])
def test_a_model_that_is_not_there_is_404(embeddings: httpx.Client, name: str) -> None:
    error = refusal(embeddings.get(f"/v1/models/{name}"), 404)
    assert (error["code"], error["param"]) == ("model_not_found", "model")


# Reranking


def reranked(client: httpx.Client, **body: object) -> dict[str, Any]:
    asked = {"query": QUERY, "documents": DOCUMENTS, **body}
    return ok(client.post(RERANK, json=asked))


@pytest.mark.parametrize("model", [None, "minilm-l6", MS_MARCO_MINILM.repo])
def test_documents_come_the_best_first_with_their_places(
    embeddings: httpx.Client, model: str | None
) -> None:
    answer = reranked(embeddings, model=model)
    scores = [each["relevance_score"] for each in answer["results"]]
    assert scores == sorted(scores, reverse=True)
    places = [each["index"] for each in answer["results"]]
    assert sorted(places) == [0, 1, 2, 3]
    assert places.index(0) + 1 == places.index(3), "of equal ones the first comes first"
    assert [each.keys() for each in answer["results"]] == [{"index", "relevance_score"}] * 4
    assert answer["usage"]["prompt_tokens"] == answer["usage"]["total_tokens"] > 20
    assert answer["truncated"] == []


def test_by_vectors_the_score_is_their_cosine(embeddings: httpx.Client) -> None:
    answer = reranked(embeddings, model="minilm-l6")
    assert answer["model"] == "sentence-transformers/all-MiniLM-L6-v2"
    query, *documents = vectors(embedded(embeddings, [QUERY, *DOCUMENTS]))
    assert answer["results"][0]["index"] == 1
    for each in answer["results"]:
        cosine = float(np.dot(query, documents[each["index"]]))
        assert each["relevance_score"] == pytest.approx(cosine, abs=1e-5)


def test_a_few_documents_may_be_asked_for_and_come_with_their_text(
    embeddings: httpx.Client,
) -> None:
    whole = reranked(embeddings, model="minilm-l6")["results"]
    documents = [DOCUMENTS[0], *({"text": text} for text in DOCUMENTS[1:])]
    asked = {"documents": documents, "top_n": 2, "return_documents": True}
    few = reranked(embeddings, model="minilm-l6", **asked)["results"]
    assert [each["index"] for each in few] == [each["index"] for each in whole[:2]]
    assert [each["document"] for each in few] == [{"text": DOCUMENTS[e["index"]]} for e in few]
    assert len(reranked(embeddings, top_n=100)["results"]) == 4


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"documents": []}, "documents"),
        ({"documents": ["a"] * 1001}, "documents"),
        ({"documents": "a"}, "documents"),
        ({"documents": ["a", 5]}, "documents.1"),
        ({"documents": ["a", " "]}, "documents[1]"),
        ({"documents": ["a", "b " * 600]}, "documents[1]"),
        ({"documents": ["\ud800"]}, "documents"),
        ({"query": ""}, "query"),
        ({"query": " \n"}, "query"),
        ({"query": "\ud800"}, "query"),
        ({"query": "word " * 300, "model": "minilm-l6"}, "query"),
        ({"query": None}, "query"),
        ({"top_n": 0}, "top_n"),
        ({"top": 5}, "top"),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_what_cannot_be_reranked_is_400_and_names_the_field(
    embeddings: httpx.Client, body: dict[str, object], param: str
) -> None:
    asked = {"query": QUERY, "documents": DOCUMENTS, **body}
    answer = embeddings.post(RERANK, content=json.dumps(asked), headers=JSON)
    error = refusal(answer, 400)
    assert str(error["param"]).startswith(param)
    assert "the query" not in error["message"]


def test_models_that_cannot_rerank_say_so(embeddings: httpx.Client) -> None:
    for model, status, code in (
        ("rerank-english-v3.0", 404, "model_not_found"),
        ("bge-m3", 404, "model_not_found"),
        ("my-resnet", 400, "unsupported_input"),
    ):
        asked = {"query": QUERY, "documents": DOCUMENTS, "model": model}
        assert refusal(embeddings.post(RERANK, json=asked), status)["code"] == code


# What is documented


def test_answers_are_as_documented(embeddings: httpx.Client, document: Document) -> None:
    for body in ({"input": "granite"}, {"input": ["a", "b"], "encoding_format": "base64"}):
        answer = embeddings.post(EMBEDDINGS, json=body).json()
        assert_documented(answer, "post", EMBEDDINGS, document)
    answer = embeddings.post(MULTIMODAL, json=[{"text": "granite"}]).json()
    assert_documented(answer, "post", MULTIMODAL, document)
    assert_documented(embeddings.get("/v1/models").json(), "get", "/v1/models", document)
    path = "/v1/models/{name}"
    assert_documented(embeddings.get("/v1/models/minilm-l6").json(), "get", path, document)
    for more in ({}, {"return_documents": True}):
        assert_documented(reranked(embeddings, **more), "post", RERANK, document)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (EMBEDDINGS, {"input": []}, 400),
        (EMBEDDINGS, {"input": "a", "model": "gpt-4o"}, 404),
        (EMBEDDINGS, {"input": "a" * (9 << 20)}, 413),
        (MULTIMODAL, {"image": "a"}, 400),
        (MULTIMODAL, {"image": "iVBORw0KGgo=", "model": "resnet-50"}, 503),
        (RERANK, {"query": "a", "documents": []}, 400),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_errors_are_as_documented(
    embeddings: httpx.Client, document: Document, path: str, body: object, status: int
) -> None:
    answer = embeddings.post(path, json=body)
    refusal(answer, status)
    assert_documented_error(answer.json(), status, "post", path, document)


def test_the_document_is_whole(document: Document) -> None:
    operations = [each for path in document["paths"].values() for each in path.values()]
    names = [each["operationId"] for each in operations]
    assert len(names) == len(set(names))
    assert {"embeddings", "multimodal_embeddings", "rerank", "list_models", "metrics"} <= set(names)
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for reference in references(document):
        found: Any = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]


def references(value: object) -> list[str]:
    """All that is referred to anywhere in a JSON value."""
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + references(list(value.values()))
    if isinstance(value, list):
        return [found for each in value for found in references(each)]
    return []


def test_only_what_embeddings_alone_can_do_is_offered(document: Document) -> None:
    paths = {path for path in document["paths"] if not path.startswith("/v1/")}
    assert paths == {"/metrics", "/health", "/ready"}


def test_requests_that_are_answered_are_documented(
    embeddings: httpx.Client, document: Document
) -> None:
    body = {"model": "imagenet-concepts", "encoding_format": "base64", "dimensions": 384}
    texts = [{**body, "input": each} for each in ("a", ["a", "b"], [15339], [[15339], [15339]])]
    items = [{**body, "text": "a"}, [{**body, "text": "a"}, {**body, "text": "b"}]]
    for path, bodies in ((EMBEDDINGS, texts), (MULTIMODAL, items)):
        form = form_of(path, document)
        for each in bodies:
            form.validate(each)
            ok(embeddings.post(path, json=each))
    given: object
    for given in (5, [], [[]], [1.5], ["a", 1], None):
        assert list(form_of(EMBEDDINGS, document).iter_errors({"input": given}))
    for given in (5, [], [5], {"colour": 5}):
        assert list(form_of(MULTIMODAL, document).iter_errors(given))


def form_of(path: str, document: Document) -> Draft202012Validator:
    """Of the bodies of a route."""
    body = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    return Draft202012Validator({**body["schema"], "components": document["components"]})
