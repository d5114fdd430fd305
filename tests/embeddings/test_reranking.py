"""Reranking: by a model that reads a query and a document together, or by their vectors."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from embeddings.errors import (
    BlankText,
    InputRefused,
    ItemFailed,
    NoTextQuery,
    TextTooLong,
    UnknownSpace,
    WeightsCorrupt,
    WeightsMissing,
)
from embeddings.registry.pins import MS_MARCO_MINILM
from embeddings.reranking import Reranked, rerank
from embeddings.service import EmbeddingService
from tests.helpers.services import embedding_service
from tests.helpers.stand_ins import make_cross_encoder

QUERY = "where is the drill?"
DOCUMENTS = [
    "A cat sleeps on the sofa.",
    "The drill stands by the river.",
    "Stock prices fell.",
    "The drill stands by the river.",
    "rock " * 60,
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cross-encoder with weights drawn at random."""
    folder = tmp_path_factory.mktemp("models")
    make_cross_encoder(folder / MS_MARCO_MINILM.name)
    return folder


@pytest.fixture(scope="module")
def service(models: Path, folder: Path) -> Iterator[EmbeddingService]:
    with embedding_service(models, model_dir=folder) as made:
        yield made


def reranked(
    service: EmbeddingService,
    query: str = QUERY,
    documents: list[str] = DOCUMENTS,
    model: str | None = None,
    truncate: bool = False,
) -> Reranked:
    return asyncio.run(rerank(service, query, documents, model, truncate=truncate))


def test_scores_are_the_chances_that_the_cross_encoder_gives(
    service: EmbeddingService, folder: Path
) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folder / MS_MARCO_MINILM.name)
    model = AutoModelForSequenceClassification.from_pretrained(folder / MS_MARCO_MINILM.name)
    expected, num_tokens = [], 0
    for document in DOCUMENTS:
        read = tokenizer(QUERY, document, return_tensors="pt")
        num_tokens += read["input_ids"].shape[1]
        with torch.inference_mode():
            expected.append(torch.sigmoid(model(**read).logits)[0, 0].item())
    found = reranked(service)
    np.testing.assert_allclose(found.scores, expected, atol=1e-5)
    assert len(set(np.round(expected, 4))) == 4, "they tell the documents apart"
    assert found.scores[1] == found.scores[3]
    assert found.num_tokens == num_tokens
    assert found.model == "cross-encoder/ms-marco-MiniLM-L6-v2"
    assert found.truncated == ()


@pytest.mark.parametrize("name", ["ms-marco-MiniLM-L6-v2", "embed-" + MS_MARCO_MINILM.repo])
def test_the_cross_encoder_may_be_named(service: EmbeddingService, name: str) -> None:
    np.testing.assert_array_equal(reranked(service, model=name).scores, reranked(service).scores)


def test_queries_at_once_do_not_get_each_others_scores(service: EmbeddingService) -> None:
    queries = [f"{'rocks ' * (number % 5)}{number}?" for number in range(40)]

    async def ask_at_once() -> list[Reranked]:
        return await asyncio.gather(*(rerank(service, each, DOCUMENTS) for each in queries))

    together = asyncio.run(ask_at_once())
    alone = [reranked(service, query).scores for query in queries]
    np.testing.assert_allclose([found.scores for found in together], alone, atol=1e-5)
    assert np.abs(np.diff(alone, axis=0)).max(axis=1).min() > 1e-3, "they tell queries apart"


def test_vectors_rerank_by_their_cosine(service: EmbeddingService) -> None:
    found = reranked(service, model="minilm-l6")
    vectors = asyncio.run(service.embed_texts([QUERY, *DOCUMENTS], service.text_space)).vectors
    np.testing.assert_allclose(found.scores, vectors[1:] @ vectors[0], atol=1e-5)
    assert found.scores.argmax() in (1, 3)
    assert found.model == "sentence-transformers/all-MiniLM-L6-v2"
    of_parts = [asyncio.run(service.embed_texts([each], service.text_space)).num_tokens
                for each in (QUERY, *DOCUMENTS)]  # fmt: skip
    assert found.num_tokens == sum(of_parts)


@pytest.mark.parametrize("model", [None, "minilm-l6"])
def test_a_document_that_is_too_long_is_refused_or_cut_by_its_place(
    service: EmbeddingService, model: str | None
) -> None:
    documents = ["short", "word " * 600, "short"]
    with pytest.raises(TextTooLong) as refused:
        reranked(service, documents=documents, model=model)
    assert refused.value.position == 1
    assert reranked(service, documents=documents, model=model, truncate=True).truncated == (1,)


@pytest.mark.parametrize("model", [None, "minilm-l6"])
@pytest.mark.parametrize("wrong", ["", " \n", "\ud800"], ids=ascii)
def test_what_is_no_text_is_refused_by_its_place(
    service: EmbeddingService, model: str | None, wrong: str
) -> None:
    with pytest.raises(BlankText if wrong.isspace() or not wrong else InputRefused) as refused:
        reranked(service, documents=["a", "b", wrong], model=model)
    assert refused.value.position == 2
    with pytest.raises(InputRefused, match="the query"):
        reranked(service, query=wrong, model=model)


@pytest.mark.parametrize("model", [None, "minilm-l6"])
def test_no_documents_have_no_scores(service: EmbeddingService, model: str | None) -> None:
    assert reranked(service, documents=[], model=model).scores.shape == (0,)


def test_a_query_that_is_too_long_for_its_vector_is_said_to_be(service: EmbeddingService) -> None:
    with pytest.raises(TextTooLong, match="the query"):
        reranked(service, query="word " * 300, model="minilm-l6")


def test_models_that_cannot_rerank_are_refused(service: EmbeddingService) -> None:
    with pytest.raises(UnknownSpace):
        reranked(service, model="cohere-rerank-v3")
    with pytest.raises(NoTextQuery):
        reranked(service, model="resnet-50")


def test_a_score_that_is_no_number_is_an_error(models: Path, tmp_path: Path) -> None:
    make_cross_encoder(tmp_path / MS_MARCO_MINILM.name)
    path = tmp_path / MS_MARCO_MINILM.name / "model.safetensors"
    tensors = load_file(path)
    tensors["classifier.bias"][:] = float("nan")
    save_file(tensors, path, {"format": "pt"})
    with embedding_service(models, model_dir=tmp_path) as made, pytest.raises(ItemFailed):
        reranked(made)


def test_without_the_whole_cross_encoder_nothing_else_scores_in_its_name(
    models: Path, tmp_path: Path
) -> None:
    with embedding_service(models, model_dir=tmp_path) as made:
        with pytest.raises(WeightsMissing, match="pull cross-encoder/ms-marco"):
            reranked(made)
        make_cross_encoder(tmp_path / MS_MARCO_MINILM.name)
        path = tmp_path / MS_MARCO_MINILM.name / "model.safetensors"
        tensors = load_file(path)
        left_out = {name: each for name, each in tensors.items() if "classifier" not in name}
        save_file(left_out, path, {"format": "pt"})
        with pytest.raises(WeightsCorrupt, match="classifier"):
            reranked(made)
