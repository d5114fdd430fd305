"""What serves where Ollama cannot, and that every answer says so."""

import numpy as np
import pytest
from PIL import Image as Pillow
from structlog.testing import capture_logs

from embeddings.errors import MixedSpaces, NoEmbedding, TextTooLong
from embeddings.ollama.answers import ImageEmbedding, ImageEmbeddings
from embeddings.ollama.pictures import ImageInput
from tests.helpers.cache import metric, run
from tests.helpers.ollama import NewEmbedder, Ollama, embeds, plain_picture
from tests.helpers.tiny_models import drawings, tiny_models

RED = plain_picture("red")


def test_clip_serves_where_ollama_is_away(ollama: Ollama, new_embedder: NewEmbedder) -> None:
    ollama.busy("/api/chat")
    embedder = new_embedder(embedding_model_dir=tiny_models(), embedding_device="cpu")
    picture = Pillow.fromarray(drawings()[0])
    count = metric("embedding_fallbacks_total", space="tiny-clip")
    with capture_logs() as logs:
        answer = embedder.generate_image_embedding(image=picture, description=None)
    own = embedder.service.embed_images([picture], embedder.service.find_space("tiny-clip"))
    (made,) = run(own)
    np.testing.assert_allclose(answer.vector, made.vectors[0], atol=1e-5)
    assert answer.space == "tiny-clip"
    assert answer.degraded
    assert len(answer.reasons) == 1
    assert answer.reasons[0].startswith("Ollama: too much waits for Ollama")
    assert metric("embedding_fallbacks_total", space="tiny-clip") == count + 1
    assert [(line["log_level"], line["space"]) for line in logs] == [("warning", "tiny-clip")]


def test_the_description_serves_where_there_is_no_clip(
    ollama: Ollama, new_embedder: NewEmbedder
) -> None:
    ollama.models.clear()
    embedder = new_embedder()
    answer = embedder.generate_image_embedding(image=RED, description="A red picture.")
    (own,) = run(embedder.service.get_instruction_embedding("A red picture."))
    np.testing.assert_allclose(answer.vector, own, atol=1e-5)
    assert (answer.space, answer.description) == ("minilm-l6", "A red picture.")
    assert "ollama pull nomic-embed-text" in answer.reasons[0]
    assert answer.reasons[1].startswith("CLIP: no model of CLIP's family is on this machine")


def test_a_description_that_is_too_long_there_is_an_error_or_cut_and_told(
    ollama: Ollama, new_embedder: NewEmbedder
) -> None:
    ollama.models.clear()
    text = "granite " * 400
    with pytest.raises(TextTooLong):
        new_embedder().generate_image_embedding(description=text)
    assert new_embedder().generate_image_embedding(description=text, truncate=True).truncated


def test_without_any_of_them_each_reason_is_told(ollama: Ollama, new_embedder: NewEmbedder) -> None:
    ollama.models.clear()
    with pytest.raises(NoEmbedding, match=r"Ollama: .*; CLIP: .*pull clip-b32"):
        new_embedder().generate_image_embedding(image=RED)


def test_a_hash_is_only_by_setting_marked_and_kept_nowhere(
    ollama: Ollama, new_embedder: NewEmbedder
) -> None:
    ollama.models.clear()
    embedder = new_embedder(ollama_hash_fallback=True)
    answer = embedder.generate_image_embedding(image=RED)
    assert answer.is_placeholder
    assert (answer.space, answer.model) == ("hash", "hash")
    assert len(answer.reasons) == 2
    assert np.linalg.norm(answer.vector) == pytest.approx(1)
    again = embedder.generate_image_embedding(image=RED)
    np.testing.assert_array_equal(again.vector, answer.vector)
    other = embedder.generate_image_embedding(image=plain_picture("blue"))
    assert abs(float(other.vector @ answer.vector)) < 0.5
    (stats,) = run(embedder.service.cache.get_stats())
    assert stats["total_keys"] == 0
    for space in ("hash", "minilm-l6", "ollama-nomic-embed-text"):
        with pytest.raises(MixedSpaces):
            answer.vector_for(space)


def test_a_table_of_another_space_refuses_the_vector(
    ollama: Ollama, new_embedder: NewEmbedder
) -> None:
    ollama.models.append(embeds("all-minilm:latest"))
    answer = new_embedder().generate_image_embedding(image=RED, embed_model="all-minilm")
    assert answer.vector_for("ollama-all-minilm") is answer.vector
    with pytest.raises(MixedSpaces, match="of the space ollama-all-minilm, not of minilm-l6"):
        answer.vector_for("minilm-l6")  # of 384 dimensions, too


def test_a_batch_of_two_spaces_says_so(ollama: Ollama, new_embedder: NewEmbedder) -> None:
    ollama.models[0].says = lambda colour: "" if colour == "blue" else "A picture."
    embedder = new_embedder(embedding_model_dir=tiny_models(), embedding_device="cpu")
    given = [ImageInput(image=RED), ImageInput(image=plain_picture("blue"))]
    made = embedder.generate_image_embeddings(given)
    assert made.spaces == ("ollama-nomic-embed-text", "tiny-clip")
    assert [len(answer.reasons) for answer in made.answers] == [0, 1]
    with pytest.raises(MixedSpaces, match="said nothing of the picture"):
        _ = made.vectors


def test_an_ollama_that_hangs_holds_a_batch_up_once(
    ollama: Ollama, new_embedder: NewEmbedder
) -> None:
    ollama.answer_s = 20
    embedder = new_embedder(timeout_s=0.3, ollama_hash_fallback=True)
    made = embedder.generate_image_embeddings([ImageInput(image=RED)] * 10)
    assert made.spaces == ("hash",)
    assert all("within 0.3 s" in answer.reasons[0] for answer in made.answers)
    assert len(ollama.requests) == 1


def test_no_pictures_have_no_vectors() -> None:
    assert ImageEmbeddings(()).vectors.shape == (0, 0)
    vector = np.ones(1, np.float32)
    assert ImageEmbeddings((ImageEmbedding(vector, "a", "b"),)).vectors.shape == (1, 1)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"embeddings": [[1e39, 1]]}', "not finite"),
        (b'{"embeddings": [[0, 0]]}', "expected vectors of dimension 768"),
        (b'{"embeddings": [[0.6, 0.8]]}', "expected vectors of dimension 768"),
    ],
)
def test_a_vector_that_is_none_is_not_answered(
    ollama: Ollama, new_embedder: NewEmbedder, body: bytes, told: str
) -> None:
    ollama.raw["/api/embed"] = (200, body)
    with pytest.raises(NoEmbedding, match=told):
        new_embedder().generate_image_embedding(image=RED)


def test_a_vector_of_any_length_is_answered_with_unit_length(
    ollama: Ollama, new_embedder: NewEmbedder
) -> None:
    ollama.models.append(embeds("own:latest", dim=2))
    ollama.raw["/api/embed"] = (200, b'{"embeddings": [[3, 4]]}')
    answer = new_embedder().generate_image_embedding(image=RED, embed_model="own")
    np.testing.assert_allclose(answer.vector, [0.6, 0.8], atol=1e-6)
    ollama.raw["/api/embed"] = (200, b'{"embeddings": [[0, 0]]}')
    with pytest.raises(NoEmbedding, match="unit length"):
        new_embedder().generate_image_embedding(image=RED, embed_model="own")
