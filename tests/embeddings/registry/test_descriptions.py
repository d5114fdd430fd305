"""Descriptions have the vectors of a text model, in a space of their own."""

import numpy as np
import pytest

from embeddings.errors import UnknownSpace
from embeddings.loaded import Encoders
from embeddings.registry.spaces import SPACES, choose_spaces
from embeddings.space import Input, Modality

TEXT, DESCRIPTIONS = SPACES["minilm-l6"], SPACES["descriptions-minilm-l6"]


def test_every_text_space_has_one_of_descriptions_with_the_same_model() -> None:
    texts = {key for key, space in SPACES.items() if space.input is Input.TEXT}
    found = {s.query_space: s for s in SPACES.values() if s.input is Input.DESCRIPTION}
    assert found.keys() == texts
    for key, space in found.items():
        text = SPACES[str(key)]
        assert (space.dim, space.weights, space.modality) == (
            text.dim,
            text.weights,
            Modality.VISION,
        )


def test_items_and_queries_are_those_of_the_text_model_which_is_loaded_once(
    encoders: Encoders,
) -> None:
    described = encoders.encode_items(DESCRIPTIONS, ["A red car in the snow."])
    np.testing.assert_array_equal(
        described, encoders.encode_items(TEXT, ["A red car in the snow."])
    )
    query = encoders.encode_query(DESCRIPTIONS, "a car")
    np.testing.assert_array_equal(query, encoders.encode_query(TEXT, "a car"))
    assert encoders.text_encoder(DESCRIPTIONS) is encoders.text_encoder(TEXT)


def test_a_models_name_means_its_texts_and_the_key_its_descriptions() -> None:
    assert choose_spaces(["all-mpnet-base-v2"]) == [SPACES["mpnet-base"]]
    assert choose_spaces([DESCRIPTIONS.key]) == [DESCRIPTIONS]
    with pytest.raises(UnknownSpace):
        choose_spaces(["descriptions"])
