"""Which model is chosen, and what the space of its vectors is called."""

import pytest

from embeddings.errors import OllamaModelMissing
from embeddings.ollama.client import OllamaModel
from embeddings.ollama.models import EMBED, VISION, VISION_OF_TEXT, choose, space_key
from embeddings.registry.spaces import SPACES


def there(*names: str) -> list[OllamaModel]:
    return [OllamaModel(name, f"digest of {name}") for name in names]


@pytest.mark.parametrize(
    ("present", "chosen"),
    [
        (["bakllava:latest", "llava:latest"], "llava:latest"),
        (["bakllava:latest", "llava:13b"], "llava:13b"),
        (["llava:13b", "llava:latest"], "llava:latest"),
        (["llava-llama3:latest", "minicpm-v:8b"], "minicpm-v:8b"),
        (["somebody/llava:latest", "llama3.2-vision:11b"], "llama3.2-vision:11b"),
    ],
)
def test_the_first_preferred_one_that_is_there_is_chosen(present: list[str], chosen: str) -> None:
    assert choose(None, VISION, there(*present)).name == chosen


def test_pictures_full_of_text_prefer_another_order() -> None:
    present = there("llava:latest", "minicpm-v:latest")
    assert choose(None, VISION_OF_TEXT, present).name == "minicpm-v:latest"


@pytest.mark.parametrize(
    ("named", "found"), [("llava", "llava:latest"), ("llava:13b", "llava:13b")]
)
def test_a_name_means_what_it_means_to_ollama(named: str, found: str) -> None:
    present = there("llava:13b", "llava:latest", "moondream:latest")
    assert choose(named, VISION, present).name == found


def test_a_named_model_is_not_replaced_by_another() -> None:
    with pytest.raises(OllamaModelMissing, match=r"pull llava; there are: llava:13b"):
        choose("llava", VISION, there("llava:13b"))


def test_a_name_is_told_on_one_line() -> None:
    with pytest.raises(OllamaModelMissing) as raised:
        choose("a\x1b[2J\nb" * 1000, VISION, there("c\nd" * 1000))
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 700


def test_none_at_all_says_which_to_pull() -> None:
    with pytest.raises(OllamaModelMissing, match="ollama pull nomic-embed-text"):
        choose(None, tuple(EMBED), there("llava:latest"))


def test_spaces_have_keys_of_their_own() -> None:
    assert space_key("nomic-embed-text:latest") == "ollama-nomic-embed-text"
    assert space_key("all-minilm:33m") == "ollama-all-minilm-33m"
    assert space_key("all-minilm") != space_key("all-minilm:33m")
    assert space_key("hf.co/Some/Model-GGUF:Q4_K") == "ollama-hf-co-some-model-gguf-q4-k"
    assert not [key for key in SPACES if key.startswith("ollama-")]
