"""The shape of an answer: what is folded, grouped, left out, sorted and cut into pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from database.queries.hits import HitReader, VideoRef
from search.query.query import Shape, Sort
from search.ranking.confidence import WEAK, Confidence
from search.ranking.fusion import Fused
from search.results.cursors import Cursor, Place, place_of

_SAME_LOOK_BITS = 4
"""Of 64: re-encoded, scaled or brightened pictures differ in fewer, others in about thirty."""


@dataclass(frozen=True)
class Ranked:
    """A scene that is to be shown, and what it stands for."""

    fused: Fused
    score: float
    """In [0, 1) if the fusion is calibrated."""
    alike: tuple[int, ...] = ()
    """Scenes that look nearly the same and come after it."""
    others: int = 0
    """Further scenes of its video, when each video is shown once."""


@dataclass(frozen=True)
class Page:
    """The hits to show, and the cursor of the page after; None on the last."""

    hits: list[Ranked]
    next: str | None
    total: int
    """Hits on all pages."""


def shaped(
    ranked: Sequence[Ranked],
    shape: Shape,
    cursor: Cursor,
    reader: HitReader,
    *,
    confidence: Confidence | None,
) -> Page:
    """One page of what was ranked, best first."""
    hits = list(ranked)
    if shape.min_score > 0:
        hits = [hit for hit in ranked if hit.score >= shape.min_score]
    if shape.sort is not Sort.RELEVANCE and confidence is not None:
        hits = [hit for hit in hits if hit.score >= WEAK]
    if shape.fold:
        hits = _folded(hits, reader.looks({hit.fused.candidate.scene_id for hit in hits}))
    if shape.by_video:
        hits = _by_video(hits)
    videos: Mapping[int, VideoRef] = {}
    if shape.sort is Sort.DATE:
        videos = reader.videos({hit.fused.candidate.video_id for hit in hits})
        hits = [hit for hit in hits if hit.fused.candidate.video_id in videos]
    placed: list[tuple[Place, Ranked]] = sorted(
        ((place_of(hit.fused, shape.sort, videos), hit) for hit in hits), key=lambda pair: pair[0]
    )
    total = len(placed)
    if cursor.after is not None:
        placed = [pair for pair in placed if pair[0] > cursor.after]
    shown = placed[: shape.limit]
    following = None
    if len(placed) > len(shown):
        following = cursor.next(len(shown), confidence, shown[-1][0])
    return Page([hit for _, hit in shown], following, total)


def _folded(hits: Sequence[Ranked], looks: Mapping[int, tuple[int, ...]]) -> list[Ranked]:
    """Each look once: later scenes whose keyframes are nearly those of an earlier one go into
    it."""
    kept: list[Ranked] = []
    for hit in hits:
        own = looks.get(hit.fused.candidate.scene_id, ())
        for number, first in enumerate(kept):
            if _same(own, looks.get(first.fused.candidate.scene_id, ())):
                kept[number] = replace(first, alike=(*first.alike, hit.fused.candidate.scene_id))
                break
        else:
            kept.append(hit)
    return kept


def _same(one: Sequence[int], other: Sequence[int]) -> bool:
    """Whether each keyframe of the scene that has fewer is nearly one of the other's."""
    fewer, more = sorted((one, other), key=len)
    return bool(fewer) and all(
        any(((a ^ b) & (2**64 - 1)).bit_count() <= _SAME_LOOK_BITS for b in more) for a in fewer
    )


def _by_video(hits: Sequence[Ranked]) -> list[Ranked]:
    """The best scene of each video."""
    best: dict[int, Ranked] = {}
    for hit in hits:
        video_id = hit.fused.candidate.video_id
        if video_id in best:
            best[video_id] = replace(best[video_id], others=best[video_id].others + 1)
        else:
            best[video_id] = hit
    return list(best.values())
