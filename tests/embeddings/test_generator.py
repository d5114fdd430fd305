"""Text models by what they are good for, and CLIP with pictures by their paths."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from embeddings.embedders import TextEmbedder
from embeddings.errors import NoTextQuery, PictureUnreadable, UnknownSpace, WeightsMissing
from embeddings.generator import (
    EmbeddingGenerator,
    Quality,
    get_clip_model,
    get_embedding_generator,
)
from embeddings.loaded import Encoders
from tests.helpers.own_models import use_models
from tests.helpers.tiny_models import CLIP, THINGS, drawings, tiny_models


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch, models: Path) -> None:
    use_models(monkeypatch, models, tiny_models())


def test_a_generator_gives_the_vectors_of_its_model() -> None:
    generator = EmbeddingGenerator("all-MiniLM-L6-v2", device="cpu")
    texts = ["granite", "a cat"]
    expected = TextEmbedder().encode(texts)
    assert generator.dimension == 384
    np.testing.assert_allclose(generator.generate(texts), expected, atol=1e-5)
    np.testing.assert_allclose(generator.encode(texts), expected, atol=1e-5)
    assert generator.generate("granite").shape == (1, 384)


@pytest.mark.parametrize(
    ("quality", "key"), [("fast", "minilm-l6"), ("balanced", "mpnet-base"), ("quality", "bge-m3")]
)
def test_each_quality_is_the_documented_model(quality: Quality, key: str) -> None:
    assert get_embedding_generator(quality).space.key == key


def test_another_quality_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UnknownSpace, match=r"'best'; there are: fast, balanced, quality"):
        get_embedding_generator("best")  # type: ignore[arg-type]


def test_a_generator_whose_model_is_not_here_says_what_to_do() -> None:
    with pytest.raises(WeightsMissing, match="embeddings pull BAAI/bge-m3"):
        get_embedding_generator("quality").generate(["granite"])


def test_clip_is_vit_b_32_and_says_when_its_weights_are_missing() -> None:
    model = get_clip_model()
    assert (model.space.key, model.dimension) == ("clip-b32", 512)
    with pytest.raises(WeightsMissing, match="embeddings pull openai/clip-vit-base-patch32"):
        model.encode_text("a red circle")


def test_a_picture_has_the_same_vector_by_its_path_and_in_memory(
    tmp_path: Path, tiny_encoders: Encoders
) -> None:
    model, image = get_clip_model("tiny-clip"), drawings()[0]
    path = tmp_path / "red circle.png"
    Pillow.fromarray(image).save(path)
    expected = tiny_encoders.encode_items(CLIP, [image])[0]
    for form in (path, str(path), path.read_bytes(), Pillow.open(path), image):
        found = model.encode_image(form)
        assert (found.shape, found.dtype) == ((64,), np.dtype(np.float32))
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_text_finds_the_picture_that_it_names() -> None:
    model = get_clip_model("tiny-clip")
    pictures = np.stack([model.encode_image(image) for image in drawings()])
    for number, (colour, shape) in enumerate(THINGS):
        assert int(np.argmax(pictures @ model.encode_text(f"{colour} {shape}"))) == number


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    model = get_clip_model("tiny-clip")
    with pytest.raises(PictureUnreadable, match=r"gone\.png cannot be read: No such file"):
        model.encode_image(tmp_path / "gone.png")
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(PictureUnreadable, match="no picture that can be read"):
        model.encode_image(tmp_path / "text.png")


def test_features_are_no_clip() -> None:
    with pytest.raises(NoTextQuery, match="resnet-50"):
        get_clip_model("resnet-50").encode_text("red circle")
