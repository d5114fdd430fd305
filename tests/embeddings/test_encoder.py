"""The check that every vector passes, and scaling to unit length."""

import numpy as np
import pytest

from embeddings.encoder import check_vectors, normalise
from embeddings.errors import DimensionMismatch, InvalidVector


def test_unit_vectors_pass_as_float32() -> None:
    vectors = check_vectors(np.eye(3, 4), 4)  # type: ignore[arg-type]  # of float64
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors, np.eye(3, 4))


def test_vectors_of_another_dimension_are_refused_with_both_numbers() -> None:
    with pytest.raises(DimensionMismatch, match="dimension 8, got 4") as raised:
        check_vectors(np.eye(3, 4, dtype=np.float32), 8)
    assert (raised.value.expected, raised.value.got) == (8, 4)


@pytest.mark.parametrize(
    "vector", [[0.0, 0.0], [np.nan, 1.0], [np.inf, 0.0], [0.6, 0.7], [1.0, 1.0]]
)
def test_vectors_that_are_not_finite_or_of_unit_length_are_refused(vector: list[float]) -> None:
    with pytest.raises(InvalidVector):
        check_vectors(np.array([[1.0, 0.0], vector], np.float32), 2)


def test_normalising_keeps_directions_and_survives_zero() -> None:
    vectors = normalise(np.array([[3.0, 4.0], [0.0, 0.0]], np.float32))
    np.testing.assert_allclose(vectors, [[0.6, 0.8], [0.0, 0.0]], atol=1e-6)
