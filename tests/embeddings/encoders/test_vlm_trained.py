"""A small SmolVLM that has learnt drawings, through the code that loads the hub's."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from embeddings import VisionLanguageEmbedder
from embeddings.encoders.vlm import VisionLanguageEncoder
from embeddings.pooling import EmbeddingType, Pooling, VlmInput
from embeddings.runtime import Runtime
from scripts.tiny.clip import THINGS
from scripts.tiny.drawing import draw_shape
from scripts.tiny.vlm import QUESTIONS
from tests.helpers.media import Picture
from tests.helpers.own_models import use_models
from tests.helpers.tiny_models import VLM, tiny_vlm

NUM_EACH = 4
NAMES = [" ".join(thing) for thing in THINGS]


@pytest.fixture(scope="module")
def encoder(models: Path) -> VisionLanguageEncoder:
    runtime = Runtime(models, num_threads=1, model_dir=tiny_vlm(), precision="float32")
    return VisionLanguageEncoder(VLM, runtime)


@pytest.fixture(scope="module")
def pictures() -> list[Picture]:
    """NUM_EACH drawings of each of THINGS, in their order."""
    rng = np.random.default_rng(5)
    return [draw_shape(*thing, 150, rng) for thing in THINGS for _ in range(NUM_EACH)]


def share_found(
    encoder: VisionLanguageEncoder, pictures: list[Picture], texts: EmbeddingType, of: EmbeddingType
) -> float:
    """The share of THINGS whose nearest drawing, by its name, shows it."""
    queries = encoder.embed([VlmInput(f"a photo of a {name}") for name in NAMES], Pooling(texts))
    items = encoder.embed([VlmInput(images=(picture,)) for picture in pictures], Pooling(of))
    scores = np.array([q.vector for q in queries]) @ np.array([i.vector for i in items]).T
    nearest = scores.round(5).argmax(axis=1) // NUM_EACH
    return float((nearest == np.arange(len(NAMES))).mean())


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_it_writes_of_a_drawing_is_what_is_drawn(
    question: str, encoder: VisionLanguageEncoder, pictures: list[Picture]
) -> None:
    written = encoder.describe(pictures, question)
    names = np.repeat(NAMES, NUM_EACH)
    right = [line == f"a drawing of a {name}" for line, name in zip(written, names, strict=True)]
    assert np.mean(right) >= 0.85


def test_texts_find_drawings_by_the_last_token_and_by_the_first_none(
    encoder: VisionLanguageEncoder, pictures: list[Picture]
) -> None:
    assert share_found(encoder, pictures, "last", "last") >= 0.8
    assert share_found(encoder, pictures, "multi_layer", "multi_layer") >= 0.8
    assert share_found(encoder, pictures, "cls", "cls") <= 1 / len(NAMES) + 0.01


def test_a_text_beside_a_picture_changes_what_it_sums_up(encoder: VisionLanguageEncoder) -> None:
    picture = draw_shape("red", "circle", 150, np.random.default_rng(1))
    seen, both, told = (
        each.vector
        for each in encoder.embed(
            [
                VlmInput(images=(picture,)),
                VlmInput("a blue square", (picture,)),
                VlmInput("a blue square"),
            ]
        )
    )
    assert both @ told > seen @ told


def test_a_program_has_pictures_described_by_the_key_of_its_space(
    monkeypatch: pytest.MonkeyPatch, models: Path
) -> None:
    use_models(monkeypatch, models, tiny_vlm())
    picture = draw_shape("blue", "square", 200, np.random.default_rng(3))
    embedder = VisionLanguageEmbedder("tiny-vlm")
    assert embedder.describe(Pillow.fromarray(picture)) == ["a drawing of a blue square"]
