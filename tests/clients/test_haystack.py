"""Haystack gets the library's vectors."""

from collections.abc import Iterator

import pytest

from embeddings.loaded import Encoders
from embeddings.registry.spaces import SPACES
from tests.helpers.clients import Client, Refused, VectorsOf, assert_same, running
from tests.helpers.http import Serving
from tests.helpers.texts import SCRIPTS, hundred


@pytest.fixture(scope="module")
def haystack(served: Serving, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with running("use_haystack", served, tmp_path_factory.mktemp("haystack")) as client:
        yield client


@pytest.mark.parametrize("model", ["minilm-l6", "embed-minilm-l6"])
def test_queries_have_the_vectors_of_the_library(
    haystack: Client, vectors_of: VectorsOf, model: str
) -> None:
    for text in SCRIPTS:
        got = haystack("query", text=text, model=model)["embedding"]
        assert_same(got, vectors_of([text])[0])


@pytest.mark.parametrize("call", ["documents", "documents_async"])
def test_documents_have_the_vectors_of_the_library(
    haystack: Client, vectors_of: VectorsOf, encoders: Encoders, call: str
) -> None:
    texts = hundred()
    got = haystack(call, texts=texts, model="minilm-l6")
    assert_same(got["embeddings"], vectors_of(texts))
    read = sum(encoders.text_encoder(SPACES["minilm-l6"]).num_tokens(texts, "document"))
    assert got["meta"]["usage"] == {"prompt_tokens": read, "total_tokens": read}


def test_documents_go_in_as_many_requests_as_it_likes(
    haystack: Client, vectors_of: VectorsOf
) -> None:
    texts = hundred()
    got = haystack("documents", texts=texts, model="minilm-l6", batch_size=7)
    assert_same(got["embeddings"], vectors_of(texts))


def test_a_document_that_is_too_long_is_an_error(haystack: Client) -> None:
    with pytest.raises(Refused) as refused:
        haystack("documents", texts=["mud", "drilling mud " * 200], model="minilm-l6")
    assert (refused.value.kind, refused.value.code, refused.value.param) == (
        "BadRequestError",
        "context_length_exceeded",
        "input[1]",
    )
