"""TextEmbedder, ImageEmbedder, MultimodalEmbedder: the library's vectors, as plain objects."""

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as Pillow

from embeddings.embedders import ImageEmbedder, MultimodalEmbedder, TextEmbedder
from embeddings.encoder import Vectors
from embeddings.errors import (
    DimensionMismatch,
    EmbeddingError,
    InvalidVector,
    NoTextQuery,
    PictureUnreadable,
    UnknownSpace,
    WeightsMissing,
)
from embeddings.loaded import Encoders
from embeddings.registry.spaces import SPACES
from embeddings.runtime import Runtime
from tests.helpers.media import drawn
from tests.helpers.own_models import declare_stand_in, use_models
from tests.helpers.tiny_models import CLIP, THINGS, drawings, tiny_models

TEXTS = ["granite", "A cat sleeps on the sofa.", "Ein Zug fährt ab. 列车晚点了。 🚂", ""]


@pytest.fixture(autouse=True)
def _bundled(monkeypatch: pytest.MonkeyPatch, models: Path) -> None:
    use_models(monkeypatch, models)


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch, models: Path) -> None:
    use_models(monkeypatch, models, tiny_models())


@pytest.fixture(scope="module")
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An E5 with its prompts, and a ResNet-50, with weights drawn at random."""
    folder = tmp_path_factory.mktemp("stand-ins")
    prompts = {"query": "query: {}", "item": "passage: {}"}
    declare_stand_in(
        SPACES["e5-large"], folder, family="sentence_transformer", key="my-e5", **prompts
    )
    declare_stand_in(SPACES["resnet-50"], folder, family="image_features", key="my-resnet")
    return folder


@pytest.fixture
def with_stand_ins(monkeypatch: pytest.MonkeyPatch, models: Path, stand_ins: Path) -> None:
    use_models(monkeypatch, models, stand_ins)


def png(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    Pillow.fromarray(image).save(file, "PNG")
    return file.getvalue()


def axis(number: int, length: float = 1.0) -> Vectors:
    vector = np.zeros(384, np.float32)
    vector[number] = length
    return vector


def test_texts_get_the_vectors_that_the_library_has(encoders: Encoders) -> None:
    expected = encoders.encode_items(SPACES["minilm-l6"], TEXTS)
    found = TextEmbedder().encode(TEXTS)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_one_text_is_a_row_alone_and_no_texts_are_no_rows() -> None:
    embedder = TextEmbedder()
    assert embedder.encode("granite").shape == (1, embedder.dimension) == (1, 384)
    assert embedder.encode([]).shape == (0, 384)
    np.testing.assert_array_equal(embedder.encode("granite")[0], embedder.encode_single("granite"))


@pytest.mark.parametrize("name", ["minilm-l6", "fast", "all-MiniLM-L6-v2"])
def test_a_model_goes_by_its_key_its_name_and_what_it_is_good_for(name: str) -> None:
    assert TextEmbedder(name).space is SPACES["minilm-l6"]


def test_a_model_that_there_is_not_is_told_at_once() -> None:
    with pytest.raises(UnknownSpace, match=r"'word2vec'; there are: minilm-l6, "):
        TextEmbedder("word2vec")
    with pytest.raises(UnknownSpace, match=r"minilm-l6 .* images; what has: imagenet-concepts, "):
        ImageEmbedder("minilm-l6")
    with pytest.raises(NoTextQuery, match="resnet-50"):
        TextEmbedder("resnet-50")


def test_a_model_that_is_not_here_is_told_when_it_is_used() -> None:
    embedder = TextEmbedder("bge-m3")
    with pytest.raises(WeightsMissing, match="embeddings pull BAAI/bge-m3"):
        embedder.encode("granite")


def test_texts_that_mean_the_same_are_more_alike_than_others() -> None:
    similarity = TextEmbedder().similarity
    assert similarity("granite", "granite") == pytest.approx(1)
    alike = similarity("A cat sleeps on the sofa.", "a kitten naps on the couch")
    assert alike > similarity("A cat sleeps on the sofa.", "shares fell sharply") + 0.4


def test_similarity_takes_vectors_of_any_length_in_place_of_texts() -> None:
    embedder = TextEmbedder()
    assert embedder.similarity(axis(0, 3), axis(0, 2) + axis(1, 2)) == pytest.approx(0.5**0.5)
    assert embedder.similarity("granite", 5 * embedder.encode_single("granite")) == pytest.approx(1)
    with pytest.raises(DimensionMismatch, match="384, got 3"):
        embedder.similarity("granite", np.ones(3, np.float32))
    with pytest.raises(InvalidVector, match="not finite"):
        embedder.similarity("granite", axis(0, float("nan")))


def test_what_the_tokenizer_is_given_is_shown(with_stand_ins: None) -> None:
    assert TextEmbedder().preprocess(" Granite {} ") == " Granite {} "
    assert TextEmbedder("my-e5").preprocess("granite") == "passage: granite"
    assert TextEmbedder("my-e5", input_type="query").preprocess("granite") == "query: granite"


def test_a_query_is_read_with_the_prompt_of_queries(
    with_stand_ins: None, models: Path, stand_ins: Path
) -> None:
    query = TextEmbedder("my-e5", input_type="query").encode_single("granite")
    document = TextEmbedder("my-e5").encode_single("granite")
    encoders = Encoders(Runtime(models, model_dir=stand_ins))
    space = encoders.spaces["my-e5"]
    np.testing.assert_allclose(query, encoders.encode_query(space, "granite"), atol=1e-5)
    np.testing.assert_allclose(document, encoders.encode_items(space, ["granite"])[0], atol=1e-5)
    assert np.abs(query - document).max() > 1e-3


def test_metadata_says_what_made_a_vector() -> None:
    embedder = TextEmbedder()
    found = embedder.encode_with_metadata("drilling in granite")
    np.testing.assert_array_equal(found.vector, embedder.encode_single("drilling in granite"))
    assert (found.space, found.dimension) == ("minilm-l6", 384)
    assert found.model == "sentence-transformers/all-MiniLM-L6-v2"
    assert found.revision == SPACES["minilm-l6"].revision
    assert (found.num_tokens, found.truncated) == (5, False)  # three words and two marks


def test_metadata_says_that_a_text_was_cut_and_how_long_it_was() -> None:
    embedder = TextEmbedder()
    fits, cut = embedder.encode_with_metadata(["rock " * 254, "rock " * 300])
    assert (fits.num_tokens, fits.truncated) == (256, False)
    assert (cut.num_tokens, cut.truncated) == (302, True)
    np.testing.assert_allclose(cut.vector, fits.vector, atol=1e-5)


def test_a_text_in_a_space_of_pictures_is_a_query(tiny: None, tiny_encoders: Encoders) -> None:
    embedder = TextEmbedder("tiny-clip")
    query = tiny_encoders.encode_query(CLIP, "red circle")
    np.testing.assert_allclose(embedder.encode_single("red circle"), query, atol=1e-5)
    assert embedder.preprocess("red circle") == "a photo of red circle"
    assert (
        TextEmbedder("imagenet-concepts").encode_with_metadata("cat").model.endswith("MiniLM-L6-v2")
    )


def test_a_device_that_is_not_there_is_told(tiny: None) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is one here")
    with pytest.raises(EmbeddingError, match="cuda"):
        TextEmbedder("tiny-clip", device="cuda").encode("red circle")


def test_the_device_is_that_of_the_environment_unless_named(
    tiny: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMBEDDING_DEVICE", "cuda" if not torch.cuda.is_available() else "mps")
    with pytest.raises(EmbeddingError, match="finds none here"):
        TextEmbedder("tiny-clip").encode("red circle")
    TextEmbedder("tiny-clip", device="cpu").encode("red circle")


def test_a_picture_has_one_vector_and_one_hash_in_whatever_form(encoders: Encoders) -> None:
    image = drawn(1, (64, 36))
    embedder = ImageEmbedder()
    (expected,) = encoders.encode_items(SPACES["imagenet-concepts"], [image])
    digest = hashlib.sha256(b"36x64" + image.tobytes()).hexdigest()
    for form in (image, Pillow.fromarray(image), png(image)):
        found = embedder.encode_with_metadata(form)
        np.testing.assert_allclose(found.vector, expected, atol=1e-5)
        assert found.image_hash == digest
        assert (found.width, found.height) == (64, 36)
        assert (found.space, found.dimension) == ("imagenet-concepts", 384)
        assert found.revision == SPACES["imagenet-concepts"].revision


def test_pictures_of_other_pixels_or_another_shape_have_another_hash() -> None:
    image = drawn(1, (64, 36))
    other = image.copy()
    other[0, 0, 0] ^= 1
    found = ImageEmbedder().encode_with_metadata([image, other, image.reshape(64, 36, 3)])
    assert len({each.image_hash for each in found}) == 3


def test_pictures_become_rows_in_their_order() -> None:
    embedder = ImageEmbedder()
    images = [drawn(seed, (64, 36)) for seed in range(3)]
    found = embedder.encode(images)
    assert found.shape == (3, embedder.dimension)
    for image, row in zip(images, found, strict=True):
        np.testing.assert_allclose(embedder.encode_single(image), row, atol=1e-5)
    assert embedder.encode([]).shape == (0, 384)


def test_a_picture_is_most_like_itself() -> None:
    first, second = drawn(1, (64, 36)), drawn(2, (64, 36))
    embedder = ImageEmbedder()
    assert embedder.similarity(first, png(first)) == pytest.approx(1)
    assert embedder.similarity(first, second) < 0.99
    assert embedder.similarity(first, embedder.encode_single(first)) == pytest.approx(1)


def test_what_the_model_is_given_of_a_picture_is_shown() -> None:
    grey = np.full((3, 2), 7, np.uint8)
    assert ImageEmbedder().preprocess(grey).tolist() == [[[7, 7, 7]] * 2] * 3


def test_a_picture_that_cannot_be_read_is_named() -> None:
    with pytest.raises(PictureUnreadable, match=r"^item 1: "):
        ImageEmbedder().encode([drawn(1, (8, 8)), b"no picture"])
    with pytest.raises(PictureUnreadable, match=r"^this is no picture"):
        ImageEmbedder().encode(b"no picture")


def test_a_text_is_nearest_to_the_picture_that_it_names(tiny: None) -> None:
    embedder = MultimodalEmbedder("tiny-clip")
    pictures = np.stack([embedder.encode(image=image) for image in drawings()])
    for number, (colour, shape) in enumerate(THINGS):
        assert int(np.argmax(pictures @ embedder.encode(f"{colour} {shape}"))) == number


def test_a_text_with_a_picture_lies_between_both(tiny: None) -> None:
    embedder = MultimodalEmbedder("tiny-clip")
    text, image = embedder.encode("red circle"), embedder.encode(image=drawings()[1])
    both = embedder.encode("red circle", drawings()[1])
    assert both @ text == pytest.approx(both @ image, abs=1e-5)
    assert both @ text > text @ image
    with pytest.raises(ValueError, match="a text, a picture, or both"):
        embedder.encode()


@pytest.mark.parametrize(
    ("weight", "expected"), [(0.5, (1, 1)), (0.8, (4, 1)), (0.0, (0, 1)), (1.0, (1, 0))]
)
def test_fused_vectors_are_weighted_whatever_their_lengths(
    weight: float, expected: tuple[float, float]
) -> None:
    fused = MultimodalEmbedder().fuse_embeddings(axis(0, 5), axis(1, 0.1), text_weight=weight)
    np.testing.assert_allclose(fused[:2], np.array(expected) / np.hypot(*expected), atol=1e-6)
    assert np.linalg.norm(fused) == pytest.approx(1)


def test_many_vectors_are_fused_row_by_row() -> None:
    embedder = MultimodalEmbedder()
    texts, images = np.stack([axis(0), axis(1)]), np.stack([axis(2), axis(3)])
    fused = embedder.fuse_embeddings(texts, images, 0.25)
    for text, image, row in zip(texts, images, fused, strict=True):
        np.testing.assert_allclose(row, embedder.fuse_embeddings(text, image, 0.25), atol=1e-6)


def test_what_cannot_be_fused_is_refused() -> None:
    fuse = MultimodalEmbedder().fuse_embeddings
    with pytest.raises(DimensionMismatch, match="384, got 512"):
        fuse(axis(0), np.ones(512, np.float32))
    with pytest.raises(InvalidVector, match="cancel each other out"):
        fuse(axis(0), -axis(0))
    with pytest.raises(InvalidVector, match="zero"):
        fuse(axis(0), axis(0, 0))
    with pytest.raises(InvalidVector, match="not finite"):
        fuse(axis(0, float("inf")), axis(1))
    for weight in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="between 0 and 1"):
            fuse(axis(0), axis(1), weight)
    ones = np.ones(2048, np.float32)
    with pytest.raises(NoTextQuery, match="resnet-50"):
        MultimodalEmbedder("resnet-50").fuse_embeddings(ones, ones)


def test_features_of_a_picture_are_made_and_no_text_is_compared_with_them(
    with_stand_ins: None,
) -> None:
    embedder = MultimodalEmbedder("my-resnet")
    image = drawn(1, (64, 36))
    assert embedder.encode(image=image).shape == (2048,)
    np.testing.assert_allclose(
        embedder.encode(image=image), ImageEmbedder("my-resnet").encode_single(image), atol=1e-5
    )
    with pytest.raises(NoTextQuery, match="my-resnet holds features"):
        embedder.encode("red circle", image)


def test_what_a_text_is_for_is_query_or_document() -> None:
    with pytest.raises(ValueError, match="query or document, not 'qury'"):
        TextEmbedder(input_type="qury")  # type: ignore[arg-type]
