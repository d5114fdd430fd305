"""Models that need a graphics card, held by actors of their own: the processors of a cluster and
its graphics cards are taken apart from each other."""

from collections.abc import Sequence
from itertools import cycle
from random import shuffle
from typing import Any, cast

import ray
from ray.actor import ActorHandle
from ray.exceptions import RayTaskError
from typing_extensions import override

from embeddings.encoder import Vectors
from embeddings.loaded import Encoders
from embeddings.runtime import Runtime
from embeddings.space import Space
from embeddings.weights.packages import PackageWeights

_CALLS = 2
"""Batches that an actor is given at a time: one is prepared while another is computed."""


class Card:
    """An actor with a graphics card, which embeds for those who have none."""

    def __init__(self, runtime: Runtime) -> None:
        self._encoders = Encoders(runtime)

    def encode(self, key: str, items: Sequence[Any]) -> Vectors:
        """The vectors of items in a space, float32 [n, dim]."""
        return self._encoders.encode_items(self._encoders.spaces[key], items)


class EncodersElsewhere(Encoders):
    """The encoders of a machine that hands to `cards` what is not bundled; the bundled models are
    made for processors."""

    def __init__(self, runtime: Runtime, cards: Sequence[ActorHandle[Card]]) -> None:
        super().__init__(runtime)
        turns = list(cards)
        shuffle(turns)  # or all would begin with the same
        self._turns = cycle(turns)

    @override
    def encode_items(self, space: Space, items: Sequence[Any]) -> Vectors:
        if isinstance(space.weights, PackageWeights):
            return super().encode_items(space, items)
        answer = next(self._turns).encode.remote(space.key, list(items))
        try:
            return cast(Vectors, ray.get(answer))
        except RayTaskError as error:
            raise error.cause from None  # what a model here would have raised


def cards_of_cluster(runtime: Runtime) -> list[ActorHandle[Card]]:
    """An actor for each graphics card of the joined cluster; one whose machine is lost begins again
    on another card, with what it was asked for."""
    num_cards = int(ray.cluster_resources().get("GPU", 0))
    actor = ray.remote(
        num_gpus=1, num_cpus=0, max_restarts=-1, max_task_retries=-1, max_concurrency=_CALLS
    )(Card)
    return [actor.remote(runtime) for _ in range(num_cards)]


def encoders_for(runtime: Runtime, cards: Sequence[ActorHandle[Card]]) -> Encoders:
    """The encoders of an actor on processors."""
    return EncodersElsewhere(runtime, cards) if cards else Encoders(runtime)
