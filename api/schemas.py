"""The documents of the API, for /openapi.json and for checking requests."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from search.query import MAX_LIMIT, MAX_QUERY_CHARACTERS, MAX_SPACES

Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
Seconds = Annotated[FiniteFloat, Field(ge=0)]
Mode = Literal["text_heavy", "balanced", "vision_heavy"]
QueryText = Annotated[
    str, Field(min_length=1, max_length=MAX_QUERY_CHARACTERS, description="What to find, in words")
]
Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT, description="Hits to answer at most")]


SpaceKey = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WeightsIn(_Request):
    """How much text and vision count; only their ratio matters."""

    text: Annotated[FiniteFloat, Field(ge=0)]
    vision: Annotated[FiniteFloat, Field(ge=0)]


class FiltersIn(_Request):
    """What a scene must satisfy."""

    video_ids: Annotated[list[Id], Field(max_length=1000)] | None = None
    from_s: Seconds | None = None
    to_s: Seconds | None = None
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")] | None = None


class SearchIn(_Request):
    """A multimodal search: a mode, or weights of its own."""

    query: QueryText
    mode: Mode | None = None
    weights: WeightsIn | None = None
    use_vision: bool = True
    limit: Limit = 10
    filters: FiltersIn = FiltersIn()
    spaces: Annotated[list[SpaceKey], Field(min_length=1, max_length=MAX_SPACES)] | None = None
    """Only these spaces of the library."""


class WeightsOut(BaseModel):
    text: float
    vision: float


class VideoRef(BaseModel):
    id: int
    path: str
    title: str
    duration_s: float


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
    scores: dict[str, float]
    video: VideoRef
    scene: SceneRef
    start_s: float
    end_s: float
    keyframe_url: str | None
    """None for a recording without pictures."""
    stream_url: str
    evidence: list[EvidenceOut]


class SearchOut(BaseModel):
    """The answer to a search."""

    query: str
    mode: str | None
    weights: WeightsOut
    degraded: bool
    reasons: list[str]
    took_ms: float
    results: list[HitOut]


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
