"""The schema. `migrations/` builds it; a test proves that both agree."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pgvector.sqlalchemy import HALFVEC
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    DateTime,
    Enum,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, REAL, TSVECTOR
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

NAMES = {
    "ix": "%(table_name)s_%(column_0_name)s_idx",
    "uq": "%(table_name)s_%(column_0_name)s_key",
    "ck": "%(table_name)s_%(constraint_name)s_check",
    "fk": "%(table_name)s_%(column_0_name)s_fkey",
    "pk": "%(table_name)s_pkey",
}


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)


class MomentKind(StrEnum):
    """What a moment is. A new modality is one member here and one producer in `ingest/`."""

    KEYFRAME = "keyframe"
    SPEECH = "speech"
    OCR = "ocr"
    SPAN = "span"
    """A part of a scene, short enough to be seen by a video model at once."""
    SUBTITLE = "subtitle"
    """A line of a subtitle track, or of a subtitle file beside the video."""
    CHAPTER = "chapter"
    """The title of a chapter, over its time."""
    TITLE = "title"
    """The title of a video and the name of its file, in its first scene."""


class VideoStatus(StrEnum):
    """How the ingest of a video's content ended. Rows appear only when it has ended."""

    DONE = "done"
    PARTIAL = "partial"


class FileStatus(StrEnum):
    """The outcome of a file."""

    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"
    SKIPPED = "skipped"


class SpaceState(StrEnum):
    """What a library does with a space."""

    FILLING = "filling"
    """New videos are embedded in it, too, but it is not searched yet."""
    ACTIVE = "active"
    """It is searched, and complete."""
    RETIRED = "retired"
    """It was active before; kept as it was."""


class JobKind(StrEnum):
    """What a job does. A new kind is one member here, a request in `database/jobs/records.py`, and
    what a worker does for it in `ingest/work/`."""

    INGEST = "ingest"
    BACKFILL = "backfill"
    FORGET = "forget"


class JobState(StrEnum):
    """How far a job is."""

    WAITING = "waiting"
    """No worker has begun it."""
    WORKING = "working"
    PAUSED = "paused"
    """Nothing more of it is begun until somebody resumes it."""
    DONE = "done"
    """Each of its files has an outcome; some may have failed."""
    FAILED = "failed"
    """It could not be run itself."""
    CANCELLED = "cancelled"


class JobFileState(StrEnum):
    """How far a file of a job is: waiting, at work, or what became of it."""

    WAITING = "waiting"
    WORKING = "working"
    DONE = "done"
    UNCHANGED = "unchanged"
    PARTIAL = "partial"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


def _values(enum: type[StrEnum]) -> list[str]:
    return [member.value for member in enum]


