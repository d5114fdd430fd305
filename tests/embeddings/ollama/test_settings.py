"""The variables OLLAMA_…: those that are read, and those that are Ollama's own."""

import pytest

from embeddings.errors import InvalidSettings
from embeddings.ollama.embedder import OllamaEmbedder
from embeddings.settings import EmbeddingSettings, load_settings, unknown_variables

OF_OLLAMA = (
    *("HOST", "MODELS", "DEBUG", "KEEP_ALIVE", "NUM_PARALLEL", "MAX_QUEUE", "ORIGINS", "NOPRUNE"),
    *("LOAD_TIMEOUT", "MAX_LOADED_MODELS", "FLASH_ATTENTION", "CONTEXT_LENGTH", "LLM_LIBRARY"),
)


def test_ollama_is_on_this_machine_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "0.0.0.0:9999")
    assert load_settings(EmbeddingSettings).ollama_base_url == "http://127.0.0.1:11434"


def test_variables_of_ollama_itself_are_no_slips(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OF_OLLAMA:
        monkeypatch.setenv(f"OLLAMA_{name}", "1")
    assert unknown_variables(EmbeddingSettings) == {}
    monkeypatch.setenv("OLLAMA_BASE_URI", "http://127.0.0.1:1")
    assert unknown_variables(EmbeddingSettings) == {"OLLAMA_BASE_URI": "OLLAMA_BASE_URL"}


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:11434",
        "ftp://host",
        "file:///etc/passwd",
        "http://",
        "http://h/?a=b",
        "http://h:x",
    ],
)
def test_the_address_is_http_or_https(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("OLLAMA_BASE_URL", url)
    with pytest.raises(InvalidSettings, match="OLLAMA_BASE_URL"):
        OllamaEmbedder()


@pytest.mark.parametrize("url", ["https://gpu.example/ollama/", "http://[::1]:11434"])
def test_any_host_is_taken(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("OLLAMA_BASE_URL", url)
    assert OllamaEmbedder().settings.ollama_base_url == url.rstrip("/")
