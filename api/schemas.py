"""The documents of the API, for /openapi.json and for checking requests."""

from datetime import time
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    model_validator,
)

from database.models import MomentKind
from database.tags import MAX_TAG_CHARACTERS, MAX_TAGS
from search.query import MAX_LIMIT, MAX_QUERY_CHARACTERS, MAX_SPACES, FusionName, Sort
from search.steps import MAX_STEPS, MAX_WITHIN_S


def _without_zone(clock: time) -> time:
    if clock.tzinfo is not None:
        raise ValueError("a time of day has no time zone")
    return clock


NaiveTime = Annotated[time, AfterValidator(_without_zone)]

Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
Seconds = Annotated[FiniteFloat, Field(ge=0)]
Mode = Literal["text_heavy", "balanced", "vision_heavy", "auto"]
QueryText = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_QUERY_CHARACTERS,
        description='What to find, in words; "in quotes" word for word, -without this word',
    ),
]
Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT, description="Hits to answer at most")]
CursorText = Annotated[
    str, Field(max_length=500, description="`next` of the page before, for the page after it")
]
MinScore = Annotated[
    float, Field(ge=0, lt=1, description="Only hits at least so sure; 0.4 leaves out weak ones")
]
SpaceKey = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
SpaceKeys = Annotated[list[SpaceKey], Field(min_length=1, max_length=MAX_SPACES)]
TagName = Annotated[str, Field(min_length=1, max_length=MAX_TAG_CHARACTERS, pattern=r"^[^\x00]*$")]
SceneIds = Annotated[list[Id], Field(max_length=100)]


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
    recorded_from: AwareDatetime | None = None
    recorded_to: AwareDatetime | None = None
    """Recorded in [recorded_from, recorded_to)."""
    clock_from: NaiveTime | None = None
    clock_to: NaiveTime | None = None
    """Recorded at a time of day in [clock_from, clock_to), as the database's clock shows it."""
    min_duration_s: Seconds | None = None
    max_duration_s: Seconds | None = None
    kinds: Annotated[list[MomentKind], Field(max_length=len(MomentKind))] = []
    """The scene has moments of each of these kinds."""
    tags: Annotated[list[TagName], Field(max_length=MAX_TAGS)] = []
    """The video has each of these tags."""


class ShapeIn(_Request):
    """How an answer is put together."""

    limit: Limit = 10
    cursor: CursorText | None = None
    sort: Sort = Sort.RELEVANCE
    by_video: bool = False
    """Each video once, by its best scene."""
    fold: bool = False
    """Scenes that look nearly the same once."""
    min_score: MinScore = 0.0
    fusion: FusionName = FusionName.EVIDENCE
    rerank: bool = False
    """A cross-encoder orders the first hits again."""
    explain: bool = False


class SearchIn(ShapeIn):
    """A multimodal search: a mode, or weights of its own."""

    query: QueryText
    mode: Mode | None = None
    weights: WeightsIn | None = None
    use_vision: bool = True
    filters: FiltersIn = FiltersIn()
    spaces: SpaceKeys | None = None
    """Only these spaces of the library."""
    like: SceneIds = []
    """Scenes that bend the query towards them."""
    unlike: SceneIds = []
    """Scenes that bend it away from them."""


class FeedbackIn(SearchIn):
    """A search whose hits have been judged: the judgements are kept, and bend the query."""

    @model_validator(mode="after")
    def judged(self) -> Self:
        """Raises ValueError if nothing was judged."""
        if not self.like and not self.unlike:
            raise ValueError("name at least one scene in like or unlike")
        return self


class StepIn(_Request):
    """One step of a sequence."""

    query: QueryText
    mode: Mode = "balanced"


class SequenceIn(_Request):
    """One thing, then another."""

    steps: Annotated[list[StepIn], Field(min_length=2, max_length=MAX_STEPS)]
    within_s: Annotated[FiniteFloat, Field(ge=0, le=MAX_WITHIN_S)] = 30.0
    """Each step begins at most so long after the one before ends."""
    filters: FiltersIn = FiltersIn()
    limit: Limit = 10


class TagsIn(_Request):
    """The tags of a video, instead of those it has."""

    tags: Annotated[list[TagName], Field(max_length=MAX_TAGS)]


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
