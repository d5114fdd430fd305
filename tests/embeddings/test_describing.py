"""A vision-language model of this machine describes pictures as Ollama's does."""

import numpy as np
import pytest

from embeddings.described import Description, Shown
from embeddings.describing import LocalDescriber, OllamaDescriber, get_describer
from embeddings.encoder import Image
from embeddings.encoders.vlm import VisionLanguageEncoder
from embeddings.errors import InvalidSettings, ModelFailed, WeightsMissing
from embeddings.loaded import Encoders
from embeddings.ollama.descriptions import PROMPT, PROMPT_OF_TEXT
from embeddings.runtime import Runtime
from embeddings.settings import EmbeddingSettings
from tests.helpers.tiny_vlm import declare_tiny_vlm

KEY = "tiny-smolvlm"
PICTURE = np.full((64, 64, 3), 128, np.uint8)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Encoders:
    """Encoders with a vision-language model of the real classes, small and random."""
    folder = tmp_path_factory.mktemp("own")
    declare_tiny_vlm(folder, KEY)
    return Encoders(Runtime(folder / "models", model_dir=folder))


def test_a_describer_is_ollama_or_a_vision_language_space(own: Encoders) -> None:
    settings = EmbeddingSettings()
    assert isinstance(get_describer("ollama", settings, own), OllamaDescriber)
    assert isinstance(get_describer(KEY, settings, own), LocalDescriber)
    for name in ("minilm-l6", "llava"):
        with pytest.raises(InvalidSettings, match="what describes pictures is ollama"):
            get_describer(name, settings, own)


def test_a_model_that_is_not_here_is_named_before_any_work(own: Encoders) -> None:
    describer = get_describer("smolvlm2-256m", EmbeddingSettings(), own)
    with pytest.raises(WeightsMissing, match="embeddings pull"):
        describer.prepare()


def test_each_picture_has_what_the_model_writes_of_it_and_who_wrote_it(
    own: Encoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, str]] = []

    def write(_encoder: object, images: list[Image], prompt: str, _max_tokens: int) -> list[str]:
        asked.append((len(images), prompt))
        return [f"of {int(image.mean())}" for image in images]

    monkeypatch.setattr(VisionLanguageEncoder, "describe", write)
    describer = get_describer(KEY, EmbeddingSettings(), own)
    describer.prepare()
    shown = [Shown(PICTURE), Shown(PICTURE + 1, is_text=True), Shown(PICTURE + 2)]
    made = describer.describe(shown)
    assert all(isinstance(each, Description) for each in made)
    texts = [each.text for each in made if isinstance(each, Description)]
    assert texts == ["of 128", "of 129", "of 130"]
    assert asked == [(2, PROMPT), (1, PROMPT_OF_TEXT)]
    (made_by,) = {each.made_by for each in made if isinstance(each, Description)}
    assert made_by.startswith("tiny-vlm@local-")


def test_the_real_classes_write_something_or_say_that_they_did_not(own: Encoders) -> None:
    (made,) = get_describer(KEY, EmbeddingSettings(), own).describe([Shown(PICTURE)])
    if isinstance(made, Description):
        assert made.text == " ".join(made.text.split())
    else:
        assert isinstance(made, ModelFailed)


def test_marks_alone_are_no_description(own: Encoders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(VisionLanguageEncoder, "describe", lambda *_: ["…"])
    (made,) = get_describer(KEY, EmbeddingSettings(), own).describe([Shown(PICTURE)])
    assert isinstance(made, ModelFailed)


def test_a_picture_that_a_model_fails_at_leaves_the_others_their_descriptions(
    own: Encoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(_encoder: object, images: list[Image], _prompt: str, _max_tokens: int) -> list[str]:
        if any(image[0, 0, 0] == 0 for image in images):
            raise RuntimeError("of all things")
        return ["grey"] * len(images)

    monkeypatch.setattr(VisionLanguageEncoder, "describe", write)
    describer = get_describer(KEY, EmbeddingSettings(), own)
    made = describer.describe([Shown(PICTURE), Shown(PICTURE * 0), Shown(PICTURE)])
    assert [isinstance(each, ModelFailed) for each in made] == [False, True, False]
