"""What both engines share: a checked query, over some spaces, to an answer."""

import time
from collections.abc import Sequence

from database.library import Library, VideoInfo
from database.session import Database
from embeddings.service import EmbeddingService
from embeddings.space import Modality, Space
from embeddings.spaces import PROFILES, Profile
from search.calibrate import NullDistribution
from search.fusion import Fused, Fusion, modality_of, weighted_evidence
from search.hit import Evidence, SearchAnswer, SearchHit
from search.query import SearchQuery
from search.retrieve import retrieve

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
        self._spaces = profile.spaces

    def answer(
        self,
        query: SearchQuery,
        spaces: Sequence[Space],
        fusion: Fusion = weighted_evidence,
    ) -> SearchAnswer:
        """The answer to a checked query over these spaces."""
        started = time.perf_counter()
        stored = self._library.null_statistics()
        null = {
            space.key: NullDistribution.from_statistics(statistics)
            for space in spaces
            if (statistics := stored.get(space.key))
        }
        candidates = retrieve(self._database, self._service, query, spaces, null)
        best = fusion(candidates, query.weights)[: query.limit]
        videos = self._library.get_videos({fused.candidate.video_id for fused in best})
        hits = tuple(
            _hit(rank, fused, videos[fused.candidate.video_id])
            for rank, fused in enumerate(best, start=1)
            if fused.candidate.video_id in videos
        )
        reasons = self._reasons(spaces, null)
        return SearchAnswer(query, hits, reasons, (time.perf_counter() - started) * 1000)

    def spaces_of(self, modalities: Sequence[Modality]) -> list[Space]:
        """The profile's spaces of these modalities."""
        return [space for space in self._spaces if space.modality in modalities]

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


def _hit(rank: int, fused: Fused, video: VideoInfo) -> SearchHit:
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