class Video(Base):
    """A recording, known by the hash of its content; files are where it lies."""

    __tablename__ = "video"
    __table_args__ = (
        Index("video_ingested_at_idx", text("ingested_at DESC"), text("id DESC")),
        Index("video_missing_idx", "id", postgresql_where=text("missing_since IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    content_hash: Mapped[str] = mapped_column(Text, unique=True)
    """SHA-256 of the file, in hex."""
    status: Mapped[VideoStatus] = mapped_column(
        Enum(VideoStatus, name="video_status", values_callable=_values)
    )
    reason: Mapped[str | None] = mapped_column(Text)
    """Why it is partial."""
    notes: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'"))
    """What was corrected while it was read, each in words; no faults."""
    title: Mapped[str] = mapped_column(Text)
    """The container's own, or the name of the file that is shown, without its suffix."""
    file_name: Mapped[str] = mapped_column(Text, server_default=text("''"))
    """The name of that file as the title and the TITLE moment have it: settled at the end of each
    ingest."""
    container: Mapped[str] = mapped_column(Text)
    video_codec: Mapped[str | None] = mapped_column(Text)
    audio_codec: Mapped[str | None] = mapped_column(Text)
    width_px: Mapped[int | None]
    """As shown, after rotation."""
    height_px: Mapped[int | None]
    frame_rate: Mapped[float | None]
    """Frames per second, on average, as decoded."""
    duration_s: Mapped[float]
    """As decoded, not as the header claims."""
    clock: Mapped[list[list[float]] | None] = mapped_column(JSONB)
    """Where its times are not the file's own stamps: pairs [time_s, stamp_s], in order; from
    `time_s` on, the file says stamp_s + (t - time_s). NULL where they are."""
    streams: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """What is played of the file (database/videos/streams.py). NULL until it is read."""
    language: Mapped[str | None] = mapped_column(Text)
    """ISO 639-1 code of most of the speech."""
    num_scenes: Mapped[int]
    """As detected; `check` compares it with the rows."""
    profile: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """As the container says, or else when its file was last changed."""
    ingested_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now()
    )

    missing_since: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When the last of its files was found missing: from then on no search finds it. Settled at the
    end of each ingest."""
    again: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether the next ingest of its file makes it anew."""

    files: Mapped[list["File"]] = relationship(order_by="(File.seen_at, File.path)")
    tags: Mapped[list["Tag"]] = relationship(order_by="Tag.name", passive_deletes="all")


class File(Base):
    """A file that an ingest has seen, with its outcome. Its URI is `origin` and `path` together."""

    __tablename__ = "file"

    origin: Mapped[str] = mapped_column(Text, primary_key=True)
    """Who sees it, and alone can say that it is gone: file://host (database/host.py)."""
    path: Mapped[str] = mapped_column(Text, primary_key=True)
    """Absolute, as that host has it."""
    video_id: Mapped[int | None] = mapped_column(
        ForeignKey("video.id", ondelete="CASCADE"), index=True
    )
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    mtime_ns: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[FileStatus] = mapped_column(
        Enum(FileStatus, name="file_status", values_callable=_values)
    )
    reason: Mapped[str | None] = mapped_column(Text)
    sidecars: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    """The subtitle files that lay beside it then: name, size_bytes, mtime_ns of each."""
    seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    """When this outcome was found; of a video's places the earliest is the one that is shown."""
    missing_since: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When an ingest of its folder did not find it; NULL while it is there."""
    mount: Mapped[str | None] = mapped_column(Text)
    """The mount point of the file system that it lay on: while that is away, so may the file be.
    NULL of files that were ingested before this was kept."""
    tags: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'"))
    """Of the video that was here before, where what is here now is none: for the next one."""


class SubtitleTrack(Base):
    """The subtitles of a video in one language, as a whole: lines that only say what is heard at
    the same time are no moments."""

    __tablename__ = "subtitle_track"

    video_id: Mapped[int] = mapped_column(
        ForeignKey("video.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(Text)
    """For people, such as "German" or "English, forced"."""
    language: Mapped[str | None] = mapped_column(Text)
    """ISO 639-1."""
    path: Mapped[str | None] = mapped_column(Text)
    """Of the file beside the video that it was read from; NULL for one within the recording."""
    origin: Mapped[str | None] = mapped_column(Text)
    """Of that file, as `file.origin`."""
    lines: Mapped[list[tuple[float, float, str]]] = mapped_column(JSONB)
    """(start_s, end_s, text) of each, in order."""


class Scene(Base):
    """The span between two detected cuts, half open."""

    __tablename__ = "scene"
    __table_args__ = (
        UniqueConstraint("video_id", "position", name="scene_video_id_position_key"),
        Index("scene_id_idx", "id"),
    )

    video_id: Mapped[int] = mapped_column(
        ForeignKey("video.id", ondelete="CASCADE"), primary_key=True
    )
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    """One of a sequence, and so enough to name a scene; keys have the video for the sake of those
    who distribute tables by it."""
    position: Mapped[int]
    """From 0, in the order of time."""
    start_s: Mapped[float]
    end_s: Mapped[float]


class Moment(Base):
    """Anything placed in time that can be embedded or matched, half open."""

    __tablename__ = "moment"
    __table_args__ = (
        ForeignKeyConstraint(
            ["video_id", "scene_id"], ["scene.video_id", "scene.id"], ondelete="CASCADE"
        ),
        Index("moment_tsv_idx", "tsv", postgresql_using="gin"),
        Index("moment_id_idx", "id"),
        Index(
            "moment_speech_idx",
            "video_id",
            "start_s",
            "id",
            postgresql_where=text("kind = 'speech'"),
        ),
    )

    video_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    """One of a sequence, as those of scenes are."""
    scene_id: Mapped[int] = mapped_column(BigInteger, index=True)
    kind: Mapped[MomentKind] = mapped_column(
        Enum(MomentKind, name="moment_kind", values_callable=_values)
    )
    start_s: Mapped[float]
    end_s: Mapped[float]
    text: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(Text)
    track: Mapped[str | None] = mapped_column(Text)
    """Of speech, the name of the sound track or channel that it was heard on, where a recording
    has several; NULL for the track that people hear first as a whole. Of subtitles, the name of
    their track, if it has one."""
    words: Mapped[list[list[float]] | None] = mapped_column(JSONB)
    """Of speech, when each word is said: [first, start_s, end_s], where `first` is the position in
    `text` of the word's first character."""
    image_path: Mapped[str | None] = mapped_column(Text)
    """A JPEG, relative to the keyframes folder."""
    look: Mapped[int | None] = mapped_column(BigInteger)
    """A keyframe's difference hash; near-identical pictures differ in few bits."""
    boxes: Mapped[list[list[float]] | None] = mapped_column(JSONB)
    """Of on-screen text, where each line stands: [left, top, right, bottom], parts of the
    picture's width and height."""
    tsv: Mapped[Any] = mapped_column(
        TSVECTOR, Computed("words_vector(language, text)", persisted=True)
    )


class StoredSpace(Base):
    """A space that this database has a partition for."""

    __tablename__ = "space"
    __table_args__ = (
        Index(
            "space_active_slot_key",
            "slot",
            unique=True,
            postgresql_where=text("state = 'active'"),
        ),
    )

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    slot: Mapped[str] = mapped_column(Text)
    state: Mapped[SpaceState] = mapped_column(
        Enum(SpaceState, name="space_state", values_callable=_values),
        server_default=SpaceState.FILLING.value,
    )
    activated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """The last time."""
    input: Mapped[str] = mapped_column(Text)
    modality: Mapped[str] = mapped_column(Text)
    dim: Mapped[int]
    model: Mapped[str] = mapped_column(Text)
    revision: Mapped[str] = mapped_column(Text)
    weights_sha256: Mapped[str] = mapped_column(Text)
    null_statistics: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """How background queries score here (search/retrieval/calibrate.py), over how many vectors."""


class Embedding(Base):
    """A unit vector of a moment in a space; list-partitioned by space."""

    __tablename__ = "embedding"
    __table_args__ = (
        ForeignKeyConstraint(
            ["video_id", "moment_id"], ["moment.video_id", "moment.id"], ondelete="CASCADE"
        ),
        {"postgresql_partition_by": "LIST (space)"},
    )

    video_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    moment_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    space: Mapped[str] = mapped_column(ForeignKey("space.key"), primary_key=True)
    vector: Mapped[Any] = mapped_column(HALFVEC)


class StoredCoverage(Base):
    """How many moments of a video a space should hold, and holds: counted whenever a video or its
    vectors are stored, so that nobody has to count them all."""

    __tablename__ = "coverage"
    __table_args__ = (
        Index("coverage_lacking_idx", "space", postgresql_where=text("embedded < wanted")),
    )

    space: Mapped[str] = mapped_column(
        ForeignKey("space.key", ondelete="CASCADE"), primary_key=True
    )
    video_id: Mapped[int] = mapped_column(
        ForeignKey("video.id", ondelete="CASCADE"), primary_key=True
    )
    wanted: Mapped[int]
    embedded: Mapped[int]


class Tag(Base):
    """A word that somebody has given to a video."""

    __tablename__ = "tag"

    video_id: Mapped[int] = mapped_column(
        ForeignKey("video.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(Text, primary_key=True, index=True)


class Judgement(Base):
    """What somebody has said of a hit: that it is what a query means, or is not.

    By content and time, so that it outlives the rows of an ingest.
    """

    __tablename__ = "judgement"

    query_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    """SHA-256 of the query in UTF-8, which may be longer than a key can be."""
    content_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    start_s: Mapped[float] = mapped_column(primary_key=True)
    end_s: Mapped[float] = mapped_column(primary_key=True)
    query: Mapped[str] = mapped_column(Text)
    relevant: Mapped[bool]
    judged_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class LibraryVersion(Base):
    """One row with a number that triggers raise whenever answers may change."""

    __tablename__ = "library"
    __table_args__ = (CheckConstraint("single", name="single"),)

    single: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    version: Mapped[int] = mapped_column(BigInteger)


class ApiScope(StrEnum):
    """What somebody with an API key may do; each may what those before it may."""

    READ = "read"
    """Search, and see what the library holds."""
    WRITE = "write"
    """Judge, tag, send pictures, forget videos or have them made anew."""
    ADMIN = "admin"
    """All else."""


class ApiKey(Base):
    """A key by which a person or program may ask the API; only its hash is here."""

    __tablename__ = "api_key"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    name: Mapped[str] = mapped_column(Text, unique=True)
    key_hash: Mapped[bytes] = mapped_column(unique=True)
    """SHA-256."""
    scope: Mapped[ApiScope] = mapped_column(
        Enum(ApiScope, name="api_scope", values_callable=_values)
    )
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """The last time, to the minute."""


class ApiSession(Base):
    """A browser that has logged in by a key; it ends with the key."""

    __tablename__ = "api_session"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    """SHA-256 of what its cookie holds."""
    key_id: Mapped[int] = mapped_column(ForeignKey("api_key.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Job(Base):
    """Something that workers do for somebody; procrastinate's tables only say who does what next.

    Whatever changes a job or a file of it locks this row first.
    """

    __tablename__ = "job"
    __table_args__ = (Index("job_changed_idx", "changed"), Index("job_state_idx", "state", "id"))

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    origin: Mapped[str] = mapped_column(Text)
    """Where its files are, as `file.origin`: only workers of that host take it up."""
    kind: Mapped[JobKind] = mapped_column(Enum(JobKind, name="job_kind", values_callable=_values))
    state: Mapped[JobState] = mapped_column(
        Enum(JobState, name="job_state", values_callable=_values),
        server_default=JobState.WAITING.value,
    )
    priority: Mapped[int] = mapped_column(server_default=text("0"))
    """The higher comes first."""
    request: Mapped[dict[str, Any]] = mapped_column(JSONB)
    reason: Mapped[str | None] = mapped_column(Text)
    """Why it failed, or what it waits for."""
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    scanned_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When all of its files were found; NULL while they are looked for."""
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    """How often a worker has begun what concerns the job as a whole, and has not ended it."""
    num_known: Mapped[int] = mapped_column(server_default=text("0"))
    """Files for which nothing was to be done; they have no rows."""
    changed: Mapped[int] = mapped_column(
        BigInteger, server_default=text("pg_current_xact_id()::text::bigint")
    )
    """The transaction that has last changed it, or a file of it: who has read all those before a
    number asks for those from there on."""


class JobFile(Base):
    """One thing that a job works through: a file; of a backfill a space, of forgetting a video."""

    __tablename__ = "job_file"
    __table_args__ = (
        Index("job_file_state_idx", "job_id", "state", "path"),
        Index(
            "job_file_ended_idx",
            "job_id",
            text("ended_at DESC"),
            postgresql_where=text("started_at IS NOT NULL AND ended_at IS NOT NULL"),
        ),
        Index(
            "job_file_unqueued_idx",
            "job_id",
            "path",
            postgresql_where=text("state = 'waiting' AND NOT queued"),
        ),
        Index(
            "job_file_queued_idx", "job_id", postgresql_where=text("state = 'waiting' AND queued")
        ),
        Index(
            "job_file_open_idx", "job_id", postgresql_where=text("state IN ('waiting', 'working')")
        ),
    )

    job_id: Mapped[int] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)
    path: Mapped[str] = mapped_column(Text, primary_key=True)
    """As its host has it; printable only where that is no UTF-8."""
    state: Mapped[JobFileState] = mapped_column(
        Enum(JobFileState, name="job_file_state", values_callable=_values),
        server_default=JobFileState.WAITING.value,
    )
    reason: Mapped[str | None] = mapped_column(Text)
    stage: Mapped[str | None] = mapped_column(Text)
    """While it is at work, the stage of `ingest/progress.py` that it is in."""
    part: Mapped[float | None] = mapped_column(REAL)
    """How much of the stage is done, from 0 to 1, where that is known."""
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    """How often a worker has begun it without giving it back; who reports names the number that he
    has begun it with, and is not heard if another has begun it since."""
    queued: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether it was handed out to workers: some at a time, so that a job of a million files is
    paused, and moved, as quickly as one of ten."""
    scenes: Mapped[int] = mapped_column(server_default=text("0"))
    moments: Mapped[int] = mapped_column(server_default=text("0"))
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Worker(Base):
    """A process that does jobs."""

    __tablename__ = "worker"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    origin: Mapped[str] = mapped_column(Text)
    """Whose files it sees."""
    machine: Mapped[str] = mapped_column(Text)
    pid: Mapped[int]
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
