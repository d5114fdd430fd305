"""The model of texts is there by the time that a command has imported the rest."""

import threading
from pathlib import Path

import pytest

from embeddings.registry.spaces import SPACES
from search.ahead import begin


def _wait() -> None:
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()


def test_the_model_of_texts_is_loaded_while_a_command_begins(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "models").symlink_to(models)
    monkeypatch.setenv("SCENESEEK_HOME", str(tmp_path))
    encoders = begin()
    _wait()
    assert encoders is not None
    assert encoders.is_loaded(SPACES["minilm-l6"])
    assert encoders.encode_query(SPACES["minilm-l6"], "a red car").shape == (384,)


def test_what_cannot_be_read_is_left_to_the_search_to_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBEDDING_DEVICE", "abacus")
    assert begin() is None
