"""Pages: a ranking, folded, grouped, sorted, and cut."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from database.queries.hits import HitReader, VideoRef
from search.query.query import Shape, Sort
from search.ranking.confidence import WEAK, Confidence, scored
from search.results.cursors import Cursor, Place, place_of
from search.retrieval.candidates import Candidate

_SAME_LOOK_BITS = 4
"""Of 64: re-encoded, scaled or brightened pictures differ in fewer, others in about thirty."""


@dataclass(frozen=True)
class Page:
    """The scenes of one page, and the cursor of the page after; None on the last."""

    scenes: list[Candidate]
    next: str | None
    total: int
    """Hits on all pages."""
    num_weak: int
    """Those of them that may well be wrong."""


def cut_page(
    ranked: Sequence[Candidate],
    shape: Shape,
    cursor: Cursor,
    reader: HitReader,
    confidence: Confidence | None,
    most: int | None = None,
) -> Page:
    """The page of a ranking, best first, that begins at the cursor, with the scenes' scores; it has
    as many scenes as the shape's limit, or `most`."""
    scenes = list(ranked)
    if confidence is not None:
        least = max(shape.min_score, WEAK if shape.sort is not Sort.RELEVANCE else 0.0)
        scenes = [scene for scene in ranked if confidence.score(scene.value) >= least]
    if shape.fold:
        scenes = _folded(scenes, reader.looks({scene.scene_id for scene in scenes}))
    if shape.by_video:
        scenes = _by_video(scenes)
    videos: Mapping[int, VideoRef] = {}
    if shape.sort is Sort.DATE:
        videos = reader.videos({scene.video_id for scene in scenes})
        scenes = [scene for scene in scenes if scene.video_id in videos]
    placed: list[tuple[Place, Candidate]] = sorted(
        ((place_of(scene, shape.sort, videos), scene) for scene in scenes),
        key=lambda pair: pair[0],
    )
    total = len(placed)
    num_weak = 0
    if confidence is not None:
        num_weak = sum(confidence.score(scene.value) < WEAK for scene in scenes)
    if cursor.after is not None:
        placed = [pair for pair in placed if pair[0] > cursor.after]
    shown = placed[: most or shape.limit]
    following = None
    if len(placed) > len(shown):
        following = cursor.next(len(shown), confidence, shown[-1][0])
    return Page(scored([scene for _, scene in shown], confidence), following, total, num_weak)


def _folded(scenes: Sequence[Candidate], looks: Mapping[int, tuple[int, ...]]) -> list[Candidate]:
    """Each look once: later scenes whose keyframes are nearly those of an earlier one go into
    it."""
    kept: list[Candidate] = []
    for scene in scenes:
        own = looks.get(scene.scene_id, ())
        for number, first in enumerate(kept):
            if _same_look(own, looks.get(first.scene_id, ())):
                kept[number] = replace(first, alike=(*first.alike, scene.scene_id))
                break
        else:
            kept.append(scene)
    return kept


def _same_look(one: Sequence[int], other: Sequence[int]) -> bool:
    """Whether each keyframe of the scene that has fewer is nearly one of the other's."""
    fewer, more = sorted((one, other), key=len)
    return bool(fewer) and all(
        any(((a ^ b) & (2**64 - 1)).bit_count() <= _SAME_LOOK_BITS for b in more) for a in fewer
    )


def _by_video(scenes: Sequence[Candidate]) -> list[Candidate]:
    """The best scene of each video."""
    best: dict[int, Candidate] = {}
    for scene in scenes:
        if scene.video_id in best:
            first = best[scene.video_id]
            best[scene.video_id] = replace(first, others=first.others + 1)
        else:
            best[scene.video_id] = scene
    return list(best.values())
