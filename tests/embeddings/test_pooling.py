"""Poolings of states that are known, and those that make no sense."""

import numpy as np
import pytest

from embeddings.encoder import Vectors, normalise
from embeddings.errors import InputRefused, InvalidSettings, InvalidVector
from embeddings.pooling import (
    EmbeddingType,
    Masks,
    Pooling,
    layers_of,
    pool,
    require_searchable,
)

STATES = np.array(
    [
        [[0, 9], [1, 0], [3, 4], [5, 0], [0, 2]],
        [[8, 0], [0, 1], [4, 3], [1, 1], [3, 4]],
    ],
    np.float32,
)
"""Of two layers and five tokens: a mark, a part of a picture, a text twice, a mark."""
MASKS = Masks(
    image=np.array([0, 1, 0, 0, 0], bool),
    text=np.array([0, 0, 1, 1, 0], bool),
    echoed=np.array([0, 0, 0, 1, 0], bool),
    constant=np.array([1, 0, 0, 0, 0], bool),
)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("last", [3, 4]),
        ("cls", [8, 0]),
        ("mean", [2, 9 / 4]),
        ("mean_image", [0, 1]),
        ("mean_text", [2.5, 2]),
        ("echo", [1, 1]),
        ("multi_layer", [1.5, 3]),
    ],
)
def test_each_pooling_reads_its_tokens_and_gives_a_unit_vector(
    kind: EmbeddingType, expected: list[float]
) -> None:
    vector = pool(STATES, MASKS, Pooling(kind))
    np.testing.assert_allclose(vector, unit(expected), atol=1e-6)
    assert vector.dtype == np.float32


def test_last_layer_is_every_state_as_the_model_gives_it() -> None:
    np.testing.assert_array_equal(pool(STATES, MASKS, Pooling("last_layer")), STATES[-1])


def test_layers_may_stand_one_after_the_other() -> None:
    vector = pool(STATES, MASKS, Pooling("multi_layer", combine="concat"))
    np.testing.assert_allclose(vector, unit([0, 2, 3, 4]), atol=1e-6)


def test_layers_count_from_one_or_backwards_and_are_the_last_four_by_default() -> None:
    assert layers_of(Pooling("multi_layer"), 30) == [27, 28, 29, 30]
    assert layers_of(Pooling("multi_layer"), 2) == [1, 2]
    assert layers_of(Pooling("multi_layer", (1, -1, -30)), 30) == [1, 30, 1]
    assert layers_of(Pooling("mean"), 30) == [30]
    for layer in (31, -31):
        with pytest.raises(InputRefused, match=f"layers: the model has 30, there is no {layer}"):
            layers_of(Pooling("multi_layer", (layer,)), 30)


def test_what_does_not_go_together_is_refused_by_the_name_of_its_field() -> None:
    with pytest.raises(InputRefused, match="'middle'; there are: last, mean, cls") as refused:
        Pooling("middle")  # type: ignore[arg-type]
    assert refused.value.field == "embedding_type"
    with pytest.raises(InputRefused, match="layers: they are for multi_layer alone"):
        Pooling("mean", (1,))
    with pytest.raises(InputRefused, match="layers: the first is 1"):
        Pooling("multi_layer", (0, 1))
    with pytest.raises(InputRefused, match="max_length: it is at least 1"):
        Pooling(max_length=0)


@pytest.mark.parametrize("kind", ["mean_image", "mean_text", "echo"])
def test_a_mean_of_no_tokens_is_refused(kind: EmbeddingType) -> None:
    none = Masks(*[np.zeros(5, bool)] * 4)
    with pytest.raises(InputRefused, match="no tokens of a"):
        pool(STATES, none, Pooling(kind))


@pytest.mark.parametrize("kind", ["last", "last_layer", "multi_layer"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_state_that_is_no_number_is_an_error(kind: EmbeddingType, value: float) -> None:
    states = STATES.copy()
    states[0, 2, 1] = value
    with pytest.raises(InvalidVector, match="not finite"):
        pool(states, MASKS, Pooling(kind))


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("cls", "the same vector for every input"),
        ("last_layer", "one vector for each token"),
        ("mean_image", "a text.*has no tokens of a picture"),
        ("mean_text", "a picture has no tokens"),
        ("echo", "no text to repeat"),
    ],
)
def test_a_library_is_not_searched_by_what_finds_nothing(kind: EmbeddingType, reason: str) -> None:
    with pytest.raises(InvalidSettings, match=f"{kind}: .*{reason}.*; use last"):
        require_searchable(Pooling(kind))
    for fine in (Pooling(), Pooling("mean"), Pooling("multi_layer")):
        require_searchable(fine)


def unit(vector: list[float]) -> Vectors:
    return normalise(np.array(vector, np.float32))
