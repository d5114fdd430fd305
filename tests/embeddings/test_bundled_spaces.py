"""The bundled spaces, with their real weights; what is pinned here catches drift."""

import numpy as np
import pytest

from embeddings.loaded import Encoders
from embeddings.registry.spaces import SPACES
from embeddings.space import Input, Space
from tests.helpers.commands import TOUR
from tests.helpers.media import Picture, drawn, frames_at, solid

TEXTS = [
    "A cat sleeps on the sofa.",
    "Stock prices fell sharply today after the central bank raised interest rates.",
    "granite",
    "Ein Zug fährt ab. 列车晚点了。 🚂",
]
PICTURES = [
    drawn(1, (640, 360)),
    drawn(2, (90, 160)),
    solid(200, 30, 30, (1, 1)),
    drawn(4, (700, 40)),
]

BUNDLED = [SPACES[key] for key in ("minilm-l6", "imagenet-concepts", "imagenet-labels")]
in_every_space = pytest.mark.parametrize("space", BUNDLED, ids=[s.key for s in BUNDLED])


def items_of(space: Space) -> list[str] | list[Picture]:
    return TEXTS if space.input is Input.TEXT else PICTURES


def test_a_sentence_is_nearest_to_a_question_about_it(encoders: Encoders) -> None:
    items = encoders.encode_items(SPACES["minilm-l6"], TEXTS)
    query = encoders.encode_query(SPACES["minilm-l6"], "what happened on the stock market")
    assert int(np.argmax(items @ query)) == 1


@pytest.mark.parametrize(
    ("time_s", "name"), [(3.0, "cat"), (10.0, "espresso"), (38.0, "missile on a launch pad")]
)
def test_a_photograph_is_nearest_to_the_name_of_what_it_shows(
    time_s: float, name: str, encoders: Encoders
) -> None:
    space = SPACES["imagenet-concepts"]
    item = encoders.encode_items(space, frames_at(TOUR, [time_s]))[0]
    right = float(encoders.encode_query(space, name) @ item)
    for other in {"cat", "espresso", "missile on a launch pad", "violin", "tax return"} - {name}:
        assert right > float(encoders.encode_query(space, other) @ item) + 0.1, other


# The first is what sentence-transformers itself computes.
PINNED = {
    "minilm-l6": [0.0605, -0.0208, 0.0803, 0.0253, 0.0256, 0.0065, -0.0727, 0.1174],
    "imagenet-concepts": [-0.0679, 0.0155, -0.0069, -0.0202, -0.0072, -0.0019, 0.0515, 0.0310],
    "imagenet-labels": [-0.0495, 0.05, -0.0212, 0.0456, -0.0615, -0.0504, 0.0632, -0.0093],
}


@in_every_space
def test_vectors_are_those_that_libraries_already_hold(space: Space, encoders: Encoders) -> None:
    item = TEXTS[1] if space.input is Input.TEXT else PICTURES[0]
    vector = encoders.encode_items(space, [item])[0]
    np.testing.assert_allclose(vector[:8], PINNED[space.key], atol=2e-3)
