"""LlamaIndex gets the library's vectors."""

from collections.abc import Iterator

import pytest

from tests.helpers.clients import Client, Refused, VectorsOf, assert_same, running
from tests.helpers.http import Serving
from tests.helpers.texts import SCRIPTS, hundred


@pytest.fixture(scope="module")
def llamaindex(served: Serving, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with running("use_llamaindex", served, tmp_path_factory.mktemp("llamaindex")) as client:
        yield client


@pytest.mark.parametrize("model", ["minilm-l6", "embed-minilm-l6"])
def test_queries_have_the_vectors_of_the_library(
    llamaindex: Client, vectors_of: VectorsOf, model: str
) -> None:
    for text in SCRIPTS:
        got = llamaindex("query", text=text, model_name=model)
        assert_same(got, vectors_of([_on_one_line(text)])[0])


@pytest.mark.parametrize("call", ["documents", "documents_async"])
@pytest.mark.parametrize("batch", [10, 100])
def test_documents_have_the_vectors_of_the_library(
    llamaindex: Client, vectors_of: VectorsOf, call: str, batch: int
) -> None:
    texts = hundred()
    got = llamaindex(call, texts=texts, model_name="minilm-l6", embed_batch_size=batch)
    assert_same(got, vectors_of([_on_one_line(text) for text in texts]))


def test_newlines_change_nothing(llamaindex: Client, vectors_of: VectorsOf) -> None:
    texts = ["drilling\nmud\n\n", "\nmud\r\nweighs\n1.35 kg/l"]
    got = llamaindex("documents", texts=texts, model_name="minilm-l6")
    assert_same(got, vectors_of(texts))


def test_a_document_that_is_too_long_is_an_error_unless_it_may_be_cut(
    llamaindex: Client, vectors_of: VectorsOf
) -> None:
    texts = ["drilling mud", "drilling mud " * 200]
    with pytest.raises(Refused) as refused:
        llamaindex("documents", texts=texts, model_name="minilm-l6")
    assert (refused.value.kind, refused.value.code, refused.value.param) == (
        "BadRequestError",
        "context_length_exceeded",
        "input[1]",
    )
    cut = {"extra_body": {"truncate": True}}
    got = llamaindex("documents", texts=texts, model_name="minilm-l6", additional_kwargs=cut)
    assert_same(got, vectors_of(texts))


def _on_one_line(text: str) -> str:
    """As LlamaIndex sends it."""
    return text.replace("\n", " ")
