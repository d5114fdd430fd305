"""The small models that are trained on drawings: what makes one is trained anew, and no more."""

import pytest

from scripts.train_tiny_models import code_of


@pytest.mark.parametrize(
    ("name", "modules"),
    [
        ("tiny-clip", ["clip", "drawing", "training"]),
        ("tiny-videomae", ["drawing", "footage", "training", "video"]),
        ("tiny-timesformer", ["drawing", "footage", "training", "video"]),
        ("tiny-vlm", ["clip", "drawing", "training", "vlm"]),
    ],
)
def test_a_model_is_trained_by_its_own_code_and_what_that_imports(
    name: str, modules: list[str]
) -> None:
    assert [path.stem for path in code_of(name)] == modules
