"""Selections: moments of videos that somebody wants to take along."""

from collections.abc import Sequence
from dataclasses import dataclass

from database.errors import NotFound
from database.models import MomentKind
from database.queries.hits import HitReader
from database.server.connection import Database
from search.results.hits import Evidence, SearchAnswer, SearchHit, SequenceAnswer, SequenceHit

MAX_SELECTIONS = 1000


@dataclass(frozen=True)
class Why:
    """A moment that put a hit there, and how much it says."""

    kind: MomentKind
    score: float
    text: str | None
    made_by: str | None = None
    """Of a description, the model that wrote it."""


@dataclass(frozen=True)
class Selection:
    """A moment of a video, [start_s, end_s), and, of a hit, what it was found by."""

    video_id: int
    start_s: float
    end_s: float
    scene_id: int | None = None
    name: str | None = None
    query: str | None = None
    score: float | None = None
    weak: bool = False
    """Whether it may well be wrong."""
    evidence: tuple[Why, ...] = ()
    """Strongest first."""


def selections_of(answer: SearchAnswer) -> list[Selection]:
    """The hits of an answer, in its order."""
    return [_of_hit(hit, answer.query.text or None) for hit in answer.hits]


def selections_of_sequences(answer: SequenceAnswer) -> list[Selection]:
    """The sequences of an answer, each from its first step to its last."""
    query = ", then ".join(step.text for step in answer.steps)
    return [_of_sequence(hit, query) for hit in answer.hits]


def selections_of_scenes(database: Database, scene_ids: Sequence[int]) -> dict[int, Selection]:
    """Whole scenes, by their ids. Raises NotFound, which names those that do not exist."""
    scenes = HitReader(database).scenes(set(scene_ids))
    if missing := sorted(set(scene_ids) - set(scenes)):
        raise NotFound(_none("scene", missing))
    return {
        scene.id: Selection(scene.video_id, scene.start_s, scene.end_s, scene_id=scene.id)
        for scene in scenes.values()
    }


def missing_videos(ids: Sequence[int]) -> NotFound:
    """The error that names videos that do not exist."""
    return NotFound(_none("video", ids))


def _none(noun: str, ids: Sequence[int]) -> str:
    shown = ", ".join(map(str, ids[:20])) + (" and more" if len(ids) > 20 else "")
    return f"there is no {noun} {shown}"


def _of_hit(hit: SearchHit, query: str | None) -> Selection:
    return Selection(
        hit.video.id,
        hit.start_s,
        hit.end_s,
        hit.scene.scene_id,
        query=query,
        score=hit.score,
        weak=hit.weak,
        evidence=tuple(_why(each) for each in hit.evidence),
    )


def _of_sequence(hit: SequenceHit, query: str) -> Selection:
    return Selection(
        hit.steps[0].video.id,
        hit.start_s,
        hit.end_s,
        query=query,
        score=hit.score,
        weak=hit.weak,
        evidence=tuple(_why(each) for step in hit.steps for each in step.evidence),
    )


def _why(evidence: Evidence) -> Why:
    moment = evidence.moment
    return Why(moment.kind, evidence.score, moment.text, moment.made_by)
