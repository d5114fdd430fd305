"""LangChain gets the library's vectors: it sends tokens of cl100k_base, and texts if it is told."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import tiktoken

from embeddings.encoder import Vectors, normalise
from tests.helpers.clients import Client, Refused, VectorsOf, assert_same, running
from tests.helpers.http import Serving
from tests.helpers.texts import SCRIPTS, hundred

AS_TEXTS = {"check_embedding_ctx_length": False}


@pytest.fixture(scope="module")
def langchain(served: Serving, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with running("use_langchain", served, tmp_path_factory.mktemp("langchain")) as client:
        yield client


@pytest.mark.parametrize("options", [{}, AS_TEXTS], ids=["tokens", "texts"])
@pytest.mark.parametrize("model", ["minilm-l6", "embed-minilm-l6"])
def test_queries_have_the_vectors_of_the_library(
    langchain: Client, vectors_of: VectorsOf, model: str, options: dict[str, Any]
) -> None:
    for text in SCRIPTS:
        assert_same(langchain("query", text=text, model=model, **options), vectors_of([text])[0])


@pytest.mark.parametrize("options", [{}, AS_TEXTS], ids=["tokens", "texts"])
@pytest.mark.parametrize("call", ["documents", "documents_async"])
def test_documents_have_the_vectors_of_the_library(
    langchain: Client, vectors_of: VectorsOf, call: str, options: dict[str, Any]
) -> None:
    texts = hundred()
    got = langchain(call, texts=texts, model="minilm-l6", **options)
    assert_same(got, vectors_of(texts))


def test_documents_go_in_as_many_requests_as_it_likes(
    langchain: Client, vectors_of: VectorsOf
) -> None:
    texts = hundred()
    got = langchain("documents", texts=texts, model="minilm-l6", chunk_size=7)
    assert_same(got, vectors_of(texts))


def test_a_long_document_that_it_splits_is_the_mean_of_the_pieces_that_the_tokens_spell(
    langchain: Client, vectors_of: VectorsOf, cl100k: tiktoken.Encoding
) -> None:
    texts = [" ".join([text] * 8) for text in SCRIPTS]
    got = langchain("documents", texts=texts, model="minilm-l6", embedding_ctx_length=50)
    pieces = [_pieces(cl100k.encode_ordinary(text), 50) for text in texts]
    assert any(_is_cut(piece, cl100k) for each in pieces for piece in each)
    assert_same(got, np.stack([_mean(each, cl100k, vectors_of) for each in pieces]))


def test_a_document_may_be_split_so_that_a_piece_is_only_part_of_a_character(
    langchain: Client, vectors_of: VectorsOf, cl100k: tiktoken.Encoding
) -> None:
    text = "drilling mud🙂"
    tokens = cl100k.encode_ordinary(text)
    length = len(tokens) - 1
    assert cl100k.decode_bytes(tokens[length:]).decode(errors="ignore") == ""
    got = langchain("documents", texts=[text], model="minilm-l6", embedding_ctx_length=length)
    pieces = vectors_of(["drilling mud", "\ufffd"])
    assert_same(got, normalise(np.average(pieces, axis=0, weights=[length, 1]))[None])


def test_a_document_that_is_too_long_is_an_error_unless_it_may_be_cut(
    langchain: Client, vectors_of: VectorsOf
) -> None:
    texts = ["drilling mud", "drilling mud " * 200]
    with pytest.raises(Refused) as refused:
        langchain("documents", texts=texts, model="minilm-l6")
    assert (refused.value.kind, refused.value.code, refused.value.param) == (
        "BadRequestError",
        "context_length_exceeded",
        "input[1]",
    )
    cut = {"extra_body": {"truncate": True}}
    got = langchain("documents", texts=texts, model="minilm-l6", model_kwargs=cut)
    assert_same(got, vectors_of(texts))


def test_a_document_without_a_word_is_an_error(langchain: Client) -> None:
    for text in ("", " \n"):
        with pytest.raises(Refused) as refused:
            langchain("documents", texts=["drilling mud", text], model="minilm-l6")
        assert (refused.value.kind, refused.value.code) == ("BadRequestError", "invalid_input")


def _pieces(tokens: list[int], length: int) -> list[list[int]]:
    return [tokens[start : start + length] for start in range(0, len(tokens), length)]


def _is_cut(piece: list[int], cl100k: tiktoken.Encoding) -> bool:
    """Whether a character was cut by cutting here."""
    data = cl100k.decode_bytes(piece)
    return data.decode(errors="ignore").encode() != data


def _mean(pieces: list[list[int]], cl100k: tiktoken.Encoding, vectors_of: VectorsOf) -> Vectors:
    texts = [cl100k.decode_bytes(piece).decode(errors="ignore") for piece in pieces]
    weights = [len(piece) for piece in pieces]
    return normalise(np.average(vectors_of(texts), axis=0, weights=weights))
