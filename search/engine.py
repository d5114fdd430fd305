"""What both engines share: a checked query, over some spaces, to an answer."""

import time
from collections.abc import Sequence
from typing import Any

from database.errors import NotFound
from database.library import Library, VideoRef
from database.session import Database
from embeddings.encoder import Vectors
from embeddings.service import EmbeddingService
from embeddings.space import Modality, Space
from embeddings.spaces import PROFILES, Profile
from search.calibrate import NullDistribution
from search.fusion import Fused, Fusion, modality_of, weighted_evidence
from search.hit import Evidence, SearchAnswer, SearchHit
from search.query import SearchQuery, make_query
from search.retrieve import retrieve, retrieve_alike

_ONLY = {Modality.TEXT: (1.0, 0.0), Modality.VISION: (0.0, 1.0)}
_REREAD_S = 2.0
_SHOWN_NATS = 1.6
"""Evidence weaker than a chance of one in five is not shown as a reason for a hit."""


class SearchEngine:
    """A library, opened for searching. Safe to call from several threads."""

    def __init__(
        self,
        database: Database,
        service: EmbeddingService,
        profile: Profile = PROFILES["bundled"],
    ) -> None:
        self._database = database
        self._library = Library(database)
        self._service = service
        self.spaces = profile.spaces
        self._stored_null: dict[str, dict[str, Any] | None] = {}
        self._read_at = float("-inf")

    def answer(
        self,
        query: SearchQuery,
        spaces: Sequence[Space],
        fusion: Fusion = weighted_evidence,
    ) -> SearchAnswer:
        """The answer to a checked query over these spaces."""
        started = time.perf_counter()
        null = self._null_distributions(spaces)
        candidates = retrieve(self._database, self._service, query, spaces, null)
        best = fusion(candidates, query.weights)[: query.limit]
        return self._answer(query, best, self._reasons(spaces, null), started)

    def similar(self, scene_id: int, *, limit: int = 10) -> SearchAnswer:
        """Scenes that look like a scene; like one without pictures, those that say the like.

        Raises NotFound, InvalidQuery.
        """
        started = time.perf_counter()
        space, vectors = self._like(scene_id)
        query = make_query(f"scene {scene_id}", weights=_ONLY[space.modality], limit=limit)
        null = self._null_distributions([space])
        if space.key not in null:
            return self._answer(query, [], self._reasons([space], null), started)
        candidates = retrieve_alike(
            self._database, space, scene_id, vectors, null[space.key], limit=limit + 1
        )
        best = weighted_evidence(candidates, query.weights)[:limit]
        return self._answer(query, best, (), started)

    def spaces_of(self, modalities: Sequence[Modality]) -> list[Space]:
        """The profile's spaces of these modalities."""
        return [space for space in self.spaces if space.modality in modalities]

    def _like(self, scene_id: int) -> tuple[Space, Vectors]:
        """The space to compare a scene in, and the scene's vectors there."""
        for space in sorted(self.spaces, key=lambda space: space.modality is Modality.TEXT):
            vectors = self._library.scene_vectors(scene_id, space.key)
            if len(vectors):
                return space, vectors
        raise NotFound(f"there is no scene {scene_id}, or nothing of it is embedded")

    def _null_distributions(self, spaces: Sequence[Space]) -> dict[str, NullDistribution]:
        stored = self._null_statistics()
        return {
            space.key: NullDistribution.from_statistics(statistics, space.modality)
            for space in spaces
            if (statistics := stored.get(space.key))
        }

    def _null_statistics(self) -> dict[str, dict[str, Any] | None]:
        """As stored, read again every few seconds: an ingest may be running."""
        if time.monotonic() - self._read_at > _REREAD_S:
            self._stored_null = self._library.null_statistics()
            self._read_at = time.monotonic()
        return self._stored_null

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

    def _reasons(
        self, spaces: Sequence[Space], null: dict[str, NullDistribution]
    ) -> tuple[str, ...]:
        """Why spaces took no part."""
        if len(null) == len(spaces):
            return ()
        if self._library.row_counts()["video"] == 0:
            return ("the library is empty: run python -m ingest FOLDER",)
        return tuple(
            f"nothing is embedded in {space.key} ({space.modality.value}) yet"
            for space in spaces
            if space.key not in null
        )


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
    if modality_of(best.leg) is Modality.TEXT and best.end_s > best.start_s:
        return best.start_s, best.end_s
    return start_s, end_s
