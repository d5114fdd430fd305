"""Query vectors: a query's text and examples, encoded in every space that is searched.

Several vectors become one by Rocchio's rule (Rocchio, "Relevance Feedback in Information
Retrieval", 1971) on standardised scores: each part is divided by the spread of its own null
distribution, so that a text's small cosines and a picture's large ones count alike. The null
distribution of the sum follows from those of the parts.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from database.server.connection import Database
from database.spaces.spaces import SpaceInfo
from database.videos.read import Library
from embeddings.encoder import Vectors, normalise
from embeddings.errors import EmbeddingError, WeightsCorrupt
from embeddings.loaded import Encoders
from embeddings.space import Input, Space
from search.errors import SearchUnavailable
from search.query.examples import Examples
from search.query.query import SearchQuery
from search.retrieval.calibrate import NullDistribution
from search.retrieval.spaces import Likeness, Scope, SpaceChoice

TEXT_WEIGHT, LIKE_WEIGHT, UNLIKE_WEIGHT = 1.0, 0.75, 0.15
"""Of the text, the mean of what is right, and the mean of what is wrong (Manning, Raghavan and
Schütze, "Introduction to Information Retrieval", 2008, 9.1.1)."""


@dataclass(frozen=True)
class QueryVector:
    """A unit vector, float32 [dim], in a space, and how unrelated items score against it."""

    space: Space
    vector: Vectors
    null: NullDistribution
    bit_candidates: int | None
    """Of a space that is indexed by bits."""


@dataclass(frozen=True)
class EncodedQuery:
    """A query as the database takes it: one vector per space, the words, and why a space was
    skipped."""

    vectors: tuple[QueryVector, ...]
    text: str
    """Whose words are matched; empty for none."""
    num_vectors: int
    """Stored vectors of the spaces that are compared, as counted with their statistics."""
    reasons: tuple[str, ...]
    """Why a space was skipped, or is incomplete."""
    with_descriptions: bool = False
    """Whether words of descriptions are matched, too."""


@dataclass(frozen=True)
class _Part:
    """One term of Rocchio's sum."""

    weight: float
    vector: Vectors
    null: NullDistribution


class QueryVectorizer:
    """Encodes queries in the spaces that a library searches. Safe to call from several threads."""

    def __init__(self, database: Database, encoders: Encoders) -> None:
        self._library = Library(database)
        self._encoders = encoders
        self.choice = SpaceChoice(database, encoders)

    def of_query(self, query: SearchQuery, scope: Scope, examples: Examples) -> EncodedQuery:
        """A query's text and examples, in each space within the scope; a model that fails takes
        its own space away from the search, no other. Raises InvalidQuery, and SearchUnavailable if
        that leaves nothing to search with."""
        chosen = self.choice.choose(scope, query.spaces)
        reasons, vectors = list(chosen.reasons), []
        failed: list[str] = []
        text = query.words.meaning
        for space in chosen.spaces:
            try:
                vector = self._vector(space, chosen.infos[space.key], text, examples)
            except EmbeddingError as error:
                failed.append(f"{space.key} took no part: {reason_of(error)}")
            else:
                vectors += [vector] if vector is not None else []
        words = text if chosen.with_words else ""
        if failed and not vectors and not words:
            raise SearchUnavailable("; ".join(failed))
        reasons += failed
        if examples and not vectors and not failed:
            reasons.append("nothing is known yet to compare with: run python -m ingest FOLDER")
        return EncodedQuery(
            tuple(vectors),
            words,
            sum(_count(chosen.infos[vector.space.key]) for vector in vectors),
            tuple(reasons),
            chosen.with_descriptions,
        )

    def of_scene(self, scene_id: int, by: Likeness | None, key: str | None) -> EncodedQuery:
        """A scene as a query by example in one space. Raises NotFound, InvalidQuery."""
        space, info = self.choice.for_similar(scene_id, by, key)
        vector = self._vector(space, info, "", Examples(like=(scene_id,)))
        if vector is None:
            reason = f"nothing is known of {space.key} yet: run python -m ingest FOLDER"
            return EncodedQuery((), "", 0, (reason,))
        return EncodedQuery((vector,), "", _count(info), ())

    def _vector(
        self, space: Space, info: SpaceInfo, text: str, examples: Examples
    ) -> QueryVector | None:
        """Text and examples as one vector; None where neither says anything in this space. Raises
        EmbeddingError."""
        statistics = info.null_statistics or {}
        among_texts = NullDistribution.of_texts(statistics, space.input)
        among_items = NullDistribution.of_items(statistics)
        parts = []
        if text and among_texts is not None and space.answers_text:
            # Letters of full width are letters, which models do not know.
            vector = self._encoders.encode_query(space, unicodedata.normalize("NFKC", text))
            parts.append(_Part(TEXT_WEIGHT, vector, among_texts))
        if among_items is not None and examples:
            parts += self._example_parts(space, examples, among_items)
        return _joined(space, parts, info.bit_candidates)

    def _example_parts(
        self, space: Space, examples: Examples, null: NullDistribution
    ) -> list[_Part]:
        """The mean of what the answer should be like, and of what it should not."""
        pictures = examples.images if space.input is Input.IMAGE else ()
        like = [self._encoders.encode_pictures(space, list(pictures))] if pictures else []
        stored = self._library.vectors_of([*examples.like, *examples.unlike], space.key)
        like += [stored[scene] for scene in examples.like if scene in stored]
        unlike = [stored[scene] for scene in examples.unlike if scene in stored]
        parts = []
        for weight, found in ((LIKE_WEIGHT, like), (-UNLIKE_WEIGHT, unlike)):
            means = [vectors.mean(axis=0) for vectors in found]
            if means:
                parts.append(_Part(weight, normalise(np.mean(means, axis=0)), null))
        return parts


def reason_of(error: EmbeddingError) -> str:
    """Why a model did nothing for a query, for whoever asks: where which file lies is in the log
    alone."""
    if isinstance(error, WeightsCorrupt):
        return "its model is damaged, or not the pinned one: python -m embeddings check says more"
    return str(error)


def _count(info: SpaceInfo) -> int:
    return int((info.null_statistics or {}).get("count", 0))


def _joined(space: Space, parts: Sequence[_Part], bit_candidates: int | None) -> QueryVector | None:
    """Rocchio's sum; None unless a part has a positive weight."""
    if not any(part.weight > 0 for part in parts):
        return None
    if len(parts) == 1:
        return QueryVector(space, parts[0].vector, parts[0].null, bit_candidates)
    shares = [part.weight / part.null.std for part in parts]
    vector = np.sum([s * part.vector for s, part in zip(shares, parts, strict=True)], axis=0)
    length = float(np.linalg.norm(vector))
    mean = sum(s * part.null.mean for s, part in zip(shares, parts, strict=True)) / length
    # As if the parts rose and fell together: the widest that the sum's distribution can be.
    std = sum(abs(part.weight) for part in parts) / length
    return QueryVector(space, normalise(vector), NullDistribution(mean, std), bit_candidates)
