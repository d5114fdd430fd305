"""What the API answers beside searches, whose JSON is in search/results/json.py."""

from typing import Literal

from pydantic import BaseModel
from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

from database.models import MomentKind
from search.results.json import DateTime, SceneDocument, VideoDocument, exact


@exact
class VideoOut(VideoDocument):
    """A video of the library."""

    uri: str
    """Of the file at `path`, with the host that has it: file://host/path."""
    missing_since: DateTime | None
    """When the last of its files was found missing: since then no search finds it."""
    again: bool
    """Whether the next ingest of its file makes it anew."""
    status: str
    reason: str | None
    """Why it is partial."""
    notes: list[str]
    """What was corrected while it was read; no faults."""
    clock: list[tuple[float, float]] | None
    """Where all other times are not the file's own stamps: pairs [time_s, stamp_s], in order; from
    `time_s` on, the file says stamp_s + (t - time_s). null where they are."""
    width_px: int | None
    height_px: int | None
    frame_rate: float | None
    container: str
    video_codec: str | None
    audio_codec: str | None
    language: str | None
    num_scenes: int
    tags: list[str]
    ingested_at: DateTime
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
class DescriptionOut(TypedDict):
    """What a model says of the picture at a time."""

    time_s: float
    text: str
    made_by: str
    """The model, and its digest or revision."""


@exact
class SceneOut(SceneDocument):
    """A scene of a video."""

    keyframes: list[KeyframeOut]
    on_screen_text: list[str]
    descriptions: list[DescriptionOut]
    """What a model says of its pictures, in the order of time; nobody has said or written it."""


@exact
class SpokenOut(TypedDict):
    """Something said, [start_s, end_s)."""

    start_s: float
    end_s: float
    text: str
    language: str | None
    track: str | None
    """The sound track or channel that it was heard on, where there are several; null for the first
    track as a whole."""


@exact
class WordOut(TypedDict):
    """A word of something said, [start_s, end_s)."""

    first: int
    """The position of its first character in the text, counted in Unicode code points."""
    text: str
    start_s: float
    end_s: float


@exact
class TimedOut(SpokenOut):
    """Something said, and when each word of it is."""

    words: list[WordOut] | None
    """null where a video was ingested before times of words were kept. Scripts without spaces have
    an entry for each character or few."""


@exact
class SceneList(TypedDict):
    """A page of scenes; `next` is the `after` of the next page, null on the last."""

    scenes: list[SceneOut]
    next: int | None


@exact
class Transcript(TypedDict):
    """A page of what is said; `next` is the `after` of the next page, null on the last."""

    transcript: list[TimedOut]
    next: str | None


@exact
class SourceOut(TypedDict):
    """An address that plays a video with one of its sound tracks."""

    kind: Literal["original", "copied", "converted"]
    """The file itself; its packets in segments; or segments of H.264 and AAC."""
    url: str
    type: str
    """The MIME type of what is there."""
    codecs: str | None
    """What stands after `codecs=` where a browser is asked (RFC 6381), empty where the type says
    all; null if no browser plays it, or nobody knows."""
    reason: str | None
    """What is wrong with the file for browsers: `hevc`, `ac3`, `matroska`, `second sound track`,
    `time stamps` and such; null if nothing is known to be."""
    sound: int
    """Position of the sound track in `sounds`; 0 of a film without sound, too."""


@exact
class SoundOut(TypedDict):
    """A sound track."""

    codec: str
    codec_string: str | None
    """RFC 6381; null for what no browser knows."""
    language: str | None
    title: str | None
    num_channels: int


@exact
class VideoDetail(VideoOut):
    """A video with what plays it, its first scenes, and the beginning of the transcript of all its
    tracks."""

    sources: list[SourceOut]
    """What plays it, the best first."""
    sources_reason: str | None
    """Why these are not all: the file has gone, or cannot be read; null where it could be."""
    sounds: list[SoundOut]
    """Its sound tracks; the one that people would hear comes first."""
    rate: tuple[int, int] | None
    """Frames per second as a fraction, such as [30000, 1001]; null if they vary too much."""
    timecode: str | None
    """Of the first frame: 01:00:00:00, or 01:00:00;00 where frames are dropped."""
    scenes: list[SceneOut]
    scenes_next: int | None
    """The `after` of the page of scenes that follows; null where these are all."""
    tracks: list[str]
    """The names of those tracks that have one, for `?track=` of the transcript's files."""
    transcript: list[SpokenOut]
    transcript_next: str | None
    """The `after` of the page of the transcript that follows; null where this is all."""


