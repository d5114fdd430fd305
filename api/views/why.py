"""Why a moment answers a search: all its evidence, not only what a card has room for."""

from collections.abc import Sequence
from dataclasses import dataclass

from api.views.cards import Reason, reason_of
from api.views.moments import Found
from search.results.hits import SearchHit

_MODALITIES = {"text": "said or written", "vision": "shown"}
_STRONG, _SOME = 0.7, 0.35
"""Evidence that chance brings once in a thousand times, and once in thirteen
(docs/ranking.md)."""
_NEAR_S = 0.1
"""Addresses round times."""


@dataclass(frozen=True)
class Why:
    """A hit with its reasons, for one query. How sure it is in all stands on its card: in its own
    video alone a search looks deeper, and may come to another number."""

    asked: str
    """The query in words; empty if it is a picture or a scene."""
    kinds: tuple[tuple[str, str], ...]
    """For each kind of evidence: what it is called, and how much there is, in words: a percentage
    would be taken for the hit's."""
    reasons: tuple[tuple[Reason, str], ...]
    """With how much each says, the strongest first."""


def why_here(found: Found, start_s: float, end_s: float | None) -> tuple[Why, ...]:
    """Why the moment [start_s, end_s) of a video answers a search: once for each step of a
    sequence, and not at all where it does not."""
    return tuple(
        _why(hit, asked) for asked, hits in found.steps for hit in _here(hits, start_s, end_s)
    )


def _here(hits: Sequence[SearchHit], start_s: float, end_s: float | None) -> list[SearchHit]:
    """The hit that begins where the moment does, or else the best one in it."""
    last_s = start_s + _NEAR_S if end_s is None else end_s
    inside = [hit for hit in hits if hit.start_s < last_s and hit.end_s > start_s + _NEAR_S]
    exact = [hit for hit in inside if abs(hit.start_s - start_s) < _NEAR_S]
    return sorted(exact or inside, key=lambda hit: hit.score, reverse=True)[:1]


def _why(hit: SearchHit, asked: str) -> Why:
    return Why(
        asked,
        tuple((_MODALITIES[name], _how_much(score)) for name, score in hit.scores.items()),
        tuple((reason_of(each), _how_much(each.score)) for each in hit.moments),
    )


def _how_much(evidence: float) -> str:
    return "strong" if evidence >= _STRONG else "some" if evidence >= _SOME else "little"
