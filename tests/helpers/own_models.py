"""Models as a person has them, for what reads the environment: embedders and examples."""

import json
from pathlib import Path
from typing import Any

import pytest

from embeddings.space import Space
from tests.helpers.stand_ins import make_stand_in


def use_models(
    monkeypatch: pytest.MonkeyPatch, models: Path, model_dir: Path | None = None
) -> None:
    """Has this process find what was made ready in `models`, and the person's in `model_dir`."""
    monkeypatch.setenv("SCENESEEK_HOME", str(models.parent))
    if model_dir is not None:
        monkeypatch.setenv("EMBEDDING_MODEL_DIR", str(model_dir))


def declare_stand_in(space: Space, model_dir: Path, **declared: Any) -> None:
    """Puts a stand-in for the model of a space, with weights drawn at random, into `model_dir`, and
    a space.json beside it."""
    make_stand_in(space, model_dir / "made")
    folder = model_dir / space.hub_weights.name
    (model_dir / "made" / space.hub_weights.repo).rename(folder)
    (folder / "space.json").write_text(json.dumps({"dim": space.dim, **declared}))
