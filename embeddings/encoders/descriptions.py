"""Descriptions, which the model of a text space embeds as it does every other text."""

from embeddings.encoder import Encoder, Models
from embeddings.space import Space


def load(space: Space, models: Models) -> Encoder:
    """The encoder of the text space whose queries descriptions answer. Raises WeightsMissing,
    WeightsCorrupt."""
    assert space.query_space is not None
    return models.encoder_of(space.query_space)
