"""The documents that the API answers, for /openapi.json."""

from typing import Any, Literal

from pydantic import BaseModel


class WeightsOut(BaseModel):
    text: float
    vision: float


class VideoRef(BaseModel):
    id: int
    path: str
    title: str
    duration_s: float
    recorded_at: str | None
    """As the container says, or else when its file was last changed."""


class SceneRef(BaseModel):
    id: int
    start_s: float
    end_s: float


class EvidenceOut(BaseModel):
    """A moment and the leg that found it."""

    kind: Literal["keyframe", "speech", "ocr", "span"]
    leg: str
    rank: int
    raw: float
    score: float
    start_s: float
    end_s: float
    text: str | None


class HitOut(BaseModel):
    """A scene; [start_s, end_s) is what to play."""

    rank: int
    score: float
    """How sure the hit is, in [0, 1]."""
    weak: bool
    """Whether it may well be wrong."""
    scores: dict[str, float]
    video: VideoRef
    scene: SceneRef
    start_s: float
    end_s: float
    keyframe_url: str | None
    """None for a recording without pictures."""
    stream_url: str
    alike: list[int]
    """Scenes that look nearly the same, when such are folded."""
    others_in_video: int
    """Further scenes of the video, when each video is shown once."""
    evidence: list[EvidenceOut]
    explain: dict[str, Any] | None = None
    """With `explain`: docs/ranking.md tells what and how."""


class SearchOut(BaseModel):
    """The answer to a search."""

    query: str
    mode: str | None
    weights: WeightsOut
    degraded: bool
    reasons: list[str]
    confident: bool
    """Whether any hit is more than a weak match."""
    total: int
    """Hits on all pages."""
    next: str | None
    """The cursor of the page after; null on the last."""
    took_ms: float
    results: list[HitOut]
    explain: dict[str, Any] | None = None


class StepOut(BaseModel):
    query: str
    mode: str | None


class SequenceHitOut(BaseModel):
    """A hit for each step; [start_s, end_s) holds them all."""

    rank: int
    score: float
    """How sure it is that every step is right, in [0, 1]."""
    weak: bool
    """Whether any step may well be wrong."""
    video: VideoRef
    start_s: float
    end_s: float
    stream_url: str
    steps: list[HitOut]


class SequenceOut(BaseModel):
    """The answer to a search for a sequence."""

    steps: list[StepOut]
    within_s: float
    degraded: bool
    reasons: list[str]
    confident: bool
    """Whether any hit is more than a weak match."""
    total: int
    """Sequences found, answered or not."""
    took_ms: float
    results: list[SequenceHitOut]


class VideoOut(VideoRef):
    """A video of the library."""

    status: str
    reason: str | None
    width_px: int | None
    height_px: int | None
    frame_rate: float | None
    container: str
    video_codec: str | None
    audio_codec: str | None
    language: str | None
    num_scenes: int
    tags: list[str]
    ingested_at: str
    stream_url: str


class VideoList(BaseModel):
    """A page of videos; `next` is the `after` of the next page, null on the last."""

    videos: list[VideoOut]
    next: int | None


class KeyframeOut(BaseModel):
    time_s: float
    url: str


class SceneOut(SceneRef):
    """A scene of a video."""

    keyframes: list[KeyframeOut]
    on_screen_text: list[str]


class SpokenOut(BaseModel):
    """Something said, [start_s, end_s)."""

    start_s: float
    end_s: float
    text: str
    language: str | None


class VideoDetail(VideoOut):
    """A video with its scenes and transcript."""

    scenes: list[SceneOut]
    transcript: list[SpokenOut]


class ProblemOut(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
