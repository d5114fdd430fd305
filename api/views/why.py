"""Why a moment answers a search: all its evidence, not only what a card has room for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from api.deps import State
from api.views.cards import VERBS, Reason, pieces_of
from api.views.form import PageForm
from api.views.moments import find_moments
from database.errors import NotFound
from search.errors import InvalidQuery
from search.results.hits import Evidence, SearchHit

_MODALITIES = {"text": "said or written", "vision": "seen"}
_NEAR_S = 0.1
"""Addresses round times."""


@dataclass(frozen=True)
class Why:
    """A hit with its reasons, for one query. How sure it is in all stands on its card: in its own
    video alone a search looks deeper, and may come to another number."""

    asked: str
    """The query in words; empty if it is a picture or a scene."""
    scores: tuple[tuple[str, float], ...]
    """For each kind of evidence: what it is called, and how sure it is alone."""
    reasons: tuple[tuple[Reason, float], ...]
    """With how sure each is alone, the strongest first."""


def why_here(
    state: State, form: PageForm, video_id: int, start_s: float, end_s: float | None
) -> tuple[Why, ...]:
    """Why the moment [start_s, end_s) of a video answers a search: once for each step of a
    sequence, and not at all where it does not. Raises Busy, DatabaseError."""
    if not form.asks:
        return ()
    found = []
    for asked in (form.q, *form.then):
        try:
            hits = find_moments(state, form.model_copy(update={"q": asked}), video_id)
        except (InvalidQuery, NotFound):  # the strip says so
            continue
        found += [_why(hit, asked) for hit in _here(hits, start_s, end_s)]
    return tuple(found)


def _here(hits: Sequence[SearchHit], start_s: float, end_s: float | None) -> list[SearchHit]:
    """The hit that begins where the moment does, or else the best one in it."""
    last_s = start_s + _NEAR_S if end_s is None else end_s
    inside = [hit for hit in hits if hit.start_s < last_s and hit.end_s > start_s + _NEAR_S]
    exact = [hit for hit in inside if abs(hit.start_s - start_s) < _NEAR_S]
    return sorted(exact or inside, key=lambda hit: hit.score, reverse=True)[:1]


def _why(hit: SearchHit, asked: str) -> Why:
    return Why(
        asked,
        tuple((_MODALITIES[name], score) for name, score in hit.scores.items()),
        tuple(_reasons(hit.evidence)),
    )


def _reasons(evidence: Sequence[Evidence]) -> Iterator[tuple[Reason, float]]:
    """Each moment once, with the best of its scores."""
    known: set[int] = set()
    for each in evidence:
        moment = each.moment
        if moment.id not in known:
            known.add(moment.id)
            pieces = pieces_of(moment.text or "", moment.marks)
            yield Reason(VERBS[moment.kind], moment.start_s, pieces), each.score
