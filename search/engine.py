"""What both engines share: a checked query, over some spaces, to an answer."""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from database.errors import SpaceGone
from database.library import Library, VideoRef
from database.session import Database
from embeddings.errors import WeightsMissing
from embeddings.service import EmbeddingService
from embeddings.space import Modality
from search.calibrate import NullDistribution
from search.fusion import Fused, Fusion, weighted_evidence
from search.hit import Evidence, SearchAnswer, SearchHit
from search.query import SearchQuery, make_query
from search.retrieve import Candidate, retrieve, retrieve_alike
from search.searched import SpaceChoice

Result = TypeVar("Result")
_ONLY = {Modality.TEXT: (1.0, 0.0), Modality.VISION: (0.0, 1.0)}
_SHOWN_NATS = 1.6
"""Evidence weaker than a chance of one in five is not shown as a reason for a hit."""


class SearchEngine:
    """A library, opened for searching. Safe to call from several threads."""

    def __init__(self, database: Database, service: EmbeddingService) -> None:
        self._database = database
        self._library = Library(database)
        self._service = service
        self.choice = SpaceChoice(database, service)

    def answer(
        self,
        query: SearchQuery,
        modalities: Sequence[Modality] = tuple(Modality),
        fusion: Fusion = weighted_evidence,
    ) -> SearchAnswer:
        """The answer to a checked query over the spaces it names, or else the active ones of
        these modalities. Raises InvalidQuery."""
        started = time.perf_counter()
        candidates, reasons = self._with_spaces_there(lambda: self._candidates(query, modalities))
        best = fusion(candidates, query.weights)[: query.limit]
        return self._answer(query, best, reasons, started)

    def similar(self, scene_id: int, *, space: str | None = None, limit: int = 10) -> SearchAnswer:
        """Scenes that are like a scene: in a space by its key, or else by its look; of one
        without pictures, by what is said. Raises NotFound, InvalidQuery."""
        started = time.perf_counter()
        modality, candidates, reasons = self._with_spaces_there(
            lambda: self._alike(scene_id, space, limit)
        )
        query = make_query(f"scene {scene_id}", weights=_ONLY[modality], limit=limit)
        best = weighted_evidence(candidates, query.weights)[:limit]
        return self._answer(query, best, reasons, started)

    def _with_spaces_there(self, read: Callable[[], Result]) -> Result:
        """What `read` finds; once more if a space was dropped since the library was read."""
        try:
            return read()
        except SpaceGone:
            self.choice.forget()
            return read()

    def _alike(
        self, scene_id: int, space: str | None, limit: int
    ) -> tuple[Modality, list[Candidate], tuple[str, ...]]:
        chosen, info, vectors = self.choice.for_similar(scene_id, space)
        if info.null_statistics is None or "alike" not in info.null_statistics:
            reason = f"nothing is known of {chosen.key} yet: run python -m ingest FOLDER"
            return chosen.modality, [], (reason,)
        null = NullDistribution.among_items(info.null_statistics)
        candidates = retrieve_alike(
            self._database, chosen, scene_id, vectors, null, limit=limit + 1
        )
        return chosen.modality, candidates, ()

    def _candidates(
        self, query: SearchQuery, modalities: Sequence[Modality]
    ) -> tuple[list[Candidate], tuple[str, ...]]:
        """The candidates of all legs, and why some legs took no part."""
        searched = self.choice.choose(modalities, query.spaces)
        reasons, vectors = list(searched.reasons), {}
        for space in searched.spaces:
            try:
                vectors[space] = self._service.encode_query(space, query.text)
            except WeightsMissing as error:
                reasons.append(f"{space.key} took no part: {error}")
        null = {
            space.key: NullDistribution.from_statistics(statistics, space.modality)
            for space in vectors
            if (statistics := searched.infos[space.key].null_statistics) is not None
        }
        words = query.text if searched.with_words else None
        candidates = retrieve(self._database, vectors, words, query, null)
        return candidates, tuple(reasons)

    def _answer(
        self, query: SearchQuery, best: list[Fused], reasons: tuple[str, ...], started: float
    ) -> SearchAnswer:
        videos = self._library.video_refs({fused.candidate.video_id for fused in best})
        # A video may have gone between the two reads.
        present = [fused for fused in best if fused.candidate.video_id in videos]
        hits = tuple(
            _hit(rank, fused, videos[fused.candidate.video_id])
            for rank, fused in enumerate(present, start=1)
        )
        return SearchAnswer(query, hits, reasons, (time.perf_counter() - started) * 1000)


def _hit(rank: int, fused: Fused, video: VideoRef) -> SearchHit:
    candidate = fused.candidate
    evidence = tuple(sorted(candidate.evidence.values(), key=lambda e: -e.nats))
    shown = tuple(e for e in evidence if e.nats >= _SHOWN_NATS) or evidence[:1]
    start_s, end_s = _interval(shown[0], candidate.scene_start_s, candidate.scene_end_s)
    return SearchHit(
        rank=rank,
        score=fused.score,
        scores=fused.scores,
        video=video,
        scene_id=candidate.scene_id,
        scene_start_s=candidate.scene_start_s,
        scene_end_s=candidate.scene_end_s,
        start_s=start_s,
        end_s=end_s,
        evidence=shown,
    )


def _interval(best: Evidence, start_s: float, end_s: float) -> tuple[float, float]:
    """What to play: the words that were found, or the scene that shows it."""
    if best.modality is Modality.TEXT and best.end_s > best.start_s:
        return best.start_s, best.end_s
    return start_s, end_s