@exact
class PictureOut(TypedDict):
    """A picture that is kept to search with: its key, and the page that does."""

    image: str
    url: str


@exact
class MomentOut(TypedDict):
    """Something that a query finds in a video; [start_s, end_s) is what to play."""

    scene_id: int
    start_s: float
    end_s: float
    score: float
    """How sure it is, in [0, 1]."""
    weak: bool
    """Whether it may well be wrong."""
    kind: MomentKind
    """Of its best evidence."""
    text: str | None
    """Of its best evidence: what is said, written on the screen, or described by a model."""
    track: str | None
    """Of its best evidence: the sound track or channel that speech was heard on, where there are
    several; null for the first track as a whole."""
    made_by: str | None
    """Of its best evidence: of a description, the model that wrote it; null for everything else."""
    keyframe_url: str | None
    """null for a recording without pictures."""


@exact
class MomentsOut(TypedDict):
    """All that a query finds in a video, in order of time."""

    query: str
    mode: str | None
    degraded: bool
    reasons: list[str]
    confident: bool
    """Whether any of them is more than a weak match."""
    moments: list[MomentOut]


@exact
class AgainOut(TypedDict):
    """A video that is to be made anew, or is not to be any more."""

    id: int
    again: bool
    uri: str
    """Of its file: the host in it is where the next ingest has to run."""
    command: str
    """What ingests it there."""
    missing_since: DateTime | None


@exact
class KeptOut(TypedDict):
    """A missing file that was not forgotten."""

    path: str
    reason: str


@exact
class ForgottenOut(TypedDict):
    """What has become of the missing files of the server's host."""

    forgotten: list[str]
    """Their paths."""
    kept: list[KeptOut]


@exact
class FileOut(TypedDict):
    """A file that an ingest has seen, and what became of it."""

    uri: str
    """file://host/path, with the host that has it."""
    path: str
    status: str
    reason: str | None
    seen_at: DateTime
    missing_since: DateTime | None
    """When an ingest of its folder did not find it; null while it is there."""
    video_id: int | None


@exact
class FileList(TypedDict):
    """A page of files; `next` is the `after` of the next page, null on the last."""

    files: list[FileOut]
    next: str | None


@exact
class SpaceOut(TypedDict):
    """A space of the library: it holds `embedded` of the `wanted` moments."""

    space: str
    slot: str
    state: str
    modality: str
    input: str
    dim: int
    model: str
    revision: str
    weights_here: bool
    embedded: int
    wanted: int


@exact
class SpaceList(TypedDict):
    """The spaces of the library, those first that are searched."""

    spaces: list[SpaceOut]


@exact
class KnownVideoOut(TypedDict):
    """A video with the content of a file that is to be sent."""

    id: int
    title: str
    path: str
    url: str
    """Its page."""


@exact
class KnownOut(TypedDict):
    """Whether a file that is to be sent is here already."""

    same_size: bool
    """Whether any file here has its size: only then it may be the same."""
    video: KnownVideoOut | None


@exact
class UploadOut(TypedDict):
    """A film that is sent to the server."""

    id: str
    name: str
    """Made safe; once it is stored, that of its file."""
    size_bytes: int
    offset: int
    """How many bytes have come."""
    state: Literal["receiving", "stored", "known"]
    """`stored`: a job ingests it. `known`: its content was here already, and it was not stored."""
    job: int | None
    video: int | None
    """The video that it is, once the job has made it."""
    expires_at: DateTime
    """When this is forgotten, and with it what has come of a film that is not whole."""


class FaultOut(BaseModel):
    """A part of a request that cannot be answered."""

    where: str
    message: str


class ProblemOut(BaseModel):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FaultOut] = []
    """With 422: field by field."""
    request_id: str | None = None
    """That of the answer's `X-Request-Id`, and of the server's log."""
