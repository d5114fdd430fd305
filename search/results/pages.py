"""Pages: a ranking, folded, grouped, sorted, and cut."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

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
    scenes = scored(ranked, confidence)
    if confidence is not None:
        least = max(shape.min_score, WEAK if shape.sort is not Sort.RELEVANCE else 0.0)
        scenes = [scene for scene in scenes if scene.score >= least]
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
        num_weak = sum(scene.score < WEAK for scene in scenes)
    if cursor.after is not None:
        placed = [pair for pair in placed if pair[0] > cursor.after]
    shown = placed[: most or shape.limit]
    following = None
    if len(placed) > len(shown):
        following = cursor.next(len(shown), confidence, shown[-1][0])
    return Page([scene for _, scene in shown], following, total, num_weak)


def _folded(scenes: Sequence[Candidate], looks: Mapping[int, tuple[int, ...]]) -> list[Candidate]:
    """Each look once: later scenes whose keyframes are nearly those of an earlier one go into
    it."""
    seen = _Looks(len(looks), sum(map(len, looks.values())))
    firsts: list[Candidate] = []
    alike: dict[int, list[int]] = defaultdict(list)
    for scene in scenes:
        own = np.array(looks.get(scene.scene_id, ()), np.int64).view(np.uint64)
        first = seen.find(own)
        if first is None:
            seen.add(own, len(firsts))
            firsts.append(scene)
        else:
            alike[first].append(scene.scene_id)
    for number, others in alike.items():
        firsts[number] = firsts[number]._replace(alike=(*firsts[number].alike, *others))
    return firsts


class _Looks:
    """The keyframes of scenes that all look different, side by side, so that a scene is compared
    with all of them at once."""

    def __init__(self, num_scenes: int, num_keyframes: int) -> None:
        self._hashes = np.empty(num_keyframes, np.uint64)
        self._starts = np.zeros(num_scenes + 1, np.intp)
        """Where the hashes of each scene begin, and the last ones end."""
        self._numbers: list[int] = []

    def find(self, own: npt.NDArray[np.uint64]) -> int | None:
        """The first scene that looks like one with these keyframes: each of those of the scene that
        has fewer is nearly one of the other's."""
        starts = self._starts[: len(self._numbers)]
        if not len(own) or not len(starts):
            return None
        others = self._hashes[: self._starts[len(starts)]]
        near = np.bitwise_count(own[:, np.newaxis] ^ others) <= _SAME_LOOK_BITS
        is_near = near.any(axis=0)
        if not is_near.any():
            return None
        all_of_own = np.logical_or.reduceat(near, starts, axis=1).all(axis=0)
        all_of_theirs = np.logical_and.reduceat(is_near, starts)
        sizes = np.diff(self._starts[: len(starts) + 1])
        found = np.flatnonzero(np.where(len(own) <= sizes, all_of_own, all_of_theirs))
        return self._numbers[found[0]] if len(found) else None

    def add(self, own: npt.NDArray[np.uint64], number: int) -> None:
        """One more, under a number; without keyframes it looks like none."""
        if not len(own):
            return
        start = self._starts[len(self._numbers)]
        self._hashes[start : start + len(own)] = own
        self._numbers.append(number)
        self._starts[len(self._numbers)] = start + len(own)


def _by_video(scenes: Sequence[Candidate]) -> list[Candidate]:
    """The best scene of each video."""
    best: dict[int, Candidate] = {}
    for scene in scenes:
        if scene.video_id in best:
            first = best[scene.video_id]
            best[scene.video_id] = first._replace(others=first.others + 1)
        else:
            best[scene.video_id] = scene
    return list(best.values())
