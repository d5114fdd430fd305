"""What requests may hold, for checking them and for /openapi.json."""

from datetime import time
from typing import Annotated, Literal, Self

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
from search.query.query import MAX_LIMIT, MAX_QUERY_CHARACTERS, MAX_SPACES, FusionName, Sort
from search.sequences import MAX_STEPS, MAX_WITHIN_S


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
