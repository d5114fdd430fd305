"""A vision-language model as a plain object."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from embeddings import VisionLanguageEmbedder
from embeddings.encoder import Vectors
from embeddings.errors import InputRefused, PictureUnreadable, UnknownSpace, WeightsMissing
from embeddings.pooling import Masks, Pooling, name_of
from tests.helpers.media import drawn
from tests.helpers.own_models import use_models
from tests.helpers.tiny_vlm import declare_tiny_vlm

PICTURE = drawn(1, (64, 48))
KEY = "my-vlm"


@pytest.fixture(scope="module")
def model_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return declare_tiny_vlm(tmp_path_factory.mktemp("own"), KEY)


@pytest.fixture
def embedder(
    monkeypatch: pytest.MonkeyPatch, models: Path, model_dir: Path
) -> VisionLanguageEmbedder:
    use_models(monkeypatch, models, model_dir)
    return VisionLanguageEmbedder(KEY)


def test_a_text_a_picture_both_and_frames_have_vectors_of_the_space(
    embedder: VisionLanguageEmbedder,
) -> None:
    found = [
        embedder.embed("A red square."),
        embedder.embed(images=PICTURE),
        embedder.embed("A red square.", Pillow.fromarray(PICTURE)),
        embedder.embed("What happens?", [PICTURE, drawn(2), drawn(3)]),
    ]
    for each in found:
        assert (each.space, each.dimension, each.truncated) == (KEY, embedder.dimension, False)
        np.testing.assert_allclose(np.linalg.norm(each.vector), 1, atol=1e-5)
    tokens = [each.num_tokens for each in found]
    assert tokens[1] < tokens[2] < tokens[3]
    batch = embedder.embed_batch([("A red square.", ()), (None, PICTURE)])
    for alone, among in zip(found, batch, strict=False):
        np.testing.assert_allclose(among.vector, alone.vector, atol=1e-5)


def test_vectors_of_another_pooling_do_not_pass_for_the_spaces(
    embedder: VisionLanguageEmbedder,
) -> None:
    assert embedder.embed("a", embedding_type="last").space == KEY
    assert embedder.embed("a", embedding_type="mean").space == f"{KEY}:mean"
    every = embedder.embed("a", embedding_type="last_layer")
    assert (every.space, every.vector.shape) == (f"{KEY}:last_layer", (every.num_tokens, 32))
    told = embedder.embed("a", embedding_type="cls")
    assert "the same for every input" in (told.warning or "")
    names = {
        name_of(KEY, Pooling(), pooling)
        for pooling in (
            None,
            Pooling("multi_layer"),
            Pooling("multi_layer", (1,)),
            Pooling("multi_layer", (2,)),
            Pooling("multi_layer", (2,), "concat"),
            Pooling(prompt="?"),
            lambda states, _: states[-1, -1],
        )
    }
    assert len(names) == 7
    for pooling, name in ((Pooling(), KEY), (Pooling("mean"), f"{KEY}:mean")):
        assert name_of(KEY, Pooling(), replace(pooling, max_length=9)) == name


def test_a_pooling_of_ones_own_is_a_function(embedder: VisionLanguageEmbedder) -> None:
    def pictures(states: Vectors, masks: Masks) -> Vectors:
        return states[-1][masks.image].max(axis=0)

    found = embedder.embed("What?", PICTURE, pictures, attentions=True)
    assert (found.space, found.vector.shape) == (f"{KEY}:own", (32,))
    assert found.attentions is not None
    assert found.attentions.shape == (5, 4, found.num_tokens, found.num_tokens)


def test_in_8_bits_a_vector_is_near_and_called_another(
    embedder: VisionLanguageEmbedder, models: Path
) -> None:
    small = VisionLanguageEmbedder(KEY, "cpu", int8=True)
    ours, exact = small.embed("A red square.", PICTURE), embedder.embed("A red square.", PICTURE)
    assert ours.vector @ exact.vector >= 0.98
    assert (ours.space, exact.space) == (f"{KEY}-int8", KEY)


def test_pictures_of_any_kind_are_described_in_a_line_each(
    embedder: VisionLanguageEmbedder, models: Path, tmp_path: Path
) -> None:
    file = tmp_path / "a.png"
    Pillow.fromarray(PICTURE).save(file)
    lines = embedder.describe([PICTURE, file.read_bytes(), drawn(2)], "What is it?", 20)
    assert lines[0] == lines[1] != lines[2]
    assert embedder.describe(PICTURE, "What is it?", 20) == lines[:1]
    assert embedder.describe([]) == []
    assert len(VisionLanguageEmbedder(KEY, "cpu", int8=True).describe(PICTURE, "What?", 5)) == 1
    with pytest.raises(PictureUnreadable):
        embedder.describe([PICTURE, b"no picture"])


def test_what_cannot_be_read_is_named(embedder: VisionLanguageEmbedder) -> None:
    with pytest.raises(InputRefused, match="neither text nor image"):
        embedder.embed()
    with pytest.raises(PictureUnreadable):
        embedder.embed("a", b"no picture")
    with pytest.raises(
        UnknownSpace, match=f"imagenet-concepts has no vision.*smolvlm2-256m.*{KEY}"
    ):
        VisionLanguageEmbedder("imagenet-concepts")


def test_by_default_it_is_smolvlm2_and_says_how_to_get_it(
    embedder: VisionLanguageEmbedder,
) -> None:
    for int8 in (False, True):
        missing = VisionLanguageEmbedder(int8=int8)
        with pytest.raises(WeightsMissing, match=r"pull HuggingFaceTB/SmolVLM2-256M"):
            missing.embed("A red square.")
