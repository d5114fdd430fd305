"""The embedding service over other models than the bundled, and how models come and go."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embeddings.encoder import Vectors
from embeddings.errors import InvalidSettings, NoTextQuery, WeightsCorrupt, WeightsMissing
from embeddings.loaded import Encoders
from embeddings.registry.spaces import SPACES
from embeddings.runtime import Runtime
from embeddings.service import EmbeddingService
from tests.helpers.media import drawn
from tests.helpers.own_models import declare_stand_in
from tests.helpers.services import embedding_service, embedding_settings
from tests.helpers.tiny_models import THINGS, drawings, tiny_models

TEXT, VISION = SPACES["minilm-l6"], SPACES["imagenet-concepts"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An E5 with its prompts, and a ResNet-50, with weights drawn at random."""
    folder = tmp_path_factory.mktemp("stand-ins")
    prompts = {"query": "query: {}", "item": "passage: {}"}
    declare_stand_in(
        SPACES["e5-large"], folder, family="sentence_transformer", key="my-e5", **prompts
    )
    declare_stand_in(SPACES["resnet-50"], folder, family="image_features", key="my-resnet")
    return folder


@pytest.fixture(scope="module")
def service(models: Path, folder: Path) -> Iterator[EmbeddingService]:
    with embedding_service(models, model_dir=folder) as made:
        yield made


@pytest.fixture(scope="module")
def library(models: Path, folder: Path) -> Encoders:
    return Encoders(Runtime(models, model_dir=folder, precision="float32"))


def text(service: EmbeddingService, given: str, space: str = TEXT.key) -> Vectors:
    found = asyncio.run(service.embed_texts([given], service.find_space(space), use_cache=False))
    vector: Vectors = found.vectors[0]
    return vector


# Other models


def test_resnet_takes_pictures_and_refuses_texts(
    service: EmbeddingService, library: Encoders
) -> None:
    space = service.find_space("my-resnet")
    pictures = [drawn(1), drawn(2, (40, 90))]
    found = asyncio.run(service.embed_images(pictures, space))
    assert found.vectors.shape == (2, 2048)
    np.testing.assert_allclose(found.vectors, library.encode_items(space, pictures), atol=1e-6)
    with pytest.raises(NoTextQuery, match="my-resnet"):
        text(service, "a red circle", "my-resnet")


def test_clip_takes_both_and_they_are_alike_where_they_show_the_same(models: Path) -> None:
    with embedding_service(models, model_dir=tiny_models()) as service:
        space = service.find_space("tiny-clip")
        asked = [f"a {colour} {shape}" for colour, shape in THINGS]
        texts = asyncio.run(service.embed_texts(asked, space)).vectors
        pictures = asyncio.run(service.embed_images(drawings(), space)).vectors
    assert (texts @ pictures.T).argmax(axis=1).tolist() == [0, 1, 2, 3]


def test_queries_and_documents_of_a_model_with_prompts_differ_and_are_cached_apart(
    service: EmbeddingService, library: Encoders
) -> None:
    space = service.find_space("my-e5")

    async def ask() -> list[tuple[Vectors, int]]:
        found = [
            await service.embed_texts(["granite"], space, input_type=kind)
            for kind in ("query", "document", "query", "document")
        ]
        return [(each.vectors, each.num_tokens) for each in found]

    (query, of_query), (document, of_document), *again = asyncio.run(ask())
    np.testing.assert_allclose(query, library.encode_queries(space, ["granite"]), atol=1e-6)
    np.testing.assert_allclose(document, library.encode_items(space, ["granite"]), atol=1e-6)
    assert np.abs(query - document).max() > 1e-3
    assert [(found.tolist(), num) for found, num in again] == [
        (query.tolist(), of_query),
        (document.tolist(), of_document),
    ]
    # letters are the words of this model; what it reads has two marks, too
    assert (of_query, of_document) == (len("query:granite") + 2, len("passage:granite") + 2)


# Models that are not there, or not whole


def test_a_model_that_is_not_there_says_how_to_get_it_and_the_others_go_on(
    service: EmbeddingService,
) -> None:
    for _again in range(2):
        with pytest.raises(WeightsMissing, match=r"bge-m3.*python -m embeddings pull"):
            text(service, "granite", "bge-m3")
    assert text(service, "granite").shape == (384,)


def test_a_model_with_other_weights_than_were_pinned_gives_no_vectors(
    service: EmbeddingService,
) -> None:
    for _again in range(2):
        with pytest.raises(WeightsCorrupt, match="SHA-256"):
            text(service, "granite", "e5-large")
    assert not service.encoders.is_loaded(SPACES["e5-large"])
    assert text(service, "granite", "my-e5").shape == (1024,)


def test_a_model_that_is_put_in_place_later_is_found(models: Path, tmp_path: Path) -> None:
    declare_stand_in(SPACES["bge-large-en"], tmp_path, family="sentence_transformer", key="my-bge")
    weights = tmp_path / SPACES["bge-large-en"].hub_weights.name / "model.safetensors"
    content = weights.read_bytes()
    with embedding_service(models, model_dir=tmp_path) as service:
        weights.unlink()
        with pytest.raises(WeightsMissing):
            text(service, "granite", "my-bge")
        weights.write_bytes(content)
        assert text(service, "granite", "my-bge").shape == (1024,)


# When models are loaded


def test_models_are_loaded_when_first_used_and_freed_by_cleanup(models: Path) -> None:
    with embedding_service(models) as service:
        is_loaded = service.encoders.is_loaded
        assert not is_loaded(TEXT)
        before = text(service, "granite")
        assert is_loaded(TEXT)
        assert not is_loaded(VISION)
        for _again in range(2):
            asyncio.run(service.cleanup())
            assert not is_loaded(TEXT)
        np.testing.assert_array_equal(text(service, "granite"), before)
        assert is_loaded(TEXT)


def test_callers_at_once_load_a_model_once(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from embeddings.encoders import minilm

    loaded: list[str] = []
    load = minilm.load

    def noting(space: Any, of: Any) -> Any:
        loaded.append(space.key)
        return load(space, of)

    monkeypatch.setattr(minilm, "load", noting)
    with embedding_service(models) as service:

        async def ask_at_once() -> list[Vectors]:
            return await asyncio.gather(
                *(service.get_instruction_embedding("granite", use_cache=False) for _ in range(8))
            )

        for vector in asyncio.run(ask_at_once())[1:]:
            assert vector.shape == (384,)
    assert loaded == ["minilm-l6"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"text_model_name": "nope"}, "EMBEDDING_TEXT_MODEL_NAME: no space or model"),
        ({"text_model_name": "resnet-50"}, "EMBEDDING_TEXT_MODEL_NAME: resnet-50 takes"),
        ({"image_model_name": "fast"}, "EMBEDDING_IMAGE_MODEL_NAME: minilm-l6 takes no"),
    ],
)
def test_a_setting_that_names_no_model_of_its_kind_is_told_by_its_name(
    changed: dict[str, str], said: str, models: Path
) -> None:
    with pytest.raises(InvalidSettings, match=said):
        EmbeddingService(settings=embedding_settings(models, **changed))
