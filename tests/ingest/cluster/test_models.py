"""Models on graphics cards, asked by those who have none."""

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from embeddings.encoder import Vectors
from embeddings.errors import ModelFailed
from embeddings.registry.spaces import SPACES
from embeddings.runtime import Runtime

ray = pytest.importorskip("ray", reason="the extra ray is not installed")
models = pytest.importorskip("ingest.cluster.models")


def test_cards_are_asked_in_turn_and_for_what_is_not_bundled_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[tuple[int, str, int]] = []

    def card(number: int) -> Any:
        def encode(key: str, items: Sequence[Any]) -> Vectors:
            asked.append((number, key, len(items)))
            return np.full((len(items), 2), number, np.float32)

        return SimpleNamespace(encode=SimpleNamespace(remote=encode))

    monkeypatch.setattr(ray, "get", lambda answer: answer)
    encoders = models.encoders_for(Runtime(tmp_path), [card(0), card(1)])
    clip, bundled = SPACES["clip-b32"], SPACES["minilm-l6"]
    answers = [encoders.encode_items(clip, ["picture"] * 3) for _ in range(4)]
    assert sorted({number for number, *_ in asked}) == [0, 1]
    assert [asked[0], asked[1]] == [asked[2], asked[3]]
    assert [answer[0, 0] for answer in answers] == [number for number, *_ in asked]
    monkeypatch.setattr(models.Encoders, "encode_items", lambda *_: "here")
    assert encoders.encode_items(bundled, ["text"]) == "here"
    assert len(asked) == 4


def test_what_a_model_on_a_card_raises_is_raised_as_a_model_here_would(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(_answer: object) -> None:
        raise ray.exceptions.RayTaskError("encode", "a trace", ModelFailed("out of memory"))

    monkeypatch.setattr(ray, "get", fail)
    card: Any = SimpleNamespace(encode=SimpleNamespace(remote=lambda *_: None))
    encoders = models.encoders_for(Runtime(tmp_path), [card])
    with pytest.raises(ModelFailed, match=r"^out of memory$"):
        encoders.encode_items(SPACES["clip-b32"], ["picture"])
