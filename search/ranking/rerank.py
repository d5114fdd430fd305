"""The first hits again, with a cross-encoder: it reads the query and a hit's texts together, which
is more exact than comparing vectors, and too slow for more than a few.

Its logit becomes evidence as ln(1 + e^logit), which is -ln of the chance, by its own account,
that the text does not answer; the text's evidence is then the mean of that and what the legs say.
What is only shown stays where it is.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from database.queries.hits import MomentInfo
from embeddings.loaded import Encoders
from embeddings.space import Modality
from search.query.query import Weights
from search.ranking.fusion import Fused, Fusion
from search.retrieval.candidates import Candidate

TOP = 20


def text_moments(candidate: Candidate) -> list[int]:
    """The ids of the moments that the legs of text have found in a scene, each once."""
    found = [s.moment_id for s in candidate.scores.values() if s.modality is Modality.TEXT]
    return list(dict.fromkeys(found))


def rerank(
    query: str,
    fused: Sequence[Fused],
    moments: Mapping[int, MomentInfo],
    fusion: Fusion,
    weights: Weights,
    encoders: Encoders,
) -> list[Fused]:
    """A ranking whose first TOP scenes have been read again; `moments` are theirs.

    Raises WeightsMissing.
    """
    texts = {
        number: "\n".join(
            moments[moment].text or ""
            for moment in text_moments(one.candidate)
            if moment in moments
        )
        for number, one in enumerate(fused[:TOP])
    }
    read = [number for number, text in texts.items() if text]
    logits = encoders.score_pairs(query, [texts[number] for number in read])
    again = list(fused)
    for number, logit in zip(read, logits.tolist(), strict=True):
        one = fused[number]
        own = max(logit, 0.0) + math.log1p(math.exp(-abs(logit)))
        nats = {**one.nats, Modality.TEXT: (one.nats[Modality.TEXT] + own) / 2}
        value = fusion.value(one.candidate, nats, weights)
        again[number] = replace(one, value=value, nats=nats, logit=logit)
    return sorted(again, key=lambda f: (-f.value, f.candidate.scene_id))
