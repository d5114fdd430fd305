"""Reranking: a cross-encoder reads the query and the texts of the first hits together, which is
more exact than comparing vectors, and too slow for more than a few.

Its logit becomes evidence as ln(1 + e^logit), which is -ln of the chance, by its own account,
that the text does not answer; the text's evidence is then the mean of that and what the legs say.
A scene that is only shown keeps its value.
"""

import math
from collections.abc import Mapping, Sequence

from database.queries.hits import MomentInfo
from embeddings.loaded import Encoders
from embeddings.space import Modality
from search.query.query import Weights
from search.ranking.fusion import Fusion, rank_key
from search.retrieval.candidates import Candidate

TOP = 20
"""Scenes that are read."""


def text_moments(candidate: Candidate) -> list[int]:
    """The ids of the moments that the legs of text have found in a scene, each once."""
    found = [s.moment_id for s in candidate.scores.values() if s.modality is Modality.TEXT]
    return list(dict.fromkeys(found))


def rerank(
    query: str,
    ranked: Sequence[Candidate],
    moments: Mapping[int, MomentInfo],
    fusion: Fusion,
    weights: Weights,
    encoders: Encoders,
) -> list[Candidate]:
    """A ranking whose first TOP scenes have been read; `moments` are those of `text_moments`.

    Raises EmbeddingError.
    """
    texts = {
        number: "\n".join(
            moments[moment].text or "" for moment in text_moments(scene) if moment in moments
        )
        for number, scene in enumerate(ranked[:TOP])
    }
    read = [number for number, text in texts.items() if text]
    logits = encoders.score_pairs(query, [texts[number] for number in read])
    again = list(ranked)
    for number, logit in zip(read, logits.tolist(), strict=True):
        scene = ranked[number]
        own = max(logit, 0.0) + math.log1p(math.exp(-abs(logit)))
        nats = {**scene.nats, Modality.TEXT: (scene.nats[Modality.TEXT] + own) / 2}
        value = fusion.value(scene, nats, weights)
        again[number] = scene._replace(value=value, nats=nats, logit=logit)
    return sorted(again, key=rank_key)
