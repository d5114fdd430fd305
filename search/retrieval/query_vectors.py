"""What is compared with a space: the vector of a text, of examples, or of both together.

Several vectors become one by Rocchio's rule (Rocchio, "Relevance Feedback in Information
Retrieval", 1971) on standardised scores: each part is divided by the spread of its own null
distribution, so that a text's small cosines and a picture's large ones count alike. The null
distribution of the sum follows from those of the parts.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from embeddings.encoder import Image, Vectors, normalise
from embeddings.loaded import Encoders
from embeddings.space import Input, Space
from search.retrieval.calibrate import NullDistribution

QUERY_WEIGHT, LIKE_WEIGHT, UNLIKE_WEIGHT = 1.0, 0.75, 0.15
"""Of the text, the mean of what is right, and the mean of what is wrong (Manning, Raghavan and
Schütze, "Introduction to Information Retrieval", 2008, 9.1.1)."""


@dataclass(frozen=True)
class Examples:
    """Pictures and scenes that the answer should be like, and scenes that it should not."""

    images: tuple[Image, ...] = ()
    like: tuple[int, ...] = ()
    unlike: tuple[int, ...] = ()

    @property
    def key(self) -> tuple[object, ...]:
        """The same for the same examples."""
        digests = [hashlib.sha256(image.tobytes()).hexdigest() for image in self.images]
        shapes = [image.shape for image in self.images]
        return (*digests, *shapes, self.like, self.unlike)

    def __bool__(self) -> bool:
        return bool(self.images or self.like or self.unlike)


NO_EXAMPLES = Examples()


@dataclass(frozen=True)
class Probe:
    """A unit vector, float32 [dim], and how what is unrelated to it scores."""

    space: Space
    vector: Vectors
    null: NullDistribution


@dataclass(frozen=True)
class _Part:
    weight: float
    vector: Vectors
    null: NullDistribution


VectorsOf = Callable[[Sequence[int], str], Mapping[int, Vectors]]
"""The vectors of scenes in a space, float32 [n, dim], by scene; those without any are left out."""


def make_probe(
    space: Space,
    text: str,
    examples: Examples,
    nulls: tuple[NullDistribution | None, NullDistribution | None],
    encoders: Encoders,
    vectors_of: VectorsOf,
) -> Probe | None:
    """What to compare with a space; None where neither text nor examples say anything there.

    `nulls` are the null distributions of texts and of the space's own items. Raises WeightsMissing.
    """
    among_texts, among_items = nulls
    parts = []
    if text and among_texts is not None and space.answers_text:
        parts.append(_Part(QUERY_WEIGHT, encoders.encode_query(space, text), among_texts))
    if among_items is not None and examples:
        pictures = examples.images if space.input is Input.IMAGE else ()
        right = [encoders.encode_items(space, list(pictures))] if pictures else []
        judged = vectors_of([*examples.like, *examples.unlike], space.key)
        right += [judged[scene] for scene in examples.like if scene in judged]
        wrong = [judged[scene] for scene in examples.unlike if scene in judged]
        for weight, found in ((LIKE_WEIGHT, right), (-UNLIKE_WEIGHT, wrong)):
            means = [vectors.mean(axis=0) for vectors in found]
            if means:
                parts.append(_Part(weight, normalise(np.mean(means, axis=0)), among_items))
    return _joined(space, parts)


def _joined(space: Space, parts: Sequence[_Part]) -> Probe | None:
    """The parts as one probe; None unless one of them asks for something."""
    if not any(part.weight > 0 for part in parts):
        return None
    if len(parts) == 1:
        return Probe(space, parts[0].vector, parts[0].null)
    shares = [part.weight / part.null.std for part in parts]
    vector = np.sum([s * part.vector for s, part in zip(shares, parts, strict=True)], axis=0)
    length = float(np.linalg.norm(vector))
    mean = sum(s * part.null.mean for s, part in zip(shares, parts, strict=True)) / length
    # As if the parts rose and fell together: the widest that the sum's distribution can be.
    std = sum(abs(part.weight) for part in parts) / length
    return Probe(space, normalise(vector), NullDistribution(mean, std))
