"""What the API answers beside searches, whose JSON is in search/results/json.py."""

from pydantic import BaseModel
from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

from search.results.json import SceneDocument, VideoDocument, exact


@exact
class VideoOut(VideoDocument):
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


@exact
class VideoList(TypedDict):
    """A page of videos; `next` is the `after` of the next page, null on the last."""

    videos: list[VideoOut]
    next: int | None


@exact
class KeyframeOut(TypedDict):
    """A still of a scene."""

    time_s: float
    url: str


@exact
class SceneOut(SceneDocument):
    """A scene of a video."""

    keyframes: list[KeyframeOut]
    on_screen_text: list[str]


@exact
class SpokenOut(TypedDict):
    """Something said, [start_s, end_s)."""

    start_s: float
    end_s: float
    text: str
    language: str | None


@exact
class VideoDetail(VideoOut):
    """A video with its scenes and transcript."""

    scenes: list[SceneOut]
    transcript: list[SpokenOut]


@exact
class PictureOut(TypedDict):
    """A picture that is kept to search with: its key, and the page that does."""

    image: str
    url: str


class ProblemOut(BaseModel):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
